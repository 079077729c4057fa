"""What people and programs read in a terminal."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from rich.cells import cell_len

from bot.findings import Finding, Level
from bot.messages import Answer, Citation, Claim, Dropped, Outcome, Person, Suggestion
from bot.platforms import terminal
from bot.platforms._console import clean
from ingest.observing import unobserved

CITATION = Citation(
    number=1,
    source="handbook",
    document="holidays.md",
    title="Holidays",
    url="https://wiki.acme.com/holidays.md#carrying-over",
    heading=("Holidays", "Carrying over"),
    page=3,
    quote="Up to five days may be taken until 31 March.",
    updated_at=datetime(2026, 3, 3, 12, tzinfo=UTC),
    author="Ana Ruiz",
    language="en",
)
ANSWER = Answer(
    Outcome.ANSWERED,
    "en",
    "According to “Holidays” (3 March 2026):\n- Up to five days may be taken until 31 March. [1]",
    (Claim("Up to five days may be taken until 31 March.", (1,)),),
    (CITATION,),
    dropped=(Dropped("Nobody works in May.", "its quote does not stand in the passage"),),
    reference="0a1b2c3d4e",
    seconds=0.41,
)
NOT_FOUND = Answer(
    Outcome.NOT_FOUND,
    "es",
    "No he encontrado respuesta a eso.\nLas páginas más cercanas:\n- Perros: “Los perros vienen el martes.”",
    suggestions=(
        Suggestion(
            "Perros", "https://wiki.acme.com/dogs", "handbook", "d.md", "Los perros vienen el martes."
        ),
    ),
)
RUN = {
    "run": "r1", "source": "wiki", "outcome": "done", "scanned": 25, "new": 0, "changed": 1, "retitled": 0,
    "readers_changed": 0, "unchanged": 24, "removed": 0, "held": 0, "failed": [], "chunks_embedded": 3,
    "chunks_reused": 12, "still_answerable": 0, "error": None, "seconds": 0.84,
}  # fmt: skip
FAILURE = {"document": "a.pdf", "title": "A", "reason": "it is encrypted", "attempts": 3}
CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture
def width(monkeypatch):
    def set_width(columns):
        monkeypatch.setenv("COLUMNS", str(columns))

    set_width(80)
    return set_width


def printed(capsys):
    return capsys.readouterr().out


def test_an_answer_is_printed_with_its_sources_age_link_and_reference(capsys, width):
    width(100)
    terminal.print_answer(ANSWER)
    out = printed(capsys)
    assert (
        "According to “Holidays” (3 March 2026):\n- Up to five days may be taken until 31 March. [1]\n" in out
    )
    assert "[1] Holidays › Carrying over · p. 3 · updated 3 March 2026 · Ana Ruiz\n" in out
    assert "    https://wiki.acme.com/holidays.md#carrying-over\n" in out
    assert "0a1b2c3d4e · 0.4 s" in out


def test_a_quote_is_shown_where_it_is_not_the_sentence_itself(capsys, width):
    terminal.print_answer(ANSWER)
    assert printed(capsys).count("Up to five days") == 1
    terminal.print_answer(replace(ANSWER, claims=(Claim("Five days carry over.", (1,)),)))
    assert "    “Up to five days may be taken until 31 March.”\n" in printed(capsys)


def test_citations_of_one_place_are_printed_together(capsys, width):
    width(100)
    other = replace(CITATION, number=2, quote="Ask before February.")
    elsewhere = replace(CITATION, number=3, heading=("Holidays",), url=None, page=None, author=None)
    terminal.print_answer(replace(ANSWER, citations=(CITATION, other, elsewhere)))
    out = printed(capsys)
    assert "[1][2] Holidays › Carrying over" in out
    assert "[3] Holidays · updated 3 March 2026\n" in out


def test_sabios_own_words_are_in_the_language_of_the_question(capsys, width):
    width(100)
    terminal.print_answer(replace(ANSWER, language="es"))
    assert "· p. 3 · actualizado el 3 de marzo de 2026 · Ana Ruiz" in printed(capsys)


def test_where_nothing_was_found_the_nearest_pages_have_their_links(capsys, width):
    terminal.print_answer(NOT_FOUND)
    assert printed(capsys) == (
        "No he encontrado respuesta a eso.\n\nLas páginas más cercanas:\n"
        "- Perros: “Los perros vienen el martes.”\n  https://wiki.acme.com/dogs\n"
    )


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_every_line_but_a_link_fits_the_terminal(capsys, width, columns):
    width(columns)
    long = "Quien viene en bicicleta la deja en el patio 自転車 y no en el pasillo de la entrada. " * 4
    citation = replace(CITATION, quote=long, url="https://wiki.acme.com/" + "x" * 150)
    terminal.print_answer(replace(ANSWER, text=f"According to “A”:\n- {long}[1]", citations=(citation,)))
    terminal.print_runs([RUN | {"failed": [FAILURE | {"reason": long}]}])
    lines = printed(capsys).splitlines()
    assert any(len(line) > columns for line in lines if "https://" in line)
    assert [line for line in lines if cell_len(line) > columns and "https://" not in line] == []


def test_a_title_can_neither_drive_the_terminal_nor_be_read_as_markup(capsys, width):
    evil = "\x1b]0;owned\x07\x1b[2J[bold red]Pay[/] \u202etxt.exe\x9b31m\r\nnext :smile:"
    citation = replace(CITATION, title=evil, author=evil, url="https://a.com/\x1b[2J", heading=(evil,))
    suggestion = Suggestion(evil, "https://b.com/", "s", evil, evil)
    terminal.print_answer(replace(ANSWER, text=f"According to {evil}", citations=(citation,)))
    terminal.print_answer(replace(NOT_FOUND, text=f"No.\n- {evil}", suggestions=(suggestion,)))
    terminal.print_runs([RUN | {"failed": [FAILURE | {"document": evil, "title": evil, "reason": evil}]}])
    terminal.print_findings([Finding(Level.ERROR, evil, evil, evil)])
    out = printed(capsys)
    assert not CONTROLS.search(out)
    assert "owned" not in out
    assert "[bold red]Pay[/]" in out
    assert ":smile:" in out


def test_json_holds_a_title_as_it_is_and_still_drives_no_terminal(capsys):
    evil = "\x1b[2J\x9b31m \u202e \ud800"
    terminal.print_answer(replace(ANSWER, citations=(replace(CITATION, title=evil),)), json=True)
    out = printed(capsys)
    assert not CONTROLS.search(out)
    assert json.loads(out)["citations"][0]["title"] == evil


def test_text_is_cleaned_without_losing_letters_of_any_language():
    assert (
        clean("  Año 2026 – ñandú\t自転車 👩‍🚀\x00\x1b[31m rojo\x1b[0m ")
        == "Año 2026 – ñandú 自転車 👩‍🚀 rojo"
    )


def test_an_answer_for_programs_has_the_documented_shape(capsys):
    terminal.print_answer(ANSWER, json=True)
    answer = json.loads(printed(capsys))
    assert answer["outcome"] == "answered"
    assert answer["claims"] == [{"text": "Up to five days may be taken until 31 March.", "citations": [1]}]
    assert answer["citations"][0] | {"translation": None} == {
        "number": 1,
        "source": "handbook",
        "document": "holidays.md",
        "title": "Holidays",
        "url": "https://wiki.acme.com/holidays.md#carrying-over",
        "heading": ["Holidays", "Carrying over"],
        "page": 3,
        "quote": "Up to five days may be taken until 31 March.",
        "updated_at": "2026-03-03T12:00:00+00:00",
        "author": "Ana Ruiz",
        "language": "en",
        "translation": None,
    }
    assert answer["dropped"] == 1
    assert answer["dropped_claims"][0]["rule"] == "its quote does not stand in the passage"
    assert (answer["suggestions"], answer["reference"], answer["seconds"]) == ([], "0a1b2c3d4e", 0.41)


def test_a_run_is_one_line_with_what_it_did(capsys, width):
    width(100)
    terminal.print_runs([RUN])
    expected = "wiki  done  1 changed, 24 unchanged · 3 chunks embedded, 12 reused · 0.8 s\n"
    assert printed(capsys) == expected


def test_a_run_names_what_failed_what_is_held_and_the_proof_of_deletion(capsys, width):
    width(200)
    terminal.print_runs([RUN | {"outcome": "held", "held": 40, "removed": 2, "failed": [FAILURE]}])
    out = printed(capsys)
    assert "2 removed, 0 of it still answerable" in out
    assert "not read: a.pdf (A): it is encrypted · 3 attempts" in out
    assert "40 documents would be removed" in out
    assert "sabio sync wiki --confirm-removals" in out


def test_runs_for_programs_are_printed_as_they_are(capsys):
    terminal.print_runs([RUN], json=True)
    assert json.loads(printed(capsys)) == {"runs": [RUN]}


@pytest.mark.parametrize(
    ("reports", "code"),
    [
        ([RUN], 0),
        ([RUN, RUN | {"failed": [FAILURE]}], 1),
        ([RUN | {"outcome": "held", "held": 40}], 1),
        ([RUN, {"source": "b", "outcome": "failed", "error_kind": "UnavailableError", "failed": []}], 3),
        (
            [
                {"source": "b", "outcome": "failed", "error_kind": "UnavailableError", "failed": []},
                {"source": "c", "outcome": "failed", "error_kind": "ConfigError", "failed": []},
            ],
            2,
        ),
        ([RUN | {"outcome": "failed", "error_kind": "DocumentError"}], 1),
    ],
)
def test_the_exit_code_of_a_sync_is_its_gravest_outcome(reports, code):
    assert terminal.exit_code(reports) == code


@pytest.mark.parametrize(
    ("kinds", "code"),
    [([], 0), (["unavailable"], 3), (["unavailable", "configuration"], 2)],
)
def test_the_exit_code_of_a_check_says_whether_a_person_must_act(kinds, code):
    errors = [Finding(Level.ERROR, "x", "y", kind=kind) for kind in kinds]
    assert terminal.findings_code([Finding(Level.WARNING, "x", "y"), *errors]) == code


def test_findings_stand_with_what_is_wrong_last_and_their_repair_below(capsys, width):
    found = [
        Finding(Level.ERROR, "ledger", "it is damaged", "restore it"),
        Finding(Level.OK, "index", "fine"),
    ]
    terminal.print_findings(found)
    assert printed(capsys) == "ok      index: fine\nerror   ledger: it is damaged\n        → restore it\n"


def test_figures_have_a_line_for_each_kind_and_language(capsys, width):
    group = {
        "questions": 2,
        "retrieval": {"recall@1": 0.5},
        "answers": {"refused": None},
        "seconds": {"p50": 0.2},
    }
    terminal.print_figures({**group, "by": {"es": group}})
    assert printed(capsys) == (
        "retrieval  recall@1  questions\nall           0.500          2\nes            0.500          2\n\n"
        "answers  refused\nall            –\nes             –\n\n"
        "seconds    p50\nall      0.200\nes       0.200\n"
    )


def test_progress_is_silent_for_programs(capsys):
    with terminal.progress(quiet=True) as observe:
        assert observe is unobserved
    assert capsys.readouterr() == ("", "")


def test_progress_is_one_line_a_source_where_nobody_watches(capsys):
    with terminal.progress(due=lambda source: 3) as observe:
        for step in ("scanned", "planned", "claimed", "published", "finished"):
            observe(step, "wiki")
    assert capsys.readouterr() == ("", "wiki: 3 documents due\n")


def test_progress_in_a_terminal_shows_what_is_done_of_what_is_due(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    left = iter([3, 3, 1])
    with terminal.progress(due=lambda source: next(left)) as observe:
        observe("planned", "wiki")
        observe("claimed")
        observe("finished", "Holidays \x1b[2J")
        observe("claimed")  # one more could not be read, which nobody says
        shown = observe._shown.tasks[0]
        assert (shown.completed, shown.total) == (2, 3)
        assert shown.fields["title"] == "Holidays"
        observe("asked", "A question?")
        assert shown.completed == 3


def test_a_chat_answers_line_after_line_until_it_is_told_to_stop(kb, capsys, monkeypatch, width):
    lines = iter(["How many days of holiday do I have?", "", "exit", "Never asked."])
    monkeypatch.setattr("builtins.input", lambda prompt: next(lines))
    terminal.chat(kb, Person())
    assert "24 days" in printed(capsys)
    assert next(lines) == "Never asked."


def test_a_chat_ends_with_its_input(kb, capsys, monkeypatch):
    def ended(prompt):
        raise EOFError

    monkeypatch.setattr("builtins.input", ended)
    terminal.chat(kb, Person())
    assert printed(capsys) == "\n"
