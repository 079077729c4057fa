"""The groups that a person is in, by Microsoft Graph: nested ones too."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import httpx

from bot.platforms._teams.signin import SignIn, open_client
from config.errors import ConfigError, UnavailableError

KNOWN = 900.0
"""Seconds for which somebody's groups are believed."""
_HEADERS = {"ConsistencyLevel": "eventual"}
"""Without it, and without `$count`, Graph lists no groups alone:
https://learn.microsoft.com/graph/api/user-list-transitivememberof"""


class Groups:
    """Asks Graph, with the application permission `GroupMember.Read.All`."""

    def __init__(self, sign_in: SignIn, client: httpx.Client | None = None) -> None:
        self._sign_in, self._graph = sign_in, sign_in.cloud.graph
        self._client = client or open_client()
        self._known: dict[str, tuple[float, frozenset[str]]] = {}

    def of(self, user: str) -> frozenset[str]:
        """The principals of the groups of a person, who is named by their Entra id. Each by its id alone: the
        name of a group is what somebody has called theirs, and several may be called the same.

        Raises `UnavailableError`, and `ConfigError` where the permission is missing.
        """
        moment, groups = self._known.get(user, (-KNOWN, frozenset()))
        if moment < time.monotonic() - KNOWN:
            groups = frozenset(self._look(user))
            self._known[user] = (time.monotonic(), groups)
        return groups

    def _look(self, user: str) -> set[str]:
        found: set[str] = set()
        path = f"/v1.0/users/{user}/transitiveMemberOf/microsoft.graph.group?$count=true&$select=id&$top=500"
        url: str | None = self._graph + path
        while url:
            page = self._get(url)
            for group in page.get("value", ()):
                found.add(f"group:teams/{group['id']}")
            following = page.get("@odata.nextLink")
            url = following if following and following.startswith(f"{self._graph}/") else None
        return found

    def _get(self, url: str) -> Mapping[str, Any]:
        token = self._sign_in.token(self._graph)
        try:
            said = self._client.get(url, headers={"Authorization": f"Bearer {token}", **_HEADERS})
        except httpx.HTTPError as error:
            raise UnavailableError(f"Microsoft Graph cannot be reached ({type(error).__name__})") from error
        if said.status_code in (401, 403):
            raise ConfigError(
                "Microsoft Graph says who is in which group only to an app with the application permission"
                " GroupMember.Read.All; grant it, or name no `group:teams/…` in the configuration"
            )
        if said.status_code == 404:  # whoever is not there is in no group
            return {}
        if said.status_code != 200:
            raise UnavailableError(f"Microsoft Graph says {said.status_code}")
        page: Mapping[str, Any] = said.json()
        return page
