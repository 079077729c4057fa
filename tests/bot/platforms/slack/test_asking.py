"""Sabio in Slack: people ask, and are answered; by the real Bolt stack in both of its modes."""

import time

import pytest

from bot.platforms._slack import answers
from ingest.ledger.tables import events, questions
from tests.bot.platforms.slack.conftest import BANDS, HOLIDAY, connected, rows, shown
from tests.slack import BOT, TEAM
from tests.slack.blocks import is_whole

pytestmark = pytest.mark.usefixtures("loopback")


def test_a_mention_is_answered_in_its_thread_with_the_words_it_rests_on_and_a_link(own_kb, slack):
    with connected(own_kb, slack):
        asked, delivery = slack.say("UANA", f"<@{BOT}> {HOLIDAY}")
        reply = slack.await_reply(asked, until=is_whole)
    assert "Everybody has 24 days of holiday a year. [1]" in shown(reply)
    assert "<https://wiki.acme.com/holidays.md" in shown(reply)
    assert "24 days" in reply["text"]
    assert delivery.took < 3
    [kept] = rows(own_kb, questions)
    assert (kept.person, kept.platform, kept.text) == ("ana@acme.com", "slack", HOLIDAY)
    assert kept.thread == f"slack:{TEAM}/C1/{asked}"


def test_people_see_at_once_that_they_were_heard_in_their_own_language(own_kb, slack, monkeypatch):
    handle = answers.handle

    def slowly(*given):
        time.sleep(0.5)
        return handle(*given)

    monkeypatch.setattr(answers, "handle", slowly)
    with connected(own_kb, slack):
        asked, _ = slack.say("ULUIS", HOLIDAY, "D2")
        first = slack.await_reply(asked, "D2", until=lambda one: not is_whole(one))
        assert "Lo estoy buscando…" in shown(first)
        last = slack.await_reply(asked, "D2", until=is_whole)
    assert last["ts"] == first["ts"]


def test_a_greeting_is_answered_without_a_word_of_a_search(own_kb, socket_slack):
    slack = socket_slack
    with connected(own_kb, slack):
        asked, _ = slack.say("UANA", "What can you do?", "D1")
        reply = slack.await_reply(asked, "D1", until=lambda one: "I answer questions" in shown(one))
    assert {block["type"] for block in reply["blocks"]} == {"section"}


def test_only_what_everyone_may_read_is_shown_in_a_channel_and_the_rest_privately(own_kb, slack):
    with connected(own_kb, slack):
        asked, _ = slack.say("UANA", f"<@{BOT}> {BANDS}")
        reply = slack.await_reply(asked, until=is_whole)
        assert "41,000" not in str(reply)
        assert "not everyone here may read it" in shown(reply)
        alone, _ = slack.say("UANA", BANDS, "D1")
        assert "41,000" in shown(slack.await_reply(alone, "D1", until=is_whole))
        other, _ = slack.say("ULUIS", BANDS, "D2")
        assert "41,000" not in str(slack.await_reply(other, "D2", until=is_whole))


def test_a_follow_up_in_the_thread_stands_on_the_question_before(own_kb, slack):
    with connected(own_kb, slack):
        asked, _ = slack.say("UANA", "On which days may dogs come to the office?", "D1")
        slack.await_reply(asked, "D1", until=is_whole)
        again, _ = slack.say("UANA", "And in corridors?", "D1", thread=asked)
        reply = slack.await_reply(asked, "D1", until=lambda one: is_whole(one) and one["ts"] > again)
    assert "on a lead" in shown(reply)


def test_in_a_thread_that_it_is_part_of_a_question_needs_no_mention(own_kb, slack):
    in_channel = {"type": "message", "channel_type": "channel"}
    with connected(own_kb, slack):
        asked, _ = slack.say("UANA", f"<@{BOT}> On which days may dogs come to the office?")
        slack.await_reply(asked, until=is_whole)
        for text in ("I see, thank you.", "<@UANA> did you know that?"):
            _, delivery = slack.say("ULUIS", text, thread=asked, **in_channel)
            assert delivery.acknowledged.wait(5)
        elsewhere = slack.write("ULUIS", "Lunch?")["ts"]
        _, delivery = slack.say("ULUIS", "And in corridors?", thread=elsewhere, **in_channel)
        assert delivery.acknowledged.wait(5)
        again, _ = slack.say("ULUIS", "And in corridors?", thread=asked, **in_channel)
        reply = slack.await_reply(asked, until=lambda one: is_whole(one) and one["ts"] > again)
    assert "on a lead" in shown(reply)
    assert len(slack.replies(asked)) == 2
    assert slack.replies(elsewhere) == []


@pytest.mark.parametrize(
    "changed",
    [{"is_restricted": True}, {"is_ultra_restricted": True}, {"is_stranger": True}, {"team_id": "T2"}],
)
def test_guests_and_people_of_other_companies_are_told_that_they_are_not_answered(own_kb, slack, changed):
    slack.add_person("UEVE", "eve@acme.com", **changed)
    with connected(own_kb, slack):
        asked, _ = slack.say("UEVE", f"<@{BOT}> {HOLIDAY}")
        reply = slack.await_reply(asked, until=is_whole)
    assert "24 days" not in str(reply)
    assert "full members of this workspace only" in shown(reply)
    assert [row.outcome for row in rows(own_kb, questions)] == ["not_allowed"]


def test_an_address_that_nobody_confirmed_is_nobodys(own_kb, slack):
    slack.add_person("UEVE", "ana@acme.com", is_email_confirmed=False)
    with connected(own_kb, slack):
        asked, _ = slack.say("UEVE", BANDS, "D3")
        assert "41,000" not in str(slack.await_reply(asked, "D3", until=is_whole))


@pytest.mark.parametrize(
    "event",
    [
        {"bot_id": "B7"},
        {"subtype": "message_changed"},
        {"subtype": "message_deleted"},
        {"type": "message", "channel_type": "channel"},
        {"type": "reaction_added"},
    ],
)
def test_bots_edits_and_what_is_said_to_others_are_acknowledged_and_left_alone(own_kb, slack, event):
    with connected(own_kb, slack):
        _, delivery = slack.say("UANA", HOLIDAY, **event)
        assert delivery.acknowledged.wait(5)
        assert rows(own_kb, events) == []
