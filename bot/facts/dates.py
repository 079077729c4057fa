"""Days, months, years and times of day, however they are written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

from bot.facts.amounts import FoundAmount
from bot.facts.pieces import Piece
from bot.facts.words import words


@dataclass(frozen=True, slots=True)
class Date:
    """What is said of a point in time; what is left open is None."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    weekday: int | None = None
    """From 0, Monday."""
    hours: frozenset[int] | None = None
    """Two where morning and evening are not told apart."""
    minute: int | None = None

    def parts(self) -> dict[str, int | frozenset[int]]:
        """What is said, by its name."""
        named = ((each.name, getattr(self, each.name)) for each in fields(self))
        return {name: value for name, value in named if value is not None}

    def agrees(self, other: Date) -> bool:
        """Whether both say something in common, and nothing that contradicts."""
        mine, theirs = self.parts(), other.parts()
        shared = mine.keys() & theirs.keys()
        return bool(shared) and all(
            bool(self.hours and other.hours and self.hours & other.hours)
            if name == "hours"
            else mine[name] == theirs[name]
            for name in shared
        )


@dataclass(frozen=True, slots=True)
class FoundDate:
    """Where a date stands: pieces from `start` up to `end`; several readings where it is ambiguous."""

    start: int
    end: int
    readings: tuple[Date, ...]


def _numbered(rows: str, first: int) -> dict[str, int]:
    return {word: number for number, row in enumerate(rows.split(" | "), first) for word in row.split()}


_MONTHS = {
    "en": _numbered(
        "january | february | march | april | may | june | july | august | september | october | november"
        " | december",
        1,
    ),
    "es": _numbered(
        "enero | febrero | marzo | abril | mayo | junio | julio | agosto | septiembre setiembre | octubre"
        " | noviembre | diciembre",
        1,
    ),
}
_SHORT_MONTHS = {
    "en": _numbered("jan | feb | mar | apr |  | jun | jul | aug | sep sept | oct | nov | dec", 1),
    "es": _numbered("ene | feb | mar | abr | may | jun | jul | ago | sep sept | oct | nov | dic", 1),
}
"""Taken for months only beside a number."""
_WEEKDAYS = {
    "en": _numbered(
        "monday mondays mon | tuesday tuesdays tue tues | wednesday wednesdays wed | thursday thursdays thu"
        " thur thurs | friday fridays fri | saturday saturdays | sunday sundays",
        0,
    ),
    "es": _numbered("lunes | martes | miercoles | jueves | viernes | sabado sabados | domingo domingos", 0),
}
_OF = words("of de del the el")
_HALVES = {"am": 0, "pm": 12}
_DAY_PARTS = {
    "manana": 0,
    "madrugada": 0,
    "tarde": 12,
    "noche": 12,
    "morning": 0,
    "afternoon": 12,
    "evening": 12,
}
_NAMED_TIMES = {"noon": 12, "midday": 12, "mediodia": 12, "midnight": 0, "medianoche": 0}
_RANGE = words("to and or - y o a al until hasta through")


def find_dates(pieces: Sequence[Piece], amounts: Sequence[FoundAmount], language: str) -> list[FoundDate]:
    """The dates and times among the pieces, in order; a number that belongs to one is no amount any more."""
    reader = _Reader(pieces, amounts, language)
    found: list[FoundDate] = []
    place = 0
    while place < len(pieces):
        one = reader.read(place)
        if one is not None and not (found and one.start < found[-1].end):
            found.append(one)
            place = one.end
        else:
            place += 1
    return _with_ranges(pieces, reader, found)


class _Reader:
    """Reads a date that has its core, a month or a time, at a place."""

    def __init__(self, pieces: Sequence[Piece], amounts: Sequence[FoundAmount], language: str) -> None:
        self._pieces = pieces
        self.numbers = {one.start: one for one in amounts}
        self._ends = {one.end: one for one in amounts}
        self._language = language

    def read(self, place: int) -> FoundDate | None:
        piece = self._pieces[place]
        if piece.shape == "date":
            return _slashed(piece.text, place, self._language)
        if piece.shape == "time":
            hour, minute = (int(part) for part in piece.text.split(":")[:2])
            return self._time(place, place + 1, hour, minute)
        if piece.folded in _NAMED_TIMES and piece.shape == "word":
            return FoundDate(
                place, place + 1, (Date(hours=frozenset({_NAMED_TIMES[piece.folded]}), minute=0),)
            )
        if place in self.numbers:
            return self._daytime(place)
        return self._calendar(place)

    def _time(self, start: int, end: int, hour: int, minute: int) -> FoundDate | None:
        if hour > 24 or minute > 59:
            return None
        half, end = self._half(end)
        if half is None:
            hours = {hour % 24, (hour + 12) % 24} if 0 < hour <= 12 else {hour % 24}
        else:
            hours = {hour % 12 + half}
        return FoundDate(start, end, (Date(hours=frozenset(hours), minute=minute),))

    def _half(self, place: int) -> tuple[int | None, int]:
        """Which half of the day is named at a place, and where its name ends."""
        there = [piece.folded for piece in self._pieces[place : place + 3]]
        if there and there[0] in _HALVES:
            return _HALVES[there[0]], place + 1
        if len(there) == 3 and there[0] in {"de", "in", "por"} and there[1] in {"la", "the"}:
            half = _DAY_PARTS.get(there[2])
            return half, place + 3 if half is not None else place
        if there and there[0] in {"h", "hrs"}:
            return None, place + 1
        return None, place

    def _daytime(self, place: int) -> FoundDate | None:
        """A number that a half of the day follows: "5 pm", "10.30 am", "las 5 de la tarde"."""
        one = self.numbers[place]
        half, _ = self._half(one.end)
        [value, *more] = one.amount.values
        if half is None or more or not 0 < value <= 12.59:
            return None
        return self._time(place, one.end, int(value), round(value % 1 * 100))

    def _calendar(self, place: int) -> FoundDate | None:
        weekday = self._weekday(place)
        if weekday is not None:
            following = self._calendar(place + 1) if place + 1 < len(self._pieces) else None
            behind = self._from_day(place + 1) if following is None else following
            if behind is not None and behind.readings[0].weekday is None and behind.start <= place + 2:
                readings = tuple(replace(one, weekday=weekday) for one in behind.readings)
                return FoundDate(place, behind.end, readings)
            return FoundDate(place, place + 1, (Date(weekday=weekday),))
        month = self._month(place)
        if month is None:
            return None
        start, end = place, place + 1
        day, start = self._day_before(place)
        if day is None:
            day, end = self._day_after(end)
        year, end = self._year(end)
        return FoundDate(start, end, (Date(year, month, day),))

    def _from_day(self, place: int) -> FoundDate | None:
        """A date that begins with its day at a place."""
        for core in range(place + 1, min(place + 5, len(self._pieces))):
            if self._month(core) is not None:
                one = self._calendar(core)
                return one if one is not None and place <= one.start <= place + 1 else None
        return None

    def _weekday(self, place: int) -> int | None:
        piece = self._pieces[place]
        number = _WEEKDAYS.get(self._language, {}).get(piece.folded)
        if number is None or (len(piece.text) < 6 and self._language == "en" and piece.text.islower()):
            return None
        return number

    def _month(self, place: int) -> int | None:
        piece = self._pieces[place]
        if piece.shape != "word":
            return None
        number = _MONTHS.get(self._language, {}).get(piece.folded)
        after = place + 1 in self.numbers and not self._pieces[place + 1].parted
        beside = (place in self._ends and not piece.parted) or after
        if number is not None:
            if self._language == "en" and piece.text.islower():
                return None  # "may" and "march"
            if self._language == "en" and piece.folded == "may" and piece.initial and not beside:
                return None
            return number
        short = _SHORT_MONTHS.get(self._language, {}).get(piece.folded)
        return short if beside and (self._language != "en" or not piece.text.islower()) else None

    def _day_before(self, place: int) -> tuple[int | None, int]:
        at = place
        while at and self._pieces[at - 1].folded in _OF and not self._pieces[at].parted:
            at -= 1
        one = self._ends.get(at) if not self._pieces[at].parted else None
        day = self._whole(one, 1, 31) if one is not None else None
        return (day, one.start) if one is not None and day is not None else (None, place)

    def _day_after(self, place: int) -> tuple[int | None, int]:
        one = self.numbers.get(place)
        if one is None or self._pieces[place].parted:
            return None, place
        day = self._whole(one, 1, 31)
        return (day, one.end) if day is not None else (None, place)

    def _year(self, place: int) -> tuple[int | None, int]:
        at = place
        while at < len(self._pieces) and self._pieces[at].folded in {"de", "del", "of"}:
            at += 1
        one = self.numbers.get(at)
        year = self._whole(one, 1000, 2199) if one is not None and len(self._pieces[at].text) == 4 else None
        return (year, one.end) if one is not None and year is not None else (None, place)

    @staticmethod
    def _whole(one: FoundAmount, low: int, high: int) -> int | None:
        [value, *more] = one.amount.values
        return int(value) if not more and value.is_integer() and low <= value <= high else None


def _slashed(text: str, place: int, language: str) -> FoundDate | None:
    """A date of numbers; in English day and month may come in either order."""
    one, two, *rest = (int(part) for part in re.split("[/.-]", text))
    orders: list[tuple[int | None, int, int]]
    if one > 31:
        orders = [(one, two, rest[0])] if rest else []
    else:
        year = _full_year(rest[0]) if rest else None
        orders = [(year, two, one)] + ([(year, one, two)] if language == "en" else [])
    readings = tuple(Date(year, month, day) for year, month, day in orders if 0 < month < 13 and 0 < day < 32)
    return FoundDate(place, place + 1, readings) if readings else None


def _full_year(year: int) -> int:
    if year >= 100:
        return year
    return year + (2000 if year < 70 else 1900)


def _with_ranges(pieces: Sequence[Piece], reader: _Reader, found: Sequence[FoundDate]) -> list[FoundDate]:
    """With the days and hours that share the rest with the date beside them: the 3 of "from 3 to 5 March"."""
    before = {one.end: one for one in reader.numbers.values()}
    more: list[FoundDate] = []
    for one in found:
        date = one.readings[0]
        for at in (one.start - 1, one.start - 2):
            number = before.get(at)
            if at > 0 and number is not None and pieces[at].folded in _RANGE:
                more += _completed(number, date)
                break
        number = reader.numbers.get(one.end + 1)
        if number is not None and pieces[one.end].folded in _RANGE and _ends_there(pieces, number.end):
            more += _completed(number, replace(date, hours=None))
    return sorted([*found, *more], key=lambda one: one.start)


def _completed(number: FoundAmount, date: Date) -> list[FoundDate]:
    """A bare number as a day of the date's month, or as an hour, where the date has one."""
    [value, *others] = number.amount.values
    if others or not value.is_integer() or number.amount.units:
        return []
    if date.day is not None and date.month is not None and 0 < value < 32:
        return [FoundDate(number.start, number.end, (replace(date, day=int(value), weekday=None),))]
    if date.hours is not None and 0 < value <= 24:
        hours = frozenset({int(value) % 24, (int(value) + 12) % 24})
        return [FoundDate(number.start, number.end, (Date(hours=hours, minute=0),))]
    return []


def _ends_there(pieces: Sequence[Piece], place: int) -> bool:
    return place >= len(pieces) or pieces[place].parted
