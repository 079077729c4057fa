"""Messages: chat.postMessage and its kin, agents.sessions and suggested prompts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.slack.blocks import problem_of
from tests.slack.methods import method
from tests.slack.streams import SESSION, is_running
from tests.slack.workspace import Json, RefusedError, Team, Workspace, identified


def check_message(given: Mapping[str, Any]) -> None:
    """Refuse what no message may hold."""
    if problem := problem_of(given):
        raise RefusedError(problem.partition(":")[0], errors=[problem])
    metadata = given.get("metadata")
    if metadata and not (metadata.get("event_type") and isinstance(metadata.get("event_payload"), Mapping)):
        raise RefusedError("invalid_metadata_format", errors=["event_type and event_payload"])


@method("chat.postMessage", "chat:write")
def post_message(slack: Workspace, team: Team, given: Mapping[str, Any]) -> Json:
    """Post for everybody in a conversation; the only method that takes a channel's name as well as its id."""
    ids = {channel.name: channel.id for channel in slack.channels.values()}
    named = str(given.get("channel")).removeprefix("#")
    channel = slack.place_of(team, {"channel": ids.get(named, named)})
    check_message(given)
    if any(given.get(name) not in (False, "false", "0") for name in ("unfurl_links", "unfurl_media")):
        slack.problems.append("links of a message would unfurl")
    message = slack.post(channel, given)
    return {"channel": channel.id, "ts": message["ts"], "message": message}


@method("chat.postEphemeral", "chat:write")
def post_ephemeral(slack: Workspace, team: Team, given: Mapping[str, Any]) -> Json:
    """Post for one person in a conversation."""
    channel = slack.place_of(team, given)
    check_message(given)
    if given.get("user") not in slack.members(channel):
        raise RefusedError("user_not_in_channel")
    return {"message_ts": slack.whisper(given["user"], channel, given)["ts"]}


@method("chat.update", "chat:write")
def update(slack: Workspace, team: Team, given: Mapping[str, Any]) -> Json:
    """Change a message of the app's own."""
    channel = slack.place_of(team, given)
    check_message(given)
    message = _own(slack, team, channel.id, given.get("ts"), "cant_update_message")
    if is_running(slack, channel.id, message["ts"]):
        raise RefusedError("streaming_state_conflict")
    changed = {key: given[key] for key in ("text", "blocks", "metadata") if key in given}
    message.update(identified(changed), edited=True)
    return {"channel": channel.id, "ts": message["ts"], "text": message["text"], "message": message}


@method("chat.delete", "chat:write")
def delete(slack: Workspace, team: Team, given: Mapping[str, Any]) -> Json:
    """Remove a message of the app's own."""
    channel = slack.place_of(team, given)
    message = _own(slack, team, channel.id, given.get("ts"), "cant_delete_message")
    slack.messages[channel.id].remove(message)
    return {"channel": channel.id, "ts": message["ts"]}


@method("chat.getPermalink")
def permalink(slack: Workspace, team: Team, given: Mapping[str, Any]) -> Json:
    """The address of a message."""
    channel = slack.place_of(team, given)
    ts = given.get("message_ts")
    if slack.find(channel.id, ts) is None:
        raise RefusedError("message_not_found")
    address = f"https://{team.name.lower()}.slack.com/archives/{channel.id}/p{str(ts).replace('.', '')}"
    return {"channel": channel.id, "permalink": address}


def _own(slack: Workspace, team: Team, channel: str, ts: str | None, refusal: str) -> Json:
    message = slack.find(channel, ts)
    if message is None:
        raise RefusedError("message_not_found")
    if message["user"] != team.bot:
        raise RefusedError(refusal)
    return message


@method("agents.sessions.setStatus", "chat:write")
def set_status(slack: Workspace, team: Team, given: Mapping[str, Any]) -> Json:
    """Say what the agent does in a thread: https://docs.slack.dev/reference/methods/agents.sessions.setStatus."""
    channel = slack.place_of(team, {"channel": given.get("channel_id")})
    thread, status = given.get("thread_ts"), given.get("status")
    if status not in SESSION:
        raise RefusedError("invalid_arguments", errors=[f"status {status}"])
    if not thread:
        raise RefusedError("invalid_arguments", errors=["thread_ts"])
    if len(given.get("title") or "") > 200:
        raise RefusedError("invalid_arguments", errors=["title of more than 200 characters"])
    if slack.find(channel.id, thread) is None:
        raise RefusedError("thread_not_found")
    session = slack.sessions.setdefault((channel.id, thread), {"title": given.get("title") or ""})
    session["status"] = status
    said = {"status": status, "agent_status": status, "title": session["title"]}
    if status == "processing" and "agent_session_stopped" not in slack.events:
        warning = "missing_agent_session_stopped_event_subscription"
        slack.problems.append(warning)
        return said | {"warning": warning}
    return said


@method("assistant.threads.setSuggestedPrompts", "assistant:write")
def suggest(slack: Workspace, team: Team, given: Mapping[str, Any]) -> Json:
    """Offer up to four questions: https://docs.slack.dev/reference/methods/assistant.threads.setSuggestedPrompts."""
    channel = slack.place_of(team, {"channel": given.get("channel_id")})
    prompts = given.get("prompts")
    if not isinstance(prompts, list) or not 1 <= len(prompts) <= 4:
        raise RefusedError("invalid_arguments", errors=["between one and four prompts"])
    if any(not (one.get("title") and one.get("message")) for one in prompts):
        raise RefusedError("invalid_arguments", errors=["a prompt needs a title and a message"])
    if given.get("thread_ts"):
        slack.problems.append("suggested prompts with thread_ts: dropped in silence for an agent")
        return {}
    slack.prompts[channel.id] = {"title": given.get("title") or "", "prompts": prompts}
    return {}
