"""Ways to hide a word in a workbook."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import openpyxl
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import Color, Font, PatternFill
from openpyxl.worksheet.table import Table, TableStyleInfo

from tests.ingest.hiding import after, before, canary
from tests.ingest.samples import saved

Trick = Callable[[Any, Any, str], None]
"""Called with the book, a cell of it between two that show, and the word."""
WHITE = "FFFFFFFF"


def build(tricks: Iterable[str]) -> bytes:
    """A workbook of some tricks, each in a table of its own."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for number, trick in enumerate(tricks):
        sheet = book.create_sheet(f"Sheet {number}")
        sheet["A1"], sheet["B1"], sheet["C1"], sheet["D1"] = "one", "two", "three", "four"
        sheet["A2"], sheet["D4"], sheet["A3"], sheet["D3"] = before(trick), after(trick), "x", "y"
        (TRICKS.get(trick) or SHOWS[trick])(book, sheet["B3"], canary(trick))
    return saved(book)


def formatted(**formats: Any) -> Trick:
    """Hides by the format of a cell."""

    def trick(book: Any, cell: Any, word: str) -> None:
        cell.value = word
        for name, value in formats.items():
            setattr(cell, name, value)

    return trick


def hidden_row(book: Any, cell: Any, word: str) -> None:
    cell.parent["B7"] = word
    cell.parent.row_dimensions[7].hidden = True


def flat_row(book: Any, cell: Any, word: str) -> None:
    cell.parent["B7"] = word
    cell.parent.row_dimensions[7].height = 0.5


def filtered_row(book: Any, cell: Any, word: str) -> None:
    hidden_row(book, cell, word)
    cell.parent.auto_filter.ref = "A1:D7"


def hidden_column(book: Any, cell: Any, word: str) -> None:
    cell.parent["C3"] = word
    cell.parent.column_dimensions["C"].hidden = True


def narrow_columns(book: Any, cell: Any, word: str) -> None:
    cell.parent["C3"] = word
    cell.parent.column_dimensions.group("B", "C", hidden=True)


def narrow_column(book: Any, cell: Any, word: str) -> None:
    cell.value = word
    cell.parent.column_dimensions["B"].width = 0.1


def hidden_sheet(state: str) -> Trick:
    def trick(book: Any, cell: Any, word: str) -> None:
        sheet = book.create_sheet(word)
        sheet["A1"], sheet.sheet_state = word, state

    return trick


def below_a_merged_cell(book: Any, cell: Any, word: str) -> None:
    sheet = cell.parent
    sheet["A6"], sheet["B6"] = "merged", word
    # openpyxl itself empties what it merges.
    sheet.merged_cells.add("A6:C6")


def a_part_of_a_text(**font: Any) -> Trick:
    def trick(book: Any, cell: Any, word: str) -> None:
        cell.value = CellRichText("plain ", TextBlock(InlineFont(**font), word), " plain")

    return trick


def always_formatted(book: Any, cell: Any, word: str) -> None:
    cell.value = word
    cell.parent.conditional_formatting.add("B2:B9", FormulaRule(["TRUE"], font=Font(color=WHITE)))


def note(book: Any, cell: Any, word: str) -> None:
    from openpyxl.comments import Comment

    cell.comment = Comment(word, "A")


def filled(colour: str) -> PatternFill:
    return PatternFill("solid", fgColor=colour)


TRICKS: dict[str, Trick] = {
    "a hidden row": hidden_row,
    "a row without height": flat_row,
    "a filtered row": filtered_row,
    "a hidden column": hidden_column,
    "hidden columns": narrow_columns,
    "a column without width": narrow_column,
    "a hidden sheet": hidden_sheet("hidden"),
    "a very hidden sheet": hidden_sheet("veryHidden"),
    "white": formatted(font=Font(color=WHITE)),
    "nearly white": formatted(font=Font(color="FFFAFAFA")),
    "the theme's paper": formatted(font=Font(color=Color(theme=0))),
    "white by its number": formatted(font=Font(color=Color(indexed=9))),
    "the colour of its cell": formatted(font=Font(color="FF1F4E79"), fill=filled("FF1F4E79")),
    "half a point": formatted(font=Font(size=0.5)),
    "a format of nothing": formatted(number_format=";;;"),
    "a format that says something else": formatted(number_format='0;0;0;"nothing"'),
    "a format in white": formatted(number_format="[White]@"),
    "always formatted": always_formatted,
    "below a merged cell": below_a_merged_cell,
    "a white part of a text": a_part_of_a_text(color=WHITE),
    "a tiny part of a text": a_part_of_a_text(sz=1),
    "a note": note,
}


def white_in_a_table(row: int) -> Trick:
    """In white, in a row of a table that Excel paints the first row of."""

    def trick(book: Any, cell: Any, word: str) -> None:
        sheet = cell.parent
        for column, name in enumerate(("F", "G")):
            sheet[f"{name}6"], sheet[f"{name}7"] = f"head {column}", "plain"
        sheet.add_table(
            Table(displayName=f"T{word}", ref="F6:G7", tableStyleInfo=TableStyleInfo("TableStyleMedium2"))
        )
        sheet[f"F{row}"].value = word
        sheet[f"F{row}"].font = Font(color=WHITE)

    return trick


def beside_a_hidden_column(book: Any, cell: Any, word: str) -> None:
    cell.value = word
    cell.parent.column_dimensions["A"].hidden = False
    cell.parent.column_dimensions["C"].hidden = True


def merged(book: Any, cell: Any, word: str) -> None:
    cell.parent["A6"] = word
    cell.parent.merge_cells("A6:C6")


TRICKS["white below a header"] = white_in_a_table(7)
SHOWS: dict[str, Trick] = {
    "white on a dark cell": formatted(font=Font(color=WHITE), fill=filled("FF1F4E79")),
    "white in a header": white_in_a_table(6),
    "a merged cell": merged,
    "beside a hidden column": beside_a_hidden_column,
    "an accountant's format": formatted(number_format='_-* #,##0.00\\ "€"_-;-* #,##0.00_-;_-* "-"??_-;_-@_-'),
    "a format for zero alone": formatted(number_format="0;-0;;@"),
    "red when negative": formatted(number_format="[Red]0.00;[Red]-0.00"),
    "a part in bold": a_part_of_a_text(b=True),
    "grey": formatted(font=Font(color="FF999999")),
    "small print": formatted(font=Font(size=4)),
    "automatic": formatted(font=Font(color=Color(indexed=64))),
}
