"""Row 25 of the reliability contract: a post that fails, or whose success is not told, is made once.

Whatever Sabio asks of the platform may be refused, throttled, cut before it is done, or done without Sabio's
being told: at every call, by chance, again and again. Each question has one reply, which is whole.
"""

import random
from collections import Counter

import pytest

from bot.platforms import _deliveries
from tests.contract.chats import await_done, read, settle
from tests.contract.test_injections import in_process, write_with
from tests.doubles import MemoryConnector, open_base
from tests.models.scripted import Extractive
from workers.local import sync_sources

TOPICS = 10
BEGINS = "According to “Codes of zorvo{}”"
"""Begins a quoted answer about a topic."""
TROUBLES = {"refused": 6, "cut": 5, "lost": 8, "throttled": 1}
"""What goes wrong, and how often beside the others."""
NOT_BEFORE = ("auth.test", "apps.connections.open")
"""Calls of the time before anybody is answered."""
STREAMED = ("chat.startStream", "chat.stopStream")
"""What begins and what ends a reply."""


@pytest.fixture
def base(tmp_path, monkeypatch):
    monkeypatch.setattr(_deliveries, "_RETRY", (0.1, 0.2, 0.3))
    monkeypatch.setattr(_deliveries, "LOOK", 0.2)
    # Open to guests as well: who is in a channel that Slack does not tell of could be anybody.
    wiki = {"type": "folder", "path": str(tmp_path), "readers": ["everyone"], "external": True}
    with open_base(tmp_path / "var", {"wiki": wiki}) as kb:
        kb.connectors["wiki"] = MemoryConnector(name="wiki")
        settle(kb)
        for number in range(TOPICS):
            text = f"The code of zorvo{number} is 47{number} today."
            kb.connectors["wiki"].edit(f"page{number}", text=text, title=f"Codes of zorvo{number}")
        sync_sources(kb, ["wiki"])
        yield kb


class Trouble:
    """What goes wrong with a call, by chance, in these ways; the first answer to each of `surely` is lost."""

    def __init__(self, chance, surely, ways=TROUBLES, seed=25) -> None:
        self._random, self._chance, self._ways = random.Random(seed), chance, ways
        self._surely = set(surely)
        self.met = Counter()

    def __call__(self, method):
        if method in self._surely:
            self._surely.discard(method)
            self.met[method, "lost"] += 1
            return "lost"
        if method in NOT_BEFORE or self._random.random() > self._chance:
            return None
        [way] = self._random.choices([*self._ways], self._ways.values())
        self.met[method, way] += 1
        return way


def ask_in_trouble(kb, chat, count, chance=0.15):
    """Ask so many questions in a channel and alone, of a platform that fails: how often each was answered,
    how many answers were whole, and the calls that failed."""
    people = [chat.person(f"p{number}") for number in range(10)]
    room = chat.room("team", *people)
    places = [room, *map(chat.alone, people)]
    write_with(kb, in_process(Extractive()))
    with chat.serving(kb):
        chat.slack.trouble = trouble = Trouble(chance, STREAMED)
        asked = []
        for number in range(count):
            person = people[number % len(people)]
            place = room if number % 3 else chat.alone(person)
            text = f"What is the code of zorvo{number % TOPICS} today?"
            asked.append((number, place, chat.ask(person, place, text)))
        await_done(kb, count, seconds=60 + count)
        chat.slack.trouble = lambda _: None
    replies = {number: chat.replies(one, place) for number, place, one in asked}
    whole = [n for n, there in replies.items() if any(f"47{n % TOPICS}" in read(one) for one in there)]
    assert sum(len(chat.slack.posted(place)) for place in places) == sum(map(len, replies.values()))
    return Counter(map(len, replies.values())), len(whole), trouble.met


def check_outbox(count, answered, whole, met):
    assert all(met[method, "lost"] for method in STREAMED), met
    assert answered == {1: count}, "lost or doubled"
    assert whole == count


def test_each_question_has_one_whole_reply_whatever_goes_wrong_with_posting(chat, base):
    check_outbox(40, *ask_in_trouble(base, chat, 40))


@pytest.mark.contract
def test_two_hundred_questions_have_one_whole_reply_each(chat, base):
    check_outbox(200, *ask_in_trouble(base, chat, 200, chance=0.25))


def test_without_streams_there_is_one_reply_as_well(chat, base):
    """Where a channel does not take streams, the reply is posted, and then edited."""
    people = [chat.person("p0")]
    room = chat.room("team", *people)
    with chat.serving(base):
        chat.slack.answer_next("chat.startStream", "channel_type_not_supported", times=1_000)
        for number in range(3):
            chat.slack.lose_answer("chat.postMessage")
            chat.slack.lose_answer("chat.update")
            asked = chat.ask(people[0], room, f"What is the code of zorvo{number} today?")
            assert f"47{number}" in read(chat.answer(asked, room))
            assert len(chat.replies(asked, room)) == 1


def test_what_is_told_in_private_is_not_lost(chat, base):
    """Nobody can look up what one person alone was shown: what may have come is said again, not left out."""
    person = chat.person("p0")
    room = chat.room("team", person)
    with chat.serving(base):
        for number in range(3):
            chat.slack.trouble = fail_first(["refused", "cut", "throttled"][number])
            chat.order(person, room, f"ask What is the code of zorvo{number} today?")
            chat.aside(person, lambda one, number=number: read(one).startswith(BEGINS.format(number)))
        await_done(base, 3)
    told = [read(one) for one in chat.slack.private(person)]
    assert [sum(one.startswith(BEGINS.format(n)) for one in told) for n in range(3)] == [1, 1, 1]


def fail_first(way):
    """That way, at the first private reply alone."""
    left = [way]
    return lambda method: left.pop() if method == "respond" and left else None
