"""Stand-ins for what is slow or far away: a model that hashes, a parser of lines, a source in memory."""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import PrivateAttr
from sqlalchemy import URL

from config.errors import DocumentError
from config.settings import Settings
from ingest.connectors import Connector
from ingest.documents import (
    EVERYONE,
    Changes,
    Container,
    Content,
    Document,
    Entry,
    Group,
    Inheritance,
    Listed,
    Section,
)
from ingest.encoding import Encoder
from ingest.knowledge import KnowledgeBase
from ingest.ledger import reading
from ingest.ledger.tables import chunks, documents, pending, strays
from ingest.translation import NoTranslator
from tests.blank import lay_ledger


class HashEmbedder:
    """Vectors of the words in a text: equal for equal texts, near for texts that share words. Understands
    every language. Each text that it embeds for the index is written down, in a file if there is one."""

    languages = None
    limit = 200

    def __init__(self, name: str = "hash", dimension: int = 32, log: Path | None = None) -> None:
        self.name, self.dimension = name, dimension
        self.embedded: list[str] = []
        self._log = log

    def count(self, text: str) -> int:
        return len(text.split()) + 2

    def documents(self, texts: Sequence[str]) -> Any:
        self.embedded.extend(texts)
        if self._log:
            with self._log.open("a", encoding="utf-8") as file:
                file.write("".join(json.dumps(text) + "\n" for text in texts))
        return np.array([self.question(text) for text in texts]).reshape(len(texts), self.dimension)

    def question(self, text: str) -> Any:
        words = text.lower().split() or [""]
        total = np.sum([self._direction(word) for word in words], axis=0)
        return (total / np.linalg.norm(total)).astype(np.float32)

    def _direction(self, word: str) -> Any:
        seed = int.from_bytes(hashlib.blake2b(f"{self.name} {word}".encode(), digest_size=8).digest())
        return np.random.default_rng(seed).standard_normal(self.dimension)


class LineParsers:
    """Reads text: `# …` is a heading, `title: …` the title that the body gives, other lines are paragraphs.

    `poison` in a body makes it unreadable.
    """

    def parse(self, contents: Sequence[Content]) -> list[Document | DocumentError]:
        return [self._parse(content) for content in contents]

    def _parse(self, content: Content) -> Document | DocumentError:
        text = content.data.decode()
        if "poison" in text:
            return DocumentError("it is poisonous")
        sections, heading, title = [], (), None
        for line in text.splitlines():
            if line.startswith("title: "):
                title = line.removeprefix("title: ")
            elif line.startswith("# "):
                heading = (line[2:],)
            elif line.strip():
                sections.append(Section(line, heading=heading))
        return Document(tuple(sections), title=title)

    def close(self) -> None:
        """Nothing runs."""


@dataclass(frozen=True)
class Page:
    """A document of a `MemoryConnector`."""

    text: str
    title: str = "A page"
    readers: frozenset[str] | None = frozenset({EVERYONE})
    url: str | None = None
    author: str | None = None
    revision: str | None = None
    parent: str | None = None
    inheritance: Inheritance = Inheritance.WIDENS

    @property
    def entry_revision(self) -> str:
        return self.revision or hashlib.blake2b(self.text.encode(), digest_size=8).hexdigest()


class MemoryConnector(Connector):
    """A source whose pages are a dictionary, and which does as `on_scan` and `on_fetch` tell it.

    `on_scan` is called with the number of entries listed so far, before each one and at the end; `on_fetch`
    with the entry. Both may raise. `containers` are listed as well; `members` are its groups; once told to
    `follow`, it can be asked what changed, unless it was told to `forget`.
    """

    knows_readers = True

    _pages: dict[str, Page] = PrivateAttr(default_factory=dict)
    _on_scan: Callable[[int], None] | None = PrivateAttr(default=None)
    _on_fetch: Callable[[Entry], None] | None = PrivateAttr(default=None)
    _fetched: list[str] = PrivateAttr(default_factory=list)
    _containers: dict[str, Container] = PrivateAttr(default_factory=dict)
    _members: dict[str, frozenset[str]] = PrivateAttr(default_factory=dict)
    _told: list[dict[str, Listed]] = PrivateAttr(default_factory=list)
    _scans: list[int] = PrivateAttr(default_factory=list)
    _follows: bool = PrivateAttr(default=False)

    @property
    def pages(self) -> dict[str, Page]:
        return self._pages

    @property
    def fetched(self) -> list[str]:
        """The ids of entries that were fetched, in order."""
        return self._fetched

    def fail_with(
        self,
        on_scan: Callable[[int], None] | None = None,
        on_fetch: Callable[[Entry], None] | None = None,
    ) -> None:
        self._on_scan, self._on_fetch = on_scan, on_fetch

    @property
    def containers(self) -> dict[str, Container]:
        return self._containers

    @property
    def members(self) -> dict[str, frozenset[str]]:
        return self._members

    @property
    def scans(self) -> list[int]:
        """The number of pages of each listing that ran to its end."""
        return self._scans

    def follow(self) -> None:
        self._follows = True

    def forget(self) -> None:
        """Know no changes any more that were before now."""
        self._told.clear()

    def edit(self, id_: str, **changes: Any) -> None:
        self._pages[id_] = replace(self._pages.get(id_, Page("")), **changes)

    def scan(self) -> Iterator[Listed]:
        yield from self._containers.values()
        for count, (id_, page) in enumerate(list(self._pages.items())):
            if self._on_scan:
                self._on_scan(count)
            yield Entry(
                id=id_,
                revision=page.entry_revision,
                title=page.title,
                media_type="text/plain",
                url=page.url,
                author=page.author,
                readers=page.readers,
                parent=page.parent,
                inheritance=page.inheritance,
            )
        if self._on_scan:
            self._on_scan(len(self._pages))
        self._scans.append(len(self._pages))

    def groups(self) -> Iterator[Group]:
        for key, those in self._members.items():
            yield Group(self.group(key), key.title(), those)

    def _now(self) -> dict[str, Listed]:
        found = {one.id: one for one in self.scan()}
        self._scans.pop()
        return found

    def cursor(self) -> str | None:
        if not self._follows:
            return None
        self._told.append(self._now())
        return str(id(self._told[-1]))

    def changes(self, cursor: str) -> Changes | None:
        before = next((told for told in self._told if str(id(told)) == cursor), None)
        if before is None:
            return None
        now = self._now()
        listed = [one for one in now.values() if repr(one) != repr(before.get(one.id))]
        return Changes(listed, frozenset(before.keys() - now.keys()), self.cursor() or "")

    def fetch(self, entry: Entry) -> Content:
        self._fetched.append(entry.id)
        if self._on_fetch:
            self._on_fetch(entry)
        if entry.id not in self._pages:
            raise DocumentError(f"{entry.id} is no longer there")
        return Content(self._pages[entry.id].text.encode(), f"{entry.id}.txt", "text/plain")


class _Begun(KnowledgeBase):
    """One whose ledger of SQLite is a copy of an empty one, as soon as it is asked for."""

    @property
    def ledger_address(self) -> str | URL:
        if self.settings.ledger == "sqlite":
            lay_ledger(self.data / "ledger.db")
        return super().ledger_address


def open_base(
    data: Path,
    sources: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    memory: Sequence[str] = (),
    embedder: HashEmbedder | None = None,
    real_parsers: bool = False,
    lease_seconds: float | None = None,
    ledger: str = "sqlite",
    index: str = "local",
    **sync: Any,
) -> KnowledgeBase:
    """A knowledge base in `data` with a hashing model.

    `sources` are configured ones, name to type and options; `memory` names those that are kept in memory.
    `lease_seconds` may be shorter than an operator is allowed to set it; `ledger` and `index` are as in the
    settings.
    """
    configured = [{"name": name, **options} for name, options in (sources or {}).items()]
    settings = Settings.model_validate(
        {"data": data, "ledger": ledger, "index": index, "sources": configured, "sync": sync}
    )
    if lease_seconds is not None:
        settings = settings.model_copy(
            update={"sync": settings.sync.model_copy(update={"lease_seconds": lease_seconds})}
        )
    kb = _Begun(settings)
    for name in memory:
        kb.connectors[name] = MemoryConnector(name=name)
    parts = vars(kb)
    parts["encoder"] = Encoder(embedder or HashEmbedder(), NoTranslator())
    if not real_parsers:
        parts["parsers"] = LineParsers()
    return kb


def differences(kb: KnowledgeBase, source: str, pages: Mapping[str, Page]) -> list[str]:
    """Where the ledger is not what the source is, or the index is not what the ledger is: nothing, after a
    sync that ended well."""
    found = []
    with kb.ledger.read() as ledger:
        rows = {
            row.entry: row
            for row in ledger.execute(
                documents.select().where(documents.c.source == source, documents.c.revision.is_not(None))
            )
        }
        texts: dict[str, list[str]] = {}
        for row in ledger.execute(chunks.select().order_by(chunks.c.document, chunks.c.position)):
            texts.setdefault(row.document, []).append(row.text)
        published = reading.published_ids(ledger)
        left = [f"pending: {row}" for row in ledger.execute(pending.select())]
        left += [f"stray: {row}" for row in ledger.execute(strays.select())]
    for id_ in pages.keys() | rows.keys():
        page, row = pages.get(id_), rows.get(id_)
        if page is None or row is None:
            found.append(f"{id_}: {'extra' if page is None else 'missing'} in the ledger")
            continue
        body = LineParsers()._parse(Content(page.text.encode(), "page.txt", "text/plain"))
        wanted = {
            "text": "\n".join(section.text for section in body.sections),
            "title": body.title or page.title,
            "readers": page.readers and sorted(page.readers),
            "url": page.url,
            "author": page.author,
            "revision": page.entry_revision,
        }
        kept = {**row._mapping, "text": "\n".join(texts.get(row.id, []))}
        found += [
            f"{id_}: {key}: {kept[key]!r}, not {value!r}"
            for key, value in wanted.items()
            if kept[key] != value
        ]
    return found + left + index_differences(kb, published)


def index_differences(kb: KnowledgeBase, published: Mapping[str, str]) -> list[str]:
    """Where the index is not what the ledger is, readers included."""
    index = kb.collection().index
    held = list(index.ids())
    found = [f"{chunk}: extra in the index" for chunk in set(held) - published.keys()]
    found += [f"{chunk}: missing in the index" for chunk in published.keys() - set(held)]
    if len(held) != len(set(held)):
        found.append("a chunk is twice in the index")
    with kb.ledger.read() as ledger:
        readers = {row.id: frozenset(row.readers or ()) for row in reading.published_documents(ledger)}
    vector = kb.encoder.embedder.question("anything")
    for principal in frozenset().union(*readers.values(), {EVERYONE}):
        wanted = {chunk for chunk, document in published.items() if principal in readers[document]}
        hits = {hit.chunk for hit in index.search((), vector, frozenset({principal}), len(held) + 1)}
        if hits != wanted:
            found.append(f"{principal} finds {len(hits - wanted)} too many and {len(wanted - hits)} too few")
    return found


class Counter:
    """An observer that counts steps. Thread-safe."""

    def __init__(self) -> None:
        self.steps: dict[str, int] = {}
        self._turn = threading.Lock()

    def __call__(self, step: str, title: str = "") -> None:
        with self._turn:
            self.steps[step] = self.steps.get(step, 0) + 1
