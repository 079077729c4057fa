"""Row 24 of the reliability contract: what a platform delivers is acknowledged before the work begins.

However long the language model takes: a platform that is not told in time delivers again, which the fake
counts, and tells people that a command failed. Each question is answered once, or honestly refused. How soon
it is told is measured by `python -m tests.bench slack`.
"""

import sys
import threading

import pytest

from ingest.ledger.tables import questions
from tests.bot.platforms.slack.conftest import rows
from tests.contract.chats import await_done, read, settle
from tests.contract.test_injections import in_process, write_with
from tests.doubles import open_base
from tests.models.scripted import Extractive
from workers.local import sync_sources

TOPICS = 10


@pytest.fixture
def base(tmp_path):
    with open_base(tmp_path, memory=["wiki"]) as kb:
        settle(kb)
        for number in range(TOPICS):
            text = f"The code of zorvo{number} is 47{number} today."
            kb.connectors["wiki"].edit(f"page{number}", text=text, title=f"Codes of zorvo{number}")
        sync_sources(kb, ["wiki"])
        yield kb


class Slow(Extractive):
    """A model that says nothing until so many seconds are over, or until it may."""

    def __init__(self, seconds) -> None:
        super().__init__()
        self.seconds, self.may = seconds, threading.Event()

    def __call__(self, messages):
        self.may.wait(self.seconds)
        return super().__call__(messages)


def ask_at_once(kb, chat, count, model):
    """Ask so many questions at the same moment, every fifth by a command: how they were delivered, and what
    was replied to each."""
    people = [chat.person(f"p{number}") for number in range(count)]
    room = chat.room("team", *people)
    write_with(kb, in_process(model))
    with chat.serving(kb):
        first = len(chat.slack.deliveries)
        asked = []
        for number, person in enumerate(people):
            text = f"What is the code of zorvo{number % TOPICS} today?"
            if number % 5:
                asked.append((number, chat.ask(person, room, text)))
            else:
                chat.order(person, room, f"ask {text}")
        deliveries = chat.slack.deliveries[first:]
        for one in deliveries:
            assert one.acknowledged.wait(20)
        if model.seconds > 60:
            model.may.set()
        await_done(kb, count, seconds=60 + count * max(1.0, model.seconds / 8))
        replies = [(number, chat.replies(one, room)) for number, one in asked]
        replies += [
            (number, [one for one in chat.slack.private(person) if one.get("blocks")])
            for number, person in enumerate(people)
            if number % 5 == 0
        ]
    return deliveries, replies


def check(kb, count, deliveries, replies):
    assert [len(one.envelopes) for one in deliveries] == [1] * count, "some were delivered again"
    assert [one.failed for one in deliveries if one.failed] == []
    assert [number for number, there in replies if len(there) != 1] == []
    wrong = [read(there[0]) for number, there in replies if f"47{number % TOPICS}" not in read(there[0])]
    assert [one for one in wrong if "Reference" not in one and "referencia" not in one] == []
    assert len(rows(kb, questions)) == count
    return len(wrong)


def test_everything_is_acknowledged_while_a_model_has_not_said_a_word(base, chat):
    model = Slow(3_600)
    deliveries, replies = ask_at_once(base, chat, 40, model)
    assert check(base, 40, deliveries, replies) == 0


@pytest.mark.contract
def test_two_hundred_at_once_are_acknowledged_and_answered_by_a_model_that_takes_a_minute(base, chat):
    deliveries, replies = ask_at_once(base, chat, 200, Slow(60))
    refused = check(base, 200, deliveries, replies)
    sys.stderr.write(f"\n{refused} of 200 were honestly refused\n")
