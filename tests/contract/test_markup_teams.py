"""Row 31 of the reliability contract, for Teams: markup, wherever it stands, is shown and never acted on.

In titles, headings, cells, texts, authors, names of sources; in what people are called, ask and comment; in
what a model makes of all that. What is sent to Teams, and what its dialogs show, has no mention, no tag, no
link with words over it and no address that opens; citations and cards open pages of answers alone.
"""

import html
import re
from collections import Counter
from itertools import count as numbers

import pytest

from bot.messages import Outcome
from tests.contract.chats import await_done
from tests.contract.test_injections import decide, in_process, parrot, write_with
from tests.contract.test_markup import Fuzz, base_of, leave_markup_in
from tests.teams.cards import actions_of, cards_of
from tests.teams.checks import citations_of
from tests.teams.marks import marks_of

AT_ONCE = 40
"""Questions at the same moment."""
TEAMS_OWN = ("<at>Ana</at>", "<div>Ana</div>", "<at id=\"0\">everyone</at>", "[here](https://evil.example)",
             "![](https://evil.example/x.png)", "<https://evil.example>", "<a href='https://evil.example'>a</a>",
             "[a][1]\n\n[1]: https://evil.example", "@everyone", "**<b>**</b>", "\\[a\\](https://evil.example)",
             "{{DATE(2026-01-01T00:00:00Z)}}", "[a\\](https://evil.example)")  # fmt: skip
"""What Teams and its cards would read, beside what all chats do."""


class TeamsFuzz(Fuzz):
    """Texts of markup, some of Teams' own."""

    def __call__(self):
        text = super().__call__()
        return f"{text} {self._chance.choice(TEAMS_OWN)}" if self._chance.random() < 0.4 else text


@pytest.fixture
def fuzz():
    return TeamsFuzz()


class Asking:
    """People who are called by markup, and ask with it, in all ways."""

    def __init__(self, chat, fuzz) -> None:
        self.chat, self.fuzz, self.numbers = chat, fuzz, numbers()
        self.people = [chat.person(f"p{number}") for number in range(6)]
        for person in self.people:
            chat.teams.people[person]["name"] = fuzz()[:80] or "Ana"
        self.room, self.group = chat.room("team", *self.people), chat.group("lunch", *self.people)

    def ask(self, topics):
        """Ask about each of these in a channel, a group chat and alone by turns, and press all there is."""
        for start in range(0, len(topics), AT_ONCE):
            asked = [self._ask(topic) for topic in topics[start : start + AT_ONCE]]
            for person, written in asked:
                for reply in self.chat.answers(written, seconds=240):
                    self._press(person, reply)

    def _ask(self, topic):
        number = next(self.numbers)
        person = self.people[number % len(self.people)]
        said = f"What is the rule for zorvo{topic}? {self.fuzz()}"
        text = said if number % 3 == 2 else html.escape(said, quote=False)
        place = (self.room, self.group, person)[number % 3]
        return person, self.chat.ask(person, place, text)

    def _press(self, person, reply):
        for action in actions_of([*cards_of(reply)]):
            if "task/fetch" in str(action.get("data")):
                self.chat.teams.press(person, reply, action["data"]).wait(60)
        if citations_of(reply) and int(reply["id"]) % 3 == 0:
            self.chat.teams.judge(person, reply, "dislike", self.fuzz()[:900]).wait()

    def look(self):
        """Look at all that is told of sources, questions and comments."""
        admin = self.people[0]
        for words in ("status", "sources", "feedback", "quarantine", "sync nothing", "why zorvo1", "help"):
            self.chat.answers(self.chat.ask(admin, admin, words))
            self.chat.answers(self.chat.ask(admin, self.room, f"{words} {self.fuzz()}"))


def fuzz_chat(kb, chat, fuzz, topics, monkeypatch):
    """Ask about each topic once: quoted, worded by a model that repeats everything, and not answered at all.
    What of all that is sent would act, and how often pages were linked."""
    asking = Asking(chat, fuzz)
    with chat.serving(kb):
        asking.ask(range(0, topics, 3))
        leave_markup_in(monkeypatch)
        write_with(kb, in_process(parrot))
        asking.ask(range(1, topics, 3))
        write_with(kb, None)
        decide(monkeypatch, Outcome.NOT_FOUND)
        asking.ask(range(2, topics, 3))
        asking.look()
        await_done(kb, topics, seconds=120)
        sent = chat.sent()
    pages = {page.url for source in kb.connectors.values() for page in source.pages.values()}
    found, linked = [], Counter()
    for message in sent:
        found += [mark for text in read_as_markup(message) for mark in acting_in(text)]
        found += [one for one in dicts_in(message) if one.get("type") == "mention"]
        linked.update(addresses := list(opened_by(message)))
        found += [one for one in addresses if one not in pages]
    return found, linked


def dicts_in(part):
    if isinstance(part, dict):
        yield part
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from dicts_in(inner)


def read_as_markup(message):
    """The texts in which Teams reads marks: of messages, and of the blocks of cards."""
    for one in dicts_in(message):
        if one.get("type") in ("message", "typing", "TextBlock") and one.get("text"):
            yield one["text"]


def acting_in(text):
    """What of a text would notify somebody, open something or be markup."""
    yield from marks_of(text)
    yield from re.findall(r"(?<!\\)\]\(|^\s*\[[^\]]+\](?<!\\\]):", text, re.MULTILINE)


def opened_by(message):
    """Every address that something in a message opens."""
    for one in dicts_in(message):
        if "url" in one:
            yield one["url"]


def test_markup_in_whatever_is_said_and_asked_is_shown_and_never_acted_on(
    tmp_path, fuzz, teams_chat, monkeypatch
):
    with base_of(tmp_path, fuzz, 36) as kb:
        found, linked = fuzz_chat(kb, teams_chat, fuzz, 36, monkeypatch)
    assert found == [], found[:20]
    assert len(linked) > 12
    assert fuzz.made > 200


@pytest.mark.contract
def test_five_thousand_texts_of_markup_are_not_either(tmp_path, fuzz, teams_chat, monkeypatch):
    with base_of(tmp_path, fuzz, 850) as kb:
        found, linked = fuzz_chat(kb, teams_chat, fuzz, 850, monkeypatch)
    assert found == [], found[:20]
    assert len(linked) > 400
    assert fuzz.made > 4_500
