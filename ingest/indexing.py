"""The index as the ledger's copy: rows of chunks, what makes the two agree again, and the index made anew."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from config.errors import UnavailableError
from ingest.documents import Chunk, Readers, embedded_text
from ingest.index import Index, Row
from ingest.knowledge import Collection as IndexCollection
from ingest.knowledge import KnowledgeBase
from ingest.ledger import reading, runs, working
from ingest.ledger.owners import kept_alive, new_owner

_PAUSE = 0.2
"""Seconds between looks at what another process is doing."""


def write_chunks(
    kb: KnowledgeBase, index: Index, document: str, title: str, chunks: Sequence[Chunk], readers: Readers
) -> list[Chunk]:
    """Embed chunks, write them to the index and read them back; returned with the pivots made for it.

    Raises `UnavailableError` when the index is down or did not keep what it accepted.
    """
    if not chunks:
        return []
    encoded = kb.encoder.passages(
        [embedded_text(title, chunk.heading, chunk.text) for chunk in chunks],
        [chunk.language for chunk in chunks],
        [chunk.pivot for chunk in chunks],
    )
    index.write(
        [
            Row(chunk.id, document, one.terms, one.vector, readers, one.pivot_terms)
            for chunk, one in zip(chunks, encoded, strict=True)
        ]
    )
    lost = index.missing([chunk.id for chunk in chunks])
    if lost:
        raise UnavailableError(
            f"the index lost {len(lost)} of the {len(chunks)} chunks that it accepted for {title!r}"
        )
    return [replace(chunk, pivot=one.pivot) for chunk, one in zip(chunks, encoded, strict=True)]


@dataclass(frozen=True, slots=True)
class Audit:
    """What an index held and did not hold, against the ledger; both were mended."""

    orphans: int
    """Chunks in the index that are neither published nor on their way."""
    gaps: int
    """Published chunks that the index had lost."""


def audit(kb: KnowledgeBase, collection: IndexCollection) -> Audit:
    """Compare a collection with the ledger; remove its orphans and fill its gaps."""
    # In this order: an id that is in the index was noted in the ledger before, so one that the ledger does
    # not know afterwards belongs to nobody.
    indexed = set(collection.index.ids())
    with kb.ledger.read() as ledger:
        published = reading.published_ids(ledger)
        orphans = indexed.difference(published, reading.stray_ids(ledger))
    collection.index.delete(orphans)
    # What was published after the first look is in the index by now.
    gaps = collection.index.missing(published.keys() - indexed)
    for document in sorted({published[chunk] for chunk in gaps}):
        restore(kb, collection, document)
    return Audit(len(orphans), len(gaps))


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the ledger says that the index should hold of a document."""

    title: str
    readers: Readers
    chunks: Sequence[Chunk]
    strays: frozenset[str]


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
        indexed = write_chunks(kb, collection.index, document, wanted.title, new, wanted.readers)
        collection.index.set_readers(dict.fromkeys(known - absent, wanted.readers))
        written += len(new)
        pivots = {after.id: after.pivot for before, after in zip(new, indexed, strict=True)}
        _keep_pivots(kb, wanted.chunks, pivots)
        before, wanted = wanted, _wanted(kb, document)
        if before == wanted:
            return written


def _wanted(kb: KnowledgeBase, document: str) -> _Wanted:
    with kb.ledger.read() as ledger:
        rows = reading.published_documents(ledger, [document])
        return _Wanted(
            title=rows[0].title if rows else "",
            readers=frozenset(rows[0].readers or ()) if rows else frozenset(),
            chunks=working.published_chunks(ledger, document),
            strays=frozenset(working.unswept(ledger, document)),
        )


def _keep_pivots(kb: KnowledgeBase, chunks: Sequence[Chunk], pivots: Mapping[str, str | None]) -> None:
    changed = {
        chunk.id: pivots[chunk.id]
        for chunk in chunks
        if chunk.id in pivots and pivots[chunk.id] != chunk.pivot
    }
    if changed:
        with kb.ledger.write() as ledger:
            working.set_pivots(ledger, changed)


def rebuild(kb: KnowledgeBase, on_document: Callable[[str], None] = lambda _title: None) -> tuple[str, int]:
    """Make a new collection from the ledger and answer from it from then on.

    Questions and syncs go on meanwhile; the old collection is removed by the next sync or rebuild, when
    nobody reads it any more. Returns the new name and how many chunks were written. Raises `UnavailableError`
    while another process does the same.
    """
    with _alone(kb) as alone:
        if not alone:
            raise UnavailableError("the index is being made anew by another process already")
        _remove_leftovers(kb)
        return _rebuild(kb, on_document)


def keep_current(kb: KnowledgeBase, on_document: Callable[[str], None] = lambda _title: None) -> None:
    """Make the index anew if the model or the translator that it was made with is not the one there now.

    Waits for another process that does so. Removes what rebuilds left: replaced collections, and those of a
    rebuild that was killed.
    """
    while not _is_current(kb) or kb.ledger.leftovers():
        with _alone(kb) as alone:
            if alone:
                _remove_leftovers(kb)
                if not _is_current(kb):
                    _rebuild(kb, on_document)
                return
        if _is_current(kb):
            return  # whoever is at it leaves nothing
        time.sleep(_PAUSE)


def _is_current(kb: KnowledgeBase) -> bool:
    name = kb.ledger.collection()
    return name is None or kb.is_current(name)


@contextmanager
def _alone(kb: KnowledgeBase) -> Iterator[bool]:
    """Whether nobody else makes or removes collections for as long as the block runs."""
    seconds = kb.settings.sync.lease_seconds
    with kb.ledger.write() as ledger:
        lease = runs.claim_scan(ledger, runs.INDEX, new_owner(), seconds)
    if lease is None:
        yield False
        return
    try:
        with kept_alive(kb.ledger, seconds, lambda ledger: runs.renew_scan(ledger, lease, seconds)):
            yield True
    finally:
        with kb.ledger.write() as ledger:
            runs.release_scan(ledger, lease)


def _remove_leftovers(kb: KnowledgeBase) -> None:
    for name in kb.ledger.leftovers():
        if kb.drop_collection(name):
            kb.ledger.forget_collection(name)


def _rebuild(kb: KnowledgeBase, on_document: Callable[[str], None]) -> tuple[str, int]:
    old = kb.ledger.collection()
    new = kb.begin_collection()
    translate = old is not None and not kb.is_current(old)
    with kb.ledger.read() as ledger:
        copied = {row.id: row for row in reading.published_documents(ledger)}
    written = 0
    for document, row in copied.items():
        written += restore(kb, new, document, translate=translate)
        on_document(row.title)
    if not kb.ledger.set_collection(new.name, instead_of=old):
        raise UnavailableError("another process made the index anew meanwhile; that one is in use now")
    # What was published, removed, or given to other readers between the copy and the swap.
    audit(kb, new)
    with kb.ledger.read() as ledger:
        changed = [
            row.id
            for row in reading.published_documents(ledger)
            if row.id in copied and row.readers != copied[row.id].readers
        ]
    for document in changed:
        restore(kb, new, document)
    return new.name, written
