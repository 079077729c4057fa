"""Sabio in Slack: the real Bolt stack in both of its modes, against a Slack that checks what it is sent."""

import json
import time
from contextlib import contextmanager
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from bot.platforms import slack as platform
from bot.platforms.slack import Slack
from config.errors import ConfigError, UnavailableError
from config.sections import SlackSettings
from ingest.knowledge import KnowledgeBase
from ingest.ledger import inbox, now
from ingest.ledger.tables import events, questions
from tests.slack import APP_TOKEN, BOT, BOT_TOKEN, SIGNING_SECRET, TEAM, FakeSlack, signed
from tests.slack.blocks import text_of
from workers.probes import Probes

pytestmark = pytest.mark.usefixtures("loopback")

HOLIDAY = "How many days of holiday does everybody have?"
BANDS = "Where does band three start?"


@contextmanager
def workspace():
    with FakeSlack() as slack:
        slack.add_person("UANA", "ana@acme.com")
        slack.add_person("ULUIS", "luis@acme.com", locale="es-ES")
        yield slack
    assert slack.problems == []


@pytest.fixture(params=["socket", "http"])
def slack(request):
    """A workspace that delivers its events in one of the two ways."""
    with workspace() as slack:
        slack.mode = request.param
        yield slack


@pytest.fixture
def socket_slack():
    """A workspace that delivers its events over connections."""
    with workspace() as slack:
        slack.mode = "socket"
        yield slack


@contextmanager
def connected(kb, slack, **changed):
    given = {"mode": slack.mode, "api_url": slack.api_url, "bot_token": BOT_TOKEN}
    given |= {"app_token": APP_TOKEN} if slack.mode == "socket" else {"signing_secret": SIGNING_SECRET}
    kb.settings = kb.settings.model_copy(update={"slack": SlackSettings.model_validate(given | changed)})
    sabio = Slack(kb)
    server = Probes("127.0.0.1", 0, posts={"/slack/events": sabio.respond})
    try:
        _, port = server.start()
        if slack.mode == "http":
            slack.post_to(f"http://127.0.0.1:{port}/slack/events")
        sabio.start()
        yield port
    finally:
        sabio.stop()
        server.stop()


def answered(reply):
    return "blocks" in reply


def rows(kb, table):
    with kb.ledger.read() as ledger:
        return ledger.execute(table.select()).all()


def test_a_mention_is_answered_in_its_thread_with_the_words_it_rests_on_and_a_link(own_kb, slack):
    with connected(own_kb, slack):
        asked, delivery = slack.say("UANA", f"<@{BOT}> {HOLIDAY}")
        reply = slack.await_reply(asked, until=answered)
    said = text_of(reply)
    assert "Everybody has 24 days of holiday a year. [1]" in said
    assert "<https://wiki.acme.com/holidays.md" in said
    assert "24 days" in reply["text"]
    assert delivery.took < 3
    [kept] = rows(own_kb, questions)
    assert (kept.person, kept.platform, kept.text) == ("ana@acme.com", "slack", HOLIDAY)
    assert kept.thread == f"slack:{TEAM}/C1/{asked}"


def test_people_see_at_once_that_they_were_heard_in_their_own_language(own_kb, slack, monkeypatch):
    handle = platform.handle

    def slowly(*given):
        time.sleep(0.5)
        return handle(*given)

    monkeypatch.setattr(platform, "handle", slowly)
    with connected(own_kb, slack):
        asked, _ = slack.say("ULUIS", HOLIDAY, "D2")
        first = slack.await_reply(asked, "D2", until=lambda one: not answered(one))
        assert first["text"] == "Lo estoy buscando…"
        last = slack.await_reply(asked, "D2", until=answered)
    assert last["ts"] == first["ts"]


def test_only_what_everyone_may_read_is_shown_in_a_channel_and_the_rest_privately(own_kb, slack):
    with connected(own_kb, slack):
        asked, _ = slack.say("UANA", f"<@{BOT}> {BANDS}")
        reply = slack.await_reply(asked, until=answered)
        assert "41,000" not in str(reply)
        assert "not everyone here may read it" in text_of(reply)
        alone, _ = slack.say("UANA", BANDS, "D1")
        assert "41,000" in text_of(slack.await_reply(alone, "D1", until=answered))
        other, _ = slack.say("ULUIS", BANDS, "D2")
        assert "41,000" not in str(slack.await_reply(other, "D2", until=answered))


def test_a_follow_up_in_the_thread_stands_on_the_question_before(own_kb, slack):
    with connected(own_kb, slack):
        asked, _ = slack.say("UANA", "On which days may dogs come to the office?", "D1")
        slack.await_reply(asked, "D1", until=answered)
        again, _ = slack.say("UANA", "And in corridors?", "D1", thread=asked)
        reply = slack.await_reply(asked, "D1", until=lambda one: answered(one) and one["ts"] > again)
    assert "on a lead" in text_of(reply)


def test_in_a_thread_that_it_is_part_of_a_question_needs_no_mention(own_kb, slack):
    in_channel = {"type": "message", "channel_type": "channel"}
    with connected(own_kb, slack):
        asked, _ = slack.say("UANA", f"<@{BOT}> On which days may dogs come to the office?")
        slack.await_reply(asked, until=answered)
        for text in ("I see, thank you.", "<@UANA> did you know that?"):
            _, delivery = slack.say("ULUIS", text, thread=asked, **in_channel)
            assert delivery.acknowledged.wait(5)
        elsewhere = slack.write("ULUIS", "Lunch?")["ts"]
        _, delivery = slack.say("ULUIS", "And in corridors?", thread=elsewhere, **in_channel)
        assert delivery.acknowledged.wait(5)
        again, _ = slack.say("ULUIS", "And in corridors?", thread=asked, **in_channel)
        reply = slack.await_reply(asked, until=lambda one: answered(one) and one["ts"] > again)
    assert "on a lead" in text_of(reply)
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
        reply = slack.await_reply(asked, until=answered)
    assert "24 days" not in str(reply)
    assert "full members of this workspace only" in text_of(reply)
    assert rows(own_kb, questions) == []


def test_an_address_that_nobody_confirmed_is_nobodys(own_kb, slack):
    slack.add_person("UEVE", "ana@acme.com", is_email_confirmed=False)
    with connected(own_kb, slack):
        asked, _ = slack.say("UEVE", BANDS, "D3")
        assert "41,000" not in str(slack.await_reply(asked, "D3", until=answered))


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
        _, delivery = slack.say("UANA", f"<@{BOT}> {HOLIDAY}", **event)
        assert delivery.acknowledged.wait(5)
        assert rows(own_kb, events) == []


# Delivery


def test_an_event_that_is_delivered_again_is_answered_once(own_kb, slack):
    with connected(own_kb, slack):
        event = slack.write("UANA", f"<@{BOT}> {HOLIDAY}")
        for delivery in [slack.deliver(event) for _ in range(4)]:
            assert delivery.acknowledged.wait(5)
        slack.await_reply(event["ts"], until=answered)
        assert slack.deliver(event).acknowledged.wait(5)
        time.sleep(0.3)
    assert len(slack.replies(event["ts"])) == 1
    assert len(rows(own_kb, questions)) == 1


def test_two_processes_share_the_events_and_answer_each_once(own_kb, socket_slack):
    with (
        KnowledgeBase(own_kb.settings) as second,
        connected(own_kb, socket_slack),
        connected(second, socket_slack),
    ):
        socket_slack.await_connections(2)
        said = [socket_slack.say("UANA", f"<@{BOT}> {HOLIDAY}")[0] for _ in range(12)]
        for asked in said:
            socket_slack.await_reply(asked, until=answered)
    assert [len(socket_slack.replies(asked)) for asked in said] == [1] * 12


def test_what_a_process_left_is_answered_by_the_next_in_the_message_that_was_begun(own_kb, slack):
    """As after a kill: acknowledged and kept, or posted without its being noted, and no process alive."""
    ids = []
    for number in range(2):
        event = slack.write("UANA", f"<@{BOT}> {HOLIDAY}")
        id_ = f"slack:{TEAM}/C1/{event['ts']}"
        with own_kb.ledger.write() as ledger:
            inbox.receive(ledger, id_, "slack", {"team": TEAM} | event)
            if number:
                inbox.take(ledger, id_, "elsewhere/1/1/killed", 0)
                metadata = {"event_payload": {"id": id_}}
                begun = {"ts": f"{event['ts']}9", "thread_ts": event["ts"], "user": BOT, "text": "…"}
                slack.messages["C1"].append(begun | {"metadata": metadata})
        ids.append(event["ts"])
    with connected(own_kb, slack):
        for asked in ids:
            slack.await_reply(asked, until=answered)
    assert [len(slack.replies(asked)) for asked in ids] == [1, 1]
    assert all(row.done_at and row.done_at <= now() for row in rows(own_kb, events))


def test_a_slack_that_throttles_or_fails_is_waited_for_and_the_answer_comes(own_kb, slack, monkeypatch):
    monkeypatch.setattr(platform, "_RETRY", (0.1,))
    monkeypatch.setattr(platform, "LOOK", 0.1)
    slack.answer_next("chat.postMessage", "ratelimited", status=429, Retry_After="1")
    slack.answer_next("chat.update", "internal_error", times=2)
    with connected(own_kb, slack):
        asked, _ = slack.say("UANA", f"<@{BOT}> {HOLIDAY}")
        slack.await_reply(asked, until=answered)
    assert len(slack.replies(asked)) == 1


def test_where_the_message_or_the_channel_is_gone_nothing_is_tried_for_ever(own_kb, slack):
    slack.answer_next("chat.update", "message_not_found")
    with connected(own_kb, slack):
        slack.say("UANA", f"<@{BOT}> {HOLIDAY}")
        end = time.monotonic() + 20
        while not all(row.done_at for row in rows(own_kb, events)) or not rows(own_kb, events):
            assert time.monotonic() < end
            time.sleep(0.05)


def test_a_connection_that_slack_closes_is_opened_again(own_kb, socket_slack):
    with connected(own_kb, socket_slack):
        socket_slack.disconnect()
        asked, delivery = socket_slack.say("UANA", f"<@{BOT}> {HOLIDAY}")
        socket_slack.await_reply(asked, until=answered)
        assert delivery.acknowledged.wait(5)
    assert len(socket_slack.replies(asked)) == 1


def test_an_event_is_not_acknowledged_before_it_is_kept(own_kb, slack, monkeypatch):
    receive, failing = inbox.receive, [True]

    def broken(*given):
        if failing:
            failing.pop()
            raise UnavailableError("the ledger is down")
        return receive(*given)

    monkeypatch.setattr(platform.inbox, "receive", broken)
    with connected(own_kb, slack):
        asked, delivery = slack.say("UANA", f"<@{BOT}> {HOLIDAY}")
        slack.await_reply(asked, until=answered)
    assert len(delivery.envelopes) == 2


# Tokens


@pytest.mark.parametrize(
    ("token", "wrong", "told"),
    [
        ("bot_token", "xoxb-old", "SLACK_BOT_TOKEN"),
        ("app_token", "xapp-old", "SLACK_APP_TOKEN"),
        ("bot_token", APP_TOKEN, "xoxb-"),
    ],
)
def test_a_token_that_is_not_right_is_told_with_its_name(own_kb, socket_slack, token, wrong, told):
    with pytest.raises(ConfigError, match=told), connected(own_kb, socket_slack, **{token: wrong}):
        pass


def test_a_slack_that_is_not_there_yet_is_waited_for(own_kb, slack, monkeypatch):
    monkeypatch.setattr(platform, "_RETRY", (0.1,))
    slack.answer_next("auth.test", status=503, times=3)
    with connected(own_kb, slack):
        asked, _ = slack.say("UANA", f"<@{BOT}> {HOLIDAY}")
        slack.await_reply(asked, until=answered)


# What is posted


def post(port, body, headers):
    request = Request(f"http://127.0.0.1:{port}/slack/events", body.encode(), headers, method="POST")
    try:
        with urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def test_only_what_slack_has_signed_just_now_is_taken(own_kb):
    body = json.dumps({"type": "url_verification", "challenge": "c-1"})
    with workspace() as slack:
        slack.mode = "http"
        with connected(own_kb, slack) as port:
            as_json = {"Content-Type": "application/json"}
            status, said = post(port, body, as_json | signed(body))
            assert (status, "c-1" in said) == (200, True)
            for headers in ({}, signed(body, "another secret"), signed(body, age=600), signed(body + " ")):
                assert post(port, body, as_json | headers)[0] == 401
        assert post_after_the_end(own_kb, slack, body) == 503


def post_after_the_end(kb, slack, body):
    sabio = Slack(kb)
    return sabio.respond(body.encode(), signed(body))[0]
