"""What a chat platform has delivered, answered one by one: the way from the ledger's inbox to the replies.

The same for every platform. An event is kept before it is acknowledged, so a second delivery makes no second
answer; it is leased while it is answered, so that another process takes over what a killed one leaves.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any, TypeVar

from bot.messages import Notice
from bot.platforms._arrivals import Arrivals
from config.errors import ConfigError, SabioError
from ingest.knowledge import KnowledgeBase
from ingest.ledger import inbox, now
from ingest.ledger.owners import new_owner

LEASE = 60.0
"""Seconds after which an event of a process that went silent is another's."""
LOOK = 5.0
"""Seconds between looks for events that nobody is answering."""
GRACE = 20.0
"""Seconds that answers under way may take to end when the process is to stop."""
REMEMBERED = timedelta(days=7)
"""For how long an event that was answered is known again; no platform delivers again after hours."""
MISTAKES = 3
"""Attempts that may end in a mistake of ours before people are told."""
_RETRY = (5.0, 15.0, 60.0, 300.0)
"""Seconds until the next attempt, where the platform or the ledger could not be reached."""

log = logging.getLogger("bot")

T = TypeVar("T")
Answering = Callable[[inbox.Event], Awaitable[None]]


class OverError(Exception):
    """No attempt will ever succeed: the conversation or the message is gone."""


class LaterError(Exception):
    """This process is to stop: another goes on with it, at once."""


class Deliveries:
    """The events of one platform that this process answers.

    `answer` answers one; it raises `OverError` where there is nobody to answer, `SabioError` where another
    attempt may succeed, or `LaterError`. `apologise` says that it cannot be answered, after our mistakes.
    """

    def __init__(self, kb: KnowledgeBase, platform: str, answer: Answering, apologise: Answering) -> None:
        self._kb, self._platform = kb, platform
        self._answer, self._apologise = answer, apologise
        self._owner = new_owner()
        self._arrivals = Arrivals(kb, platform)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.stopping = False
        """Whether this process is to end, and nothing long is to be gone on with."""

    async def receive(self, id_: str, content: Mapping[str, Any]) -> bool:
        """Keep an event and begin to answer it. False: it was delivered before. Raises `UnavailableError`."""
        new = await self._arrivals.keep(id_, content)
        if new:
            self._begin(id_)
        return new

    async def note(self, id_: str) -> bool:
        """Keep that something came which is done at once. False: it came before."""
        return await self.write(inbox.note, id_, self._platform)

    async def revise(self, id_: str, content: Mapping[str, Any], since: str) -> bool:
        """Answer an event anew, by other content; see `inbox.revise`."""
        changed = await self.write(inbox.revise, id_, self._platform, content, since)
        if changed:
            await self._drop(id_)
            self._begin(id_)
        return changed

    async def withdraw(self, id_: str) -> inbox.Event | None:
        """Answer an event no more, here or elsewhere; None where it is not known."""
        event = await self.write(inbox.withdraw, id_)
        await self._drop(id_)
        return event

    async def holds(self, id_: str) -> bool:
        """Whether an event is still for this process to answer."""
        return await self.look(inbox.holds, id_, self._owner)

    def wants(self, id_: str) -> bool:
        """The same, for the thread that answers it; True where the ledger does not tell."""
        try:
            with self._kb.ledger.read() as connection:
                return inbox.holds(connection, id_, self._owner)
        except SabioError:
            return True

    async def follow(
        self, look: Callable[[], Notice], show: Callable[[Notice], Awaitable[None]], seconds: float
    ) -> None:
        """Show how something stands whenever that has changed, until it is done; `seconds` between two looks.
        Raises `LaterError` where this process is to stop before."""
        shown: Notice | None = None
        while shown is None or not shown.done:
            notice = await asyncio.to_thread(look)
            if notice != shown:
                await show(notice)
                shown = notice
            if self.stopping and not notice.done:
                raise LaterError
            if not notice.done:
                await asyncio.sleep(seconds)

    async def begin_reply(self, id_: str, reply: str | None) -> bool:
        """Note the message that answers an event; None: there is none any more. False: it is another's."""
        return await self.write(inbox.begin_reply, id_, self._owner, reply)

    async def write(self, do: Callable[..., T], *arguments: Any) -> T:
        """What changes the ledger, in a transaction of its own; ended also where the caller is cancelled."""

        def run() -> T:
            with self._kb.ledger.write() as connection:
                return do(connection, *arguments)

        return await whole(asyncio.to_thread(run))

    async def look(self, do: Callable[..., T], *arguments: Any) -> T:
        """What only reads the ledger, and so keeps nobody from writing."""

        def run() -> T:
            with self._kb.ledger.read() as connection:
                return do(connection, *arguments)

        return await asyncio.to_thread(run)

    async def run(self, stopping: asyncio.Event) -> None:
        """Take up what nobody is answering, until `stopping` is set; then end what is under way."""
        renewing, *looking = [
            asyncio.create_task(self._every(seconds, do))
            for seconds, do in ((LEASE / 3, self._renew), (LOOK, self._take_up), (3600, self._forget))
        ]
        try:
            await stopping.wait()
        finally:
            self.stopping = True
            for task in looking:
                task.cancel()
            await self._end()
            renewing.cancel()

    def stop(self) -> None:
        """Begin nothing more."""
        self.stopping = True

    async def _end(self) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=GRACE)
        for id_, task in list(self._tasks.items()):
            task.cancel()
            with suppress(SabioError):
                await self.write(inbox.give_back, id_, self._owner)

    async def _every(self, seconds: float, do: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await do()
            except SabioError as error:  # the ledger is down, and will be back
                log.info("%s: %s", self._platform, error)
            await asyncio.sleep(seconds)

    async def _renew(self) -> None:
        if self._tasks:
            await self.write(inbox.renew, self._owner, list(self._tasks), LEASE)

    async def _take_up(self) -> None:
        for id_ in await self.look(inbox.due, self._platform):
            self._begin(id_)

    async def _forget(self) -> None:
        await self.write(inbox.forget, now() - REMEMBERED)

    def _begin(self, id_: str) -> None:
        if id_ in self._tasks or self.stopping:
            return
        task = asyncio.create_task(self._attempt(id_))
        self._tasks[id_] = task
        task.add_done_callback(lambda _: self._tasks.pop(id_, None))

    async def _drop(self, id_: str) -> None:
        """End this process's own work on an event, which is not its any more."""
        if task := self._tasks.get(id_):
            task.cancel()
            await asyncio.wait([task])

    async def _attempt(self, id_: str) -> None:
        """Answer an event. One that was changed meanwhile is for another attempt, also where this one took it
        only after the change."""
        try:
            await self._try(id_)
        except asyncio.CancelledError:
            await self._quietly(inbox.give_back, id_)
            raise

    async def _try(self, id_: str) -> None:
        """Answer an event, or leave it for later where that is not possible now."""
        await self._arrivals.calm()
        try:
            event = await self.write(inbox.take, id_, self._owner, LEASE)
        except SabioError as error:
            log.info("%s stays for later: %s", id_, error)
            return
        if event is None:
            return
        try:
            await self._answer(event)
        except OverError as error:
            log.info("%s needs no answer any more: %s", id_, error)
        except LaterError:
            await self._quietly(inbox.give_back, id_)
            return
        except SabioError as error:
            level = logging.ERROR if isinstance(error, ConfigError) else logging.WARNING
            log.log(level, "%s is answered later: %s", id_, self._kb.settings.masked(str(error)))
            await self._quietly(inbox.give_back, id_, pause(event.attempts))
            return
        except Exception:
            log.exception("%s could not be answered", id_)
            if event.attempts < MISTAKES or not await self._excused(event):
                await self._quietly(inbox.give_back, id_, pause(event.attempts))
                return
        await self._quietly(inbox.finish, id_)

    async def _excused(self, event: inbox.Event) -> bool:
        """Say that an event cannot be answered: whether that was possible."""
        try:
            await self._apologise(event)
        except OverError:
            return True
        except SabioError as error:
            log.warning("%s: %s", event.id, self._kb.settings.masked(str(error)))
            return False
        except Exception:
            log.exception("%s: nobody could be told", event.id)
        return True

    async def _quietly(self, change: Callable[..., object], id_: str, *more: object) -> None:
        with suppress(SabioError):  # its lease ends by itself
            await self.write(change, id_, self._owner, *more)


async def whole(work: Coroutine[Any, Any, T]) -> T:
    """Do something to its end, however often the caller is cancelled: that goes on afterwards."""
    working = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        while not working.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([working])
        if not working.cancelled() and (error := working.exception()) is not None:
            log.info("what nobody waits for any more has failed: %s", error)
        raise


def pause(attempt: int) -> float:
    """Seconds to wait after an attempt that failed, counted from 1."""
    return _RETRY[min(attempt, len(_RETRY)) - 1]
