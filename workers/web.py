"""The web server of a process, in its event loop.

A chat platform posts hundreds of things at the same moment and waits three seconds for each. A thread for
each request would have them all wait for Python's lock, behind the answers under way.
"""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import os
import socket
import weakref
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from config.errors import UnavailableError
from workers.event_loop import EventLoop

PATIENCE = 5.0
"""Seconds that somebody who has connected may take to send a request."""
_LONGEST = 64 * 1024
"""Bytes of a line or a header, at most: a token that is far too long is the platform's to refuse."""
_WAITING = 512
"""Connections that may wait to be taken: those beyond it wait a second and longer."""
_NO_REQUEST = {"error": "this is no request that is understood"}

log = logging.getLogger("workers")

Answer = tuple[int, Mapping[str, str], bytes]
"""A status, headers and a body."""
Route = Callable[[bytes, Mapping[str, str], str], Awaitable[Answer]]
"""What answers a request, by its body, its headers (their names in small letters) and its query."""


def as_json(status: int, body: object, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer that says something in JSON."""
    text = "" if body is None else json.dumps(body, ensure_ascii=False) + "\n"
    return status, {"Content-Type": "application/json", **(headers or {})}, text.encode()


class WebServer:
    """Answers requests by `routes`, as `POST /slack/events`. Start it, and stop it at the end."""

    def __init__(
        self, loop: EventLoop, host: str, port: int, routes: Mapping[str, Route], *, fallback: bool = False
    ) -> None:
        """`port` 0 is any; with `fallback`, any where that one is taken."""
        self._loop, self._routes = loop, routes
        self._host, self._port, self._fallback = host, port, fallback
        self._serving: tuple[asyncio.Server, _Connections] | None = None

    def start(self) -> tuple[str, int]:
        """Listen: at which address and port. Raises `UnavailableError` when the port is taken."""
        listening = self._listen()
        self._loop.run(self._serve(listening))
        return self._host, int(listening.getsockname()[1])

    def stop(self) -> None:
        """Listen no more, and end what is under way."""
        if self._serving is not None:
            self._loop.run(self._end(*self._serving))
            self._serving = None

    def _listen(self) -> socket.socket:
        try:
            return _bound(self._host, self._port)
        except OSError as error:
            if error.errno == errno.EADDRINUSE and self._fallback:
                log.warning("port %d of %s is taken, so any free one is used", self._port, self._host)
                return _bound(self._host, 0)
            raise UnavailableError(
                f"cannot listen on {self._host} port {self._port}: {error.strerror}; set another"
                " `server.port` or `server.host`, or end the process that listens there"
            ) from error

    async def _serve(self, listening: socket.socket) -> None:
        connections = _Connections(self._answer)
        server = await asyncio.get_running_loop().create_server(connections, sock=listening, backlog=_WAITING)
        self._serving = server, connections

    async def _end(self, server: asyncio.Server, connections: _Connections) -> None:
        server.close()
        connections.pre_shutdown()
        await connections.shutdown(PATIENCE)

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        return _reply(*await self._find(request))

    async def _find(self, request: web.BaseRequest) -> Answer:
        reads = request.method in {"GET", "HEAD"}
        route = self._routes.get(f"{'GET' if reads else request.method} {request.path}")
        if route is None and reads:
            return as_json(404, {"error": "there are /healthz, /readyz and /metrics"})
        if route is None:
            return as_json(405, {"error": "only GET and HEAD"}, {"Allow": "GET, HEAD"})
        try:
            async with asyncio.timeout(PATIENCE):
                body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return as_json(413, {"error": "this is too large"})
        except TimeoutError:
            return as_json(408, {"error": f"not all of it came within {PATIENCE:g} s"})
        # One that comes twice is what both say (RFC 9110, 5.3): nobody is believed for the first alone.
        headers = {name.lower(): ", ".join(request.headers.getall(name)) for name in request.headers}
        try:
            return await route(body, headers, request.query_string)
        except Exception:
            log.exception("%s failed", request.path)
            return as_json(500, {"error": "this failed; the log says why"})


def _bound(host: str, port: int) -> socket.socket:
    [(family, *_, address), *_] = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    listening = socket.create_server(address, family=family, backlog=_WAITING)
    _listening.add(listening)
    return listening


_listening: weakref.WeakSet[socket.socket] = weakref.WeakSet()


def _let_go() -> None:
    for listening in _listening:
        listening.close()


# A child that outlives its parent would keep the port, and connections would wait there for ever.
os.register_at_fork(after_in_child=_let_go)


def _reply(status: int, headers: Mapping[str, str], body: bytes) -> web.Response:
    # `Server`, else aiohttp names itself, Python, and their versions. Each connection serves one request: a
    # proxy that keeps one for later would now and then post to one that is just being closed.
    added = {"Server": "sabio", "Cache-Control": "no-store", "Connection": "close"}
    reply = web.Response(status=status, headers={**headers, **added}, body=body)
    reply.force_close()
    return reply


class _Connections(web.Server):
    """Makes a protocol for every connection."""

    def __call__(self) -> RequestHandler:
        # It lets go of who says nothing; no line is written for each request: probes come every few seconds.
        return _Protocol(
            self,
            loop=self._loop,
            keepalive_timeout=PATIENCE,
            lingering_time=PATIENCE,
            max_line_size=_LONGEST,
            max_field_size=_LONGEST,
            access_log=None,  # type: ignore[arg-type]
        )


class _Protocol(RequestHandler):
    """Speaks HTTP; to what is no request it does not say it back, as aiohttp's own would."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,  # noqa: ARG002
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002
    ) -> web.StreamResponse:
        """Refuse what could not be read."""
        log.debug("a request failed", exc_info=exc)
        return _reply(*as_json(status, _NO_REQUEST))
