"""Commands from Slack, carried out: one message says how far it is, and another that it has ended."""

from __future__ import annotations

import asyncio
import logging

from bot import commands, wording
from bot.commands import Followed
from bot.messages import Notice, Person
from bot.platforms._deliveries import Deliveries
from bot.platforms._slack.answers import thread_of
from bot.platforms._slack.blocks import notice
from bot.platforms._slack.errors import translated
from bot.platforms._slack.homes import show_home
from bot.platforms._slack.notices import render_notice
from bot.platforms._slack.reply import PrivateReply, Reply
from bot.platforms._slack.workspaces import Workspace, Workspaces
from ingest.knowledge import KnowledgeBase
from ingest.ledger.inbox import Event

LOOK = 2.0
"""Seconds between two looks at how far a sync has come."""

log = logging.getLogger("bot")


class Commands:
    """Carries out commands, where they were given or, as far as others must not read it, in private."""

    def __init__(self, kb: KnowledgeBase, workspaces: Workspaces, deliveries: Deliveries) -> None:
        self._kb, self._workspaces, self._deliveries = kb, workspaces, deliveries

    async def answer(self, event: Event) -> None:
        """Carry out a command that was kept."""
        given = event.content
        workspace = await self._workspaces.of(given["team"])
        person = await workspace.people.person(given["user"])
        command = commands.read(self._kb, given["text"], slash=bool(given.get("slash")))
        if command is None:  # as of an older Sabio, before an update
            result: Notice | Followed = Notice(wording.say("cmd_unknown", person.language))
        else:
            result = await asyncio.to_thread(
                commands.run, self._kb, command, person, person.language, event.received_at
            )
        if given.get("at_home"):
            await self._show(event, workspace, person, result, await _direct(workspace, given["user"]))
            await show_home(self._kb, workspace, given["user"])
        elif given.get("response_url"):
            await self._aside(event, workspace, person, result)
        else:
            secret = command is not None and command.private and commands.is_admin(self._kb, person)
            await self._aloud(event, workspace, person, result, secret=secret)

    async def _aside(
        self, event: Event, workspace: Workspace, person: Person, result: Notice | Followed
    ) -> None:
        """Where it was given by slash or by a button: only for whoever gave it."""
        reply = PrivateReply(workspace, event.content["response_url"])
        if isinstance(result, Notice):
            await reply.say(*render_notice(result, person.language))
            return
        if event.attempts == 1:
            await reply.say(*notice(wording.say("cmd_followed", person.language)))
        await self._show(event, workspace, person, result, await _direct(workspace, event.content["user"]))

    async def _aloud(
        self,
        event: Event,
        workspace: Workspace,
        person: Person,
        result: Notice | Followed,
        *,
        secret: bool,
    ) -> None:
        """In the thread where it was given; what others must not read goes to the person directly."""
        given = event.content
        if secret and given.get("channel_type") != "im":
            there = await _direct(workspace, given["user"])
            await self._show(event, workspace, person, result, there, mark="#direct")
            result = Notice(wording.say("cmd_told_directly", person.language))
        await self._show(event, workspace, person, result, given["channel"], thread_of(given))

    async def _show(
        self,
        event: Event,
        workspace: Workspace,
        person: Person,
        result: Notice | Followed,
        channel: str,
        thread: str | None = None,
        *,
        mark: str = "",
    ) -> None:
        """Say what came of it; of what goes on, how far it is, and in another message that it ended."""
        reply = Reply(workspace, self._deliveries, event, channel=channel, thread=thread, mark=mark)
        await reply.find()
        if isinstance(result, Notice):
            await reply.say(*render_notice(result, person.language))
            return
        await self._deliveries.follow(
            result.look, lambda now: reply.say(*render_notice(now, person.language)), LOOK
        )
        ended = Reply(
            workspace, self._deliveries, event, channel=channel, thread=thread, mark=f"{mark}#ended"
        )
        if not await ended.find():
            await ended.say(*notice(result.farewell()))


async def _direct(workspace: Workspace, user: str) -> str:
    """The conversation with a person alone."""
    with translated():
        opened = await workspace.client.conversations_open(users=user)
    return str(opened["channel"]["id"])
