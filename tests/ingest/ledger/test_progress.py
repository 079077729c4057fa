"""How far a run has come, and what a source's runs add up to."""

from datetime import timedelta

import pytest

from ingest.ledger import Ledger, claims, now, reading, runs, working
from ingest.ledger.owners import new_owner
from ingest.ledger.tables import runs as run_rows
from ingest.ledger.tables import sources
from tests.ingest.ledger.crowds import COLLECTION, SOURCE, entries, scan, work


@pytest.fixture
def ledger(ledger_url):
    ledger = Ledger(ledger_url)
    ledger.set_collection(COLLECTION, instead_of=None)
    yield ledger
    ledger.close()


def progress(ledger, run):
    with ledger.read() as connection:
        return reading.progress(connection, run)


def test_a_run_tells_how_much_is_done_how_fast_and_how_long_it_will_take(ledger):
    run = scan(ledger, entries(10))
    with ledger.write() as connection:
        connection.execute(run_rows.update().values(planned_at=now() - timedelta(seconds=10)))
    before = progress(ledger, run)
    assert (before.state, before.planned, before.left, before.done, before.failed) == (
        "working",
        10,
        10,
        0,
        0,
    )
    assert (before.rate, before.seconds_left, before.current, before.ended) == (None, None, None, False)
    work(ledger, new_owner(), 4)
    with ledger.write() as connection:
        [one] = claims.claim(connection, new_owner(), [SOURCE], 1, 60)
        working.fail(connection, one, "broken", limit=1)
        runs.follow_run(connection, run, "Page 4")
    half = progress(ledger, run)
    assert (half.left, half.done, half.failed, half.current) == (5, 4, 1, "Page 4")
    assert half.rate == pytest.approx(0.5, rel=0.2)
    assert half.seconds_left == pytest.approx(10, rel=0.2)
    with ledger.write() as connection:
        runs.follow_run(connection, run, trouble="the index is down")
    assert (progress(ledger, run).error, progress(ledger, run).current) == ("the index is down", "Page 4")
    while work(ledger, new_owner()):
        pass
    with ledger.write() as connection:
        assert runs.close_run(connection, run, "done")
        runs.follow_run(connection, run, "too late", trouble="too late")
    end = progress(ledger, run)
    assert (end.state, end.left, end.done, end.failed, end.ended) == ("done", 0, 9, 1, True)
    assert (end.current, end.error, end.seconds_left) == (None, None, 0)


def test_a_scan_has_no_plan_yet(ledger):
    with ledger.write() as connection:
        runs.claim_scan(connection, SOURCE, new_owner(), 60)
        run = runs.begin_sync(connection, SOURCE, new_owner()).run
    told = progress(ledger, run)
    assert (told.state, told.planned, told.left, told.done, told.rate) == ("scanning", 0, 0, 0, None)


def test_a_source_counts_its_syncs_and_says_when_the_last_good_one_began(ledger):
    began = []
    for outcome in ("done", "held", "failed"):
        run = scan(ledger, entries(1), seconds=-1)
        while work(ledger, new_owner()):
            pass
        with ledger.write() as connection:
            runs.close_run(connection, run, outcome)
            began.append(connection.execute(run_rows.select().where(run_rows.c.id == run)).one())
    with ledger.write() as connection:
        look = runs.start_run(connection, SOURCE, new_owner(), kind="permissions")
        runs.close_run(connection, look, "done")
    with ledger.read() as connection:
        counted = reading.counts(connection)[SOURCE]
        assert (counted["documents"], counted["chunks"]) == (1, 4)
        assert (counted["began_at"], counted["synced_at"]) == (began[1].started_at, began[1].finished_at)
        assert (counted["last_run"]["id"], counted["last_run"]["state"]) == (began[2].id, "failed")
        assert reading.last_run(connection, SOURCE) == began[2].id
        assert reading.last_outcome(connection, SOURCE) == "failed"
        assert reading.run_report(connection, look)["kind"] == "permissions"


def test_when_a_plan_was_last_recorded_is_kept_with_the_source(ledger):
    moment = now()
    scan(ledger, entries(1))
    with ledger.read() as connection:
        assert connection.execute(sources.select()).one().listed_at >= moment


def test_work_that_an_earlier_run_left_goes_on_in_the_next_and_the_earlier_one_says_so(ledger):
    first = scan(ledger, entries(3))
    second = scan(ledger, entries(3), seconds=-1)
    assert progress(ledger, second).planned == 3
    told = progress(ledger, first)
    assert (told.state, told.left, told.error) == ("failed", 0, f"continued by run {second}")
