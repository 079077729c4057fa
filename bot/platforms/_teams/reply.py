"""The one message that answers something in Teams: begun at once, filled while the answer is made.

Alone with a person it is streamed; elsewhere what was put there first is changed. Teams tells nobody which
messages a bot has said, so a process that was killed between saying that it looks and noting that leaves that
line behind; the answer itself always takes the place of a noted one, and is there once.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Sequence
from contextlib import suppress

from botbuilder.schema import Activity

from bot import wording
from bot.composing import StoppedError
from bot.messages import Citation, Claim
from bot.platforms._deliveries import Deliveries, OverError, whole
from bot.platforms._teams.activities import (
    claim_text,
    ending,
    escape,
    fits,
    message,
    so_far,
    standing,
    streamed,
)
from bot.platforms._teams.connection import (
    Conversation,
    EndedStreamError,
    StoppedStreamError,
    UnsuitableError,
)
from config.errors import UnavailableError
from ingest.ledger.inbox import Event

FLUSH = 1.5
"""Seconds between two additions; Teams takes about one a second of a stream."""
STREAM = 100.0
"""Seconds after which nothing is added to a stream; Teams ends it after 120."""
OPEN = "~"
"""Stands before the id of a message whose stream has not ended, where it is noted."""

log = logging.getLogger("bot")


def messages_of(event: Event) -> list[str]:
    """The ids of the messages that answer an event, whether or not they are whole."""
    return [id_.removeprefix(OPEN) for id_ in (event.reply or "").split()]


class Reply:
    """The reply to one event. `alone`: nobody else is in the conversation, so that it can be streamed."""

    def __init__(
        self, there: Conversation, deliveries: Deliveries, event: Event, *, alone: bool, language: str
    ) -> None:
        self._there, self._deliveries, self._event = there, deliveries, event
        self._alone, self._language = alone, language
        noted = (event.reply or "").split()
        self._ids = [id_ for id_ in noted if not id_.startswith(OPEN)]
        self._stream = next((id_.removeprefix(OPEN) for id_ in noted if id_.startswith(OPEN)), None)
        self._mine = False
        """Whether the stream is of this attempt, which knows what is in it."""
        self._number = 0
        self._began = time.monotonic()
        self._loop = asyncio.get_running_loop()
        self._coming: list[Claim] = []
        self._cited: list[Citation] = []
        self._said: list[str] = []
        self._shown = self._maybe = ""
        """What is to be seen of the answer, as far as is known, and as far as is possible."""
        self._stopped = threading.Event()
        self._ending = asyncio.Event()
        self._growing: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Show that the question was heard."""
        if self._ids or self._stream is not None:
            return
        waiting = escape(wording.say("looking", self._language))
        if not self._alone or not await self._begin_stream(waiting):
            await self._say(message(waiting))
        self._growing = asyncio.create_task(self._grow())

    def show(self, claim: Claim, citations: Sequence[Citation]) -> None:
        """A sentence that was checked; called by the thread that answers. Raises `StoppedError` where nobody
        wants the answer any more."""
        if self._stopped.is_set():
            raise StoppedError
        self._loop.call_soon_threadsafe(self._take, claim, citations)

    def _take(self, claim: Claim, citations: Sequence[Citation]) -> None:
        self._coming.append(claim)
        self._cited += citations

    def stop(self) -> None:
        """Let no more come."""
        self._stopped.set()
        if self._growing is not None:
            self._growing.cancel()

    async def end(self, said: Sequence[Activity]) -> None:
        """Make it the whole answer. Raises `StoppedError` where somebody has said that they want none."""
        await self._end_growing()
        first, *more = said
        if self._stream is not None:
            await self._end_stream(first)
        elif self._ids:
            await self._there.update(self._ids[0], first)
        else:
            await self._say(first)
        for number, activity in enumerate(more, 1):
            if number < len(self._ids):
                await self._there.update(self._ids[number], activity)
            else:
                await self._put(activity)
        for id_ in self._ids[len(said) :]:  # of an answer that was longer, before the question was edited
            with suppress(OverError):
                await self._there.remove(id_)
        if self._ids[len(said) :]:
            self._ids = self._ids[: len(said)]
            await self._note()

    async def _put(self, activity: Activity) -> None:
        """Say a part of an answer in the place of a line that is noted first: what is said before it is noted
        is there twice where Teams' answer is lost, which of a card below an answer is borne."""
        if activity.text:
            await self._say(message(escape(wording.say("looking", self._language))))
            await self._there.update(self._ids[-1], activity)
        else:
            await self._say(activity)

    async def _say(self, activity: Activity) -> None:
        """Say something and note that it was said, both or neither: the question may be edited meanwhile, and
        is then no more this attempt's to answer."""

        async def say() -> None:
            said = await self._there.send(activity)
            try:
                await self._note(said)
            except OverError:
                with suppress(OverError, UnsuitableError, EndedStreamError):
                    await self._there.remove(said)
                raise

        await whole(say())

    # Streaming

    async def _begin_stream(self, waiting: str) -> bool:
        try:
            self._stream = await self._there.send(streamed(waiting, "informative", 1, None))
        except (OverError, EndedStreamError, StoppedStreamError, UnsuitableError) as error:
            log.info("teams: %s is not streamed: %s", self._event.id, error)
            return False
        self._number, self._mine = 1, True
        await self._note()
        return True

    async def _end_stream(self, activity: Activity) -> None:
        """End the stream with the answer. Teams takes no last text but one that begins with what was
        streamed: of another one the end is put in its place afterwards."""
        stream, self._stream = str(self._stream), None
        try:
            if activity.text and activity.text.startswith(self._maybe):
                await self._there.send(ending(activity, stream))
                await self._note(stream)
            else:
                await self._there.send(ending(so_far(self._maybe, self._cited), stream))
                await self._note(stream)
                await self._there.update(stream, activity)
        except (EndedStreamError, StoppedStreamError, UnsuitableError) as error:
            if self._mine and isinstance(error, StoppedStreamError):
                raise StoppedError from error
            log.info("teams: the stream of %s had ended: %s", self._event.id, error)
            with suppress(OverError, EndedStreamError, StoppedStreamError, UnsuitableError):
                await self._there.remove(stream)
            self._ids = []
            await self._put(standing(activity))

    async def _grow(self) -> None:
        """Show what has come, again and again."""
        while not self._ending.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), FLUSH)
            coming, self._coming = self._coming, []
            self._said += [claim_text(claim.text, claim.citations) for claim in coming]
            text = " ".join(self._said)
            late = time.monotonic() - self._began > STREAM
            if self._ending.is_set() or text == self._shown or late or not fits(text):
                continue
            try:
                await self._add(text)
            except StoppedStreamError:  # by the person: Teams says itself that it was stopped
                self._stopped.set()
                return
            except (OverError, UnavailableError, EndedStreamError, UnsuitableError) as error:
                log.info("teams: %s does not grow: %s", self._event.id, error)

    async def _add(self, text: str) -> None:
        before, self._maybe = self._maybe, text
        try:
            if self._stream is not None:
                await self._there.send(streamed(text, "streaming", self._number + 1, self._stream))
            else:
                await self._there.update(self._ids[0], so_far(text, self._cited))
        except (EndedStreamError, StoppedStreamError, UnsuitableError):
            self._maybe = before
            raise
        self._number += 1
        self._shown = text

    async def _end_growing(self) -> None:
        """Wait for what is being sent, which would else arrive after the end."""
        self._ending.set()
        if self._growing is not None:
            await self._growing
        if self._stopped.is_set():
            raise StoppedError

    async def _note(self, id_: str | None = None) -> None:
        """Write down which messages it is. Raises `OverError` where another process has taken over."""
        if id_ is not None:
            self._ids.append(id_)
        noted = [*self._ids, *([f"{OPEN}{self._stream}"] if self._stream is not None else [])]
        if not await self._deliveries.begin_reply(self._event.id, " ".join(noted)):
            raise OverError("another process answers it")
