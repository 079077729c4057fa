"""The fake Slack refuses what real Slack refuses, in its words, and remembers the mistakes."""

import re

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from tests.slack import BOT, BOT_TOKEN, CLIENT_ID, CLIENT_SECRET, TEAM
from tests.slack.blocks import is_whole, text_of


def section(text, **more):
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def quiet(**said):
    return {"unfurl_links": False, "unfurl_media": False, **said}


def refused(error, do, *given, **named):
    with pytest.raises(SlackApiError) as caught:
        do(*given, **named)
    assert caught.value.response["error"] == error
    return caught.value.response


# Messages


def test_what_is_posted_is_seen_changed_and_removed(slack, web_client):
    ts = web_client.chat_postMessage(channel="C1", text="One", **quiet())["ts"]
    web_client.chat_update(channel="C1", ts=ts, text="Two", blocks=[section("*Two*")])
    [message] = slack.posted("C1")
    assert (message["text"], text_of(message)) == ("Two", "*Two*")
    web_client.chat_delete(channel="C1", ts=ts)
    assert slack.posted("C1") == []
    assert slack.problems == []


def test_what_is_whispered_is_seen_by_one_person_who_must_be_there(slack, web_client):
    slack.add_channel("C2", "few", members=["UANA"])
    web_client.chat_postEphemeral(channel="C2", user="UANA", text="For you")
    assert [one["text"] for one in slack.private("UANA")] == ["For you"]
    assert slack.private("ULUIS") == slack.posted("C2") == []
    refused("user_not_in_channel", web_client.chat_postEphemeral, channel="C2", user="ULUIS", text="x")


def test_only_the_app_s_own_messages_are_changed(slack, web_client):
    asked = slack.write("UANA", "Hello")["ts"]
    refused("cant_update_message", web_client.chat_update, channel="C1", ts=asked, text="x")
    refused("cant_delete_message", web_client.chat_delete, channel="C1", ts=asked)
    refused("message_not_found", web_client.chat_update, channel="C1", ts="1.1", text="x")


def test_a_conversation_that_the_app_is_not_in_is_closed_to_it(slack, web_client):
    slack.add_channel("C9", "elsewhere", with_sabio=False)
    slack.add_channel("G9", "secret", is_private=True, with_sabio=False)
    refused("not_in_channel", web_client.chat_postMessage, channel="C9", text="x")
    refused("channel_not_found", web_client.conversations_info, channel="G9")
    refused("channel_not_found", web_client.chat_postMessage, channel="nowhere", text="x")
    assert web_client.conversations_info(channel="C9")["channel"]["is_member"] is False


def test_links_that_would_unfurl_are_a_problem(slack, web_client):
    web_client.chat_postMessage(channel="C1", text="https://acme.com")
    assert slack.problems == ["links of a message would unfurl"]


# Streams


def begin(slack, client, **more):
    asked = slack.write("UANA", f"<@{BOT}> Why?")["ts"]
    named = {"channel": "C1", "thread_ts": asked, "recipient_team_id": TEAM, "recipient_user_id": "UANA"}
    return asked, client.chat_startStream(**named, **more)["ts"]


def task(id_, status, **more):
    return {"type": "task_update", "id": id_, "title": f"Task {id_}", "status": status, **more}


def test_a_stream_shows_its_plan_its_text_and_at_last_its_blocks(slack, web_client):
    begun = [task("a", "in_progress", details="wiki"), task("b", "pending")]
    asked, ts = begin(slack, web_client, task_display_mode="plan", chunks=begun)
    [reply] = slack.replies(asked)
    assert (reply["streaming_state"], is_whole(reply)) == ("in_progress", False)
    source = {"type": "url", "url": "https://wiki.acme.com/a", "text": "A page"}
    more = [
        task("a", "complete", details=", drive", sources=[source]),
        {"type": "plan_update", "title": "Done"},
    ]
    web_client.chat_appendStream(channel="C1", ts=ts, chunks=more)
    web_client.chat_appendStream(channel="C1", ts=ts, markdown_text="Because **it")
    web_client.chat_appendStream(channel="C1", ts=ts, markdown_text=" is**.")
    metadata = {"event_type": "sabio_reply", "event_payload": {"id": "1"}}
    web_client.chat_stopStream(channel="C1", ts=ts, blocks=[section("[1] A page")], metadata=metadata)
    plan, said, last = reply["blocks"]
    assert [card["status"] for card in plan["tasks"]] == ["complete", "pending"]
    assert text_of(reply).split("\n") == [
        "Done", "Task a", "wiki, drive", "A page", "Task b", "Because **it is**.", "[1] A page",
    ]  # fmt: skip
    assert (said["type"], last["type"], reply["metadata"]) == ("markdown", "section", metadata)
    assert is_whole(reply)
    assert slack.problems == []


def test_in_a_timeline_tasks_stand_between_the_text(slack, web_client):
    asked, ts = begin(slack, web_client, markdown_text="First. ")
    web_client.chat_appendStream(channel="C1", ts=ts, chunks=[task("a", "complete")])
    web_client.chat_appendStream(channel="C1", ts=ts, markdown_text="Then.")
    [reply] = slack.replies(asked)
    assert [block["type"] for block in reply["blocks"]] == ["markdown", "task_card", "markdown"]


@pytest.mark.parametrize("missing", ["recipient_team_id", "recipient_user_id"])
def test_in_a_channel_a_stream_is_for_somebody(slack, web_client, missing):
    asked = slack.write("UANA", "Why?")["ts"]
    named = {"recipient_team_id": TEAM, "recipient_user_id": "UANA"}
    del named[missing]
    refused(f"missing_{missing}", web_client.chat_startStream, channel="C1", thread_ts=asked, **named)
    direct = slack.write("UANA", "Why?", "D1")["ts"]
    web_client.chat_startStream(channel="D1", thread_ts=direct)


@pytest.mark.parametrize(
    ("error", "sent"),
    [
        ("msg_too_long", {"markdown_text": "x" * 12_001}),
        ("msg_too_long", {"chunks": [{"type": "markdown_text", "text": "ñ" * 6_000}]}),
        (
            "cannot_provide_both_markdown_text_and_chunks",
            {"markdown_text": "x", "chunks": [task("a", "pending")]},
        ),
        ("invalid_chunks", {"chunks": [{"type": "picture"}]}),
        ("invalid_chunks", {"chunks": [task("a", "soon")]}),
        ("invalid_blocks", {"chunks": [{"type": "blocks", "blocks": [section("")]}]}),
        ("no_text", {}),
    ],
)
def test_what_a_stream_cannot_take_is_refused_and_a_problem(slack, web_client, error, sent):
    _, ts = begin(slack, web_client)
    refused(error, web_client.chat_appendStream, channel="C1", ts=ts, **sent)
    assert [one.partition(":")[0] for one in slack.problems] == [error]


@pytest.mark.parametrize("how", ["told", "of age"])
def test_a_stream_that_has_died_takes_nothing_more_and_may_be_written_over(slack, web_client, how):
    asked, ts = begin(slack, web_client, markdown_text="Half")
    refused("streaming_state_conflict", web_client.chat_update, channel="C1", ts=ts, text="Whole")
    if how == "told":
        slack.expire_streams()
    else:
        slack.stream_seconds = 0.0
    over = "message_not_in_streaming_state"
    refused(over, web_client.chat_appendStream, channel="C1", ts=ts, markdown_text="x")
    refused(over, web_client.chat_stopStream, channel="C1", ts=ts)
    web_client.chat_update(channel="C1", ts=ts, text="Whole", blocks=[section("Whole")])
    [reply] = slack.replies(asked)
    assert text_of(reply) == "Whole"
    assert is_whole(reply)


# Sessions and prompts


def test_a_session_has_a_status_until_its_stream_ends(slack, web_client):
    asked, ts = begin(slack, web_client)
    web_client.agents_sessions_setStatus(channel_id="C1", thread_ts=asked, status="processing", title="Why")
    assert slack.sessions["C1", asked] == {"status": "processing", "title": "Why"}
    web_client.chat_stopStream(channel="C1", ts=ts)
    assert slack.sessions["C1", asked]["status"] == "active"
    refused(
        "invalid_arguments",
        web_client.agents_sessions_setStatus,
        channel_id="C1",
        thread_ts=asked,
        status="busy",
    )
    refused("invalid_arguments", web_client.agents_sessions_setStatus, channel_id="C1", status="active")


def test_who_is_not_told_of_stop_is_warned(slack, web_client):
    asked = slack.write("UANA", "Why?")["ts"]
    slack.events.remove("agent_session_stopped")
    said = web_client.agents_sessions_setStatus(channel_id="C1", thread_ts=asked, status="processing")
    assert said["warning"] == "missing_agent_session_stopped_event_subscription"
    assert slack.problems == [said["warning"]]


def test_up_to_four_questions_are_suggested_and_none_with_a_thread(slack, web_client):
    suggest = web_client.assistant_threads_setSuggestedPrompts
    one = {"title": "Holidays", "message": "How many days?"}
    suggest(channel_id="D1", prompts=[one] * 4)
    assert slack.prompts["D1"]["prompts"] == [one] * 4
    refused("invalid_arguments", suggest, channel_id="D1", prompts=[one] * 5)
    refused("invalid_arguments", suggest, channel_id="D1", prompts=[{"title": "No message"}])
    slack.problems.clear()
    suggest(channel_id="D2", thread_ts="1.1", prompts=[one])
    assert "D2" not in slack.prompts
    assert "dropped" in slack.problems[0]


# Who and where


def test_members_come_a_page_at_a_time(slack, web_client):
    slack.add_channel("C2", "many", members=[f"U{number}" for number in range(250)])
    pages, cursor = [], None
    while cursor != "":
        said = web_client.conversations_members(channel="C2", limit=100, cursor=cursor)
        pages.append(said["members"])
        cursor = said["response_metadata"]["next_cursor"]
    assert [len(page) for page in pages] == [100, 100, 51]
    assert pages[2][-1] == BOT


def test_a_thread_comes_a_page_at_a_time_with_metadata_only_where_asked_for(slack, web_client):
    asked = slack.write("UANA", "Why?")["ts"]
    metadata = {"event_type": "sabio_reply", "event_payload": {"id": "1"}}
    web_client.chat_postMessage(channel="C1", thread_ts=asked, text="So.", metadata=metadata, **quiet())
    first = web_client.conversations_replies(channel="C1", ts=asked, limit=1)
    assert first["has_more"]
    cursor = first["response_metadata"]["next_cursor"]
    [reply] = web_client.conversations_replies(channel="C1", ts=asked, cursor=cursor)["messages"]
    assert "metadata" not in reply
    everything = web_client.conversations_replies(channel="C1", ts=asked, include_all_metadata=True)
    assert everything["messages"][1]["metadata"] == metadata


def test_a_conversation_says_what_it_is(slack, web_client):
    slack.add_channel("C2", "with-partners", is_ext_shared=True)
    slack.add_channel("C3", "hr", is_private=True, members=["UANA"])
    shared = web_client.conversations_info(channel="C2", include_num_members=True)["channel"]
    assert (shared["is_ext_shared"], shared["name"], shared["num_members"]) == (True, "with-partners", 3)
    private = web_client.conversations_info(channel="C3")["channel"]
    assert (private["is_private"], private["is_im"]) == (True, False)
    direct = web_client.conversations_open(users="UANA")["channel"]["id"]
    assert web_client.conversations_info(channel=direct)["channel"]["user"] == "UANA"


def test_people_are_found_by_address_and_by_group(slack, web_client):
    slack.add_group("S1", "it-admins", ["UANA"])
    assert web_client.users_lookupByEmail(email="ana@acme.com")["user"]["id"] == "UANA"
    refused("users_not_found", web_client.users_lookupByEmail, email="eve@acme.com")
    assert web_client.usergroups_list()["usergroups"][0]["handle"] == "it-admins"
    assert web_client.usergroups_users_list(usergroup="S1")["users"] == ["UANA"]


def test_a_scope_that_was_not_granted_is_missed(slack, web_client):
    slack.scopes.remove("channels:read")
    said = refused("missing_scope", web_client.conversations_members, channel="C1")
    assert said["needed"] == "channels:read"
    assert "chat:write" in said["provided"]
    slack.scopes.remove("users:read.email")
    assert "email" not in web_client.users_info(user="UANA")["user"]["profile"]


def test_each_workspace_has_its_own_token_channels_and_bot(slack, web_client):
    slack.add_workspace("T2", "xoxb-of-globex", "Globex")
    slack.add_channel("C7", "globex", team="T2")
    other = WebClient("xoxb-of-globex", base_url=slack.api_url)
    assert (other.auth_test()["team_id"], web_client.auth_test()["team_id"]) == ("T2", TEAM)
    other.chat_postMessage(channel="C7", text="Here", **quiet())
    assert slack.posted("C7")[0]["user"] == other.auth_test()["user_id"] != BOT
    refused("channel_not_found", web_client.chat_postMessage, channel="C7", text="x")


def test_the_code_of_an_installation_is_good_once(slack):
    slack.codes["c-1"] = TEAM
    client = WebClient(base_url=slack.api_url)
    named = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "code": "c-1"}
    assert client.oauth_v2_access(**named)["access_token"] == BOT_TOKEN
    refused("invalid_code", client.oauth_v2_access, **named)
    refused("bad_client_secret", client.oauth_v2_access, **(named | {"client_secret": "no"}))


# Views


def modal(**more):
    title = {"type": "plain_text", "text": "Feedback"}
    return {"type": "modal", "title": title, "blocks": [section("Say it.")], **more}


def test_a_trigger_opens_one_modal_and_only_soon(slack, web_client):
    trigger = slack.add_trigger("UANA")
    web_client.views_open(trigger_id=trigger, view=modal(callback_id="f"))
    assert slack.modal("UANA")["callback_id"] == "f"
    refused("exchanged_trigger_id", web_client.views_open, trigger_id=trigger, view=modal())
    old = slack.add_trigger("UANA")
    slack.triggers[old].began -= 3.1
    refused("expired_trigger_id", web_client.views_open, trigger_id=old, view=modal())


def test_a_view_is_changed_where_nobody_else_has_changed_it(slack, web_client):
    seen = web_client.views_open(trigger_id=slack.add_trigger("UANA"), view=modal())["view"]
    web_client.views_update(view_id=seen["id"], hash=seen["hash"], view=modal(blocks=[section("More.")]))
    assert text_of(slack.modal("UANA")) == "Feedback\nMore."
    refused("hash_conflict", web_client.views_update, view_id=seen["id"], hash=seen["hash"], view=modal())
    refused("not_found", web_client.views_update, view_id="V99", view=modal())


def test_everybody_has_a_home_of_their_own(slack, web_client):
    web_client.views_publish(user_id="UANA", view={"type": "home", "blocks": [section("Hello Ana")]})
    assert text_of(slack.await_home("UANA", until=bool)) == "Hello Ana"
    assert slack.home("ULUIS") is None


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"title": {"type": "plain_text", "text": "x" * 25}}, "title of 25 characters"),
        ({"title": {"type": "mrkdwn", "text": "x"}}, "mrkdwn where plain_text belongs"),
        ({"submit": {"type": "plain_text", "text": "x" * 25}}, "submit of 25 characters"),
        ({"private_metadata": "x" * 3_001}, "private_metadata"),
        ({"blocks": [section("x")] * 101}, "101 blocks"),
        ({"blocks": [{"type": "markdown", "text": "x"}]}, "markdown in a modal"),
        ({"blocks": []}, "no blocks"),
    ],
)
def test_a_view_that_is_not_as_documented_is_refused(slack, web_client, wrong, told):
    with pytest.raises(SlackApiError):
        web_client.views_open(trigger_id=slack.add_trigger("UANA"), view=modal(**wrong))
    assert re.search(told, slack.problems[0])
    assert slack.modal("UANA") is None
