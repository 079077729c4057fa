"""Messages that are streamed: chat.startStream, chat.appendStream, chat.stopStream.

https://docs.slack.dev/reference/methods/chat.startStream; what a stream refuses is from the issues named.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.slack.blocks import problem_of_blocks
from tests.slack.elements import MARKDOWN
from tests.slack.methods import method
from tests.slack.workspace import Json, RefusedError, Team, Workspace, identified

BYTES = 10_600
"""Of a stream, about; details and outputs count twice: https://github.com/openclaw/openclaw/pull/143882."""
SESSION = ("active", "processing", "suspended", "closed")
_TASKS = ("pending", "in_progress", "complete", "error")


@dataclass
class Stream:
    """What was streamed into a message so far, and whether more may come."""

    plan: bool
    began: float = field(default_factory=time.monotonic)
    ended: str | None = None
    """What Slack says of it to whoever appends; None: it is running."""
    parts: list[Json] = field(default_factory=list)
    title: str = ""
    tasks: dict[str, Json] = field(default_factory=dict)

    def blocks(self) -> list[Json]:
        """What a person sees of it."""
        cards = [_card(task) for task in self.tasks.values()]
        shown: list[Json] = []
        for part in self.parts:
            if part["type"] == "plan":
                shown.append({"type": "plan", "title": self.title or cards[0]["title"], "tasks": cards})
            elif part["type"] == "task":
                shown.append({"type": "task_card", **_card(self.tasks[part["id"]])})
            else:
                shown.append(part)
        return shown

    def text(self) -> str:
        """All that was streamed as text."""
        return "".join(part["text"] for part in self.parts if part["type"] == "markdown")

    def weight(self) -> int:
        """What counts against the limit."""
        long = [task.get(name) or "" for task in self.tasks.values() for name in ("details", "output")]
        short = [self.title, self.text(), *(task["title"] for task in self.tasks.values())]
        return sum(len(one.encode()) for one in [*short, *long, *long])

    def take(self, chunk: Mapping[str, Any]) -> None:
        """One more chunk."""
        match chunk.get("type"):
            case "markdown_text" if isinstance(chunk.get("text"), str):
                self._write(chunk["text"])
            case "task_update" if all(chunk.get(key) for key in ("id", "title", "status")):
                self._update(chunk)
            case "plan_update" if chunk.get("title"):
                self.title = chunk["title"]
                self._place({"type": "plan"})
            case "blocks" if chunk.get("blocks"):
                self.parts += chunk["blocks"]
            case kind:
                raise RefusedError("invalid_chunks", errors=[f"{kind}"])

    def _write(self, text: str) -> None:
        if self.parts and self.parts[-1]["type"] == "markdown":
            self.parts[-1]["text"] += text
        elif text:
            self.parts.append({"type": "markdown", "text": text})

    def _update(self, chunk: Mapping[str, Any]) -> None:
        if chunk["status"] not in _TASKS:
            raise RefusedError("invalid_chunks", errors=[f"status {chunk['status']}"])
        task = self.tasks.setdefault(chunk["id"], {"id": chunk["id"]})
        task |= {key: chunk[key] for key in ("title", "status")}
        for name in ("details", "output"):  # what comes later is added, as in the SDK's own examples
            if chunk.get(name):
                task[name] = task.get(name, "") + chunk[name]
        task["sources"] = task.get("sources", []) + list(chunk.get("sources") or ())
        self._place({"type": "plan"} if self.plan else {"type": "task", "id": chunk["id"]})

    def _place(self, part: Json) -> None:
        if part not in self.parts and (part["type"] != "plan" or self.plan):
            self.parts.append(part)


def _card(task: Mapping[str, Any]) -> Json:
    card = {"task_id": task["id"], "title": task["title"], "status": task["status"]}
    card |= {name: _rich(task[name]) for name in ("details", "output") if task.get(name)}
    return card | ({"sources": task["sources"]} if task.get("sources") else {})


def _rich(text: str) -> Json:
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [section]}


@method("chat.startStream", "chat:write")
def start(slack: Workspace, team: Team, given: Mapping[str, Any]) -> Json:
    """Begin a message that is streamed."""
    channel = slack.place_of(team, given)
    thread = given.get("thread_ts")
    if not thread or not thread.partition(".")[0].isdigit():
        raise RefusedError("invalid_thread_ts" if thread else "invalid_arguments", errors=["thread_ts"])
    if slack.find(channel.id, thread) is None:
        raise RefusedError("thread_not_found")
    if channel.kind != "im":
        for name in ("recipient_team_id", "recipient_user_id"):
            if not given.get(name):
                raise RefusedError(f"missing_{name}")
    if given.get("recipient_team_id", team.id) not in _teams(slack):
        raise RefusedError("team_not_found", errors=[f"{given['recipient_team_id']}"])
    if given.get("recipient_user_id") and given["recipient_user_id"] not in slack.people:
        raise RefusedError("user_not_found")
    if given.get("task_display_mode", "timeline") not in ("timeline", "plan"):
        raise RefusedError("invalid_arguments", errors=["task_display_mode"])
    stream = Stream(given.get("task_display_mode") == "plan")
    _append(stream, given)
    message = slack.post(channel, {"text": " ", "thread_ts": thread})
    slack.streams[channel.id, message["ts"]] = stream
    _show(message, stream)
    return {"channel": channel.id, "ts": message["ts"]}


def _teams(slack: Workspace) -> set[str]:
    return {*slack.teams, *(person["team_id"] for person in slack.people.values())}


@method("chat.appendStream", "chat:write")
def append(slack: Workspace, team: Team, given: Mapping[str, Any]) -> Json:
    """Stream more."""
    channel = slack.place_of(team, given)
    message, stream = _running(slack, channel.id, given.get("ts"))
    if not given.get("markdown_text") and not given.get("chunks"):
        raise RefusedError("no_text")
    _append(stream, given)
    _show(message, stream)
    return {"channel": channel.id, "ts": message["ts"]}


@method("chat.stopStream", "chat:write")
def stop(slack: Workspace, team: Team, given: Mapping[str, Any]) -> Json:
    """End a stream; the last blocks stand below what was streamed."""
    channel = slack.place_of(team, given)
    message, stream = _running(slack, channel.id, given.get("ts"), over="message_not_in_streaming_state")
    if given.get("session_status", "active") not in SESSION:
        raise RefusedError("invalid_arguments", errors=["session_status"])
    if problem := problem_of_blocks(given.get("blocks") or []):
        raise RefusedError(problem.partition(":")[0], errors=[problem])
    _append(stream, given)
    stream.parts += given.get("blocks") or []
    stream.ended = "message_not_in_streaming_state"
    _show(message, stream)
    if given.get("metadata"):
        message["metadata"] = given["metadata"]
    session = slack.sessions.get((channel.id, message["thread_ts"]))
    if session is not None:
        session["status"] = given.get("session_status", "active")
    return {"channel": channel.id, "ts": message["ts"], "message": message}


def end_by_hand(slack: Workspace, channel: str, thread: str) -> list[str]:
    """End the streams of a thread, as Slack does when somebody clicks Stop: their messages."""
    ended = []
    for (place, ts), stream in slack.streams.items():
        message = slack.find(place, ts)
        if place == channel and message and message["thread_ts"] == thread and is_running(slack, place, ts):
            stream.ended = "stopped_by_user"
            _show(message, stream)
            ended.append(ts)
    return ended


def expire(slack: Workspace) -> None:
    """Let every stream that runs die of its age."""
    for (channel, ts), stream in slack.streams.items():
        if is_running(slack, channel, ts):
            stream.ended = "message_not_in_streaming_state"
            if message := slack.find(channel, ts):
                _show(message, stream)


def is_running(slack: Workspace, channel: str, ts: str) -> bool:
    """Whether more may be streamed into a message."""
    stream = slack.streams.get((channel, ts))
    if stream is None or stream.ended:
        return False
    if time.monotonic() - stream.began > slack.stream_seconds:
        stream.ended = "message_not_in_streaming_state"
        if message := slack.find(channel, ts):
            _show(message, stream)
    return stream.ended is None


def _running(slack: Workspace, channel: str, ts: str | None, over: str | None = None) -> tuple[Json, Stream]:
    message, stream = slack.find(channel, ts), slack.streams.get((channel, str(ts)))
    if message is None:
        raise RefusedError("message_not_found")
    if stream is None:
        raise RefusedError("message_not_in_streaming_state")
    if not is_running(slack, channel, message["ts"]):
        raise RefusedError(over or str(stream.ended))
    return message, stream


def _append(stream: Stream, given: Mapping[str, Any]) -> None:
    chunks = list(given.get("chunks") or ())
    if given.get("markdown_text"):
        if chunks:  # https://github.com/NousResearch/hermes-agent/pull/104173
            raise RefusedError("cannot_provide_both_markdown_text_and_chunks")
        chunks = [{"type": "markdown_text", "text": given["markdown_text"]}]
    written = sum(len(one.get("text") or "") for one in chunks if one.get("type") == "markdown_text")
    if written > MARKDOWN:
        raise RefusedError("msg_too_long")
    blocks = [block for one in chunks if one.get("type") == "blocks" for block in one.get("blocks") or ()]
    if problem := problem_of_blocks(blocks):
        raise RefusedError(problem.partition(":")[0], errors=[problem])
    grown = copy.deepcopy(stream)  # of what is refused nothing stays
    for chunk in chunks:
        grown.take(chunk)
    if grown.text() and grown.weight() > BYTES:
        raise RefusedError("msg_too_long")
    stream.parts, stream.title, stream.tasks = grown.parts, grown.title, grown.tasks


def _show(message: Json, stream: Stream) -> None:
    shown = identified({"blocks": stream.blocks()})["blocks"]
    state = {"streaming_state": "completed" if stream.ended else "in_progress"}
    message.update({"text": stream.text(), **state, **({"blocks": shown} if shown else {})})
