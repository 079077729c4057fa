"""Messages that are streamed: https://learn.microsoft.com/microsoftteams/platform/bots/streaming-ux.

A final text that does not begin with what was streamed is refused
(https://github.com/microsoft/Agents-for-net/pull/313), and so is an empty one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tests.teams.tenant import Json, Place, RefusedError, Stream, Tenant

_LONGEST_INFORMATIVE = 1_000
_NOT_ALLOWED = "ContentStreamNotAllowed"
_REASONS = {
    "final": "Content stream is not allowed on an already completed streamed message.",
    "stopped": "Content stream was canceled by user.",
    "old": "Content stream finished due to exceeded streaming time.",
}


def info_of(activity: Mapping[str, Any]) -> Json | None:
    """What an activity says of its stream; None where it is in none."""
    return next((one for one in activity.get("entities") or () if one.get("type") == "streaminfo"), None)


def take(teams: Tenant, place: Place, message: Json, info: Json) -> Json:
    """Begin, go on with or end a stream: what to answer."""
    if place.kind != "personal":
        raise RefusedError(400, "BadRequest", "Streaming is not supported in this conversation.", met=False)
    if not message.get("text"):
        raise RefusedError(400, "BadRequest", "Start streaming activities should include text.", met=False)
    if "streamId" not in info:
        return _begin(teams, place, message, info)
    stream = teams.streams.get(info["streamId"])
    if stream is None:
        raise RefusedError(400, "BadRequest", "There is no such stream.", met=False)
    if not stream.ended and _seconds(stream) > teams.stream_seconds:
        stream.ended = "old"
        stream.message["streaming"] = False
    if stream.ended:
        raise RefusedError(403, _NOT_ALLOWED, _REASONS[stream.ended])
    return (
        _end(stream, message, info) if message["type"] == "message" else _go_on(teams, stream, message, info)
    )


def end(teams: Tenant, place: Place, how: str) -> None:
    """End what is streamed in a conversation: `stopped` by a person, or `old`."""
    for stream in teams.streams.values():
        if not stream.ended and stream.message in teams.messages[place.id]:
            stream.ended = how
            stream.message["streaming"] = False


def running(teams: Tenant, id_: str) -> bool:
    """Whether a message is being streamed."""
    return id_ in teams.streams and not teams.streams[id_].ended


def _begin(teams: Tenant, place: Place, message: Json, info: Json) -> Json:
    if message["type"] != "typing" or info.get("streamSequence") != 1:
        raise RefusedError(400, "BadRequest", "A stream begins with typing and streamSequence 1.", met=False)
    _check_kind(message, info)
    if any(running(teams, one["id"]) for one in teams.messages[place.id]):
        teams.problems.append("two streams in one chat")
    message |= {"streaming": True, "streamType": info["streamType"]}
    teams.messages[place.id].append(message)
    teams.streams[message["id"]] = Stream(message, datetime.now(UTC))
    return {"id": message["id"]}


def _go_on(teams: Tenant, stream: Stream, message: Json, info: Json) -> Json:
    _check_kind(message, info)
    if info.get("streamSequence", 0) <= stream.sequence:
        return {"code": "ContentStreamSequenceOrderPreConditionFailed"}
    if info["streamSequence"] != stream.sequence + 1:
        teams.problems.append(f"streamSequence {info['streamSequence']} after {stream.sequence}")
    was, kind = stream.message["streamType"], info["streamType"]
    if (was, kind) == ("streaming", "informative"):
        teams.problems.append("informative after streaming")
    if (was, kind) == ("streaming", "streaming") and not message["text"].startswith(stream.message["text"]):
        raise RefusedError(400, "BadRequest", "The streamed content must contain what was streamed before.")
    stream.sequence = int(info["streamSequence"])
    stream.message |= {"text": message["text"], "streamType": kind}
    return {}


def _end(stream: Stream, message: Json, info: Json) -> Json:
    if info.get("streamType") != "final" or "streamSequence" in info:
        raise RefusedError(
            400, "BadRequest", "A stream ends with streamType final and no streamSequence.", met=False
        )
    said = stream.message["text"] if stream.message["streamType"] == "streaming" else ""
    if not message["text"].startswith(said):
        raise RefusedError(400, "BadRequest", "The final content must contain what was streamed before.")
    kept = {"id": stream.message["id"], "replyToId": stream.message.get("replyToId")}
    stream.message.update(message | kept, streaming=False, streamType="final")
    stream.ended = "final"
    return {}


def _check_kind(message: Json, info: Json) -> None:
    if info.get("streamType") not in ("informative", "streaming"):
        raise RefusedError(400, "BadRequest", f"streamType {info.get('streamType')}", met=False)
    if info["streamType"] == "informative" and len(message["text"].encode()) > _LONGEST_INFORMATIVE:
        raise RefusedError(400, "BadRequest", "An informative message has at most 1 KB.", met=False)


def _seconds(stream: Stream) -> float:
    return (datetime.now(UTC) - stream.began).total_seconds()
