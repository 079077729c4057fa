"""The event loop of a process, in a thread of its own: its web server and its chat platforms live there.

One for all of them. A second one would have each wait for Python's lock behind the other, five milliseconds
at a time, for whatever is handed from one to the other.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, TypeVar

_END = 10.0
"""Seconds that what is left may take to end."""

T = TypeVar("T")


class EventLoop:
    """Runs for as long as the block does. Thread-safe."""

    def __init__(self, threads: int = 4) -> None:
        """`threads`: how many things may be waited for aside, as the ledger or a model."""
        self._threads = threads
        self._ended = asyncio.Event()

    def __enter__(self) -> EventLoop:
        self._loop = asyncio.new_event_loop()
        self._loop.set_default_executor(ThreadPoolExecutor(self._threads, "sabio-aside"))
        self._thread = threading.Thread(target=self._run, name="sabio-loop", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(_END)

    def begin(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Begin something in the loop, from another thread."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something in the loop, and wait for it."""
        return self.begin(work).result()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._wait())

    async def _wait(self) -> None:
        await self._ended.wait()
