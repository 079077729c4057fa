"""What Google Drive is asked, and what it says: https://developers.google.com/workspace/drive/api/reference/rest/v3,
and who is in a group: https://developers.google.com/workspace/admin/directory/reference/rest/v1/members/list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from config.errors import ConfigError, DocumentError, UnavailableError
from ingest.connectors._gdrive_account import DRIVE, MEMBERS, Google, Json, RefusedError, Tokens, quoted

T = TypeVar("T")
FOLDER = "application/vnd.google-apps.folder"
_PERMISSION = (
    "id,type,role,emailAddress,domain,displayName,allowFileDiscovery,deleted,expirationTime,view,"
    "permissionDetails(inherited)"
)
_FILE = (
    "id,name,mimeType,md5Checksum,headRevisionId,version,modifiedTime,parents,driveId,webViewLink,trashed,size,"
    "lastModifyingUser(displayName),hasAugmentedPermissions,inheritedPermissionsDisabled,"
    f"permissions({_PERMISSION})"
)
_ALL_DRIVES = {"supportsAllDrives": True, "includeItemsFromAllDrives": True}
_AT_ONCE = 20
"""Folders that one search is about."""
_UNSEEN = frozenset({"insufficientFilePermissions", "forbidden", "teamDriveMembershipRequired"})
"""Reasons of a refusal to tell who may read one thing, as whoever may only read it is given."""


@dataclass(frozen=True, slots=True)
class Place:
    """A drive that is read."""

    id: str
    """Of the folder that all lies in, which for a shared drive is the drive's own."""
    title: str
    shared: bool


class Drive:
    """Google Drive, as one account sees it. Thread-safe."""

    def __init__(self, source: str, tokens: Tokens, url: str, directory_url: str) -> None:
        """Raises `ConfigError` for an address that is none."""
        self._source = source
        self._google = Google(source, url, "api_url", tokens, DRIVE)
        self._directory = Google(source, directory_url, "directory_url", tokens, MEMBERS)

    def my_drive(self) -> Place:
        """The account's own drive."""
        said = self._google.json("drive/v3/files/root", {"fields": "id,name"})
        return Place(self._part(said, "id", str), said.get("name") or "My Drive", shared=False)

    def shared_drives(self) -> list[Place]:
        """The shared drives that the account is a member of."""
        wanted = {"pageSize": 100, "fields": "nextPageToken,drives(id,name)"}
        found = [
            Place(one["id"], one["name"], shared=True)
            for page in self._google.pages("drive/v3/drives", wanted)
            for one in self._part(page, "drives", list)
        ]
        return sorted(found, key=lambda place: place.id)

    def items(self, place: Place, *, folders: bool) -> Iterator[Json]:
        """All folders of a drive, or all that are none, and not what is in the bin."""
        return self._search(place, f"mimeType {'=' if folders else '!='} '{FOLDER}'")

    def children(self, place: Place, folders: Iterable[str]) -> Iterator[Json]:
        """What lies right in some folders, and is not in the bin."""
        left = iter(folders)
        while some := list(islice(left, _AT_ONCE)):
            yield from self._search(place, f"({' or '.join(f'{_literal(one)} in parents' for one in some)})")

    def file(self, file: str) -> Json | None:
        """A file or folder, also from the bin; None where there is none that the account sees."""
        try:
            wanted = {"supportsAllDrives": True, "fields": f"{_FILE},capabilities(canDownload)"}
            return self._google.json(f"drive/v3/files/{quoted(file)}", wanted)
        except DocumentError:
            return None

    def permissions(self, file: str) -> list[Json] | None:
        """Who may do what with a file, a folder or a shared drive; None where the account is not told."""
        wanted = {
            "supportsAllDrives": True,
            "pageSize": 100,
            "fields": f"nextPageToken,permissions({_PERMISSION})",
        }
        try:
            pages = list(self._google.pages(f"drive/v3/files/{quoted(file)}/permissions", wanted))
        except DocumentError:
            return None  # gone meanwhile, which the next listing tells
        except RefusedError as error:
            if error.status == 403 and error.reason in _UNSEEN:
                return None
            raise
        return [one for page in pages for one in self._part(page, "permissions", list)]

    def start(self, place: Place) -> str:
        """Where the log of a drive's changes is now."""
        wanted = {"supportsAllDrives": True, "fields": "startPageToken", **_drive(place)}
        said = self._google.json("drive/v3/changes/startPageToken", wanted)
        return self._part(said, "startPageToken", str)

    def changes(self, place: Place, token: str) -> tuple[list[Json], str] | None:
        """What happened in a drive since, oldest first, and where its log is now; None where Drive does not
        know that any more. The log of the account's own drive tells of others as well."""
        wanted = {
            "pageToken": token,
            "pageSize": 1000,
            "includeRemoved": True,
            "fields": "nextPageToken,newStartPageToken,"
            f"changes(changeType,removed,fileId,driveId,file({_FILE}))",
            **_ALL_DRIVES,
            **_drive(place),
        }
        found: list[Json] = []
        further = ""
        try:
            for page in self._google.pages("drive/v3/changes", wanted):
                found += self._part(page, "changes", list)
                further = page.get("newStartPageToken") or ""
        except DocumentError:
            return None
        except RefusedError as error:
            # A token does not expire, they say; one that is not accepted is `invalid`, a bad request.
            if error.status in {400, 410}:
                return None
            raise
        if not further:
            raise UnavailableError(f"source {self._source}: the log of {place.title} ended without a mark")
        return found, further

    def body(self, file: str, limit: int) -> bytes | None:
        """A file's bytes, or None where there are more than `limit`. Raises `RefusedError`, and
        `DocumentError` where it is gone."""
        wanted = {"alt": "media", "supportsAllDrives": True}
        return self._google.download(f"drive/v3/files/{quoted(file)}", limit, wanted)

    def exported(self, file: str, media_type: str, limit: int) -> bytes | None:
        """A document that Google keeps, as a file. Raises as `body`."""
        wanted = {"mimeType": media_type}
        return self._google.download(f"drive/v3/files/{quoted(file)}/export", limit, wanted)

    def members(self, group: str) -> list[Json] | None:
        """Who is in a group, by way of groups in it as well; None where the account is not told."""
        path = f"admin/directory/v1/groups/{quoted(group)}/members"
        wanted = {
            "includeDerivedMembership": True,
            "maxResults": 200,
            "fields": "nextPageToken,members(id,email,type,status)",
        }
        try:
            pages = list(self._directory.pages(path, wanted))
        except (DocumentError, RefusedError):
            return None
        # Of a group without members there is no list.
        return [one for page in pages for one in page.get("members", ())]

    def _search(self, place: Place, query: str) -> Iterator[Json]:
        """Raises `UnavailableError` where Drive has not looked everywhere."""
        wanted = {
            "q": f"trashed = false and {query}",
            "pageSize": 1000,
            "corpora": "drive" if place.shared else "user",
            "fields": f"nextPageToken,incompleteSearch,files({_FILE})",
            "supportsAllDrives": True,
            "includeItemsFromAllDrives": place.shared,
            **_drive(place),
        }
        for page in self._google.pages("drive/v3/files", wanted):
            if page.get("incompleteSearch"):
                raise UnavailableError(
                    f"source {self._source}: Google has not searched all of {place.title}; the next sync will"
                )
            yield from self._part(page, "files", list)

    def _part(self, said: Json, name: str, kind: type[T]) -> T:
        found = said.get(name)
        if not isinstance(found, kind):
            raise ConfigError(
                f"source {self._source}: what answers has no {name} and is no Google Drive; look at `api_url`"
            )
        return found


def _drive(place: Place) -> Json:
    return {"driveId": place.id} if place.shared else {}


def _literal(text: str) -> str:
    """https://developers.google.com/workspace/drive/api/guides/search-files#query_string_examples"""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
