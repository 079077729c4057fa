"""A Slack workspace: its Web API checks what it is sent; events come over Socket Mode, or are posted.

An event that is not acknowledged within three seconds is delivered again, at most three times more, to any
connection. Slack's own pauses between deliveries (a minute, five) are a second here.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import json
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout, WSMsgType, web

from bot.platforms._slack_manifest import SCOPES
from tests.slack.blocks import problem_of

BOT_TOKEN, APP_TOKEN = "xoxb-of-the-tests", "xapp-of-the-tests"
SIGNING_SECRET = "the-signing-secret-of-the-tests"
TEAM, BOT = "T1", "UBOT"
PATIENCE = 3.0
DELIVERIES = 4


@dataclass
class Delivery:
    """One event, and what became of it."""

    envelopes: list[str] = field(default_factory=list)
    acknowledged: threading.Event = field(default_factory=threading.Event)
    took: float | None = None
    """Seconds from the first delivery to the acknowledgement."""


class FakeSlack:
    """A workspace with people, channels and messages. Its methods may be called from any thread."""

    def __init__(self) -> None:
        self.people: dict[str, dict[str, Any]] = {}
        self.messages: dict[str, list[dict[str, Any]]] = defaultdict(list)
        """By channel, in the order that they were posted."""
        self.calls: list[tuple[str, Mapping[str, Any]]] = []
        self.problems: list[str] = []
        """What real Slack would have refused, or what Sabio should not do."""
        self.scopes: list[str] = sorted(SCOPES)
        """What the app was allowed to do when it was installed."""
        self._answers: dict[str, deque[tuple[int, dict[str, Any], dict[str, str]]]] = defaultdict(deque)
        self._moments = itertools.count(1)
        self._waiting: dict[str, tuple[Delivery, asyncio.Event]] = {}
        self._sockets: list[web.WebSocketResponse] = []
        self._started: dict[str, float] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fake-slack", daemon=True)
        self._runner: web.AppRunner
        self._port = 0
        self._posts_to: str | None = None
        self._deliveries: set[asyncio.Task[None]] = set()

    def __enter__(self) -> FakeSlack:
        self._thread.start()
        self._do(self._open())
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def api_url(self) -> str:
        """What goes into the configuration."""
        return f"http://127.0.0.1:{self._port}/api/"

    def post_to(self, url: str) -> None:
        """Deliver events there, signed, instead of over connections."""
        self._posts_to = url

    # What people do

    def add_person(self, id_: str, email: str | None = None, **more: Any) -> str:
        """Somebody of this workspace, unless `more` (fields of `users.info`) says otherwise."""
        profile = {"real_name": id_.title()} | ({"email": email} if email else {})
        self.people[id_] = {"id": id_, "team_id": TEAM, "profile": profile, "locale": "en-US"} | more
        return id_

    def say(
        self, user: str, text: str, channel: str = "C1", *, thread: str | None = None, **more: Any
    ) -> tuple[str, Delivery]:
        """Somebody writes, and Sabio is told of it: where the message stands, and its delivery."""
        event = self.write(user, text, channel, thread=thread, **more)
        return event["ts"], self.deliver(event)

    def write(
        self, user: str, text: str, channel: str = "C1", *, thread: str | None = None, **more: Any
    ) -> dict[str, Any]:
        """Somebody writes: the event that Sabio would be told of it with."""
        direct = channel.startswith("D")
        message = {"user": user, "text": text, "ts": self._moment()} | (
            {"thread_ts": thread} if thread else {}
        )
        self.messages[channel].append({"type": "message", **message})
        kind = {"type": "message", "channel_type": "im"} if direct else {"type": "app_mention"}
        return {**kind, "channel": channel, "event_ts": message["ts"], **message, **more}

    def deliver(self, event: Mapping[str, Any]) -> Delivery:
        """Tell Sabio of an event, again and again until it says that it knows."""
        delivery = Delivery()

        async def begin() -> None:
            task = self._loop.create_task(self._deliver(dict(event), delivery))
            self._deliveries.add(task)
            task.add_done_callback(self._deliveries.discard)

        self._do(begin())
        return delivery

    # What is to be seen

    def replies(self, thread: str, channel: str = "C1") -> list[dict[str, Any]]:
        """What Sabio has posted in a thread."""
        there = self.messages[channel]
        return [one for one in there if one.get("thread_ts") == thread and one["user"] == BOT]

    def await_reply(
        self,
        thread: str,
        channel: str = "C1",
        *,
        until: Callable[[dict[str, Any]], bool],
        seconds: float = 30,
    ) -> dict[str, Any]:
        """The reply in a thread, as soon as it is as wanted; an error where it is not in time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for one in self.replies(thread, channel):
                if until(one):
                    return one
            time.sleep(0.02)
        raise AssertionError(f"no such reply within {seconds} s, but {self.replies(thread, channel)}")

    def await_connections(self, count: int, seconds: float = 60) -> None:
        """Wait until so many processes are connected."""
        end = time.monotonic() + seconds
        while (there := sum(not socket.closed for socket in self._sockets)) < count:
            assert time.monotonic() < end, f"{there} of {count} are connected"
            time.sleep(0.02)

    # What goes wrong

    def answer_next(
        self, method: str, error: str | None = None, *, status: int = 200, times: int = 1, **headers: str
    ) -> None:
        """Refuse the next calls of a method with an error, or with a status."""
        body = {"ok": False, "error": error or "internal_error"}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._answers[method].extend([(status, body, named)] * times)

    def disconnect(self) -> None:
        """Close every connection, as Slack does every few hours."""

        async def close() -> None:
            for socket in self._sockets:
                await socket.close()

        self._do(close())

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def _moment(self) -> str:
        return f"{1_700_000_000 + next(self._moments)}.000100"

    async def _open(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/api/{method}", self._called)
        app.router.add_get("/link", self._linked)
        self._runner = web.AppRunner(app, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def _close(self) -> None:
        for task in list(self._deliveries):
            task.cancel()
        for socket in self._sockets:
            await socket.close()
        await self._runner.cleanup()

    # Socket Mode

    async def _linked(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A1"}})
        self._sockets.append(socket)
        try:
            async for message in socket:
                if message.type == WSMsgType.TEXT:
                    self._acknowledge(json.loads(message.data).get("envelope_id"))
        finally:
            self._sockets.remove(socket)
        return socket

    def _acknowledge(self, envelope: str | None) -> None:
        if envelope in self._waiting:
            delivery, heard = self._waiting[envelope]
            if delivery.took is None:
                delivery.took = time.monotonic() - self._started[delivery.envelopes[0]]
            delivery.acknowledged.set()
            heard.set()

    async def _deliver(self, event: dict[str, Any], delivery: Delivery) -> None:
        payload = {
            "team_id": TEAM,
            "api_app_id": "A1",
            "type": "event_callback",
            "event_id": f"Ev{event['ts']}",
            "event": event,
            "authorizations": [{"team_id": TEAM, "user_id": BOT, "is_bot": True}],
        }
        for attempt in range(DELIVERIES):
            if self._posts_to is not None:
                if await self._post(payload, attempt, delivery):
                    return
                await asyncio.sleep(1)
                continue
            while not self._sockets:
                await asyncio.sleep(0.05)
            envelope = f"{event['ts']}-{len(delivery.envelopes)}-{id(delivery)}"
            delivery.envelopes.append(envelope)
            heard = asyncio.Event()
            self._waiting[envelope] = (delivery, heard)
            self._started[envelope] = time.monotonic()
            socket = self._sockets[(attempt + hash(event["ts"])) % len(self._sockets)]
            told = {"type": "events_api", "envelope_id": envelope, "accepts_response_payload": False}
            retry = {"retry_attempt": attempt, "retry_reason": "timeout" if attempt else ""}
            try:
                await socket.send_json({**told, **retry, "payload": payload})
                await asyncio.wait_for(heard.wait(), PATIENCE)
            except (ConnectionError, TimeoutError):
                await asyncio.sleep(1)
            else:
                return

    async def _post(self, payload: Mapping[str, Any], attempt: int, delivery: Delivery) -> bool:
        """Whether an event that was posted was acknowledged in time."""
        body = json.dumps(payload)
        retry = {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": "http_timeout"} if attempt else {}
        delivery.envelopes.append(f"post {attempt}")
        began = time.monotonic()
        try:
            async with ClientSession(timeout=ClientTimeout(PATIENCE)) as session:
                headers = {"Content-Type": "application/json", **signed(body), **retry}
                async with session.post(self._posts_to or "", data=body, headers=headers) as answer:
                    taken = answer.status == 200
        except (ClientError, TimeoutError):
            return False
        if taken:
            delivery.took = time.monotonic() - began
            delivery.acknowledged.set()
        return taken

    # The Web API

    async def _called(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        given = await _arguments(request)
        self.calls.append((method, given))
        if self._answers[method]:
            status, body, headers = self._answers[method].popleft()
            return web.json_response(body, status=status, headers=headers)
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        wanted = APP_TOKEN if method == "apps.connections.open" else BOT_TOKEN
        if token != wanted:
            known = token in (APP_TOKEN, BOT_TOKEN)
            return _refused("not_allowed_token_type" if known else "invalid_auth")
        do = getattr(self, "_" + method.replace(".", "_"), None)
        if do is None:
            self.problems.append(f"{method} is not known here")
            return _refused("unknown_method")
        try:
            scopes = {"x-oauth-scopes": ",".join(self.scopes)}
            return web.json_response({"ok": True, **do(given)}, headers=scopes)
        except _RefusedError as error:
            return _refused(str(error))

    def _apps_connections_open(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {"url": f"ws://127.0.0.1:{self._port}/link?ticket={self._moment()}"}

    def _auth_test(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {"url": "https://acme.slack.com/", "team": "Acme", "user": "sabio", "team_id": TEAM,
                "user_id": BOT, "bot_id": "B1", "is_enterprise_install": False}  # fmt: skip

    def _users_info(self, given: Mapping[str, Any]) -> dict[str, Any]:
        if given.get("user") not in self.people:
            raise _RefusedError("user_not_found")
        person = dict(self.people[given["user"]])
        if given.get("include_locale") not in ("1", "true", True):
            person.pop("locale", None)
        return {"user": person}

    def _chat_postMessage(self, given: Mapping[str, Any]) -> dict[str, Any]:
        self._check(given)
        if any(given.get(name) not in (False, "false", "0") for name in ("unfurl_links", "unfurl_media")):
            self.problems.append("links of a message would unfurl")
        message = {key: given[key] for key in ("text", "blocks", "thread_ts", "metadata") if key in given}
        message |= {"type": "message", "user": BOT, "bot_id": "B1", "ts": self._moment()}
        self.messages[given["channel"]].append(message)
        return {"channel": given["channel"], "ts": message["ts"], "message": message}

    def _chat_update(self, given: Mapping[str, Any]) -> dict[str, Any]:
        self._check(given)
        for message in self.messages[given["channel"]]:
            if message["ts"] == given.get("ts"):
                if message["user"] != BOT:
                    raise _RefusedError("cant_update_message")
                message.update({key: given[key] for key in ("text", "blocks") if key in given}, edited=True)
                return {"channel": given["channel"], "ts": message["ts"]}
        raise _RefusedError("message_not_found")

    def _conversations_replies(self, given: Mapping[str, Any]) -> dict[str, Any]:
        there = [
            dict(one)
            for one in self.messages[given["channel"]]
            if given["ts"] in (one["ts"], one.get("thread_ts"))
        ]
        if not there:
            raise _RefusedError("thread_not_found")
        if given.get("include_all_metadata") not in ("1", "true", True):
            for message in there:
                message.pop("metadata", None)
        return {"messages": there, "has_more": False}

    def _check(self, given: Mapping[str, Any]) -> None:
        if given.get("channel") is None:
            raise _RefusedError("channel_not_found")
        if problem := problem_of(given):
            self.problems.append(problem)
            raise _RefusedError(problem.partition(":")[0])


def signed(body: str, secret: str = SIGNING_SECRET, age: float = 0) -> dict[str, str]:
    """The headers that say that Slack has sent a body, `age` seconds ago."""
    moment = str(int(time.time() - age))
    digest = hmac.new(secret.encode(), f"v0:{moment}:{body}".encode(), hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": moment, "X-Slack-Signature": f"v0={digest}"}


class _RefusedError(Exception):
    """Slack's word for why it refuses."""


def _refused(error: str) -> web.Response:
    return web.json_response({"ok": False, "error": error})


async def _arguments(request: web.Request) -> dict[str, Any]:
    given: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        given |= json.loads(await request.text() or "{}")
    else:
        given |= dict(await request.post())
    for name in ("blocks", "metadata"):
        if isinstance(given.get(name), str):
            given[name] = json.loads(given[name])
    return given
