"""Syncs that people ask for: one waits, whatever it takes."""

import pytest

from ingest.ledger import Ledger
from ingest.ledger.requests import request_sync, take_request, waiting
from tests.ingest.ledger.crowds import at_once, ledgers


@pytest.fixture
def ledger(ledger_url):
    ledger = Ledger(ledger_url)
    yield ledger
    ledger.close()


def test_what_is_asked_for_several_times_waits_once_and_does_what_any_of_them_wanted(ledger):
    with ledger.write() as connection:
        assert request_sync(connection, "wiki", by="ana")
        assert not request_sync(connection, "wiki", full=True, by="ben")
        assert not request_sync(connection, "wiki", confirmed=True)
        assert request_sync(connection, "drive")
    with ledger.read() as connection:
        assert sorted(waiting(connection)) == ["drive", "wiki"]
        wiki = waiting(connection)["wiki"]
    assert (wiki.source, wiki.full, wiki.confirmed, wiki.by) == ("wiki", True, True, "ana")
    with ledger.write() as connection:
        assert take_request(connection, "wiki") == wiki
        assert take_request(connection, "wiki") is None
        assert request_sync(connection, "wiki")
        assert not waiting(connection)["wiki"].full


def test_a_request_whose_run_could_not_begin_still_waits(ledger):
    with ledger.write() as connection:
        request_sync(connection, "wiki")
    with pytest.raises(ZeroDivisionError), ledger.write() as connection:
        raise ZeroDivisionError(take_request(connection, "wiki"))
    with ledger.read() as connection:
        assert list(waiting(connection)) == ["wiki"]


def test_of_twenty_who_ask_at_once_one_is_told_that_it_is_new(ledger_url):
    with ledgers(ledger_url, 5) as several:

        def ask(number):
            with several[number % 5].write() as connection:
                return request_sync(connection, "wiki", full=number == 7, confirmed=number == 11)

        for _ in range(5):
            assert sum(at_once([lambda number=number: ask(number) for number in range(20)])) == 1
            with several[0].write() as connection:
                taken = take_request(connection, "wiki")
            assert (taken.full, taken.confirmed) == (True, True)


def test_whoever_asks_while_others_take_requests_up_is_never_forgotten(ledger_url):
    """Each that was told that it is new is taken up once, and nothing else is."""
    with ledgers(ledger_url, 4) as several:

        def ask(ledger):
            new = 0
            for _ in range(40):
                with ledger.write() as connection:
                    new += request_sync(connection, "wiki")
            return new

        def take(ledger):
            taken = 0
            for _ in range(40):
                with ledger.write() as connection:
                    taken += take_request(connection, "wiki") is not None
            return taken

        does = [
            lambda ledger=ledger, do=do: do(ledger)
            for ledger, do in zip(several, (ask, ask, take, take), strict=True)
        ]
        one, two, three, four = at_once(does)
        with several[0].write() as connection:
            left = take_request(connection, "wiki") is not None
        assert one + two == three + four + left
