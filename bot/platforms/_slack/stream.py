"""A reply that grows while the answer is made: begun at once, ended once."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Sequence

from slack_sdk.errors import SlackApiError
from slack_sdk.models.blocks.block_elements import UrlSourceElement
from slack_sdk.models.messages.chunk import Chunk, MarkdownTextChunk, PlanUpdateChunk, TaskUpdateChunk

from bot import wording
from bot.composing import StoppedError
from bot.messages import Answer, Citation, Claim, Outcome
from bot.platforms._deliveries import Deliveries, OverError
from bot.platforms._slack.blocks import head_as_markdown, render, streamed, tail
from bot.platforms._slack.errors import EndedError, UnstreamedError, translated
from bot.platforms._slack.markup import Block
from bot.platforms._slack.reply import Reply
from bot.platforms._slack.workspaces import Workspace
from config.errors import SabioError
from ingest.ledger.inbox import Event

FLUSH = 0.7
"""Seconds between two additions to a stream; Slack takes about one a second."""
STREAMED = 8_000
"""Bytes of text that are streamed at most; Slack takes some 10,600 of a whole message
(https://github.com/openclaw/openclaw/pull/143882). Longer answers are put in the stream's place."""
_TITLE, _SOURCES = 150, 10

log = logging.getLogger("bot")


class Stream(Reply):
    """A reply that people see grow: what is read, and each sentence as soon as it was checked.

    Where Slack does not stream, or ends a stream early, as it does after some five minutes, the whole answer
    is put in its place.
    """

    def __init__(
        self,
        workspace: Workspace,
        deliveries: Deliveries,
        event: Event,
        *,
        channel: str,
        thread: str,
        language: str,
    ) -> None:
        super().__init__(workspace, deliveries, event, channel=channel, thread=thread)
        self._language = language
        self._said: list[str] = []
        self._loop = asyncio.get_running_loop()
        self._open = False
        self._coming: list[tuple[Claim, Sequence[Citation]]] = []
        self._length = 0
        self._sources: set[str] = set()
        self._stopped = threading.Event()
        self._growing: asyncio.Task[None] | None = None

    async def begin(self, user: str) -> None:
        """Show that the question was heard: by a stream where that is possible, else by a message."""
        if await self.find():
            return
        waiting = wording.say("looking", self._language)
        try:
            await self._place(self._start(user, waiting))
        except UnstreamedError as error:
            log.info("slack: %s is not streamed: %s", self._id, error)
            await self.say(waiting)

    async def _start(self, user: str, waiting: str) -> None:
        with translated():
            started = await self._client.chat_startStream(
                channel=self._channel,
                thread_ts=str(self._thread),
                recipient_team_id=self._workspace.team,
                recipient_user_id=user,
                task_display_mode="plan",
                chunks=[PlanUpdateChunk(title=waiting), self._task("in_progress", ())],
            )
        self.ts, self._open = str(started["ts"]), True
        self._growing = asyncio.create_task(self._grow())
        await self._note()

    def show(self, claim: Claim, citations: Sequence[Citation]) -> None:
        """A sentence that was checked; called by the thread that answers. Raises `StoppedError` where nobody
        wants the answer any more."""
        if self._stopped.is_set() or not self._deliveries.wants(self._event.id):
            raise StoppedError
        self._loop.call_soon_threadsafe(self._coming.append, (claim, citations))

    @property
    def said(self) -> Sequence[str]:
        """The sentences that people have seen so far."""
        return self._said

    def stop(self) -> None:
        """Let no more come."""
        self._stopped.set()
        if self._growing is not None:
            self._growing.cancel()

    async def end(self, answer: Answer, **offered: bool) -> bool:
        """Make it the whole answer, with its sources and what can be done about it.

        True: Slack has ended the session with the stream; else it has to be told.
        """
        self.stop()
        whole, read = (
            head_as_markdown(answer),
            [self._title(answer), self._task("complete", answer.citations)],
        )
        if answer.outcome is Outcome.ANSWERED and not answer.citations:
            ended = await self._close([])  # a greeting: no page was looked at
        elif not self._said and len(whole.encode()) <= STREAMED:
            if await self._close([*read, MarkdownTextChunk(text=whole)], tail(answer, **offered)):
                return True
            ended = False
        else:  # what people have seen lacks what frames it
            ended = await self._close(read)
        await self.say(*render(answer, **offered))
        return ended

    async def give_up(self, text: str, blocks: Sequence[Block]) -> None:
        """End it with something else than an answer, where anything is to be seen of it."""
        self.stop()
        await self._close([])
        if self.ts is not None:
            await self.say(text, blocks)

    async def _grow(self) -> None:
        """Add what has come to the stream, for as long as it is open."""
        while self._open:
            await asyncio.sleep(FLUSH)
            coming, self._coming = self._coming, []
            if not coming:
                continue
            text = "".join(f"{streamed(claim)} " for claim, _ in coming)
            self._length += len(text.encode())
            if self._length > STREAMED:
                return
            self._said += [claim.text for claim, _ in coming]
            read = [one for _, citations in coming for one in citations]
            chunks = [self._task("in_progress", read), MarkdownTextChunk(text=text)]
            try:
                with translated():
                    await self._client.chat_appendStream(
                        channel=self._channel, ts=str(self.ts), chunks=chunks
                    )
            except (EndedError, UnstreamedError, OverError, SabioError, SlackApiError) as error:
                # Too old, too long, stopped by its button, or out of reach: the whole comes at the end.
                log.info("slack: the stream of %s does not grow any more: %s", self._id, error)
                self._open = False

    async def _close(self, chunks: Sequence[Chunk], blocks: Sequence[Block] = ()) -> bool:
        """End the stream. False: there is none, or it had ended by itself."""
        was_open, self._open = self._open, False
        if not was_open:
            return False
        try:
            with translated():
                await self._client.chat_stopStream(
                    channel=self._channel,
                    ts=str(self.ts),
                    chunks=list(chunks) or None,
                    blocks=list(blocks) or None,
                    session_status="active",
                )
        except (EndedError, UnstreamedError) as error:
            log.info("slack: the stream of %s had ended: %s", self._id, error)
            return False
        return True

    def _title(self, answer: Answer) -> PlanUpdateChunk:
        pages = len({(one.source, one.document) for one in answer.citations})
        if not pages:
            return PlanUpdateChunk(title=wording.say("no_pages", self._language))
        return PlanUpdateChunk(title=wording.say("pages_read", self._language, count=pages))

    def _task(self, status: str, read: Sequence[Citation]) -> TaskUpdateChunk:
        """What is done, with the pages read since that was last told: Slack adds them to the others."""
        new = {one.url: one.title for one in read if one.url and one.url not in self._sources}
        new = dict(list(new.items())[: _SOURCES - len(self._sources)])
        self._sources |= new.keys()
        sources = [UrlSourceElement(url=url, text=_bare(title)) for url, title in new.items()]
        title = wording.say("search_task", self._language)
        return TaskUpdateChunk(id=self._id, title=title, status=status, sources=sources or None)


def _bare(title: str) -> str:
    """A title where Slack does not say how it reads it: without the signs of its markup, escaped or not."""
    return title.replace("<", "‹").replace(">", "›").replace("](", "] (")[:_TITLE]
