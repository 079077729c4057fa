"""Who somebody in Slack is: a colleague or not, with which e-mail and which language."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.messages import Person

KNOWN = 300.0
"""Seconds for which what Slack says of a person is believed."""
_OUTSIDE = ("is_restricted", "is_ultra_restricted", "is_stranger", "is_bot")


@dataclass(frozen=True, slots=True)
class Asker:
    """What Slack says of a person."""

    person: Person
    colleague: bool
    """A full member of this workspace: no guest, nobody of another company."""
    language: str
    """ISO 639-1, of their Slack."""


class People:
    """The people of one workspace, each asked about once in a while."""

    def __init__(self, client: AsyncWebClient, team: str) -> None:
        self._client = client
        self._team = team
        self._known: dict[str, tuple[float, Asker]] = {}

    async def asker(self, user: str) -> Asker:
        """Who that is. Raises what the client raises."""
        moment, asker = self._known.get(user, (0.0, None))
        if asker is None or moment < time.monotonic() - KNOWN:
            found = await self._client.users_info(user=user, include_locale=True)
            asker = self._read(found["user"])
            self._known[user] = (time.monotonic(), asker)
        return asker

    def _read(self, user: Mapping[str, Any]) -> Asker:
        profile = user.get("profile") or {}
        outside = any(user.get(sign) for sign in _OUTSIDE)
        confirmed = user.get("is_email_confirmed", True)
        person = Person(profile.get("email") if confirmed else None, profile.get("real_name") or None)
        language = str(user.get("locale") or "en").split("-")[0].lower()
        return Asker(person, user.get("team_id", self._team) == self._team and not outside, language)
