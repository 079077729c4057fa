"""What the settings say of single channels: their sources, their tone, and what is answered unasked."""

import asyncio

import pytest

from bot.platforms._slack import stream
from bot.platforms._slack.reply import Reply
from ingest.ledger.tables import events, questions
from tests.bot.platforms.slack.conftest import BANDS, HOLIDAY, connected, eventually, rows, settled, shown
from tests.bot.platforms.slack.slowly import Slowly, word_by
from tests.slack import BOT, FakeSlack
from tests.slack.blocks import is_whole

pytestmark = pytest.mark.usefixtures("loopback")

UNKNOWN = "Who waters the plants on the third floor?"


@pytest.fixture
def slack():
    """A workspace that tells of all messages, as real Slack does."""
    with FakeSlack(both=True) as slack:
        slack.mode = "socket"
        slack.add_person("UANA", "ana@acme.com")
        slack.add_person("ULUIS", "luis@acme.com", locale="es-ES")
        slack.add_channel("C7", "help-hr")
        yield slack
    assert slack.problems == []


def heard(slack, text, channel="C7", **more):
    ts, delivery = slack.say("UANA", text, channel, **more)
    assert delivery.acknowledged.wait(5)
    return ts


def test_a_mention_of_which_slack_tells_twice_is_answered_once(own_kb, slack):
    with connected(own_kb, slack):
        ts = heard(slack, f"<@{BOT}> {HOLIDAY}")
        assert "24 days" in shown(slack.await_reply(ts, "C7", until=is_whole))
        settled(own_kb)
    assert len(slack.replies(ts, "C7")) == 1
    assert (len(rows(own_kb, events)), len(rows(own_kb, questions))) == (1, 1)


@pytest.mark.parametrize("called", ["C7", "help-hr", "#help-hr"])
def test_a_channel_is_answered_from_its_sources_only(own_kb, slack, called):
    slack.channels["C7"].members = ["UANA"]
    with connected(own_kb, slack, channels={called: {"sources": ["salaries"]}}):
        ts = heard(slack, f"<@{BOT}> {HOLIDAY}")
        assert "24 days" not in shown(slack.await_reply(ts, "C7", until=is_whole))
        ts = heard(slack, f"<@{BOT}> {BANDS}")
        assert "41,000" in shown(slack.await_reply(ts, "C7", until=is_whole))
        ts = heard(slack, f"<@{BOT}> {HOLIDAY}", "C1")
        assert "24 days" in shown(slack.await_reply(ts, until=is_whole))


def test_the_model_is_told_of_a_channels_tone_there_and_nowhere_else(own_kb, slack, monkeypatch):
    monkeypatch.setattr(stream, "FLUSH", 0.05)
    model = word_by(own_kb, Slowly())
    with connected(own_kb, slack, channels={"help-hr": {"tone": "like a patient librarian"}}):
        for channel in ("C7", "C1"):
            ts = heard(slack, f"<@{BOT}> {HOLIDAY}", channel)
            slack.await_reply(ts, channel, until=is_whole)
    assert ["patient librarian" in str(prompt) for prompt in model.prompts] == [True, False]


def test_what_nobody_asked_sabio_is_answered_where_that_is_wished_and_it_is_sure(own_kb, slack):
    with connected(own_kb, slack, channels={"help-hr": {"answer": "auto", "confidence": 0.1}}):
        ts = heard(slack, HOLIDAY)
        answer = slack.await_reply(ts, "C7", until=is_whole)
        assert "24 days" in shown(answer)
        for text in (UNKNOWN, "I am on holiday.", f"<@ULUIS> {HOLIDAY}"):
            heard(slack, text)
        heard(slack, HOLIDAY, "C1")
        settled(own_kb)
    assert slack.posted("C7") == [answer]
    assert slack.posted("C1") == []
    assert [row.text for row in rows(own_kb, questions)] == [HOLIDAY]


def test_below_its_floor_it_is_silent_keeps_nothing_and_takes_no_part_in_the_thread(own_kb, slack):
    with connected(own_kb, slack, channels={"help-hr": {"answer": "auto", "confidence": 1}}):
        ts = heard(slack, HOLIDAY)
        settled(own_kb)
        heard(slack, "And how many can be carried over?", thread=ts)
        settled(own_kb)
        assert slack.posted("C7") == []
        assert rows(own_kb, questions) == []
        heard(slack, f"<@{BOT}> {HOLIDAY}", thread=ts)
        assert "24 days" in shown(slack.await_reply(ts, "C7", until=is_whole))


def test_what_was_answered_unasked_can_be_asked_on_and_follows_its_edits(own_kb, slack):
    with connected(own_kb, slack, channels={"help-hr": {"answer": "auto", "confidence": 0.1}}):
        ts = heard(slack, "On which days may dogs come to the office?")
        first = slack.await_reply(ts, "C7", until=is_whole)
        heard(slack, "And in corridors?", thread=ts)
        slack.await_reply(ts, "C7", until=lambda one: is_whole(one) and "on a lead" in shown(one))
        slack.edit("UANA", ts, HOLIDAY, "C7")
        slack.await_reply(ts, "C7", until=lambda one: one["ts"] == first["ts"] and "24 days" in shown(one))
        slack.edit("UANA", ts, UNKNOWN, "C7")
        eventually(lambda: slack.find("C7", first["ts"]) is None)
        slack.edit("UANA", ts, HOLIDAY, "C7")
        slack.await_reply(ts, "C7", until=lambda one: is_whole(one) and "24 days" in shown(one))
    assert len(slack.replies(ts, "C7")) == 2


def test_an_edit_that_comes_while_the_reply_is_taken_back_is_answered(own_kb, slack, monkeypatch):
    remove = Reply.remove

    async def remove_slowly(reply):
        await remove(reply)
        await asyncio.sleep(0.5)

    monkeypatch.setattr(Reply, "remove", remove_slowly)
    with connected(own_kb, slack, channels={"help-hr": {"answer": "auto", "confidence": 0.1}}):
        ts = heard(slack, HOLIDAY)
        first = slack.await_reply(ts, "C7", until=is_whole)
        slack.edit("UANA", ts, UNKNOWN, "C7")
        eventually(lambda: slack.find("C7", first["ts"]) is None)
        slack.edit("UANA", ts, HOLIDAY, "C7")
        again = slack.await_reply(ts, "C7", until=lambda one: is_whole(one) and "24 days" in shown(one))
    assert slack.replies(ts, "C7") == [again]
