"""The one message that answers something, posted once and changed as often as it takes.

It carries the event's id, in its metadata or as its first task, so that whoever takes over after a kill finds
it in the thread instead of posting another.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import aiohttp
from slack_sdk.errors import SlackClientError
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.platforms._deliveries import Deliveries, OverError, whole
from bot.platforms._slack.errors import EndedError, StreamingError, translated
from bot.platforms._slack.markup import Block
from bot.platforms._slack.workspaces import Workspace
from config.errors import UnavailableError
from ingest.ledger import inbox
from ingest.ledger.inbox import Event

_PAGE = 200
_UNFURLED: Mapping[str, Any] = {"unfurl_links": False, "unfurl_media": False}


class Reply:
    """A message that answers an event: in a channel, or in the conversation with a person.

    `thread`: None for one that stands by itself. `mark` tells several of one event apart; the one without is
    its reply, and is noted in the ledger.
    """

    def __init__(
        self,
        workspace: Workspace,
        deliveries: Deliveries,
        event: Event,
        *,
        channel: str,
        thread: str | None = None,
        mark: str = "",
    ) -> None:
        self._workspace, self._deliveries, self._event = workspace, deliveries, event
        self._client = workspace.client
        self._channel, self._thread = channel, thread
        self._id, self._main = event.id + mark, not mark
        self.ts: str | None = event.reply if self._main else None

    async def find(self, *, first: bool = True) -> bool:
        """Look for what a process has posted, and could not note before it ended: whether it is there.

        `first`: at a first attempt nothing can be there.
        """
        if self.ts is None and (self._event.attempts > 1 or not first):
            async for message in self._messages():
                if message.get("user") == self._workspace.user and self._id in _ids_of(message):
                    self.ts = str(message["ts"])
                    await self._note()
                    break
        return self.ts is not None

    async def say(self, text: str, blocks: Sequence[Block] | None = None) -> None:
        """Post it, or put this in place of what it says."""
        if self.ts is not None:
            await self._replace(text, blocks)
        else:
            await self._place(self._post(text, blocks))

    async def _post(self, text: str, blocks: Sequence[Block] | None) -> None:
        marked = {"event_type": "sabio_reply", "event_payload": {"id": self._id}}
        with translated():
            posted = await self._client.chat_postMessage(
                channel=self._channel,
                thread_ts=self._thread,
                text=text,
                blocks=blocks,
                metadata=marked,
                **_UNFURLED,
            )
        self.ts = str(posted["ts"])
        await self._note()

    async def _place(self, posting: Coroutine[Any, Any, None]) -> None:
        """Post the message and note it, also where this is cancelled meanwhile. Raises `OverError` where the
        event is not for this process any more."""
        try:
            await whole(posting)
        except OverError:
            over = await self._deliveries.look(inbox.is_done, self._event.id)
            if over and self.ts is not None:
                await self.remove()  # nobody would: who took the event back did not know of it
            raise

    async def _replace(self, text: str, blocks: Sequence[Block] | None) -> None:
        changed = {"channel": self._channel, "ts": str(self.ts), "text": text, "blocks": list(blocks or ())}
        try:
            with translated():
                await self._client.chat_update(**changed)  # type: ignore[arg-type]
        except StreamingError:  # of a process that was killed
            await self._halt()
            with translated():
                await self._client.chat_update(**changed)  # type: ignore[arg-type]

    async def remove(self) -> None:
        """Take it back, if it was posted."""
        if await self.find(first=False):
            with suppress(OverError):
                await self._delete()

    async def _delete(self) -> None:
        try:
            with translated():
                await self._client.chat_delete(channel=self._channel, ts=str(self.ts))
        except StreamingError:
            await self._halt()
            with translated():
                await self._client.chat_delete(channel=self._channel, ts=str(self.ts))

    async def _halt(self) -> None:
        """End a stream that a killed process has left, or that ended without our being told."""
        with suppress(EndedError), translated():
            await self._client.chat_stopStream(channel=self._channel, ts=str(self.ts))

    async def _note(self) -> None:
        """Write down which message it is. Raises `OverError` where another process has taken over."""
        if not self._main or self._event.reply == self.ts:
            return
        if not await self._deliveries.begin_reply(self._event.id, self.ts or ""):
            raise OverError("another process answers it, and will find this message")

    async def _messages(self) -> AsyncIterator[Mapping[str, Any]]:
        """The messages of the thread since the event, or the latest ones of the conversation."""
        if self._thread is None:
            with translated():
                latest = await self._client.conversations_history(
                    channel=self._channel, include_all_metadata=True, limit=_PAGE
                )
            for message in latest["messages"]:
                yield message
            return
        cursor = ""
        while True:
            with translated():
                page = await self._client.conversations_replies(
                    channel=self._channel,
                    ts=self._thread,
                    oldest=str(self._event.content.get("ts") or "0"),
                    include_all_metadata=True,
                    limit=_PAGE,
                    cursor=cursor,
                )
            for message in page["messages"]:
                yield message
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return


def _ids_of(message: Mapping[str, Any]) -> Iterator[str]:
    """The ids of events that a message carries."""
    yield str(((message.get("metadata") or {}).get("event_payload") or {}).get("id"))
    for block in message.get("blocks") or ():
        for card in (block, *block.get("tasks", ())):
            yield str(card.get("task_id"))


class PrivateReply:
    """What only one person sees, where they asked: through the address that came with their command or click.

    Slack takes five messages within half an hour there. Each is one of its own: to put one in place of
    another would change the message that a button stands in.
    """

    def __init__(self, workspace: Workspace, address: str) -> None:
        self._hook = AsyncWebhookClient(address, retry_handlers=list(workspace.client.retry_handlers))

    async def say(self, text: str, blocks: Sequence[Block] | None = None) -> None:
        """Say it to them. Raises `OverError` when their half hour is over."""
        try:
            answer = await self._hook.send(
                text=text,
                blocks=blocks,
                response_type="ephemeral",
                replace_original=False,
                **_UNFURLED,
            )
        except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
            raise UnavailableError(f"Slack cannot be reached ({type(error).__name__})") from error
        if answer.status_code in (404, 410) or "url" in answer.body:
            raise OverError(f"Slack does not take it any more: {answer.body}")
        if answer.status_code != 200:
            raise UnavailableError(f"Slack says {answer.status_code}")
