"""Numbers and what they count: digits in either notation, number words, magnitudes and ranges."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from bot.facts.pieces import Piece
from bot.facts.units import CURRENCY_SIGNS, NARROWER, unit_of
from bot.facts.words import words


@dataclass(frozen=True, slots=True)
class Amount:
    """A number as it may be meant, with what it counts."""

    values: frozenset[float]
    """Several where the notation is ambiguous: `1.234` is above a thousand in Spanish, hardly in English."""
    units: frozenset[str] = frozenset()
    """Several where a word is ambiguous (`pounds`); none where no known unit stands with it."""
    weak: bool = False
    """Whether it may be no number at all: `one` as a pronoun, `half` in "the second half"."""
    ordinal: bool = False

    def agrees(self, other: Amount) -> bool:
        """Whether both may be the same number, whatever they count."""
        return bool(self.values & other.values)

    def counts_as(self, other: Amount) -> bool:
        """Whether what this one is said to count may be what the other counts."""
        if not self.units or not other.units:
            return True
        return bool(self.units & (other.units | {NARROWER.get(each, each) for each in other.units}))


@dataclass(frozen=True, slots=True)
class FoundAmount:
    """Where an amount stands: pieces from `start` up to `end`; its unit is a word of its own."""

    start: int
    end: int
    amount: Amount


_COUNTED = frozenset({"en", "es", "fr", "pt", "de", "it", "nl"})
"""Languages whose number words the library reads."""
_MAGNITUDES = frozenset({1e3, 1e6, 1e9, 1e12})
_LETTER_MAGNITUDES = {"k": 1e3, "m": 1e6, "mm": 1e6, "mn": 1e6, "bn": 1e9, "b": 1e9}
_ORDINAL_TAILS = words("st nd rd th º ª er era ro ra do da to ta o a mo ma vo va no na s 's")
_VULGAR = {"½": 0.5, "¼": 0.25, "¾": 0.75, "⅓": 1 / 3, "⅔": 2 / 3}
_NO_NUMBERS = words(
    "hundreds thousands millions billions cientos miles centenares millares o first primer primero primera"
    " primeros primeras"
)
"""Vague ones, and words of direction, whose opposite is the last."""
_WEAK: dict[str, dict[str, float]] = {
    "en": {
        "half": 0.5,
        "quarter": 0.25,
        "twice": 2,
        "double": 2,
        "triple": 3,
        "dozen": 12,
        "both": 2,
        "trio": 3,
    },
    "es": {"medio": 0.5, "media": 0.5, "mitad": 0.5, "doble": 2, "triple": 3, "docena": 12, "trio": 3}
    | {"ambos": 2, "ambas": 2},
}
_QUARTERS = words("cuarto cuartos")
"""A fourth, a quarter, a room."""
_BETWEEN = words("to and or - y o u a al e")
"""What stands between two numbers that count the same."""
_ROMAN = re.compile(r"(?=[IVXL]{2})(?:XL|L?X{0,3})(?:IX|IV|V?I{0,3})")
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50}
_HALVES = (("y", "medio"), ("y", "media"), ("and", "a", "half"))


def read_digits(text: str, language: str) -> frozenset[float]:
    """What digits may stand for, with marks for thousands and decimals as any of the languages has them."""
    vulgar = _VULGAR.get(text[-1], 0.0)
    digits = text.rstrip("".join(_VULGAR)).replace(" ", "").replace("'", "")
    marks = re.findall("[.,]", digits)
    if not marks:
        return frozenset({float(digits or 0) + vulgar})
    plain = float(re.sub("[.,]", "", digits))
    whole, _, decimals = digits.rpartition(marks[-1])
    broken = float(re.sub("[.,]", "", whole) + "." + decimals)
    if len(set(marks)) == 2 or len(decimals) != 3:
        return frozenset({broken if len(set(marks)) == 2 or len(marks) == 1 else plain})
    if len(marks) > 1 or marks[0] == ("," if language == "en" else "."):
        return frozenset({plain})
    return frozenset({plain, broken})


def find_amounts(pieces: Sequence[Piece], language: str) -> list[FoundAmount]:
    """The amounts among the pieces, in order, with their units."""
    spelled = {one.start: one for one in _spelled(pieces, language)}
    found: list[FoundAmount] = []
    place = 0
    while place < len(pieces):
        one = spelled.get(place) or _written(pieces, place, language)
        if one is None:
            place += 1
            continue
        one = _and_a_half(pieces, _times_magnitude(pieces, one, spelled))
        found.append(_with_unit(one, _unit(pieces, one)))
        place = one.end
    return _share_units(pieces, found)


# ---- numbers ----


def _written(pieces: Sequence[Piece], place: int, language: str) -> FoundAmount | None:
    """An amount of digits or Roman numerals at a place, its ordinal ending included."""
    piece = pieces[place]
    if piece.shape == "number":
        values, end, ordinal = read_digits(piece.text, language), place + 1, False
        if end < len(pieces) and pieces[end].shape == "tail":
            tail = pieces[end].folded
            if tail in _ORDINAL_TAILS:
                end, ordinal = end + 1, tail not in {"s", "'s"}
            elif not unit_of(tail) and tail not in _LETTER_MAGNITUDES and tail not in {"am", "pm"}:
                return None  # "3D", "4K"
        return FoundAmount(place, end, Amount(values, ordinal=ordinal))
    if piece.shape != "word":
        return None
    century = place > 0 and pieces[place - 1].folded == "siglo" and piece.text in _ROMAN_VALUES
    if century or _ROMAN.fullmatch(piece.text):
        return FoundAmount(place, place + 1, Amount(frozenset({_roman(piece.text)})))
    return None


def _roman(text: str) -> float:
    values = [_ROMAN_VALUES[letter] for letter in text]
    return float(sum(-one if one < following else one for one, following in pairwise([*values, 0])))


class _Spoken:
    """A piece as the library of number words wants it."""

    def __init__(self, piece: Piece) -> None:
        self._piece = piece

    def text(self) -> str:
        return self._piece.folded if self._piece.folded.isascii() else self._piece.text.lower()

    def nt_separated(self, _: object) -> bool:
        return self._piece.parted

    def not_a_number_part(self) -> bool:
        return self._piece.shape != "word" or self._piece.folded in _NO_NUMBERS


def _spelled(pieces: Sequence[Piece], language: str) -> list[FoundAmount]:
    """Amounts in words."""
    from text_to_num import find_numbers  # type: ignore[import-untyped]

    weak = _WEAK.get(language, {})
    found = [
        FoundAmount(place, place + 1, Amount(frozenset({weak[piece.folded]}), weak=True))
        for place, piece in enumerate(pieces)
        if piece.folded in weak
    ]
    if language not in _COUNTED:
        return found
    for one in find_numbers([_Spoken(piece) for piece in pieces], language, 0):
        single = one.end == one.start + 1
        if single and _is_no_number(pieces, one.start, one.value, ordinal=one.is_ordinal):
            continue
        weak_one = single and (one.value == 1 or pieces[one.start].folded in _QUARTERS)
        amount = Amount(frozenset({one.value}), weak=weak_one, ordinal=one.is_ordinal)
        found.append(FoundAmount(one.start, one.end, amount))
    return found


def _is_no_number(pieces: Sequence[Piece], place: int, value: float, *, ordinal: bool) -> bool:
    """Whether a single word that may be a number is none here: "por ciento", "a second later"."""
    piece, before = pieces[place], pieces[place - 1] if place else None
    if piece.shape != "word" or piece.folded in _NO_NUMBERS:
        return True
    if before is None:
        return False
    sixtieth = before.shape == "number" or before.folded in {"a", "per", "one", "un", "por", "cada", "each"}
    return (ordinal and value == 2 and sixtieth) or (piece.folded == "ciento" and before.folded == "por")


def _times_magnitude(
    pieces: Sequence[Piece], one: FoundAmount, spelled: Mapping[int, FoundAmount]
) -> FoundAmount:
    """The amount with the "million" that stands after it."""
    following = spelled.get(one.end)
    if one.end == len(pieces) or pieces[one.end].parted:
        return one
    if following is not None:
        [magnitude, *more] = following.amount.values
        return _times(one, magnitude, following.end) if not more and magnitude in _MAGNITUDES else one
    letter = _LETTER_MAGNITUDES.get(pieces[one.end].folded)
    beside = [*pieces[max(one.start - 1, 0) : one.start], *pieces[one.end + 1 : one.end + 2]]
    priced = any(piece.text in CURRENCY_SIGNS for piece in beside)
    return _times(one, letter, one.end + 1) if letter and priced else one


def _times(one: FoundAmount, magnitude: float, end: int) -> FoundAmount:
    values = frozenset(round(value * magnitude, 6) for value in one.amount.values)
    return FoundAmount(one.start, end, replace(one.amount, values=values, weak=False))


def _and_a_half(pieces: Sequence[Piece], one: FoundAmount) -> FoundAmount:
    """The amount also with the half that stands after what it counts: "tres años y medio"."""
    following = [piece.folded for piece in pieces[one.end : one.end + 4]]
    if any(tuple(following[start : start + len(half)]) == half for half in _HALVES for start in (0, 1)):
        values = one.amount.values | {value + 0.5 for value in one.amount.values}
        return replace(one, amount=replace(one.amount, values=values))
    return one


# ---- what they count ----


def _unit(pieces: Sequence[Piece], one: FoundAmount) -> frozenset[str]:
    """What the amount counts: the sign before it, or the unit in the next words."""
    before = pieces[one.start - 1] if one.start else None
    if before is not None and not pieces[one.start].parted and before.text in CURRENCY_SIGNS:
        return unit_of(before.text)
    tail = pieces[one.end - 1]
    if (
        tail.shape == "tail"
        and tail.folded in {"s", "'s"}
        and all(value % 10 == 0 for value in one.amount.values)
    ):
        return frozenset({"decade"})  # "the 1980s"
    led = {piece.folded for piece in pieces[max(one.start - 3, 0) : one.start]}
    if before is not None and (
        before.folded == "anos" or ("decada" in led and before.folded in {"de", "los"})
    ):
        return frozenset({"decade"})  # "los años 80", "la década de 1980"
    if before is not None and before.folded == "siglo":
        return frozenset({"century"})
    following: list[str] = []
    for piece in pieces[one.end : one.end + 4]:
        if piece.parted or piece.shape in {"number", "range"} or piece.folded in _BETWEEN:
            break
        if piece.folded not in {"de", "of"} or following:
            following.append(piece.folded)
    for start in range(min(len(following), 3)):
        two = " ".join(following[start : start + 2])
        units = unit_of(two) or unit_of(two.replace(" ", "")) or unit_of(following[start])
        # A letter or two is a unit only right after the number.
        if units and (start == 0 or len(following[start]) > 2):
            return units
    return frozenset()


def _with_unit(one: FoundAmount, units: frozenset[str]) -> FoundAmount:
    """The amount with what it counts; the decade 80 is that of 1980 too."""
    values = one.amount.values
    if units == {"decade"}:
        values |= {1900 + value for value in values if value < 100}
    return replace(one, amount=replace(one.amount, values=values, units=units))


def _share_units(pieces: Sequence[Piece], found: Sequence[FoundAmount]) -> list[FoundAmount]:
    """With the units that neighbours share: the days of "5 to 10 days", the $ of "$5-10"."""
    shared = list(found)
    for place in range(len(found) - 2, -1, -1):
        one, other = shared[place], shared[place + 1]
        if not one.amount.units and _are_joined(pieces, one, other):
            shared[place] = _with_units(one, other)
    for place in range(1, len(shared)):
        one, other = shared[place - 1], shared[place]
        hyphen = pieces[other.start - 1].shape == "range"
        ends = hyphen or other.end == len(pieces) or pieces[other.end].parted
        if not other.amount.units and ends and _are_joined(pieces, one, other):
            shared[place] = _with_units(other, one)
    return shared


def _with_units(one: FoundAmount, other: FoundAmount) -> FoundAmount:
    return replace(one, amount=replace(one.amount, units=other.amount.units))


def _are_joined(pieces: Sequence[Piece], one: FoundAmount, other: FoundAmount) -> bool:
    between = [piece.folded for piece in pieces[one.end : other.start] if piece.text not in CURRENCY_SIGNS]
    return len(between) == 1 and between[0] in _BETWEEN
