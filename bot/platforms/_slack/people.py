"""Who somebody in Slack is: a colleague or not, with which e-mail, groups and language."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.messages import Person
from bot.platforms._slack.errors import said, translated
from ingest.documents import Readers

KNOWN = 300.0
"""Seconds for which what Slack says of a person is believed."""
FEW = 20
"""Of so many people each is asked about; of more, Slack is asked for everybody, page by page."""
PAGE = 200
"""People a page: https://docs.slack.dev/apis/web-api/pagination"""
_OUTSIDE = ("is_restricted", "is_ultra_restricted", "is_stranger")


class People:
    """The people of one workspace, each asked about once in a while.

    `grouped`: whether Slack's user groups count; nobody is asked about them where no setting names one.
    """

    def __init__(self, client: AsyncWebClient, team: str, *, grouped: bool) -> None:
        self._client, self._team, self._grouped = client, team, grouped
        self._known: dict[str, tuple[float, Person | None]] = {}
        self._groups: tuple[float, Mapping[str, Readers]] = (-KNOWN, {})

    async def person(self, user: str) -> Person:
        """Who that is. Raises `UnavailableError`, and `OverError` for somebody who is not there."""
        if not self._is_known(user):
            groups = await self._vouched()
            with translated():
                found = await self._client.users_info(user=user, include_locale=True)
            self._note(found["user"], groups)
        person = self._known[user][1]
        return person if person is not None else Person(external=True)

    async def persons(self, users: Collection[str]) -> list[Person]:
        """Who they are, without bots: those see what people see, and are not asked for."""
        unknown = [user for user in users if not self._is_known(user)]
        if len(unknown) > FEW:
            await self._note_everybody()
        for user in users:
            await self.person(user)
        return [person for user in users if (person := self._known[user][1]) is not None]

    async def find(self, email: str) -> str | None:
        """The id of whoever has that address; None where nobody has."""
        try:
            found = await self._client.users_lookupByEmail(email=email)
        except SlackApiError as error:
            if said(error) == "users_not_found":
                return None
            with translated():
                raise
        return str(found["user"]["id"])

    def _is_known(self, user: str) -> bool:
        moment, _ = self._known.get(user, (-KNOWN, None))
        return moment > time.monotonic() - KNOWN

    async def _note_everybody(self) -> None:
        groups = await self._vouched()
        cursor = ""
        while True:
            with translated():
                page = await self._client.users_list(limit=PAGE, cursor=cursor, include_locale=True)
            for user in page["members"]:
                self._note(user, groups)
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return

    def _note(self, user: Mapping[str, Any], groups: Mapping[str, Readers]) -> None:
        person = None if user.get("is_bot") else self._read(user, groups.get(user["id"], frozenset()))
        self._known[user["id"]] = (time.monotonic(), person)

    def _read(self, user: Mapping[str, Any], groups: Readers) -> Person:
        profile = user.get("profile") or {}
        outside = any(user.get(sign) for sign in _OUTSIDE) or user.get("team_id", self._team) != self._team
        confirmed = user.get("is_email_confirmed", True) and not outside
        return Person(
            profile.get("email") if confirmed else None,
            profile.get("real_name") or None,
            groups=frozenset() if outside else groups,
            external=outside,
            language=str(user.get("locale") or "en").replace("-", "_"),
        )

    async def _vouched(self) -> Mapping[str, Readers]:
        """The principals of user groups, by member: each by its id and by its handle."""
        moment, groups = self._groups
        if not self._grouped or moment > time.monotonic() - KNOWN:
            return groups
        with translated():
            listed = await self._client.usergroups_list(include_users=True)
        members: dict[str, set[str]] = {}
        for group in listed["usergroups"]:
            for user in group.get("users") or ():
                names = {f"group:slack/{group['id']}", f"group:slack/{group['handle']}"}
                members.setdefault(user, set()).update(names)
        found = {user: frozenset(names) for user, names in members.items()}
        self._groups = (time.monotonic(), found)
        return found
