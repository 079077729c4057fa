"""Pages of a workspace of Notion, rows of its databases, and files in them.

Notion's API knows no readers: an administrator says of pages and databases (`roots`) who may read what lies
below. A page that is moved is the same document, with the readers of its new place.

A page is read as its blocks, and made into HTML by `_notion_text`. Notion's own Markdown
(https://developers.notion.com/reference/retrieve-page-markdown) is not used: it repeats synced blocks whose
original lies elsewhere, perhaps among other readers; it holds the addresses of files, which are as good as a
password for an hour; and what it leaves out (bookmarks, embeds, what a large page holds after some 20,000
blocks) looks the same as what the connection may not see.

Notion tells when a page was edited only to the minute
(https://developers.notion.com/changelog/last-edited-time-is-now-rounded-to-the-nearest-minute), so two edits
may look like one. To find the pages in a page all of its blocks are read anyway, so a scan knows the text,
and the revision is a digest of that: it changes with the text, and with nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from pydantic import PrivateAttr, SecretStr, field_validator

from config.errors import DocumentError
from config.fields import Principals
from ingest import connectors
from ingest.connectors._notion import API, Json, Notion, is_away, read_id
from ingest.connectors._notion_text import Block, address_of, render, walk, whole
from ingest.connectors._notion_tree import Page, Tree, read_blocks, whole_properties
from ingest.connectors._rules import Rules
from ingest.connectors._tree import read_media_type
from ingest.documents import Content, Entry

_FILE = "file/"
"""What the id of an uploaded file begins with; its block's id follows."""


class Connector(connectors.Connector):
    """Pages of Notion. `include` and `exclude` are about titles from a root on, as `Handbook/Archive/*`."""

    about = connectors.About(
        system="Notion",
        example='{name: notes, type: notion, token: "${NOTION_TOKEN}", roots: {"https://www.notion.so/'
        'Handbook-1f2e3d4c5b6a79880123456789abcdef": ["group:hr"]}}',
        rights="An internal connection (integration) with the capability *Read content*, and *Read user"
        " information* for the names of people; it is added to each page that is to be read (`•••`,"
        " Connections), and so may see what lies below. Notion does not tell who may read: that is said by"
        " `roots`, each with the readers of all that lies below it but below another root.",
        limits=(
            "Who may read in Notion itself is not known to Sabio. Where a page below a root is shared with"
            " fewer people, name it in `roots` as well.",
            "Pages are found by reading all of them, at three requests a second: a thousand pages take some"
            " ten minutes, at each sync and at each look at who may read: set `permissions_minutes` higher"
            " where there are many.",
            "What belongs to another page is no part of a text: titles of pages that are mentioned,"
            " relations, rollups, copies of synced blocks (their original is read where it lies), linked"
            " views.",
            "Files in `file` and `pdf` blocks are read; those in properties are only named. Comments, images"
            " and what Notion's API does not give (`unsupported`) are not read.",
            "A page without a text of its own is not listed; those below it are.",
            "A page that is moved while it is looked for may be missing until the next sync.",
            "Without `roots`, pages are found by Notion's search, which may know a new one late.",
        ),
        proven="a local stand-in, whose requests are checked against Notion's OpenAPI document",
    )
    knows_readers = True

    token: SecretStr
    """The secret of an internal connection, made at https://www.notion.so/profile/integrations."""
    roots: dict[str, Principals] | None = None
    """Who may read what, as `{"PAGE": ["group:hr"]}`: the address or id of a page or database, and the
    readers of all that lies below it, but for what lies below another of these. Not set: all that was shared
    with the connection, for `readers`."""
    url: str = API
    """Where Notion's API is."""

    _opened: Notion | None = PrivateAttr(default=None)
    _parts: dict[str, str] = PrivateAttr(default_factory=dict)
    _walked: Tree | None = PrivateAttr(default=None)

    @field_validator("roots")
    @classmethod
    def _check_roots(cls, roots: dict[str, Principals] | None) -> dict[str, Principals] | None:
        if roots is None:
            return None
        if not roots:
            raise ValueError("has to name one page or database at least")
        found: dict[str, Principals] = {}
        for named, readers in roots.items():
            root = read_id(named)
            if root in found:
                raise ValueError(f"names {root} twice")
            found[root] = readers
        return found

    def scan(self) -> Iterator[Entry]:
        """List every page with a text, and every file in one. See the port for what is raised."""
        rules = Rules(self.include, self.exclude, defaults=False)
        named = Rules(self.include, self.exclude, defaults=True)

        def skips(trail: tuple[str, ...]) -> bool:
            return rules.ignored_here("/".join(trail), folder=True) is not None

        self._walked = tree = Tree(self.name, self._notion, skips)
        names = self._notion.names()
        pages = tree.everything(self.readers) if self.roots is None else tree.below(self.roots)
        for page in pages:
            text = render(page.properties, page.blocks, names)
            if text and rules.ignored_here("/".join(page.trail)) is None:
                yield self._page_entry(page, text, names)
            for block in walk(page.blocks):
                name, address = _uploaded(block)
                if address and named.ignored_here("/".join((*page.trail, name))) is None:
                    yield self._file_entry(page, block, names)

    def fetch(self, entry: Entry) -> Content:
        """The page as HTML, or the file as it was uploaded. See the port for what is raised."""
        number = entry.id.removeprefix(_FILE)
        try:
            if number != entry.id:
                data, name = self._file(number), entry.title
            else:
                data, name = self._text(number), f"{number}.html"
        except DocumentError as error:
            raise DocumentError(f"{entry.title} is gone, or may not be read: {error}") from error
        if data is None or len(data) > self.max_bytes:
            raise self.too_large(entry)
        return Content(data, name, entry.media_type)

    def part_of(self, entry: Entry) -> str | None:
        """The title of the root that it is in, once it was listed."""
        return self._parts.get(entry.id)

    def preflight(self) -> Iterator[str]:
        """See the port. What is in the trash or not shown is known after a scan."""
        if self.roots is None:
            yield (
                "whatever anybody shares with the connection in Notion is shown to all of `readers`; name"
                " pages in `roots` to say who may read what"
            )
        walked = self._walked
        for root in walked.trashed if walked else ():
            yield f"{root} is in Notion's trash, so nothing below it is listed; look at `roots`"
        if walked and walked.unseen:
            places = ", ".join(f"`{place}`" for place in sorted(set(walked.unseen))[:5])
            yield (
                f"{len(walked.unseen)} pages or databases in {places} are not shown to the connection: linked"
                " views of what lies elsewhere, or not shared with it; add the connection there, and name the"
                " original in `roots`, where they are meant"
            )

    def ignored(self, entry_id: str) -> str | None:
        """See the port, but for titles: what was listed under an id was left out by no rule."""
        try:
            read_id(entry_id.removeprefix(_FILE))
        except ValueError:
            return super().ignored(entry_id)
        return None

    @property
    def _notion(self) -> Notion:
        if self._opened is None:
            self._opened = Notion(self.name, self.url, self.token)
        return self._opened

    def _page_entry(self, page: Page, text: str, names: Mapping[str, str]) -> Entry:
        self._parts[page.id] = page.trail[0]
        return Entry(
            id=page.id,
            revision=_digest(text),
            title=page.trail[-1],
            media_type="text/html",
            url=address_of(page.id),
            readers=page.readers,
            **_edited(page.said, names),
        )

    def _file_entry(self, page: Page, block: Block, names: Mapping[str, str]) -> Entry:
        name, address = _uploaded(block)
        entry_id = _FILE + block.said["id"]
        self._parts[entry_id] = page.trail[0]
        return Entry(
            id=entry_id,
            # An upload has a path of its own; what follows the path is a signature.
            revision=_digest(urlsplit(address).path),
            title=name,
            media_type=read_media_type(name),
            url=address_of(page.id, block.said["id"]),
            readers=page.readers,
            **_edited(block.said, names),
        )

    def _text(self, page: str) -> bytes:
        said = self._notion.page(page)
        if is_away(said):
            raise DocumentError("it is in Notion's trash")
        properties = whole_properties(self._notion, said)
        text = render(properties, read_blocks(self.name, self._notion, page), self._notion.names())
        if not text:
            raise DocumentError("it has no text any more")
        return whole(text)

    def _file(self, block: str) -> bytes | None:
        said = self._notion.block(block)
        _, address = _uploaded(Block(said))
        if is_away(said) or not address:
            raise DocumentError("Notion does not have the file any more")
        return self._notion.file(address, self.max_bytes)


def _uploaded(block: Block) -> tuple[str, str]:
    """The name of a file that was uploaded to Notion, and where it is for an hour; else nothing."""
    if block.kind not in {"file", "pdf"} or block.content.get("type") != "file":
        return "", ""
    address = str(block.content["file"]["url"])
    name = str(block.content.get("name") or unquote(urlsplit(address).path.rpartition("/")[2]))
    return name.replace("/", "-") or "file", address


def _edited(said: Json, names: Mapping[str, str]) -> dict[str, Any]:
    """When a page or block was edited, and by whom where that may be known."""
    when = said.get("last_edited_time")
    return {
        "updated_at": datetime.fromisoformat(when) if when else None,
        "author": names.get(str((said.get("last_edited_by") or {}).get("id"))),
    }


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]
