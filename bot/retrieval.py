"""From a question to confirmed passages: one index search, score fusion, and the ledger's word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean, pstdev
from typing import TYPE_CHECKING

from bot.messages import Dropped
from config.errors import UnavailableError
from ingest.documents import Hit, Readers
from ingest.knowledge import KnowledgeBase
from ingest.ledger import reading, restoring
from ingest.ledger.reading import Passage
from ingest.permissions import may_read

if TYPE_CHECKING:
    from ingest.encoding import Encoder, Question
    from ingest.index import Index

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
    while True:
        collection = kb.collection()
        # By the model that the collection was made with: another may be on its way in.
        question = collection.encoder.question(text)
        try:
            hits, confirmed, held = _search(kb, collection.index, question, principals, pool)
            break
        except UnavailableError:
            if kb.ledger.collection() == collection.name:
                raise
            # It was replaced and removed meanwhile.
    readable, dropped = [], []
    for hit in hits:
        passage = confirmed.get(hit.chunk)
        if passage is None:
            dropped.append(Dropped(hit.chunk, "not published any more"))
        elif not may_read(principals, passage.readers):
            dropped.append(Dropped(hit.chunk, "not readable by the asker"))
        else:
            readable.append(hit)
    balance = BALANCE if question.known else BALANCE_UNKNOWN
    passages = [
        Scored(confirmed[hit.chunk], score, hit.words, hit.dense) for hit, score in fuse(readable, balance)
    ]
    shown = _without_crowding(passages, limit)
    return Found(question, collection.encoder, shown, dropped, frozenset(held))


def _search(
    kb: KnowledgeBase, index: Index, question: Question, principals: Readers, pool: int
) -> tuple[Sequence[Hit], dict[str, Passage], set[str]]:
    """What the index proposes, what the ledger confirms of it, and the sources that are held back.

    Looks again where something was not confirmed: it may have been replaced between the two looks, and
    what an engine wrongly kept or brought back must not take the place of what is published.
    """
    gone = 0
    for _ in range(LOOKS):
        hits = index.search(question.terms, question.vector, principals, pool + gone)
        with kb.ledger.read() as ledger:
            held = restoring.held_back(ledger, kb.connectors)
            answering = [name for name in kb.connectors if name not in held]
            confirmed = reading.confirm(ledger, [hit.chunk for hit in hits], answering)
            published = bool(confirmed) or reading.has_published(ledger)
        if len(confirmed) == len(hits):
            break
        gone = 2 * (len(hits) - len(confirmed))
    if held and not confirmed:
        raise UnavailableError(
            f"the ledger was restored from a backup, and nothing is answered from {', '.join(sorted(held))}"
            " before a sync"
        )
    if not published:
        raise UnavailableError("nothing is published yet; run `sabio sync` first")
    if not hits and next(index.ids(), None) is None:
        raise UnavailableError("the index is empty although documents are published; run `sabio rebuild`")
    return hits, confirmed, held


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
    mean, spread = fmean(scores), pstdev(scores)
    return [(score - mean) / spread if spread else 0.0 for score in scores]


def _without_crowding(passages: Sequence[Scored], limit: int) -> list[Scored]:
    """The best `limit`, with no text twice, and those beyond a document's share moved to the end."""
    first: list[Scored] = []
    later: list[Scored] = []
    seen: set[str] = set()
    taken: dict[str, int] = {}
    for one in passages:
        text = one.passage.text
        if text in seen:
            continue
        seen.add(text)
        count = taken[one.passage.document] = taken.get(one.passage.document, 0) + 1
        (first if count <= PER_DOCUMENT else later).append(one)
    return [*first, *later][:limit]
