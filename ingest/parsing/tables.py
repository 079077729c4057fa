"""HTML tables as rows of cells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from lxml import html

from ingest.parsing.text import flat

_MAX_SPAN = 200
"""Cells claim to span; a page that claims more than this is after our memory."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table as text: the header's line first, cells joined by ` | `."""

    lines: Sequence[str]
    caption: str = ""


def join_rows(rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a table: cells on one line each, empty rows and columns at the right end left out."""
    cells = [[flat(cell).replace(" | ", " / ") for cell in row] for row in rows]
    width = max((index + 1 for row in cells for index, cell in enumerate(row) if cell), default=0)
    return [_join(row[:width]) for row in cells if any(row)]


def read_table(element: html.HtmlElement, text: Callable[[html.HtmlElement], str]) -> Table | None:
    """The rows of a `<table>`, merged cells filled in; `None` for tables that only lay out a page."""
    rows = [row for row in element.iter("tr") if _owner(row) is element]
    grid = _fill(rows, text)
    laid_out = (
        element.get("role") in {"presentation", "none"}
        or next(element.iterdescendants("table", "h1", "h2", "h3", "h4", "h5", "h6"), None) is not None
        or max((len(row) for row in grid), default=0) <= 1
    )
    if laid_out:
        return None
    caption = element.find("caption")
    return Table(join_rows(grid), "" if caption is None else text(caption))


def _fill(rows: Sequence[html.HtmlElement], text: Callable[[html.HtmlElement], str]) -> list[list[str]]:
    """A cell over several rows stands in each of them; one over several columns stands in the first."""
    grid: list[list[str]] = []
    hanging: dict[int, tuple[int, str]] = {}  # column -> rows it still reaches down, text
    for row in rows:
        line: list[str] = []
        for cell in row.iterchildren("td", "th"):
            _take_hanging(line, hanging)
            value = flat(text(cell))
            column = len(line)
            line += [value] + [""] * (_span(cell, "colspan") - 1)
            if (down := _span(cell, "rowspan") - 1) > 0:
                hanging[column] = (down, value)
        _take_hanging(line, hanging)
        grid.append(line)
    return grid


def _take_hanging(line: list[str], hanging: dict[int, tuple[int, str]]) -> None:
    while (column := len(line)) in hanging:
        left, value = hanging.pop(column)
        line.append(value)
        if left > 1:
            hanging[column] = (left - 1, value)


def _span(cell: html.HtmlElement, name: str) -> int:
    value = cell.get(name) or "1"
    return min(max(int(value), 1), _MAX_SPAN) if value.isdecimal() and len(value) < 6 else 1


def _owner(row: html.HtmlElement) -> html.HtmlElement | None:
    return next(row.iterancestors("table"), None)


def _join(row: Sequence[str]) -> str:
    alone = [cell for cell in row if cell]
    return alone[0] if len(alone) == 1 and row[0] else " | ".join(row)
