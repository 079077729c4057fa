"""`sabio eval --gate`, and what golden questions hold back, as whoever runs Sabio meets it."""

import json
import shutil
import sys

import pytest

from bot.__main__ import main

QUESTIONS = [
    {"id": "days", "question": "How many days of holiday does everybody have a year?",
     "document": "holidays.md", "answer_spans": ["24 days"]},
    {"id": "dogs", "question": "On which days may dogs come to the office?", "document": "dogs.md",
     "answer_spans": ["Wednesdays and Fridays"]},
    {"id": "vpn", "question": "What is the VPN needed for?", "document": "vpn.md",
     "answer_spans": ["accounting system"]},
    {"id": "match", "lang": "en", "question": "Who won the football match in Ankara?", "document": None,
     "answerable": False, "kind": "absent"},
]  # fmt: skip
WORSE = {"dogs.md": "# Dogs\n\nAnimals stay at home.\n", "vpn.md": "# VPN\n\nIt was switched off in May.\n"}


@pytest.fixture
def folder(company, tmp_path):
    """A copy of the synced company with golden questions beside its configuration."""
    own = tmp_path / "own"
    shutil.copytree(company.parent, own, symlinks=True)
    (own / "docs" / "broken.pdf").unlink()
    (own / "golden.jsonl").write_text("\n".join(json.dumps(one) for one in QUESTIONS), encoding="utf-8")
    return own


@pytest.fixture
def watched(folder):
    """The same, where the configuration names them."""
    with (folder / "sabio.yaml").open("a", encoding="utf-8") as settings:
        settings.write("evaluation: {questions: golden.jsonl}\n")
    return folder


@pytest.fixture
def sabio(folder, monkeypatch, capsys, restored_logging):
    """Runs the command in this process: its exit code, and both outputs in one line."""

    def run(*arguments):
        command = ["sabio", "--config", str(folder / "sabio.yaml"), *map(str, arguments)]
        monkeypatch.setattr(sys, "argv", command)
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return ended.value.code or 0, " ".join((printed.out + printed.err).split())

    monkeypatch.setenv("COLUMNS", "200")
    return run


def edit(folder, pages):
    for name, text in pages.items():
        (folder / "docs" / name).write_text(text, encoding="utf-8")


# ---- eval ----


def test_the_gate_fails_until_it_is_mended_or_accepted_and_never_by_being_asked_twice(folder, sabio):
    file = folder / "golden.jsonl"
    code, said = sabio("eval", file, "--gate")
    assert (code, "nothing to compare it with" in said) == (0, True)
    edit(folder, WORSE)
    sabio("sync", "handbook")
    for _ in range(2):
        code, said = sabio("eval", file, "--gate")
        assert code == 1
        assert "worse: contains_expected fell from 1.000 to 0.333" in said
        assert "lost: On which days may dogs come to the office? (dogs)" in said
    assert sabio("eval", file)[0] == 0  # nobody asked for a gate
    assert sabio("eval", file, "--gate", "--tolerance", "0.9")[0] == 0  # which stands from now on
    code, said = sabio("eval", file, "--gate", "--json")
    told = json.loads(said)
    assert (code, told["gate"]["passed"], told["compared"]["lost"]) == (0, True, [])


def test_what_was_accepted_is_what_later_runs_are_compared_with(folder, sabio):
    file = folder / "golden.jsonl"
    assert sabio("eval", file, "--accept")[0] == 2  # nothing waits for it
    sabio("eval", file)
    edit(folder, WORSE)
    sabio("sync", "handbook")
    assert sabio("eval", file, "--gate")[0] == 1
    code, said = sabio("eval", file, "--accept")
    assert (code, "It was accepted as it is" in said) == (0, True)
    code, said = sabio("eval", file, "--gate")
    assert (code, "worse" in said) == (0, False)


def test_a_run_leaves_figures_answers_and_a_report_where_it_says(folder, sabio):
    code, said = sabio("eval", folder / "golden.jsonl", "--save", folder / "kept", "--json")
    saved = json.loads(said)["saved"]
    assert code == 0
    assert set(saved) == {"figures", "answers", "report"}
    assert json.loads((folder / "kept" / saved["figures"].rpartition("/")[2]).read_text()) == json.loads(said)
    assert not (folder / "var" / "eval" / "runs").exists()


def test_questions_come_from_the_settings_where_no_file_is_named(folder, sabio):
    code, said = sabio("eval")
    assert (code, "set `evaluation.questions`" in said) == (2, True)
    with (folder / "sabio.yaml").open("a", encoding="utf-8") as settings:
        settings.write("evaluation: {questions: golden.jsonl, gate: false}\n")
    code, said = sabio("eval", "--json")
    assert (code, json.loads(said)["questions"]) == (0, 4)


def test_an_index_that_is_none_cannot_be_asked(folder, sabio):
    code, said = sabio("eval", folder / "golden.jsonl", "--collection", "nobody")
    assert (code, "there is no index `nobody`" in said) == (2, True)


# ---- sync ----


def test_a_sync_that_loses_answers_is_held_and_says_which_until_it_is_accepted(watched, sabio):
    sabio("sync", "--full")
    edit(watched, {"dogs.md": (watched / "docs" / "dogs.md").read_text() + "\nDogs are friendly.\n"})
    code, said = sabio("sync", "--json")
    handbook, salaries = json.loads(said)["runs"]
    assert (code, handbook["outcome"], handbook["golden"]["fell"]) == (0, "done", [])
    assert handbook["golden"]["after"]["contains_expected"] == 1.0
    assert "golden" not in salaries  # in which nothing changed
    edit(watched, WORSE)
    code, said = sabio("sync")
    assert code == 1
    assert "handbook held" in said
    assert "contains_expected fell from 1.000 to 0.333" in said
    assert "“What is the VPN needed for?”" in said
    assert "sabio sync handbook --accept" in said
    _, said = sabio("status")
    assert "“What is the VPN needed for?”" in said
    code, said = sabio("sync", "handbook", "--accept", "--json")
    [report] = json.loads(said)["runs"]
    assert (code, report["outcome"], report["error"]) == (0, "done", None)
    edit(watched, {"vpn.md": "# VPN\n\nIt is gone for good.\n"})
    code, said = sabio("sync", "--json")
    report = json.loads(said)["runs"][0]
    assert (code, report["golden"]["before"]["contains_expected"]) == (0, 0.3333)


# ---- rebuild ----


def test_an_index_that_answers_worse_is_held_before_it_is_used_and_used_once_accepted(
    watched, sabio, monkeypatch
):
    monkeypatch.setattr("ingest.copying.embedded_text", lambda *_: "nothing that anybody asks for")
    code, said = sabio("rebuild")
    assert code == 1
    assert "is ready, and questions are answered from the one before" in said
    assert "recall@1 fell from 1.000 to 0.333" in said
    held = said.partition("the new index (")[2].partition(")")[0]
    assert used(sabio) != held
    assert sabio("rebuild", "--discard")[0] == 0
    assert sabio("rebuild", "--accept")[0] == 2  # it is gone
    sabio("rebuild")
    code, said = sabio("rebuild", "--accept", "--json")
    told = json.loads(said)
    assert (code, told["decided"], told["collection"]) == (0, "accepted", used(sabio))
    monkeypatch.undo()
    assert sabio("eval", "--gate")[0] == 0  # what was accepted is what counts


def used(sabio):
    return json.loads(sabio("status", "--json")[1])["collection"]


def test_a_rebuild_that_answers_as_well_is_used_at_once(watched, sabio):
    code, said = sabio("rebuild", "--json")
    assert (code, "collection" in json.loads(said)) == (0, True)
    kept = sorted((watched / "var" / "eval" / "runs").glob("*.json"))
    indexes = {json.loads(file.read_text())["run"]["collection"] for file in kept}
    assert len(indexes) == 2  # the one in use first, as there was nothing to compare with


def test_a_rebuild_does_one_thing_at_a_time(sabio):
    code, said = sabio("rebuild", "--accept", "--discard")
    assert (code, "exclude each other" in said) == (2, True)
