"""The life of one platform in this process: from the connection that it opens to the last answer."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future

from config.secrets import mask
from workers.event_loop import EventLoop

STOPPING = 30.0
"""Seconds within which everything has ended after a stop: the answers under way, then the connection."""

log = logging.getLogger("bot")

Tell = Callable[[str], None]
"""Is told once that the platform lives, or why not yet."""


class Life:
    """Lives in the process's event loop."""

    def __init__(self, loop: EventLoop, platform: str, secrets: frozenset[str]) -> None:
        self._loop, self._platform, self._secrets = loop, platform, secrets
        self._lived: Future[None] | None = None
        self.stopping = asyncio.Event()
        """Set when everything is to end."""

    def start(self, live: Callable[[Tell], Awaitable[None]]) -> str:
        """Run `live` until it ends: what it told first. Raises what it raised before that."""
        begun = threading.Event()
        told: list[str] = []

        def tell(said: str) -> None:
            told.append(said)
            begun.set()

        async def run() -> None:
            try:
                await live(tell)
            except Exception as error:
                log.error("%s: %s", self._platform, mask(str(error), self._secrets))  # noqa: TRY400
                raise
            finally:
                begun.set()

        self._lived = self._loop.begin(run())
        begun.wait()
        if not told:
            self._lived.result()  # raises why
        return told[0] if told else "ended"

    def trouble(self) -> str | None:
        """Why it is not alive; None: it is."""
        ended = self._lived is not None and self._lived.done()
        return f"the connection to {self._platform.title()} has ended" if ended else None

    @property
    def listens(self) -> bool:
        """Whether it takes something in now."""
        return self._lived is not None and not self._lived.done() and not self.stopping.is_set()

    def stop(self) -> None:
        """Let everything end, and wait for it as long as it may take."""
        if self._lived is None:
            return
        self._loop.run(self._set_stopping())
        try:
            self._lived.exception(STOPPING)
        except TimeoutError:
            log.warning("%s: still not done; what was under way is left to others", self._platform)
            self._lived.cancel()

    async def _set_stopping(self) -> None:
        self.stopping.set()
