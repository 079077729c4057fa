"""What comes from Teams: which of it is meant for Sabio, kept before Teams is told that it arrived."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Any

from botbuilder.core import InvokeResponse, TurnContext
from botbuilder.schema import Activity

from bot import commands, feedback, wording
from bot.explaining import explain_answer
from bot.messages import Person
from bot.platforms._deliveries import Deliveries, OverError
from bot.platforms._teams import cards
from bot.platforms._teams.activities import plain
from bot.platforms._teams.answers import PLATFORM, Answers
from bot.platforms._teams.connection import Connection
from bot.platforms._teams.people import People
from config.errors import ConfigError, DeniedError, SabioError
from ingest.knowledge import KnowledgeBase
from ingest.ledger import asking, inbox

SECONDS = 8.0
"""Within which a dialog must say something; Teams waits for ten."""

log = logging.getLogger("bot")


class Listening:
    """Takes activities, one at a time."""

    def __init__(
        self,
        kb: KnowledgeBase,
        connection: Connection,
        people: People,
        deliveries: Deliveries,
        answers: Answers,
    ) -> None:
        self._kb, self._connection, self._people = kb, connection, people
        self._deliveries, self._answers = deliveries, answers

    async def hear(self, activity: Activity) -> InvokeResponse | None:
        """Keep what is to be answered, and do at once what is lost when it comes late.

        Raises `UnavailableError` where it could not be kept: Teams is to send it again.
        """
        data = activity.channel_data or {}
        if activity.type == "message":
            await self._said(activity)
        elif activity.type == "messageUpdate" and data.get("eventType") == "editMessage":
            await self._edited(activity)
        elif activity.type == "messageDelete":
            await self._deleted(activity)
        elif activity.type == "installationUpdate" and str(activity.action or "").startswith("add"):
            await self._installed(activity)
        elif activity.type == "invoke":
            return await self._invoked(activity)
        return None

    async def _said(self, activity: Activity) -> None:
        value = activity.value if isinstance(activity.value, dict) else {}
        content: dict[str, Any] | None
        if value.get("sabio") == "command":
            # A card may be pressed again and again: each press is a message of its own.
            content = self._content(activity) | {"kind": "command", "text": str(value.get("text") or "")}
        else:
            content = await self._read(activity)
        if content is not None:
            await self._deliveries.receive(_id_of(activity), content)

    async def _read(self, activity: Activity) -> dict[str, Any] | None:
        """A message as it is kept; None where nothing is to be said to it."""
        content = self._content(activity)
        if not await self._is_for_sabio(activity, content):
            return None
        if commands.read(self._kb, content["text"]) is not None:
            content["kind"] = "command"
        return content

    async def _is_for_sabio(self, activity: Activity, content: Mapping[str, Any]) -> bool:
        if not content["text"] or (activity.from_property.role or "") == "bot":
            return False
        if content["kind_of_place"] == "personal" or _mentions(activity, activity.recipient.id):
            return True
        # Without being mentioned it hears of a message only where the team has allowed that.
        asks = "?" in content["text"] and not _mentions(activity)
        return asks and await self._deliveries.look(inbox.takes_part, f"{PLATFORM}:{content['place']}")

    async def _edited(self, activity: Activity) -> None:
        content = await self._read(activity)
        if content is not None:
            await self._deliveries.revise(_id_of(activity), content, str(activity.timestamp or ""))

    async def _deleted(self, activity: Activity) -> None:
        id_ = _id_of(activity)
        if not await self._deliveries.note(id_):  # else it comes later, and is not to be answered then
            content = self._content(activity) | {"kind": "deletion", "of": id_}
            await self._deliveries.receive(f"{id_}#deleted", content)

    async def _installed(self, activity: Activity) -> None:
        content = self._content(activity) | {"kind": "welcome"}
        await self._deliveries.receive(f"{_id_of(activity)}#welcome", content)

    async def _invoked(self, activity: Activity) -> InvokeResponse:
        value = activity.value if isinstance(activity.value, dict) else {}
        body: Mapping[str, Any] = {}
        if activity.name == "message/submitAction":
            try:
                await self._judged(activity, value)
            except (DeniedError, ConfigError, OverError) as error:
                log.info("teams: %s", error)
        elif activity.name == "task/fetch":
            try:
                body = await self._dialog(activity, value.get("data") or {})
            except (DeniedError, ConfigError) as error:
                body = _task(cards.said(str(error)), "")
            except (SabioError, OverError, TimeoutError) as error:
                log.warning("teams: a dialog is not shown: %s", error)
                language = (activity.locale or "en").replace("-", "_")
                body = _task(cards.said(wording.say("cmd_unavailable", language)), "")
        return InvokeResponse(status=200, body=body)

    async def _judged(self, activity: Activity, value: Mapping[str, Any]) -> None:
        """A thumb under an answer, with what the person has written about it, if anything."""
        said = value.get("actionValue") or {}
        reply: str | None = str(activity.reply_to_id or "")
        if not reply and self._kb.settings.teams.development:
            reply = None  # Microsoft's Playground does not say which message it is: it is taken for the last
        event = await self._deliveries.look(inbox.answered_by, _place_of(activity), reply)
        reference = event and await self._deliveries.look(asking.reference_of, event.partition(":")[2])
        if not reference:
            raise DeniedError("there is no answer that this is about")
        person = await self._person(activity)
        up = said.get("reaction") == "like"
        await asyncio.to_thread(lambda: feedback.vote(self._kb, reference, person, up=up))
        comment = _comment(said.get("feedback"))
        if comment and not up:
            await asyncio.to_thread(feedback.explain, self._kb, reference, person, None, comment)

    async def _dialog(self, activity: Activity, data: Mapping[str, Any]) -> Mapping[str, Any]:
        person, reference = await self._person(activity), str(data.get("reference") or "")
        if data.get("sabio") == "why":
            explained = await asyncio.to_thread(explain_answer, self._kb, reference, person, seen=True)
            return _task(cards.explanation(explained), wording.say("why_title", person.language))
        row = await self._deliveries.look(asking.find_question, reference)
        if row is None or data.get("sabio") != "privately":
            raise DeniedError(wording.say("why_unknown", person.language, reference=reference))
        asked = self._answers.again(reference, row.standalone or row.text, person)
        answer = await asyncio.wait_for(asked, SECONDS)
        return _task(cards.whole(answer), wording.say("privately_button", person.language))

    async def _person(self, activity: Activity) -> Person:
        content = self._content(activity)
        return await self._connection.within(
            content["reference"],
            content["team"],
            lambda there: self._people.person(there, content["place"], content["user"], content["locale"]),
        )

    def _content(self, activity: Activity) -> dict[str, Any]:
        data = activity.channel_data or {}
        reference = TurnContext.get_conversation_reference(activity)
        entities = [_as_dict(one) for one in activity.entities or ()]
        mentions = [one for one in entities if one.get("type") == "mention"]
        return {
            "kind": "question",
            "reference": reference.serialize(),
            "team": (data.get("team") or {}).get("id"),
            "shared": (data.get("channel") or {}).get("type") == "shared",
            "place": f"{_tenant_of(activity)}/{activity.conversation.id}",
            "kind_of_place": activity.conversation.conversation_type or "personal",
            "user": activity.from_property.id,
            "locale": activity.locale or "",
            "text": plain(activity.text or "", mentions, activity.recipient.id),
        }


def _id_of(activity: Activity) -> str:
    return f"{PLATFORM}:{_tenant_of(activity)}/{activity.conversation.id}/{activity.id}"


def _place_of(activity: Activity) -> str:
    """What the ids of all events of a conversation begin with, whatever their thread."""
    return f"{PLATFORM}:{_tenant_of(activity)}/{activity.conversation.id.partition(';')[0]}"


def _tenant_of(activity: Activity) -> str:
    # The SDK looks for `tenantID`, and keeps Teams' own spelling among what it does not know.
    place = activity.conversation.additional_properties or {}
    data = activity.channel_data or {}
    return str(place.get("tenantId") or (data.get("tenant") or {}).get("id") or "development")


def _as_dict(entity: Any) -> dict[str, Any]:
    return {"type": entity.type, **(entity.additional_properties or {})}


def _mentions(activity: Activity, user: str | None = None) -> bool:
    """Whether somebody is mentioned: that one, or anybody."""
    found = [_as_dict(one) for one in activity.entities or ()]
    ids = {(one.get("mentioned") or {}).get("id") for one in found if one["type"] == "mention"}
    return user in ids if user else bool(ids)


def _comment(said: Any) -> str:
    """What was written in the form: JSON from Teams, bare words from its Playground."""
    if not isinstance(said, str):
        return ""
    try:
        told = json.loads(said)
    except ValueError:
        return said.strip()
    return str(told.get("feedbackText") or "").strip() if isinstance(told, dict) else said.strip()


def _task(card: Mapping[str, Any], title: str) -> dict[str, Any]:
    """A dialog that shows a card."""
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return {"task": {"type": "continue", "value": {"title": title or "Sabio", "card": attachment}}}
