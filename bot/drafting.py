"""From ranked units to drafts: an answer by quotation, which needs no language model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from bot.quoting import normalise
from bot.ranking import Ranked
from bot.sentences import Unit, announced, units
from bot.verification import Draft, Evidence
from ingest.documents import Kind
from ingest.ledger.confirming import Passage

MARGIN = 4.5
"""Units whose score is further behind the best are left out. Measured from 1.5 to 5: less loses answers in
real handbooks, more adds hardly any (tests/bench/RESULTS.md)."""
TIE = 2.0
"""Documents whose best scores differ by less stand newest first."""
LONG_AGO = datetime.min.replace(tzinfo=UTC)


def quote(ranked: Sequence[Ranked], limit: int) -> list[Draft]:
    """The best units as drafts, at most `limit`, none twice.

    The best one brings what completes it. Those of one document stand together, in order.
    """
    chosen: dict[str, tuple[Passage, Unit]] = {}
    for passage, unit in _candidates(ranked):
        if len(chosen) < limit:
            chosen.setdefault(normalise(unit.shown), (passage, unit))
    places = _order_of_documents(ranked)
    drafts = sorted(
        chosen.values(),
        key=lambda one: (
            places[one[0].document],
            one[0].position,
            one[1].line,
            one[0].text.find(one[1].quote),
        ),
    )
    return [draft_of(passage, unit) for passage, unit in drafts]


def _candidates(ranked: Sequence[Ranked]) -> Iterable[tuple[Passage, Unit]]:
    """Units in the order of their right to be shown."""
    for place, one in enumerate(ranked):
        if one.score < ranked[0].score - MARGIN:
            return
        passage = one.passage.passage
        yield passage, one.unit
        if place == 0:
            yield from ((passage, unit) for unit in _completing(passage, one.unit))


def _completing(passage: Passage, unit: Unit) -> Iterable[Unit]:
    """The next sentence of the same paragraph: a rule and what it is about often part there. At its end, what
    a colon announces below."""
    there = units(passage.text)
    following = there[there.index(unit) + 1 :][:1]
    return announced(passage.text, unit) or (one for one in following if one.line == unit.line)


def _order_of_documents(ranked: Sequence[Ranked]) -> dict[str, int]:
    """Places of documents in the answer: the best first, but the newest of those that are about as good."""
    best: dict[str, Ranked] = {}
    for one in ranked:
        best.setdefault(one.passage.passage.document, one)
    tied = [one for one in best.values() if one.score > ranked[0].score - TIE]
    tied.sort(key=lambda one: one.passage.passage.updated_at or LONG_AGO, reverse=True)
    order = [*tied, *(one for one in best.values() if one not in tied)]
    return {one.passage.passage.document: place for place, one in enumerate(order)}


def draft_of(passage: Passage, unit: Unit) -> Draft:
    """A unit as a draft that quotes it."""
    context = unit.context if unit.kind is Kind.TABLE else ""
    return Draft(unit.shown, (Evidence(unit.quote, passage, context),))
