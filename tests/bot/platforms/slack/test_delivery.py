"""What Slack delivers is answered once, whatever goes wrong on the way."""

import asyncio
import json
import time
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from bot.platforms import _deliveries
from bot.platforms.slack import Slack
from config.errors import ConfigError, UnavailableError
from ingest.knowledge import KnowledgeBase
from ingest.ledger import inbox, now
from ingest.ledger.tables import events, questions
from tests.bot.platforms.slack.conftest import HOLIDAY, connected, fail_to_keep, rows, workspace
from tests.slack import APP_TOKEN, BOT, TEAM, signed
from tests.slack.blocks import is_whole
from workers.event_loop import EventLoop

pytestmark = pytest.mark.usefixtures("loopback")


def test_an_event_that_is_delivered_again_is_answered_once(own_kb, slack):
    with connected(own_kb, slack):
        event = slack.write("UANA", f"<@{BOT}> {HOLIDAY}")
        for delivery in [slack.deliver(event) for _ in range(4)]:
            assert delivery.acknowledged.wait(5)
        slack.await_reply(event["ts"], until=is_whole)
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
            socket_slack.await_reply(asked, until=is_whole)
    assert [len(socket_slack.replies(asked)) for asked in said] == [1] * 12


def test_what_a_process_left_is_answered_by_the_next_in_the_message_that_was_begun(own_kb, slack):
    """As after a kill: acknowledged and kept, or posted without its being noted, and no process alive."""
    ids = []
    for number in range(2):
        event = slack.write("UANA", f"<@{BOT}> {HOLIDAY}")
        id_ = f"slack:{TEAM}/C1/{event['ts']}"
        with own_kb.ledger.write() as ledger:
            content = {"kind": "question", "way": "thread", "team": TEAM, **event, "text": HOLIDAY}
            inbox.receive(ledger, id_, "slack", content)
            if number:
                inbox.take(ledger, id_, "elsewhere/1/1/killed", 0)
                metadata = {"event_payload": {"id": id_}}
                begun = {"ts": f"{event['ts']}9", "thread_ts": event["ts"], "user": BOT, "text": "…"}
                slack.messages["C1"].append(begun | {"metadata": metadata})
        ids.append(event["ts"])
    with connected(own_kb, slack):
        for asked in ids:
            slack.await_reply(asked, until=is_whole)
    assert [len(slack.replies(asked)) for asked in ids] == [1, 1]
    assert all(row.done_at and row.done_at <= now() for row in rows(own_kb, events))


def test_a_slack_that_throttles_or_fails_is_waited_for_and_the_answer_comes(own_kb, slack, monkeypatch):
    monkeypatch.setattr(_deliveries, "_RETRY", (0.1,))
    monkeypatch.setattr(_deliveries, "LOOK", 0.1)
    slack.answer_next("chat.postMessage", "ratelimited", status=429, Retry_After="1")
    slack.answer_next("chat.update", "internal_error", times=2)
    with connected(own_kb, slack):
        asked, _ = slack.say("UANA", f"<@{BOT}> {HOLIDAY}")
        slack.await_reply(asked, until=is_whole)
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
        socket_slack.await_reply(asked, until=is_whole)
        assert delivery.acknowledged.wait(5)
    assert len(socket_slack.replies(asked)) == 1


def test_an_event_is_not_acknowledged_before_it_is_kept(own_kb, slack, monkeypatch):
    fail_to_keep(monkeypatch).append(True)
    with connected(own_kb, slack):
        asked, delivery = slack.say("UANA", f"<@{BOT}> {HOLIDAY}")
        slack.await_reply(asked, until=is_whole)
    assert len(delivery.envelopes) == 2


def test_what_was_begun_when_the_ledger_went_down_is_ended_when_it_is_back(own_kb, slack, monkeypatch):
    """Its message is there and could not be noted; nobody prolongs the lease of what failed so."""
    for name, seconds in {"LOOK": 0.1, "LEASE": 1.0}.items():
        monkeypatch.setattr(_deliveries, name, seconds)

    def broken_once(name, change):
        def broken(*given):
            monkeypatch.setattr(inbox, name, change)
            raise UnavailableError("the ledger is down")

        monkeypatch.setattr(inbox, name, broken)

    for name in ("begin_reply", "give_back"):
        broken_once(name, getattr(inbox, name))
    with connected(own_kb, slack):
        asked, _ = slack.say("UANA", f"<@{BOT}> {HOLIDAY}")
        begun = slack.await_reply(asked, until=lambda one: True)
        whole = slack.await_reply(asked, until=is_whole)
    assert whole["ts"] == begun["ts"]
    assert len(slack.replies(asked)) == 1


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
    monkeypatch.setattr(_deliveries, "_RETRY", (0.1,))
    slack.answer_next("auth.test", status=503, times=3)
    with connected(own_kb, slack):
        asked, _ = slack.say("UANA", f"<@{BOT}> {HOLIDAY}")
        slack.await_reply(asked, until=is_whole)


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
    sabio = Slack(kb, EventLoop())
    return asyncio.run(sabio.respond(body.encode(), signed(body)))[0]
