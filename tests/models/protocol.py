"""OpenAI's chat completions as bytes: questions, checked as strictly as real servers do, and answers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from tests.models.behaviours import DONE, Said, Sent, error_body, event
from tests.models.reading import Message, text_of

TOKEN = 4
"""Letters of a token, of which a stream has one a piece."""
_ROLES = {"system", "developer", "user", "assistant", "tool"}
_STAMP = {"id": "chatcmpl-1", "created": 1_800_000_000}
_JSON = {"Content-Type": "application/json"}
_STREAM = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache"}


@dataclass
class Request:
    """What a client sent, and what became of it. Names of headers are in small letters."""

    method: str
    path: str
    headers: Mapping[str, str]
    raw: bytes
    body: Any = None
    """The JSON that it sent, where it was a right question for a completion."""
    status: int | None = None
    ended: Literal["under way", "sent", "cut", "abandoned"] = "under way"
    """`abandoned`: the client went away before the end."""

    @property
    def messages(self) -> list[Message]:
        """The prompt."""
        found: list[Message] = self.body["messages"]
        return found


class Refusal(Exception):
    """What is wrong with a request; `sent` tells the client."""

    def __init__(self, code: int, message: str, kind: str = "invalid_request_error") -> None:
        super().__init__(message)
        self.sent = Sent([json.dumps(error_body(message, kind)).encode()], code, _JSON)


def check_request(request: Request, model: str, key: str) -> None:
    """Raise `Refusal` unless a server of that model and key would answer. Sets `body` of a right question."""
    wanted = {"/v1/models": "GET", "/v1/chat/completions": "POST"}.get(request.path)
    if wanted is None:
        raise Refusal(404, f"Unknown request URL: {request.method} {request.path}")
    if request.method != wanted:
        raise Refusal(405, f"Not allowed to {request.method} on {request.path}")
    if request.headers.get("authorization") != f"Bearer {key}":
        raise Refusal(401, "Incorrect API key provided", "authentication_error")
    if request.method == "POST":
        request.body = _read_question(request.raw, model)


def list_models(model: str) -> Sent:
    """The answer of `GET /v1/models`."""
    body = {"object": "list", "data": [{"id": model, "object": "model", "created": 0, "owned_by": "tests"}]}
    return Sent([json.dumps(body).encode()], headers=_JSON)


def write_completion(body: Mapping[str, Any], said: Said) -> Sent:
    """What is said as the answer to a question, in one or as a stream, as the question wants it."""
    asked = sum(count_tokens(text_of(message)) for message in body["messages"])
    if body.get("stream"):
        told = (body.get("stream_options") or {}).get("include_usage", False)
        return Sent(_stream(body["model"], said, asked if told else None), headers=_STREAM)
    pieces = list(islice(said.pieces, said.most))
    usage = _usage(said, asked, len(pieces))
    answer = {
        **_STAMP,
        "object": "chat.completion",
        "model": body["model"],
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "".join(pieces)},
                "finish_reason": "length" if len(pieces) == said.most else said.finish,
            }
        ],
        **({"usage": usage} if usage else {}),
    }
    return Sent(_cut(json.dumps(answer, ensure_ascii=False).encode(), 64), headers=_JSON)


def token_limit(body: Mapping[str, Any]) -> int | None:
    """The most tokens that an answer may have, under the old name or the new one."""
    limit: int | None = body.get("max_completion_tokens", body.get("max_tokens"))
    return limit


def tokens_of(text: str) -> Iterator[str]:
    """The tokens of a text."""
    return (text[start : start + TOKEN] for start in range(0, len(text), TOKEN))


def count_tokens(text: str) -> int:
    """How many they are."""
    return -(-len(text) // TOKEN)


def _read_question(raw: bytes, model: str) -> Any:
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise Refusal(400, f"We could not parse the JSON body of your request: {error}") from error
    if not isinstance(body, dict) or not isinstance(body.get("model"), str):
        raise Refusal(400, "you must provide a model parameter")
    if body["model"] != model:
        raise Refusal(404, f"The model `{body['model']}` does not exist")
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise Refusal(400, "Missing required parameter: 'messages'")
    for message in messages:
        if not isinstance(message, dict) or message.get("role") not in _ROLES:
            raise Refusal(400, f"Invalid message: {message!r}")
        if not isinstance(message.get("content"), str | list):
            raise Refusal(400, f"Invalid content of a message: {message!r}")
    if "stream_options" in body and not body.get("stream"):
        raise Refusal(400, "The 'stream_options' parameter is only allowed when 'stream' is enabled")
    return body


def _stream(model: str, said: Said, asked: int | None) -> Iterator[bytes]:
    """The events: the role, the pieces, the reason of the end, the token counts where they are asked for."""
    stamp = {**_STAMP, "object": "chat.completion.chunk", "model": model}
    if asked is not None:
        stamp["usage"] = None

    def choice(delta: Mapping[str, str], finish: str | None = None) -> bytes:
        return event({**stamp, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

    yield choice({"role": "assistant", "content": ""})
    count = 0
    for piece in islice(said.pieces, said.most):
        count += 1
        yield choice({"content": piece})
    yield choice({}, "length" if count == said.most else said.finish)
    if asked is not None and (usage := _usage(said, asked, count)):
        yield event({**stamp, "choices": [], "usage": usage})
    yield DONE


def _usage(said: Said, asked: int, answered: int) -> Mapping[str, Any]:
    counts = {"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered}
    return counts if said.usage is None else said.usage


def _cut(body: bytes, size: int) -> Iterable[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]
