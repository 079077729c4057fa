"""The page of the fake, in Chromium: what is streamed is seen as it comes, and what is clicked is done."""

import re

import pytest
from playwright.sync_api import expect

from tests.slack import BOT, TEAM
from tests.slack.conftest import new_app, running
from tests.slack.test_people import BLOCKS, FORM, Heard, hears_events, plain


def test_a_person_asks_in_a_channel_and_sees_the_answer_grow_in_the_thread(slack, web_client, open_page):
    app, heard = new_app(slack), Heard()
    hears_events(app, heard, "app_mention", "message")
    page = open_page(slack.client_url("UANA"))
    with running(app, slack):
        page.get_by_placeholder("Message #general").fill("@Sabio is 1 < 2 & why?")
        page.keyboard.press("Enter")
        asked = heard.all(2)[0]
    assert asked["text"] == f"<@{BOT}> is 1 &lt; 2 &amp; why?"
    ts = asked["ts"]
    begun = [{"type": "task_update", "id": "a", "title": "Reading the wiki", "status": "in_progress"}]
    named = {"recipient_team_id": TEAM, "recipient_user_id": "UANA", "task_display_mode": "plan"}
    stream = web_client.chat_startStream(channel="C1", thread_ts=ts, chunks=begun, **named)
    web_client.agents_sessions_setStatus(channel_id="C1", thread_ts=ts, status="processing")
    page.get_by_text("1 reply").click()
    thread = page.get_by_label("Thread", exact=True)
    expect(thread.locator(".plan")).to_contain_text("Reading the wiki")
    expect(thread.get_by_role("button", name="Stop")).to_be_visible()
    web_client.chat_appendStream(channel="C1", ts=stream["ts"], markdown_text="Because **it is so**.")
    expect(thread.locator("b", has_text="it is so")).to_be_visible()
    folded = {"type": "container", "title": plain("1 source"), "is_collapsible": True,
              "default_collapsed": True, "child_blocks": [BLOCKS[0]]}  # fmt: skip
    web_client.chat_stopStream(channel="C1", ts=stream["ts"], blocks=[folded])
    expect(thread.get_by_role("button", name="Stop")).to_have_count(0)
    expect(thread.get_by_text("So it is.")).to_be_hidden()
    thread.get_by_text("1 source").click()
    expect(thread.get_by_text("So it is.")).to_be_visible()
    assert slack.problems == []


def test_stop_is_clicked_and_told(slack, web_client, open_page):
    app, heard = new_app(slack), Heard()
    hears_events(app, heard, "agent_session_stopped")
    asked = slack.write("UANA", "Why?")["ts"]
    web_client.agents_sessions_setStatus(channel_id="C1", thread_ts=asked, status="processing")
    page = open_page(f"{slack.client_url('UANA')}#C1/{asked}")
    with running(app, slack):
        page.get_by_role("button", name="Stop").click()
        assert heard.one()["thread_ts"] == asked


def test_thumbs_open_a_form_that_is_filled_in_and_sent(slack, web_client, open_page):
    app, heard = new_app(slack), Heard()

    @app.action("vote")
    async def ask(ack, body, client):
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=FORM)

    @app.view("feedback")
    async def take(ack, view):
        await ack()
        heard.add(view["state"]["values"])

    web_client.chat_postMessage(
        channel="C1", text="So.", blocks=BLOCKS, unfurl_links=False, unfurl_media=False
    )
    page = open_page(slack.client_url("UANA"))
    with running(app, slack):
        page.get_by_title("Bad").click()
        page.get_by_label("Old").check()
        page.locator("[name=comment]").fill("See page 2")
        page.get_by_role("button", name="Send", exact=True).click()
        sent = heard.one()
        expect(page.get_by_role("dialog")).to_have_count(0)
    assert sent["r"]["reason"]["selected_option"]["value"] == "old"
    assert sent["c"]["comment"]["value"] == "See page 2"


def test_a_command_s_answer_is_marked_as_visible_to_one_person_only(slack, open_page):
    app = new_app(slack)

    @app.command("/sabio")
    async def answer(ack, command):
        await ack(f"You said {command['text']}")

    page, other = open_page(slack.client_url("UANA")), open_page(slack.client_url("ULUIS"))
    with running(app, slack):
        page.get_by_placeholder("Message #general").fill("/sabio status now")
        page.keyboard.press("Enter")
        message = page.locator("article", has_text="You said status now")
        expect(message).to_contain_text("Only visible to you")
    slack.write("ULUIS", "Anything else")
    expect(other.get_by_text("Anything else")).to_be_visible()
    expect(other.get_by_text("You said")).to_have_count(0)


def test_the_home_tab_and_suggested_questions_are_there(slack, web_client, open_page):
    app, heard = new_app(slack), Heard()
    hears_events(app, heard, "app_home_opened", "message")
    direct = slack.direct("UANA")
    prompt = {"title": "Holidays", "message": "How many days?"}
    web_client.assistant_threads_setSuggestedPrompts(channel_id=direct, prompts=[prompt])
    web_client.views_publish(user_id="UANA", view={"type": "home", "blocks": BLOCKS[:1]})
    page = open_page(slack.client_url("UANA"))
    with running(app, slack):
        page.get_by_role("button", name="Sabio").click()
        page.get_by_role("button", name="Holidays").click()
        expect(page.get_by_role("log")).to_contain_text("How many days?")
        page.get_by_role("button", name="Home").click()
        expect(page.get_by_text("So it is.")).to_be_visible()
        told = [one.get("tab") or one["text"] for one in heard.all(3)]
    assert sorted(told) == ["How many days?", "home", "messages"]


@pytest.mark.parametrize(
    "text",
    [
        "<img src=x onerror=alert(1)>",
        "&lt;img src=x onerror=alert(1)&gt;",
        "<javascript:alert(1)|click>",
        "[click](javascript:alert(1))",
        "`<b>`",
    ],
)
def test_nothing_that_is_written_becomes_html(slack, web_client, open_page, text):
    blocks = [
        {"type": "markdown", "text": text},
        {"type": "section", "text": {"type": "mrkdwn", "text": text}},
    ]
    web_client.chat_postMessage(
        channel="C1", text=text, blocks=blocks, unfurl_links=False, unfurl_media=False
    )
    page = open_page(slack.client_url("UANA"))
    message = page.locator("article .body")
    expect(message).to_have_text(re.compile("click|img|<b>"))
    assert message.locator("img, a, b").count() == 0
