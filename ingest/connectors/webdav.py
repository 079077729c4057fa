"""The files of a folder that is served by WebDAV: Nextcloud, ownCloud, a web server, a storage box.

Ids are paths below the folder, with `/`. Nextcloud numbers its files, and by these numbers they stay the same
documents when they are renamed; where one lies is then part of its revision.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from pydantic import PrivateAttr, SecretStr, field_validator, model_validator

from config.errors import ConfigError, DocumentError
from ingest import connectors
from ingest.connectors import _tree
from ingest.connectors._rules import IGNORE_FILE, Rules
from ingest.connectors._webdav import Dav, Resource
from ingest.documents import Content, Entry

_DEEPEST = 64
"""Folders in each other; a folder that a server lists in itself has no end."""
_LONGEST_RULES = 1_000_000
_NUMBERED = "id:"
"""What the id of a file with a number begins with."""
_CLOUD = "/remote.php/"
"""In the addresses of Nextcloud and ownCloud: what is before it is where people go."""


class Connector(connectors.Connector):
    """The files below a folder of a WebDAV server. `include` and `exclude` are about paths below it."""

    about = connectors.About(
        system="WebDAV, Nextcloud",
        example='{name: cloud, type: webdav, url: "https://cloud.example.com/remote.php/dav/files/sabio/",'
        ' user: sabio, password: "${CLOUD_PASSWORD}", readers: ["domain:example.com"]}',
        rights="An account that may read the folder, and nothing else; of Nextcloud, an app password that is"
        " made in its settings, under *Security*. WebDAV tells nobody who else may read a file: that is said"
        " by `readers`.",
        limits=(
            "A file that is renamed is another document, but for Nextcloud and ownCloud, which number files.",
            "The password is sent as HTTP Basic; servers that ask for Digest alone cannot be read.",
            "A folder that the account may not list is an error, so that it is not taken for an empty one;"
            " it can be named in `exclude`.",
            "Shares that Nextcloud shows in the account's own folder are read as well.",
        ),
        proven="WsgiDAV and `rclone serve webdav`; of Nextcloud, its numbers of files by a server that says"
        " them as it does",
    )

    url: str
    """Address of the folder, as `https://cloud.example.com/remote.php/dav/files/sabio/Handbook/`."""
    user: str | None = None
    """Who asks. Not set: what the server shows to everybody."""
    password: SecretStr | None = None
    """The password; of Nextcloud, an app password."""
    link: str | None = None
    """Address of a file for people, as `https://files.example.com/{path}`: `{path}` is the path below the
    folder, `{stem}` the path without its ending, `{name}` the file's name. Not set: Nextcloud's own page of
    the file, or its address in WebDAV."""

    _opened: Dav | None = PrivateAttr(default=None)

    @field_validator("url")
    @classmethod
    def _check_url(cls, url: str) -> str:
        parts = urlsplit(url)
        if "@" in parts.netloc:
            raise ValueError("names nobody: that is said by `user` and `password`")
        if parts.query or parts.fragment:
            raise ValueError("ends with a folder, without `?` and `#`")
        return url

    @field_validator("link")
    @classmethod
    def _check_link(cls, link: str | None) -> str | None:
        return link and _tree.check_pattern(link, ("path", "stem", "name"))

    @model_validator(mode="after")
    def _check_login(self) -> Connector:
        if (self.user is None) is not (self.password is None):
            raise ValueError("`user` and `password` are set together, or neither is")
        return self

    def scan(self) -> Iterator[Entry]:
        """List every file that no rule leaves out. See the port for what it promises and raises."""
        rules = self._rules()
        seen: set[str] = set()
        waiting = [""]
        while waiting:
            for found in self._dav.members(waiting.pop()):
                if rules.ignored_here(found.path, folder=found.folder) or not self._is_there(found):
                    continue
                if found.folder:
                    waiting.append(self._deeper(found.path))
                    continue
                entry = self._entry(found)
                if entry.id not in seen:  # what was shared in two ways is there twice
                    seen.add(entry.id)
                    yield entry

    def fetch(self, entry: Entry) -> Content:
        """The file's bytes as they are now. See the port for what is raised."""
        path = _path_of(entry)
        if entry.size is not None and entry.size > self.max_bytes:
            raise self.too_large(entry)
        self._dav.outlast(entry.updated_at)
        data = self._dav.body(path, self.max_bytes)
        if data is None:
            raise self.too_large(entry)
        return Content(data, path.rsplit("/", 1)[-1], entry.media_type)

    def part_of(self, entry: Entry) -> str | None:
        """The folder at the top that it is in."""
        return _tree.top_folder(_path_of(entry))

    def ignored(self, entry_id: str) -> str | None:
        """See the port, but for paths: what was listed under a number was left out by no rule."""
        return None if _is_number(entry_id) else self._rules().ignored(entry_id)

    def preflight(self) -> Iterator[str]:
        """See the port."""
        parts = urlsplit(self.url)
        if self.password is not None and parts.scheme == "http" and parts.hostname not in _HERE:
            yield "`password` goes over the network for everybody to read: `url` begins with http://"

    @property
    def _dav(self) -> Dav:
        if self._opened is None:
            self._opened = Dav(self.name, self.url, self.user, self.password)
        return self._opened

    def _rules(self) -> Rules:
        try:
            text = self._dav.body(IGNORE_FILE, _LONGEST_RULES)
        except DocumentError as error:
            if "gone" not in str(error):
                # Going on without it would publish what somebody wanted to keep out.
                raise ConfigError(f"source {self.name}: {error}; look at what `user` may do") from error
            text = b""
        if text is None:
            raise ConfigError(
                f"source {self.name}: {IGNORE_FILE} is larger than 1 MB; is it a list of rules?"
            )
        return Rules(self.include, self.exclude, text.decode("utf-8", "replace"), defaults=True)

    def _is_there(self, found: Resource) -> bool:
        """Whether what was listed is there still; else it is gone, or an error."""
        if found.status in {404, 410}:
            return False
        if found.status >= 400 or not (found.folder or found.tag or found.modified):
            raise ConfigError(
                f"source {self.name}: of {found.path} the server says {found.status}, and not when it"
                " changed; look at what `user` may do, or name it in `exclude`"
            )
        return True

    def _deeper(self, path: str) -> str:
        if path.count("/") >= _DEEPEST:
            raise ConfigError(
                f"source {self.name}: the folder {path} is {_DEEPEST} folders deep; if one of them leads back"
                " to itself, name it in `exclude`"
            )
        return path

    def _entry(self, found: Resource) -> Entry:
        tag = f"{(found.tag or '').replace(' ', '')}-{'' if found.size is None else found.size}"
        if found.weak or not found.tag:
            tag += f"-{found.modified.timestamp() if found.modified else ''}"
        numbered = found.number is not None
        return Entry(
            id=f"{_NUMBERED}{found.number}" if numbered else found.path,
            revision=f"{tag} {found.path}" if numbered else tag,
            title=_tree.read_title(found.path),
            media_type=_tree.read_media_type(found.path),
            url=self._link(found),
            updated_at=found.modified,
            readers=self.readers,
            size=found.size,
        )

    def _link(self, found: Resource) -> str:
        if self.link:
            return _tree.fill_pattern(self.link, found.path)
        place, cloud, _ = self.url.partition(_CLOUD)
        if found.number and cloud:
            return f"{place}/index.php/f/{found.number}"
        return self._dav.address(found.path)


_HERE = frozenset({"localhost", "127.0.0.1", "::1"})


def _is_number(entry_id: str) -> bool:
    return re.fullmatch(rf"{_NUMBERED}[0-9]+", entry_id) is not None


def _path_of(entry: Entry) -> str:
    """Where an entry lay when it was listed."""
    return entry.revision.partition(" ")[2] if _is_number(entry.id) else entry.id
