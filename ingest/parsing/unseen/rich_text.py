"""Rich Text Format: hidden, deleted, tiny and colourless text, index entries.

pandoc reads most of it aloud. So the file is given to it without. Readers of RTF take a format from the text
itself, never from a style: styles only name it.

Letters by number (`\\u241?`) are written as they are on the way: pandoc was measured to lose emoji and the
letter behind a stand-in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ingest.parsing.unseen import TINY
from ingest.parsing.unseen.colours import WHITE, Colour

_TOKEN = re.compile(
    rb"\\bin(?P<raw>\d+) ?|\\(?P<word>[a-zA-Z]{1,32})(?P<number>-?\d{1,10})? ?"
    rb"|\\'(?P<code>[0-9a-fA-F]{2})|\\(?P<sign>[^a-zA-Z'])|(?P<brace>[{}])|(?P<text>[^\\{}\r\n]+)|[\r\n]+",
    re.DOTALL,
)
# Groups whose text is none of the document's; so are those that begin with `\*`.
_ASIDE = {
    b"fonttbl", b"colortbl", b"stylesheet", b"info", b"pict", b"listtable", b"listoverridetable", b"rsidtbl",
    b"themedata", b"datastore", b"xmlnstbl", b"generator", b"fldinst", b"object",
}  # fmt: skip
_INDEX = {b"xe", b"tc", b"rxe", b"txe"}
_SYMBOLS = {b"bullet", b"endash", b"emdash", b"lquote", b"rquote", b"ldblquote", b"rdblquote"}
"""Words that stand for a letter."""
_THIN = 5
"""Percent of a letter's width."""
_RAISED = 1000
"""Half-points above or below its line."""


@dataclass(frozen=True, slots=True)
class _State:
    """What holds at a place of the file; the end of a group takes it back."""

    aside: bool = False
    entry: bool = False
    table: bool = False
    hidden: bool = False
    deleted: bool = False
    thin: bool = False
    size: float = 12.0
    """Points."""
    colour: int | None = None
    marker: int | None = None
    block: int | None = None
    """Numbers of colours: of the letters, their own ground and their paragraph's."""
    stand_ins: int = 1
    """How many letters stand behind each letter by number, for readers that do not know it."""


# What words of formats set, by the number behind them.
_SETS: Mapping[bytes, Callable[[int | None], dict[str, Any]]] = {
    b"v": lambda number: {"hidden": number != 0},
    b"deleted": lambda number: {"deleted": number != 0},
    b"fs": lambda number: {"size": (24 if number is None else number) / 2},
    b"cf": lambda number: {"colour": number or 0},
    b"highlight": lambda number: {"marker": number or None},
    b"cb": lambda number: {"marker": number or None},
    b"chcbpat": lambda number: {"marker": number or None},
    b"cbpat": lambda number: {"block": number or None},
    b"charscalex": lambda number: {"thin": number is not None and number <= _THIN},
    b"up": lambda number: {"thin": (number or 0) >= _RAISED},
    b"dn": lambda number: {"thin": (number or 0) >= _RAISED},
    b"plain": lambda _: {
        "hidden": False, "deleted": False, "thin": False, "size": 12.0, "colour": None, "marker": None,
    },
    b"pard": lambda _: {"block": None, "table": False},
    b"intbl": lambda _: {"table": True},
    b"uc": lambda number: {"stand_ins": 1 if number is None else number},
}  # fmt: skip


def without_unseen(data: bytes) -> bytes:
    """The same file without what is not shown; the very same bytes where all of it is."""
    return _Filter(data).run()


class _Filter:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._state = _State()
        self._above: list[_State] = []
        self._fresh = False
        """Whether a group has just begun."""
        self._colours = _colours(data)
        self._cells: list[int | None] = []
        self._shade: int | None = None
        self._cell = 0
        self._skip = 0
        """Letters still to come that only stand in for the last one."""
        self._halves = b""
        """The first half of a letter that is written as two."""

    def run(self) -> bytes:
        kept: list[bytes] = []
        place = 0
        ended = True
        while found := _TOKEN.match(self._data, place):
            place = found.end() + int(found["raw"] or 0)
            token = self._data[found.start() : place]
            read = self._read(found, token)
            # A letter in the place of its number must not become part of the word before it.
            kept += [read] if ended or read is token or read[:1] in b"\\{}" else [b" ", read]
            ended = ended if not read else not found["word"] or read is not token or token.endswith(b" ")
        kept.append(self._data[place:])
        return b"".join(kept)

    def _read(self, found: re.Match[bytes], token: bytes) -> bytes:
        """Follow a token. Returns what stays of it."""
        if found["brace"]:
            self._skip = 0
            if found["brace"] == b"{":
                self._above.append(self._state)
            elif self._above:
                self._state = self._above.pop()
            self._fresh = found["brace"] == b"{"
            return token
        starred = found["sign"] == b"*" and self._fresh
        fresh, self._fresh = self._fresh, starred
        if starred:
            self._state = replace(self._state, aside=True)
        if self._state.aside:
            return token
        if found["text"] or found["code"] or found["sign"]:
            token = self._without_stand_ins(found, token)
        elif found["word"]:
            number = int(found["number"]) if found["number"] else None
            if found["word"] == b"u" and number is not None:
                return self._letter(number)
            self._skip = 0
            self._follow(found["word"], number, fresh=fresh)
            if found["word"] not in _SYMBOLS:
                return token
        return b"" if self._is_unseen() else token

    def _without_stand_ins(self, found: re.Match[bytes], token: bytes) -> bytes:
        if not self._skip:
            return token
        skipped = min(self._skip, len(token) if found["text"] else 1)
        self._skip -= skipped
        return token[skipped:] if found["text"] else b""

    def _letter(self, number: int) -> bytes:
        """A letter by its number, which is one of UTF-16's, as UTF-8."""
        self._skip = self._state.stand_ins
        self._halves += (number % 0x10000).to_bytes(2, "little")
        letter = self._halves.decode("utf-16-le", errors="ignore")
        if not letter and len(self._halves) < 4:
            return b""
        self._halves = b""
        escape = b"\\" if letter in "{}\\" else b""
        return b"" if self._is_unseen() else escape + letter.encode()

    def _follow(self, word: bytes, number: int | None, *, fresh: bool) -> None:
        if fresh and word in _ASIDE:
            self._state = replace(self._state, aside=True)
        elif fresh and word in _INDEX:
            self._state = replace(self._state, entry=True)
        elif word in _SETS:
            self._state = replace(self._state, **_SETS[word](number))
        else:
            self._follow_table(word, number)

    def _follow_table(self, word: bytes, number: int | None) -> None:
        """Cells have a ground by their number in the row, which is told before their text."""
        if word == b"trowd":
            self._cells, self._shade, self._cell = [], None, 0
        elif word == b"clcbpat":
            self._shade = number or None
        elif word == b"cellx":
            self._cells.append(self._shade)
            self._shade = None
        elif word == b"cell":
            self._cell += 1
        elif word == b"row":
            self._cell = 0

    def _is_unseen(self) -> bool:
        state = self._state
        if state.hidden or state.deleted or state.thin or state.entry or state.size <= TINY:
            return True
        cell = self._cells[self._cell] if state.table and self._cell < len(self._cells) else None
        grounds = (self._colours.get(number or 0) for number in (state.marker, state.block, cell))
        ground = next((one for one in grounds if one is not None), WHITE)
        colour = None if state.colour is None else self._colours.get(state.colour)
        return colour is not None and not colour.shows_on(ground)


def _colours(data: bytes) -> dict[int, Colour]:
    """The colours of the file by their numbers, without those that the system chooses."""
    table = re.search(rb"{\s*\\colortbl([^{}]*)}", data)
    found = {}
    for number, entry in enumerate(table[1].split(b";") if table else ()):
        parts = [re.search(rb"\\" + part + rb"(\d+)", entry) for part in (b"red", b"green", b"blue")]
        if any(parts):
            red, green, blue = (float(part[1]) if part else 0.0 for part in parts)
            found[number] = Colour(red, green, blue)
    return found
