"""An imitation of Google Drive with its directory of groups and its door, which lets in service accounts.

It keeps state, and answers nothing that Google's own description does not know. Who may read is worked out by
`Drive.may_read`, from the permissions that it keeps, apart from all that the connector does.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.ingest.connectors.fake_gdrive_discovery import Json, WrongError, described
from tests.ingest.connectors.web import Asked, Said, Web

FOLDER = "application/vnd.google-apps.folder"
DRIVE = "https://www.googleapis.com/auth/drive.readonly"
MEMBERS = "https://www.googleapis.com/auth/admin.directory.group.member.readonly"
ACCOUNT, SUBJECT = "sabio@project.iam.gserviceaccount.com", "admin@example.com"
_AUDIENCE = "https://oauth2.googleapis.com/token"
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_READING = {"owner", "organizer", "fileOrganizer", "writer", "commenter", "reader"}
_SHARING = {"owner", "organizer", "fileOrganizer", "writer"}


@lru_cache
def key_pair() -> tuple[str, Any]:
    """A private key as a file holds it, and the public one; made once, as it is slow."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    kinds = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(*kinds).decode(), key.public_key()


@dataclass
class Item:
    """A file or folder, or the folder that is a whole drive."""

    id: str
    name: str
    mime: str
    parent: str | None
    data: bytes = b""
    permissions: list[Json] = field(default_factory=list)
    limited: bool = False
    trashed: bool = False
    modified: int = 0
    version: int = 1
    no_download: bool = False
    more: Json = field(default_factory=dict)


class RefusedError(Exception):
    """An answer that is none."""

    def __init__(self, status: int, reason: str, words: str = "No.", **more: str) -> None:
        super().__init__(words)
        error = {"domain": "global", "reason": reason, "message": words, **more}
        self.said = Said(
            status, json.dumps({"error": {"code": status, "message": words, "errors": [error]}}).encode()
        )


class Drive:
    """What is there. Ids are as long and as dull as Google's own."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self.items: dict[str, Item] = {}
        self.groups: dict[str, set[str]] = {}
        self.log: list[tuple[int, str, str, bool]] = []
        """Number, the log's drive or `my`, file, and whether the entry is about a drive."""
        self.number = 100
        self.forgotten = 0
        self.my = self._make("My Drive", FOLDER, None, id_="0ADmyDriveRootFolder").id
        self.items[self.my].permissions = [_permission("user", SUBJECT, "owner")]
        self.drives: list[str] = []

    # Changing it

    def make_drive(self, name: str) -> str:
        drive = self._make(name, FOLDER, None, id_=f"0AD{next(self._numbers):016d}")
        drive.permissions = [_permission("user", SUBJECT, "organizer")]
        self.drives.append(drive.id)
        self.tell(drive.id)
        return drive.id

    def make(self, name: str, parent: str, data: bytes = b"", mime: str = "", **more: Any) -> str:
        item = self._make(name, mime or "text/plain", parent, data, **more)
        self.tell(item.id)
        return item.id

    def _make(self, name: str, mime: str, parent: str | None, data: bytes = b"", **more: Any) -> Item:
        number = next(self._numbers)
        id_ = more.pop("id_", f"1{hashlib.md5(b'%d' % number).hexdigest()}")
        self.items[id_] = Item(id_, name, mime, parent, data, modified=number, more=more)
        return self.items[id_]

    def touch(self, file: str, **values: Any) -> None:
        """Give an item other values."""
        was = self._log_of(file)
        item = self.items[file]
        for name, value in values.items():
            assert hasattr(item, name)
            setattr(item, name, value)
        if "data" in values and item.mime.startswith("application/vnd.google-apps."):
            item.modified = next(self._numbers)  # an upload keeps the time that its file had elsewhere
        self.tell(file, was)

    def share(self, file: str, permission: Json) -> None:
        """Let somebody in; in place of the same grantee's permission."""
        kept = [one for one in self.items[file].permissions if one["id"] != permission["id"]]
        self.touch(file, permissions=[*kept, permission])

    def unshare(self, file: str, grantee: str) -> None:
        self.touch(file, permissions=[one for one in self.items[file].permissions if one["id"] != grantee])

    def drop(self, file: str) -> None:
        """Delete for ever, with all that lies in it, of which no log tells."""
        self.tell(file)
        waiting = [file]
        while waiting:
            gone = waiting.pop()
            waiting += [one.id for one in self.items.values() if one.parent == gone]
            del self.items[gone]

    def tell(self, file: str, *also: str) -> None:
        """Write into the log of the drive that it is in, and those where it was: what is done, and not what
        follows of it for others. There is one entry for a thing in each log, the last."""
        self.items[file].version += 1
        for log in sorted({self._log_of(file), *also, *(["my"] if file in self.drives else [])}):
            self.number += 1
            self.log = [one for one in self.log if one[1:3] != (log, file)]
            self.log.append((self.number, log, file, file in self.drives))

    def _log_of(self, file: str) -> str:
        return self.drive_of(file) or "my"

    # Looking at it

    def above(self, file: str) -> Iterator[Item]:
        """A thing, and what it lies in, up to the drive."""
        here: str | None = file
        while here is not None:
            yield self.items[here]
            here = self.items[here].parent

    def drive_of(self, file: str) -> str | None:
        """The shared drive that it is in."""
        [*_, top] = self.above(file)
        return top.id if top.id in self.drives else None

    def path(self, file: str) -> str:
        return "/".join(reversed([one.name for one in self.above(file)]))

    def is_trashed(self, file: str) -> bool:
        return any(one.trashed for one in self.above(file))

    def people_in(self, group: str) -> set[str]:
        """Who is in a group, by way of groups in it as well; groups among them."""
        found: set[str] = set()
        waiting = [group]
        while waiting:
            more = self.groups.get(waiting.pop(), set()) - found
            found |= more
            waiting += more
        return found

    def granted(self, file: str) -> Iterator[tuple[Json, bool]]:
        """The permissions that count for a thing, and whether each is inherited."""
        closed = False
        for step, one in enumerate(self.above(file)):
            for permission in one.permissions:
                if not closed or permission["role"] == "organizer" or permission["role"] == "owner":
                    yield permission, step > 0
            closed = closed or one.limited

    def may_read(self, person: str, file: str) -> bool:
        """Whether Drive would let a person find and read it."""
        return any(self._lets(permission, person) for permission, _ in self.granted(file))

    def _lets(self, permission: Json, person: str) -> bool:
        if permission["role"] not in _READING or permission.get("view") or permission.get("deleted"):
            return False
        ends = permission.get("expirationTime")
        if ends and datetime.fromisoformat(ends) <= datetime.now(UTC):
            return False
        who = (permission.get("emailAddress") or "").lower()
        return {
            "user": lambda: who == person,
            "group": lambda: person in self.people_in(who),
            "domain": lambda: (
                permission["allowFileDiscovery"] and person.endswith(f"@{permission['domain']}")
            ),
            "anyone": lambda: permission["allowFileDiscovery"],
        }[permission["type"]]()

    def role(self, account: str, file: str) -> set[str]:
        return {one["role"] for one, _ in self.granted(file) if self._lets(one, account)}


class FakeGoogle:
    """Drive, the directory and the door at one address on loopback; `pages` is how much a page holds."""

    def __init__(self, drive: Drive, pages: int = 2) -> None:
        self.drive, self.pages = drive, pages
        self.web = Web()
        self.web.answer = self.answer
        self.delegated = {DRIVE, MEMBERS}
        self.revoked = False
        self.hidden_groups: set[str] = set()
        self.incomplete = False
        self.export_limit = 10_000_000
        self.life = 3600.0
        self.lost_status = 400
        self.tells_of_others = True
        """Whether one's own log shows what went to a shared drive, and not only that it went."""
        self.tokens: dict[str, tuple[str, str, float]] = {}
        self.granted: list[Json] = []
        """What was signed for each token."""

    def answer(self, asked: Asked) -> Said:
        parts = urlsplit(asked.path)
        try:
            if parts.path == "/token":
                return self._grant(asked)
            return self._ask(asked, parts.path, parts.query)
        except RefusedError as error:
            return error.said
        except WrongError as error:
            return RefusedError(400, "badRequest", str(error)).said

    def _grant(self, asked: Asked) -> Said:
        form = dict(parse_qsl(asked.body.decode()))
        try:
            assert asked.method == "POST"
            assert form["grant_type"] == _GRANT
            claims = jwt.decode(form["assertion"], key_pair()[1], algorithms=["RS256"], audience=_AUDIENCE)
            assert claims["iss"] == ACCOUNT
            assert jwt.get_unverified_header(form["assertion"])["kid"] == "key-1"
            assert claims["exp"] - claims["iat"] <= 3600
        except (jwt.PyJWTError, KeyError, AssertionError) as error:
            return _oauth("invalid_request", f"{error!r}")
        if self.revoked:
            return _oauth("invalid_grant", "Invalid JWT Signature.")
        if not set(claims["scope"].split()) <= self.delegated:
            return _oauth("unauthorized_client", "Client is unauthorized for any of the scopes requested.")
        self.granted.append(claims)
        token = f"ya29.{len(self.granted)}-{id(self)}"
        account = claims.get("sub", ACCOUNT)
        self.tokens[token] = account, claims["scope"], time.monotonic() + self.life
        said = {"access_token": token, "expires_in": 3600, "token_type": "Bearer"}
        return Said(200, json.dumps(said).encode())

    def _ask(self, asked: Asked, path: str, query: str) -> Said:
        directory = path.startswith("/admin/")
        api = described("admin.directory_v1" if directory else "drive.v3")
        account = self._account(asked, MEMBERS if directory else DRIVE)
        found = api.method(asked.method, path)
        if found is None:
            return Said(404, b"<p>Not Found")
        name, parts, method = found
        values = api.check(method, dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))))
        mask = values.pop("fields", None)
        asked_for = {key: unquote(value) for key, value in parts.items()} | values
        answer: Callable[..., Json | bytes] = getattr(self, "_" + name.replace(".", "_"))
        said = answer(account, **asked_for)
        if isinstance(said, bytes):
            return Said(200, said, {"Content-Type": "application/octet-stream"})
        body = json.dumps(api.reply(method, said, mask)).encode()
        return Said(200, body, {"Content-Type": "application/json; charset=UTF-8"})

    def _account(self, asked: Asked, scope: str) -> str:
        token = asked.headers.get("Authorization", "").removeprefix("Bearer ")
        account, scopes, until = self.tokens.get(token, ("", "", 0.0))
        if self.revoked or time.monotonic() > until:
            raise RefusedError(401, "authError", "Invalid Credentials")
        if scope not in scopes.split():
            raise RefusedError(403, "insufficientPermissions", "Insufficient Permission")
        return account

    # Drive

    def _drive_files_list(self, account: str, **given: Any) -> Json:
        corpora, drive = given.get("corpora", "user"), given.get("driveId")
        if (corpora == "drive") is not (drive is not None) or corpora not in {"user", "drive"}:
            raise RefusedError(400, "invalid", "corpora and driveId go together")
        if drive and not (given.get("includeItemsFromAllDrives") and given.get("supportsAllDrives")):
            raise RefusedError(403, "teamDrivesParameterRequired")
        if drive and not self._sees(account, drive):
            raise RefusedError(404, "notFound", f"Shared drive not found: {drive}")
        wanted = _query(given.get("q", ""))
        found = [
            self._file(account, one)
            for one in self.drive.items.values()
            if self.drive.drive_of(one.id) == drive
            and one.id not in {drive, self.drive.my}
            and self._sees(account, one.id)
            and wanted(one, self.drive)
        ]
        page, more = self._page(found, given, most=1000)
        return {"files": page, "incompleteSearch": self.incomplete, **more}

    def _drive_files_get(self, account: str, fileId: str, **given: Any) -> Json | bytes:
        if fileId == "root" and account != SUBJECT:
            return {"id": "0AServiceAccountRoot", "name": "My Drive"}
        item = self._item(account, self.drive.my if fileId == "root" else fileId, given)
        if given.get("alt") != "media":
            return self._file(account, item)
        if item.mime.startswith("application/vnd.google-apps."):
            raise RefusedError(
                403, "fileNotDownloadable", "Only files with binary content can be downloaded."
            )
        if item.no_download:
            raise RefusedError(403, "cannotDownloadFile", "This file cannot be downloaded by the user.")
        return item.data

    def _drive_files_export(self, account: str, fileId: str, mimeType: str) -> bytes:
        item = self._item(account, fileId, {"supportsAllDrives": True})
        known = item.mime.startswith("application/vnd.google-apps.") and item.mime != FOLDER
        if not known or (item.mime.endswith(".document") and mimeType != "text/markdown"):
            raise RefusedError(403, "fileNotExportable", "Export only supports Docs Editors files.")
        if len(item.data) > self.export_limit:
            raise RefusedError(403, "exportSizeLimitExceeded", "This file is too large to be exported.")
        return item.data

    def _drive_permissions_list(self, account: str, fileId: str, **given: Any) -> Json:
        item = self._item(account, fileId, given)
        if not self.drive.role(account, item.id) & _SHARING:
            raise RefusedError(
                403, "insufficientFilePermissions", "The user does not have sufficient rights."
            )
        shared = self.drive.drive_of(item.id) is not None
        page, more = self._page(self._permissions(item, shared=shared), given, most=100)
        return {"permissions": page, **more}

    def _drive_drives_list(self, account: str, **given: Any) -> Json:
        seen = [one for one in self.drive.drives if self._sees(account, one)]
        found = [{"kind": "drive#drive", "id": one, "name": self.drive.items[one].name} for one in seen]
        page, more = self._page(found, given, most=100)
        return {"drives": page, **more}

    def _drive_changes_getStartPageToken(self, account: str, **given: Any) -> Json:
        self._log(account, given)
        return {"startPageToken": str(self.drive.number + 1)}

    def _drive_changes_list(self, account: str, pageToken: str, **given: Any) -> Json:
        log = self._log(account, given)
        if not pageToken.isdecimal() or int(pageToken) <= self.drive.forgotten:
            where = {"locationType": "parameter", "location": "pageToken"}
            raise RefusedError(self.lost_status, "invalid", "Invalid Value", **where)
        found = [one for one in self.drive.log if one[1] == log and one[0] >= int(pageToken)]
        size = min(self.pages, given.get("pageSize", 100))
        page, left = found[:size], found[size:]
        more = (
            {"nextPageToken": str(left[0][0])} if left else {"newStartPageToken": str(self.drive.number + 1)}
        )
        return {"changes": [self._change(account, log, *one[2:]) for one in page], **more}

    def _log(self, account: str, given: Json) -> str:
        drive = given.get("driveId")
        if not drive:
            return "my"
        if not given.get("supportsAllDrives"):
            raise RefusedError(403, "teamDrivesParameterRequired")
        if not self._sees(account, drive):
            raise RefusedError(404, "notFound", f"Shared drive not found: {drive}")
        return str(drive)

    def _change(self, account: str, log: str, file: str, about_drive: bool) -> Json:
        if about_drive:
            return {"changeType": "drive", "driveId": file, "removed": False}
        item = self.drive.items.get(file)
        here = item is not None and self._sees(account, file)
        elsewhere = (log if log != "my" else None) != (self.drive.drive_of(file) if item else None)
        if item is None or not here or (elsewhere and (log != "my" or not self.tells_of_others)):
            return {"changeType": "file", "fileId": file, "removed": True}
        return {"changeType": "file", "fileId": file, "removed": False, "file": self._file(account, item)}

    def _directory_members_list(self, account: str, groupKey: str, **given: Any) -> Json:
        if groupKey not in self.drive.groups:
            raise RefusedError(404, "notFound", f"Resource Not Found: {groupKey}")
        if groupKey in self.hidden_groups:
            raise RefusedError(403, "forbidden", "Not Authorized to access this resource/api")
        deep = given.get("includeDerivedMembership")
        people = sorted(self.drive.people_in(groupKey) if deep else self.drive.groups[groupKey])
        found = [self._member(one) for one in people]
        page, more = self._page(found, {**given, "pageSize": given.get("maxResults", 200)}, most=200)
        return {**({"members": page} if page else {}), **more}  # there is no list of none

    def _member(self, one: str) -> Json:
        if "@" not in one:
            return {"id": one, "type": "CUSTOMER", "role": "MEMBER"}
        kind = "GROUP" if one in self.drive.groups else "USER"
        return {"id": f"id-{one}", "email": one.title(), "type": kind, "role": "MEMBER", "status": "ACTIVE"}

    # Parts of replies

    def _sees(self, account: str, file: str) -> bool:
        return bool(self.drive.role(account, file))

    def _item(self, account: str, file: str, given: Json) -> Item:
        shared = file in self.drive.items and self.drive.drive_of(file)
        if (
            file not in self.drive.items
            or not self._sees(account, file)
            or (shared and not given.get("supportsAllDrives"))
        ):
            raise RefusedError(404, "notFound", f"File not found: {file}.")
        return self.drive.items[file]

    def _page(self, found: list[Json], given: Json, most: int) -> tuple[list[Json], Json]:
        start = int(given.get("pageToken", "page-0").removeprefix("page-"))
        end = start + min(self.pages, given.get("pageSize", most))
        return found[start:end], {"nextPageToken": f"page-{end}"} if end < len(found) else {}

    def _permissions(self, item: Item, *, shared: bool) -> list[Json]:
        """One for each grantee, with where it comes from; in a limited folder also those who see its name."""
        found: dict[str, Json] = {}
        for permission, inherited in self.drive.granted(item.id):
            before = found.get(permission["id"], {})
            details = list(before.get("permissionDetails", ()))
            if shared:
                role = permission["role"]
                details.append({"inherited": inherited, "role": role, "permissionType": "file"})
            better = permission if not before or "expirationTime" in before else before
            found[permission["id"]] = {**better, **({"permissionDetails": details} if shared else {})}
        if item.limited and item.mime == FOLDER:
            detail = [{"inherited": True, "role": "reader", "permissionType": "file"}]
            for permission, _ in self.drive.granted(item.parent or ""):
                seen = {**permission, "role": "reader", "view": "metadata", "permissionDetails": detail}
                found.setdefault(permission["id"], seen)
        return list(found.values())

    def _file(self, account: str, item: Item) -> Json:
        """What Drive tells of an item: https://developers.google.com/workspace/drive/api/reference/rest/v3/files"""
        drive, googles = self.drive.drive_of(item.id), item.mime.startswith("application/vnd.google-apps.")
        said: Json = {
            "kind": "drive#file",
            "id": item.id,
            "name": item.name,
            "mimeType": item.mime,
            "version": str(item.version),
            "modifiedTime": (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=item.modified)).isoformat(
                timespec="milliseconds"
            ),
            "trashed": self.drive.is_trashed(item.id),
            "webViewLink": f"https://drive.google.com/file/d/{item.id}/view?usp=drivesdk",
            "lastModifyingUser": {"displayName": "Ana Ruiz", "emailAddress": "ana@acme.com"},
            "capabilities": {"canDownload": not item.no_download},
            **item.more,
        }
        if item.parent and self._sees(account, item.parent):
            said["parents"] = [item.parent]
        if not googles:
            said |= {"md5Checksum": hashlib.md5(item.data).hexdigest(), "size": str(len(item.data))}
        if item.limited and item.mime == FOLDER:
            said["inheritedPermissionsDisabled"] = True
        if drive:
            said |= {"driveId": drive, "hasAugmentedPermissions": bool(item.permissions)}
        elif self.drive.role(account, item.id) & _SHARING:
            said["permissions"] = self._permissions(item, shared=False)
        return said


def permission(kind: str, whom: str = "", role: str = "reader", **more: Any) -> Json:
    """A permission for a person, a group, a domain, or anyone."""
    return _permission(kind, whom, role, **more)


def _permission(kind: str, whom: str, role: str, **more: Any) -> Json:
    said: Json = {"id": whom or "anyoneWithLink", "type": kind, "role": role}
    if kind == "domain":
        said |= {"domain": whom, "allowFileDiscovery": False}
    elif kind == "anyone":
        said["allowFileDiscovery"] = False
    elif whom:
        said |= {"emailAddress": whom, "displayName": whom.partition("@")[0].title()}
    return said | more


def _oauth(error: str, words: str) -> Said:
    return Said(400, json.dumps({"error": error, "error_description": words}).encode())


def _query(text: str) -> Callable[[Item, Drive], bool]:
    """What `q` asks for: https://developers.google.com/workspace/drive/api/guides/ref-search-terms"""
    terms = [_term(one) for one in text.split(" and ")] if text else []
    return lambda item, drive: all(term(item, drive) for term in terms)


def _term(text: str) -> Callable[[Item, Drive], bool]:
    if text in {"trashed = false", "trashed = true"}:
        return lambda item, drive: drive.is_trashed(item.id) is (text == "trashed = true")
    if found := re.fullmatch(r"mimeType (=|!=) '([^']+)'", text):
        return lambda item, _: (item.mime == found[2]) is (found[1] == "=")
    parents = re.findall(r"'([^']+)' in parents", text)
    if parents and text == "(" + " or ".join(f"'{one}' in parents" for one in parents) + ")":
        return lambda item, _: item.parent in parents
    raise RefusedError(400, "invalid", f"Invalid Value: {text}")
