"""Syncs that are handed over to workers, and followed from another process by what the ledger says."""

import json
import threading

import pytest

from bot.platforms._progress import _standing
from bot.watching import hand_over, watch
from ingest.ledger import processes, requests
from ingest.ledger.owners import new_owner
from tests.doubles import MemoryConnector, differences, open_base
from workers import jobs, loop


@pytest.fixture
def kb(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "LOOK", 0.02)
    (tmp_path / "docs").mkdir()
    with open_base(tmp_path / "var", {"wiki": {"type": "folder", "path": str(tmp_path / "docs")}}) as kb:
        source = kb.connectors["wiki"] = MemoryConnector(name="wiki")
        for number in range(8):
            source.edit(f"page {number}", text=f"Text {number}.", title=f"Title {number}")
        yield kb


@pytest.fixture
def worker(kb):
    """Begins to work when it is called."""
    stopped = threading.Event()
    thread = threading.Thread(target=loop.keep_current, args=(kb, stopped))
    yield thread.start
    stopped.set()
    if thread.ident:
        thread.join()


def test_what_is_handed_over_waits_in_the_ledger_and_joins_what_waits_already(kb):
    [first] = hand_over(kb, ["wiki"], by="ana@example.com")
    [again] = hand_over(kb, ["wiki"], full=True)
    assert (first.request, first.full, first.workers) == ("new", False, 0)
    assert (again.request, again.full) == ("joined", True)
    with kb.ledger.read() as ledger:
        waiting = requests.waiting(ledger)["wiki"]
    assert (waiting.by, waiting.full, waiting.confirmed) == ("ana@example.com", True, False)


def test_it_is_told_whether_anybody_is_there_to_take_it_up(kb):
    with kb.ledger.write() as ledger:
        processes.beat(ledger, new_owner(), "work", consumed=True)
        processes.beat(ledger, new_owner(), "beat", consumed=False)
    assert hand_over(kb, ["wiki"])[0].workers == 1


def test_a_run_is_followed_to_its_end_whoever_works_on_it(kb, worker):
    hand_over(kb, ["wiki"])
    seen = []
    worker()
    [report] = watch(kb, ["wiki"], seen.extend, pause=lambda _seconds: None)
    assert (report["outcome"], report["new"]) == ("done", 8)
    assert {run.source for run in seen} <= {"wiki"}
    assert differences(kb, "wiki", kb.connectors["wiki"].pages) == []


def test_a_source_of_which_no_run_goes_on_is_asked_for_first(kb, worker):
    worker()
    watch(kb, ["wiki"], lambda _runs: None, pause=lambda _seconds: None)
    kb.connectors["wiki"].edit("page 1", text="Edited.")
    [report] = watch(kb, ["wiki"], lambda _runs: None, pause=lambda _seconds: None)
    assert report["changed"] == 1


def test_a_run_says_how_far_it_is_and_what_stands_in_its_way(kb):
    jobs.scan(kb, "wiki")
    shown = []

    def end(_seconds):
        while jobs.work(kb, "wiki"):
            pass
        jobs.work(kb, "wiki")

    watch(kb, ["wiki"], shown.extend, pause=end)
    assert _standing(shown[0]) == "wiki  0 of 8 documents"


def test_the_command_hands_over_and_returns(tmp_path, monkeypatch, capsys):
    from bot.__main__ import main

    (tmp_path / "docs").mkdir()
    config = tmp_path / "sabio.yaml"
    config.write_text("sources: [{name: wiki, type: folder, path: ./docs, readers: [everyone]}]")
    for words in (["--json"], []):
        monkeypatch.setattr("sys.argv", ["sabio", "--config", str(config), "sync", "--background", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 0
    output = capsys.readouterr().out
    told, _, said = output.partition("]\n}\n")
    [handed] = json.loads(told + "]}")["handed"]
    assert handed == {"source": "wiki", "request": "new", "full": False, "confirmed": False, "workers": 0}
    assert "joined" in said or "together with a request that waits already" in said
    assert "start `sabio work`" in " ".join(said.split())
