"""Questions that nobody could answer, posted to a channel of experts, where whoever asked wishes so."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row

from bot import experts, wording
from bot.feedback import LONGEST
from bot.messages import Person
from bot.platforms._deliveries import Deliveries, OverError
from bot.platforms._teams import cards
from bot.platforms._teams.activities import escape, message, own, quotation
from bot.platforms._teams.connection import Connection, Conversation, UnsuitableError
from bot.platforms._teams.events import PLATFORM
from bot.platforms._teams.people import People
from config.errors import DeniedError
from ingest.knowledge import KnowledgeBase
from ingest.ledger.inbox import Event

_SHOWN = 4_000
"""Characters of a question that are shown and posted."""
_FORM = 100
"""Characters of a form's name."""

log = logging.getLogger("bot")


class Experts:
    """Asks the channel of the settings."""

    def __init__(
        self, kb: KnowledgeBase, connection: Connection, people: People, deliveries: Deliveries
    ) -> None:
        self._kb, self._connection = kb, connection
        self._people, self._deliveries = people, deliveries

    async def form(self, reference: str, person: Person, name: str) -> cards.Json:
        """The card in which whoever asked agrees; `name` is that of this form. Raises `DeniedError` for
        others, and where nobody is there to be asked."""
        asked = await self._asked(reference, person)
        where = wording.say("expert_room", person.language)
        return cards.expert_form(asked.id, asked.text[:_SHOWN], where, person.language, name)

    async def keep(self, content: Mapping[str, Any], data: Mapping[str, Any], person: Person) -> str:
        """Keep that a form was sent, `data` as Teams says it: what to tell whoever sent it. Raises as `form`,
        and `UnavailableError`."""
        asked = await self._asked(str(data.get("reference") or ""), person)
        tenant = content["place"].partition("/")[0]
        # By the form: that it was sent is delivered again, and pressed twice.
        id_ = f"{PLATFORM}:{tenant}/expert/{asked.id}/{str(data.get('form') or '')[:_FORM]}"
        note = str(data.get("note") or "").strip()[:LONGEST]
        given = {**content, "kind": "expert", "text": "", "question": asked.id, "note": note}
        await self._deliveries.receive(id_, given)
        where = wording.say("expert_room", person.language)
        return wording.say("expert_passing", person.language, where=where)

    async def answer(self, event: Event) -> None:
        """Pass a question on, as its asker has agreed to."""
        given = event.content
        await self._connection.within(
            given["reference"], given["team"], lambda there: self._answer(event, there)
        )

    async def _answer(self, event: Event, there: Conversation) -> None:
        if event.reply:
            return  # it was posted by whoever had it before
        given = event.content
        person = await self._people.person(there, given["place"], given["user"], given["locale"])
        try:
            asked = await self._asked(given["question"], person)
        except DeniedError as error:  # it was changed meanwhile
            await there.send(message(own(str(error))))
            return
        said = message(self._said(asked, given["note"], person))
        settings = self._kb.settings.teams
        try:
            posted = await there.begin_thread(str(settings.expert_channel), said, settings.tenant_id)
        except (OverError, UnsuitableError) as error:
            log.warning("teams: `teams.expert_channel` cannot be written to: %s", error)
            where = wording.say("expert_room", person.language)
            told = wording.say("expert_unreachable", person.language, where=where)
            await there.send(message(own(told)))
            return
        # Posting and noting it are two steps, and Teams tells nobody what a bot has posted: where this
        # process is killed in between, or Teams' answer is lost, it is posted again, which beats never.
        await self._deliveries.begin_reply(event.id, posted)

    async def _asked(self, reference: str, person: Person) -> Row[Any]:
        asked = await self._deliveries.look(experts.question_of, reference, person)
        if not self._kb.settings.teams.expert_channel:
            raise DeniedError(wording.say("expert_nobody", person.language))
        return asked

    def _said(self, asked: Row[Any], note: str, person: Person) -> str:
        language = asked.language
        name = person.name or person.email or wording.say("somebody", language)
        said = [escape(wording.say("expert_asked", language, name=name)), quotation(asked.text[:_SHOWN])]
        if note:
            said.append(escape(note))
        if owner := experts.owner_among(self._kb.settings, experts.nearest_sources(asked)):
            said.append(escape(wording.say("expert_owner", language, owner=owner)))
        return "\n\n".join(said)
