"""What can be quoted of a passage: its complete sentences, list items and table rows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile

from ingest.documents import Kind

# Words that end in a period without ending a sentence, in the languages that Sabio speaks.
_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof sr sra sres srta dra dña dª ud uds lic ing arq excmo excma ilmo ilma fdo hon gov st vs"  # noqa: SIM905
    " eg ie ej p pp c cf al inc ltd corp cía dept est tel tfno ext av avda aprox approx gral admón ee uu jan"
    " feb aug sept oct nov dec ene abr ago dic".split()
)
# Words that do so only before a number: "No. 5", but "The answer is no. Ask again."
_BEFORE_NUMBERS = frozenset(
    "no nos núm núms num art arts fig figs cap pág págs pag vol sec ed max máx min mín mar apr jun jul sep"  # noqa: SIM905
    " par tab ca circa".split()
)
_INITIAL = re.compile(r"[^\W\d_a-zß-ÿ]|(?:[^\W\d_]{1,2}\.)+[^\W\d_]{1,2}")
_DAYTIME = {"a.m", "p.m"}
_END = re.compile(r"(?:[.!?…؟।]+[\"'”’»)\]]*)(?=\s)|[。！？]")
_NEXT = re.compile(r"\W*(\w)")
_CELLS = " | "
ANNOUNCED = 4
"""Units that a sentence announces which are quoted with it."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Something complete that a passage says, in the passage's own words."""

    quote: str
    """Verbatim from the passage."""
    context: str
    """What it needs to be understood: the table's header, the sentence that leads into the list."""
    kind: Kind
    line: int
    """Which line of the passage's text it stands in, from 0."""
    whole: bool
    """Whether it is all of that line."""

    @property
    def asks(self) -> bool:
        """Whether it is a question, which states nothing."""
        return self.quote.rstrip().endswith("?")

    @property
    def shown(self) -> str:
        """The unit as a sentence of an answer: an item without its bullet, a table row as below."""
        return self.legible if self.kind is Kind.TABLE else _without_bullet(self.quote)

    @property
    def legible(self) -> str:
        """The unit as it can be understood alone: a table row with the names of its columns."""
        if self.kind is not Kind.TABLE:
            return self.quote
        names, cells = self.context.split(_CELLS), self.quote.split(_CELLS)
        if len(names) != len(cells):
            return self.quote
        return "; ".join(
            f"{name}: {cell}" if name.strip() else cell
            for name, cell in zip(names, cells, strict=True)
            if cell.strip()
        )


def units(text: str) -> list[Unit]:
    """The units of a passage's text, in order.

    Of a table the header, its first line, is no unit: names of columns state nothing. A line with a
    separator that no row follows is no table.
    """
    return list(_units(text))


@lru_cache(maxsize=1_000)
def _units(text: str) -> tuple[Unit, ...]:
    found: list[Unit] = []
    lead, header = "", ""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        row = _CELLS in line
        if row and not line.replace("|", "").strip():
            header = line  # stands where a table goes on without its names
            continue
        if row and header:
            found.append(Unit(line, header, Kind.TABLE, number, whole=True))
            continue
        header = line if row and _CELLS in "".join(lines[number + 1 : number + 2]) else ""
        if header:
            continue
        item, parts = _is_item(line), sentences(line)
        kind, context = (Kind.ITEM, lead) if item else (Kind.TEXT, "")
        found += [Unit(part, context, kind, number, whole=len(parts) == 1) for part in parts]
        if parts and not item:
            lead = parts[-1] if parts[-1].endswith(":") else ""
    return tuple(found)


def announced(text: str, unit: Unit) -> list[Unit]:
    """The units below one that ends in a colon which it announces; none where it announces nothing.

    These are the first of the list or the table there, or else what stands there up to the next sentence: a
    command, a setting, an address.
    """
    if not unit.quote.endswith(":") or not text.split("\n")[unit.line].rstrip().endswith(unit.quote):
        return []
    below = [one for one in units(text) if one.line > unit.line]
    return list(takewhile(lambda one: _announced_with(below[0], one), below))[:ANNOUNCED]


def _announced_with(first: Unit, one: Unit) -> bool:
    """Whether a unit is of the same block as the first one below a colon."""
    if first.kind is not Kind.TEXT:
        return (one.kind, one.context) == (first.kind, first.context)
    return one == first or (one.kind is Kind.TEXT and not one.quote.endswith((".", ":", "?")))


def sentences(text: str) -> list[str]:
    """The sentences of a paragraph, each a verbatim part of it, in order; only white space is lost."""
    bullet = _BULLET.match(text)
    found, start = [], 0
    for end in _END.finditer(text, bullet.end() if bullet else 0):
        if _goes_on(text[start : end.start()], end.group(), _NEXT.match(text, end.end())):
            continue
        found.append(text[start : end.end()].strip())
        start = end.end()
    found.append(text[start:].strip())
    return [sentence for sentence in found if sentence]


def _goes_on(before: str, mark: str, following: re.Match[str] | None) -> bool:
    """Whether a sentence goes on after what may be its last mark; `following` holds the next letter."""
    if following is None:
        return True
    if mark[0] in "。！？":
        return False
    if mark != "." or following[1].islower():
        return following[1].islower()
    word = re.split(r"[\s(/]", before)[-1].strip("¿¡\"'“«[")
    folded = word.lower()
    if folded in _BEFORE_NUMBERS:
        return following[1].isdigit()
    return folded in _ABBREVIATIONS or bool(_INITIAL.fullmatch(word) and folded not in _DAYTIME)


_BULLET = re.compile(r"\s*([-*+•–◦▪]|\(?\d{1,3}(\.\d{1,3})*[.)]|\(?[a-zA-Z][.)])\s+")


def _is_item(line: str) -> bool:
    return bool(_BULLET.match(line))


def _without_bullet(text: str) -> str:
    return _BULLET.sub("", text, count=1)
