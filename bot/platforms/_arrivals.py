"""Events as they arrive, kept in the ledger: those that come at the same moment in one transaction.

A platform waits three seconds to be told that an event arrived, and hundreds may come at once. A transaction
for each would wait for its turn behind all the others, and behind those of the answers under way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ingest.knowledge import KnowledgeBase
from ingest.ledger import inbox

QUIET = 0.03
"""Seconds without an arrival after which answers are begun."""
LONGEST = 0.5
"""Seconds after which they are, however much comes."""

_Arrival = tuple[str, Mapping[str, Any], "asyncio.Future[bool]"]


class Arrivals:
    """The events that came and are not kept yet, of one platform."""

    def __init__(self, kb: KnowledgeBase, platform: str) -> None:
        self._kb, self._platform = kb, platform
        self._waiting: list[_Arrival] = []
        self._keeping: asyncio.Task[None] | None = None
        self._calm = asyncio.Event()
        self._calm.set()
        self._first = self._latest = 0.0
        # A thread of its own: those that answer may all be busy.
        self._thread = ThreadPoolExecutor(1, "sabio-arrivals")

    async def keep(self, id_: str, content: Mapping[str, Any]) -> bool:
        """Keep an event, as `inbox.receive`: whether it is new. Raises `UnavailableError`."""
        loop = asyncio.get_running_loop()
        self._latest = loop.time()
        if self._calm.is_set():
            self._calm.clear()
            self._first = self._latest
            loop.call_later(QUIET, self._settle)
        kept: asyncio.Future[bool] = loop.create_future()
        self._waiting.append((id_, content, kept))
        if self._keeping is None:
            self._keeping = loop.create_task(self._keep())
        return await kept

    async def calm(self) -> None:
        """Wait until no more comes for a moment: to be told that it arrived comes first for everybody."""
        await self._calm.wait()

    def _settle(self) -> None:
        loop = asyncio.get_running_loop()
        quiet, long = loop.time() - self._latest >= QUIET, loop.time() - self._first > LONGEST
        if self._keeping is None and (quiet or long):
            self._calm.set()
        else:
            loop.call_later(QUIET, self._settle)

    async def _keep(self) -> None:
        while self._waiting:
            # By id: processes that keep the same events would else wait for each other in a circle.
            arrived, self._waiting = sorted(self._waiting, key=lambda one: one[0]), []
            try:
                new = await asyncio.get_running_loop().run_in_executor(self._thread, self._write, arrived)
            except Exception as error:  # noqa: BLE001 - raised to each who waits for it
                for _, _, kept in arrived:
                    if not kept.done():
                        kept.set_exception(error)
            else:
                for (_, _, kept), is_new in zip(arrived, new, strict=True):
                    if not kept.done():
                        kept.set_result(is_new)
        self._keeping = None

    def _write(self, arrived: list[_Arrival]) -> list[bool]:
        with self._kb.ledger.write() as connection:
            return [inbox.receive(connection, id_, self._platform, content) for id_, content, _ in arrived]
