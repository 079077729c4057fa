"""Asking what may never answer: one call at a time, in a thread of its own, waited for only so long."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from config.errors import UnavailableError

Reply = TypeVar("Reply")


class Inquiry(Generic[Reply]):
    """A call whose answer is wanted again and again. Thread-safe.

    A server that takes connections and says nothing costs one thread, not one for every time that it is
    asked: as long as a call goes on, everybody waits for that one.
    """

    def __init__(self, ask: Callable[[], Reply], *, seconds: float = 3.0, keep: float = 2.0) -> None:
        """`ask` is waited for `seconds`, and what it said counts for `keep` seconds."""
        self._ask, self._seconds, self._keep = ask, seconds, keep
        self._turn = threading.Lock()
        self._reply: Future[Reply] | None = None
        self._began = self._ended = 0.0

    def begin(self) -> Future[Reply]:
        """Ask, if the last answer is old and nobody is asking, and do not wait."""
        with self._turn:
            if self._reply is not None:
                fresh = time.monotonic() - self._ended < self._keep
                if fresh or not self._reply.done():
                    return self._reply
            self._reply = reply = Future[Reply]()
            self._began = time.monotonic()
            threading.Thread(target=self._fill, args=(reply,), name="sabio-inquiry", daemon=True).start()
            return reply

    def answer(self) -> Reply:
        """What the call returned, or raises what it raised; `UnavailableError` if it takes too long."""
        reply = self.begin()
        try:
            return reply.result(max(0.0, self._began + self._seconds - time.monotonic()))
        except TimeoutError:
            if reply.done():
                raise  # what was asked says so itself
            raise UnavailableError(f"no answer within {self._seconds:g} s") from None

    def _fill(self, reply: Future[Reply]) -> None:
        try:
            found = self._ask()
        except BaseException as error:  # noqa: BLE001 - raised again in whoever waits
            self._ended = time.monotonic()
            reply.set_exception(error)
        else:
            self._ended = time.monotonic()
            reply.set_result(found)
