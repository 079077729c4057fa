"""Excel: hidden rows and columns, cells whose format shows nothing, and cells below a merged one.

openpyxl knows none of these where it reads row by row, which it must: a sheet held whole takes fifty times
its file. So each sheet's XML is passed over once more for what hides, its values left to openpyxl.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, NamedTuple

from lxml import etree

from ingest.parsing.unseen import TINY, number_format
from ingest.parsing.unseen.archives import parse
from ingest.parsing.unseen.areas import LAST, Area, areas, column_of
from ingest.parsing.unseen.colours import WHITE
from ingest.parsing.unseen.sheet_format import Look, Styles
from ingest.parsing.unseen.theme import local

_ON = {"1", "true"}
_NARROW = 0.3
"""Characters: the width of a column in which nothing can be made out."""
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_MAIN = re.compile(r"(?:sheet|template)\.(?:macroEnabled\.)?main\+xml$")
_TRUE = {"TRUE", "TRUE()", "1", "1=1"}
"""Conditions that hold for every cell. Others are not computed; mostly they hide errors and zeros."""

Rich = Mapping[int, Sequence[tuple[str, Look]]]
"""Texts in several formats, by their number."""


class Book:
    """What the sheets of a workbook do not show."""

    def __init__(self, data: bytes) -> None:
        self._archive = zipfile.ZipFile(io.BytesIO(data))
        self._names = set(self._archive.namelist())
        main = self._main_part()
        related = self._related(main)
        by_kind = dict(related.values())
        theme = by_kind.get("theme")
        self._styles = Styles(self._tree(by_kind.get("styles")), self._read(theme))
        self._rich = self._rich_strings(by_kind.get("sharedStrings"))
        tree = self._tree(main)
        sheets = [] if tree is None else tree.iterfind("{*}sheets/{*}sheet")
        self._parts = {one.get("name"): related.get(one.get(_RELATION), ("", ""))[1] for one in sheets}

    def unseen(self, title: str) -> Unseen:
        """What does not show of the sheet of that name."""
        part = self._parts.get(title) or ""
        if part not in self._names:
            return Unseen()
        headers = [self._header(target) for kind, target in self._related(part).values() if kind == "table"]
        with self._archive.open(part) as stream:
            return _Scan(self._styles, self._rich, [one for one in headers if one]).read(stream)

    def _main_part(self) -> str:
        """Where the workbook is: by the type of its part, as openpyxl finds it."""
        types = self._tree("[Content_Types].xml")
        found = () if types is None else types.iterfind("{*}Override")
        parts = [one.get("PartName") for one in found if _MAIN.search(one.get("ContentType") or "")]
        return next(filter(None, parts), "/xl/workbook.xml").lstrip("/")

    def _header(self, part: str) -> Area | None:
        """The first row of a table that has a style."""
        table = self._tree(part)
        styled = table is not None and table.find("{*}tableStyleInfo[@name]") is not None
        if not styled or table.get("headerRowCount") == "0":
            return None
        return next((area._replace(bottom=area.top) for area in areas(table.get("ref") or "")), None)

    def _rich_strings(self, part: str | None) -> Rich:
        """The shared strings that are written in several formats, by their number."""
        if part is None or part not in self._names:
            return {}
        found = {}
        with self._archive.open(part) as stream:
            for number, text in enumerate(_elements(stream, "si")):
                if runs := runs_of(text, self._styles):
                    found[number] = runs
                _forget(text)
        return found

    def _related(self, part: str) -> dict[str, tuple[str, str]]:
        """Kind and path of the parts that a part names, by the ids that it calls them."""
        folder, name = posixpath.split(part)
        tree = self._tree(f"{folder}/_rels/{name}.rels")
        found = {}
        for one in () if tree is None else tree:
            path = posixpath.normpath(posixpath.join("/", folder, one.get("Target") or ""))[1:]
            found[one.get("Id") or ""] = ((one.get("Type") or "").rpartition("/")[2], path)
        return found

    def _read(self, part: str | None) -> bytes | None:
        return self._archive.read(part) if part in self._names and part else None

    def _tree(self, part: str | None) -> Any:
        data = self._read(part)
        return None if data is None else parse(data)


class _Cell(NamedTuple):
    """A cell that may hide what it holds."""

    look: Look | None
    text: str | None
    """What shows of it, where it is written in several formats."""


@dataclass(slots=True)
class Unseen:
    """Rows, columns and cells of one sheet that nobody sees; all of them counted from 1."""

    rows: set[int] = field(default_factory=set)
    columns: list[tuple[int, int]] = field(default_factory=list)
    """First and last."""
    merged: list[Area] = field(default_factory=list)
    """From the top down."""
    cells: dict[int, dict[int, _Cell]] = field(default_factory=dict)
    """By row and column."""
    always: list[tuple[Area, Look]] = field(default_factory=list)
    """Conditional formats whose condition holds for whatever a cell holds."""

    def shown(self, rows: Iterable[Sequence[object]]) -> Iterator[Sequence[object]]:
        """The rows of a sheet from its first, without what is hidden.

        Hidden rows and columns are left out, so that the others stay one table; other cells are None.
        """
        waiting, merged = deque(self.merged), list[Area]()
        for number, row in enumerate(rows, start=1):
            while waiting and waiting[0].top <= number:
                merged.append(waiting.popleft())
            merged = [area for area in merged if area.bottom >= number]
            if number in self.rows:
                continue
            cells = self.cells.get(number, {})
            if merged or self.always or cells or self.columns:
                yield [
                    self._shown(Area(number, column, number, column), value, cells.get(column), merged)
                    for column, value in enumerate(row, start=1)
                    if not self._is_away(column)
                ]
            else:
                yield row

    def _is_away(self, column: int) -> bool:
        return any(first <= column <= last for first, last in self.columns)

    def _shown(self, place: Area, value: object, cell: _Cell | None, merged: Sequence[Area]) -> object:
        if value is None:
            return None
        if any(area.holds(place) and area[:2] != place[:2] for area in merged):
            return None
        looks = [look for area, look in self.always if area.holds(place)]
        if cell is not None and cell.look is not None:
            looks.append(cell.look)
        if any(is_unseen(look, value) for look in looks):
            return None
        return value if cell is None or cell.text is None else cell.text


class _Scan:
    """One pass over a sheet's XML."""

    def __init__(self, styles: Styles, rich: Rich, headers: Sequence[Area]) -> None:
        self._styles, self._rich, self._headers = styles, rich, headers
        self._suspects = {str(number): look for number, look in enumerate(styles.cells) if may_hide(look)}
        self._unseen = Unseen()
        self._hidden_by_default = self._narrow_by_default = False
        self._row = self._column = 0

    def read(self, stream: IO[bytes]) -> Unseen:
        """What does not show of the sheet whose XML this is."""
        for element in _elements(stream, "row", "col", "sheetFormatPr", "mergeCell", "conditionalFormatting"):
            getattr(self, f"_read_{local(element)}")(element)
        if self._narrow_by_default:
            self._unseen.columns.append((self._column + 1, LAST))
        self._unseen.merged.sort()
        return self._unseen

    def _read_sheetFormatPr(self, element: Any) -> None:  # noqa: N802 (the element's name)
        low = element.get("customHeight") in _ON and float(element.get("defaultRowHeight") or 15) <= TINY
        self._hidden_by_default = low or element.get("zeroHeight") in _ON
        self._narrow_by_default = float(element.get("defaultColWidth") or 8) <= _NARROW

    def _read_col(self, element: Any) -> None:
        width, first = element.get("width"), int(element.get("min") or 1)
        if self._narrow_by_default and self._column < first - 1:
            self._unseen.columns.append((self._column + 1, first - 1))
        self._column = int(element.get("max") or first)
        if element.get("hidden") in _ON or (width is not None and float(width) <= _NARROW):
            self._unseen.columns.append((first, self._column))

    def _read_row(self, element: Any) -> None:
        self._row = int(element.get("r") or self._row + 1)
        height = element.get("ht")
        flat = float(height) <= TINY if height is not None else self._hidden_by_default
        if element.get("hidden") in _ON or flat:
            self._unseen.rows.add(self._row)
        elif self._suspects or self._rich or element.find("{*}c/{*}is/{*}r") is not None:
            self._read_cells(element)
        _forget(element)

    def _read_cells(self, row: Any) -> None:
        column = 0
        found: dict[int, _Cell] = {}
        for cell in row:
            name = cell.get("r")
            column = column_of(name) if name else column + 1
            look = self._suspects.get(cell.get("s") or "0")
            runs = self._runs(cell)
            if look is None and not runs:
                continue
            place = Area(self._row, column, self._row, column)
            whole = self._on_header(_at(self._styles.cells, int(cell.get("s") or 0)), place)
            shown = [text for text, own in runs if not is_unseen(within(own, whole), text)]
            found[column] = _Cell(None if look is None else whole, "".join(shown) if runs else None)
        if found:
            self._unseen.cells[self._row] = found

    def _runs(self, cell: Any) -> Sequence[tuple[str, Look]]:
        kind = cell.get("t")
        if kind == "inlineStr":
            holder = cell.find("{*}is")
            return () if holder is None else runs_of(holder, self._styles)
        if kind != "s" or not self._rich:
            return ()
        value = cell.findtext("{*}v") or ""
        return self._rich.get(int(value), ()) if value.isdecimal() else ()

    def _on_header(self, look: Look, place: Area) -> Look:
        if look.ground is None and any(area.holds(place) for area in self._headers):
            return look._replace(ground=self._styles.header)
        return look

    def _read_mergeCell(self, element: Any) -> None:  # noqa: N802 (the element's name)
        self._unseen.merged += areas(element.get("ref") or "")

    def _read_conditionalFormatting(self, element: Any) -> None:  # noqa: N802 (the element's name)
        for rule in element.iterfind("{*}cfRule[@dxfId]"):
            formula = (rule.findtext("{*}formula") or "").strip().upper().lstrip("=")
            if rule.get("type") == "notContainsBlanks" or formula in _TRUE:
                look = _at(self._styles.differences, int(rule.get("dxfId")))
                self._unseen.always += [(area, look) for area in areas(element.get("sqref") or "")]


def _elements(stream: IO[bytes], *names: str) -> Iterator[Any]:
    """The elements of these names in a part of XML, each when it is complete."""
    tags = ["{*}" + name for name in names]
    for _, element in etree.iterparse(
        stream, tag=tags, resolve_entities=False, no_network=True, huge_tree=True
    ):
        yield element


def _forget(element: Any) -> None:
    """Give back the memory of an element and of those before it."""
    parent = element.getparent()
    element.clear()
    while parent is not None and parent[0] is not element:
        del parent[0]


def runs_of(holder: Any, styles: Styles) -> list[tuple[str, Look]]:
    """The runs of a text in a cell (`si`, `is`) and how each is drawn; none where there is one format."""
    found = []
    for run in holder.iterfind("{*}r"):
        properties = run.find("{*}rPr")
        found.append((run.findtext("{*}t") or "", Look() if properties is None else styles.font(properties)))
    return found


def within(own: Look, whole: Look) -> Look:
    """A run's look with what only its cell says."""
    return Look(own.colour or whole.colour, whole.ground, own.size or whole.size, whole.code)


def may_hide(look: Look) -> bool:
    """Whether there may be a value that does not show in such a cell."""
    ground = look.ground or WHITE
    painted = all(colour.shows_on(ground) for colour in number_format.inks(look.code))
    return is_unseen(look, "text") or number_format.may_hide(look.code) or not painted


def is_unseen(look: Look, value: object) -> bool:
    """Whether a value does not show in a cell that is drawn so."""
    colour = number_format.ink(look.code, value) or look.colour
    return (
        number_format.hides(look.code, value)
        or (look.size is not None and look.size <= TINY)
        or (colour is not None and not colour.shows_on(look.ground or WHITE))
    )


def _at(looks: Sequence[Look], number: int) -> Look:
    return looks[number] if number < len(looks) else Look()
