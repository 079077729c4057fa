"""Pages of a wiki that MediaWiki runs, and the files that were uploaded to it.

A page is known by its number, which it keeps when it is moved; its revision is that of its newest version,
which a move makes as well. A change of a template is seen when a page that uses it is edited, or by
`sabio sync --full`.
MediaWiki itself knows no readers of single pages: who may read is said by `readers`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from pydantic import PrivateAttr, SecretStr, field_validator, model_validator

from config.errors import DocumentError
from ingest import connectors
from ingest.connectors._mediawiki import FILES, Wiki
from ingest.documents import Content, Entry

_FILE = "file/"
"""What the id of an uploaded file begins with."""


class Connector(connectors.Connector):
    """The pages of a wiki. `include` and `exclude` are about titles, as `Help:*` or `Archive/*`."""

    about = connectors.About(
        system="MediaWiki",
        example='{name: wiki, type: mediawiki, url: "https://wiki.example.com/", user: "Anna@sabio",'
        ' password: "${WIKI_PASSWORD}", readers: [everyone]}',
        rights="A bot password with the grants *Basic rights* and *High-volume (bot) access*, which whoever"
        " may read the wiki makes at `Special:BotPasswords`; none where everybody may read it. MediaWiki has"
        " no readers of single pages: who may read is said by `readers`.",
        limits=(
            "Redirects are left out. A page that is moved stays the same document.",
            "A change of a template is seen when a page that uses it is edited, or by `sabio sync --full`.",
            "Uploaded files are read with `namespaces: [0, 6]`, from the wiki's own host. A wiki that"
            " strangers may not read gives them to an account's own password, and to no bot password.",
        ),
        proven="the real MediaWiki 1.39",
    )

    url: str
    """Address of the wiki, as `https://wiki.example.com/`: where `api.php` is, or the folder above `w`."""
    user: str | None = None
    """The name of a bot password, as `Anna@sabio`, made at `Special:BotPasswords` with the grants *Basic
    rights* and *High-volume (bot) access*. Not set: what the wiki shows to everybody."""
    password: SecretStr | None = None
    """The bot password."""
    namespaces: tuple[int, ...] = (0,)
    """The numbers of the namespaces that are read, as 0 (pages), 4 (about the wiki), 6 (uploaded files), 12
    (help)."""

    _opened: Wiki | None = PrivateAttr(default=None)

    @field_validator("namespaces")
    @classmethod
    def _check_namespaces(cls, namespaces: tuple[int, ...]) -> tuple[int, ...]:
        if not namespaces or min(namespaces) < 0:
            raise ValueError("has to name one at least, and none below 0")
        return tuple(dict.fromkeys(namespaces))

    @model_validator(mode="after")
    def _check_login(self) -> Connector:
        if (self.user is None) is not (self.password is None):
            raise ValueError("`user` and `password` are set together, or neither is")
        return self

    def scan(self) -> Iterator[Entry]:
        """List the newest version of every page that is no redirect. See the port for what is raised."""
        for namespace in self.namespaces:
            for page in self._wiki.pages(namespace):
                entry = self._entry(page, namespace)
                if entry is not None and super().ignored(entry.title) is None:
                    yield entry

    def fetch(self, entry: Entry) -> Content:
        """The page as the wiki shows it, or the file as it was uploaded. See the port for what is raised."""
        number = entry.id.removeprefix(_FILE)
        try:
            if number != entry.id:
                data, name = self._wiki.file(number, self.max_bytes), entry.title.partition(":")[2]
            else:
                data, name = self._wiki.text(number), f"{number}.html"
        except DocumentError as error:
            raise DocumentError(f"{entry.title} is gone, or may not be read: {error}") from error
        if data is None or len(data) > self.max_bytes:
            raise self.too_large(entry)
        return Content(data, name, entry.media_type)

    def part_of(self, entry: Entry) -> str | None:
        """Its namespace."""
        space, colon, _ = entry.title.partition(":")
        return f"{space}:" if colon and self.namespaces != (0,) else None

    def ignored(self, entry_id: str) -> str | None:
        """See the port, but for titles: what was listed under a number was left out by no rule."""
        return None if entry_id.removeprefix(_FILE).isdecimal() else super().ignored(entry_id)

    @property
    def _wiki(self) -> Wiki:
        if self._opened is None:
            self._opened = Wiki(self.name, self.url, self.user, self.password)
        return self._opened

    def _entry(self, page: Mapping[str, Any], namespace: int) -> Entry | None:
        """What is listed of a page; None for one of which no version, or no file, is there."""
        [newest] = page.get("revisions") or [{}]
        [upload] = page.get("imageinfo") or [{}]
        if not newest.get("revid") or (namespace == FILES and not upload):
            return None
        about = upload or newest
        number = str(page["pageid"])
        return Entry(
            id=_FILE + number if upload else number,
            revision=f"{newest['revid']}-{upload['sha1']}" if upload else str(newest["revid"]),
            title=str(page["title"]),
            media_type=str(upload.get("mime") or "text/html"),
            url=page.get("fullurl"),
            updated_at=datetime.fromisoformat(about["timestamp"]) if about.get("timestamp") else None,
            author=about.get("user"),
            readers=self.readers,
            size=upload.get("size"),
        )
