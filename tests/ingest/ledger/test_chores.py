"""What is done every so often, by whoever comes first."""

from datetime import timedelta

import pytest

from ingest.ledger import Ledger, now
from ingest.ledger.chores import claim_chore, finish_chore, last_found, overdue
from ingest.ledger.owners import new_owner
from ingest.ledger.tables import chores
from tests.ingest.ledger.crowds import at_once, ledgers

HOUR = 3600.0


@pytest.fixture
def ledger(ledger_url):
    ledger = Ledger(ledger_url)
    yield ledger
    ledger.close()


def claim(ledger, owner="elsewhere/1/1/x", source="", every=HOUR):
    with ledger.write() as connection:
        return claim_chore(connection, "audit", source, owner, every=every, lease=60)


def finish(ledger, owner="elsewhere/1/1/x", source="", found=None):
    with ledger.write() as connection:
        return finish_chore(connection, "audit", source, owner, found)


def shift(ledger, **moments):
    with ledger.write() as connection:
        connection.execute(chores.update().values(**{key: now() + by for key, by in moments.items()}))


def due(ledger, every=HOUR):
    with ledger.read() as connection:
        return overdue(connection, {("audit", ""): every, ("sweep", ""): every})


def test_a_chore_is_done_once_in_its_time_and_says_what_it_found(ledger):
    assert due(ledger) == [("audit", ""), ("sweep", "")]
    assert claim(ledger)
    assert not claim(ledger, "elsewhere/2/2/y")  # somebody is at it
    assert due(ledger) == [("sweep", "")]
    assert finish(ledger, found={"orphans": 3})
    assert not claim(ledger)
    assert due(ledger) == [("sweep", "")]
    with ledger.read() as connection:
        [(source, (done_at, found))] = last_found(connection, "audit").items()
    assert (source, found, now() - done_at < timedelta(minutes=1)) == ("", {"orphans": 3}, True)
    shift(ledger, done_at=timedelta(hours=-2))
    assert due(ledger) == [("audit", ""), ("sweep", "")]
    assert claim(ledger)


def test_each_source_has_its_own_turn(ledger):
    assert claim(ledger, source="wiki")
    assert claim(ledger, source="drive")
    assert not claim(ledger, source="wiki")


def test_whoever_is_gone_or_too_slow_loses_the_chore(ledger):
    host, pid, _started, name = new_owner().split("/")
    assert claim(ledger, f"{host}/{pid}/1/{name}")  # a process of this machine that is no more
    assert claim(ledger, "elsewhere/2/2/y")
    shift(ledger, lease_until=timedelta(seconds=-1))
    assert claim(ledger, "elsewhere/3/3/z")
    assert not finish(ledger, "elsewhere/2/2/y", found={"late": True})
    assert finish(ledger, "elsewhere/3/3/z")


def test_a_clock_that_was_wrong_when_it_was_done_does_not_put_it_off_for_years(ledger):
    assert claim(ledger)
    assert finish(ledger)
    shift(ledger, done_at=timedelta(days=4000))
    assert due(ledger) == [("audit", ""), ("sweep", "")]
    assert not claim(ledger)  # it counts as done just now
    assert due(ledger) == [("sweep", "")]
    shift(ledger, done_at=timedelta(hours=-1, seconds=-1))
    assert claim(ledger)


def test_of_several_who_find_it_due_at_once_one_does_it(ledger_url):
    with ledgers(ledger_url, 6) as several:
        for number in range(8):
            does = [lambda one=one, number=number: claim(one, source=f"source {number}") for one in several]
            assert sum(at_once(does)) == 1
