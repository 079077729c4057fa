"""What people say in Slack: which of it is meant for Sabio, kept before Slack is told that it arrived."""

from __future__ import annotations

import asyncio
import html
import logging
import re
from collections.abc import Mapping
from typing import Any

from bot import commands
from bot.platforms._deliveries import Deliveries, OverError
from bot.platforms._slack.answers import PLATFORM, Answers
from bot.platforms._slack.errors import translated
from bot.platforms._slack.homes import show_home
from bot.platforms._slack.workspaces import Workspace
from bot.prompting import suggested_prompts
from config.errors import SabioError
from ingest.knowledge import KnowledgeBase
from ingest.ledger import inbox

_PLAIN = frozenset({None, "file_share", "thread_broadcast"})
"""Subtypes of messages that a person has written just so."""
_MENTION = re.compile(r"<@(\w+)")
_MARKED = re.compile(r"<(?:[@#!][^<>|]*|[^<>|]*)(?:\|([^<>]*))?>")

_PROMPT = 150
"""Characters of a suggested prompt's title."""

log = logging.getLogger("bot")


class Listening:
    """Hears events of Slack's, one at a time."""

    def __init__(self, kb: KnowledgeBase, deliveries: Deliveries, answers: Answers) -> None:
        self._kb, self._deliveries, self._answers = kb, deliveries, answers

    async def hear(self, workspace: Workspace, event: Mapping[str, Any]) -> None:
        """Keep what is to be answered, and do at once what is lost when it comes late.

        Raises `UnavailableError` where it could not be kept: Slack is to deliver it again.
        """
        kind = event.get("subtype") if event.get("type") == "message" else event.get("type")
        message = event.get("message") or {}
        if kind == "message_changed" and message.get("subtype") == "tombstone":
            # What was removed although others had replied: https://github.com/openclaw/openclaw/pull/22035
            await self._deleted(workspace, event, message.get("ts"))
        elif kind == "message_changed":
            await self._changed(workspace, event)
        elif kind == "message_deleted":
            await self._deleted(workspace, event, event.get("deleted_ts"))
        elif kind == "app_home_opened":
            await self._opened(workspace, event)
        elif kind == "agent_session_stopped":
            streamed = event.get("streaming_message_ts") or ()
            await self._answers.stop(workspace, event["channel"], str(event.get("thread_ts")), streamed)
        elif kind == "app_mention" or event.get("type") == "message":
            await self._said(workspace, event)

    async def _said(self, workspace: Workspace, event: Mapping[str, Any]) -> None:
        content = await self._read(workspace, event)
        if content is not None:
            await self._deliveries.receive(id_of(workspace, event), content)

    async def _read(self, workspace: Workspace, event: Mapping[str, Any]) -> dict[str, Any] | None:
        """A message as it is kept; None where nothing is to be said to it."""
        if not is_plain(event):
            return None
        said, place = str(event.get("text") or ""), f"{PLATFORM}:{workspace.team}/{event['channel']}"
        direct, mentioned = event.get("channel_type") == "im", f"<@{workspace.user}>" in said
        others = set(_MENTION.findall(said)) - {workspace.user}
        content: dict[str, Any] = {
            "kind": "question",
            "way": "thread",
            "team": workspace.team,
            "text": plain(said, workspace.user),
            **{key: event.get(key) for key in ("channel", "channel_type", "user", "ts", "thread_ts")},
        }
        if direct or mentioned or event.get("type") == "app_mention":
            if commands.read(self._kb, content["text"]) is not None:
                content["kind"] = "command"
            return content
        if "?" not in said or others:
            return None
        if event.get("thread_ts"):
            part = await self._deliveries.look(inbox.takes_part, f"{place}/{event['thread_ts']}")
            return content if part else None
        settings = await workspace.rooms.settings(event["channel"])
        if settings is None or settings.answer != "auto":
            return None
        return content | {"way": "unasked", "floor": settings.confidence}

    async def _changed(self, workspace: Workspace, event: Mapping[str, Any]) -> None:
        """Answer a question anew that was worded anew, in the reply that it has."""
        message, before = event.get("message") or {}, event.get("previous_message") or {}
        since = str((message.get("edited") or {}).get("ts") or "")
        if not since or message.get("text") == before.get("text"):
            return  # a link was unfurled, a reply came
        message = {"channel": event.get("channel"), "channel_type": event.get("channel_type"), **message}
        content = await self._read(workspace, {**message, "type": "message", "subtype": None})
        if content is not None:
            await self._deliveries.revise(id_of(workspace, message), content, since)

    async def _deleted(self, workspace: Workspace, event: Mapping[str, Any], ts: str | None) -> None:
        channel, before = event.get("channel"), event.get("previous_message") or {}
        id_ = f"{PLATFORM}:{workspace.team}/{channel}/{ts}"
        about = {"type": "message", "channel": channel, "channel_type": event.get("channel_type"), **before}
        content = await self._read(workspace, about)
        if content is not None:  # it may come later, and is not to be answered then
            await self._deliveries.write(inbox.receive, id_, PLATFORM, content)
        if await self._deliveries.look(inbox.is_known, id_):
            gone = {"kind": "deletion", "team": workspace.team, "channel": channel, "of": id_}
            await self._deliveries.receive(f"{id_}#deleted", gone)

    async def _opened(self, workspace: Workspace, event: Mapping[str, Any]) -> None:
        """Show what somebody opened; when that fails they can open it again."""
        user = str(event["user"])
        try:
            if event.get("tab") == "messages":
                person = await workspace.people.person(user)
                prompts = await asyncio.to_thread(suggested_prompts, self._kb, person)
                with translated():
                    # Without `thread_ts`, with which Slack shows nothing, and says so to nobody.
                    await workspace.client.assistant_threads_setSuggestedPrompts(
                        channel_id=str(event["channel"]),
                        prompts=[{"title": prompt[:_PROMPT], "message": prompt} for prompt in prompts],
                    )
            else:
                await show_home(self._kb, workspace, user)
        except (SabioError, OverError) as error:
            log.warning("slack: what %s opened is not shown: %s", user, error)


def id_of(workspace: Workspace, message: Mapping[str, Any]) -> str:
    """The name of a message in the inbox: the same for every event that is about it."""
    return f"{PLATFORM}:{workspace.team}/{message['channel']}/{message['ts']}"


def is_plain(event: Mapping[str, Any]) -> bool:
    """Whether a person has written it, just so: no bot, no edit, nobody who comes or goes."""
    written = event.get("subtype") in _PLAIN and not event.get("bot_id") and bool(event.get("user"))
    return written and bool(event.get("channel") and event.get("ts"))


def plain(text: str, me: str) -> str:
    """What a person wrote, without Slack's marks: `<@U1>` for Sabio itself, `<address|words>`, `&amp;`."""
    text = text.replace(f"<@{me}>", " ")
    return html.unescape(_MARKED.sub(lambda mark: mark[1] or "", text)).strip()
