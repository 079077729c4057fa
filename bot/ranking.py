"""Which units of the passages answer a question best, and whether any of them does.

Two small linear models over features that can be explained one by one. Their weights were fitted on golden
questions in two languages by `python -m tests.bench.fit`; tests/bench/RESULTS.md has what they reach.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields, replace
from operator import attrgetter, mul

from bot.features import Features, Seen, look
from bot.retrieval import Found, Scored
from bot.sentences import Unit
from ingest.documents import embedded_text
from ingest.encoding import Encoder

__all__ = ["Features", "Ranked", "aside", "confidence", "rank", "signs"]

READ = 8
"""Passages whose units are weighed."""
CERTAIN = 3
"""Units whose place is certain: whatever may still come among them is embedded, which is what costs time."""
EMBEDDED = 12
"""Units that are embedded at most, those that look best first."""
DOUBT = 0.05
"""By how much a unit may be nearer than is thought before it is embedded: half a standard deviation."""
ASIDE = 4000
"""Letters of further passages that are looked at for what contradicts the best."""
BEGINNING = 150
"""Letters of a unit that are embedded: they show what it is about as well as all of it."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A unit in its passage, with its score."""

    unit: Unit
    passage: Scored
    features: Features
    score: float
    pivot: str | None = None
    """The unit as it is legible in the embedding model's language, where its passage tells."""


WEIGHTS = Features(
    passage=0.97,
    dense=8.37,
    near=6.22,
    covered=5.42,
    number=2.06,
    name=2.2,
    length=0.27,
    short=-1.2,
    asks=-4.74,
)
"""Of the ranking; a difference of 1 in score means that a unit is e times as likely to be the right one."""

CONFIDENCE = (-3.89, 5.05, 0.171)
"""A constant and the weights of `signs`."""
SURE, MAYBE = 0.68, 0.655
"""From which confidence on an answer is given, and given with reserve."""
HEADED = (-0.013, 0.477, 0.576)
"""The first sign, estimated: a constant, and the weights of the best unit's `near` and `dense`."""
HEADED_DOUBT = 0.15
"""Nearly all such estimates (98 %) are less than this off."""


def rank(found: Found, encoder: Encoder) -> list[Ranked]:
    """The units of the best passages, best first.

    Those that may be among the first are weighed by their own vectors. The others stay where their words and
    their passages place them.
    """
    waiting = _seen_from_afar(found, found.passages[:READ])
    close: list[Ranked] = []
    while waiting and len(close) < EMBEDDED and not _settled(close, waiting[0]):
        batch, waiting = waiting[: encoder.together], waiting[encoder.together :]
        nearness = _nearness(found, batch, encoder)
        close += [_at(one, near) for one, near in zip(batch, nearness, strict=True)]
    return sorted([*close, *waiting], key=_order)


def aside(found: Found) -> list[Ranked]:
    """The units of the passages that come next, from afar: many short ones that say the same keep out one
    that does not."""
    following, letters = [], 0
    for one in found.passages[READ:]:
        letters += len(one.passage.text)
        if letters > ASIDE:
            break
        following.append(one)
    return _seen_from_afar(found, following)


def _settled(close: Sequence[Ranked], best_left: Ranked) -> bool:
    """Whether no unit that is left can come among the first."""
    scores = sorted((one.score for one in close), reverse=True)
    return len(scores) >= CERTAIN and scores[CERTAIN - 1] >= best_left.score + WEIGHTS.near * DOUBT


def confidence(found: Found, ranked: Sequence[Ranked], encoder: Encoder) -> float:
    """The estimated chance, 0 to 1, that the best units answer the question.

    The first of its signs is itself an estimate where the decision to answer does not hang on it.
    """
    if not ranked:
        return 0.0
    best = ranked[0]
    near = sum(map(mul, HEADED, (1.0, best.features.near, best.features.dense)))
    least, most = (_chance(near + doubt, best.score) for doubt in (-HEADED_DOUBT, HEADED_DOUBT))
    if any(least < threshold <= most for threshold in (MAYBE, SURE)):
        return _chance(*signs(found, ranked, encoder))
    return _chance(near, best.score)


def _chance(near: float, score: float) -> float:
    return 1 / (1 + math.exp(-sum(map(mul, CONFIDENCE, (1.0, near, score)))))


def signs(found: Found, ranked: Sequence[Ranked], encoder: Encoder) -> tuple[float, float]:
    """What tells a question that has an answer from one that only has a topic, both of the best unit:

    its cosine to the question when it is read under its title and headings, and its score.
    """
    [near] = _nearness(found, ranked[:1], encoder, headings=True)
    return near, ranked[0].score


def _nearness(
    found: Found, chosen: Sequence[Ranked], encoder: Encoder, *, headings: bool = False
) -> list[float]:
    """Cosines of the question and units' beginnings, or all of them under their headings if wanted."""
    texts, pivots = [], []
    for one in chosen:
        passage = one.passage.passage
        if headings:
            above = (passage.chunk.pivot or "").split("\n")[0]
            texts.append(embedded_text(passage.title, passage.chunk.heading, one.unit.legible))
            pivots.append(f"{above}\n{one.pivot}" if one.pivot else None)
        else:
            texts.append(_beginning(one.unit.legible))
            pivots.append(_beginning(one.pivot) if one.pivot else None)
    languages = [one.passage.passage.chunk.language for one in chosen]
    return [float(vector @ found.question.vector) for vector in encoder.vectors(texts, languages, pivots)]


def _beginning(text: str) -> str:
    return text if len(text) <= BEGINNING else text[:BEGINNING].rpartition(" ")[0] or text[:BEGINNING]


def _seen_from_afar(found: Found, passages: Sequence[Scored]) -> list[Ranked]:
    """The units of passages without their own vectors, best first."""
    return sorted(map(_from_afar, look(found, passages)), key=_order)


def _from_afar(seen: Seen) -> Ranked:
    return Ranked(seen.unit, seen.passage, seen.features, _score(seen.features), seen.pivot)


def _at(one: Ranked, near: float) -> Ranked:
    """The same unit, that near."""
    features = replace(one.features, near=near)
    return replace(one, features=features, score=_score(features))


_WEIGHTS = astuple(WEIGHTS)
_VALUES = attrgetter(*(field.name for field in fields(Features)))


def _score(features: Features) -> float:
    score: float = sum(map(mul, _WEIGHTS, _VALUES(features)))
    return score


def _order(one: Ranked) -> tuple[float, str, int]:
    return (-one.score, one.passage.passage.chunk.id, one.unit.line)
