"""The one way in: whatever is said and whatever breaks, there is a reply, and no secret or trace in it."""

import json
import logging
import shutil

import pytest
from sqlalchemy import select

from bot import door
from bot.door import LONGEST, handle
from bot.messages import Message, Outcome, Person
from config.errors import ConfigError, UnavailableError
from config.settings import load_settings
from ingest.knowledge import KnowledgeBase
from ingest.ledger.tables import questions

QUESTION = "How many days of holiday does everybody have?"
SPANISH = "¿Cuántos días de vacaciones tengo?"
NOBODY = Person()


@pytest.fixture(scope="module")
def kb(company, tmp_path_factory):
    """A synced company whose ledger these tests may write questions into."""
    own = tmp_path_factory.mktemp("door") / "own"
    shutil.copytree(company.parent, own, symlinks=True)
    with KnowledgeBase(load_settings(own / "sabio.yaml", environ={})) as opened:
        yield opened


def kept(kb, reference):
    with kb.ledger.read() as ledger:
        return ledger.execute(select(questions).where(questions.c.id == reference)).one()


def fail_with(monkeypatch, error):
    def answer(*_, **__):
        raise error

    monkeypatch.setattr(door, "answer", answer)


def test_a_question_is_answered_and_its_reference_finds_it_in_the_ledger(kb):
    reply = handle(kb, Message(QUESTION, Person("ana@acme.com", "Ana"), platform="slack"))
    assert reply.outcome is Outcome.ANSWERED
    assert "24 days" in reply.text
    row = kept(kb, reply.reference)
    assert (row.text, row.person, row.platform) == (QUESTION, "ana@acme.com", "slack")
    assert (row.outcome, row.language, row.seconds) == ("answered", "en", reply.seconds)
    assert row.answer["citations"][0]["quote"] == reply.citations[0].quote
    assert json.dumps(row.answer)


def test_every_reply_has_a_reference_of_its_own(kb):
    assert len({handle(kb, Message(QUESTION, NOBODY)).reference for _ in range(3)}) == 3


def test_who_may_read_more_is_answered_from_more(kb):
    secret = "What does band three start at, in euros a year?"
    assert "41,000" in handle(kb, Message(secret, Person("ana@acme.com"))).text
    for person in (Person("luis@acme.com"), Person("ana@acme.com.evil"), Person(None), Person("")):
        assert "41,000" not in json.dumps(kept(kb, handle(kb, Message(secret, person)).reference).answer)


@pytest.mark.parametrize(("floor", "is_kept"), [(0.1, True), (1.0, False)])
def test_of_what_was_not_said_to_sabio_only_what_it_is_sure_of_is_kept(kb, floor, is_kept):
    reply = handle(kb, Message(QUESTION, NOBODY, floor=floor))
    assert door.is_sure(reply, floor) is is_kept
    with kb.ledger.read() as ledger:
        found = ledger.execute(select(questions).where(questions.c.id == reply.reference)).first()
    assert (found is not None) is is_kept


@pytest.mark.parametrize("text", ["", "  \n\t ", "\x00\x1b", "\x07"])
def test_who_says_nothing_is_told_how_to_ask(kb, text):
    reply = handle(kb, Message(text, NOBODY))
    assert reply.outcome is Outcome.NOT_FOUND
    assert reply.text.startswith("Ask me something")
    assert kept(kb, reply.reference).text == ""


def test_odd_messages_are_answered_like_any_other(kb, caplog):
    oddities = [
        "🎉",
        "the",
        "de la que",
        "?¿!",
        "Robert'); DROP TABLE questions;--",
        "<script>alert(1)</script> {reason} %s",
        "<!channel> *holiday* [x](http://evil)",
        "x" * 10_000,
        "holiday " * 1_250,
        "有几天假期？",
        "Сколько дней отпуска?",
        "כמה ימי חופשה יש?",
        "half a letter \udcff and \x00 nothing",
        "\u202eyadiloh",
        "1" * 300,
    ]
    for text in oddities:
        reply = handle(kb, Message(text, NOBODY))
        assert reply.outcome in (Outcome.ANSWERED, Outcome.PARTIAL, Outcome.NOT_FOUND), text
        assert reply.text
        assert len(kept(kb, reply.reference).text) <= LONGEST
    assert caplog.records == []


def test_control_characters_and_halves_of_letters_do_not_reach_the_ledger(kb):
    reply = handle(kb, Message("How many\x00days\nof holiday\udcff are there?", NOBODY))
    assert kept(kb, reply.reference).text == "How many days of holiday? are there?"


@pytest.mark.parametrize(
    ("question", "says"),
    [
        (QUESTION, "says nothing about whether there is an answer"),
        (SPANISH, "no dice nada sobre si hay respuesta"),
    ],
)
def test_an_outage_is_told_as_one_with_what_is_broken(kb, monkeypatch, question, says):
    fail_with(monkeypatch, UnavailableError("the index is away."))
    reply = handle(kb, Message(question, NOBODY))
    assert reply.outcome is Outcome.UNAVAILABLE
    assert says in reply.text
    assert "the index is away" in reply.text
    assert reply.reference in reply.text
    assert kept(kb, reply.reference).outcome == "unavailable"


def test_a_model_that_is_down_is_an_outage_and_not_not_found(kb, monkeypatch):
    def down(*_):
        raise UnavailableError("the embedding model is away")

    monkeypatch.setattr(kb.encoder, "question", down)
    assert handle(kb, Message(QUESTION, NOBODY)).outcome is Outcome.UNAVAILABLE


def test_a_programming_error_is_logged_with_the_reference_and_told_without_its_trace(kb, monkeypatch, caplog):
    fail_with(monkeypatch, RuntimeError("Traceback: password=hunter2 at /srv/sabio/bot.py"))
    reply = handle(kb, Message(QUESTION, NOBODY))
    assert reply.outcome is Outcome.UNAVAILABLE
    assert "something went wrong inside Sabio" in reply.text
    for secret in ("hunter2", "Traceback", "/srv", "RuntimeError"):
        assert secret not in json.dumps(kept(kb, reply.reference).answer)
    [record] = [one for one in caplog.records if one.levelno >= logging.ERROR]
    assert reply.reference in record.getMessage()
    assert record.exc_info[0] is RuntimeError


def test_a_wrong_configuration_is_a_matter_for_whoever_runs_it(kb, monkeypatch, caplog):
    fail_with(monkeypatch, ConfigError("`embedding: openai:x` needs the package x"))
    reply = handle(kb, Message(QUESTION, NOBODY))
    assert reply.outcome is Outcome.UNAVAILABLE
    assert "configuration" in reply.text
    assert "openai" not in reply.text
    assert "openai" in caplog.text
    assert reply.reference in caplog.text


def test_secrets_in_an_outages_reason_are_masked(kb, monkeypatch):
    monkeypatch.setattr(type(kb.settings), "secrets", property(lambda _: frozenset({"hunter2"})))
    fail_with(monkeypatch, UnavailableError("postgresql://sabio:geheim@db refused hunter2"))
    reply = handle(kb, Message(QUESTION, NOBODY))
    assert "refused" in reply.text
    for secret in ("hunter2", "geheim"):
        assert secret not in reply.text
        assert secret not in json.dumps(kept(kb, reply.reference).answer)


def test_an_error_before_the_language_is_known_is_told_in_english(kb, monkeypatch, caplog):
    def broken(_):
        raise RuntimeError("no model of languages")

    monkeypatch.setattr(door, "detect", broken)
    reply = handle(kb, Message(SPANISH, NOBODY))
    assert (reply.outcome, reply.language) == (Outcome.UNAVAILABLE, "en")
    assert reply.reference in caplog.text


@pytest.mark.parametrize("error", [UnavailableError("the disk is full"), RuntimeError("no such column")])
def test_a_ledger_that_keeps_nothing_takes_nobodys_answer_away(kb, monkeypatch, caplog, error):
    def write():
        raise error

    monkeypatch.setattr(kb.ledger, "write", write)
    reply = handle(kb, Message(QUESTION, NOBODY))
    assert reply.outcome is Outcome.ANSWERED
    assert f"question {reply.reference} was not kept" in caplog.text
