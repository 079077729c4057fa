"""The stop button: what was under way ends, wherever it is, and what people have seen stays."""

import asyncio

import pytest

from bot.platforms import _deliveries
from bot.platforms._slack import stream
from ingest.knowledge import KnowledgeBase
from ingest.ledger import inbox
from ingest.ledger.tables import events, questions
from tests.bot.platforms.slack.conftest import connected, eventually, rows, settled, shown
from tests.bot.platforms.slack.slowly import CORRIDORS, DOGS, WEDNESDAYS, Slowly, word_by
from tests.slack import BOT, TEAM
from tests.slack.blocks import is_whole

pytestmark = pytest.mark.usefixtures("loopback")

STOPPED = "Stopped, as you wished."


@pytest.fixture
def model(own_kb, monkeypatch):
    monkeypatch.setattr(stream, "FLUSH", 0.05)
    return word_by(own_kb, Slowly())


def test_it_ends_the_work_keeps_the_sentences_that_were_seen_and_no_question(own_kb, slack, model):
    with connected(own_kb, slack):
        ts, _ = slack.say("UANA", f"<@{BOT}> {DOGS}")
        model.say_more()
        slack.await_reply(ts, until=lambda one: WEDNESDAYS in shown(one))
        slack.stop_session("ULUIS", "C1", ts)
        stopped = slack.await_reply(ts, until=lambda one: STOPPED in shown(one))
        assert WEDNESDAYS in shown(stopped)
        model.say_more()
        assert model.ended.wait(20)
        settled(own_kb)
        eventually(lambda: slack.sessions["C1", ts]["status"] == "active")
    assert [CORRIDORS in shown(one) for one in slack.replies(ts)] == [False]
    assert rows(own_kb, questions) == []


def test_a_message_that_is_not_streamed_is_stopped_as_well(own_kb, socket_slack, model):
    slack = socket_slack
    slack.answer_next("chat.startStream", "unknown_method")
    with connected(own_kb, slack):
        ts, _ = slack.say("ULUIS", DOGS, "D2")
        assert model.begun.wait(20)
        slack.stop_session("ULUIS", "D2", ts)
        stopped = slack.await_reply(ts, "D2", until=is_whole)
        model.say_more(2)
        assert model.ended.wait(20)
    assert len(slack.replies(ts, "D2")) == 1
    assert "Detenido, como has pedido." in shown(stopped)
    assert rows(own_kb, questions) == []


def test_whoever_hears_of_it_ends_also_what_another_process_is_at(own_kb, socket_slack, model):
    """Delivered to a process that does not answer the question: the other one's model is let go as well."""
    slack = socket_slack
    with KnowledgeBase(own_kb.settings) as second, connected(own_kb, slack):
        ts, _ = slack.say("UANA", f"<@{BOT}> {DOGS}")
        model.say_more()
        slack.await_reply(ts, until=lambda one: WEDNESDAYS in shown(one))
        slack.mode = "http"
        with connected(second, slack):  # what is posted goes to this one only
            _, delivery = slack.stop_session("UANA", "C1", ts), slack.deliveries[-1]
            assert delivery.acknowledged.wait(10)
            eventually(lambda: slack.sessions["C1", ts]["status"] == "active")
            model.say_more()
            assert model.ended.wait(20)
        settled(own_kb)
    [kept] = slack.replies(ts)
    assert WEDNESDAYS in shown(kept)
    assert CORRIDORS not in shown(kept)
    assert rows(own_kb, questions) == []


def test_what_is_stopped_while_it_is_being_begun_is_ended(own_kb, socket_slack, model, monkeypatch):
    """And not left open for ever, although nobody knew of the stream yet."""
    slack, held = socket_slack, asyncio.Event()
    begin_reply = _deliveries.Deliveries.begin_reply

    async def slowly(*given):
        await held.wait()
        return await begin_reply(*given)

    monkeypatch.setattr(_deliveries.Deliveries, "begin_reply", slowly)
    drop = _deliveries.Deliveries._drop

    async def dropping(self, id_):
        held.set()
        await drop(self, id_)

    monkeypatch.setattr(_deliveries.Deliveries, "_drop", dropping)
    with connected(own_kb, slack):
        ts, _ = slack.say("UANA", f"<@{BOT}> {DOGS}")
        slack.await_reply(ts, until=lambda one: True)
        slack.stop_session("UANA", "C1", ts)
        settled(own_kb)
        eventually(lambda: slack.sessions["C1", ts]["status"] == "active")
    [ended] = slack.replies(ts)
    assert (ended["streaming_state"], STOPPED in shown(ended)) == ("completed", True)
    assert rows(own_kb, questions) == []


def test_a_question_that_nobody_has_begun_with_is_not_begun(own_kb, socket_slack, monkeypatch):
    slack = socket_slack
    taken = inbox.take
    monkeypatch.setattr(inbox, "take", lambda *given: None)
    with connected(own_kb, slack):
        ts, _ = slack.say("UANA", f"<@{BOT}> {DOGS}")
        eventually(lambda: rows(own_kb, events))
        slack.stop_session("UANA", "C1", ts)
        settled(own_kb)
        monkeypatch.setattr(inbox, "take", taken)
    assert slack.replies(ts) == []
    assert [row.id for row in rows(own_kb, events)] == [f"slack:{TEAM}/C1/{ts}"]


def test_to_stop_what_is_answered_changes_nothing(own_kb, slack):
    with connected(own_kb, slack):
        ts, _ = slack.say("UANA", f"<@{BOT}> {DOGS}")
        reply = slack.await_reply(ts, until=is_whole)
        settled(own_kb)
        whole = shown(reply)
        assert slack.stop_session("UANA", "C1", ts).acknowledged.wait(5)
    assert [shown(one) for one in slack.replies(ts)] == [whole]
    assert len(rows(own_kb, questions)) == 1
