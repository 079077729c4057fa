"""What comes from Teams: which of it is meant for Sabio, kept before Teams is told that it arrived."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Any

from botbuilder.core import InvokeResponse
from botbuilder.schema import Activity

from bot import commands, feedback
from bot.platforms._deliveries import Deliveries, OverError
from bot.platforms._teams.dialogs import Dialogs
from bot.platforms._teams.events import PLATFORM, content_of, id_of, mentions, value_of
from config.errors import ConfigError, DeniedError
from ingest.knowledge import KnowledgeBase
from ingest.ledger import inbox

log = logging.getLogger("bot")


class Listening:
    """Takes activities, one at a time."""

    def __init__(self, kb: KnowledgeBase, deliveries: Deliveries, dialogs: Dialogs) -> None:
        self._kb, self._deliveries, self._dialogs = kb, deliveries, dialogs

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
        value = value_of(activity)
        content: dict[str, Any] | None
        if value.get("sabio") == "command":
            # A card may be pressed again and again: each press is a message of its own.
            content = content_of(activity) | {"kind": "command", "text": str(value.get("text") or "")}
        else:
            content = await self._read(activity)
        if content is not None:
            await self._deliveries.receive(id_of(activity), content)

    async def _read(self, activity: Activity) -> dict[str, Any] | None:
        """A message as it is kept; None where nothing is to be said to it."""
        content = content_of(activity)
        if not await self._is_for_sabio(activity, content):
            return None
        if commands.read(self._kb, content["text"]) is not None:
            content["kind"] = "command"
        return content

    async def _is_for_sabio(self, activity: Activity, content: Mapping[str, Any]) -> bool:
        if not content["text"] or (activity.from_property.role or "") == "bot":
            return False
        if content["kind_of_place"] == "personal" or mentions(activity, activity.recipient.id):
            return True
        # Without being mentioned it hears of a message only where the team has allowed that.
        asks = "?" in content["text"] and not mentions(activity)
        return asks and await self._deliveries.look(inbox.takes_part, f"{PLATFORM}:{content['place']}")

    async def _edited(self, activity: Activity) -> None:
        content = await self._read(activity)
        if content is not None:
            await self._deliveries.revise(id_of(activity), content, str(activity.timestamp or ""))

    async def _deleted(self, activity: Activity) -> None:
        id_ = id_of(activity)
        if not await self._deliveries.note(id_):  # else it comes later, and is not to be answered then
            content = content_of(activity) | {"kind": "deletion", "of": id_}
            await self._deliveries.receive(f"{id_}#deleted", content)

    async def _installed(self, activity: Activity) -> None:
        content = content_of(activity) | {"kind": "welcome"}
        await self._deliveries.receive(f"{id_of(activity)}#welcome", content)

    async def _invoked(self, activity: Activity) -> InvokeResponse:
        if activity.name != "message/submitAction":
            return InvokeResponse(status=200, body=await self._dialogs.answer(activity))
        try:
            await self._judged(activity, value_of(activity))
        except (DeniedError, ConfigError, OverError) as error:
            log.info("teams: %s", error)
        return InvokeResponse(status=200, body={})

    async def _judged(self, activity: Activity, value: Mapping[str, Any]) -> None:
        """A thumb under an answer, with what the person has written about it, if anything."""
        said = value.get("actionValue") or {}
        reply: str | None = str(activity.reply_to_id or "")
        if not reply and self._kb.settings.teams.development:
            reply = None  # Microsoft's Playground does not say which message it is: it is taken for the last
        reference = await self._dialogs.reference_of(activity, reply)
        if not reference:
            raise DeniedError("there is no answer that this is about")
        person = await self._dialogs.person(activity)
        up = said.get("reaction") == "like"
        await asyncio.to_thread(lambda: feedback.vote(self._kb, reference, person, up=up))
        comment = _comment(said.get("feedback"))
        if comment and not up:
            await asyncio.to_thread(feedback.explain, self._kb, reference, person, None, comment)


def _comment(said: Any) -> str:
    """What was written in the form: JSON from Teams, bare words from its Playground."""
    if not isinstance(said, str):
        return ""
    try:
        told = json.loads(said)
    except ValueError:
        return said.strip()
    return str(told.get("feedbackText") or "").strip() if isinstance(told, dict) else said.strip()
