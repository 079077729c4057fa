"""An event loop in a thread of its own, in which the connection to one platform lives."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from config.secrets import mask

STOPPING = 30.0
"""Seconds within which everything has ended after a stop: the answers under way, then the connection."""
_PATIENCE = 10.0
"""Seconds that taking something in may take."""

log = logging.getLogger("bot")

T = TypeVar("T")
Tell = Callable[[str], None]
"""Is told once that the platform lives, or why not yet."""


class NotReadyError(Exception):
    """The loop does not run yet, or not any more."""


class OwnLoop:
    """The loop of one platform. `threads`: how many things may wait for the ledger or a model at once."""

    def __init__(self, platform: str, threads: int, secrets: frozenset[str]) -> None:
        self._platform, self._threads, self._secrets = platform, threads, secrets
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self.stopping = asyncio.Event()
        """Set when everything is to end."""

    def start(self, live: Callable[[Tell], Awaitable[None]]) -> str:
        """Run `live` until it ends: what it told first. Raises what it raised before that."""
        begun = threading.Event()
        told: list[str] = []
        failed: list[BaseException] = []

        def tell(said: str) -> None:
            told.append(said)
            begun.set()

        async def run() -> None:
            self._loop = asyncio.get_running_loop()
            self._loop.set_default_executor(ThreadPoolExecutor(self._threads, f"sabio-{self._platform}"))
            await live(tell)

        def stay() -> None:
            try:
                asyncio.run(run())
            except BaseException as error:  # noqa: BLE001 - raised below, or told by `trouble`
                log.error("%s: %s", self._platform, mask(str(error), self._secrets))  # noqa: TRY400
                failed.append(error)
            finally:
                begun.set()

        self._thread = threading.Thread(target=stay, name=f"sabio-{self._platform}", daemon=True)
        self._thread.start()
        begun.wait()
        if failed and not told:
            raise failed[0]
        return told[0] if told else "ended"

    def trouble(self) -> str | None:
        """Why it is not alive; None: it is."""
        alive = self._thread is None or self._thread.is_alive()
        return None if alive else f"the connection to {self._platform.title()} has ended"

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Have something done in the loop, from another thread. Raises `NotReadyError`."""
        if self._loop is None or self.stopping.is_set():
            work.close()
            raise NotReadyError
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop).result(_PATIENCE)
        except CancelledError:  # it came too late
            raise NotReadyError from None

    def stop(self) -> None:
        """Let everything end, and wait for it as long as it may take."""
        if self._loop is not None and self._thread is not None and self._thread.is_alive():
            with suppress(RuntimeError):  # the loop ended at this very moment
                self._loop.call_soon_threadsafe(self.stopping.set)
            self._thread.join(STOPPING)
            if self._thread.is_alive():
                log.warning("%s: still not done; what was under way is left to others", self._platform)
