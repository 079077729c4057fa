"""The processes that say that they are there."""

from datetime import timedelta

import pytest

from ingest.ledger import Ledger, now
from ingest.ledger.processes import alive, beat, leave
from ingest.ledger.tables import processes
from tests.ingest.ledger.crowds import at_once, ledgers


@pytest.fixture
def ledger(ledger_url):
    ledger = Ledger(ledger_url)
    yield ledger
    ledger.close()


def names(ledger, seconds=60):
    with ledger.read() as connection:
        return [(row.name, row.kind, row.consumed_at is not None) for row in alive(connection, seconds)]


def test_whoever_said_so_lately_is_there_until_it_leaves(ledger):
    with ledger.write() as connection:
        beat(connection, "one", "work", consumed=False)
        beat(connection, "two", "beat", consumed=False)
        beat(connection, "one", "work", consumed=True)
        beat(connection, "one", "work", consumed=False)
    assert names(ledger) == [("one", "work", True), ("two", "beat", False)]
    with ledger.write() as connection:
        leave(connection, "one")
    assert names(ledger) == [("two", "beat", False)]


def test_whoever_is_silent_is_not_there_and_forgotten_after_a_day(ledger):
    with ledger.write() as connection:
        for name in ("minute", "day"):
            beat(connection, name, "work", consumed=True)
        for name, silent in (("minute", timedelta(minutes=2)), ("day", timedelta(days=2))):
            named = processes.c.name == name
            connection.execute(processes.update().where(named).values(seen_at=now() - silent))
    assert names(ledger) == []
    assert [name for name, *_ in names(ledger, 200)] == ["minute"]
    with ledger.write() as connection:
        beat(connection, "new", "serve", consumed=True)
        assert {row.name for row in connection.execute(processes.select())} == {"minute", "new"}


def test_many_may_say_so_at_once(ledger_url):
    with ledgers(ledger_url, 4) as several:

        def say(number):
            for turn in range(10):
                with several[number].write() as connection:
                    beat(connection, f"process {turn % 3}", "work", consumed=True)
                    connection.execute(
                        processes.update()
                        .where(processes.c.name == f"process {turn % 3}")
                        .values(seen_at=now() - timedelta(days=2))
                    )

        at_once([lambda number=number: say(number) for number in range(4)])
