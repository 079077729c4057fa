"""How Teams tells a bot of what people do: posted and signed, and again where it is not taken in time."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout

PATIENCE = 15.0
DELIVERIES = 4
_FOR_GOOD = range(400, 500)
"""Statuses after which nothing is sent again, except 408, 412 and 429."""
_AGAIN = {408, 412, 429}


@dataclass
class Delivery:
    """One thing that Sabio is told of, and what became of it."""

    activity: dict[str, Any]
    statuses: list[int] = field(default_factory=list)
    """One for each time that it was delivered; 0 where no answer came."""
    ended: threading.Event = field(default_factory=threading.Event)
    took: float | None = None
    """Seconds that the answer which counted took."""
    answer: Any = None
    """What was answered to an invoke."""

    @property
    def taken(self) -> bool:
        """Whether Sabio has said that it has it."""
        return bool(self.statuses) and self.statuses[-1] in range(200, 300)

    def wait(self, seconds: float = 20) -> Any:
        """What was answered, as soon as it is. An error where it is refused."""
        assert self.ended.wait(seconds), f"{self.activity['type']} is not taken: {self.statuses}"
        assert self.taken, f"{self.activity['type']} is refused: {self.statuses}"
        return self.answer


async def deliver(
    url: str,
    delivery: Delivery,
    sign: Callable[[], str | None],
    pause: float,
    look_at: Callable[[Delivery], None],
) -> None:
    """Post an activity until it is taken, each time with a token of `sign`, if any; an invoke only once.
    `look_at` sees how it ended."""
    times = 1 if delivery.activity["type"] == "invoke" else DELIVERIES
    async with ClientSession(timeout=ClientTimeout(PATIENCE)) as session:
        for _ in range(times):
            if await _post(session, url, delivery, sign()):
                break
            await asyncio.sleep(pause)
    look_at(delivery)
    delivery.ended.set()


async def _post(session: ClientSession, url: str, delivery: Delivery, token: str | None) -> bool:
    """Whether it ends here: taken, or refused for good."""
    began = time.monotonic()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        async with session.post(url, json=delivery.activity, headers=headers) as said:
            text = await said.text()
            delivery.answer = json.loads(text) if text else None
            delivery.took = time.monotonic() - began
            delivery.statuses.append(said.status)
            return said.ok or (said.status in _FOR_GOOD and said.status not in _AGAIN)
    except (ClientError, TimeoutError):
        delivery.statuses.append(0)
        return False
