"""The loop that keeps sources current without Redis: it does what is due, and failure ends nothing."""

import threading

import pytest

from config.errors import UnavailableError
from ingest.ledger import processes, requests, runs
from ingest.ledger.tables import runs as run_rows
from tests.doubles import MemoryConnector, differences, open_base
from workers import jobs, loop
from workers.jobs import Job


@pytest.fixture
def kb(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "LOOK", 0.01)
    (tmp_path / "docs").mkdir()
    folder = {"type": "folder", "path": str(tmp_path / "docs")}
    with open_base(tmp_path / "var", {"wiki": folder, "drive": folder}) as kb:
        for name in ("wiki", "drive"):
            source = kb.connectors[name] = MemoryConnector(name=name)
            for number in range(8):
                source.edit(f"page {number}", text=f"{name} text {number}.", title=f"{name} {number}")
        yield kb


def run_until(kb, done):
    """Runs the loop until `done` says so, which is asked at every look."""
    stopped = threading.Event()
    looks = 0

    def came_round():
        nonlocal looks
        looks += 1
        assert looks < 12_000, "it never came so far"
        if done():
            stopped.set()

    loop.keep_current(kb, stopped, came_round=came_round)
    return looks


def nothing_is_due(kb):
    def done():
        if jobs.due(kb, jobs.now()):
            return False
        with kb.ledger.read() as ledger:  # a source that is being listed is not due either
            return not ledger.execute(run_rows.select().where(run_rows.c.state.in_(runs.OPEN))).first()

    return done


def test_what_is_due_is_done_for_all_sources(kb):
    run_until(kb, nothing_is_due(kb))
    for name in ("wiki", "drive"):
        assert differences(kb, name, kb.connectors[name].pages) == []


def test_what_another_process_asks_for_is_taken_up(kb):
    run_until(kb, nothing_is_due(kb))
    kb.connectors["wiki"].edit("page 1", text="Edited.")
    with kb.ledger.write() as ledger:
        requests.request_sync(ledger, "wiki")
    run_until(kb, nothing_is_due(kb))
    assert differences(kb, "wiki", kb.connectors["wiki"].pages) == []


def test_what_a_killed_process_left_is_finished(kb):
    assert jobs.scan(kb, "wiki")
    run_until(kb, nothing_is_due(kb))
    assert differences(kb, "wiki", kb.connectors["wiki"].pages) == []


def test_a_source_that_hangs_does_not_hold_up_the_others(kb):
    held = threading.Event()
    kb.connectors["wiki"].fail_with(on_scan=lambda _count: held.wait(20))

    def drive_is_done():
        with kb.ledger.read() as ledger:
            done = jobs.runs.latest(ledger).get("drive", {}).get("state") == "done"
        if done:
            held.set()
        return done

    run_until(kb, drive_is_done)
    run_until(kb, nothing_is_due(kb))
    for name in ("wiki", "drive"):
        assert differences(kb, name, kb.connectors[name].pages) == []


def test_an_outage_is_logged_and_the_loop_goes_on(kb, monkeypatch, caplog):
    broken = threading.Event()
    due = jobs.due

    def down_at_first(*given):
        if not broken.is_set():
            broken.set()
            raise UnavailableError("the ledger is down")
        return due(*given)

    monkeypatch.setattr(jobs, "due", down_at_first)
    run_until(kb, lambda: broken.is_set() and not due(kb, jobs.now()))
    assert "the ledger is down" in caplog.text


def test_a_mistake_in_one_job_ends_neither_the_others_nor_the_loop(kb, monkeypatch, caplog):
    def mistaken(_kb):
        raise ZeroDivisionError

    monkeypatch.setitem(jobs.CHORES, jobs.AUDIT, mistaken)
    run_until(kb, lambda: {job.name for job in jobs.due(kb, jobs.now())} <= {jobs.AUDIT})
    assert "audit" in caplog.text
    assert differences(kb, "wiki", kb.connectors["wiki"].pages) == []


def test_a_source_has_one_scan_or_two_hands_and_a_chore_is_not_begun_twice():
    scan, work, refresh = Job(jobs.SCAN, "wiki"), Job(jobs.WORK, "wiki"), Job(jobs.PERMISSIONS, "wiki")
    assert loop._has_room(scan, [])
    assert not loop._has_room(scan, [work])
    assert loop._has_room(work, [scan])
    assert not loop._has_room(work, [scan, work])
    assert loop._has_room(scan, [Job(jobs.WORK, "drive"), refresh])
    assert loop._has_room(refresh, [scan, work])
    assert not loop._has_room(refresh, [refresh])


def test_the_process_is_known_to_the_ledger_for_as_long_as_it_runs(kb):
    seen = []

    def look():
        with kb.ledger.read() as ledger:
            seen.append([row.kind for row in processes.alive(ledger, 60)])
        return True

    run_until(kb, look)
    with kb.ledger.read() as ledger:
        assert (seen[0], list(processes.alive(ledger, 60))) == (["work"], [])
