"""Which units of the passages answer a question best, and whether any of them does.

Two small linear models over features that can be explained one by one. Their weights were fitted on golden
questions in two languages by `python -m tests.bench.fit`; tests/bench/RESULTS.md has what they reach.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from functools import lru_cache
from operator import mul

from bot.retrieval import Found, Scored
from bot.sentences import Unit, units
from ingest.documents import embedded_text
from ingest.encoding import Encoder
from ingest.index import Vector
from ingest.language import question_terms, terms

READ = 8
"""Passages whose units are weighed."""
EMBEDDED = 32
"""Units that are embedded, after a first choice by words: embedding is what costs time."""


@dataclass(frozen=True, slots=True)
class Features:
    """What is known of one unit in the light of the question."""

    passage: float
    """How the passage stands among all that were found, in standard deviations."""
    dense: float
    """Cosine of question and passage."""
    near: float
    """Cosine of question and unit; of question and passage while the unit is not embedded."""
    covered: float
    """Share of the question's words, weighed by rarity, in the unit with its headings and context."""
    number: float
    """1 if the question asks for a quantity or a date and the unit has a figure."""
    name: float
    """1 if the question asks for somebody and the unit has a name."""
    length: float
    """Logarithm of the unit's words."""
    short: float
    """1 below four words: a label rather than a statement."""
    asks: float
    """1 if the unit is itself a question."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A unit in its passage, with its score."""

    unit: Unit
    passage: Scored
    features: Features
    score: float


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

_ASKS_NUMBER = re.compile(
    r"\b(how (many|much|long|often|old|soon|far|big|large|late|early)|when"
    r"|(what|which) (time|date|day|year|month|percentage|age|price|cost|amount|version|port|number)"
    r"|maximum|minimum|limit|deadline|days|hours|cu[aá]nt[oa]s?|cu[aá]ndo"
    r"|qu[eé] (d[ií]a|fecha|hora|año|mes|edad|porcentaje|precio|versi[oó]n|puerto|n[uú]mero)"
    r"|plazo|l[ií]mite|m[aá]xim[oa]|m[ií]nim[oa]|d[ií]as|horas)\b",
    re.IGNORECASE,
)
_ASKS_NAME = re.compile(r"\b(who|whom|whose|qui[eé]n(es)?)\b", re.IGNORECASE)
_NAME = re.compile(r"(?<=[\w,;:)] )[A-ZÁÉÍÓÚÑ]\w+")


def rank(found: Found, encoder: Encoder) -> list[Ranked]:
    """The units of the best passages, best first."""
    question = _Asked(found, encoder.pivot)
    first = question.weigh(found.passages[:READ])
    chosen = sorted(first, key=_order)[:EMBEDDED]
    if not chosen:
        return []
    vectors = _embed(chosen, encoder)
    return sorted(
        (
            _scored(one.unit, one.passage, replace(one.features, near=float(vector @ found.question.vector)))
            for one, vector in zip(chosen, vectors, strict=True)
        ),
        key=_order,
    )


def confidence(found: Found, ranked: Sequence[Ranked], encoder: Encoder) -> float:
    """The estimated chance, 0 to 1, that the best units answer the question."""
    if not ranked:
        return 0.0
    constant, *weights = CONFIDENCE
    return 1 / (1 + math.exp(-constant - sum(map(mul, weights, signs(found, ranked, encoder)))))


def signs(found: Found, ranked: Sequence[Ranked], encoder: Encoder) -> tuple[float, float]:
    """What tells a question that has an answer from one that only has a topic, both of the best unit:

    its cosine to the question when it is read under its title and headings, and its score.
    """
    [vector] = _embed(ranked[:1], encoder, headings=True)
    return float(vector @ found.question.vector), ranked[0].score


class _Asked:
    """A question, ready to be held against units."""

    def __init__(self, found: Found, pivot: str) -> None:
        question = found.question
        self._language = question.language
        self._pivot = pivot
        self._own = question_terms(question.text, question.language)
        # Passages in other languages are met in the pivot language, where most of them can be read.
        self._other = question_terms(question.pivot, pivot) if question.pivot else self._own
        self._number = bool(_ASKS_NUMBER.search(question.text))
        self._name = bool(_ASKS_NAME.search(question.text))

    def weigh(self, passages: Sequence[Scored]) -> list[Ranked]:
        """Every unit of the passages, with all features that need no model."""
        pieces = [
            (one, unit, *self._words(one, unit)) for one in passages for unit in units(one.passage.text)
        ]
        rarity = _Rarity([own for _, _, own, _ in pieces])
        return [self._weighed(one, unit, own | around, rarity) for one, unit, own, around in pieces]

    def _words(self, one: Scored, unit: Unit) -> tuple[frozenset[str], frozenset[str]]:
        """The unit's own terms and those of what stands around it, in a language the question has."""
        chunk = one.passage.chunk
        if chunk.language == self._language or not chunk.pivot:
            around = " ".join((one.passage.title, *chunk.heading, unit.context))
            return _terms(unit.quote, chunk.language), _terms(around, chunk.language)
        heading, *lines = chunk.pivot.split("\n")
        own = lines[unit.line] if unit.line < len(lines) else ""
        return _terms(own, self._pivot), _terms(heading, self._pivot)

    def _weighed(self, one: Scored, unit: Unit, there: frozenset[str], rarity: _Rarity) -> Ranked:
        chunk = one.passage.chunk
        asked = self._own if chunk.language == self._language else self._other
        words = len(unit.quote.split())
        features = Features(
            passage=one.score,
            dense=one.dense,
            near=one.dense,
            covered=rarity.share(asked, there),
            number=float(self._number and any(letter.isdigit() for letter in unit.quote)),
            name=float(self._name and bool(_NAME.search(unit.quote))),
            length=math.log1p(words),
            short=float(words < 4),
            asks=float(unit.quote.rstrip().endswith("?")),
        )
        return _scored(unit, one, features)


class _Rarity:
    """How much each term tells units apart (the idf of BM25, over the units at hand)."""

    def __init__(self, units_terms: Sequence[frozenset[str]]) -> None:
        self._count = len(units_terms)
        self._in = Counter(term for each in units_terms for term in each)

    def share(self, asked: Sequence[str], there: frozenset[str]) -> float:
        """The share of the asked terms' weight that is there, 0 to 1."""
        total = sum(map(self._weight, asked))
        return sum(self._weight(term) for term in asked if term in there) / total if total else 0.0

    def _weight(self, term: str) -> float:
        within = self._in[term]
        return math.log1p((self._count - within + 0.5) / (within + 0.5))


@lru_cache(maxsize=20_000)
def _terms(text: str, language: str) -> frozenset[str]:
    return frozenset(terms(text, language))


def _embed(chosen: Sequence[Ranked], encoder: Encoder, *, headings: bool = False) -> Sequence[Vector]:
    """The vectors of units, in the embedding model's language; under their headings if wanted."""
    texts, pivots = [], []
    for one in chosen:
        passage = one.passage.passage
        above = embedded_text(passage.title, passage.chunk.heading, "") if headings else ""
        heading, *lines = (passage.chunk.pivot or "").split("\n")
        known = one.unit.whole and one.unit.line < len(lines)
        texts.append(above + one.unit.quote)
        pivots.append((heading + "\n" if headings else "") + lines[one.unit.line] if known else None)
    encoded = encoder.passages(texts, [one.passage.passage.chunk.language for one in chosen], pivots)
    return [each.vector for each in encoded]


def _scored(unit: Unit, passage: Scored, features: Features) -> Ranked:
    return Ranked(unit, passage, features, sum(map(mul, astuple(WEIGHTS), astuple(features))))


def _order(one: Ranked) -> tuple[float, str, int]:
    return (-one.score, one.passage.passage.chunk.id, one.unit.line)
