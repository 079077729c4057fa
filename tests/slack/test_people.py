"""What people do reaches an app as Slack sends it: seen by a real Bolt app, connected in both ways."""

import asyncio
import threading

import pytest
from slack_sdk.webhook import WebhookClient

from tests.slack import BOT
from tests.slack.blocks import text_of
from tests.slack.conftest import new_app, running, workspace


def plain(text):
    return {"type": "plain_text", "text": text}


BUTTON = {"type": "button", "action_id": "why", "value": "q-1", "text": plain("Why")}
THUMBS = {
    "type": "feedback_buttons",
    "action_id": "vote",
    "positive_button": {"text": plain("Good"), "value": "up"},
    "negative_button": {"text": plain("Bad"), "value": "down"},
}
BLOCKS = [
    {"type": "section", "block_id": "said", "text": plain("So it is.")},
    {"type": "context_actions", "elements": [THUMBS]},
    {"type": "actions", "block_id": "more", "elements": [BUTTON]},
]
FORM = {
    "type": "modal",
    "callback_id": "feedback",
    "title": plain("Feedback"),
    "submit": plain("Send"),
    "blocks": [
        {"type": "input", "block_id": "r", "label": plain("Reason"), "element": {
            "type": "radio_buttons", "action_id": "reason",
            "options": [{"text": plain("Wrong"), "value": "wrong"}, {"text": plain("Old"), "value": "old"}]}},
        {"type": "input", "block_id": "c", "optional": True, "label": plain("Comment"), "element": {
            "type": "plain_text_input", "action_id": "comment", "max_length": 20}},
    ],
}  # fmt: skip


class Heard:
    """What an app was told, for the test to wait for."""

    def __init__(self):
        self.bodies = []
        self._more = threading.Condition()

    def add(self, body):
        with self._more:
            self.bodies.append(body)
            self._more.notify_all()

    def all(self, count):
        with self._more:
            assert self._more.wait_for(lambda: len(self.bodies) >= count, 20), self.bodies
            return self.bodies

    def one(self):
        [body] = self.all(1)
        return body


def hears_events(app, heard, *kinds):
    async def hear(body):
        heard.add(body["event"])

    for kind in kinds:
        app.event(kind)(hear)


# Events


def test_a_mention_comes_as_two_events_where_both_are_subscribed(loopback):
    with workspace(both=True) as slack:
        app, heard = new_app(slack), Heard()
        hears_events(app, heard, "app_mention", "message")
        with running(app, slack):
            ts, _ = slack.say("UANA", f"<@{BOT}> Why?")
            slack.say("UANA", "Only to people")
            events = heard.all(3)
        kinds = sorted((one["type"], one["ts"] == ts) for one in events)
        assert kinds == [("app_mention", True), ("message", False), ("message", True)]
        ids = [one.payload["event_id"] for one in slack.deliveries]
        assert len(set(ids)) == 3


def test_an_edit_tells_what_it_was_and_what_it_is(slack, connected):
    app, heard = new_app(slack), Heard()
    hears_events(app, heard, "message")
    ts = slack.write("UANA", "Wy?")["ts"]
    with connected(app):
        assert slack.edit("UANA", ts, "Why?").acknowledged.wait(10)
        event = heard.one()
    assert event["subtype"] == "message_changed"
    assert (event["previous_message"]["text"], event["message"]["text"]) == ("Wy?", "Why?")
    assert event["message"]["ts"] == ts != event["ts"]


def test_what_is_deleted_is_gone_and_leaves_a_tombstone_where_others_replied(slack, connected, web_client):
    app, heard = new_app(slack), Heard()
    hears_events(app, heard, "message")
    alone, asked = slack.write("UANA", "One")["ts"], slack.write("UANA", "Two")["ts"]
    web_client.chat_postMessage(
        channel="C1", thread_ts=asked, text="So.", unfurl_links=False, unfurl_media=False
    )
    with connected(app):
        slack.delete("UANA", alone).acknowledged.wait(10)
        slack.delete("UANA", asked).acknowledged.wait(10)
        gone, replied = heard.all(2)
    assert (gone["subtype"], gone["deleted_ts"]) == ("message_deleted", alone)
    assert (replied["subtype"], replied["message"]["subtype"]) == ("message_changed", "tombstone")
    assert slack.find("C1", alone) is None
    assert slack.find("C1", asked)["text"] == "This message was deleted."


def test_opening_sabio_s_place_is_told_with_its_tab(slack, connected, web_client):
    app, heard = new_app(slack), Heard()
    hears_events(app, heard, "app_home_opened")
    web_client.views_publish(user_id="UANA", view={"type": "home", "blocks": BLOCKS[:1]})
    with connected(app):
        slack.open_home("UANA")
        slack.open_home("UANA", "messages")
        first, second = sorted(heard.all(2), key=lambda one: one["event_ts"])
    assert (first["tab"], first["view"]["id"]) == ("home", slack.home("UANA")["id"])
    assert (second["tab"], second["channel"]) == ("messages", slack.direct("UANA"))


def test_stop_ends_the_streams_of_the_thread_and_is_told(slack, connected, web_client):
    app, heard = new_app(slack), Heard()
    hears_events(app, heard, "agent_session_stopped")
    asked = slack.write("UANA", "Why?", "D1")["ts"]
    ts = web_client.chat_startStream(channel="D1", thread_ts=asked, markdown_text="Because")["ts"]
    web_client.agents_sessions_setStatus(channel_id="D1", thread_ts=asked, status="processing")
    with connected(app):
        slack.stop_session("UANA", "D1", asked)
        event = heard.one()
    assert (event["thread_ts"], event["streaming_message_ts"]) == (asked, [ts])
    with pytest.raises(Exception, match="stopped_by_user"):
        web_client.chat_appendStream(channel="D1", ts=ts, markdown_text="x")
    assert slack.sessions["D1", asked]["status"] == "processing"
    web_client.chat_update(channel="D1", ts=ts, text="Stopped.")


# Commands and clicks


def test_a_command_is_answered_privately_in_its_acknowledgement(slack, connected):
    app, heard = new_app(slack), Heard()

    @app.command("/sabio")
    async def answer(ack, command):
        heard.add(command)
        await ack("Working on it")

    with connected(app):
        delivery = slack.command("UANA", "status")
        said = slack.await_private("UANA", until=lambda one: one["text"] == "Working on it")
    assert heard.one()["text"] == "status"
    assert heard.one()["channel_name"] == "general"
    assert delivery.took is not None
    assert said["channel"] == "C1"
    assert slack.posted("C1") == slack.problems == []


def test_a_click_tells_where_it_was_and_opens_a_modal_that_can_be_sent(slack, connected, web_client):
    app, heard = new_app(slack), Heard()

    @app.action("vote")
    async def ask(ack, body, client):
        await ack()
        heard.add(body)
        await client.views_open(trigger_id=body["trigger_id"], view=FORM)

    @app.view("feedback")
    async def take(ack, view):
        comment = view["state"]["values"]["c"]["comment"]["value"]
        await (ack() if comment else ack(response_action="errors", errors={"c": "Say more"}))
        heard.add(view)

    posted = web_client.chat_postMessage(
        channel="C1", text="So.", blocks=BLOCKS, unfurl_links=False, unfurl_media=False
    )
    with connected(app):
        assert slack.click("UANA", posted["message"], "vote", value="negative").acknowledged.wait(10)
        form = slack.await_modal("UANA", until=bool)
        with pytest.raises(AssertionError, match="reason must be filled"):
            slack.submit("UANA", form, {})
        slack.submit("UANA", form, {"reason": "old"}).acknowledged.wait(10)
        assert slack.modal("UANA")["errors"] == {"c": "Say more"}
        slack.submit("UANA", form, {"reason": "old", "comment": "See page 2"}).acknowledged.wait(10)
        clicked, _, sent = heard.all(3)
    assert clicked["actions"][0]["value"] == "down"
    assert clicked["actions"][0]["type"] == "feedback_buttons"
    assert (clicked["message"]["ts"], clicked["container"]["is_ephemeral"]) == (posted["ts"], False)
    assert sent["state"]["values"]["r"]["reason"]["selected_option"]["value"] == "old"
    assert slack.modal("UANA") is None
    assert slack.problems == []


def test_a_response_url_changes_what_one_person_sees_and_is_good_five_times(slack, connected, web_client):
    app, heard = new_app(slack), Heard()

    @app.action("why")
    async def hear(ack, body):
        await ack()
        heard.add(body)

    web_client.chat_postEphemeral(channel="C1", user="UANA", text="So.", blocks=BLOCKS)
    with connected(app):
        slack.click("UANA", slack.private("UANA")[0], "why")
        body = heard.one()
    assert "message" not in body
    assert body["container"]["is_ephemeral"]
    url = WebhookClient(body["response_url"])
    url.send(text="Because.", replace_original=True)
    assert [text_of(one) or one["text"] for one in slack.private("UANA")] == ["Because."]
    url.send_dict({"text": "For all", "response_type": "in_channel", "thread_ts": "1.1"})
    assert slack.posted("C1")[0]["thread_ts"] == "1.1"
    url.send(text="More", response_type="ephemeral")
    url.send(delete_original=True)
    assert [one["text"] for one in slack.private("UANA")] == ["More"]
    assert url.send(text="5").status_code == 200
    assert url.send(text="6").status_code == 404
    assert slack.problems == ["used_url"]
    slack.response_urls["R1"].began -= 31 * 60
    assert url.send(text="7").body.count("expired_url") == 1


def test_a_button_of_the_home_tab_tells_its_view_and_no_channel(slack, connected, web_client):
    app, heard = new_app(slack), Heard()

    @app.action("why")
    async def hear(ack, body):
        await ack()
        heard.add(body)

    web_client.views_publish(user_id="UANA", view={"type": "home", "blocks": BLOCKS[2:]})
    with connected(app):
        slack.click("UANA", slack.home("UANA"), "why")
        body = heard.one()
    assert body["view"]["type"] == "home"
    assert body["container"]["view_id"] == body["view"]["id"]
    assert not {"channel", "message", "response_url"} & body.keys()


def test_a_shortcut_tells_the_message_that_it_was_chosen_on(slack, connected):
    app, heard = new_app(slack), Heard()

    @app.shortcut("ask_sabio")
    async def hear(ack, body):
        await ack()
        heard.add(body)

    ts = slack.write("ULUIS", "How many days?")["ts"]
    with connected(app):
        slack.shortcut("UANA", slack.find("C1", ts), "ask_sabio")
        body = heard.one()
    assert (body["type"], body["message"]["text"], body["user"]["id"]) == (
        "message_action",
        "How many days?",
        "UANA",
    )


def test_a_command_that_is_not_acknowledged_in_time_fails_before_the_person_and_never_comes_again(
    slack, connected, monkeypatch
):
    monkeypatch.setattr("tests.slack.delivery.PATIENCE", 0.3)
    app, heard = new_app(slack), Heard()

    @app.command("/sabio")
    async def dawdle(ack, command):
        heard.add(command)
        await asyncio.sleep(0.6)
        await ack("Too late")

    with connected(app):
        delivery = slack.command("UANA", "status")
        said = slack.await_private("UANA", until=bool)
        heard.one()
    assert delivery.failed == "operation_timeout"
    assert "operation_timeout" in said["text"]
    assert slack.problems == ["operation_timeout: /sabio"]
    assert len(delivery.envelopes) == len(slack.private("UANA")) == 1
