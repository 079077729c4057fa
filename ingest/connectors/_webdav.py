"""What a WebDAV server is asked, and what it says: https://www.rfc-editor.org/rfc/rfc4918."""

from __future__ import annotations

import re
import time
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_to_bytes, urljoin, urlsplit

from pydantic import SecretStr

from config.errors import ConfigError, DocumentError, UnavailableError
from ingest.connectors import _tree
from ingest.connectors._http import Home, Http, Reply

if TYPE_CHECKING:
    from lxml.etree import _Element

_LONGEST_LISTING = 64_000_000
"""Bytes that a server may say of one folder: some hundred thousand files."""
_SECOND = timedelta(seconds=1)
_NUMBER = re.compile("[0-9]{1,19}")
_DAV, _CLOUD = "{DAV:}", "{http://owncloud.org/ns}"
# Nextcloud's own: https://docs.nextcloud.com/server/latest/developer_manual/client_apis/WebDAV/basic.html
_ASKED = b"""<?xml version="1.0" encoding="utf-8"?>
<d:propfind xmlns:d="DAV:" xmlns:oc="http://owncloud.org/ns"><d:prop>
<d:resourcetype/><d:getetag/><d:getlastmodified/><d:getcontentlength/><oc:fileid/>
</d:prop></d:propfind>"""


@dataclass(frozen=True, slots=True)
class Resource:
    """What a server says of a file or folder."""

    path: str
    """Below the root, with no slash at its ends; bytes that are no UTF-8 as `_tree.encode_path` has them."""
    folder: bool = False
    tag: str | None = None
    """Its ETag, without quotes."""
    weak: bool = False
    """Whether the ETag need not change with every byte."""
    modified: datetime | None = None
    size: int | None = None
    number: str | None = None
    """Nextcloud's own, which it keeps when it is renamed."""
    status: int = 200
    """Where it is an error, that is all that the server says of it."""


class Dav:
    """A folder of a WebDAV server, and all below it. Thread-safe."""

    def __init__(self, source: str, url: str, user: str | None, password: SecretStr | None) -> None:
        self._source = source
        self._root = url if url.endswith("/") else f"{url}/"
        headers: dict[str, str] = {}
        secrets: tuple[str, ...] = ()
        if user is not None and password is not None:
            basic = b64encode(f"{user}:{password.get_secret_value()}".encode()).decode()
            headers, secrets = {"Authorization": f"Basic {basic}"}, (password.get_secret_value(), basic)
        self._http = Http(Home(source, self._root, headers=headers, secrets=secrets))
        self._clock: tuple[datetime, float] | None = None
        """A moment that had come for the server when our own clock said so many seconds."""

    def address(self, path: str) -> str:
        """Where a file is."""
        return self._root + quote(_tree.decode_path(path), safe="/")

    def members(self, path: str) -> list[Resource]:
        """What lies in a folder, by path. Raises `ConfigError` and `UnavailableError`."""
        where = f"{self.address(path)}/" if path else self._root
        root, above = self._names(self._root), self._names(where)
        found: dict[str, Resource] = {}
        for href, resource in self._listing(path, where):
            names = self._names(where, href)
            # The root is not left, and what lies deeper is listed in its turn.
            if names[: len(above)] != above or len(names) > len(above) + 1:
                raise self._wrong(f"it says that {href} lies in {_shown(where)}, which it does not")
            below = _tree.encode_path(b"/".join(names[len(root) :]))
            found[below] = replace(resource, path=below)
        if not found.pop(path, Resource("")).folder:
            raise self._wrong(f"it does not say that {_shown(where)} is a folder")
        return [found[below] for below in sorted(found)]

    def body(self, path: str, limit: int) -> bytes | None:
        """A file's bytes, or None where there are more than `limit`. Raises `DocumentError` where this one
        cannot be had, and else as `members`."""
        reply = self._asked("GET", self.address(path), limit)
        if reply.status < 300:
            return reply.body
        told = f"the server says {reply.status} {reply.reason}"
        if reply.status in {404, 410}:
            raise DocumentError(f"{path} is gone: {told}")
        raise DocumentError(f"{path} may not be read: {told}")

    def outlast(self, modified: datetime | None) -> None:
        """Let the server's clock move on from the second in which a file was changed before it is read.

        Two changes within one second leave the same times, and the same ETag where it is made of them, as
        nginx and WsgiDAV do. What is written after this returns has others, so that a change after the read
        is seen. Costs a second at most, for files changed just now.
        """
        if modified is None or datetime.now(UTC) - modified > timedelta(days=1):
            return  # no server's clock is that far behind ours
        if self._clock is None:
            self._asked("PROPFIND", self._root, _LONGEST_LISTING, depth=0)
        moment, then = self._clock or (datetime.now(UTC), time.monotonic())
        left = modified + _SECOND - moment - timedelta(seconds=time.monotonic() - then)
        if timedelta() < left <= 2 * _SECOND:  # else it was given a time by whoever wrote it
            time.sleep(left.total_seconds())

    def _listing(self, path: str, where: str) -> Iterator[tuple[str, Resource]]:
        reply = self._asked("PROPFIND", where, _LONGEST_LISTING, depth=1)
        told = f"{_shown(where)} is answered with {reply.status} {reply.reason}"
        if reply.status in {404, 410} and path:
            raise UnavailableError(f"source {self._source}: the folder {path} went away while it was listed")
        if reply.status == 403:
            instead = ", or name it in `exclude`" if path else ""
            raise ConfigError(
                f"source {self._source}: {told}; look at `user`: may they list that folder?{instead}"
            )
        if reply.status != 207:
            raise self._wrong(told)
        if reply.body is None:
            raise self._wrong(f"it says more than {_LONGEST_LISTING // 1_000_000} MB of {_shown(where)}")
        root = _read_xml(reply.body)
        if root is None:
            raise self._wrong(f"{_shown(where)} is answered with something else than a list of files")
        return (_read_resource(one) for one in root.iterchildren(f"{_DAV}response"))

    def _asked(self, method: str, url: str, limit: int, depth: int | None = None) -> Reply:
        said = {"headers": {"Depth": str(depth), "Content-Type": "application/xml"}, "content": _ASKED}
        reply = self._http.reply(url, limit, method=method, **({} if depth is None else said))
        moments = [moment for one in reply.headers.get_list("date") if (moment := _read_time(one))]
        self._clock = (min(moments, default=datetime.now(UTC)), time.monotonic())
        if reply.status == 401:
            ways = reply.headers.get("www-authenticate", "").lower()
            only = "; it asks for Digest, which Sabio does not speak, and not for Basic"
            raise ConfigError(
                f"source {self._source}: the server lets nobody in as `user` with `password`"
                f"{only if 'digest' in ways and 'basic' not in ways else ''}"
            )
        return reply

    def _names(self, url: str, href: str = "") -> list[bytes]:
        """The folders and the file that an address names, which `href` may tell beginning at another."""
        try:
            # Only the path counts: behind a proxy, a server may not know what its host is called.
            path = urlsplit(urljoin(url, href)).path.strip("/")
        except ValueError:
            path = ".."
        names = [unquote_to_bytes(name) for name in path.split("/")] if path else []
        if any(name in {b"", b".", b".."} or b"/" in name or b"\0" in name for name in names):
            raise self._wrong(f"{href or _shown(url)} is no address of a file")
        return names

    def _wrong(self, told: str) -> ConfigError:
        return ConfigError(
            f"source {self._source}: what answers at `url` is no WebDAV that can be followed: {told}"
        )


def _read_xml(body: bytes) -> _Element | None:
    """What a server says of resources; None where it is no such thing."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError:
        return None
    plain = not root.getroottree().docinfo.doctype
    return root if plain and root.tag == f"{_DAV}multistatus" else None


def _read_resource(said: _Element) -> tuple[str, Resource]:
    """The address of a resource as the server writes it, and what it says; the path is not known yet."""
    href = (said.findtext(f"{_DAV}href") or "").strip()
    status = _read_status(said)
    for part in said.iterchildren(f"{_DAV}propstat"):
        told = part.find(f"{_DAV}prop")
        if told is None or _read_status(part) != 200:
            continue

        def text(name: str, told: _Element = told) -> str | None:
            return (told.findtext(name) or "").strip() or None

        tag, size, number = text(f"{_DAV}getetag"), text(f"{_DAV}getcontentlength"), text(f"{_CLOUD}fileid")
        return href, Resource(
            "",
            told.find(f"{_DAV}resourcetype/{_DAV}collection") is not None,
            tag and tag.removeprefix("W/").strip('"'),
            tag is not None and tag.startswith("W/"),
            _read_time(text(f"{_DAV}getlastmodified") or ""),
            int(size) if size and _NUMBER.fullmatch(size) else None,
            number if number and _NUMBER.fullmatch(number) else None,
            status,
        )
    return href, Resource("", status=status)


def _read_status(said: _Element) -> int:
    """As of `HTTP/1.1 404 Not Found`; 200 where nothing is said."""
    words = (said.findtext(f"{_DAV}status") or "").split()
    return int(words[1]) if len(words) > 1 and _NUMBER.fullmatch(words[1]) else 200


def _read_time(said: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(said)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _shown(url: str) -> str:
    return urlsplit(url).path or url
