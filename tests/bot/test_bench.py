"""`sabio bench`: what is measured is what happened, nothing is kept of it, and its sums come out."""

import json
import sys

import pytest
from sqlalchemy import func, select

from bot import bench
from bot.__main__ import main
from bot.bench import Load, Measured, Stored, Times, measure
from bot.capacity import estimate
from bot.platforms import terminal
from config.errors import ConfigError, UnavailableError
from config.settings import load_settings
from ingest.knowledge import KnowledgeBase
from ingest.ledger import tables


@pytest.fixture
def sabio(company, monkeypatch, capsys, restored_logging):
    """Runs the command in this process: its exit code and both outputs."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["sabio", "--config", str(company), "bench", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code or 0, *capsys.readouterr()

    monkeypatch.setenv("COLUMNS", "200")
    return run


def golden(file, *questions):
    lines = [json.dumps({"id": str(number), "question": one}) for number, one in enumerate(questions)]
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def measured(**changed):
    """A measurement of round figures."""
    stored = {"documents": 1_000, "chunks": 5_000, "dimension": 384, "ledger_bytes": 10_000_000}
    return Measured(
        processors=2,
        stored=Stored(**{**stored, "index_bytes": 20_000_000, **changed}),
        parts={"answer": Times(40.0, 80.0)},
        questions=[
            Load(1, 20, 20.0, 50.0, 60.0, {"answered": 20}),
            Load(4, 30, 30.0, 130.0, 200.0, {"answered": 29, "unavailable": 1}),
        ],
        embedding_per_second=50.0,
        memory_bytes=400_000_000,
    )


# ---- measuring ----


def test_every_question_that_was_asked_is_counted_with_its_outcome(sabio, tmp_path):
    file = golden(tmp_path / "asked.jsonl", "How many days of holiday do I have?", "Who won in Ankara?")
    code, out, err = sabio(file, "--people", 1, "--people", 3, "--seconds", 0.3, "--json")
    told = json.loads(out)
    assert (code, err) == (0, "")
    assert [load["people"] for load in told["questions"]] == [1, 3]
    for load in told["questions"]:
        assert load["asked"] == sum(load["outcomes"].values()) >= load["people"]
        assert load["outcomes"].keys() == {"answered", "not_found"}
        assert 0 < load["p50_ms"] <= load["p95_ms"]
    assert told["parts"].keys() == {"encode", "retrieve", "answer"}
    assert (told["stored"]["documents"], told["stored"]["chunks"], told["stored"]["dimension"]) == (4, 4, 384)
    assert told["stored"]["ledger_bytes"] > 4096
    assert told["embedding_per_second"] > 0
    assert told["estimate"]["documents"] == 1_000_000


def test_it_asks_with_the_permissions_of_whoever_it_is_told(kb, tmp_path):
    file = golden(tmp_path / "asked.jsonl", "Where does salary band three start?")
    [everyone] = measure(kb, file, people=[1], seconds=0.1).questions
    [ana] = measure(kb, file, email="ana@acme.com", people=[1], seconds=0.1).questions
    assert everyone.outcomes.keys() == {"not_found"}
    assert ana.outcomes.keys() == {"answered"}


def test_without_a_file_the_titles_of_documents_are_asked(kb, monkeypatch):
    asked = []
    real = bench.answer
    monkeypatch.setattr(bench, "answer", lambda kb, text, who: asked.append(text) or real(kb, text, who))
    measure(kb, people=[1], seconds=0.1)
    assert set(asked) == {"Holidays", "Dogs in the office", "Connecting with the VPN", "Salary bands"}


def test_nothing_is_kept_of_what_was_asked(own_kb):
    def kept():
        with own_kb.ledger.read() as ledger:
            return [
                ledger.scalar(select(func.count()).select_from(one)) for one in tables.metadata.sorted_tables
            ]

    before = kept()
    measure(own_kb, people=[2], seconds=0.2)
    assert kept() == before


def test_an_outage_meanwhile_is_counted_as_that(kb, tmp_path, monkeypatch):
    real, calls = bench.answer, iter(range(1_000))

    def answer(kb, text, who):
        if next(calls) > 1:  # the first ones load and time the parts
            raise UnavailableError("the index is down")
        return real(kb, text, who)

    monkeypatch.setattr(bench, "answer", answer)
    [load] = measure(kb, golden(tmp_path / "asked.jsonl", "Dogs?"), people=[2], seconds=0.2).questions
    assert load.outcomes == {"unavailable": load.asked}


def test_a_file_without_questions_and_a_base_without_documents_are_told_apart(kb, company, tmp_path):
    with pytest.raises(ConfigError, match="holds no questions"):
        measure(kb, golden(tmp_path / "asked.jsonl"))
    (tmp_path / "sabio.yaml").write_text(company.read_text("utf-8"), encoding="utf-8")
    empty = load_settings(tmp_path / "sabio.yaml", environ={})
    with KnowledgeBase(empty) as nothing, pytest.raises(UnavailableError, match="nothing is published yet"):
        measure(nothing)


# ---- estimating ----


def test_an_estimate_is_what_its_arithmetic_says():
    told = {line.what: line for line in estimate(measured(), 1_000_000).lines}
    assert told["chunks"].value == 5_000_000
    assert told["the ledger on its disk"].value == 10_000_000_000
    assert told["the local index on its disk"].value == 20_000_000_000
    assert told["vectors alone"].value == 5_000_000 * 384 * 4
    hours = told["embedding them the first time, by one process"]
    assert round(hours.value, 2) == 27.78
    assert hours.arithmetic == "5,000,000 chunks / 50.0 a second / 3,600"
    assert told["questions that one process answers"].value == 30.0


def test_an_index_on_a_server_is_left_out_as_nobody_here_knows_its_size():
    names = {line.what for line in estimate(measured(index_bytes=None), 10).lines}
    assert "the local index on its disk" not in names


def test_people_read_figures_with_their_sums_and_how_little_they_rest_on(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    few = measured(chunks=500, documents=100)
    terminal.print_measured(few, estimate(few, 1_000_000))
    said = " ".join(capsys.readouterr().out.split())
    assert "4 at once 30.0 130.0 200.0 30 1" in said
    assert "the ledger on its disk: 100.0 GB = 5,000,000 chunks × 20,000 bytes (10,000,000 / 500)" in said
    assert "Only 500 chunks could be measured" in said
    terminal.print_measured(measured(), estimate(measured(), 1_000_000))
    assert "Only" not in capsys.readouterr().out
