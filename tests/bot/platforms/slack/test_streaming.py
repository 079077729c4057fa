"""An answer that people see grow, and what becomes of it where Slack does not stream or ends it early."""

import pytest

from bot.platforms import _deliveries
from bot.platforms._slack import stream
from tests.bot.platforms.slack.conftest import HOLIDAY, called, connected, settled, shown
from tests.bot.platforms.slack.slowly import CORRIDORS, DOGS, WEDNESDAYS, Slowly, word_by
from tests.slack import BOT
from tests.slack.blocks import is_whole

pytestmark = pytest.mark.usefixtures("loopback")


@pytest.fixture
def model(own_kb, monkeypatch):
    monkeypatch.setattr(stream, "FLUSH", 0.05)
    return word_by(own_kb, Slowly())


def test_what_is_read_and_each_sentence_are_shown_as_soon_as_they_are_known(own_kb, slack, model):
    with connected(own_kb, slack):
        ts, _ = slack.say("UANA", f"<@{BOT}> {DOGS}")
        first = slack.await_reply(ts, until=lambda one: one["streaming_state"] == "in_progress")
        [plan] = first["blocks"]
        assert (plan["type"], plan["title"]) == ("plan", "I am looking for it …")
        [task] = plan["tasks"]
        assert (task["status"], "sources" in task) == ("in_progress", False)
        assert model.begun.wait(20)
        assert slack.sessions["C1", ts]["status"] == "processing"
        model.say_more()
        half = slack.await_reply(ts, until=lambda one: WEDNESDAYS in shown(one))
        assert CORRIDORS not in shown(half)
        [source] = half["blocks"][0]["tasks"][0]["sources"]
        assert source["url"].startswith("https://wiki.acme.com/dogs.md")
        model.say_more()
        whole = slack.await_reply(ts, until=lambda one: is_whole(one) and CORRIDORS in shown(one))
        settled(own_kb)
    assert whole["ts"] == first["ts"]
    assert "1 source" in shown(whole)
    assert "vote" in str(whole["blocks"])
    assert slack.sessions["C1", ts]["status"] == "active"
    assert len(slack.replies(ts)) == 1


def test_a_stream_that_has_died_of_its_age_ends_as_a_whole_message(own_kb, socket_slack, model):
    slack = socket_slack
    with connected(own_kb, slack):
        ts, _ = slack.say("UANA", f"<@{BOT}> {DOGS}")
        model.say_more()
        slack.await_reply(ts, until=lambda one: WEDNESDAYS in shown(one))
        slack.expire_streams()
        model.say_more()
        whole = slack.await_reply(ts, until=lambda one: is_whole(one) and CORRIDORS in shown(one))
        settled(own_kb)
    assert slack.sessions["C1", ts]["status"] == "active"
    assert WEDNESDAYS in shown(whole)
    assert "vote" in str(whole["blocks"])
    assert len(slack.replies(ts)) == 1


@pytest.mark.parametrize(
    ("error", "how"),
    [("unknown_method", {}), ("ratelimited", {"status": 429, "Retry_After": "30"})],
)
def test_where_slack_does_not_stream_a_message_is_posted_at_once_and_filled(
    own_kb, socket_slack, model, error, how
):
    slack = socket_slack
    slack.answer_next("chat.startStream", error, **how)
    with connected(own_kb, slack):
        ts, _ = slack.say("UANA", f"<@{BOT}> {DOGS}")
        first = slack.await_reply(ts, until=lambda one: True, seconds=10)
        assert first["text"] == "I am looking for it …"
        model.say_more(2)
        whole = slack.await_reply(ts, until=is_whole)
        settled(own_kb)
    assert slack.sessions["C1", ts]["status"] == "active"
    assert (whole["ts"], called(slack, "chat.startStream")) == (first["ts"], 1)
    assert CORRIDORS in shown(whole)


def test_a_stream_that_slack_throttles_shows_the_answer_at_its_end(own_kb, socket_slack, model):
    slack = socket_slack
    slack.answer_next("chat.appendStream", "msg_too_long")
    with connected(own_kb, slack):
        ts, _ = slack.say("UANA", f"<@{BOT}> {DOGS}")
        model.say_more(2)
        assert CORRIDORS in shown(slack.await_reply(ts, until=is_whole))
        settled(own_kb)
    assert slack.sessions["C1", ts]["status"] == "active"


@pytest.mark.parametrize(
    "method", ["chat.startStream", "chat.appendStream", "chat.stopStream", "chat.postMessage", "chat.update"]
)
def test_an_answer_of_slacks_that_is_lost_on_its_way_leads_to_no_second_message(
    own_kb, slack, monkeypatch, method
):
    monkeypatch.setattr(_deliveries, "_RETRY", (0.1,))
    monkeypatch.setattr(_deliveries, "LOOK", 0.1)
    if method in ("chat.postMessage", "chat.update"):
        slack.answer_next("chat.startStream", "unknown_method", times=2)
    slack.lose_answer(method)
    with connected(own_kb, slack):
        ts, _ = slack.say("UANA", f"<@{BOT}> {HOLIDAY}")
        whole = slack.await_reply(ts, until=is_whole)
        settled(own_kb)
    assert shown(whole).count("Everybody has 24 days of holiday a year. [1]") == 1
    assert "vote" in str(whole["blocks"])
    assert len(slack.replies(ts)) == 1
