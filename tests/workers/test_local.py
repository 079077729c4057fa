"""Syncing in this process: several sources, several processes and threads, and Ctrl-C."""

import signal
import threading

import pytest

from config.errors import UnavailableError
from ingest import sync
from ingest.ledger import reading, runs
from ingest.ledger.tables import pending
from ingest.ledger.tables import runs as run_rows
from tests.contract.test_kills import embedded_twice, pages_of, write_pages
from tests.doubles import differences, open_base
from tests.sync_child import SOURCE, SyncChild, keep_ledger, open_folder
from workers import local
from workers.local import sync_sources


@pytest.fixture
def kb(tmp_path, ledger_url):
    with open_base(tmp_path, memory=["wiki", "drive", "blog"], ledger=ledger_url) as kb:
        for name, source in kb.connectors.items():
            for number in range(3):
                source.edit(f"page {number}", text=f"{name} text {number}.", title=f"{name} {number}")
        yield kb


def down(*_):
    raise UnavailableError("down for repair")


def test_a_source_that_fails_does_not_stop_the_others(kb):
    kb.connectors["drive"].fail_with(on_scan=down)
    reports = sync_sources(kb, ["wiki", "drive", "blog"])
    assert [(one["source"], one["outcome"]) for one in reports] == [
        ("wiki", "done"), ("drive", "failed"), ("blog", "done"),
    ]  # fmt: skip
    assert (reports[1]["error"], reports[1]["error_kind"]) == ("down for repair", "UnavailableError")
    assert reports[1]["scanned"] == 0


def test_a_ledger_that_is_down_is_told_for_every_source(kb, monkeypatch):
    kb.collection()
    monkeypatch.setattr(kb.ledger, "write", down)
    monkeypatch.setattr(kb.ledger, "read", down)
    with pytest.raises(UnavailableError, match="down for repair"):
        sync_sources(kb, ["wiki"])


def test_two_threads_that_sync_the_same_source_both_end_well_and_do_nothing_twice(kb):
    reports = []
    threads = [threading.Thread(target=lambda: reports.extend(sync_sources(kb, ["wiki"]))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [report["outcome"] for report in reports] == ["done"] * 3
    assert sorted(report["new"] for report in reports) == [0, 0, 3]
    assert len(kb.encoder.embedder.embedded) == 3
    assert differences(kb, "wiki", kb.connectors["wiki"].pages) == []


def test_whoever_comes_second_helps_the_first_to_its_end_and_then_looks_for_itself(kb):
    wiki = kb.connectors["wiki"]
    first = sync.scan(kb, "wiki")
    wiki.edit("page 9", text="Came later.")
    [report] = sync_sources(kb, ["wiki"])
    assert (report["outcome"], report["new"], report["run"] != first) == ("done", 1, True)
    with kb.ledger.read() as ledger:
        told = reading.run_report(ledger, first)
        assert (told["outcome"], told["new"]) == ("done", 3)


def test_a_run_that_cannot_be_helped_is_waited_for(kb, monkeypatch):
    wiki = kb.connectors["wiki"]
    first = sync.scan(kb, "wiki")
    wiki.fail_with(on_fetch=down)
    waited = []

    def end_the_first(seconds):
        waited.append(seconds)
        wiki.fail_with()
        with kb.ledger.write() as ledger:
            runs.close_run(ledger, first, "failed", error="its process gave up")

    monkeypatch.setattr(local.time, "sleep", end_the_first)
    [report] = sync_sources(kb, ["wiki"])
    assert (report["outcome"], len(waited)) == ("done", 1)
    assert differences(kb, "wiki", wiki.pages) == []


class StoppedError(BaseException):
    """As Ctrl-C."""


def test_an_interrupted_sync_gives_everything_back_and_the_next_goes_on(kb):
    def stop(step, title=""):
        if step == "published":
            raise StoppedError

    with pytest.raises(StoppedError):
        sync_sources(kb, ["wiki"], observe=stop)
    with kb.ledger.read() as ledger:
        assert {row.owner for row in ledger.execute(pending.select())} == {None}
        last = ledger.execute(run_rows.select()).one()
        assert (last.state, "interrupted" in last.error) == ("failed", True)
    [report] = sync_sources(kb, ["wiki"])
    assert report["outcome"] == "done"
    assert len(kb.encoder.embedder.embedded) == 3
    assert differences(kb, "wiki", kb.connectors["wiki"].pages) == []


@pytest.mark.parametrize("place", ["scanned", "parsed", "noted", "published"])
def test_ctrl_c_ends_the_process_soon_with_everything_given_back(tmp_path, place, ledger_url):
    write_pages(keep_ledger(tmp_path, ledger_url), 8, "first")
    child = SyncChild(tmp_path, interrupt=f"{place}:1")
    child.sync()
    assert child.end() == -signal.SIGINT
    with open_folder(tmp_path) as kb:
        with kb.ledger.read() as ledger:
            assert {row.owner for row in ledger.execute(pending.select())} <= {None}
        assert sync_sources(kb, [SOURCE])[0]["outcome"] == "done"
        assert differences(kb, SOURCE, pages_of(tmp_path)) == []
    assert embedded_twice(tmp_path) == set()
