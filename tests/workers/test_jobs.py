"""What is to be done is decided from the ledger: once a period, once a request, and on after any failure."""

from datetime import UTC, datetime, timedelta

import pytest

from config.errors import ConfigError, UnavailableError
from ingest import sync
from ingest.ledger import chores, now, reading, requests, runs
from ingest.ledger.owners import new_owner
from ingest.ledger.tables import chores as chore_rows
from ingest.ledger.tables import pending
from ingest.ledger.tables import runs as run_rows
from tests.doubles import MemoryConnector, differences, open_base
from workers import jobs
from workers.jobs import AUDIT, PERMISSIONS, SCAN, SWEEP, WORK, Job
from workers.local import sync_sources

DAY = timedelta(days=1)


@pytest.fixture
def kb(tmp_path):
    """A source `wiki` that is due hourly and one, `drive`, that is weekly, both with three pages."""
    (tmp_path / "docs").mkdir()
    folder = {"type": "folder", "path": str(tmp_path / "docs")}
    sources = {"wiki": {**folder, "schedule": "hourly"}, "drive": {**folder, "schedule": "weekly"}}
    with open_base(tmp_path / "var", sources) as kb:
        for name in sources:
            source = kb.connectors[name] = MemoryConnector(name=name)
            for number in range(3):
                source.edit(f"page {number}", text=f"{name} text {number}.", title=f"{name} {number}")
        yield kb


def due(kb, moment=None):
    """The jobs that bring documents in."""
    return [job for job in jobs.due(kb, moment or now()) if job.name in (SCAN, WORK)]


def finish(kb, source):
    while jobs.work(kb, source):
        pass
    jobs.work(kb, source)


def all_runs(kb, source="wiki"):
    with kb.ledger.read() as ledger:
        rows = ledger.execute(run_rows.select().where(run_rows.c.source == source))
        return sorted(rows, key=lambda row: row.started_at)


def down(*_):
    raise UnavailableError("down for repair")


# What is due


def test_a_source_that_was_never_synced_is_due(kb):
    assert due(kb) == [Job(SCAN, "wiki"), Job(SCAN, "drive")]


def test_a_source_is_due_when_its_schedule_wants_it_and_not_before(kb):
    sync_sources(kb, ["wiki", "drive"])
    assert due(kb) == []
    assert due(kb, now() + timedelta(hours=2)) in (
        [Job(SCAN, "wiki")],
        [Job(SCAN, "wiki"), Job(SCAN, "drive")],
    )
    assert due(kb, now() + 7 * DAY) == [Job(SCAN, "wiki"), Job(SCAN, "drive")]


def test_a_failed_sync_is_tried_again_after_a_while_not_at_once(kb):
    sync_sources(kb, ["drive"])
    kb.connectors["wiki"].fail_with(on_scan=down)
    assert jobs.scan(kb, "wiki") is False
    assert due(kb) == []
    assert due(kb, now() + jobs.RETRY) == [Job(SCAN, "wiki")]


def test_a_failure_that_seems_to_come_from_the_future_is_tried_again_at_once(kb):
    sync_sources(kb, ["drive"])
    kb.connectors["wiki"].fail_with(on_scan=down)
    jobs.scan(kb, "wiki")
    assert due(kb, now() - DAY) == [Job(SCAN, "wiki")]


def test_a_run_is_worked_to_its_end_before_the_next_begins(kb):
    sync_sources(kb, ["drive"])
    assert jobs.scan(kb, "wiki")
    with kb.ledger.write() as ledger:
        requests.request_sync(ledger, "wiki")
    assert due(kb) == [Job(WORK, "wiki")]
    finish(kb, "wiki")
    assert due(kb) == [Job(SCAN, "wiki")]


def test_a_source_that_somebody_is_listing_is_left_to_them(kb):
    sync_sources(kb, ["drive"])
    seen = []
    kb.connectors["wiki"].fail_with(on_scan=lambda _count: seen.append(due(kb)))
    jobs.scan(kb, "wiki")
    assert seen == [[]] * 4


def test_the_chores_of_the_installation_and_of_each_source_are_due_from_the_ledger(kb):
    names = {job for job in jobs.due(kb, now()) if job.name not in (SCAN, WORK)}
    assert names == {Job(PERMISSIONS, "wiki"), Job(PERMISSIONS, "drive"), Job(AUDIT), Job(SWEEP)}
    sync_sources(kb, ["wiki", "drive"])
    jobs.refresh_permissions(kb, "wiki")
    jobs.refresh_permissions(kb, "drive")
    jobs.audit(kb)
    jobs.sweep(kb)
    assert jobs.due(kb, now()) == []
    with kb.ledger.read() as ledger:
        assert chores.last_found(ledger, AUDIT)[""][1] == {
            "orphans": 0,
            "gaps": 0,
            "sources": [],
        }


def test_a_source_says_itself_how_often_its_readers_are_looked_up(kb):
    jobs.refresh_permissions(kb, "wiki")
    jobs.refresh_permissions(kb, "drive")
    often = [
        source.model_copy(update={"permissions_minutes": 360.0 if source.name == "wiki" else None})
        for source in kb.settings.sources
    ]
    kb.settings = kb.settings.model_copy(update={"sources": tuple(often)})
    with kb.ledger.write() as ledger:
        ledger.execute(chore_rows.update().values(done_at=now() - timedelta(hours=2), lease_until=None))
    looks = [job.source for job in jobs.due(kb, now()) if job.name == PERMISSIONS]
    assert looks == ["drive"]


def test_a_chore_that_fails_is_told_and_left_for_a_while(kb, caplog):
    sync_sources(kb, ["wiki"])
    kb.connectors["wiki"].fail_with(on_scan=down)
    jobs.refresh_permissions(kb, "wiki")
    assert "permissions of wiki could not be done: down for repair" in caplog.text
    assert Job(PERMISSIONS, "wiki") not in jobs.due(kb, now())


# Contract row 18: two beats, none, clocks that jump


def test_two_beats_that_start_the_same_source_make_one_run(kb):
    assert [jobs.scan(kb, "wiki") for _ in range(5)] == [True] + [False] * 4
    finish(kb, "wiki")
    assert [jobs.scan(kb, "wiki") for _ in range(5)] == [False] * 5
    assert len(all_runs(kb)) == 1


def test_a_tick_that_was_missed_is_caught_up_once(kb):
    sync_sources(kb, ["wiki"])
    with kb.ledger.write() as ledger:
        ledger.execute(run_rows.update().values(started_at=now() - 100 * DAY, finished_at=now() - 100 * DAY))
    assert [jobs.scan(kb, "wiki") for _ in range(5)] == [True] + [False] * 4


def test_a_sync_that_was_made_while_the_clock_was_years_ahead_stops_nothing(kb):
    sync_sources(kb, ["wiki"])
    future = datetime(2099, 1, 1, tzinfo=UTC)
    with kb.ledger.write() as ledger:
        ledger.execute(run_rows.update().values(started_at=future, finished_at=future))
    assert due(kb, now() + timedelta(hours=2))[0] == Job(SCAN, "drive")
    [report] = sync_sources(kb, ["wiki"])
    assert report["outcome"] == "done"


# Contract row 19: asked for again and again


def test_a_sync_that_is_asked_for_twenty_times_runs_once_and_once_more_for_what_came_meanwhile(kb):
    sync_sources(kb, ["wiki", "drive"])
    before = len(all_runs(kb))
    with kb.ledger.write() as ledger:
        new = [requests.request_sync(ledger, "wiki", by=f"person {n}") for n in range(10)]
    assert new == [True] + [False] * 9
    assert jobs.scan(kb, "wiki")
    with kb.ledger.write() as ledger:
        assert [requests.request_sync(ledger, "wiki") for _ in range(10)] == [True] + [False] * 9
    for _ in range(4):
        for job in due(kb):
            (jobs.scan if job.name == SCAN else finish)(kb, job.source)
    assert len(all_runs(kb)) == before + 2
    assert all_runs(kb)[before].asked_by == "person 0"


def test_what_was_asked_for_while_its_scan_was_killed_is_done_by_the_next(kb):
    sync_sources(kb, ["wiki", "drive"])
    for number in range(3):
        kb.connectors["wiki"].edit(f"page {number}", revision="same")
    with kb.ledger.write() as ledger:
        requests.request_sync(ledger, "wiki", full=True, confirmed=True, by="ana")
        lease = runs.claim_scan(ledger, "wiki", new_owner(), 60)
        begun = runs.begin_sync(ledger, "wiki", "elsewhere/1/2/3")
        assert (begun.full, begun.confirmed) == (True, True)
        runs.release_scan(ledger, lease)  # as when it has ended
    assert due(kb) == [Job(SCAN, "wiki")]
    assert jobs.scan(kb, "wiki")
    lost, again = all_runs(kb)[-2:]
    assert (lost.state, again.full, again.confirmed, again.asked_by) == ("failed", True, True, "ana")


# The work


def test_work_goes_on_batch_by_batch_and_ends_the_run_with_its_report(kb):
    jobs.scan(kb, "wiki")
    assert jobs.work(kb, "wiki") is True
    assert jobs.work(kb, "wiki") is False
    assert all_runs(kb)[-1].state == "done"
    assert differences(kb, "wiki", kb.connectors["wiki"].pages) == []
    assert jobs.work(kb, "wiki") is False  # nothing to do, and nobody minds


def test_what_is_down_is_written_into_the_run_and_tried_again(kb, monkeypatch, caplog):
    jobs.scan(kb, "wiki")
    with monkeypatch.context() as broken:
        broken.setattr(sync, "carry_out", down)
        assert jobs.work(kb, "wiki") is False
    with kb.ledger.read() as ledger:
        standing = reading.progress(ledger, all_runs(kb)[-1].id)
        assert {row.owner for row in ledger.execute(pending.select())} == {None}
    assert (standing.state, standing.error, standing.left) == ("working", "down for repair", 3)
    assert "the work on wiki waits" in caplog.text
    assert Job(WORK, "wiki") in due(kb)
    finish(kb, "wiki")
    last = all_runs(kb)[-1]
    assert (last.state, last.error) == ("done", None)


def test_what_a_person_must_change_ends_the_run_and_says_so(kb, monkeypatch):
    jobs.scan(kb, "wiki")

    def wrong(*_):
        raise ConfigError("the key is wrong")

    monkeypatch.setattr(sync, "carry_out", wrong)
    assert jobs.work(kb, "wiki") is False
    last = all_runs(kb)[-1]
    assert (last.state, last.error) == ("failed", "the key is wrong")


def test_a_worker_that_is_asked_to_stop_gives_back_what_it_has_not_begun(kb):
    jobs.scan(kb, "wiki")
    assert jobs.work(kb, "wiki", stopping=lambda: True) is False
    with kb.ledger.read() as ledger:
        assert {row.owner for row in ledger.execute(pending.select())} == {None}
    assert Job(WORK, "wiki") in due(kb)


def test_how_far_a_run_has_come_is_read_from_the_ledger(kb):
    jobs.scan(kb, "wiki")
    with kb.ledger.read() as ledger:
        begun = reading.progress(ledger, all_runs(kb)[-1].id)
    assert (begun.state, begun.planned, begun.left, begun.done, begun.rate) == ("working", 3, 3, 0, None)
    jobs.work(kb, "wiki")
    with kb.ledger.read() as ledger:
        later = reading.progress(ledger, all_runs(kb)[-1].id)
    assert (later.left, later.done, later.seconds_left) == (0, 3, 0)
    assert later.rate > 0
    assert later.current.startswith("wiki ")


def test_as_many_messages_as_batches_ask_for_work_but_not_too_many(kb):
    jobs.scan(kb, "wiki")
    assert jobs.hands(kb, "wiki") == 1
    for number in range(1000):
        kb.connectors["drive"].edit(f"more {number}", text="More.")
    jobs.scan(kb, "drive")
    assert jobs.hands(kb, "drive") == 8


# Permissions


def test_other_readers_are_in_force_after_a_refresh_although_no_sync_was_made(kb):
    sync_sources(kb, ["wiki"])
    wiki = kb.connectors["wiki"]
    wiki.fetched.clear()
    wiki.edit("page 1", readers=frozenset({"user:ana@acme.com"}), title="Another title")
    del wiki.pages["page 2"]
    wiki.edit("page 9", text="New.")
    jobs.refresh_permissions(kb, "wiki")
    with kb.ledger.read() as ledger:
        kept = {row.entry: row.readers for row in reading.published_documents(ledger)}
    assert kept == {"page 0": ["everyone"], "page 1": ["user:ana@acme.com"], "page 2": ["everyone"]}
    assert due(kb) == [Job(WORK, "wiki"), Job(SCAN, "drive")]
    finish(kb, "wiki")
    assert [row.kind for row in all_runs(kb)] == ["sync", "permissions"]
    assert wiki.fetched == []
    sync_sources(kb, ["wiki"])
    assert differences(kb, "wiki", wiki.pages) == []


def test_a_refresh_counts_also_while_a_sync_is_being_worked_on_and_fences_off_who_is_at_it(kb):
    wiki = kb.connectors["wiki"]
    sync_sources(kb, ["wiki"])
    wiki.edit("page 1", text="Edited.")
    sync.scan(kb, "wiki")
    ana = frozenset({"user:ana@acme.com"})

    def take_away(step, title=""):
        if step == "indexed":
            wiki.edit("page 1", readers=ana)
            jobs.refresh_permissions(kb, "wiki")

    sync.work(kb, ["wiki"], new_owner(), observe=take_away)
    with kb.ledger.read() as ledger:
        [page] = [row for row in reading.published_documents(ledger) if row.entry == "page 1"]
    assert page.readers == ["user:ana@acme.com"]
    finish(kb, "wiki")
    assert differences(kb, "wiki", wiki.pages) == []
