"""What people do in Slack besides writing: commands by slash, buttons, forms, and shortcuts of messages.

Slack delivers these once, waits three seconds, and tells people itself where nobody took them. So what takes
longer is kept first, as questions are; what opens a form, which has to come within those seconds, is done at
once, and does nothing that could be lost.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from slack_bolt.response import BoltResponse

from bot import commands, feedback, wording
from bot.explaining import explain_answer
from bot.messages import Person
from bot.platforms._deliveries import Deliveries, OverError
from bot.platforms._slack import modals
from bot.platforms._slack.answers import PLATFORM
from bot.platforms._slack.blocks import notice
from bot.platforms._slack.errors import translated
from bot.platforms._slack.experts import Experts
from bot.platforms._slack.listening import plain
from bot.platforms._slack.manifest import SHORTCUT
from bot.platforms._slack.reply import PrivateReply
from bot.platforms._slack.workspaces import Workspace
from config.errors import DeniedError, UnavailableError
from ingest.knowledge import KnowledgeBase
from ingest.ledger import asking

_ASK = frozenset({"ask", "pregunta", "preguntar"})
_DONE = BoltResponse(status=200)

log = logging.getLogger("bot")


class Interactions:
    """Takes what people do, one thing at a time."""

    def __init__(self, kb: KnowledgeBase, deliveries: Deliveries, experts: Experts) -> None:
        self._kb, self._deliveries, self._experts = kb, deliveries, experts

    async def take(self, workspace: Workspace, body: Mapping[str, Any]) -> BoltResponse:
        """Do it, or keep it: what Slack is answered. Raises `UnavailableError`, as `DeniedError` in words for
        whoever did it."""
        if "command" in body:
            return await self._ordered(workspace, body)
        kind = body.get("type")
        if kind == "message_action":
            return await self._pointed(workspace, body)
        if kind == "view_submission":
            return await self._sent(workspace, body)
        if kind == "block_actions":
            for action in body.get("actions") or ():
                await self._pressed(workspace, body, action)
        return _DONE

    async def refuse(self, workspace: Workspace, body: Mapping[str, Any], error: Exception) -> BoltResponse:
        """Say in words that it was not possible: to a command as its answer, else where they stand."""
        person = await workspace.people.person(_user(body))
        if isinstance(error, DeniedError):
            said = str(error)
        else:
            said = wording.say("not_now", person.language)
            log.warning("slack: something was not possible: %s", error)
        text, blocks = notice(said)
        if "command" in body:
            return _json({"response_type": "ephemeral", "text": text, "blocks": blocks})
        if body.get("type") == "view_submission":
            return _json({"response_action": "update", "view": modals.problem(said, person.language)})
        if address := body.get("response_url"):
            await PrivateReply(workspace, address).say(text, blocks)
        return _DONE

    # By slash, and by shortcut

    async def _ordered(self, workspace: Workspace, body: Mapping[str, Any]) -> BoltResponse:
        text = plain(str(body.get("text") or ""), workspace.user) or "help"
        first, _, rest = text.partition(" ")
        content = self._content(workspace, body, body["channel_id"])
        command = None
        if first.lower() in _ASK and rest.strip():
            text = rest.strip()
        else:
            text = "help" if first.lower() in _ASK else text
            command = commands.read(self._kb, text, slash=True)
        if command is not None:
            content |= {"kind": "command", "text": text, "slash": True}
        else:
            meant = commands.suggest(self._kb, text)
            if meant is not None:
                person = await workspace.people.person(body["user_id"])
                said, blocks = notice(wording.say("cmd_meant", person.language, command=meant))
                return _json({"response_type": "ephemeral", "text": said, "blocks": blocks})
            content |= {
                "kind": "question",
                "way": "private",
                "text": text,
                "shareable": not body["channel_id"].startswith("D"),
            }
        await self._keep(workspace, f"command/{body['trigger_id']}", content)
        return _DONE

    async def _pointed(self, workspace: Workspace, body: Mapping[str, Any]) -> BoltResponse:
        """ "Ask Sabio about this": what the message says is the question."""
        message = body.get("message") or {}
        text = plain(str(message.get("text") or ""), workspace.user)
        person = await workspace.people.person(_user(body))
        if body.get("callback_id") != SHORTCUT or not text:
            raise DeniedError(wording.say("empty_message", person.language))
        content = self._content(workspace, body, body["channel"]["id"])
        content |= {
            "kind": "question",
            "way": "private",
            "text": text,
            "shareable": not body["channel"]["id"].startswith("D"),
        }
        content["thread_ts"] = message.get("thread_ts") or message.get("ts")
        await self._keep(workspace, f"shortcut/{body['trigger_id']}", content)
        return _DONE

    # Buttons

    async def _pressed(
        self, workspace: Workspace, body: Mapping[str, Any], action: Mapping[str, Any]
    ) -> None:
        name, value = str(action.get("action_id")), str(action.get("value") or "")
        person = await workspace.people.person(_user(body))
        if name.startswith("command:"):
            await self._commanded(workspace, body, action, value)
        elif name in ("privately", "share"):
            await self._again(workspace, body, action, name, person)
        elif not await self._deliveries.note(f"{PLATFORM}:{workspace.team}/{_press(body, action)}"):
            return  # somebody repeats what Slack has delivered once
        elif name == "vote":
            vote, _, reference = value.partition(":")
            await asyncio.to_thread(lambda: feedback.vote(self._kb, reference, person, up=vote == "up"))
            if vote != "up":
                form = modals.feedback_form(reference, person.language, response_url=_address(body))
                await self._open(workspace, body, form)
            else:
                await self._thank(workspace, _address(body), person)
        elif name == "why":
            explained = await asyncio.to_thread(explain_answer, self._kb, value, person, seen=_sees(body))
            await self._open(workspace, body, modals.explanation(explained))
        elif name == "expert":
            form = await self._experts.form(workspace, value, person, response_url=_address(body))
            await self._open(workspace, body, form)

    async def _commanded(
        self, workspace: Workspace, body: Mapping[str, Any], action: Mapping[str, Any], text: str
    ) -> None:
        if commands.read(self._kb, text) is None:
            return
        at_home = (body.get("view") or {}).get("type") == "home"
        channel = "" if at_home else body["channel"]["id"]
        content = self._content(workspace, body, channel)
        content |= {"kind": "command", "text": text, "at_home": at_home}
        await self._keep(workspace, _press(body, action), content)

    async def _again(
        self,
        workspace: Workspace,
        body: Mapping[str, Any],
        action: Mapping[str, Any],
        name: str,
        person: Person,
    ) -> None:
        """Answer a question once more: for whoever pressed alone, or for the channel."""
        reference = str(action.get("value"))
        asked = await self._deliveries.look(asking.find_question, reference)
        if asked is None or asked.id != reference:
            raise DeniedError(wording.say("why_unknown", person.language, reference=reference))
        message, container = body.get("message") or {}, body.get("container") or {}
        content = self._content(workspace, body, body["channel"]["id"])
        content |= {
            "kind": "question",
            "way": "private" if name == "privately" else "share",
            "text": asked.standalone or asked.text,
            "shareable": False,
            "thread_ts": message.get("thread_ts") or container.get("thread_ts"),
        }
        await self._keep(workspace, _press(body, action), content)

    async def _open(self, workspace: Workspace, body: Mapping[str, Any], view: Mapping[str, Any]) -> None:
        with translated():
            await workspace.client.views_open(trigger_id=body["trigger_id"], view=dict(view))

    # Forms

    async def _sent(self, workspace: Workspace, body: Mapping[str, Any]) -> BoltResponse:
        view = body["view"]
        person = await workspace.people.person(_user(body))
        kept = modals.kept_in(view)
        if view["callback_id"] == modals.FEEDBACK:
            if not await self._deliveries.note(f"{PLATFORM}:{workspace.team}/feedback/{view['id']}"):
                return _DONE
            reference, reason, comment = modals.read_feedback(view)
            await asyncio.to_thread(feedback.explain, self._kb, reference, person, reason, comment)
            await self._thank(workspace, kept.get("response_url", ""), person)
        elif view["callback_id"] == modals.EXPERT:
            reference, note = modals.read_expert(view)
            content = {"kind": "expert", "team": workspace.team, "user": _user(body), "reference": reference}
            content |= {"note": note, "response_url": kept.get("response_url", "")}
            await self._keep(workspace, f"expert/{view['id']}", content)
        return _DONE

    async def _thank(self, workspace: Workspace, address: str, person: Person) -> None:
        """Say that it was noted; that it was is not undone where this cannot be said."""
        if not address:
            return
        try:
            said = notice(wording.say("feedback_thanks", person.language))
            await PrivateReply(workspace, address).say(*said)
        except (UnavailableError, OverError) as error:
            log.info("slack: nobody was thanked: %s", error)

    def _content(self, workspace: Workspace, body: Mapping[str, Any], channel: str) -> dict[str, Any]:
        return {
            "team": workspace.team,
            "channel": channel,
            "user": _user(body),
            "response_url": _address(body),
        }

    async def _keep(self, workspace: Workspace, name: str, content: Mapping[str, Any]) -> None:
        await self._deliveries.receive(f"{PLATFORM}:{workspace.team}/{name}", content)


def _user(body: Mapping[str, Any]) -> str:
    return str(body.get("user_id") or (body.get("user") or {}).get("id"))


def _press(body: Mapping[str, Any], action: Mapping[str, Any]) -> str:
    """The name of a press in the inbox: the same however often it is said."""
    return f"press/{_user(body)}/{action['action_ts']}"


def _address(body: Mapping[str, Any]) -> str:
    return str(body.get("response_url") or "")


def _sees(body: Mapping[str, Any]) -> bool:
    """Whether whoever pressed is in the conversation of the answer: they see its message."""
    return (body.get("container") or {}).get("type") == "message"


def _json(body: Mapping[str, Any]) -> BoltResponse:
    return BoltResponse(status=200, body=dict(body))
