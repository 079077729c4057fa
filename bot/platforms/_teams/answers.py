"""Questions from Teams, answered where they were asked."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from bot import experts, wording
from bot.audience import ALONE, ANYBODY, Room, room_of
from bot.composing import StoppedError
from bot.door import handle
from bot.messages import Answer, Message, Person
from bot.platforms._deliveries import Deliveries, OverError
from bot.platforms._teams import cards
from bot.platforms._teams.activities import answers, escape, message, own
from bot.platforms._teams.connection import Connection, Conversation, EndedStreamError, UnsuitableError
from bot.platforms._teams.events import PLATFORM
from bot.platforms._teams.people import People
from bot.platforms._teams.reply import Reply, messages_of
from config.errors import SabioError
from ingest.knowledge import KnowledgeBase
from ingest.ledger.inbox import Event

log = logging.getLogger("bot")


class Answers:
    """Answers what was asked, each question in its conversation."""

    def __init__(
        self, kb: KnowledgeBase, connection: Connection, people: People, deliveries: Deliveries
    ) -> None:
        self._kb, self._connection = kb, connection
        self._people, self._deliveries = people, deliveries
        self._turns = asyncio.Semaphore(kb.settings.limits.at_once)
        self._streaming: set[str] = set()
        """The chats in which an answer is streamed."""

    async def answer(self, event: Event) -> None:
        """Answer a question that was kept."""
        asked = event.content
        await self._connection.within(
            asked["reference"], asked["team"], lambda there: self._answer(event, there)
        )

    async def welcome(self, event: Event) -> None:
        """Say hello where Sabio was installed."""
        asked = event.content
        language = str(asked["locale"] or "en").replace("-", "_")
        said = [wording.say("greeting", language), wording.say("cmd_you_may", language)]
        if asked["kind_of_place"] != "personal":
            said.insert(1, wording.say("greeting_mention", language))

        async def say(there: Conversation) -> None:
            # Without a line in its place before: a greeting that comes twice, after a kill, does no harm.
            await there.send(message("\n\n".join(map(own, said))))

        await self._connection.within(asked["reference"], asked["team"], say)

    async def withdraw(self, event: Event) -> None:
        """Take back what was said to a message that is no more."""
        asked = event.content
        question = await self._deliveries.withdraw(asked["of"])
        if question is None or not question.reply:
            return

        async def remove(there: Conversation) -> None:
            for id_ in messages_of(question):
                with suppress(OverError, UnsuitableError, EndedStreamError):
                    await there.remove(id_)

        await self._connection.within(asked["reference"], asked["team"], remove)

    async def apologise(self, event: Event) -> None:
        """Say that a mistake of ours stands in the way."""
        asked = event.content
        language = str(asked.get("locale") or "en").replace("-", "_")
        reference = event.id.rpartition("/")[2]
        why = wording.say("internal", language)
        said = wording.say("unavailable", language, reason=why, reference=reference)

        async def say(there: Conversation) -> None:
            await Reply(there, self._deliveries, event, alone=False, language=language).end(
                [message(escape(said))]
            )

        await self._connection.within(asked["reference"], asked["team"], say)

    async def again(self, reference: str, text: str, person: Person) -> Answer:
        """Answer a question for one person alone, by a name of it or of what asks it."""
        message_ = Message(text, person, PLATFORM, id=f"again/{reference}/{person.email}")
        async with self._turns:
            return await asyncio.to_thread(handle, self._kb, message_)

    async def _answer(self, event: Event, there: Conversation) -> None:
        asked = event.content
        person = await self._people.person(there, asked["place"], asked["user"], asked["locale"])
        # Teams takes one stream in a chat at a time.
        alone = asked["kind_of_place"] == "personal" and asked["place"] not in self._streaming
        reply = Reply(there, self._deliveries, event, alone=alone, language=person.language)
        try:
            if alone:
                self._streaming.add(asked["place"])
            await reply.begin()
            room = await self._room(there, asked)
            answer = await self._handle(event, person, room, reply)
            if not await self._deliveries.holds(event.id):
                return  # it was edited or deleted
            passed_on = experts.may_be_passed_on(answer, person)
            expert = passed_on and bool(self._kb.settings.teams.expert_channel)
            await reply.end(answers(answer, cards.below(answer, expert=expert)))
        except StoppedError:
            log.info("teams: %s was stopped", event.id)
        finally:
            reply.stop()
            if alone:
                self._streaming.discard(asked["place"])

    async def _room(self, there: Conversation, asked: Mapping[str, Any]) -> Room:
        """Who reads along. What cannot be found out counts as if anybody were there."""
        if asked["kind_of_place"] == "personal":
            return ALONE
        if asked.get("shared"):  # with others than the team's members, of whom Teams does not tell
            return ANYBODY
        try:
            people = await self._people.persons(there)
        except (SabioError, OverError) as error:
            log.warning("teams: who reads along is not known: %s", error)
            return ANYBODY
        large = len(people) > self._kb.settings.teams.members
        return await asyncio.to_thread(room_of, self._kb, people, large=large)

    async def _handle(self, event: Event, person: Person, room: Room, reply: Reply) -> Answer:
        asked = event.content
        question = Message(
            asked["text"],
            person,
            PLATFORM,
            audience=room.audience,
            outsiders=room.outsiders,
            thread=asked["place"],
            id=event.id.partition(":")[2],
        )
        async with self._turns:
            return await asyncio.to_thread(handle, self._kb, question, reply.show)
