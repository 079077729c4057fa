"""The people and groups of a Confluence, as principals."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

Json = dict[str, Any]
Told = Mapping[str, Any]
"""A person or a group, as a reply tells of them."""
_ENOUGH = 20
"""People of whom no e-mail was told, after which no others are asked about: a Data Center tells none."""


class People:
    """Who is who. Thread-safe."""

    def __init__(
        self,
        source: str,
        look_up: Callable[[Told], Any],
        accounts: tuple[str, ...],
        domain: str | None = None,
    ) -> None:
        """`look_up` asks for all that is told of a person; None where nothing is. `accounts` are the fields
        that people are known by, the first for people to read. `domain`: where people have their e-mail who
        are known by a user name."""
        self._source, self._look_up, self._accounts, self._domain = source, look_up, accounts, domain
        self._turn = threading.Lock()
        self.forget()

    def forget(self) -> None:
        """Begin anew: who was named is asked for again."""
        self.titles: dict[str, str] = {}
        """The groups that were named: what people call them, by the key that they are asked for by."""
        self._known: dict[str, Json] = {}
        self._with_email = False
        """Whether an e-mail was told when somebody was asked about."""

    def person(self, user: Told) -> str | None:
        """The principal of a person, of whom the system is asked where this says too little; None for one
        that it does not know itself."""
        email = self._email(user)
        unnamed = not user.get(self._accounts[0])
        may_help = "email" not in user and (self._with_email or len(self._known) < _ENOUGH)
        if email is None and (unnamed or may_help):
            user = {**user, **self._asked(user)}
            email = self._email(user)
        account = self._account(user)
        return email or (account and f"user:{self._source}/{account}")

    def name_of(self, user: Told) -> str | None:
        """What people call a person; None where nobody tells."""
        for told in (user, self._asked(user)):
            if name := told.get("displayName") or told.get("publicName"):
                return str(name)
        return None

    def group(self, group: Told) -> str | None:
        """The principal of a group; None for one that the system does not know itself."""
        key, name = group.get("id") or group.get("name"), group.get("name")
        if not key:
            return None
        with self._turn:
            self.titles[str(key)] = str(name or self.titles.get(str(key)) or key)
        return f"group:{self._source}/{key}"

    def _account(self, user: Told) -> str | None:
        return next((str(user[field]) for field in self._accounts if user.get(field)), None)

    def _asked(self, user: Told) -> Json:
        """All that the system tells of a person."""
        account = next((str(user[field]) for field in reversed(self._accounts) if user.get(field)), None)
        if account is None:
            return {}
        if account not in self._known:
            told = self._look_up(user)
            self._known[account] = told if isinstance(told, dict) else {}
            self._with_email |= "email" in self._known[account]
        return self._known[account]

    def _email(self, user: Told) -> str | None:
        email, name = str(user.get("email") or "").strip().lower(), str(user.get("username") or "")
        if not email and self._domain and name and "@" not in name:
            email = f"{name}@{self._domain}".lower()
        return f"user:{email}" if "@" in email else None
