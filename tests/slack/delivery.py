"""How Slack tells an app of what people do: over its connections, or posted and signed.

An event that is not acknowledged within three seconds is delivered again, at most three times more, to any
connection. Slack's own pauses between deliveries (a minute, five) are a second here. Commands and clicks are
delivered once: https://docs.slack.dev/apis/events-api, https://docs.slack.dev/apis/events-api/using-socket-mode.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector, WSMsgType, web

from tests.slack.workspace import SIGNING_SECRET, Json

PATIENCE = 3.0
DELIVERIES = 4
Answered = Callable[[Json], None]


@dataclass
class Delivery:
    """One thing that Sabio is told of, and what became of it."""

    kind: str = "events_api"
    payload: Json = field(default_factory=dict)
    envelopes: list[str] = field(default_factory=list)
    acknowledged: threading.Event = field(default_factory=threading.Event)
    took: float | None = None
    """Seconds from the first delivery to the acknowledgement."""
    answer: Json = field(default_factory=dict)
    """What the acknowledgement carried."""
    failed: str | None = None
    """Why Slack told the person that it failed: `operation_timeout`, `dispatch_failed`."""
    began: float = 0.0


class Courier:
    """Delivers, in the loop of the fake."""

    def __init__(self) -> None:
        self.sockets: list[web.WebSocketResponse] = []
        self.posts_to: str | None = None
        self._waiting: dict[str, tuple[Delivery, asyncio.Event, Answered | None]] = {}
        self._session: ClientSession | None = None

    async def close(self) -> None:
        """Close every connection."""
        for socket in list(self.sockets):
            await socket.close()
        if self._session is not None:
            await self._session.close()

    async def linked(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one connection of Socket Mode."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A1"}})
        self.sockets.append(socket)
        try:
            async for message in socket:
                if message.type == WSMsgType.TEXT:
                    said = json.loads(message.data)
                    self._heard(said.get("envelope_id"), said.get("payload") or {})
        finally:
            self.sockets.remove(socket)
        return socket

    async def deliver_event(self, delivery: Delivery) -> None:
        """Deliver an event until it is acknowledged, or four times."""
        for attempt in range(DELIVERIES):
            if not self.posts_to:
                while not self.sockets:
                    await asyncio.sleep(0.05)
            if await self._try(delivery, attempt) is None:
                return
            await asyncio.sleep(1)

    async def deliver_once(self, delivery: Delivery, answered: Answered | None) -> None:
        """Deliver a command or a click; nobody gets it again."""
        delivery.began = time.monotonic()
        while not self.posts_to and not self.sockets:
            if time.monotonic() - delivery.began > PATIENCE:
                delivery.failed = "dispatch_failed"
                return
            await asyncio.sleep(0.05)
        delivery.failed = await self._try(delivery, 0, answered)

    async def _try(self, delivery: Delivery, attempt: int, answered: Answered | None = None) -> str | None:
        """Why it was not acknowledged in time; None: it was."""
        delivery.began = delivery.began or time.monotonic()
        if self.posts_to is not None:
            return await self._post(self.posts_to, delivery, attempt, answered)
        envelope = f"{id(delivery)}-{attempt}"
        delivery.envelopes.append(envelope)
        heard = asyncio.Event()
        self._waiting[envelope] = (delivery, heard, answered)
        socket = self.sockets[(attempt + id(delivery) // 64) % len(self.sockets)]
        told = {"type": delivery.kind, "envelope_id": envelope, "payload": delivery.payload,
                "accepts_response_payload": delivery.kind != "events_api"}  # fmt: skip
        if delivery.kind == "events_api":
            told |= {"retry_attempt": attempt, "retry_reason": "timeout" if attempt else ""}
        try:
            await socket.send_json(told)
            await asyncio.wait_for(heard.wait(), PATIENCE)
        except (ConnectionError, TimeoutError):
            if delivery.kind != "events_api":
                del self._waiting[envelope]  # what comes now comes too late
            return "operation_timeout"
        return None

    def _heard(self, envelope: str | None, answer: Json) -> None:
        if envelope in self._waiting:
            delivery, heard, answered = self._waiting[envelope]
            _settle(delivery, answer, answered)
            heard.set()

    async def _post(
        self, url: str, delivery: Delivery, attempt: int, answered: Answered | None
    ) -> str | None:
        media, body = _body(delivery)
        retry = {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": "http_timeout"} if attempt else {}
        delivery.envelopes.append(f"post {attempt}")
        headers = {"Content-Type": media, **signed(body), **retry}
        try:
            if self._session is None:
                together = TCPConnector(limit=0)
                self._session = ClientSession(connector=together, timeout=ClientTimeout(PATIENCE))
            async with self._session.post(url, data=body, headers=headers) as said:
                text = await said.text()
                if said.status != 200:
                    return "dispatch_failed"
                answer = json.loads(text) if said.content_type == "application/json" else {"text": text}
        except TimeoutError:
            return "operation_timeout"
        except ClientError:
            return "dispatch_failed"
        _settle(delivery, {key: value for key, value in answer.items() if value}, answered)
        return None


def signed(body: str, secret: str = SIGNING_SECRET, age: float = 0) -> dict[str, str]:
    """The headers that say that Slack has sent a body, `age` seconds ago."""
    moment = str(int(time.time() - age))
    digest = hmac.new(secret.encode(), f"v0:{moment}:{body}".encode(), hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": moment, "X-Slack-Signature": f"v0={digest}"}


def _settle(delivery: Delivery, answer: Json, answered: Answered | None) -> None:
    if delivery.took is None:
        delivery.took = time.monotonic() - delivery.began
        delivery.answer = answer
        if answered is not None:
            answered(answer)
    delivery.acknowledged.set()


def _body(delivery: Delivery) -> tuple[str, str]:
    form = "application/x-www-form-urlencoded"
    match delivery.kind:
        case "events_api":
            return "application/json", json.dumps(delivery.payload)
        case "slash_commands":
            fields: Mapping[str, Any] = delivery.payload
            return form, urlencode(fields)
        case _:
            return form, urlencode({"payload": json.dumps(delivery.payload)})
