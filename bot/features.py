"""What is known of each unit of the passages in the light of a question, before any of them is embedded."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from operator import attrgetter, mul

from bot.retrieval import Found, Scored
from bot.sentences import Unit, sentences, units
from ingest.documents import Chunk
from ingest.language import question_terms, terms

AFAR = (0.03, 0.61, 0.28)
"""How near a unit is taken to be before it is embedded: a constant, and weights of `dense` and `covered`."""


@dataclass(frozen=True, slots=True)
class Features:
    """What is known of one unit in the light of the question."""

    passage: float
    """How the passage stands among all that were found, in standard deviations."""
    dense: float
    """Cosine of question and passage."""
    near: float
    """Cosine of question and unit's beginning; an estimate until that is embedded."""
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
class Seen:
    """A unit in its passage, as it looks from afar."""

    unit: Unit
    passage: Scored
    features: Features
    pivot: str | None
    """The unit as it is legible in the embedding model's language, where its passage tells."""


_ASKS_NUMBER = re.compile(
    r"\b(how (many|much|long|often|old|soon|far|big|large|late|early)|when"
    r"|(what|which) (time|date|day|year|month|percentage|age|price|cost|amount|version|port|number)"
    r"|maximum|minimum|limit|deadline|days|hours|cu[aá]nt[oa]s?|cu[aá]ndo"
    r"|qu[eé] (d[ií]a|fecha|hora|año|mes|edad|porcentaje|precio|versi[oó]n|puerto|n[uú]mero)"
    r"|plazo|l[ií]mite|m[aá]xim[oa]|m[ií]nim[oa]|d[ií]as|horas)\b",
    re.IGNORECASE,
)
_ASKS_NAME = re.compile(r"\b(who|whom|whose|qui[eé]n(es)?)\b", re.IGNORECASE)
_FIGURE = re.compile(r"\d")
_NAME = re.compile(r"(?<=[\w,;:)] )[A-ZÁÉÍÓÚÑ]\w+")


def look(found: Found, passages: Sequence[Scored]) -> list[Seen]:
    """Every unit of some of the passages that were found, in order, with its features."""
    question = _Asked(found)
    pieces = [piece for one in passages for piece in question.pieces(one)]
    rarity = _Rarity([piece.own for piece in pieces])
    return [Seen(one.unit, one.passage, question.features(one, rarity), one.pivot) for one in pieces]


class _Asked:
    """A question, ready to be held against units."""

    def __init__(self, found: Found) -> None:
        question, pivot = found.question, found.encoder.pivot
        self._language = question.language
        self._pivot = pivot
        self._own = question_terms(question.text, question.language)
        # Passages in other languages are met in the pivot language, where most of them can be read.
        self._other = question_terms(question.pivot, pivot) if question.pivot else self._own
        self._number = bool(_ASKS_NUMBER.search(question.text))
        self._name = bool(_ASKS_NAME.search(question.text))

    def pieces(self, one: Scored) -> Iterator[_Piece]:
        """The units of a passage, with the terms in which they can be held against the question."""
        chunk = one.passage.chunk
        there = units(chunk.text)
        if not chunk.pivot:
            yield from (self._piece(one, unit) for unit in there)
            return
        translated = _Translated(chunk, there)
        for unit, made in zip(there, translated.units, strict=True):
            pivot = made.legible if made else None
            if chunk.language == self._language:
                yield self._piece(one, unit, pivot)
            else:
                own = _terms(made.quote if made else translated.line(unit.line), self._pivot)
                around = f"{translated.heading} {made.context if made else ''}"
                yield _Piece(one, unit, pivot, own, _terms(around, self._pivot))

    def _piece(self, one: Scored, unit: Unit, pivot: str | None = None) -> _Piece:
        chunk = one.passage.chunk
        around = " ".join((one.passage.title, *chunk.heading, unit.context))
        return _Piece(one, unit, pivot, _terms(unit.quote, chunk.language), _terms(around, chunk.language))

    def features(self, piece: _Piece, rarity: _Rarity) -> Features:
        """What is known of a unit without its vector."""
        one, quote = piece.passage, piece.unit.quote
        asked = self._own if one.passage.chunk.language == self._language else self._other
        words = len(quote.split())
        covered = rarity.share(asked, piece.own | piece.around)
        return Features(
            passage=one.score,
            dense=one.dense,
            near=sum(map(mul, AFAR, (1.0, one.dense, covered))),
            covered=covered,
            number=float(self._number and bool(_FIGURE.search(quote))),
            name=float(self._name and bool(_NAME.search(quote))),
            length=math.log1p(words),
            short=float(words < 4),
            asks=float(piece.unit.asks),
        )


@dataclass(frozen=True, slots=True)
class _Piece:
    """A unit in its passage, with the terms of both in a language that the question has."""

    passage: Scored
    unit: Unit
    pivot: str | None
    own: frozenset[str]
    around: frozenset[str]
    """Terms of the title, the headings, and the unit's context."""


class _Translated:
    """What a chunk says in the embedding model's language, part by part."""

    def __init__(self, chunk: Chunk, there: Sequence[Unit]) -> None:
        self._texts = chunk.text.split("\n")
        self.heading, *self._lines = (chunk.pivot or "").split("\n")
        self.units: list[Unit | None] = []
        """The units; None for those of a line of which the translation has not as many sentences."""
        for number, members in groupby(there, key=attrgetter("line")):
            here, line = list(members), self.line(number)
            parts = [line] if len(here) == 1 and line else sentences(line)
            known = len(parts) == len(here)
            self.units += map(self._made, here, parts) if known else [None] * len(here)

    def line(self, number: int) -> str:
        """A line; nothing where the translation has fewer."""
        return self._lines[number] if number < len(self._lines) else ""

    def _made(self, unit: Unit, quote: str) -> Unit:
        if not unit.context:
            return replace(unit, quote=quote)
        above = (number for number, text in enumerate(self._texts) if text.endswith(unit.context))
        return replace(unit, quote=quote, context=self.line(next(above)))


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
