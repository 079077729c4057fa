"""What a sentence states, word by word: its numbers, dates, names, denials and directions, in two languages.

A claim and its quotes are read the same way; `bot.proof` then holds one reading against the other. In
languages that are not known here numbers, names and addresses are read, and words by their stems.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from bot.facts.amounts import Amount, find_amounts
from bot.facts.dates import Date, find_dates
from bot.facts.names import name_keys, names_people
from bot.facts.pieces import Piece, cut, fold
from bot.facts.turns import PERIODS, SYNONYMOUS, Turn, stem, turning
from bot.facts.units import unit_of
from bot.facts.words import BREAKING, DENYING, IRREGULAR, LIGHT, NEGATIONS, NEUTRAL, words

__all__ = ["Amount", "Date", "Kind", "Token", "Turn", "fold", "keys_of", "read"]


class Kind(StrEnum):
    """What a token is to the check."""

    WORD = "word"
    """Of content, compared by its stem."""
    LIGHT = "light"
    """Of grammar."""
    NAME = "name"
    CODE = "code"
    """An address, a path, a version, a product's number: compared letter for letter."""
    NUMBER = "number"
    DATE = "date"


_NO_TURNS: frozenset[Turn] = frozenset()
_DENYING_TURNS = frozenset({("inclusion", 1), ("company", 1), ("permission", 1)})
_WORDS = re.compile(r"[^\W\d_]+")
_PER = words("per each every cada por")
_A = _PER | words("a an al la by")
_IN_TITLES = words(
    "the an of and or in on at for to by with from el la los las un una de del al en con por para su que"
)
"""Words of grammar that names are written with; others with a capital letter are names themselves."""


@dataclass(frozen=True, slots=True, eq=False)
class Token:
    """A word or a fact, where it stands."""

    text: str
    kind: Kind
    keys: frozenset[str]
    """Two tokens with a key in common say the same."""
    sentence: int
    clause: int
    amount: Amount | None = None
    dates: tuple[Date, ...] = ()
    """Several readings where it is ambiguous."""
    turns: frozenset[Turn] = _NO_TURNS
    negative: bool = False
    """Whether it denies what it stands with."""
    denying: bool = False
    """Whether it may say what elsewhere a negation says."""
    capital: bool = False
    """Whether it is written as names are, be it because a sentence begins with it."""
    parted: bool = False
    """Whether a mark stands between it and the token before."""

    @property
    def content(self) -> bool:
        """Whether it says what a statement is about."""
        return self.kind is not Kind.LIGHT

    @property
    def named(self) -> bool:
        """Whether it is a name or an address, or part of one."""
        return self.kind is Kind.NAME or self.kind is Kind.CODE

    @property
    def counted(self) -> bool:
        """Whether it is a number or a date."""
        return self.kind is Kind.NUMBER or self.kind is Kind.DATE


@lru_cache(maxsize=4096)
def read(text: str, language: str) -> tuple[Token, ...]:
    """The tokens of a text in its language (ISO 639-1)."""
    return tuple(_Reader(cut(text, language), language).tokens)


@dataclass(frozen=True, slots=True)
class _Word:
    """What is known of a word wherever it stands."""

    light: bool
    negative: bool
    denying: bool
    breaking: bool
    turns: frozenset[Turn]
    keys: frozenset[str]
    units: frozenset[str]


@lru_cache(maxsize=1 << 15)
def _word(folded: str, language: str) -> _Word:
    turns = turning(language).of(folded, language)
    negative = folded in NEGATIONS.get(language, ())
    light = negative or folded in LIGHT.get(language, ())
    return _Word(
        light,
        negative,
        folded in DENYING.get(language, ()),
        folded in BREAKING.get(language, ()),
        turns,
        frozenset({folded if light else stem(IRREGULAR.get(folded, folded), language)}) | _synonyms(turns),
        unit_of(folded),
    )


def keys_of(text: str, language: str) -> frozenset[str]:
    """What the words of a text may be compared by, whatever they are to each other: quicker than `read`."""
    found = (_word(fold(word), language).keys for word in _WORDS.findall(text))
    return frozenset(key for keys in found for key in keys)


def _synonyms(turns: frozenset[Turn]) -> frozenset[str]:
    return frozenset(f"{direction}:{value}" for direction, value in turns if direction in SYNONYMOUS)


class _Reader:
    """Makes tokens of pieces: facts first, then phrases, then single words."""

    def __init__(self, pieces: Sequence[Piece], language: str) -> None:
        self.tokens: list[Token] = []
        self._pieces = pieces
        self._language = language
        self._clause, self._mark = 0, 0
        amounts = find_amounts(pieces, language)
        dates = {one.start: one for one in find_dates(pieces, amounts, language)}
        taken = {place for one in dates.values() for place in range(one.start, one.end)}
        self._counted = taken | {place for one in amounts for place in range(one.start, one.end)}
        numbers = {one.start: one for one in amounts if one.start not in taken}
        place = 0
        while place < len(pieces):
            if date := dates.get(place):
                self._add(place, date.end, Kind.DATE, dates=date.readings)
                place = date.end
            elif number := numbers.get(place):
                keys = frozenset(f"#{value:.9g}" for value in number.amount.values)
                self._add(place, number.end, Kind.NUMBER, keys, amount=number.amount)
                place = number.end
            else:
                place = self._add_words(place)

    def _add(
        self, start: int, end: int, kind: Kind, keys: frozenset[str] = frozenset(), **more: object
    ) -> None:
        first = self._pieces[start]
        if first.clause != self._mark or _word(first.folded, self._language).breaking:
            self._mark, self._clause = first.clause, self._clause + 1
        text = first.text if end == start + 1 else " ".join(piece.text for piece in self._pieces[start:end])
        self.tokens.append(
            Token(
                text,
                kind,
                keys or frozenset({fold(text)}),
                first.sentence,
                self._clause,
                parted=first.parted,
                **more,  # type: ignore[arg-type]
            )
        )

    def _add_words(self, place: int) -> int:
        """Add the token of a phrase or a word; returns where it ends."""
        piece = self._pieces[place]
        if phrase := self._phrase(place):
            end, turns = phrase
            keys = _synonyms(turns) | {" ".join(one.folded for one in self._pieces[place:end])}
            denying = bool(turns & _DENYING_TURNS)
            self._add(place, end, Kind.LIGHT, keys, turns=turns, denying=denying)
            return end
        if piece.shape in {"code", "version", "date", "time"}:
            self._add(place, place + 1, Kind.CODE, frozenset({piece.text.casefold().rstrip("/")}))
        elif piece.shape == "range":
            self._add(place, place + 1, Kind.LIGHT)
        elif piece.shape == "sign":
            if units := unit_of(piece.text):
                self._add(place, place + 1, Kind.LIGHT, frozenset(f"unit:{unit}" for unit in units))
        else:
            self._add_word(place)
        return place + 1

    def _phrase(self, place: int) -> tuple[int, frozenset[Turn]] | None:
        """Where a phrase that begins here ends, and its turns; none for one that means nothing of its own."""
        first = self._pieces[place].folded
        for parts in NEUTRAL.get(self._language, {}).get(first, ()):
            if self._stands(place, parts):
                return place + len(parts), _NO_TURNS
        for parts, turns in turning(self._language).phrases.get(first, ()):
            counted = parts[0] == "#"
            if counted and not self._counted.intersection(range(place - 4, place)):
                continue
            if self._stands(place, parts[counted:]):
                return place + sum(part != "#" for part in parts), turns
        return None

    def _stands(self, place: int, parts: Sequence[str]) -> bool:
        there = self._pieces[place : place + len(parts)]
        return len(there) == len(parts) and all(
            (place + at in self._counted or piece.shape == "sign" if word == "#" else piece.folded == word)
            and (at == 0 or not piece.parted)
            for at, (piece, word) in enumerate(zip(there, parts, strict=True))
        )

    def _add_word(self, place: int) -> None:
        piece = self._pieces[place]
        word = _word(piece.folded, self._language)
        kind = self._kind(place, word)
        keys, turns = word.keys, word.turns | self._period(place, word)
        if piece.folded == "should" and piece.initial:
            turns = _NO_TURNS  # "Should you be late, …" asks for nothing
        if kind is Kind.NAME:
            keys |= {piece.folded} | name_keys(piece.folded)
        if word.units and self._counts(place):
            keys |= {f"unit:{unit}" for unit in word.units}
        self._add(
            place,
            place + 1,
            kind,
            keys,
            turns=turns,
            negative=word.negative and not self._numbers(place),
            denying=word.denying,
            capital=piece.text[0].isupper(),
        )

    def _counts(self, place: int) -> bool:
        """Whether the word may be the unit of a number before it; a short one only right after it."""
        piece, before = self._pieces[place], self._pieces[place - 1] if place else None
        if before is None or piece.parted:
            return False
        return before.shape in {"number", "tail"} or (before.shape == "word" and len(piece.text) > 2)

    def _numbers(self, place: int) -> bool:
        """Whether "No." stands for a number, as in "No. 5"."""
        following = self._pieces[place + 1] if place + 1 < len(self._pieces) else None
        return (
            self._pieces[place].folded == "no"
            and following is not None
            and following.shape == "number"
            and following.parted
        )

    def _period(self, place: int, word: _Word) -> frozenset[Turn]:
        """How often, for the unit of "a month", "per working day" and "por semana"."""
        units = word.units & PERIODS.keys()
        if not units or not place:
            return _NO_TURNS
        last, *further = [piece.folded for piece in self._pieces[max(place - 2, 0) : place]][::-1]
        plural = last == "a" and self._pieces[place].folded.endswith("s")
        if plural or not (last in _A or (further and further[0] in _PER)):
            return _NO_TURNS
        return frozenset(("period", PERIODS[unit]) for unit in units)

    def _kind(self, place: int, word: _Word) -> Kind:
        piece = self._pieces[place]
        text = piece.text
        if len(text) > 1 and text.isupper():
            return Kind.LIGHT if word.light and piece.initial else Kind.NAME
        capital = text[0].isupper()
        if word.light and (piece.initial or not capital or piece.folded in _IN_TITLES or len(text) < 2):
            return Kind.LIGHT
        if any(map(str.isupper, text[1:])):
            return Kind.NAME
        if not capital or self._language == "de":
            return Kind.NAME if self._language == "es" and names_people(piece.folded) else Kind.WORD
        return Kind.NAME if not piece.initial or self._begins_name(place, word) else Kind.WORD

    def _begins_name(self, place: int, word: _Word) -> bool:
        """Whether the first word of a sentence is one of a name of several."""
        following = self._pieces[place + 1] if place + 1 < len(self._pieces) else None
        return (
            following is not None
            and not following.parted
            and following.shape == "word"
            and following.text[0].isupper()
            and not _word(following.folded, self._language).light
            and not self._pieces[place].folded.endswith(("ly", "mente"))
            and not word.turns
        )
