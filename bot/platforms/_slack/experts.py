"""Questions that nobody could answer, passed on to a person, where whoever asked wishes so."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from sqlalchemy import Row

from bot import experts, wording
from bot.messages import Person
from bot.platforms._deliveries import Deliveries, OverError
from bot.platforms._slack.blocks import notice
from bot.platforms._slack.errors import translated
from bot.platforms._slack.markup import escape, quotation, section, split
from bot.platforms._slack.modals import View, expert_form
from bot.platforms._slack.reply import PrivateReply, Reply
from bot.platforms._slack.workspaces import Workspace, Workspaces
from config.errors import DeniedError, SabioError
from ingest.knowledge import KnowledgeBase
from ingest.ledger.inbox import Event


class Experts:
    """Finds who may know, and asks them."""

    def __init__(self, kb: KnowledgeBase, workspaces: Workspaces, deliveries: Deliveries) -> None:
        self._kb, self._workspaces, self._deliveries = kb, workspaces, deliveries

    async def form(self, workspace: Workspace, reference: str, person: Person, **kept: str) -> View:
        """What whoever asked is shown before anybody is. Raises `DeniedError` for others, and where nobody is
        there to be asked."""
        asked = await self._asked(reference, person)
        _, where = await self._whom(workspace, asked, person)
        return expert_form(reference, asked.text, where, person.language, **kept)

    async def answer(self, event: Event) -> None:
        """Pass a question on, as its asker has agreed to."""
        given = event.content
        workspace = await self._workspaces.of(given["team"])
        person = await workspace.people.person(given["user"])
        try:
            asked = await self._asked(given["reference"], person)
            channel, where = await self._whom(workspace, asked, person)
        except DeniedError as error:  # it was changed meanwhile
            await _tell(workspace, given, str(error))
            return
        reply = Reply(workspace, self._deliveries, event, channel=channel)
        name = person.name or person.email or wording.say("somebody", person.language)
        told, note = wording.say("expert_asked", asked.language, name=name), given.get("note") or ""
        text, _ = notice("\n".join([told, asked.text, note]).rstrip())
        said = [escape(told), quotation(asked.text), *([escape(note)] if note else [])]
        try:
            await reply.find()
            await reply.say(text, [section(part) for part in split(said)])
        except OverError:
            await _tell(workspace, given, wording.say("expert_unreachable", person.language, where=where))
            return
        await _tell(workspace, given, wording.say("expert_done", person.language, where=where))

    async def _asked(self, reference: str, person: Person) -> Row[Any]:
        return await self._deliveries.look(experts.question_of, reference, person)

    async def _whom(self, workspace: Workspace, asked: Row[Any], person: Person) -> tuple[str, str]:
        """Where a question goes, as Slack and as people call it: to the owner of the nearest page's source,
        else to the channel of the settings."""
        nearest = experts.owner_among(self._kb.settings, experts.nearest_sources(asked))
        if nearest:
            user = await workspace.people.find(nearest)
            if user is not None:
                with translated():
                    opened = await workspace.client.conversations_open(users=user)
                return str(opened["channel"]["id"]), (await workspace.people.person(user)).name or nearest
        if channel := self._kb.settings.slack.expert_channel:
            with suppress(SabioError, OverError):  # its name is only for people to read
                return channel, f"#{await workspace.rooms.name(channel)}"
            return channel, f"#{channel}"
        raise DeniedError(wording.say("expert_nobody", person.language))


async def _tell(workspace: Workspace, given: Mapping[str, Any], said: str) -> None:
    if address := given.get("response_url"):
        await PrivateReply(workspace, address).say(*notice(said))
