"""Word: hidden, deleted, tiny and colourless runs, by their own format or by any style that they have.

unstructured and python-docx read a run's text whatever its format, and leave out what was inserted while
changes were tracked. Both is put right in the file's tree; only a file in which there was something is
written anew for unstructured.
"""

from __future__ import annotations

from typing import Any

from ingest.parsing.unseen import TINY
from ingest.parsing.unseen.colours import Colour
from ingest.parsing.unseen.theme import local
from ingest.parsing.unseen.trees import take_out
from ingest.parsing.unseen.word_format import SLIVER, Formats, Marks, W, number_of, table_parts, value_of

_LOOK = {
    "firstRow": 0x20, "lastRow": 0x40, "firstColumn": 0x80, "lastColumn": 0x100, "noHBand": 0x200,
    "noVBand": 0x400,
}  # fmt: skip
_ON = {"1", "true", "on"}
_SHOWN = {"t", "sym", "delText", "noBreakHyphen"}


class Word:
    """One Word file, whose parts are cleared one by one."""

    def __init__(self, file: Any) -> None:
        """`file` is python-docx's document."""
        self._formats = Formats(file)
        self._tables: dict[Any, dict[Any, Marks]] = {}

    def clear(self, root: Any) -> bool:
        """Take what Word does not show out of a part's tree. Returns whether there was anything."""
        gone = [
            one
            for one in root.iter(*(W + name for name in ("del", "moveFrom", "tr", "drawing")))
            if _is_gone(one)
        ]
        for one in gone:
            take_out(one)
        added = [one for one in root.iter(f"{W}ins", f"{W}moveTo") if local(one.getparent()) == "p"]
        for one in added:
            _unwrap(one)
        labels = [self._clear_label(one) for one in root.iter(f"{W}lvl")]
        cleared = [self._clear_paragraph(one) for one in root.iter(f"{W}p")]
        return bool(gone) or bool(added) or any(labels) or any(cleared)

    def _clear_paragraph(self, paragraph: Any) -> bool:
        runs = [run for run in paragraph.iter(f"{W}r") if next(run.iterancestors(f"{W}p")) is paragraph]
        if not runs:
            return False
        formats = self._formats
        properties = paragraph.find(f"{W}pPr")
        style = value_of(properties, "pStyle") or formats.usual
        block = {
            **self._around(paragraph),
            **formats.of_style(style, "pPr"),
            **formats.of_paragraph(properties),
        }
        text = {**formats.default, **block, **formats.of_style(style, "rPr")}
        cleared = [self._clear_run(run, text) for run in runs]
        return any(cleared)

    def _clear_run(self, run: Any, text: Marks) -> bool:
        own = run.find(f"{W}rPr")
        if own is not None:
            style = self._formats.of_style(value_of(own, "rStyle"), "rPr")
            text = {**text, **style, **self._formats.of_run(own)}
        if not self._is_unseen(text):
            return False
        shown = [one for one in run if local(one) in _SHOWN]
        if text.get("vanish"):
            shown += list(run.iterchildren(f"{W}drawing", f"{W}pict"))
        for one in shown:
            take_out(one)
        return bool(shown)

    def _clear_label(self, level: Any) -> bool:
        """A list's numbers have a format of their own, and may be words."""
        label = level.find(f"{W}lvlText")
        marks = {**self._formats.default, **self._formats.of_run(level.find(f"{W}rPr"))}
        if label is None or not label.get(f"{W}val") or not self._is_unseen(marks):
            return False
        label.set(f"{W}val", "")
        return True

    def _is_unseen(self, marks: Marks) -> bool:
        colour: Colour | None = marks.get("colour")
        ground: Colour = marks.get("ground") or self._formats.page
        return (
            any(marks.get(name, False) for name in ("vanish", "thin", "cut", "flat", "away"))
            or marks.get("size", TINY + 1) <= TINY
            or (colour is not None and not colour.shows_on(ground.over(self._formats.page)))
        )

    def _around(self, paragraph: Any) -> Marks:
        """What the nearest table or box around a paragraph says of the text in it."""
        for holder in paragraph.iterancestors(f"{W}tc", "{*}wsp"):
            if local(holder) == "wsp":
                fill = next((self._formats.fill(one) for one in holder.iterchildren("{*}spPr")), None)
                return {} if fill is None else {"ground": fill}
            table = next(holder.iterancestors(f"{W}tbl"))
            if table not in self._tables:
                self._tables[table] = self._cells(table)
            return self._tables[table].get(holder, {})
        return {}

    def _cells(self, table: Any) -> dict[Any, Marks]:
        """What each cell of a table says of its text: by the table's style, its own shading, its own."""
        formats = self._formats
        properties = table.find(f"{W}tblPr")
        style = value_of(properties, "tblStyle")
        look = _look(None if properties is None else properties.find(f"{W}tblLook"))
        shade = None if properties is None else properties.find(f"{W}shd")
        rows = list(table.iterchildren(f"{W}tr"))
        found: dict[Any, Marks] = {}
        for number, row in enumerate(rows):
            cells = list(row.iterchildren(f"{W}tc"))
            for column, cell in enumerate(cells):
                marks: dict[str, Any] = {} if shade is None else {"ground": formats.shade(shade)}
                for part in table_parts(number, len(rows), column, len(cells), look):
                    for kind in ("pPr", "tcPr", "rPr"):
                        marks.update(formats.of_style(style, kind, part))
                own = cell.find(f"{W}tcPr/{W}shd")
                if own is not None:
                    marks["ground"] = formats.shade(own)
                found[cell] = marks
        return found


def _look(element: Any) -> dict[str, bool]:
    """Which parts of its style a table uses; without a word on it, none of them."""
    if element is None:
        return dict.fromkeys(_LOOK, False) | {"noHBand": True, "noVBand": True}
    bits = int(element.get(f"{W}val") or "0", 16)
    given = {name: element.get(W + name) for name in _LOOK}
    return {
        name: bool(bits & bit) if given[name] is None else given[name] in _ON for name, bit in _LOOK.items()
    }


def _is_gone(element: Any) -> bool:
    """Whether an element was deleted or is hidden as a whole."""
    name = local(element)
    if name == "drawing":
        return any(one.get("hidden") in _ON for one in element.iterfind("{*}*/{*}docPr"))
    if name == "tr":
        properties = element.find(f"{W}trPr")
        return properties is not None and any(_hides_row(one) for one in properties)
    return local(element.getparent()) not in {"rPr", "trPr", "tcPr"}


def _hides_row(one: Any) -> bool:
    name = local(one)
    if name == "trHeight":
        height = number_of(one.get(f"{W}val"))
        return one.get(f"{W}hRule") == "exact" and height is not None and height <= SLIVER
    return name == "del" or (name == "hidden" and one.get(f"{W}val") not in {"0", "false", "off"})


def _unwrap(element: Any) -> None:
    """Put what is in an element in its place."""
    for child in list(element):
        element.addprevious(child)
    take_out(element)
