"""Row 25 of the reliability contract, for Teams: what fails, or whose success is not told, is said once.

Whatever Sabio asks of Teams may be refused, throttled, cut before it is done, or done without Sabio's being
told: at every call, by chance, again and again. Each question is answered once, and wholly. Teams tells
nobody which messages a bot has said, so that a lost answer to the very first of them may leave a line behind
that asks for patience, and never an answer.
"""

import re
from collections import Counter

import pytest

from tests.contract.chats import await_done
from tests.contract.chats_teams import read, whole_of
from tests.contract.test_injections import in_process, write_with
from tests.contract.test_outbox import TOPICS, Trouble, base
from tests.models.scripted import Extractive

__all__ = ["base"]

WAYS = {"refused": 6, "cut": 5, "lost": 8, "throttled": 1}


def ask_in_trouble(kb, chat, count, chance):
    """Ask so many questions in a channel and alone, of a Teams that fails: how often each was answered, those
    that were not answered wholly, what is left besides, and the calls that failed."""
    people = [chat.person(f"p{number}") for number in range(10)]
    room = chat.room("team", *people)
    write_with(kb, in_process(Extractive()))
    with chat.serving(kb):
        chat.teams.trouble = trouble = Trouble(chance, ("send", "update"), WAYS)
        asked = []
        for number in range(count):
            person = people[number % len(people)]
            text = f"What is the code of zorvo{number % TOPICS} today?"
            asked.append(chat.ask(person, room if number % 3 else person, text))
        await_done(kb, count, seconds=60 + count)
        chat.teams.trouble = lambda _: None
    replies = [chat.teams.replies(one) for one in asked]
    answered = Counter(len(whole_of(there)) for there in replies)
    broken = [n for n, there in enumerate(replies) if f"47{n % TOPICS}" not in read(whole_of(there))]
    left = [one for there in replies for one in there if one not in whole_of(there)]
    assert chat.streams_left() <= trouble.met["send", "lost"]
    said = sum(len(chat.teams.posted(place)) for place in [room, *people])
    assert said == sum(map(len, replies)), "something was said that is a reply to nothing"
    return answered, broken, left, trouble.met


def check(count, answered, broken, left, met):
    assert all(met[name, "lost"] for name in ("send", "update")), met
    assert answered == {1: count}, "lost or doubled"
    assert broken == []
    assert [one for one in left if re.search(r"47\d", str(one.get("text")))] == [], "a part of an answer"
    assert len(left) <= met["send", "lost"]


def test_each_question_is_answered_once_and_wholly_whatever_goes_wrong_with_posting(teams_chat, base):
    check(30, *ask_in_trouble(base, teams_chat, 30, 0.15))


@pytest.mark.contract
def test_two_hundred_questions_are_answered_once_and_wholly_each(teams_chat, base):
    check(200, *ask_in_trouble(base, teams_chat, 200, 0.25))


@pytest.mark.parametrize("place", ["channel", "alone", "alone, where streams end too soon"])
def test_wherever_one_answer_of_teams_is_lost_a_reply_is_there_once(teams_chat, base, place):
    """Each call of a whole reply in turn, the last of them too."""
    person = teams_chat.person("p0")
    if place.endswith("too soon"):
        teams_chat.teams.stream_seconds = 0.0
    place = teams_chat.room("team", person) if place == "channel" else person
    with teams_chat.serving(base):
        for number in range(7):
            teams_chat.teams.trouble = lose(number)
            asked = teams_chat.ask(person, place, f"What is the code of zorvo{number} today?")
            said = teams_chat.answers(asked)
            assert len(whole_of(said)) == 1, number
            assert f"47{number}" in read(whole_of(said))
    assert teams_chat.streams_left() <= 1


def lose(number):
    """The answer to the call of that number, of all that are made from now on."""
    left = [None] * number + ["lost"]
    return lambda _: left.pop(0) if left else None
