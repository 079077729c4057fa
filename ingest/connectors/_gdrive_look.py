"""What Drive's files and folders are to Sabio: documents and containers, where they lie, and who may read."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ingest.connectors import _tree
from ingest.connectors._gdrive import Drive, Place
from ingest.connectors._gdrive_account import Json
from ingest.connectors._rules import Rules
from ingest.documents import EVERYONE, Container, Entry, Inheritance, Listed, Readers

# What Google keeps itself comes as a file of one of these kinds; of the rest of its own (forms, maps, sites,
# shortcuts) there is no text: https://developers.google.com/workspace/drive/api/guides/ref-export-formats
_OFFICE = "application/vnd.openxmlformats-officedocument"
EXPORTS = {
    "application/vnd.google-apps.document": ("text/markdown", ".md"),
    "application/vnd.google-apps.spreadsheet": (f"{_OFFICE}.spreadsheetml.sheet", ".xlsx"),
    "application/vnd.google-apps.presentation": (f"{_OFFICE}.presentationml.presentation", ".pptx"),
    "application/vnd.google-apps.drawing": ("application/pdf", ".pdf"),
}
_GOOGLES = "application/vnd.google-apps."
_WITHOUT_TEXT = ("image/", "audio/", "video/")
_GATE = "/limited"
"""What the id of the container ends with that keeps readers of what is above out of a folder."""
# https://developers.google.com/workspace/drive/api/guides/ref-roles
_ROLES = frozenset({"owner", "organizer", "fileOrganizer", "writer", "commenter", "reader"})
_OUTSIDE = "Shared with me"
"""Where something lies that the account is given, and not what it lies in."""


Placed = tuple[Readers | None, str | None, Inheritance]
"""Who may read a thing by what is said of it alone, what it lies in, and what that means for it."""


@dataclass
class Look:
    """One look at what Drive holds. What is above a thing is listed with it, each once."""

    drive: Drive
    rules: tuple[Rules, Rules]
    """For files, and for what Google keeps itself, which has no ending."""
    within: frozenset[str]
    """The folders that are read; empty: all."""
    """Who may read what Drive says nothing about."""
    person: Callable[[str], str]
    """The principal of a person by the id of an account that hides its address."""
    group: Callable[[str], str]
    """The principal of a group by its address."""
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    groups: dict[str, str] = field(default_factory=dict)
    """The groups that readers named, by address: what people call them."""
    parts: dict[str, str] = field(default_factory=dict)
    """The drive that each entry is in, by its id."""
    by_link: set[str] = field(default_factory=set)
    """What whoever has a link may read."""
    untold: set[str] = field(default_factory=set)
    """What Drive does not say the readers of."""
    _folders: dict[str, Json | None] = field(default_factory=dict)
    _members: dict[str, list[Json] | None] = field(default_factory=dict)
    _listed: set[str] = field(default_factory=set)

    def learn(self, folders: Iterable[Json]) -> None:
        """Know these folders, so that none of them is asked for."""
        self._folders |= {one["id"]: one for one in folders}

    def document(self, place: Place, item: Json) -> Iterator[Listed]:
        """A document and what it lies in; nothing for what is none, or is left out."""
        chain = self.chain(place, item)
        if item["id"] in self._listed or not self._is_read(place, item, chain):
            return
        self._listed.add(item["id"])
        yield from self.containers(place, chain)
        readers, parent, inheritance = yield from self._placed(place, item)
        self.parts[item["id"]] = _top(place, chain)
        yield _entry(item, readers, parent, inheritance)

    def _is_read(self, place: Place, item: Json, chain: list[Json]) -> bool:
        mime = item.get("mimeType", "")
        if mime.startswith(_WITHOUT_TEXT) or (mime.startswith(_GOOGLES) and mime not in EXPORTS):
            return False
        if self.within and self.within.isdisjoint(one["id"] for one in chain):
            return False
        folders = [one["name"] for one in reversed(chain) if one["id"] != place.id]
        path = "/".join([_top(place, chain), *folders, item["name"]])
        return self.rules[mime in EXPORTS].ignored(path) is None

    def chain(self, place: Place, item: Json) -> list[Json]:
        """The folders above, from the nearest to the last that Drive tells of."""
        found: dict[str, Json] = {}
        above = _parent(item)
        while above and above not in found:
            folder = {"id": above, "name": place.title} if above == place.id else self._folder(above)
            if folder is None:
                break
            found[above] = folder
            above = _parent(folder)
        return list(found.values())

    def containers(self, place: Place, chain: Iterable[Json]) -> Iterator[Container]:
        """Those of some folders that were not listed yet."""
        for folder in chain:
            if folder["id"] in self._listed:
                continue
            self._listed.add(folder["id"])
            if not place.shared:
                # In one's own drive each thing says for itself who may read it, and may say less than what it
                # lies in, so that the readers of a folder there are nobody else's.
                yield Container(folder["id"], folder["name"], None, _parent(folder))
            elif folder["id"] == place.id:
                members = self._readers(place.id, self._members_of(place))
                yield Container(place.id, place.title, members)
            else:
                readers, parent, inheritance = yield from self._placed(place, folder)
                yield Container(folder["id"], folder["name"], readers, parent, inheritance)

    # Who may read

    def _placed(self, place: Place, item: Json) -> Generator[Container, None, Placed]:
        """Where a thing stands among readers; gives a container that there is for that alone."""
        parent = _parent(item)
        if not place.shared:
            # Of one's own drive the list is of all who may read, if the account may see it.
            own = item.get("permissions")
            return self._readers(item["id"], own), parent, Inheritance.WIDENS
        limited = bool(item.get("inheritedPermissionsDisabled"))
        if not limited and not item.get("hasAugmentedPermissions"):
            return None, parent, Inheritance.WIDENS
        told = self.drive.permissions(item["id"])
        direct = told if told is None else [one for one in told if _is_direct(one)]
        if not limited:
            return self._readers(item["id"], direct), parent, Inheritance.WIDENS
        # Whoever may read what is above may not read this, but for those who manage the drive:
        # https://developers.google.com/workspace/drive/api/guides/limited-expansive-access
        # It lies there all the same, and goes with it. So everyone may pass the container between the two,
        # and of them only those whom the folder names may go on.
        gate = item["id"] + _GATE
        yield Container(gate, item["name"], frozenset({EVERYONE}), parent)
        if direct is not None:
            direct += [one for one in self._members_of(place) or () if one.get("role") == "organizer"]
        return self._readers(item["id"], direct), gate, Inheritance.NARROWS

    def _members_of(self, place: Place) -> list[Json] | None:
        if place.id not in self._members:
            self._members[place.id] = self.drive.permissions(place.id)
        return self._members[place.id]

    def _readers(self, item: str, permissions: list[Json] | None) -> Readers | None:
        """Who may read by a list of permissions; nobody knows where it is not told."""
        if permissions is None:
            self.untold.add(item)
            return None
        found = {self._principal(item, one) for one in permissions}
        return frozenset(one for one in found if one)

    def _principal(self, item: str, permission: Json) -> str | None:
        """Whom a permission lets read. Whoever only has a link is not somebody who may find it:
        https://developers.google.com/workspace/drive/api/reference/rest/v3/permissions"""
        if permission.get("role") not in _ROLES or permission.get("view") or permission.get("deleted"):
            return None
        until = _moment(permission.get("expirationTime"))
        if until is not None and until <= self.now:
            return None
        kind, address = permission.get("type"), (permission.get("emailAddress") or "").lower()
        if kind in {"anyone", "domain"} and permission.get("allowFileDiscovery") is not True:
            self.by_link.add(item)
            return None
        if kind == "anyone":
            return EVERYONE
        if kind == "domain" and permission.get("domain"):
            return f"domain:{permission['domain'].lower()}"
        if kind == "group" and address:
            self.groups[address] = permission.get("displayName") or address
            return self.group(address)
        if kind == "user":
            return f"user:{address}" if address else self.person(permission["id"])
        return None

    def _folder(self, folder: str) -> Json | None:
        if folder not in self._folders:
            self._folders[folder] = self.drive.file(folder)
        return self._folders[folder]


def gate_of(folder: Json) -> str | None:
    """The id of the container that was listed with a folder, had its access been limited; None if it is."""
    return None if folder.get("inheritedPermissionsDisabled") else folder["id"] + _GATE


def file_name(item: Json) -> str:
    """The name of the file that comes of an item, with an ending that tells its kind."""
    _, ending = EXPORTS.get(item.get("mimeType", ""), ("", ""))
    return str(item["name"]).replace("/", "_") + ending


def _entry(item: Json, readers: Readers | None, parent: str | None, inheritance: Inheritance) -> Entry:
    name, mime = item["name"], item.get("mimeType", "")
    size = item.get("size")
    return Entry(
        id=item["id"],
        revision=revision(item),
        title=(" ".join(name.split()) or name) if mime in EXPORTS else _tree.read_title(name),
        media_type=media_type(item),
        url=item.get("webViewLink"),
        updated_at=_moment(item.get("modifiedTime")),
        author=(item.get("lastModifyingUser") or {}).get("displayName"),
        readers=readers,
        size=int(size) if size and mime not in EXPORTS else None,
        parent=parent,
        inheritance=inheritance,
    )


def people_in(group: str, members: Iterable[Json]) -> Readers:
    """Who is in a group. Those of groups in it are among its members, and a group among them stands for
    nothing more: https://developers.google.com/workspace/admin/directory/reference/rest/v1/members"""
    found = set()
    for one in members:
        address = (one.get("email") or "").lower()
        if one.get("type") == "USER" and address and one.get("status") != "SUSPENDED":
            found.add(f"user:{address}")
        elif one.get("type") == "CUSTOMER":  # all of the company, to which the group's domain belongs
            found.add(f"domain:{group.rpartition('@')[2]}")
    return frozenset(found)


def media_type(item: Json) -> str:
    """That of the file that comes of an item."""
    mime = item.get("mimeType", "")
    if mime in EXPORTS:
        return EXPORTS[mime][0]
    by_name = _tree.read_media_type(item["name"])
    return str(mime) if mime and by_name == "application/octet-stream" else by_name


def revision(item: Json) -> str:
    """What changes with the body, or with how it is read.

    A file's own checksum: an upload may keep an old time. What Google keeps has none; its time moves with
    every edit, where `version` moves as well when somebody is let in, or looks at it, which would fetch it
    again each time.
    """
    if item.get("mimeType") in EXPORTS:
        return str(item.get("modifiedTime") or item.get("version"))
    known = item.get("md5Checksum") or item.get("headRevisionId") or item.get("version")
    return f"{known} {media_type(item)}"


def _is_direct(permission: Json) -> bool:
    details: list[Json] = permission.get("permissionDetails") or [{}]
    return any(one.get("inherited") is not True for one in details)


def _top(place: Place, chain: list[Json]) -> str:
    return place.title if place.shared or (chain and chain[-1]["id"] == place.id) else _OUTSIDE


def _parent(item: Json) -> str | None:
    return next(iter(item.get("parents") or ()), None)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None
