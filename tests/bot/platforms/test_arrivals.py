"""Events that arrive at the same moment, kept together."""

import asyncio

import pytest

from bot.platforms._arrivals import Arrivals
from config.errors import UnavailableError
from ingest.ledger import inbox
from ingest.ledger.tables import events


def keep(kb, *ids):
    """Keep these at once: what came of each."""

    async def run():
        arrivals = Arrivals(kb, "slack")
        kept = await asyncio.gather(*(arrivals.keep(id_, {}) for id_ in ids), return_exceptions=True)
        await asyncio.wait_for(arrivals.calm(), 10)
        return kept

    return asyncio.run(run())


def count_transactions(kb, monkeypatch):
    begun, write = [], kb.ledger.write
    monkeypatch.setattr(kb.ledger, "write", lambda: begun.append(1) or write())
    return begun


def test_what_arrives_at_once_is_kept_in_one_transaction_or_two_each_once(own_kb, monkeypatch):
    begun = count_transactions(own_kb, monkeypatch)
    kept = keep(own_kb, *(f"slack:{number % 50:02}" for number in range(100)))
    assert kept.count(True) == kept.count(False) == 50
    assert len(begun) <= 2
    with own_kb.ledger.read() as ledger:
        assert len(ledger.execute(events.select()).all()) == 50


def test_whoever_waits_is_told_that_it_could_not_be_kept_and_the_next_is_kept(own_kb, monkeypatch):
    receive, failing = inbox.receive, [True, True, True]

    def broken(*given):
        if failing.pop():
            raise UnavailableError("the ledger is down")
        return receive(*given)

    failing.insert(0, False)
    monkeypatch.setattr(inbox, "receive", broken)
    for _ in range(3):
        [told] = keep(own_kb, "slack:1")
        with pytest.raises(UnavailableError):
            raise told
    assert keep(own_kb, "slack:1") == [True]


def test_answers_are_begun_when_no_more_comes(own_kb):
    async def run():
        arrivals, order = Arrivals(own_kb, "slack"), []

        async def answer():
            await arrivals.calm()
            order.append("answered")

        async def arrive(number):
            await arrivals.keep(f"slack:{number}", {})
            order.append("told")

        arriving = [asyncio.create_task(arrive(number)) for number in range(20)]
        await asyncio.sleep(0)
        await asyncio.gather(answer(), *arriving)
        return order

    assert asyncio.run(run()) == ["told"] * 20 + ["answered"]
