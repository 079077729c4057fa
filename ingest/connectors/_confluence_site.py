"""What is asked of a Confluence, wherever it runs, and how its word on readers is read.

Who may read a page is told by its space, by the page and by each page above it: only who is named by all of
them (https://support.atlassian.com/confluence-cloud/docs/manage-permissions-on-the-page-level/).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ingest.connectors._confluence import ATTACHMENT, Api, Item, Json, Space
from ingest.connectors._confluence_people import People
from ingest.connectors._http import Home
from ingest.documents import EVERYONE, Readers

TOLD = "restrictions.read.restrictions.user,restrictions.read.restrictions.group"
"""What a listing is asked to tell of restrictions. Those of what is above are asked for apart: told with it,
one page above that is in the trash fails all of the listing (https://jira.atlassian.com/browse/CONFCLOUD-77618)."""


class Site(ABC):
    """One Confluence. Thread-safe."""

    people: People

    def __init__(self, source: str, home: Home) -> None:
        self.api = Api(source, home)
        self.unlisted: dict[str, str] = {}
        """Of spaces, by key: whom their permissions let read without a name or a group."""

    def forget(self) -> None:
        """Begin anew, before a listing."""
        self.people.forget()
        self.unlisted.clear()

    # What each deployment says in its own words

    @abstractmethod
    def spaces(self) -> Iterator[Space]:
        """All spaces that the token's owner may see."""

    @abstractmethod
    def items(self, space: Space) -> Iterator[Item]:
        """The pages and blog posts of a space."""

    @abstractmethod
    def attachments(self, item: Item) -> Iterator[Item]:
        """The attachments of a page or post. Raises `DocumentError` where that is gone."""

    @abstractmethod
    def above(self, kind: str, id_: str) -> Item | None:
        """What pages lie in and no list named, whatever became of it; None where it may not be seen."""

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

    def nested(self, group: str) -> Sequence[Json]:  # noqa: ARG002 - where groups hold no groups
        """The groups in a group."""
        return ()

    def group_title(self, group: str) -> str:
        """What people call a group that was named."""
        return self.people.titles[group]

    # What is the same in both

    def author_of(self, item: Item) -> str | None:
        """Who wrote its newest version, as people call them."""
        if item.author or not item.author_account:
            return item.author
        return self.people.name_of({"accountId": item.author_account})

    def address_of(self, item: Item) -> str | None:
        """Its address for people."""
        page = item.parent[1] if item.kind == ATTACHMENT and item.parent else item.id
        return self.api.address(item.link or f"pages/viewpage.action?pageId={page}")

    def restrictions(self, item: Item) -> Readers | None:
        """Who may read a thing by what is said of it alone: `everyone` where nothing is; None where that may
        not be seen."""
        told = self._read(item.id, item.restrictions)
        if told is not None:
            return told
        said = self.api.may_see(_restriction(item.id), expand="restrictions.user,restrictions.group")
        if said is None:  # some say all operations, and none alone
            every = self.api.may_see(_restriction(item.id).removesuffix("/read"))
            every = every if isinstance(every, dict) else {}
            said = every.get("read") or (every.get("restrictions") or {}).get("read")
        return self._read(item.id, said)

    def _read(self, id_: str, said: Any) -> Readers | None:
        """The readers that a restriction names; None where it is not told as a whole."""
        told = said.get("restrictions") if isinstance(said, dict) else None
        if not isinstance(told, dict):
            return None
        users, groups, more = told.get("user"), told.get("group"), told.get("_expandable") or {}
        untold = (users is None and "user" in more) or (groups is None and "group" in more)
        if untold or (users is None and groups is None):
            return None
        people, crowds = self._all_of(id_, "user", users or {}), self._all_of(id_, "group", groups or {})
        if people is None or crowds is None:
            return None
        # Whoever is named and not known any more lets nobody else in.
        if not people and not crowds and not _size(users) and not _size(groups):
            return frozenset({EVERYONE})
        found = {*map(self.people.person, people), *map(self.people.group, crowds)}
        return frozenset(one for one in found if one)

    def _all_of(self, id_: str, who: str, told: Mapping[str, Any]) -> list[Json] | None:
        """All that are named; a restriction tells the first of many. None where the others are not told."""
        found = list(told.get("results") or ())
        while _has_more(told, len(found)):
            start = len(found)
            said = self.api.may_see(_restriction(id_), expand=f"restrictions.{who}", start=start, limit=100)
            if not isinstance(said, dict):
                return None
            part = (said.get("restrictions") or {}).get(who) or {}
            fresh = [one for one in part.get("results") or () if one not in found]
            if not fresh:
                break
            found += fresh
            told = {**part, "size": None, "results": fresh}
        return found


def _restriction(id_: str) -> str:
    return f"rest/api/content/{id_}/restriction/byOperation/read"


def _size(told: Any) -> int:
    told = told or {}
    return int(told.get("totalSize") or told.get("size") or 0)


def _has_more(told: Mapping[str, Any], found: int) -> bool:
    limit = int(told.get("limit") or 0)
    return (
        bool((told.get("_links") or {}).get("next"))
        or _size(told) > found
        or (0 < limit <= len(told.get("results") or ()))
    )
