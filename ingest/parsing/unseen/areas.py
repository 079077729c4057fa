"""Areas of a sheet, and how Excel writes them."""

from __future__ import annotations

import re
from typing import NamedTuple

LAST = 10_000_000
"""A row or column beyond all others."""


class Area(NamedTuple):
    """A rectangle of cells, counted from 1, ends included."""

    top: int
    left: int
    bottom: int
    right: int

    def holds(self, other: Area) -> bool:
        """Whether another, as a single cell, begins in it."""
        return self.top <= other.top <= self.bottom and self.left <= other.left <= self.right


def areas(text: str) -> list[Area]:
    """The areas of a reference such as `A1:B3 D:D 7:7`."""
    found = []
    for one in text.replace("$", "").upper().split():
        first, _, last = one.partition(":")
        ends = [re.fullmatch(r"([A-Z]{0,3})(\d*)", end) for end in (first, last or first)]
        if all(ends):
            left, right = (column_of(end[1]) if end and end[1] else 0 for end in ends)
            top, bottom = (int(end[2]) if end and end[2] else 0 for end in ends)
            found.append(Area(top or 1, left or 1, bottom or LAST, right or LAST))
    return found


def column_of(name: str) -> int:
    """The number of a column, from 1, by the name of it or of a cell in it."""
    number = 0
    for letter in name.upper():
        if not letter.isalpha():
            break
        number = number * 26 + ord(letter) - 64
    return number
