"""Row 4 of the reliability contract: what is asked in a channel shows only what every member may read.

In each channel there is one outsider: a colleague of another department, a guest, somebody of another firm.
Questions of people who may read the answer are put there in every way that ends in the channel, and whatever
is sent there, streamed, edited or taken back, is searched for the words of the restricted documents.
"""

import pytest

from bot.audience import principals_for
from bot.messages import Person
from tests.contract.chats import OUTSIDERS, await_done, read, settle
from tests.contract.test_injections import in_process, write_with
from tests.doubles import Page, open_base
from tests.models.scripted import Extractive
from workers.local import sync_sources

TOPICS = 25
CANARY = "canarybird"
"""Begins every word that only HR may read: in texts, titles, headings, authors and addresses."""
WAYS = ("mention", "follow-up", "unasked", "share")
AT_ONCE = 50
"""Questions at the same moment."""


@pytest.fixture
def base(tmp_path):
    """Restricted pages about topics, each beside an open one about the same."""
    with open_base(tmp_path, memory=["wiki"]) as kb:
        settle(kb, groups={"hr": frozenset({"user:ana@acme.com", "user:eva@acme.com"})})
        wiki = kb.connectors["wiki"]
        for number in range(TOPICS):
            topic, word = f"zorvo{number}", f"{CANARY}{number}"
            wiki.edit(
                f"secret-{topic}",
                text=f"# {topic} {word}head\nThe code of {topic} is {word}text today.",
                title=f"{topic} {word}title",
                author=f"{word}author",
                url=f"https://wiki.acme.com/{word}url",
                readers=frozenset({"group:hr"}),
            )
            wiki.pages[f"open-{topic}"] = Page(f"The door of {topic} is green.", title=f"Doors of {topic}")
        [report] = sync_sources(kb, ["wiki"])
        assert report["new"] == 2 * TOPICS
        yield kb


def ask_in_channels(kb, chat, count):
    """Ask so many questions in channels with one outsider each, and the same alone."""
    assert "group:hr" in principals_for(kb, Person("ana@acme.com"))
    ana, eva = chat.person("ana"), chat.person("eva")
    outsiders = {kind: chat.person(f"out{number}", kind) for number, kind in enumerate(OUTSIDERS)}
    rooms = {kind: chat.room(f"room{number}", ana, eva, outsiders[kind], kind=kind)
             for number, kind in enumerate(OUTSIDERS)}  # fmt: skip
    auto = {"answer": "auto", "confidence": 0.0}
    with chat.serving(kb, channels=dict.fromkeys(rooms.values(), auto)):
        for start in range(0, count, AT_ONCE):
            together = range(start, min(count, start + AT_ONCE))
            asked = {
                number: put(chat, number, (ana, eva)[number % 2], rooms[kind_of(number)])
                for number in together
            }
            await_done(kb, count=start, seconds=120)
            for number in together:
                if way_of(number) == "share":
                    share(chat, (ana, eva)[number % 2], number, asked[number])
        await_done(kb, count, seconds=120)
        leaks = [room for room in rooms.values() if CANARY in chat.shown_in(room)]
        for person, kind in zip(outsiders.values(), outsiders, strict=True):
            leaks += [kind for one in chat.slack.private(person) if CANARY in str(one)]
        alone = [chat.ask(ana, chat.alone(ana), question(number)) for number in range(TOPICS)]
        told = [read(chat.answer(one, chat.alone(ana))) for one in alone]
    assert [number for number, text in enumerate(told) if f"{CANARY}{number}text" not in text] == []
    heard = sum(chat.slack.posted(room) != [] for room in rooms.values())
    assert heard == len(rooms), "nothing was said where something was asked"
    return leaks


def way_of(number):
    return WAYS[number % len(WAYS)]


def kind_of(number):
    """Each kind of outsider meets each way."""
    return OUTSIDERS[number // len(WAYS) % len(OUTSIDERS)]


def question(number):
    return f"What is the code of zorvo{number % TOPICS} today?"


def put(chat, number, person, room):
    """Ask in one of the ways: the message, where there is one."""
    way = way_of(number)
    if way == "share":
        return chat.order(person, room, f"ask {question(number)}")
    if way == "unasked":
        return chat.ask(person, room, question(number), mentioned=False)
    asked = chat.ask(person, room, question(number))
    if way == "follow-up":
        chat.slack.say(
            person, "And the code of it?", room, thread=asked, type="message", channel_type="group"
        )
    return asked


def share(chat, person, number, given):
    """Show the channel what was answered in private: what is to be seen of it there is asked anew."""
    channel = given.payload["channel_id"]
    private = chat.aside(
        person, lambda one: one.get("channel") == channel and f"{CANARY}{number % TOPICS}text" in read(one)
    )
    assert chat.press(person, private, "share").acknowledged.wait(10)


def test_a_question_in_a_channel_shows_nothing_that_one_of_its_members_may_not_read(base, chat):
    assert ask_in_channels(base, chat, 24) == []


def test_what_a_model_writes_and_streams_into_a_channel_does_not_either(base, chat):
    write_with(base, in_process(Extractive()))
    assert ask_in_channels(base, chat, 24) == []


@pytest.mark.contract
def test_five_hundred_questions_in_channels_show_nothing(base, chat):
    assert ask_in_channels(base, chat, 500) == []
