"""A flood of questions: one person's does not keep others waiting, and nobody is left without a reply."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from bot import door, limits
from bot.door import handle
from bot.messages import Message, Outcome, Person
from ingest.knowledge import KnowledgeBase

QUESTION = "How many days of holiday does everybody have?"


@pytest.fixture
def strict(own_kb):
    """A knowledge base that answers three questions of a person in a minute, and one at a time."""
    limit = own_kb.settings.limits.model_copy(update={"questions_per_minute": 3, "at_once": 1})
    own_kb.settings = own_kb.settings.model_copy(update={"limits": limit})
    return own_kb


def ask(kb, email, platform="slack"):
    return handle(kb, Message(QUESTION, Person(email), platform=platform))


def test_who_asks_too_much_is_told_so_and_others_are_answered(strict):
    outcomes = [ask(strict, "ana@acme.com").outcome for _ in range(5)]
    assert outcomes == [Outcome.ANSWERED] * 3 + [Outcome.UNAVAILABLE] * 2
    reply = ask(strict, "ana@acme.com")
    assert "questions within a minute" in reply.text
    assert "says nothing about whether there is an answer" in reply.text
    assert ask(strict, "luis@acme.com").outcome is Outcome.ANSWERED


def test_what_was_refused_stands_in_nobodys_way_in_other_processes(strict):
    outcomes = [ask(strict, "ana@acme.com").outcome for _ in range(5)]
    assert outcomes[-1] is Outcome.UNAVAILABLE
    with closing(KnowledgeBase(strict.settings)) as other:
        other.settings = other.settings.model_copy(
            update={"limits": other.settings.limits.model_copy(update={"questions_per_minute": 4})}
        )
        assert ask(other, "ana@acme.com").outcome is Outcome.ANSWERED
        assert ask(other, "ana@acme.com").outcome is Outcome.UNAVAILABLE


def test_nobody_is_counted_in_a_terminal_of_their_own(strict):
    assert all(ask(strict, "ana@acme.com", "terminal").outcome is Outcome.ANSWERED for _ in range(5))


def test_questions_wait_for_their_turn_and_those_that_wait_too_long_are_told(strict, monkeypatch):
    begun, go_on = threading.Event(), threading.Event()
    answer = door.answer

    def slowly(*arguments, **named):
        begun.set()
        go_on.wait(20)
        return answer(*arguments, **named)

    monkeypatch.setattr(door, "answer", slowly)
    monkeypatch.setattr(limits, "WAIT", 0.05)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(ask, strict, "ana@acme.com")
        assert begun.wait(20)
        busy = ask(strict, "luis@acme.com")
        assert busy.outcome is Outcome.UNAVAILABLE
        assert "many people are asking" in busy.text
        go_on.set()
        assert first.result().outcome is Outcome.ANSWERED
    assert ask(strict, "luis@acme.com").outcome is Outcome.ANSWERED


def test_of_questions_that_come_all_at_once_as_many_are_answered_as_one_person_may_ask(strict):
    with ThreadPoolExecutor(12) as pool:
        replies = list(pool.map(lambda _: ask(strict, "ana@acme.com"), range(12)))
    told = Counter(reply.outcome for reply in replies)
    assert told == {Outcome.ANSWERED: 3, Outcome.UNAVAILABLE: 9}


def test_whoever_asks_much_at_once_leaves_a_place_for_others(own_kb, monkeypatch):
    limit = own_kb.settings.limits.model_copy(update={"at_once": 2})
    own_kb.settings = own_kb.settings.model_copy(update={"limits": limit})
    begun, go_on, answer = threading.Semaphore(0), threading.Event(), door.answer

    def slowly(*arguments, **named):
        begun.release()
        go_on.wait(20)
        return answer(*arguments, **named)

    monkeypatch.setattr(door, "answer", slowly)
    with ThreadPoolExecutor(4) as pool:
        flood = [pool.submit(ask, own_kb, "ana@acme.com") for _ in range(3)]
        assert begun.acquire(timeout=20)
        other = pool.submit(ask, own_kb, "luis@acme.com")
        assert begun.acquire(timeout=4)
        go_on.set()
        assert all(one.result().outcome is Outcome.ANSWERED for one in (*flood, other))
