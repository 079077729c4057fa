"""What stands below an answer in Slack, and what it does when somebody presses it."""

import pytest

from ingest.ledger.tables import feedback
from tests.bot.platforms.slack.conftest import BANDS, HOLIDAY, connected, is_answer, rows, shown
from tests.slack import BOT
from tests.slack.blocks import is_whole

pytestmark = pytest.mark.usefixtures("loopback")


def asked(slack, text=HOLIDAY, user="UANA", channel="C1"):
    """The reply to a question in a channel."""
    ts, _ = slack.say(user, f"<@{BOT}> {text}", channel)
    return slack.await_reply(ts, channel, until=is_answer)


def test_a_thumb_up_is_kept_and_thanked_for(own_kb, slack):
    with connected(own_kb, slack):
        slack.click("ULUIS", asked(slack), "vote", value="positive")
        thanks = slack.await_private("ULUIS", until=is_whole)
    assert "anotado" in shown(thanks)
    [kept] = rows(own_kb, feedback)
    assert (kept.person, kept.up) == ("luis@acme.com", True)


def test_a_thumb_down_asks_what_was_wrong_and_keeps_it(own_kb, slack):
    with connected(own_kb, slack):
        slack.click("UANA", asked(slack), "vote", value="negative")
        form = slack.await_modal("UANA", until=lambda view: view["callback_id"] == "feedback")
        slack.submit("UANA", form, {"reason": "outdated", "comment": "It is 25 now."})
        slack.await_private("UANA", until=is_whole)
    [kept] = rows(own_kb, feedback)
    assert (kept.up, kept.reason, kept.comment) == (False, "outdated", "It is 25 now.")


def test_why_this_answer_shows_the_words_and_where_they_stand(own_kb, slack):
    with connected(own_kb, slack):
        slack.click("ULUIS", asked(slack), "why")
        view = slack.await_modal("ULUIS", until=lambda view: True)
    assert "Everybody has 24 days" in shown(view)


def test_what_a_channel_may_not_read_is_told_to_those_who_may(own_kb, slack):
    with connected(own_kb, slack):
        reply = asked(slack, BANDS)
        assert "41,000" not in str(reply)
        slack.click("UANA", reply, "privately")
        assert "41,000" in shown(slack.await_private("UANA", until=is_whole))
        slack.click("ULUIS", reply, "privately")
        assert "41,000" not in shown(slack.await_private("ULUIS", until=is_whole))


def test_what_was_asked_privately_can_be_shown_to_the_channel(own_kb, slack):
    with connected(own_kb, slack):
        slack.command("UANA", f"ask {HOLIDAY}")
        private = slack.await_private("UANA", until=is_whole)
        assert slack.posted() == []
        slack.click("UANA", private, "share")
        posted = slack.await_posted(until=is_whole)
    assert "Uana asked: “How many days of holiday" in shown(posted)
    assert "24 days" in shown(posted)


def test_what_not_everybody_in_the_channel_may_read_is_not_shown_to_it(own_kb, slack):
    with connected(own_kb, slack):
        slack.command("UANA", BANDS)
        private = slack.await_private("UANA", until=is_whole)
        assert "41,000" in shown(private)
        slack.click("UANA", private, "share")
        slack.await_private("UANA", until=lambda one: "not shown it" in shown(one))
    assert slack.posted() == []


def test_a_message_can_be_asked_about(own_kb, slack):
    with connected(own_kb, slack):
        ts = slack.write("ULUIS", HOLIDAY)["ts"]
        slack.shortcut("UANA", slack.find("C1", ts), "ask_about")
        assert "24 days" in shown(slack.await_private("UANA", until=is_whole))


def test_a_question_without_an_answer_is_passed_on_if_its_asker_agrees(own_kb, slack):
    slack.add_channel("C9", "ask-hr")
    question = "What is the wifi password of the canteen?"
    with connected(own_kb, slack, expert_channel="C9"):
        reply = asked(slack, question)
        slack.click("ULUIS", reply, "expert")
        assert "Solo la persona que preguntó" in shown(slack.await_private("ULUIS", until=is_whole))
        slack.click("UANA", reply, "expert")
        form = slack.await_modal("UANA", until=lambda view: view["callback_id"] == "expert")
        assert "#ask-hr" in shown(form)
        assert slack.posted("C9") == []
        slack.submit("UANA", form, {"note": "For guests."})
        posted = slack.await_posted("C9", until=is_whole)
    assert question in shown(posted)
    assert "For guests." in shown(posted)
