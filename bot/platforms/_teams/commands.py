"""Commands from Teams, carried out: one message says how far it is, and another that it has ended."""

from __future__ import annotations

import asyncio
import logging

from bot import commands, wording
from bot.commands import Followed
from bot.messages import Notice
from bot.platforms._deliveries import Deliveries
from bot.platforms._teams import cards
from bot.platforms._teams.activities import message, own
from bot.platforms._teams.connection import Connection, Conversation
from bot.platforms._teams.people import People
from bot.platforms._teams.reply import Reply
from ingest.knowledge import KnowledgeBase
from ingest.ledger.inbox import Event

LOOK = 2.0
"""Seconds between two looks at how far a sync has come."""

log = logging.getLogger("bot")


class Commands:
    """Carries out commands where they were given."""

    def __init__(
        self, kb: KnowledgeBase, connection: Connection, people: People, deliveries: Deliveries
    ) -> None:
        self._kb, self._connection = kb, connection
        self._people, self._deliveries = people, deliveries

    async def answer(self, event: Event) -> None:
        """Carry out a command that was kept."""
        given = event.content
        await self._connection.within(
            given["reference"], given["team"], lambda there: self._answer(event, there)
        )

    async def _answer(self, event: Event, there: Conversation) -> None:
        given = event.content
        person = await self._people.person(there, given["place"], given["user"], given["locale"])
        command = commands.read(self._kb, given["text"])
        reply = Reply(there, self._deliveries, event, alone=False, language=person.language)
        if command is None:
            result: Notice | Followed = Notice(wording.say("cmd_unknown", person.language))
        elif command.private and given["kind_of_place"] != "personal" and commands.is_admin(self._kb, person):
            result = Notice(wording.say("cmd_ask_alone", person.language))
        else:
            result = await asyncio.to_thread(
                commands.run, self._kb, command, person, person.language, event.received_at
            )
        if isinstance(result, Notice):
            await reply.end([message("", cards.notice(result))])
            return
        await self._deliveries.follow(
            result.look, lambda now: reply.end([message("", cards.notice(now))]), LOOK
        )
        await there.send(message(own(result.farewell())))
