"""From a question to confirmed passages: one index search, score fusion, and the ledger's word."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import TYPE_CHECKING

from bot.messages import Dropped
from config.errors import UnavailableError
from ingest.documents import Hit, Readers
from ingest.knowledge import Collection as IndexCollection
from ingest.knowledge import KnowledgeBase
from ingest.ledger import confirming
from ingest.ledger.confirming import Confirmed, Passage, passage_of
from ingest.ledger.scanning import readers_of
from ingest.permissions import may_read

if TYPE_CHECKING:
    from ingest.encoding import Encoder, Question

POOL = 50
"""Hits taken from each leg of the search."""
LOOKS = 3
"""How often a search is made as long as the ledger does not confirm all that it brings."""
BALANCE = 0.6
"""Weight of the dense leg where the embedding model understands the question; see tests/bench/RESULTS.md."""
BALANCE_UNKNOWN = 0.3
"""The same where it does not, neither by itself nor through a translation."""
PER_DOCUMENT = 3
"""Passages of one document among those returned, as long as others have something to say."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A passage and how well it fits the question."""

    passage: Passage
    score: float
    """Fused: standard deviations above the mean of what this search found."""
    words: float
    """BM25, as the index gave it."""
    dense: float
    """Cosine similarity, -1 to 1."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search brought."""

    question: Question
    encoder: Encoder
    """The model that the question was encoded with."""
    passages: Sequence[Scored]
    """Best first; all of them confirmed by the ledger and readable by the asker."""
    dropped: Sequence[Dropped] = field(default=())
    held: frozenset[str] = frozenset()
    """Sources that nothing is answered from until they were synced: the ledger was restored from a backup."""


def retrieve(
    kb: KnowledgeBase, text: str, principals: Readers, *, limit: int = 10, pool: int = POOL
) -> Found:
    """The passages nearest to a question that any of `principals` may read.

    Raises `UnavailableError` when the index, the model or the ledger is down: an outage is no empty list.
    """
    collection = kb.last_collection()
    while True:
        # By the model that the collection was made with: another may be on its way in.
        question = collection.encoder.question(text)
        try:
            looked = _look(kb, collection, question, principals, pool)
        except UnavailableError:
            if kb.ledger.collection() == collection.name:
                raise
            looked = None
        if looked is not None:
            break
        # It was replaced, and may have been removed, meanwhile.
        collection = kb.collection()
    readable, dropped = [], []
    hits, gate = looked
    for hit in hits:
        row = gate.confirmed.get(hit.chunk)
        if row is None:
            dropped.append(Dropped(hit.chunk, "not published any more"))
        elif not may_read(principals, readers_of(row.readers)):
            dropped.append(Dropped(hit.chunk, "not readable by the asker"))
        else:
            readable.append(hit)
    balance = BALANCE if question.known else BALANCE_UNKNOWN
    best = _without_crowding(fuse(readable, balance), gate.confirmed, limit)
    shown = [
        Scored(passage_of(gate.confirmed[hit.chunk]), score, hit.words, hit.dense) for hit, score in best
    ]
    return Found(question, collection.encoder, shown, dropped, gate.held)


class _Gate:
    """The ledger's word about what an index proposes, in one look at it."""

    def __init__(self, kb: KnowledgeBase) -> None:
        self._kb = kb
        self._asked: frozenset[str] | None = None
        self.used: str | None = None
        """The collection in use."""
        self.held: frozenset[str] = frozenset()
        """Sources that are held back."""
        self.confirmed: Mapping[str, Confirmed] = {}
        self.published = False
        """Whether there is anything to answer from."""

    def ask(self, chunks: Collection[str]) -> None:
        """Look, unless this was part of what was asked last."""
        if self._asked is not None and self._asked.issuperset(chunks):
            return
        with self._kb.ledger.read() as ledger:
            self.used, held = confirming.look(ledger, self._kb.connectors)
            answering = [name for name in self._kb.connectors if name not in held]
            self.confirmed = confirming.confirm(ledger, chunks, answering)
            self.published = bool(self.confirmed) or confirming.has_published(ledger)
        self._asked, self.held = frozenset(chunks), frozenset(held)


def _look(
    kb: KnowledgeBase, collection: IndexCollection, question: Question, principals: Readers, pool: int
) -> tuple[Sequence[Hit], _Gate] | None:
    """One search and the ledger's word; None where the collection is not the one in use any more.

    Looks again where something was not confirmed: it may have been replaced between the two looks, and
    what an engine wrongly kept or brought back must not take the place of what is published.
    """
    index, gone = collection.index, 0
    for _ in range(LOOKS):
        gate = _Gate(kb)
        hits = index.search(question.terms, question.vector, principals, pool + gone, gate.ask)
        gate.ask([hit.chunk for hit in hits])
        if gate.used != collection.name:
            return None
        unconfirmed = sum(hit.chunk not in gate.confirmed for hit in hits)
        if not unconfirmed:
            break
        gone = 2 * unconfirmed
    if gate.held and not gate.confirmed:
        sources = ", ".join(sorted(gate.held))
        raise UnavailableError(
            f"the ledger was restored from a backup, and nothing is answered from {sources} before a sync"
        )
    if not gate.published:
        raise UnavailableError("nothing is published yet; run `sabio sync` first")
    if not hits and next(index.ids(), None) is None:
        raise UnavailableError("the index is empty although documents are published; run `sabio rebuild`")
    return hits, gate


def fuse(hits: Sequence[Hit], balance: float) -> list[tuple[Hit, float]]:
    """Score fusion: each leg's scores in standard deviations from its own mean, then mixed; best first.

    Measured against stretching to 0..1 and against rank fusion, which lets a bad leg ruin a good one:
    tests/bench/RESULTS.md.
    """
    words, dense = _standardise([hit.words for hit in hits]), _standardise([hit.dense for hit in hits])
    mixed = [
        (hit, balance * near + (1 - balance) * same)
        for hit, near, same in zip(hits, dense, words, strict=True)
    ]
    return sorted(mixed, key=lambda pair: (-pair[1], pair[0].chunk))


def _standardise(scores: Sequence[float]) -> list[float]:
    if not scores:
        return []
    mean = fmean(scores)
    apart = [score - mean for score in scores]
    spread = math.hypot(*apart) / math.sqrt(len(scores))
    return [one / spread if spread else 0.0 for one in apart]


def _without_crowding(
    ranked: Sequence[tuple[Hit, float]], confirmed: Mapping[str, Confirmed], limit: int
) -> list[tuple[Hit, float]]:
    """The best `limit`, with no text twice, and those beyond a document's share moved to the end."""
    first: list[tuple[Hit, float]] = []
    later: list[tuple[Hit, float]] = []
    seen: set[str] = set()
    taken: dict[str, int] = {}
    for hit, score in ranked:
        row = confirmed[hit.chunk]
        if row.text in seen:
            continue
        seen.add(row.text)
        count = taken[row.document] = taken.get(row.document, 0) + 1
        (first if count <= PER_DOCUMENT else later).append((hit, score))
        if len(first) == limit:
            break
    return [*first, *later][:limit]
