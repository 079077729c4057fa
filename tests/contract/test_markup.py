"""Row 31 of the reliability contract: a chat's own markup, wherever it stands, is shown and never acted on.

In titles, headings, cells, texts, authors, names of sources; in what people are called, ask and comment; in
what a model makes of all that. What is sent to a chat, in whatever way, has no mention, no channel, and no
link with words over it but those to the pages of answers; and no address unfolds.
"""

import html
import random
import re
from collections import Counter
from itertools import count as numbers

import pytest

from bot import composing
from bot.messages import Outcome
from tests.contract.chats import await_done, settle
from tests.contract.payloads import OURS, write_markup
from tests.contract.test_injections import decide, in_process, parrot, write_with
from tests.doubles import MemoryConnector, Page, open_base
from tests.slack.marks import marks_of
from workers.local import sync_sources

SOURCES = 5
AT_ONCE = 40
"""Questions at the same moment."""


class Fuzz:
    """Texts of markup, counted."""

    def __init__(self) -> None:
        self._chance, self.made = random.Random(31), 0

    def __call__(self) -> str:
        self.made += 1
        return write_markup(self._chance)

    def line(self) -> str:
        """One on a line of its own, and in one cell."""
        return " ".join(self().replace("|", "/").split()) or "nothing"


@pytest.fixture
def fuzz():
    return Fuzz()


def base_of(data, fuzz, count):
    """Pages about so many topics, with markup in each of their places, from sources that are named by it."""
    named = {f"s{number}": {"type": "folder", "path": str(data), "label": fuzz.line()[:60]}
             for number in range(SOURCES)}  # fmt: skip
    kb = open_base(data / "var", {name: {**one, "readers": ["everyone"]} for name, one in named.items()})
    settle(kb, admins=frozenset({"domain:acme.com"}))
    for name in named:
        kb.connectors[name] = MemoryConnector(name=name)
    for number in range(count):
        topic = f"zorvo{number}"
        heading, cell, text = fuzz.line(), fuzz.line(), fuzz.line()
        lines = [
            f"# {topic} {heading}",
            "Name | Days",
            f"{cell} {topic} | 24",
            f"The rule for {topic} is {text}.",
        ]
        kb.connectors[f"s{number % SOURCES}"].pages[topic] = Page(
            "\n".join(lines), title=f"{topic} {fuzz()}", author=f"Ana {fuzz()}", url=f"https://{OURS}/{topic}"
        )  # fmt: skip
    for name in named:
        sync_sources(kb, [name])
    return kb


def as_written(text, number):
    """What Slack tells of a text: its own signs escaped; every third time as if they were meant as marks."""
    return text if number % 3 == 2 else html.escape(text, quote=False)


class Asking:
    """People who are called by markup, and ask with it, in all ways."""

    def __init__(self, chat, fuzz) -> None:
        self.chat, self.fuzz, self.numbers = chat, fuzz, numbers()
        self.people = [chat.person(f"p{number}") for number in range(6)]
        for person in self.people:
            chat.slack.people[person]["profile"]["real_name"] = fuzz()[:80] or "Ana"
        self.room = chat.room("team", *self.people)
        self.replies = []

    def ask(self, topics):
        """Ask about each of these, in a channel or in private by turns."""
        self.replies = []
        for start in range(0, len(topics), AT_ONCE):
            asked = [self._ask(topic) for topic in topics[start : start + AT_ONCE]]
            self.replies += [
                (person, self.chat.answer(written, self.room, seconds=180))
                for person, written in asked
                if written
            ]

    def _ask(self, topic):
        """Who asked, and the message, where there is one."""
        number = next(self.numbers)
        person = self.people[number % len(self.people)]
        text = as_written(f"What is the rule for zorvo{topic}? {self.fuzz()}", number)
        if number % 4 == 3:
            self.chat.order(person, self.room, f"ask {text}")
            return person, None
        return person, self.chat.ask(person, self.room, text)

    def press(self, *buttons, most=4):
        """Press these below some of the latest answers, and send the forms that open."""
        for person, reply in self.replies[:: max(1, len(self.replies) // most)]:
            for button in buttons:
                self.open(person, reply, button)

    def open(self, person, reply, button):
        slack = self.chat.slack
        slack.modals[person].clear()
        pressed = slack.click(person, reply, button, value="negative" if button == "vote" else None)
        assert pressed.acknowledged.wait(20)
        view = slack.await_modal(person, until=lambda _: True)
        if button != "why":
            values = {
                "vote": {"reason": "other", "comment": self.fuzz()[:900]},
                "expert": {"note": self.fuzz()[:900]},
            }
            assert slack.submit(person, view, values[button]).acknowledged.wait(20)

    def share(self):
        """Show the channel what was answered in private."""
        for person in self.people:
            for one in self.chat.slack.private(person):
                if any(action.get("action_id") == "share" for block in one.get("blocks", ())
                       for action in block.get("elements", ())):  # fmt: skip
                    assert self.chat.press(person, one, "share").acknowledged.wait(20)

    def look(self):
        """Look at all that is told of sources, questions and comments."""
        admin = self.people[0]
        self.chat.slack.open_home(admin)
        self.chat.slack.await_home(admin, until=lambda _: True)
        for words in ("status", "sources", "feedback", "quarantine", "sync nothing", "why zorvo1", "help"):
            self.chat.ask(admin, self.chat.alone(admin), words)


def leave_markup_in(monkeypatch):
    """Let answers keep all that pages have, so that what shows them has to hold by itself."""
    monkeypatch.setattr(composing, "plain", lambda text, *_: text)
    monkeypatch.setattr(composing, "longest_plain", lambda text, *_: text)


def fuzz_chat(kb, chat, fuzz, topics, monkeypatch):
    """Ask about each topic once: quoted, worded by a model that repeats everything, and not answered at all.
    What of all that is sent is a mark, and how often pages were linked."""
    asking = Asking(chat, fuzz)
    with chat.serving(kb, expert_channel=asking.room):
        asking.ask(range(0, topics, 3))
        asking.press("why", "vote")
        leave_markup_in(monkeypatch)
        write_with(kb, in_process(parrot))
        asking.ask(range(1, topics, 3))
        asking.press("why")
        write_with(kb, None)
        decide(monkeypatch, Outcome.NOT_FOUND)
        asking.ask(range(2, topics, 3))
        asking.press("expert")
        asking.share()
        asking.look()
        await_done(kb, topics, seconds=120)
        sent, homes = chat.sent(), list(chat.slack.homes.values())
    pages = {page.url for source in kb.connectors.values() for page in source.pages.values()}
    found, linked = [], Counter()
    for message in [*sent, *homes]:
        for path, mark in marks_of(message):
            link = re.fullmatch(r"<([^|<>]+)\|[^<>]*>", mark)
            if link and html.unescape(link[1]) in pages:
                linked[link[1]] += 1
            else:
                found.append((path, mark))
    loose = [one for name, one in chat.slack.calls if name in ("chat.postMessage", "respond")
             and (one.get("unfurl_links"), one.get("unfurl_media")) != (False, False)]  # fmt: skip
    assert loose == []
    return found, linked


def test_markup_in_whatever_is_said_and_asked_is_shown_and_never_acted_on(tmp_path, fuzz, chat, monkeypatch):
    with base_of(tmp_path, fuzz, 48) as kb:
        found, linked = fuzz_chat(kb, chat, fuzz, 48, monkeypatch)
    assert found == []
    assert len(linked) > 24
    assert fuzz.made > 300


@pytest.mark.contract
def test_five_thousand_texts_of_markup_are_not_either(tmp_path, fuzz, chat, monkeypatch):
    with base_of(tmp_path, fuzz, 850) as kb:
        found, linked = fuzz_chat(kb, chat, fuzz, 850, monkeypatch)
    assert found == []
    assert len(linked) > 400
    assert fuzz.made > 5_000
