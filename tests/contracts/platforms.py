"""What Sabio promises on every chat platform. A platform's tests inherit `PlatformContract` and give it a
`Venue`: a workspace with Ana, who is of HR and runs Sabio, Luis, whose language is Spanish, and Eve, a guest.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from enum import Enum
from types import ModuleType
from typing import Any

import pytest

from bot.messages import Answer, Citation, Claim, Outcome
from config.errors import UnavailableError
from ingest.knowledge import KnowledgeBase
from ingest.ledger.tables import events, feedback, questions
from tests.slack.workspace import await_
from workers import loop

HOLIDAY = "How many days of holiday does everybody have?"
DAYS = "On which days may dogs come to the office?"
BANDS = "Where does band three start?"
UNKNOWN = "Who waters the plants on the third floor?"
SECRET = "41,000"
ANA, LUIS, EVE = "ana", "luis", "eve"


class Place(Enum):
    """Where something is said."""

    CHANNEL = "in a thread of a channel that Ana and Luis are in"
    DIRECT = "between one person and Sabio"


CHANNEL, DIRECT = Place.CHANNEL, Place.DIRECT
PLACES = pytest.mark.parametrize("place", [CHANNEL, DIRECT])


@dataclass(frozen=True)
class Cited:
    """A place that a reply names."""

    number: int
    url: str
    quote: str


class Venue(ABC):
    """A chat platform with Sabio in it, as people see it. What was said is whatever `ask` returns."""

    answers: ModuleType
    """Where the platform has `handle` from."""
    commands: ModuleType
    """Where it looks at how far a sync is, every `LOOK` seconds."""

    @abstractmethod
    def running(self, kb: KnowledgeBase) -> AbstractContextManager[object]:
        """Sabio, connected, for as long as the block runs."""

    @abstractmethod
    def ask(self, who: str, text: str, place: Place, after: Any = None) -> Any:
        """Somebody says something to Sabio, with a mention where that takes one; `after` something else, in
        its conversation."""

    @abstractmethod
    def replies(self, said: Any) -> list[str]:
        """What everybody there reads as replies, in order, message by message."""

    @abstractmethod
    def read(self, said: Any, words: str = "") -> str:
        """All that is replied, as soon as it is whole and has these words."""

    @abstractmethod
    def cited(self, said: Any) -> list[Cited]:
        """The places that the replies name."""

    @abstractmethod
    def acting(self, said: Any) -> list[str]:
        """What in the replies would notify people, format, or hide an address, but for Sabio's own links."""

    @abstractmethod
    def deliver_again(self, said: Any) -> None:
        """The platform tells of it once more, and is heard."""

    @abstractmethod
    def edit(self, said: Any, text: str) -> None:
        """Who has said it says it otherwise."""

    @abstractmethod
    def remove(self, said: Any) -> None:
        """Who has said it takes it back."""

    @abstractmethod
    def judge(self, who: str, said: Any, *, up: bool, comment: str = "") -> None:
        """Somebody gives a thumb to the answer, and says why."""


def _rows(kb: KnowledgeBase, table: Any) -> Sequence[Any]:
    with kb.ledger.read() as ledger:
        return ledger.execute(table.select()).all()


@contextmanager
def working(kb: KnowledgeBase) -> Iterator[None]:
    """Let syncs be worked on for as long as the block runs."""
    stopped = threading.Event()
    thread = threading.Thread(target=loop.keep_current, args=(kb, stopped))
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


class PlatformContract:
    """The promises. A subclass has the fixture `venue`; `own_kb` is a small company of its own."""

    @pytest.fixture
    def kb(self, own_kb, venue, monkeypatch):
        """Ana runs it. Syncs are worked on where `working` says so."""
        monkeypatch.setattr(loop, "LOOK", 0.02)
        monkeypatch.setattr(venue.commands, "LOOK", 0.05)
        own_kb.settings = own_kb.settings.model_copy(update={"admins": frozenset({"user:ana@acme.com"})})
        return own_kb

    @pytest.fixture
    def settled(self, kb):
        def wait():
            await_(lambda: all(row.done_at for row in _rows(kb, events)) or None, "all is answered")

        return wait

    @PLACES
    def test_a_question_is_answered_once_with_the_words_it_rests_on_and_where_they_stand(
        self, kb, venue, settled, place
    ):
        with venue.running(kb):
            said = venue.ask(ANA, HOLIDAY, place)
            text = venue.read(said, "24 days")
            settled()
        assert "Everybody has 24 days of holiday a year. [1]" in text
        first = next(one for one in venue.cited(said) if one.number == 1)
        assert first.url.startswith("https://wiki.acme.com/holidays.md")
        assert "24 days" in first.quote
        assert len(venue.replies(said)) == 1
        [kept] = _rows(kb, questions)
        assert (kept.person, kept.text, kept.outcome) == ("ana@acme.com", HOLIDAY, "answered")

    @PLACES
    def test_a_follow_up_stands_on_the_question_before(self, kb, venue, place):
        with venue.running(kb):
            said = venue.ask(ANA, DAYS, place)
            venue.read(said, "Wednesdays")
            venue.read(venue.ask(ANA, "And in corridors?", place, said), "on a lead")

    @PLACES
    def test_where_nothing_is_found_it_says_so_and_cites_nothing(self, kb, venue, place):
        with venue.running(kb):
            said = venue.ask(ANA, UNKNOWN, place)
            text = venue.read(said, "I found no answer to that")
        assert "[1]" not in text
        assert [row.outcome for row in _rows(kb, questions)] == ["not_found"]

    def test_what_not_everybody_there_may_read_is_said_only_to_those_who_may(self, kb, venue):
        with venue.running(kb):
            said = venue.ask(ANA, BANDS, CHANNEL)
            assert SECRET not in venue.read(said, "not everyone here may read it")
            assert SECRET in venue.read(venue.ask(ANA, BANDS, DIRECT))
            assert SECRET not in venue.read(venue.ask(LUIS, BANDS, DIRECT))
        assert [row.outcome for row in _rows(kb, questions)][:2] == ["not_allowed", "answered"]

    def test_a_guest_is_politely_refused(self, kb, venue):
        with venue.running(kb):
            assert "24 days" not in venue.read(venue.ask(EVE, HOLIDAY, DIRECT), "full members")

    @PLACES
    def test_of_a_long_answer_every_sentence_and_every_source_arrives(self, kb, venue, monkeypatch, place):
        long = long_answer(14, "It is as the page says, and as nobody would have thought. " * 9)
        monkeypatch.setattr(venue.answers, "handle", lambda *_: long)
        with venue.running(kb):
            said = venue.ask(ANA, HOLIDAY, place)
            text = venue.read(said, "Sentence 14:")
        for number in range(1, 15):
            assert f"Sentence {number}: It is as the page says" in text
            assert f"[{number}]" in text
        assert {one.number: one.url for one in venue.cited(said)} == {
            number: f"https://wiki.acme.com/{number}" for number in range(1, 15)
        }

    @PLACES
    def test_a_thumb_is_kept_with_what_was_written(self, kb, venue, settled, place):
        with venue.running(kb):
            for up, comment in ((True, ""), (False, "It is 25 now.")):
                said = venue.ask(ANA, HOLIDAY, place)
                venue.read(said, "24 days")
                settled()  # nobody presses in the moment in which the answer is noted
                venue.judge(ANA, said, up=up, comment=comment)
        kept = [(row.person, row.up, row.comment) for row in _rows(kb, feedback)]
        assert sorted(kept, reverse=True) == [
            ("ana@acme.com", True, None),
            ("ana@acme.com", False, "It is 25 now."),
        ]

    @PLACES
    def test_an_admin_has_something_synced_and_sees_how_far_it_is_and_its_end(
        self, kb, venue, settled, place
    ):
        with working(kb), venue.running(kb):
            said = venue.ask(ANA, "sync handbook", place)
            venue.read(said, "is synced")
            settled()
        progress, end = venue.replies(said)
        assert "handbook is synced." in progress
        assert end.startswith("handbook is synced.")

    @PLACES
    def test_who_is_no_admin_is_told_so_politely_in_their_language(self, kb, venue, place):
        with venue.running(kb):
            venue.read(venue.ask(LUIS, "sync handbook", place), "solo quienes administran Sabio")

    @PLACES
    def test_what_is_delivered_again_is_answered_once(self, kb, venue, settled, place):
        with venue.running(kb):
            said = venue.ask(ANA, HOLIDAY, place)
            for _ in range(3):
                venue.deliver_again(said)
            venue.read(said, "24 days")
            venue.deliver_again(said)
            settled()
        assert len(venue.replies(said)) == 1
        assert len(_rows(kb, questions)) == 1

    @PLACES
    def test_the_answer_follows_a_question_that_is_edited_and_goes_with_it(self, kb, venue, settled, place):
        with venue.running(kb):
            said = venue.ask(ANA, HOLIDAY, place)
            venue.read(said, "24 days")
            venue.edit(said, DAYS)
            assert "24 days" not in venue.read(said, "Wednesdays")
            settled()
            assert len(venue.replies(said)) == 1
            venue.remove(said)
            settled()
            assert venue.replies(said) == []

    @PLACES
    def test_nothing_that_a_page_says_acts(self, kb, venue, monkeypatch, place):
        hostile = (
            "<!channel> <@UANA> <at>Ana</at> [here](https://evil.example) <https://evil.example|here>"
            " <b onclick=x>hi</b> ![x](https://evil.example/x.png) &lt;at&gt;Ana&lt;/at&gt; *a* `b` _c_"
        )
        answer = long_answer(2, hostile, title=hostile)
        monkeypatch.setattr(venue.answers, "handle", lambda *_: answer)
        with venue.running(kb):
            said = venue.ask(ANA, HOLIDAY, place)
            text = venue.read(said, "Sentence 2:")
        assert "<!channel>" in text
        assert venue.acting(said) == []

    @PLACES
    def test_an_outage_is_said_to_be_one(self, kb, venue, monkeypatch, place):
        def broken():
            raise UnavailableError("the index cannot be reached")

        with venue.running(kb):
            monkeypatch.setattr(kb, "collection", broken)
            text = venue.read(venue.ask(ANA, HOLIDAY, place), "I cannot answer right now")
        assert "This says nothing about whether there is an answer." in text
        assert [row.outcome for row in _rows(kb, questions)] == ["unavailable"]

    @PLACES
    def test_who_asks_in_spanish_is_answered_in_spanish(self, kb, venue, place):
        with venue.running(kb):
            said = venue.ask(LUIS, "¿Quién riega las plantas de la tercera planta?", place)
            venue.read(said, "No he encontrado respuesta")
            assert "handbook" in venue.read(venue.ask(LUIS, "fuentes", place), "Respondo")


def long_answer(count: int, words: str, title: str = "A page") -> Answer:
    """An answer of so many sentences, each of a page of its own."""
    page = Citation(1, "handbook", "page.md", title, None, (), None, words.strip()[:150], None, None, "en")
    citations = tuple(
        replace(page, number=n, document=f"{n}.md", url=f"https://wiki.acme.com/{n}")
        for n in range(1, count + 1)
    )
    claims = tuple(Claim(f"Sentence {n}: {words.strip()}", (n,)) for n in range(1, count + 1))
    text = " ".join(f"{claim.text} [{claim.citations[0]}]" for claim in claims)
    return Answer(Outcome.ANSWERED, "en", text, claims, citations, reference="0123456789")
