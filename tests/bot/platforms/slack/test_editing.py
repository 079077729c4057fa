"""Questions that are edited or removed: the answer follows, and nobody is answered twice."""

import pytest

from bot.platforms._slack import stream
from ingest.knowledge import KnowledgeBase
from ingest.ledger.tables import events, questions
from tests.bot.platforms.slack.conftest import HOLIDAY, connected, eventually, rows, settled, shown
from tests.bot.platforms.slack.slowly import DOGS, WEDNESDAYS, Slowly, word_by
from tests.slack import BOT
from tests.slack.blocks import is_whole

pytestmark = pytest.mark.usefixtures("loopback")

DAYS = "On which days may dogs come to the office?"


@pytest.fixture
def model(own_kb, monkeypatch):
    monkeypatch.setattr(stream, "FLUSH", 0.05)
    return word_by(own_kb, Slowly())


def answered(slack, ts, words, channel="C1"):
    return slack.await_reply(ts, channel, until=lambda one: is_whole(one) and words in shown(one))


def test_an_edited_question_is_answered_anew_in_the_same_message(own_kb, slack):
    with connected(own_kb, slack):
        ts, _ = slack.say("UANA", f"<@{BOT}> {HOLIDAY}")
        first = answered(slack, ts, "24 days")
        told = slack.edit("UANA", ts, f"<@{BOT}> {DAYS}")
        again = answered(slack, ts, "Wednesdays")
        settled(own_kb)
        for delivery in (slack.deliver(told.payload["event"]), slack.deliver(told.payload["event"])):
            assert delivery.acknowledged.wait(5)
        settled(own_kb)
    assert again["ts"] == first["ts"]
    assert "24 days" not in shown(again)
    assert len(slack.replies(ts)) == 1
    assert [row.text for row in rows(own_kb, questions)] == [HOLIDAY, DAYS]


def test_a_question_that_is_edited_while_it_is_answered_is_answered_as_it_is_now(own_kb, slack, model):
    with connected(own_kb, slack):
        ts, _ = slack.say("UANA", f"<@{BOT}> {DOGS}")
        model.say_more()
        begun = slack.await_reply(ts, until=lambda one: WEDNESDAYS in shown(one))
        slack.edit("UANA", ts, f"<@{BOT}> {HOLIDAY}")
        again = answered(slack, ts, "24 days")
        model.say_more()
        assert model.ended.wait(20)
        settled(own_kb)
    assert again["ts"] == begun["ts"]
    assert WEDNESDAYS not in shown(again)
    assert len(slack.replies(ts)) == 1
    assert [row.text for row in rows(own_kb, questions)] == [HOLIDAY]


def test_of_edits_that_follow_each_other_at_once_the_last_one_counts(own_kb, slack):
    with connected(own_kb, slack):
        said = [slack.say("UANA", f"<@{BOT}> {HOLIDAY}")[0] for _ in range(6)]
        for ts in said:
            slack.edit("UANA", ts, f"<@{BOT}> Is there a VPN?")
            slack.edit("UANA", ts, f"<@{BOT}> {DAYS}")
        for ts in said:
            answered(slack, ts, "Wednesdays")
        settled(own_kb)
    assert ["Wednesdays" in shown(one) for ts in said for one in slack.replies(ts)] == [True] * len(said)


def test_what_becomes_a_question_for_sabio_by_an_edit_is_answered_and_a_link_that_unfolds_is_none(
    own_kb, socket_slack
):
    slack = socket_slack
    with connected(own_kb, slack):
        ts = slack.write("UANA", DAYS)["ts"]
        assert slack.edit("UANA", ts, f"{DAYS} Please!").acknowledged.wait(5)
        assert rows(own_kb, events) == []
        told = slack.edit("UANA", ts, f"<@{BOT}> {DAYS}")
        answered(slack, ts, "Wednesdays")
        unfolded = told.payload["event"]
        same = {**unfolded, "previous_message": unfolded["message"], "event_ts": slack.moment()}
        assert slack.deliver(same).acknowledged.wait(5)
        settled(own_kb)
        slack.edit("UANA", ts, f"<@{BOT}> sources")
        assert "handbook" in shown(answered(slack, ts, "answer from"))
    assert len(slack.replies(ts)) == 1


@pytest.mark.parametrize("others", [0, 1])
def test_the_answer_to_what_is_removed_is_removed_also_where_a_tombstone_stays(own_kb, slack, others):
    with connected(own_kb, slack):
        ts, _ = slack.say("UANA", f"<@{BOT}> {HOLIDAY}")
        answered(slack, ts, "24 days")
        for _ in range(others):
            slack.write("ULUIS", "Thanks!", thread=ts)
        slack.delete("UANA", ts)
        eventually(lambda: slack.replies(ts) == [])
        settled(own_kb)
    assert len(slack.messages["C1"]) == (2 if others else 1)


def test_what_is_removed_while_it_is_answered_leaves_no_message(own_kb, slack, model):
    with connected(own_kb, slack):
        ts, _ = slack.say("UANA", f"<@{BOT}> {DOGS}")
        slack.delete("UANA", ts)
        eventually(lambda: len(rows(own_kb, events)) == 2)
        settled(own_kb)
        other, _ = slack.say("UANA", f"<@{BOT}> {DOGS}")
        model.say_more()
        slack.await_reply(other, until=lambda one: WEDNESDAYS in shown(one))
        slack.delete("UANA", other)
        settled(own_kb)
        model.say_more()
        assert model.ended.wait(20)
        eventually(lambda: slack.posted() == [])
    assert rows(own_kb, questions) == []


def test_what_another_process_is_at_leaves_no_message_either(own_kb, socket_slack, model):
    slack = socket_slack
    with KnowledgeBase(own_kb.settings) as second, connected(own_kb, slack):
        ts, _ = slack.say("UANA", f"<@{BOT}> {DOGS}")
        model.say_more()
        slack.await_reply(ts, until=lambda one: WEDNESDAYS in shown(one))
        slack.mode = "http"
        with connected(second, slack):  # what is posted goes to this one only
            slack.delete("UANA", ts)
            eventually(lambda: slack.replies(ts) == [])
            model.say_more()
            assert model.ended.wait(20)
        settled(own_kb)
    assert slack.posted() == []
    assert rows(own_kb, questions) == []
