"""What lies in Google Drive: documents, sheets and slides that Google keeps, and files of all kinds.

A document is known by Drive's own id, which it keeps when it is renamed or moved, also to another drive.
In shared drives readers are the members of the drive, and those whom folders and files name besides; in one's
own drive each file says for itself who may read it. Who is in a group is looked up in Google's directory.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches

from pydantic import PrivateAttr, field_validator

from config.errors import ConfigError, DocumentError
from ingest import connectors
from ingest.connectors._gdrive import FOLDER, Drive, Place
from ingest.connectors._gdrive_account import MEMBERS, Json, Key, RefusedError, Tokens, explained
from ingest.connectors._gdrive_changes import Told, decode, encode
from ingest.connectors._gdrive_look import EXPORTS, Look, file_name, media_type, people_in
from ingest.connectors._rules import Rules
from ingest.documents import Changes, Content, Entry, Group, Listed

_MY, _ALL = "my", "all"
_DECIDING = {"subject", "api_url", "drives", "folders", "include", "exclude"}
# https://developers.google.com/workspace/drive/api/guides/handle-errors
_OF_ONE_FILE = frozenset(
    {"cannotDownloadFile", "cannotDownloadAbusiveFile", "cannotExportFile", "downloadQuotaExceeded"}
    | {"fileNotDownloadable", "fileNotExportable", "forbidden", "insufficientFilePermissions"}
)


class Connector(connectors.Connector):
    """Files of Google Drive. `include` and `exclude` are about paths as people see them: the drive, its
    folders and the file's name, as `My Drive/Plans/*` or `Handbook/Archive/`."""

    about = connectors.About(
        system="Google Drive",
        example="{name: drive, type: gdrive, credentials: ./service-account.json, subject: admin@example.com,"
        " drives: [all]}",
        rights="A service account with a key, in a Cloud project where the Google Drive API is enabled. That"
        " it may act as a person (`subject`), the domain's administrator delegates to its client id the"
        " scopes `https://www.googleapis.com/auth/drive.readonly` and, where groups may read,"
        " `https://www.googleapis.com/auth/admin.directory.group.member.readonly` (with the Admin SDK API"
        " enabled too). Whoever may read at Google may read here; a link opens nothing here that cannot be"
        " found by search.",
        limits=(
            "Read are the drives that `subject` is a member of, its own, and what others share with it; not a"
            " folder of a shared drive that it is no member of.",
            "Google tells who may read a file only to those who may share it: what others share with"
            " `subject` to read is read by nobody here. The option `readers` opens none of it.",
            "Forms, maps, sites, shortcuts, pictures, sound and film are left out; what a shortcut leads to"
            " is read at its own place. Google gives out no document that is larger than 10 MB as a file.",
            "Who is let into a folder of one's own drive is seen when readers are looked up the next time.",
        ),
        proven="an imitation whose requests and answers are checked against Google's own description of its"
        " interfaces",
    )
    knows_readers = True

    credentials: connectors.Place
    """The key of a service account, a JSON file. A relative path starts at the configuration file's
    folder."""
    subject: str | None = None
    """The address of the person whom the service account acts as, by domain-wide delegation. Not set: itself,
    who sees what is shared with its own address."""
    drives: tuple[str, ...] = (_ALL,)
    """What is read: `my` (the subject's own drive, and what is shared with it), `all` (that, and every shared
    drive that it is a member of), or names or ids of shared drives."""
    folders: tuple[str, ...] = ()
    """Only what lies in these folders, by their ids, at any depth. Not set: all."""
    api_url: str = "https://www.googleapis.com/"
    """Where Google's interface is."""
    directory_url: str = "https://admin.googleapis.com/"
    """Where the interface of its directory is, which knows the members of groups."""

    _opened: Drive | None = PrivateAttr(default=None)
    _look: Look | None = PrivateAttr(default=None)
    """The last one; its groups are those of what was listed up to `_marked`."""
    _marked: str | None = PrivateAttr(default=None)
    _closed_groups: set[str] = PrivateAttr(default_factory=set)

    @field_validator("drives")
    @classmethod
    def _check_drives(cls, drives: tuple[str, ...]) -> tuple[str, ...]:
        if not drives or not all(drives):
            raise ValueError("has to name one at least: `my`, `all`, or shared drives")
        return tuple(dict.fromkeys(drives))

    def scan(self) -> Iterator[Listed]:
        """List every document that is not in the bin, with the folders it lies in. See the port."""
        with self._listing():
            look = self._new_look()
            for place in self._places():
                look.learn(self._drive.items(place, folders=True))
                for item in self._drive.items(place, folders=False):
                    yield from look.document(place, item)
        self._look = look

    def fetch(self, entry: Entry) -> Content:
        """The file as it is now, or as Google gives it out. See the port for what is raised."""
        try:
            item = self._drive.file(entry.id)
            data = self._body(entry, item) if item and not item.get("trashed") else b""
        except RefusedError as error:
            raise self._about_document(entry, error) from error
        if item is None or item.get("trashed"):
            raise DocumentError(f"{entry.title} is gone from Google Drive")
        if data is None:
            raise self.too_large(entry)
        return Content(data, file_name(item), media_type(item))

    def groups(self) -> Iterator[Group]:
        """See the port. A group whose members Google does not tell has none."""
        look = self._last_look()
        self._closed_groups.clear()
        with self._listing():
            for address, title in sorted(look.groups.items()):
                members = self._drive.members(address)
                if members is None:
                    self._closed_groups.add(address)
                yield Group(self.group(address), title, people_in(address, members or []))

    def part_of(self, entry: Entry) -> str | None:
        """The drive that it is in."""
        return self._look.parts.get(entry.id) if self._look else None

    def cursor(self) -> str:
        """See the port: a mark in the log of each drive."""
        with self._listing():
            marks = {_key(place): self._drive.start(place) for place in self._places()}
        self._look, self._marked = None, encode(self._reading, marks)
        return self._marked

    def changes(self, cursor: str) -> Changes | None:
        """See the port. All is listed anew where a drive is new, or the options are others."""
        marks = decode(cursor, self._reading)
        with self._listing():
            places = {_key(place): place for place in self._places()}
            if marks is None or places.keys() - marks.keys() or _MY in marks.keys() - places.keys():
                return None
            told = Told({place.id for place in places.values() if place.shared})
            told.gone |= marks.keys() - places.keys()
            for key, place in places.items():
                found = self._drive.changes(place, marks[key])
                if found is None:
                    return None
                events, marks[key] = found
                told.hear(place, events)
            if told.drives and (self.include or self.exclude):
                return None  # with another name of the drive, every path in it is another
            look = self._new_look()
            listed = list(told.listed(look, self._drive))
        after = encode(self._reading, {key: marks[key] for key in places})
        self._follow(look, cursor, after)
        return Changes(listed, frozenset(told.gone - {one.id for one in listed}), after)

    def preflight(self) -> Iterator[str]:
        """See the port."""
        look = self._last_look()
        list(self.groups())
        if self._closed_groups:
            some = ", ".join(sorted(self._closed_groups)[:5])
            yield (
                f"Google does not tell who is in {len(self._closed_groups):,} of the groups that may read"
                f" ({some}), so nobody reads by way of these: delegate the scope {MEMBERS} to the account of"
                " `credentials`, enable the Admin SDK API, and let `subject` be somebody who may see groups"
            )
        if look.untold:
            yield (
                f"Google does not tell `subject` who may read {len(look.untold):,} files, folders or drives,"
                " so nobody may: let it be somebody who may share them"
            )
        if look.by_link:
            yield (
                f"{len(look.by_link):,} files, folders or drives are open to whoever has a link, which opens"
                " nothing here: share them with a group, or let them be found by search"
            )

    def ignored(self, entry_id: str) -> str | None:
        """See the port, but for paths as `Handbook/Plans/2024.pdf`: what was listed under an id was left out
        by no rule."""
        return self._rules[0].ignored(entry_id) if "/" in entry_id else None

    # What is asked

    @property
    def _drive(self) -> Drive:
        if self._opened is None:
            tokens = Tokens(self.name, Key.read(self.name, self.credentials), self.subject)
            self._opened = Drive(self.name, tokens, self.api_url, self.directory_url)
        return self._opened

    @property
    def _rules(self) -> tuple[Rules, Rules]:
        return (
            Rules(self.include, self.exclude, defaults=True),
            Rules(self.include, self.exclude, defaults=False),
        )

    @contextmanager
    def _listing(self) -> Iterator[None]:
        """What may go wrong with all of it, as the port's errors."""
        try:
            yield
        except RefusedError as error:
            raise explained(self.name, error) from error
        except DocumentError as error:
            raise ConfigError(f"{error}; look at `api_url`") from error

    def _places(self) -> list[Place]:
        """The drives that are to be read. Raises `ConfigError` for one that is not there."""
        found = [self._drive.my_drive()] if {_MY, _ALL} & set(self.drives) else []
        if set(self.drives) == {_MY}:
            return found
        shared = self._drive.shared_drives()
        for wanted in self.drives:
            if wanted not in {_MY, _ALL} and not any(wanted in {one.id, one.title} for one in shared):
                nearest = get_close_matches(wanted, [one.title for one in shared], n=1)
                hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
                raise ConfigError(
                    f"source {self.name}: drives: {self.subject or 'the service account'} is a member of no"
                    f" shared drive {wanted!r}{hint}"
                )
        return found + [one for one in shared if {_ALL, one.id, one.title} & set(self.drives)]

    def _new_look(self) -> Look:
        for folder in self.folders:
            item = self._drive.file(folder)
            if item is None or item.get("mimeType") != FOLDER:
                raise ConfigError(f"source {self.name}: folders: there is no folder with the id {folder!r}")
        return Look(
            self._drive,
            self._rules,
            frozenset(self.folders),
            lambda account: f"user:{self.name}/{account}",
            self.group,
        )

    def _body(self, entry: Entry, item: Json) -> bytes | None:
        if (item.get("capabilities") or {}).get("canDownload") is False:
            raise DocumentError(f"{entry.title} may not be read: its owner lets nobody download it")
        if int(item.get("size") or 0) > self.max_bytes and item.get("mimeType") not in EXPORTS:
            return None
        try:
            if item.get("mimeType") in EXPORTS:
                return self._drive.exported(entry.id, media_type(item), self.max_bytes)
            return self._drive.body(entry.id, self.max_bytes)
        except DocumentError as error:
            raise DocumentError(f"{entry.title} is gone from Google Drive") from error

    def _about_document(self, entry: Entry, error: RefusedError) -> Exception:
        if error.reason == "exportSizeLimitExceeded":
            return DocumentError(f"{entry.title} is larger than the 10 MB that Google gives out as a file")
        if error.status == 403 and error.reason in _OF_ONE_FILE:
            return DocumentError(f"{entry.title} may not be read: {error}")
        return explained(self.name, error)

    @property
    def _reading(self) -> str:
        """What stands for the options that decide what is listed."""
        options = self.model_dump(mode="json", include=_DECIDING)
        return hashlib.sha256(json.dumps(options, sort_keys=True).encode()).hexdigest()[:16]

    def _follow(self, look: Look, cursor: str, after: str) -> None:
        """Keep the groups that all of it names: those of what changed, and those of what was listed before,
        if it was this one that listed it, up to the `cursor`."""
        before = self._look if self._marked == cursor else None
        if before is not None:
            look.groups = before.groups | look.groups
            look.parts = before.parts | look.parts
            look.untold |= before.untold
            look.by_link |= before.by_link
        self._look, self._marked = (look if before else None), after

    def _last_look(self) -> Look:
        if self._look is None:
            for _ in self.permissions():
                pass
        if self._look is None:
            raise AssertionError("a scan that ends keeps its look")
        return self._look


def _key(place: Place) -> str:
    """What stands for a drive in a cursor."""
    return place.id if place.shared else _MY
