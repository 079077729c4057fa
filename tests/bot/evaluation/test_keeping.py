"""Runs are kept as files, and what got worse is compared with nothing until a person accepts it."""

import json
from dataclasses import replace

import pytest

from bot.evaluation import keeping
from bot.evaluation.comparing import told_of
from bot.evaluation.keeping import Asked
from config.errors import ConfigError
from tests.bot.evaluation.results import result, unanswerable

ASKED = Asked("questions.jsonl", "0123", base="configured")


def keep(folder, asked=ASKED, *, passed=True, at="2026-11-01T08:00:00+00:00", results=()):
    name = keeping.new_name(folder, "questions")
    run = {"name": name, "asked_at": at, **asked.told()}
    gate = {"passed": passed, "accepted": False, "fell": [] if passed else ["shown fell"]}
    figures = {"base": asked.base, "run": run, "gate": gate}
    keeping.keep(folder, name, figures, results, "<!DOCTYPE html>")
    return name


def standing(folder, asked=ASKED):
    run = keeping.standing(folder, asked)
    return run.name if run else None


def test_runs_of_one_second_have_names_of_their_own(tmp_path):
    names = [keep(tmp_path) for _ in range(3)]
    assert len(set(names)) == 3
    assert all((tmp_path / f"{name}{end}").exists() for name in names for end in (".json", ".html"))


def test_questions_come_back_as_they_were_kept(tmp_path):
    results = [result(id="1"), unanswerable(id="2", outcome="answered", language="es", kind="absent")]
    keep(tmp_path, results=results)
    assert keeping.standing(tmp_path, ASKED).answers() == [told_of(one) for one in results]


def test_the_last_run_stands_by_its_own_moment_not_by_its_name(tmp_path):
    keep(tmp_path, at="2026-11-03T08:00:00+00:00")
    first = keep(tmp_path, at="2026-11-04T08:00:00+00:00")
    keep(tmp_path, at="2026-11-02T08:00:00+00:00")
    assert standing(tmp_path) == first


def test_a_run_that_got_worse_does_not_stand_before_it_is_accepted(tmp_path):
    good = keep(tmp_path, at="2026-11-01T08:00:00+00:00")
    worse = keep(tmp_path, at="2026-11-02T08:00:00+00:00", passed=False)
    assert standing(tmp_path) == good
    assert keeping.accept(tmp_path, ASKED).name == worse
    assert standing(tmp_path) == worse
    assert json.loads((tmp_path / f"{worse}.json").read_text())["gate"]["accepted"] is True


def test_there_is_nothing_to_accept_where_the_last_run_stands(tmp_path):
    with pytest.raises(ConfigError, match="no run of questions"):
        keeping.accept(tmp_path, ASKED)
    keep(tmp_path, at="2026-11-01T08:00:00+00:00", passed=False)
    last = keep(tmp_path, at="2026-11-02T08:00:00+00:00")
    with pytest.raises(ConfigError, match=f"the last one, {last}, stands"):
        keeping.accept(tmp_path, ASKED)


def test_a_run_is_accepted_by_its_name_and_one_that_is_gone_is_no_matter(tmp_path):
    worse = keep(tmp_path, passed=False)
    keeping.accept_named(tmp_path, "unknown")
    assert standing(tmp_path) is None
    keeping.accept_named(tmp_path, worse)
    assert standing(tmp_path) == worse


@pytest.mark.parametrize(
    ("changed", "is_same"),
    [
        ({"content": "4567"}, True),  # the file was edited
        ({"file": "renamed.jsonl"}, True),
        ({"file": "other.jsonl", "content": "4567"}, False),
        ({"as_": "ana@acme.com"}, False),
        ({"paragraphs": "es.json"}, False),
        ({"base": "paragraphs"}, False),
        ({"base": None}, True),
    ],
)
def test_runs_of_the_same_questions_as_the_same_person_are_compared(tmp_path, changed, is_same):
    kept = keep(tmp_path)
    assert standing(tmp_path, replace(ASKED, **changed)) == (kept if is_same else None)


def test_what_is_no_run_is_passed_over(tmp_path, caplog):
    kept = keep(tmp_path)
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "old.json").write_text('{"questions": 3}')
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / f"{kept}.json.1.tmp").write_text("{}")
    assert standing(tmp_path) == kept
    assert "broken.json is no run of golden questions" in caplog.text


def test_a_run_whose_figures_were_not_written_any_more_does_not_count(tmp_path):
    keeping.new_name(tmp_path, "questions")
    assert standing(tmp_path) is None


def test_old_runs_are_forgotten_but_for_the_one_that_stands(tmp_path, monkeypatch):
    monkeypatch.setattr(keeping, "KEPT", 2)
    other = Asked("other.jsonl", "89ab", base="configured")
    kept = keep(tmp_path, other)
    good = keep(tmp_path, at="2026-11-01T08:00:00+00:00")
    worse = [keep(tmp_path, at=f"2026-11-0{day}T08:00:00+00:00", passed=False) for day in range(2, 6)]
    keeping.forget_old(tmp_path, ASKED)
    left = {path.name.removesuffix(".json") for path in tmp_path.glob("*.json")}
    assert left == {kept, good, *worse[-2:]}
    assert len(list(tmp_path.iterdir())) == 3 * len(left)
