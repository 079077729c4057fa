"""An HTTP client whose replies end: a server that sends a byte now and then outlives other timeouts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx


def bounded_client(patience: float, seconds: float, **options: Any) -> httpx.Client:
    """A client that waits `patience` seconds for each byte and `seconds` for a whole reply; `options` are
    others of httpx's.

    Reading on after that raises `httpx.ReadTimeout`, and the connection is closed.
    """

    def bound(response: httpx.Response) -> None:
        # A hook, and not a transport of our own, with which httpx would not read HTTPS_PROXY any more.
        if isinstance(response.stream, httpx.SyncByteStream):
            response.stream = _Bounded(response.stream, time.monotonic() + seconds)

    return httpx.Client(timeout=patience, event_hooks={"response": [bound]}, **options)


class _Bounded(httpx.SyncByteStream):
    def __init__(self, stream: httpx.SyncByteStream, until: float) -> None:
        self._stream, self._until = stream, until

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._stream:
            if time.monotonic() > self._until:
                raise httpx.ReadTimeout("the reply took longer than it may")
            yield chunk

    def close(self) -> None:
        """Let go of the connection."""
        self._stream.close()
