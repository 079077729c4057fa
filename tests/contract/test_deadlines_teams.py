"""Row 24 of the reliability contract, for Teams: what is delivered is acknowledged before the work begins.

However long the language model takes: Teams waits for fifteen seconds, and delivers again to whoever has not
said by then that it came, which the fake does and counts. Each question is answered once, or honestly
refused.
"""

import sys

import pytest

from ingest.ledger.tables import questions
from tests.bot.platforms.teams.conftest import rows
from tests.contract.chats import await_done
from tests.contract.chats_teams import read, whole_of
from tests.contract.test_deadlines import TOPICS, Slow, base
from tests.contract.test_injections import in_process, write_with

__all__ = ["base"]


def ask_at_once(kb, chat, count, model):
    """Ask so many questions at the same moment, every fifth alone with Sabio: how they were delivered, and
    what was replied to each."""
    people = [chat.person(f"p{number}") for number in range(count)]
    room = chat.room("team", *people)
    write_with(kb, in_process(model))
    with chat.serving(kb):
        told = [
            chat.teams.say(
                person,
                f"What is the code of zorvo{number % TOPICS} today?",
                room if number % 5 else person,
            )
            for number, person in enumerate(people)
        ]
        for _, delivery in told:
            delivery.wait(70)
        if model.seconds > 60:
            model.may.set()
        await_done(kb, count, seconds=60 + count * max(1.0, model.seconds / 8))
        replies = [chat.teams.replies(asked) for asked, _ in told]
    return [delivery for _, delivery in told], replies


def check(kb, count, deliveries, replies):
    """How many were honestly refused."""
    assert [one.statuses for one in deliveries] == [[200]] * count, "some were delivered again"
    assert [n for n, there in enumerate(replies) if len(whole_of(there)) > 1] == []
    said = [read(there) for there in replies]
    wrong = [text for n, text in enumerate(said) if f"47{n % TOPICS}" not in text]
    assert [text for text in wrong if "Reference" not in text] == []
    assert len(rows(kb, questions)) == count
    return len(wrong)


def test_everything_is_acknowledged_while_a_model_has_not_said_a_word(base, teams_chat):
    assert check(base, 40, *ask_at_once(base, teams_chat, 40, Slow(3_600))) == 0


@pytest.mark.contract
def test_two_hundred_at_once_are_acknowledged_and_answered_by_a_model_that_takes_a_minute(base, teams_chat):
    refused = check(base, 200, *ask_at_once(base, teams_chat, 200, Slow(60)))
    sys.stderr.write(f"\n{refused} of 200 were honestly refused\n")
