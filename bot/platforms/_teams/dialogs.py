"""Dialogs in Teams, which only whoever opens one sees: from the buttons of cards, and from a message's menu.

They are answered at once, and do nothing that could be lost; what a form asks for is kept first.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from botbuilder.schema import Activity

from bot import wording
from bot.explaining import explain_answer
from bot.messages import Person
from bot.platforms._deliveries import Deliveries, OverError
from bot.platforms._teams import cards
from bot.platforms._teams.answers import Answers
from bot.platforms._teams.connection import Connection, UnsuitableError
from bot.platforms._teams.events import content_of, place_of, value_of
from bot.platforms._teams.experts import Experts
from bot.platforms._teams.manifest import ASK, WHY
from bot.platforms._teams.payloads import text_of
from bot.platforms._teams.people import People
from config.errors import ConfigError, DeniedError, SabioError
from ingest.knowledge import KnowledgeBase
from ingest.ledger import asking, inbox

SECONDS = 8.0
"""Within which a dialog must say something; Teams waits for ten."""

Json = Mapping[str, Any]

log = logging.getLogger("bot")


class Dialogs:
    """Says what is in a dialog."""

    def __init__(
        self,
        kb: KnowledgeBase,
        connection: Connection,
        people: People,
        deliveries: Deliveries,
        answers: Answers,
        experts: Experts,
    ) -> None:
        self._kb, self._connection, self._people = kb, connection, people
        self._deliveries, self._answers, self._experts = deliveries, answers, experts

    async def answer(self, activity: Activity) -> Json:
        """What Teams is to show for an invoke; empty: nothing, also for what is not known."""
        ways = {
            "task/fetch": self._opened,
            "task/submit": self._sent,
            "composeExtension/fetchTask": self._pointed,
        }
        way = ways.get(activity.name)
        if way is None:
            return {}
        try:
            return await way(activity, value_of(activity))
        except (DeniedError, ConfigError) as error:
            return _task(cards.said(str(error)), "")
        except (SabioError, OverError, UnsuitableError, TimeoutError) as error:
            log.warning("teams: a dialog is not shown: %s", error)
            language = (activity.locale or "en").replace("-", "_")
            return _task(cards.said(wording.say("cmd_unavailable", language)), "")

    async def person(self, activity: Activity) -> Person:
        """Whoever did something. Raises what `Conversation` raises."""
        content = content_of(activity)
        return await self._connection.within(
            content["reference"],
            content["team"],
            lambda there: self._people.person(there, content["place"], content["user"], content["locale"]),
        )

    async def reference_of(self, activity: Activity, message: str | None) -> str | None:
        """The reference of the answer that a message of a conversation is, or is a part of; None where it is
        none. `message` None: the last answer there."""
        event = await self._deliveries.look(inbox.answered_by, place_of(activity), message)
        return event and await self._deliveries.look(asking.reference_of, event.partition(":")[2])

    async def _opened(self, activity: Activity, value: Json) -> Json:
        """A button that opens a dialog."""
        data = value.get("data") or {}
        person, reference = await self.person(activity), str(data.get("reference") or "")
        if data.get("sabio") == "why":
            return await self._explained(reference, person)
        if data.get("sabio") == "expert":
            form = await self._experts.form(reference, person, str(activity.id))
            return _task(form, wording.say("expert_title", person.language))
        row = await self._deliveries.look(asking.find_question, reference)
        if row is None or data.get("sabio") != "privately":
            raise DeniedError(wording.say("why_unknown", person.language, reference=reference))
        return await self._asked(
            reference, row.standalone or row.text, person, wording.say("privately_button", person.language)
        )

    async def _sent(self, activity: Activity, value: Json) -> Json:
        """A form in a dialog."""
        data = value.get("data") or {}
        if data.get("sabio") != "expert":
            return {}
        said = await self._experts.keep(content_of(activity), data, await self.person(activity))
        # https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/task-modules/task-modules-bots
        return {"task": {"type": "message", "value": said}}

    async def _pointed(self, activity: Activity, value: Json) -> Json:
        """An entry in a message's menu."""
        payload = value.get("messagePayload") or {}
        try:
            person = await self.person(activity)
        except (OverError, UnsuitableError) as error:
            # The menu is there in all conversations of whoever has the app; who is in one, only its own bots
            # are told: https://github.com/MicrosoftDocs/msteams-docs/issues/1428
            language = (activity.locale or "en").replace("-", "_")
            raise DeniedError(wording.say("action_not_here", language)) from error
        message = str(payload.get("id") or "")
        if value.get("commandId") == WHY:
            reference = await self.reference_of(activity, message)
            if not reference:
                raise DeniedError(wording.say("action_no_answer", person.language))
            return await self._explained(reference, person)
        text = text_of(payload, self._kb.settings.teams.app_id)
        if not text or value.get("commandId") != ASK:
            raise DeniedError(wording.say("empty_message", person.language))
        name = f"{place_of(activity).partition(':')[2]}/{message}"
        return await self._asked(name, text, person, wording.say("action_ask", person.language))

    async def _explained(self, reference: str, person: Person) -> Json:
        explained = await asyncio.to_thread(explain_answer, self._kb, reference, person, seen=True)
        return _task(cards.explanation(explained), wording.say("why_title", person.language))

    async def _asked(self, name: str, text: str, person: Person, title: str) -> Json:
        """The answer to a question for one person alone. Raises `TimeoutError`."""
        answer = await asyncio.wait_for(self._answers.again(name, text, person), SECONDS)
        return _task(cards.whole(answer), title)


def _task(card: Json, title: str) -> Json:
    """A dialog that shows a card."""
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return {"task": {"type": "continue", "value": {"title": title or "Sabio", "card": attachment}}}
