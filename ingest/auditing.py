"""The index held against the ledger, of which it is a copy: what it made up goes, what it lost comes back."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import islice

import numpy as np

from config.telemetry import observe_metric
from ingest.copying import catch_up, copy, restore, set_all_readers
from ingest.knowledge import Collection as IndexCollection
from ingest.knowledge import KnowledgeBase
from ingest.ledger import indexed

_PAGE = 5_000


@dataclass(frozen=True, slots=True)
class Audit:
    """What an index held and did not hold, against the ledger."""

    orphans: int
    """Chunks in the index that are neither published nor on their way."""
    gaps: int
    """Published chunks that the index does not hold."""
    readers: int = 0
    """Chunks that had other readers than the ledger says, where that was looked at."""
    unfilled: frozenset[str] = frozenset()
    """Sources whose gaps were left to a sync of theirs."""


def audit(
    kb: KnowledgeBase,
    collection: IndexCollection,
    fills: Collection[str] | None = (),
    *,
    readers: bool = False,
    translate: bool = False,
) -> Audit:
    """Compare a collection with the ledger; remove its orphans, and fill the gaps of the sources `fills`.

    A gap may also be a deleted document that a ledger restored from a backup takes for published. So these
    are sources that have just been listed, and of their documents those that were there; None fills in
    whatever the ledger says. `readers` gives their chunks the readers that the ledger says; so does anything
    found wrong: the index was restored, or somebody else writes to it. `translate` makes the pivots of what
    is filled in anew. Both sides are read as they come, and of each id only eight bytes are kept.
    """
    held, gaps = _compare(kb, collection)
    orphans = _remove_orphans(kb, collection, held)
    lost, documents = _still_lost(kb, collection, gaps)
    with kb.ledger.read() as ledger:
        listed = indexed.listed(ledger, documents)
    fillable = documents if fills is None else {one for one in listed if listed[one] in fills}
    filled = copy(kb, collection, sorted(fillable), translate=translate)
    wrong = _mend_readers(kb, collection, fills) if readers or orphans or lost else 0
    for what, count in (("orphan", orphans), ("gap", filled), ("readers", wrong)):
        if count:
            observe_metric("index_mended", count, what=what)
    return Audit(orphans, lost, wrong, frozenset(listed[one] for one in listed.keys() - fillable))


def _mend_readers(kb: KnowledgeBase, collection: IndexCollection, fills: Collection[str] | None) -> int:
    """Give the chunks of listed documents the readers that the ledger says: how many had others.

    Nobody reads by a wrong one, as the ledger is asked again about every hit; but whoever may, and is not
    named by it, finds nothing.
    """
    with kb.ledger.read() as ledger:
        seen = indexed.versions(ledger, fills)
    changed = set_all_readers(kb, collection, sorted(seen))
    catch_up(kb, collection, seen, fills)
    return changed


def differences(kb: KnowledgeBase, collection: IndexCollection) -> Audit:
    """What an audit would find; nothing is mended."""
    held, gaps = _compare(kb, collection)
    lost, _ = _still_lost(kb, collection, gaps)
    return Audit(len(held.unnamed()), lost)


def _compare(kb: KnowledgeBase, collection: IndexCollection) -> tuple[_Held, set[str]]:
    """What a collection holds, and the published chunks that it seems to lack."""
    index, gaps, published = collection.index, set[str](), 0
    count = index.count()
    with kb.ledger.read() as ledger:
        for page in indexed.each_published(ledger):
            gaps |= index.missing(page)
            published += len(page)
    # Where as many rows are there as chunks are published, and none of these is missing, there are no others.
    if count == published and not gaps:
        return _Held(()), gaps
    # In this order: an id that is in the index was noted in the ledger before, so one that the ledger does
    # not know afterwards belongs to nobody.
    held = _Held(index.ids())
    with kb.ledger.read() as ledger:
        for page in indexed.each_published(ledger):
            held.name(page)
        for strays in indexed.each_stray(ledger):
            held.name(strays)
    return held, gaps


def _still_lost(kb: KnowledgeBase, collection: IndexCollection, gaps: set[str]) -> tuple[int, set[str]]:
    """How many of the chunks were not merely replaced meanwhile, and the documents that they are of."""
    lost = collection.index.missing(gaps)
    with kb.ledger.read() as ledger:
        published = indexed.published(ledger, lost)
    return len(published), set(published.values())


class _Held:
    """The chunk ids that a collection holds, eight bytes each, and which of them have been named since.

    Of a million ids two are taken for each other with a chance of 1 in 37 million; the next audit would see
    it, if it were not the very same two.
    """

    def __init__(self, ids: Iterable[str]) -> None:
        self._marks = np.sort(np.fromiter(map(_mark, ids), np.uint64))
        self._named = np.zeros(len(self._marks), bool)

    def name(self, ids: Collection[str]) -> None:
        """Take note that the ledger knows these."""
        if not len(self._marks):
            return
        marks = np.fromiter(map(_mark, ids), np.uint64, len(ids))
        at = np.minimum(np.searchsorted(self._marks, marks), len(self._marks) - 1)
        self._named[at[self._marks[at] == marks]] = True

    def unnamed(self) -> set[int]:
        """The marks of those ids that nobody has named."""
        return set(self._marks[~self._named].tolist())


def _mark(id_: str) -> int:
    return int.from_bytes(hashlib.blake2b(id_.encode(), digest_size=8).digest())


def _remove_orphans(kb: KnowledgeBase, collection: IndexCollection, held: _Held) -> int:
    """Delete what nobody has named: how many there were."""
    marks = held.unnamed()
    if not marks:
        return 0
    count = 0
    suspects = (chunk for chunk in collection.index.ids() if _mark(chunk) in marks)
    while page := list(islice(suspects, _PAGE)):
        with kb.ledger.read() as ledger:
            orphans = indexed.unknown(ledger, page)
        collection.index.delete(orphans)
        with kb.ledger.read() as ledger:
            # Somebody may have published the very same words at this moment.
            published = indexed.published(ledger, orphans)
        for document in sorted(set(published.values())):
            restore(kb, collection, document)
        count += len(orphans)
    return count
