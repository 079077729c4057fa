"""The nouns of the way in: what a scan lists, what a body parses to, and what is indexed.

All of them are values: frozen, compared by content, and free of behaviour that needs a database or a vendor.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from ingest.characters import visible

Readers = frozenset[str]
"""A set of principals. Empty means nobody; so does `None`, where a source's readers are unknown."""

EVERYONE = "everyone"

# What no database can hold as text: U+0000, and halves of characters that broken encodings leave.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

# Every identity in Sabio hangs below this name, so ids are the same on every machine.
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://github.com/sabio-bot/sabio")


class Inheritance(StrEnum):
    """What the readers of what is above mean for what lies below."""

    WIDENS = "widens"
    """Whoever may read what is above may read it as well, as in folders of a drive."""
    NARROWS = "narrows"
    """Only who may read what is above may read it, as with the pages of a space."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A thing that a connector's scan lists: everything about a document but its body."""

    id: str
    """Stable within the source across edits (and renames, where the system has such an id)."""
    revision: str
    """Changes whenever the body may have changed. Compared for equality only, never for order."""
    title: str
    media_type: str
    """As `text/markdown`; `application/octet-stream` where unknown."""
    url: str | None = None
    updated_at: datetime | None = None
    """Aware, in UTC."""
    author: str | None = None
    readers: Readers | None = None
    """`None`: the source did not say, so nobody. A scan lists what the source says of this one alone;
    `permissions.effective` makes of it who may read it."""
    size: int | None = None
    """Bytes, where the source tells."""
    parent: str | None = field(default=None, compare=False)
    """The id of the entry or container whose readers count for this one as well."""
    inheritance: Inheritance = field(default=Inheritance.WIDENS, compare=False)
    """How they count."""

    def __post_init__(self) -> None:
        """Storable from the start, so that what is listed compares equal to what the ledger kept of it."""
        _make_storable(self, ("id", "revision", "media_type", "url", "parent"), ("title", "author"))

    def read_by(self, readers: Readers | None) -> Entry:
        """The same with other readers."""
        return Entry.kept({name: getattr(self, name) for name in self.__slots__} | {"readers": readers})

    @classmethod
    def kept(cls, values: Mapping[str, object]) -> Entry:
        """An entry of all its values, which were an entry's before: there is nothing to put right, and of
        ten thousand that takes longer than all the rest."""
        made = object.__new__(cls)
        for name, value in values.items():
            object.__setattr__(made, name, value)
        return made


@dataclass(frozen=True, slots=True)
class Container:
    """A thing that a scan lists for its readers alone, which count for what lies in it: a space, a folder."""

    id: str
    """Unlike those of all other containers and entries of the source; stable as they are."""
    title: str
    readers: Readers | None = None
    """What the source says of this one alone; `None`: it did not say."""
    parent: str | None = None
    inheritance: Inheritance = Inheritance.WIDENS

    def __post_init__(self) -> None:
        """Storable from the start, as entries are."""
        _make_storable(self, ("id", "parent"), ("title",))


Listed = Entry | Container
"""What a scan lists."""


@dataclass(frozen=True, slots=True)
class Group:
    """A group that a source keeps."""

    principal: str
    """As `group:SOURCE/ID`."""
    title: str
    """What people call it."""
    members: Readers
    """As principals; groups of the same source among them."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened in a source since a cursor."""

    listed: Sequence[Listed]
    """What is new or may be other than before."""
    gone: frozenset[str]
    """The ids of what was there before: entries and containers, and all that lies in those."""
    cursor: str
    """From which to ask next time."""


@dataclass(frozen=True, slots=True)
class Content:
    """The body of an entry, as fetched."""

    data: bytes
    name: str
    """A file name with its ending, for the parser's choice."""
    media_type: str


class Kind(StrEnum):
    """What a section is, which decides how it may be cut and quoted."""

    TEXT = "text"
    """A paragraph."""
    ITEM = "item"
    """A list item; its text starts with its bullet or number."""
    TABLE = "table"
    """Rows, one a line, cells joined by ` | `; the first line is the header."""
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Section:
    """A parsed stretch of a document: one paragraph, list item, table or code block under its headings."""

    text: str
    kind: Kind = Kind.TEXT
    heading: tuple[str, ...] = ()
    """The headings above it, outermost first. Sheet and slide names are headings too."""
    anchor: str | None = None
    """Fragment of the nearest heading above, as the source's own pages make it, without `#`."""
    page: int | None = None
    """Page or slide number, from 1."""

    def __post_init__(self) -> None:
        """Storable from the start, so that a chunk's id is that of its kept text."""
        object.__setattr__(self, "text", shown(self.text))
        object.__setattr__(self, "anchor", storable(self.anchor))
        object.__setattr__(self, "heading", tuple(shown(part) for part in self.heading))


@dataclass(frozen=True, slots=True)
class Document:
    """An entry's body, parsed."""

    sections: tuple[Section, ...]
    title: str | None = None
    """The title that the body itself gives (front matter, first heading, core properties), if any."""
    author: str | None = None
    updated_at: datetime | None = None

    def __post_init__(self) -> None:
        """Storable from the start, as sections are."""
        object.__setattr__(self, "title", shown(self.title))
        object.__setattr__(self, "author", shown(self.author))


@dataclass(frozen=True, slots=True)
class Chunk:
    """An indexed piece of a document. Its text is what may be quoted, verbatim."""

    id: str
    text: str
    """Blocks separated by newlines: a paragraph, list item, table row or line of code each."""
    heading: tuple[str, ...] = ()
    anchor: str | None = None
    page: int | None = None
    language: str = "en"
    """ISO 639-1."""
    kind: Kind = Kind.TEXT
    pivot: str | None = field(default=None, compare=False)
    """Its translation into the embedding model's language, when one was made for the index."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that the index proposes. Nothing is known about it until the ledger confirms it."""

    chunk: str
    words: float = 0.0
    """BM25 score of the keyword leg; 0 when that leg did not find it."""
    dense: float = 0.0
    """Cosine similarity of the dense leg, -1 to 1; 0 when that leg did not find it."""


Text = TypeVar("Text", str, None, str | None)


def _make_storable(made: object, exact: Sequence[str], read: Sequence[str]) -> None:
    """Put right, while it is made, what of a value was given as text: `read` is what people are shown."""
    for names, kept in ((exact, storable), (read, shown)):
        for name in names:
            if (text := kept(given := getattr(made, name))) is not given:
                object.__setattr__(made, name, text)


def storable(text: Text) -> Text:
    """A text without U+0000, and with U+FFFD for halves of characters: no database holds these."""
    if text is None or (text.isascii() and "\0" not in text):
        return text
    return _UNSTORABLE.sub(lambda found: "" if found[0] == "\0" else "\ufffd", text)


def shown(text: Text) -> Text:
    """A text that people are shown: storable, and without what nobody sees."""
    return text if text is None else visible(storable(text))


def document_id(source: str, entry_id: str) -> str:
    """The ledger's id of a document: the same for the same source name and entry id, anywhere."""
    return str(uuid.uuid5(_NAMESPACE, f"document\0{source}\0{entry_id}"))


def chunk_ids(document: str, embedded_texts: Sequence[str]) -> list[str]:
    """Content addresses of a document's chunks, in order.

    The same text in the same document keeps its id over every re-sync; a text that stands several times
    is told apart by its occurrence.
    """
    seen: dict[str, int] = {}
    ids = []
    for text in embedded_texts:
        occurrence = seen.get(text, 0)
        seen[text] = occurrence + 1
        ids.append(str(uuid.uuid5(_NAMESPACE, f"chunk\0{document}\0{occurrence}\0{text}")))
    return ids


def embedded_text(title: str, heading: Sequence[str], text: str) -> str:
    """What the index reads of a chunk: its title and heading path above its own text."""
    path = [title, *(part for part in heading if part != title)]
    # A name without a letter, as `00017`, says nothing and was measured to do harm.
    return " > ".join(part for part in path if any(map(str.isalpha, part))) + "\n" + text


def deep_link(url: str | None, anchor: str | None, page: int | None) -> str | None:
    """The address that opens the document at the cited place: a heading's anchor or a page."""
    if url is None or "#" in url:
        return url
    if anchor:
        return f"{url}#{anchor}"
    if page:
        return f"{url}#page={page}"
    return url
