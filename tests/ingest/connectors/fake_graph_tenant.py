"""A tenant of Microsoft's: sites, libraries, who may do what, people and groups, and what happened.

Who may read follows from rules of its own, those of SharePoint: a thing has readers of its own, and these
alone, or those of what it lies in.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

Json = dict[str, Any]
NEVER = "0001-01-01T00:00:00Z"
ROOT = "root"
READING = frozenset({"read", "write", "owner"})


@dataclass
class Grant:
    """One row of who may do what: to a person, a group, a group of the site, everyone inside, or by a
    link."""

    kind: str
    who: tuple[str, ...] = ()
    role: str = "read"
    scope: str = "users"
    until: str = NEVER
    id: str = field(default_factory=lambda: uuid.uuid4().hex)


@dataclass
class Item:
    """A file, folder or package in a drive; `grants` are its own, or None."""

    id: str
    name: str
    parent: str | None
    body: bytes | None = None
    facets: Json = field(default_factory=dict)
    grants: list[Grant] | None = None
    content: int = 1
    metadata: int = 1
    away: bool = False


@dataclass
class Drive:
    """A library or OneDrive, and what happened in it: which item, and whether only its sharing."""

    id: str
    name: str
    url: str
    items: dict[str, Item] = field(default_factory=dict)
    log: list[tuple[str, bool]] = field(default_factory=list)
    known_from: int = 0

    def children(self, item: Item) -> list[Item]:
        return [one for one in self.items.values() if one.parent == item.id and not one.away]

    def is_there(self, item: Item) -> bool:
        return not item.away and (
            item.parent is None
            or ((above := self.items.get(item.parent)) is not None and self.is_there(above))
        )

    def above(self, item: Item) -> Iterator[Item]:
        """An item, and what it lies in, up to the root."""
        here: Item | None = item
        while here is not None:
            yield here
            here = self.items.get(here.parent) if here.parent else None

    def path(self, item: Item) -> str:
        return "/".join([one.name for one in self.above(item)][-2::-1])


@dataclass
class Site:
    id: str
    name: str
    path: str
    drives: list[Drive] = field(default_factory=list)


class Tenant:
    """All of it. Fields are for tests to change."""

    host = "acme.sharepoint.com"

    def __init__(self) -> None:
        self.sites: dict[str, Site] = {}
        self.drives: dict[str, Drive] = {}
        self.people: dict[str, Json] = {}
        self.onedrives: dict[str, Drive] = {}
        self.groups: dict[str, set[str]] = {}
        self.owners: dict[str, set[str]] = {}
        self.site_groups: dict[str, set[str]] = {}
        self._count = 0

    def new_id(self, prefix: str = "01") -> str:
        self._count += 1
        return prefix + hashlib.sha256(str(self._count).encode()).hexdigest()[:14].upper()

    def add_site(self, name: str, *libraries: str) -> Site:
        parts = [str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{name}{n}")) for n in range(2)]
        site = self.sites[f"/sites/{name}"] = Site(
            f"{self.host},{parts[0]},{parts[1]}", name.upper(), f"/sites/{name}"
        )
        site.drives = [
            self.add_drive(library, f"https://{self.host}/sites/{name}/{quote(library)}")
            for library in libraries
        ]
        return site

    def add_drive(self, name: str, url: str) -> Drive:
        drive = Drive(self.new_id("b!"), name, url)
        drive.items[ROOT] = Item(self.new_id(), ROOT, None, grants=[])
        drive.items = {drive.items[ROOT].id: drive.items[ROOT]}
        self.drives[drive.id] = drive
        return drive

    def add_person(self, email: str, mail: str | None = None) -> str:
        id_ = str(uuid.uuid5(uuid.NAMESPACE_DNS, email))
        self.people[id_] = {"id": id_, "mail": mail or email.title(), "userPrincipalName": email}
        return id_

    def add_group(self, name: str, *members: str) -> str:
        id_ = str(uuid.uuid5(uuid.NAMESPACE_DNS, f"group {name}"))
        self.groups[id_] = set(members)
        return id_

    def root(self, drive: Drive) -> Item:
        return next(item for item in drive.items.values() if item.parent is None)

    def put(self, drive: Drive, path: str, body: bytes | None, **facets: Any) -> Item:
        """A new file (or, without a body, folder) at a path, with the folders that it needs."""
        *folders, name = path.split("/")
        here = self.root(drive)
        for folder in folders:
            found = [one for one in drive.children(here) if one.name == folder]
            here = found[0] if found else self._add(drive, folder, here.id, None, {})
        return self._add(drive, name, here.id, body, facets)

    def _add(self, drive: Drive, name: str, parent: str, body: bytes | None, facets: Json) -> Item:
        item = Item(self.new_id(), name, parent, body, facets)
        drive.items[item.id] = item
        self.note(drive, item)
        return item

    def note(self, drive: Drive, item: Item, *, sharing: bool = False) -> None:
        """Let the log know."""
        drive.log.append((item.id, sharing))

    def share(self, drive: Drive, item: Item, grants: list[Grant] | None) -> None:
        """Give an item readers of its own, or (None) those of what it lies in."""
        item.grants = grants
        self.note(drive, item, sharing=True)

    def forget(self) -> None:
        """Know nothing any more of what happened up to now."""
        for drive in self.drives.values():
            drive.log.append((self.root(drive).id, True))
            drive.known_from = len(drive.log)

    def may_read(self, person: str, drive: Drive, item: Item) -> bool:
        """SharePoint's own rule, for a person's id: only the nearest list counts, and nobody finds by a link
        what they are not named in."""
        grants = next(one.grants for one in drive.above(item) if one.grants is not None)
        return any(self._holds(person, grant) for grant in grants)

    def _holds(self, person: str, grant: Grant) -> bool:
        if grant.role not in {"read", "write", "owner"} or (grant.until != NEVER and grant.until < "2026"):
            return False
        if grant.kind == "person" or (grant.kind == "link" and grant.scope == "users"):
            return person in grant.who
        if grant.kind == "group":
            return any(person in self.everybody_in(group) for group in grant.who)
        if grant.kind == "site group":
            return any(person in self.site_groups.get(group, ()) for group in grant.who)
        return False

    def everybody_in(self, group: str, seen: frozenset[str] = frozenset()) -> set[str]:
        inside: set[str] = set()
        for member in self.groups.get(group, set()) - seen:
            inside |= self.everybody_in(member, seen | {group}) if member in self.groups else {member}
        return inside
