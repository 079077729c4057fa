"""Chunks from the ledger into an index collection: embedded, written, and read back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from config.errors import UnavailableError
from config.tracing import span
from ingest.documents import Chunk, Readers, embedded_text
from ingest.index import Row
from ingest.knowledge import Collection as IndexCollection
from ingest.knowledge import KnowledgeBase
from ingest.ledger import indexed, working
from ingest.ledger.indexed import Version

_DOCUMENTS, _CHUNKS = 100, 250
"""The most that is read from the ledger at once, and written to the index at once but for one document."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A chunk with what it stands in."""

    chunk: Chunk
    document: str
    title: str
    readers: Readers


def write_chunks(
    collection: IndexCollection, document: str, title: str, chunks: Sequence[Chunk], readers: Readers
) -> list[Chunk]:
    """Embed a document's chunks by the collection's model, write them and read them back; returned with the
    pivots made for it. Raises `UnavailableError` when the index is down or did not keep what it accepted."""
    return _write(collection, [_Piece(chunk, document, title, readers) for chunk in chunks])


def copy(
    kb: KnowledgeBase,
    collection: IndexCollection,
    documents: Sequence[str],
    on_document: Callable[[str], None] = lambda _title: None,
    *,
    translate: bool = False,
) -> int:
    """Write those chunks of published documents that a collection lacks, many at a time: how many were.

    `on_document` is told each title when that document is there. `translate` makes pivots anew.
    """
    written = 0
    for group in _groups(kb, documents):
        pieces = [one for _, of_one in group for one in of_one]
        absent = collection.index.missing([one.chunk.id for one in pieces])
        new = [one for one in pieces if one.chunk.id in absent]
        if translate:
            new = [replace(one, chunk=replace(one.chunk, pivot=None)) for one in new]
        after = _write(collection, new)
        _keep_pivots(kb, [one.chunk for one in pieces], {chunk.id: chunk.pivot for chunk in after})
        written += len(new)
        for title, _ in group:
            on_document(title)
    return written


def restore(
    kb: KnowledgeBase,
    collection: IndexCollection,
    document: str,
    doubtful: Collection[str] = (),
    *,
    translate: bool = False,
) -> int:
    """Make a collection agree with the ledger about one document: how many chunks were written.

    `doubtful` are chunk ids that may be in the index without being published. `translate` makes pivots anew.
    The ledger is read again after every change, so of several who do this at once the last one is right.
    """
    written = 0
    wanted = _wanted(kb, document)
    while True:
        known = {chunk.id for chunk in wanted.chunks}
        collection.index.delete(set(doubtful) - known - wanted.strays)
        absent = collection.index.missing(known)
        new = [chunk for chunk in wanted.chunks if chunk.id in absent]
        if translate:
            new = [replace(chunk, pivot=None) for chunk in new]
        after = write_chunks(collection, document, wanted.title, new, wanted.readers)
        collection.index.set_readers(dict.fromkeys(known - absent, wanted.readers))
        written += len(new)
        _keep_pivots(kb, wanted.chunks, {chunk.id: chunk.pivot for chunk in after})
        before, wanted = wanted, _wanted(kb, document)
        if before == wanted:
            return written


def set_all_readers(kb: KnowledgeBase, collection: IndexCollection, documents: Sequence[str]) -> int:
    """Give the chunks of published documents the readers that the ledger says: how many had others."""
    return sum(
        collection.index.set_readers({one.chunk.id: one.readers for _, of_one in group for one in of_one})
        for group in _groups(kb, documents)
    )


def catch_up(
    kb: KnowledgeBase,
    collection: IndexCollection,
    seen: Mapping[str, Version],
    of: Collection[str] | None = None,
    *,
    translate: bool = False,
) -> Mapping[str, Version]:
    """Bring into a collection what was published or given to other readers after `seen`: what is now."""
    with kb.ledger.read() as ledger:
        latest = indexed.versions(ledger, of)
    for document in sorted(id_ for id_, version in latest.items() if seen.get(id_) != version):
        restore(kb, collection, document, translate=translate)
    return latest


def _write(collection: IndexCollection, pieces: Sequence[_Piece]) -> list[Chunk]:
    if not pieces:
        return []
    with span("embed", chunks=len(pieces)):
        encoded = collection.encoder.passages(
            [embedded_text(one.title, one.chunk.heading, one.chunk.text) for one in pieces],
            [one.chunk.language for one in pieces],
            [one.chunk.pivot for one in pieces],
        )
    with span("write", chunks=len(pieces)):
        collection.index.write(
            [
                Row(one.chunk.id, one.document, made.terms, made.vector, one.readers, made.pivot_terms)
                for one, made in zip(pieces, encoded, strict=True)
            ]
        )
        lost = collection.index.missing([one.chunk.id for one in pieces])
    if lost:
        titles = dict.fromkeys(one.title for one in pieces if one.chunk.id in lost)
        raise UnavailableError(
            f"the index lost {len(lost)} of the {len(pieces)} chunks that it accepted for"
            f" {', '.join(map(repr, list(titles)[:3]))}"
        )
    return [replace(one.chunk, pivot=made.pivot) for one, made in zip(pieces, encoded, strict=True)]


def _groups(kb: KnowledgeBase, documents: Sequence[str]) -> Iterator[list[tuple[str, list[_Piece]]]]:
    """The documents that are still published: titles and chunks, some hundred chunks at a time."""
    group: list[tuple[str, list[_Piece]]] = []
    for one in _read(kb, documents):
        if group and sum(len(chunks) for _, chunks in [*group, one]) > _CHUNKS:
            yield group
            group = []
        group.append(one)
    if group:
        yield group


def _read(kb: KnowledgeBase, documents: Sequence[str]) -> Iterable[tuple[str, list[_Piece]]]:
    for start in range(0, len(documents), _DOCUMENTS):
        with kb.ledger.read() as ledger:
            found = indexed.contents(ledger, documents[start : start + _DOCUMENTS])
        for id_, title, readers, chunks in found:
            yield title, [_Piece(chunk, id_, title, readers) for chunk in chunks]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the ledger says that the index should hold of a document."""

    title: str
    readers: Readers
    chunks: Sequence[Chunk]
    strays: frozenset[str]


def _wanted(kb: KnowledgeBase, document: str) -> _Wanted:
    with kb.ledger.read() as ledger:
        found = indexed.contents(ledger, [document])
        _, title, readers, chunks = found[0] if found else ("", "", frozenset(), [])
        return _Wanted(title, readers, chunks, frozenset(working.unswept(ledger, document)))


def _keep_pivots(kb: KnowledgeBase, chunks: Sequence[Chunk], pivots: Mapping[str, str | None]) -> None:
    """Write down translations that were made for the index, by chunk id, where they are new."""
    changed = {
        chunk.id: pivots[chunk.id]
        for chunk in chunks
        if chunk.id in pivots and pivots[chunk.id] != chunk.pivot
    }
    if changed:
        with kb.ledger.write() as ledger:
            working.set_pivots(ledger, changed)
