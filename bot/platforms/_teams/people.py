"""Who somebody in Teams is: a colleague or not, with which e-mail, groups and language."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from botbuilder.schema.teams import TeamsChannelAccount

from bot.messages import Person
from bot.platforms._teams.connection import Conversation
from bot.platforms._teams.groups import Groups
from config.chat import TeamsSettings

KNOWN = 300.0
"""Seconds for which what Teams says of a person is believed."""
_OUTSIDE = frozenset({"guest", "anonymous"})


class People:
    """The people of the tenant, each asked about once in a while."""

    def __init__(self, settings: TeamsSettings, groups: Groups | None) -> None:
        self._settings, self._groups = settings, groups
        self._known: dict[tuple[str, str], tuple[float, Person]] = {}

    async def person(self, there: Conversation, place: str, user: str, locale: str) -> Person:
        """Who that is. Raises what `Conversation` raises."""
        moment, person = self._known.get((place, user), (-KNOWN, None))
        if person is None or moment < time.monotonic() - KNOWN:
            person = await self._read(await there.member(user))
            self._known[place, user] = (time.monotonic(), person)
        language = locale.replace("-", "_") or person.language
        return Person(person.email, person.name, person.groups, person.external, language)

    async def persons(self, there: Conversation) -> list[Person]:
        """Everybody who is there, at this moment."""
        members: Sequence[TeamsChannelAccount] = await there.members()
        return [await self._read(member) for member in members]

    async def _read(self, member: TeamsChannelAccount) -> Person:
        tenant, role = member.tenant_id, str(member.user_role or "").lower()
        outside = role in _OUTSIDE or bool(
            tenant and self._settings.tenant_id and tenant != self._settings.tenant_id
        )
        address = member.email or member.user_principal_name
        groups: frozenset[str] = frozenset()
        if self._groups is not None and member.aad_object_id and not outside:
            groups = await asyncio.to_thread(self._groups.of, member.aad_object_id)
        email = address if address and "@" in address and "#EXT#" not in address and not outside else None
        return Person(email, member.name or None, groups=groups, external=outside)
