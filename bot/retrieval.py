"""From a question to confirmed passages: one index search, score fusion, and the ledger's word."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass, field
from heapq import nlargest
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
DEEPER = 8
"""How many times as many hits are taken, at each look again, where only some sources are answered from: an
index knows nothing of sources, so what others hold is left out afterwards."""
DEEPEST = 10_000
"""The most hits that are taken from a leg then; Weaviate gives no more."""
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
    restored: frozenset[str] = frozenset()
    """Sources that nothing is answered from until they were synced: the ledger was restored from a backup."""
    aged: frozenset[str] = frozenset()
    """Sources that nothing is answered from until it could be looked up again who may read them."""


def retrieve(
    kb: KnowledgeBase,
    text: str,
    principals: Readers,
    *,
    sources: frozenset[str] | None = None,
    limit: int = 10,
    pool: int = POOL,
) -> Found:
    """The passages nearest to a question that any of `principals` may read, in those sources (None: all).

    Raises `UnavailableError` when the index, the model or the ledger is down: an outage is no empty list.
    """
    collection = kb.last_collection()
    while True:
        # By the model that the collection was made with: another may be on its way in.
        question = collection.encoder.question(text)
        try:
            looked = _look(kb, collection, question, principals, pool, sources)
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
    stand = gate.stand
    return Found(question, collection.encoder, shown, dropped, stand.restored, stand.aged)


class _Gate:
    """The ledger's word about what an index proposes, in one look at it."""

    def __init__(self, kb: KnowledgeBase, sources: frozenset[str] | None) -> None:
        self._kb = kb
        self._sources = frozenset(kb.connectors) if sources is None else sources & kb.connectors.keys()
        """Those that are answered from."""
        self._asked: frozenset[str] | None = None
        self.stand = confirming.Look(None, frozenset(), frozenset())
        """How things stand with those."""
        self.confirmed: Mapping[str, Confirmed] = {}
        self.elsewhere: Set[str] = frozenset()
        """Chunks that are published in sources that are not answered from here."""
        self.published = False
        """Whether there is anything to answer from."""

    def ask(self, chunks: Collection[str]) -> None:
        """Look, unless this was part of what was asked last."""
        if self._asked is not None and self._asked.issuperset(chunks):
            return
        with self._kb.ledger.read() as ledger:
            self.stand = confirming.look(ledger, self._sources, self._kb.knowing)
            if others := self._kb.connectors.keys() - self._sources:
                sources = confirming.sources_of(ledger, chunks)
                self.elsewhere = {chunk for chunk, source in sources.items() if source in others}
            mine = [chunk for chunk in chunks if chunk not in self.elsewhere]
            self.confirmed = confirming.confirm(ledger, mine, self._sources - self.stand.held)
            self.published = bool(self.confirmed or self.elsewhere) or confirming.has_published(ledger)
        self._asked = frozenset(chunks)

    def starves(self, hits: Sequence[Hit], depth: int, pool: int) -> bool:
        """Whether other sources fill what a search brought of `depth` hits a leg, and there may be more."""
        if not (self._sources and self.elsewhere) or depth >= DEEPEST:
            return False
        return any(
            len(leg) == depth and sum(hit.chunk in self.confirmed for hit in leg) < pool
            for leg in _legs(hits, depth)
        )


def _look(
    kb: KnowledgeBase,
    collection: IndexCollection,
    question: Question,
    principals: Readers,
    pool: int,
    sources: frozenset[str] | None,
) -> tuple[Sequence[Hit], _Gate] | None:
    """One search and the ledger's word; None where the collection is not the one in use any more.

    Looks again where something was not confirmed: it may have been replaced between the two looks, and
    what an engine wrongly kept or brought back must not take the place of what is published. And it looks
    deeper where other sources take the place of those that were asked for.
    """
    index, least = collection.index, min(DEEPER * pool, DEEPEST) if sources else pool
    depth = least
    for _ in range(LOOKS):
        gate = _Gate(kb, sources)
        hits = index.search(question.terms, question.vector, principals, depth, gate.ask)
        gate.ask([hit.chunk for hit in hits])
        if gate.stand.used != collection.name:
            return None
        known = gate.confirmed.keys() | gate.elsewhere
        unconfirmed = sum(hit.chunk not in known for hit in hits)
        if gate.starves(hits, depth, pool):
            depth = min(DEEPER * depth, DEEPEST)
        elif unconfirmed:
            depth = max(depth, least + 2 * unconfirmed)
        else:
            break
    if gate.stand.held and not gate.confirmed:
        raise UnavailableError(_held_back(gate.stand))
    if not gate.published:
        raise UnavailableError("nothing is published yet; run `sabio sync` first")
    if not hits and next(index.ids(), None) is None:
        raise UnavailableError("the index is empty although documents are published; run `sabio rebuild`")
    return (hits if sources is None else _as_if_alone(hits, gate, pool)), gate


def _held_back(stand: confirming.Look) -> str:
    """Why nothing is answered from some sources, for an operator."""
    said = []
    if stand.restored:
        named = ", ".join(sorted(stand.restored))
        said.append(
            f"the ledger was restored from a backup, and nothing is answered from {named} before a sync"
        )
    if stand.aged:
        named = ", ".join(sorted(stand.aged))
        said.append(
            f"who may read {named} could not be looked up for a day, so nothing is answered from there"
        )
    return "; ".join(said)


def _as_if_alone(hits: Sequence[Hit], gate: _Gate, pool: int) -> Sequence[Hit]:
    """What the search would have brought if the index held nothing but the sources that are answered from."""
    words, dense = _legs([hit for hit in hits if hit.chunk in gate.confirmed], pool)
    best = {hit.chunk: hit for hit in (*words, *dense)}
    known = gate.confirmed.keys() | gate.elsewhere
    return [*best.values(), *[hit for hit in hits if hit.chunk not in known][:pool]]


def _legs(hits: Sequence[Hit], count: int) -> tuple[Sequence[Hit], Sequence[Hit]]:
    """The best by words, and the best by meaning."""
    worded = (hit for hit in hits if hit.words > 0)
    return (
        nlargest(count, worded, key=lambda hit: (hit.words, hit.chunk)),
        nlargest(count, hits, key=lambda hit: (hit.dense, hit.chunk)),
    )


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
