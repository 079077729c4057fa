"""A question about a cell or a row is answered with the row, under the names of its columns."""

from pathlib import Path

import openpyxl
import pytest

from bot.answering import inspect
from bot.drafting import draft_of
from bot.verification import verify
from ingest.documents import EVERYONE, Kind
from tests.doubles import open_base
from workers.local import sync_sources

ROOMS = [f"Room {number:03}" for number in range(90)]
CSV = "País;Hotel por noche;Dietas por día\nEspaña;110 €;38 €\nFrancia;140 €;45 €\nSuiza;210 CHF;70 CHF\n"
PAGE = """# Support

Tickets are answered by their severity.

| Severity | First reply | Solved within |
|---|---|---|
| Critical | 15 minutes | 4 hours |
| Low | 2 days | 20 days |
"""


def write_sheet(file: Path, rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(file)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A spreadsheet of several chunks, one of one, a CSV file in Spanish, and a table in a page."""
    folder = tmp_path_factory.mktemp("tables")
    pages = folder / "pages"
    pages.mkdir()
    leave = [("Reason", "Paid days", "Who approves"), ("Marriage", 15, "People team")]
    write_sheet(pages / "leave.xlsx", [*leave, ("Moving house", 2, "Line manager"), ("Exams", 3, "Nobody")])
    seats = [(name, 1 + number % 7, 4 + number) for number, name in enumerate(ROOMS)]
    write_sheet(pages / "rooms.xlsx", [("Room", "Floor", "Seats"), *seats])
    (pages / "tarifas.csv").write_text(CSV, encoding="utf-8")
    (pages / "support.md").write_text(PAGE, encoding="utf-8")
    source = {"type": "folder", "path": str(pages), "readers": [EVERYONE]}
    with open_base(folder / "var", {"wiki": source}, real_parsers=True) as kb:
        [report] = sync_sources(kb, ["wiki"])
        assert report["outcome"] == "done", report
        yield kb


def best_row(kb, question):
    """The draft of the row that answers best, as a quotation shows it, once it was verified."""
    ranked = inspect(kb, question, frozenset({EVERYONE})).ranked
    best = next(one for one in ranked if one.unit.kind is Kind.TABLE)
    kept, dropped = verify([draft_of(best.passage.passage, best.unit)])
    assert dropped == []
    return kept[0]


@pytest.mark.parametrize(
    ("question", "row", "shown"),
    [
        (
            "How many days for moving house?",
            "Moving house | 2 | Line manager",
            "Reason: Moving house; Paid days: 2; Who approves: Line manager",
        ),
        (
            "Who approves the exam?",
            "Exams | 3 | Nobody",
            "Reason: Exams; Paid days: 3; Who approves: Nobody",
        ),
        (
            "¿Cuánto es el hotel por noche en Francia?",
            "Francia | 140 € | 45 €",
            "País: Francia; Hotel por noche: 140 €; Dietas por día: 45 €",
        ),
        (
            "¿Qué dietas por día hay en Suiza?",
            "Suiza | 210 CHF | 70 CHF",
            "País: Suiza; Hotel por noche: 210 CHF; Dietas por día: 70 CHF",
        ),
        (
            "When is a ticket of low severity solved?",
            "Low | 2 days | 20 days",
            "Severity: Low; First reply: 2 days; Solved within: 20 days",
        ),
    ],
)
def test_a_row_is_quoted_as_it_stands_and_shown_with_the_names_of_its_columns(base, question, row, shown):
    draft = best_row(base, question)
    assert (draft.evidence[0].quote, draft.text) == (row, shown)
    assert draft.evidence[0].context == shown_names(shown)


def shown_names(shown):
    return " | ".join(cell.split(": ")[0] for cell in shown.split("; "))


@pytest.mark.parametrize("number", [0, 44, 89])
def test_a_row_far_down_a_long_table_has_the_names_of_its_columns_too(base, number):
    draft = best_row(base, f"How many seats are there in room {number:03}?")
    assert draft.text == f"Room: {ROOMS[number]}; Floor: {1 + number % 7}; Seats: {4 + number}"


def test_the_long_table_is_several_chunks(base):
    found = inspect(base, "How many seats are there in room 044?", frozenset({EVERYONE})).found
    assert len([one for one in found.passages if one.passage.entry == "rooms.xlsx"]) > 2
