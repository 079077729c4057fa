"""Ways in which a server of language models goes wrong, alone or together: `slow_start(1) | usage(None)`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import chain, islice
from typing import Any

FOREVER = float("inf")
DONE = b"data: [DONE]\n\n"


class End(Enum):
    """How a connection ends before its answer does."""

    CUT = "closed"
    RESET = "reset"


Piece = bytes | float | End
"""Bytes to send, seconds to wait before what follows, or an early end."""


@dataclass(frozen=True)
class Said:
    """What the model says, before it is written down as OpenAI does. `usage` is None for the true counts."""

    pieces: Iterable[str]
    finish: str = "stop"
    most: int | None = None
    """How many pieces it may say."""
    usage: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Sent:
    """What goes over the wire. Of a stream, the first piece is the role, and the others are text."""

    pieces: Iterable[Piece]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Behaviour:
    """A change of what is said, and of how it is sent."""

    name: str
    said: Callable[[Said], Said] = lambda said: said
    sent: Callable[[Sent], Sent] = lambda sent: sent

    def __or__(self, other: Behaviour) -> Behaviour:
        return Behaviour(
            f"{self.name} | {other.name}",
            lambda said: other.said(self.said(said)),
            lambda sent: other.sent(self.sent(sent)),
        )

    def __str__(self) -> str:
        return self.name


def event(data: Mapping[str, Any]) -> bytes:
    """A server-sent event; letters beyond ASCII are written as they are, as vLLM and llama.cpp do."""
    return b"data: " + json.dumps(data, ensure_ascii=False).encode() + b"\n\n"


def error_body(message: str, kind: str = "invalid_request_error", code: str | None = None) -> dict[str, Any]:
    """An error as OpenAI words it."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def slow_start(seconds: float) -> Behaviour:
    """Nothing comes for so long, not even a status."""
    return _sending(f"slow_start({seconds})", lambda pieces: chain([seconds], pieces))


def slow_tokens(seconds: float) -> Behaviour:
    """So long before each piece but the first."""

    def change(pieces: Iterator[Piece]) -> Iterator[Piece]:
        yield from islice(pieces, 1)
        for piece in pieces:
            yield seconds
            yield piece

    return _sending(f"slow_tokens({seconds})", change)


def trickle_bytes(seconds: float = 0.0) -> Behaviour:
    """One byte at a time, so long after one another: letters beyond ASCII arrive in halves."""

    def change(pieces: Iterator[Piece]) -> Iterator[Piece]:
        for piece in pieces:
            if not isinstance(piece, bytes):
                yield piece
                continue
            for byte in piece:
                yield bytes([byte])
                yield seconds

    return _sending(f"trickle_bytes({seconds})", change)


def keep_alive(seconds: float, times: int | None = None) -> Behaviour:
    """Comments of the event stream so long after one another before the answer, so often or without an end.

    llama.cpp sends them while it reads a long prompt. A client that waits for bytes alone waits for ever.
    """

    def change(pieces: Iterator[Piece]) -> Iterator[Piece]:
        said = 0
        while times is None or said < times:
            said += 1
            yield b": keep-alive\n\n"
            yield seconds
        yield from pieces

    return _sending(f"keep_alive({seconds}, {times})", change)


def stall_after(count: int) -> Behaviour:
    """So many pieces of text, and then nothing more while the connection stays."""
    return _sending(f"stall_after({count})", lambda pieces: chain(islice(pieces, count + 1), [FOREVER]))


def cut_after(count: int, how: End = End.CUT) -> Behaviour:
    """So many pieces of text, and the connection ends in the middle of the answer."""
    return _sending(
        f"cut_after({count}, {how.value})", lambda pieces: chain(islice(pieces, count + 1), [how])
    )


def end_after(count: int) -> Behaviour:
    """So many pieces of text, and the stream ends in good order, but the answer was not said to end.

    This is what is left of a broken connection behind a gateway.
    """
    return _sending(f"end_after({count})", lambda pieces: islice(pieces, count + 1))


def error_after(count: int, message: str = "the engine is out of memory") -> Behaviour:
    """So many pieces of text, and an error in a stream that began with status 200, as vLLM sends it."""
    told = event(error_body(message, "server_error"))
    return _sending(f"error_after({count})", lambda pieces: chain(islice(pieces, count + 1), [told, DONE]))


def status(code: int, retry_after: float | str | None = None, message: str = "") -> Behaviour:
    """An error status with OpenAI's body."""
    kind = {401: "authentication_error", 429: "rate_limit_error"}.get(code, "server_error")
    body = json.dumps(error_body(message or f"HTTP {code} was scripted", kind)).encode()
    headers = {"Content-Type": "application/json"}
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    return Behaviour(f"status({code})", sent=lambda _: Sent([body], code, headers))


def page(code: int) -> Behaviour:
    """A page of HTML, as gateways and login walls send it with any status."""
    body = b"<!DOCTYPE html>\n<html><body><h1>Sign in to continue</h1></body></html>\n"
    return Behaviour(f"page({code})", sent=lambda _: Sent([body], code, {"Content-Type": "text/html"}))


def usage(counts: Mapping[str, Any]) -> Behaviour:
    """Other token counts than the true ones; with `{}` none are told."""
    return _saying(f"usage({dict(counts)})", usage=counts)


def out_of_tokens(count: int) -> Behaviour:
    """The model is stopped after so many pieces of text, as by the limit of its answer."""
    return _saying(f"out_of_tokens({count})", most=count)


def _sending(name: str, change: Callable[[Iterator[Piece]], Iterable[Piece]]) -> Behaviour:
    return Behaviour(name, sent=lambda sent: replace(sent, pieces=change(iter(sent.pieces))))


def _saying(name: str, **changes: Any) -> Behaviour:
    return Behaviour(name, said=lambda said: replace(said, **changes))


def _ending(name: str, last: bytes) -> Behaviour:
    return _sending(name, lambda pieces: chain(islice(pieces, 2), [last]))


well = Behaviour("well")
hang = _sending("hang", lambda _: [FOREVER])  # takes the question, and never answers
reset = _sending("reset", lambda _: [End.RESET])  # before anything is sent
garbage = page(200)
broken_json = _ending("broken_json", b'data: {"id": "chatcmpl-1", "choices": [{"index": 0, "del\n\n')
half_utf8 = _ending("half_utf8", b'data: {"choices": [{"index": 0, "delta": {"content": "caf\xc3"}}]}\n\n')
not_an_object = _ending("not_an_object", b"data: 42\n\n")
no_done = _sending("no_done", lambda pieces: (piece for piece in pieces if piece != DONE))
empty = _saying("empty", pieces=())
refuses = _saying("refuses", pieces=(), finish="content_filter")
no_usage = usage({})
