"""What Confluence is asked in the same words in the Cloud and in a Data Center, and how its replies are read.

Who may read a page is told by its space, by the page and by each page above it: only who is named by all of
them (https://support.atlassian.com/confluence-cloud/docs/manage-permissions-on-the-page-level/).
"""

from __future__ import annotations

import html
import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from config.errors import ConfigError, DocumentError
from ingest.connectors._http import Home, Http
from ingest.documents import EVERYONE, Readers

Json = dict[str, Any]

_LONGEST = 50_000_000
"""Bytes of a reply that is no file."""
PAGE, BLOG, ATTACHMENT, FOLDER = "page", "blogpost", "attachment", "folder"
CURRENT = "current"


@dataclass(frozen=True, slots=True)
class Space:
    """A space, as it is listed."""

    id: str
    key: str
    title: str
    kind: str
    """`global`, `personal`…"""
    archived: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """A page, a blog post, an attachment, or what pages may lie in."""

    id: str
    kind: str
    title: str
    version: str = ""
    current: bool = True
    """Whether people are shown it: it is neither archived, nor in the trash, nor a draft."""
    parent: tuple[str, str] | None = None
    """Kind and id of what it lies in below the space."""
    changed: datetime | None = None
    author: str | None = None
    """Their name."""
    link: str | None = None
    """Its address for people, as the system writes it."""
    media_type: str = "text/html"
    size: int | None = None


class Site(ABC):
    """One Confluence. Thread-safe."""

    first_page: int
    """How many things are asked for at once."""

    def __init__(self, source: str, home: Home, people_domain: str | None) -> None:
        """`people_domain`: where people have their e-mail who are known by a user name alone."""
        self._source, self._domain = source, people_domain
        self._http = Http(home)
        self.root = home.url.rstrip("/")
        self._people: dict[str, tuple[str, str | None]] = {}
        self._turn = threading.Lock()
        self.titles: dict[str, str] = {}
        """The groups that readers named: what people call them, by the key that they are asked for by."""

    # What each deployment says in its own words

    @abstractmethod
    def spaces(self) -> Iterator[Space]:
        """All spaces that the token's owner may see."""

    @abstractmethod
    def items(self, space: Space) -> Iterator[Item]:
        """The pages and blog posts of a space, those that are not current among them where they are told."""

    @abstractmethod
    def attachments(self, item: Item) -> Iterator[Item]:
        """The attachments of a page or post."""

    @abstractmethod
    def above(self, kind: str, id_: str) -> Item | None:
        """What pages lie in besides pages; None where it may not be seen."""

    @abstractmethod
    def space_readers(self, space: Space) -> Readers | None:
        """Who may read a space at all; None where that may not be seen."""

    @abstractmethod
    def text(self, kind: str, id_: str) -> tuple[str, str]:
        """Title and HTML of a page or post. Raises `DocumentError` where it is gone."""

    @abstractmethod
    def file_address(self, id_: str) -> str:
        """Where the newest version of an attachment is. Raises `DocumentError` where it is gone."""

    @abstractmethod
    def members(self, group: str) -> Iterator[Json]:
        """The people in a group, as they are told. Raises `DocumentError` for a group that is gone."""

    @abstractmethod
    def _account(self, user: Mapping[str, Any]) -> str:
        """What a person is known by."""

    @abstractmethod
    def _asked_for(self, account: str) -> Json:
        """A person, asked for by their account."""

    # What is the same in both

    def restrictions(self, id_: str) -> Readers | None:
        """Who may read a thing by what is said of it alone: `everyone` where nothing is; None where that may
        not be seen."""
        path = f"rest/api/content/{id_}/restriction/byOperation"
        said = self.may_see(path, params={"expand": "read.restrictions.user,read.restrictions.group"})
        if not isinstance(said, dict):
            return None
        read = (said.get("read") or {}).get("restrictions") or {}
        users, groups = self._all_of(id_, read, "user"), self._all_of(id_, read, "group")
        if not users and not groups:
            return frozenset({EVERYONE})
        return frozenset({*map(self.person, users), *map(self.group, groups)})

    def _all_of(self, id_: str, read: Mapping[str, Any], who: str) -> Sequence[Json]:
        """All that are named; a restriction tells the first of many only."""
        told = read.get(who) or {}
        found = list(told.get("results") or ())
        if len(found) < int(told.get("size") or 0) or (told.get("_links") or {}).get("next"):
            path = f"rest/api/content/{id_}/restriction/byOperation/read"
            for said in self.pages(path, {"expand": f"restrictions.{who}"}):
                more = ((said.get("restrictions") or {}).get(who) or {}).get("results") or ()
                found += [one for one in more if one not in found]
        return found

    def person(self, user: Mapping[str, Any]) -> str:
        """The principal of a person, of whom the system tells more where this says too little."""
        account = self._account(user)
        return self._learnt(user)[1] or self.person_by(account)

    def person_by(self, account: str) -> str:
        """The principal of a person of whom only the account is known."""
        return self._known(account)[1] or f"user:{self._source}/{account}"

    def name_of(self, account: str | None) -> str | None:
        """What people call the person of an account; None where nobody tells."""
        return (self._known(account)[0] or None) if account else None

    def group(self, group: Mapping[str, Any]) -> str:
        """The principal of a group."""
        key = str(group.get("id") or group.get("name"))
        with self._turn:
            self.titles[key] = str(group.get("name") or self.titles.get(key) or key)
        return f"group:{self._source}/{key}"

    def _known(self, account: str) -> tuple[str, str | None]:
        """A person's name, and principal where the e-mail is told."""
        if account not in self._people:
            try:
                self._people[account] = self._learnt(self._asked_for(account))
            except DocumentError:
                self._people[account] = "", None
        return self._people[account]

    def _learnt(self, user: Mapping[str, Any]) -> tuple[str, str | None]:
        name, email = str(user.get("displayName") or user.get("publicName") or ""), user.get("email")
        if not email and self._domain and user.get("username"):
            email = f"{user['username']}@{self._domain}"
        return name, f"user:{str(email).strip().lower()}" if email and "@" in str(email) else None

    def said(self, path: str, **sent: Any) -> Json:
        """A reply that is an object. Raises as `Http.json`."""
        said = self._http.json(self._at(path), **sent)
        if not isinstance(said, dict):
            raise ConfigError(f"source {self._source}: url: what answers at {self.root} is no Confluence")
        return said

    def download(self, address: str, limit: int) -> bytes | None:
        """A file, or None where it is larger than `limit` bytes. Raises as `Http.download`."""
        return self._http.download(self._at(address), limit)

    def pages(self, path: str, params: Mapping[str, Any]) -> Iterator[Json]:
        """All pages of a listing, to the end that it says itself."""

        def ask(further: str | None) -> tuple[Json, str | None]:
            said = self.said(further) if further else self.said(path, params=params)
            return said, (said.get("_links") or {}).get("next")

        return self._http.pages(ask)

    def results(self, path: str, **params: Any) -> Iterator[Json]:
        """What all pages of a listing name."""
        for said in self.pages(path, {"limit": self.first_page, **params}):
            yield from said.get("results") or ()

    def may_see(self, path: str, **sent: Any) -> Any:
        """A reply in JSON, or None where this may not be seen, or is not there. Raises as `Http.json`."""
        reply = self._http.reply(self._at(path), _LONGEST, **sent)
        if reply.status in {403, 404}:
            return None
        if reply.status >= 400 or reply.body is None:
            return self._http.json(self._at(path), **sent)  # which tells what is wrong
        try:
            return json.loads(reply.body)
        except ValueError:
            return None

    def address(self, link: str | None) -> str | None:
        """An address for people: links are told from the site on, or from its host on."""
        return self._at(link) if link else None

    def _at(self, link: str) -> str:
        if link.startswith(("https://", "http://")):
            return link
        parts = urlsplit(self.root)
        if parts.path and link.startswith(f"{parts.path}/"):
            return f"{parts.scheme}://{parts.netloc}{link}"
        return f"{self.root}/{link.lstrip('/')}"


def as_html(title: str, body: str) -> bytes:
    """A page of its own, with its title."""
    return (
        f"<!doctype html><meta charset=utf-8><title>{html.escape(title)}</title><body>{body}</body>".encode()
    )


def read_time(said: str | None) -> datetime | None:
    """A moment as Confluence writes it."""
    return datetime.fromisoformat(said).astimezone(UTC) if said else None
