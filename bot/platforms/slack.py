"""Slack: people mention Sabio in a channel or write to it directly, and are answered in a thread.

The only file that knows Bolt. An event is kept in the ledger before it is acknowledged
(`ingest.ledger.inbox`), so a second delivery makes no second answer, and what a killed process leaves is
answered by another, or by the same when it comes back. The reply is one message: it is posted at once, so
that people see that they were heard, and becomes the answer. Whoever takes over looks for it before posting
another.

What may be shown in a channel is what everyone may read: Sabio does not know yet who is in it.
"""

from __future__ import annotations

import asyncio
import html
import logging
import re
import threading
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from itertools import count
from typing import Any, TypeVar

import aiohttp
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackClientError
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient

from bot import wording
from bot.door import handle
from bot.messages import Answer, Message
from bot.platforms._slack_blocks import Block, notice, render
from bot.platforms._slack_errors import is_over, problem_of
from bot.platforms._slack_people import Asker, People
from config.errors import ConfigError, SabioError
from config.secrets import mask
from ingest.documents import EVERYONE
from ingest.knowledge import KnowledgeBase
from ingest.ledger import inbox, now
from ingest.ledger.owners import new_owner

PLATFORM = "slack"
LEASE = 60.0
"""Seconds after which an event of a process that went silent is another's."""
LOOK = 5.0
"""Seconds between looks for events that nobody is answering."""
GRACE = 20.0
"""Seconds that answers under way may take to end when the process is to stop."""
REMEMBERED = timedelta(days=7)
"""For how long an event that was answered is known again; Slack's last delivery comes after some minutes."""
_FAREWELL = 3.0
"""Seconds that closing the connection may take."""
_PATIENCE = 10.0
"""Seconds that keeping an event may take; Slack waits for three."""
_RETRY = (5.0, 15.0, 60.0, 300.0)
"""Seconds until the next attempt, where Slack or the ledger could not be reached."""
_PLAIN = frozenset({None, "file_share", "thread_broadcast"})
"""Subtypes of messages that a person has written just so."""
_MENTION = re.compile(r"<@(\w+)")
_MARKED = re.compile(r"<(?:[@#!][^<>|]*|[^<>|]*)(?:\|([^<>]*))?>")

log = logging.getLogger("bot")

T = TypeVar("T")


class Slack:
    """The connection of one process to one workspace. Start it, and stop it at the end."""

    def __init__(self, kb: KnowledgeBase) -> None:
        self._kb = kb
        self._settings = kb.settings.slack
        self._owner = new_owner()
        self._turns = asyncio.Semaphore(kb.settings.limits.at_once)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._stopping = asyncio.Event()
        self._app: AsyncApp | None = None
        self._socket: AsyncSocketModeHandler | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._client: AsyncWebClient
        self._people: People
        self._me: Mapping[str, Any] = {}
        self._told = ""

    def start(self) -> str:
        """Connect, in a thread of its own: what to tell of it, as `@sabio in Acme`.

        Where Slack cannot be reached this says so, and goes on trying. Raises `ConfigError` where a person
        must act: a token is missing, or not right.
        """
        begun = threading.Event()
        failed: list[BaseException] = []

        def run() -> None:
            try:
                asyncio.run(self._run(begun))
            except BaseException as error:  # noqa: BLE001 - raised below, or told by `trouble`
                log.error("slack: %s", mask(str(error), self._kb.settings.secrets))  # noqa: TRY400
                failed.append(error)
            finally:
                begun.set()

        self._thread = threading.Thread(target=run, name="sabio-slack", daemon=True)
        self._thread.start()
        begun.wait()
        if failed:
            raise failed[0]
        return self._told

    def trouble(self) -> str | None:
        """Why the connection is not alive; None: it is."""
        alive = self._thread is None or self._thread.is_alive()
        return None if alive else "the connection to Slack has ended"

    def respond(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, str, bytes]:
        """What Slack has posted, in `mode: http`: the status, media type and body to answer with."""
        if self._loop is None or self._app is None or self._stopping.is_set():
            return 503, "text/plain", b"not ready"
        request = AsyncBoltRequest(body=body.decode("utf-8", "replace"), headers=dict(headers))
        under_way = asyncio.run_coroutine_threadsafe(self._app.async_dispatch(request), self._loop)
        answer = under_way.result(_PATIENCE)
        media_type = answer.first_headers().get("content-type", "text/plain")
        return answer.status, media_type, answer.body.encode()

    def stop(self) -> None:
        """Take nothing more, end the answers under way, and leave the others to whoever comes next."""
        if self._loop is not None and self._thread is not None and self._thread.is_alive():
            with suppress(RuntimeError):  # the loop ended at this very moment
                self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(GRACE + 10)
            if self._thread.is_alive():
                log.warning("slack: still not done; what was under way is left to others")

    async def _run(self, begun: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        threads = ThreadPoolExecutor(self._kb.settings.limits.at_once + 8, "sabio-slack")
        self._loop.set_default_executor(threads)
        self._client = AsyncWebClient(
            self._settings.bot_token,
            base_url=self._settings.api_url,
            retry_handlers=[
                AsyncConnectionErrorRetryHandler(max_retry_count=2),
                AsyncRateLimitErrorRetryHandler(max_retry_count=3),
            ],
        )
        if not await self._connected(begun):
            return
        renewing, *looking = [
            asyncio.create_task(self._every(seconds, do))
            for seconds, do in ((LEASE / 3, self._renew), (LOOK, self._take_up), (3600, self._forget))
        ]
        try:
            await self._stopping.wait()
        finally:
            for task in looking:
                task.cancel()
            if self._socket is not None:
                with suppress(TimeoutError):  # the other side need not answer the farewell
                    await asyncio.wait_for(self._socket.close_async(), _FAREWELL)  # type: ignore[no-untyped-call]
            await self._end()
            renewing.cancel()

    async def _connected(self, begun: threading.Event) -> bool:
        """Connect as soon as that is possible. False: the process is to stop before that."""
        for attempt in count(1):
            try:
                self._me = (await self._client.auth_test()).data  # type: ignore[assignment]
                self._people = People(self._client, str(self._me["team_id"]))
                await self._open()
            except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
                if problem := problem_of(error):
                    raise ConfigError(problem) from error
                self._told = f"not reachable yet ({type(error).__name__}), trying again"
                begun.set()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), _pause(attempt))
                    return False
            else:
                self._told = f"@{self._me.get('user')} in {self._me.get('team')}"
                begun.set()
                return True
        raise AssertionError("unreachable")

    async def _open(self) -> None:
        secret = self._settings.signing_secret
        app = AsyncApp(client=self._client, signing_secret=secret, logger=logging.getLogger("slack"))
        app.middleware(self._receive)
        if self._settings.mode == "socket":
            # Bolt would try for ever with a token that is not right, and tell nobody.
            await self._client.apps_connections_open(app_token=self._settings.app_token or "")
            self._socket = AsyncSocketModeHandler(app, self._settings.app_token)
            await self._socket.connect_async()  # type: ignore[no-untyped-call]
        self._app = app

    async def _end(self) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=GRACE)
        for id_, task in list(self._tasks.items()):
            task.cancel()
            with suppress(SabioError):
                await self._ledger(inbox.give_back, id_, self._owner)

    async def _every(self, seconds: float, do: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await do()
            except SabioError as error:  # the ledger is down, and will be back
                log.info("slack: %s", error)
            await asyncio.sleep(seconds)

    async def _renew(self) -> None:
        if self._tasks:
            await self._ledger(inbox.renew, self._owner, LEASE)

    async def _forget(self) -> None:
        await self._ledger(inbox.forget, now() - REMEMBERED)

    async def _take_up(self) -> None:
        for id_ in await self._look(inbox.due, PLATFORM):
            self._begin(id_)

    async def _receive(self, body: dict[str, Any]) -> BoltResponse:
        """Keep what is to be answered; only then Slack is told that it arrived."""
        event = body.get("event") or {}
        team = body.get("team_id") or event.get("team") or ""
        place = f"{PLATFORM}:{team}/{event.get('channel')}"
        if not _is_question(event) and not (
            _may_follow(event, str(self._me["user_id"]))
            and await self._look(inbox.takes_part, f"{place}/{event['thread_ts']}")
        ):
            return BoltResponse(status=200)
        id_ = f"{place}/{event['ts']}"
        content = {"team": team} | {
            key: event.get(key) for key in ("channel", "channel_type", "user", "text", "ts", "thread_ts")
        }
        if await self._ledger(inbox.receive, id_, PLATFORM, content):
            self._begin(id_)
        return BoltResponse(status=200)

    def _begin(self, id_: str) -> None:
        if id_ in self._tasks or self._stopping.is_set():
            return
        task = asyncio.create_task(self._attempt(id_))
        self._tasks[id_] = task
        task.add_done_callback(lambda _: self._tasks.pop(id_, None))

    async def _attempt(self, id_: str) -> None:
        """Answer an event, or leave it for later where that is not possible now."""
        try:
            event = await self._ledger(inbox.take, id_, self._owner, LEASE)
        except SabioError as error:
            log.info("slack: %s stays for later: %s", id_, error)
            return
        if event is None:
            return
        try:
            await self._answer(event)
        except (SlackClientError, aiohttp.ClientError, TimeoutError, SabioError) as error:
            reason = problem_of(error) or mask(str(error), self._kb.settings.secrets)
            if is_over(error):
                log.info("slack: %s needs no answer any more: %s", id_, reason)
                await self._quietly(inbox.finish, id_)
                return
            level = logging.ERROR if problem_of(error) else logging.WARNING
            log.log(level, "slack: %s is answered later: %s", id_, reason)
            await self._quietly(inbox.give_back, id_, _pause(event.attempts))

    async def _quietly(self, change: Callable[..., object], id_: str, *more: object) -> None:
        with suppress(SabioError):  # its lease ends by itself
            await self._ledger(change, id_, self._owner, *more)

    async def _answer(self, event: inbox.Event) -> None:
        asked = event.content
        asker = await self._people.asker(asked["user"])
        reply = event.reply or (await self._begun(event) if event.attempts > 1 else None)
        if reply is None:
            waiting = wording.say("looking", asker.language)
            posted = await self._client.chat_postMessage(
                channel=asked["channel"],
                thread_ts=_thread(asked),
                text=waiting,
                metadata={"event_type": "sabio_reply", "event_payload": {"id": event.id}},
                unfurl_links=False,
                unfurl_media=False,
            )
            reply = str(posted["ts"])
        if not event.reply and not await self._ledger(inbox.begin_reply, event.id, self._owner, reply):
            return  # another has taken over, and found this message
        text, blocks = await self._reply(asked, asker)
        await self._client.chat_update(channel=asked["channel"], ts=reply, text=text, blocks=blocks)
        await self._ledger(inbox.finish, event.id, self._owner)

    async def _begun(self, event: inbox.Event) -> str | None:
        """The reply that another has posted, and could not note before it ended."""
        asked = event.content
        said = await self._client.conversations_replies(
            channel=asked["channel"],
            ts=_thread(asked),
            oldest=asked["ts"],
            include_all_metadata=True,
            limit=200,
        )
        messages: list[dict[str, Any]] = said["messages"]
        for message in messages:
            payload = message.get("metadata", {}).get("event_payload", {})
            if payload.get("id") == event.id and message.get("user") == self._me.get("user_id"):
                return str(message["ts"])
        return None

    async def _reply(self, asked: Mapping[str, Any], asker: Asker) -> tuple[str, list[Block]]:
        if not asker.colleague:
            return notice(wording.say("colleagues_only", asker.language))
        place = f"{asked['team']}/{asked['channel']}"
        alone = asked.get("channel_type") == "im"
        message = Message(
            _text(asked.get("text") or "", str(self._me.get("user_id"))),
            asker.person,
            PLATFORM,
            audience=None if alone else frozenset({EVERYONE}),
            thread=f"{place}/{_thread(asked)}",
            id=f"{place}/{asked['ts']}",
        )
        async with self._turns:
            answer: Answer = await asyncio.to_thread(handle, self._kb, message)
        return render(answer)

    async def _ledger(self, do: Callable[..., T], *arguments: Any) -> T:
        """What changes the ledger, in a transaction of its own."""

        def run() -> T:
            with self._kb.ledger.write() as connection:
                return do(connection, *arguments)

        return await asyncio.to_thread(run)

    async def _look(self, do: Callable[..., T], *arguments: Any) -> T:
        """What only reads the ledger, and so keeps nobody from writing."""

        def run() -> T:
            with self._kb.ledger.read() as connection:
                return do(connection, *arguments)

        return await asyncio.to_thread(run)


def _pause(attempt: int) -> float:
    """Seconds to wait after an attempt that failed, counted from 1."""
    return _RETRY[min(attempt, len(_RETRY)) - 1]


def _is_question(event: Mapping[str, Any]) -> bool:
    """Whether a person says something to Sabio: a mention, or anything in a conversation of the two."""
    mentioned = event.get("type") == "app_mention"
    direct = event.get("type") == "message" and event.get("channel_type") == "im"
    return (mentioned or direct) and _is_plain(event)


def _may_follow(event: Mapping[str, Any], me: str) -> bool:
    """Whether somebody asks on in a thread of a channel, and asks nobody else."""
    text = event.get("text") or ""
    threaded = event.get("type") == "message" and event.get("channel_type") in ("channel", "group")
    others = set(_MENTION.findall(text)) - {me}
    return threaded and _is_plain(event) and bool(event.get("thread_ts")) and "?" in text and not others


def _is_plain(event: Mapping[str, Any]) -> bool:
    """Whether a person has written it, just so: no bot, no edit, nobody who comes or goes."""
    written = event.get("subtype") in _PLAIN and not event.get("bot_id") and bool(event.get("user"))
    return written and bool(event.get("channel") and event.get("ts"))


def _thread(asked: Mapping[str, Any]) -> str:
    """Where the reply goes: the thread of the question, or the one that it begins."""
    return str(asked.get("thread_ts") or asked["ts"])


def _text(text: str, me: str) -> str:
    """What a person wrote, without Slack's marks: `<@U1>` for Sabio itself, `<address|words>`, `&amp;`."""
    text = text.replace(f"<@{me}>", " ")
    return html.unescape(_MARKED.sub(lambda mark: mark[1] or "", text)).strip()
