"""From published or to-be-published chunks to index rows; and the whole index anew from the ledger."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from config.errors import UnavailableError
from ingest.documents import Chunk, Readers, embedded_text
from ingest.index import Index, Row
from ingest.knowledge import Collection, KnowledgeBase
from ingest.ledger import reading, working


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
            Row(chunk.id, document, one.terms, one.vector, readers)
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


def audit(kb: KnowledgeBase, collection: Collection) -> Audit:
    """Compare a collection with the ledger; remove its orphans and fill its gaps."""
    # In this order: an id that is in the index was noted in the ledger before, so one that the ledger does
    # not know afterwards belongs to nobody.
    indexed = set(collection.index.ids())
    with kb.ledger.read() as ledger:
        published = reading.published_ids(ledger)
        orphans = indexed.difference(published, reading.stray_ids(ledger))
    collection.index.delete(orphans)
    gaps = {chunk: document for chunk, document in published.items() if chunk not in indexed}
    fill(kb, collection, sorted(set(gaps.values())), only=set(gaps))
    return Audit(len(orphans), len(gaps))


def fill(
    kb: KnowledgeBase,
    collection: Collection,
    documents: Sequence[str],
    *,
    only: set[str] | None = None,
    on_document: Callable[[str], None] = lambda _title: None,
) -> int:
    """Write the published chunks of documents from the ledger into a collection; how many were written."""
    written = 0
    for document in documents:
        with kb.ledger.read() as ledger:
            rows = reading.published_documents(ledger, [document])
            chunks = working.published_chunks(ledger, document)
        for row in rows:
            readers = frozenset(row.readers or ())
            wanted = [chunk for chunk in chunks if only is None or chunk.id in only]
            write_chunks(kb, collection.index, row.id, row.title, wanted, readers)
            written += len(wanted)
            on_document(row.title)
    return written


def rebuild(kb: KnowledgeBase, on_document: Callable[[str], None] = lambda _title: None) -> tuple[str, int]:
    """Make a new collection from the ledger, answer from it from then on, and remove the old one.

    Questions go on meanwhile on the old one. Returns the new name and how many chunks were written.
    """
    old = kb.ledger.collection()
    new = kb.new_collection()
    with kb.ledger.read() as ledger:
        documents = [row.id for row in reading.published_documents(ledger)]
    written = fill(kb, new, documents, on_document=on_document)
    if not kb.ledger.set_collection(new.name, instead_of=old):
        kb.drop_collection(new.name)
        raise UnavailableError("another rebuild finished meanwhile; its index is in use now")
    audit(kb, new)  # what was published between the copy and the swap
    if old is not None:
        kb.drop_collection(old)
    return new.name, written
