"""`/healthz`, `/readyz` and `/metrics`: what a process says of itself to whoever watches it.

Alive means that something was consumed lately, never that a connection answers a ping: a worker can hold
a good connection and read nothing from it. Ready means that what this process needs answers now.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import socket
import threading
import time
import uuid
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import TYPE_CHECKING, Any

from config.errors import SabioError, UnavailableError
from config.secrets import mask
from ingest.index import engine_ping
from ingest.knowledge import KnowledgeBase
from workers.patience import Inquiry

if TYPE_CHECKING:
    from prometheus_client.registry import Collector

_PATIENCE = 3.0
"""Seconds that one check may take."""
_KEEP = 2.0
"""Seconds that its result counts: probes of several watchers cost one."""
_LARGEST = 1_000_000
"""Bytes of a body that is posted, at most."""
_NO_CHUNK = str(uuid.UUID(int=0))

log = logging.getLogger("workers")


class Pulse:
    """When something was last consumed. Starts alive; thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` counts seconds, and never goes back."""
        self._clock = clock
        self._last = clock()

    def consumed(self) -> None:
        """Say that a message was consumed just now, or that the loop came round."""
        self._last = self._clock()

    def reason(self, limit: float) -> str | None:
        """Why this is not alive: nothing was consumed for more than `limit` seconds. None: it is."""
        seconds = self._clock() - self._last
        return f"nothing consumed for {seconds:.0f} s" if seconds > limit else None


Checks = Mapping[str, Callable[[], object]]
Route = Callable[[bytes, Mapping[str, str], str], tuple[int, Mapping[str, str], bytes]]
"""What answers a request, by its body, its headers and its query: a status, headers and a body."""


def readiness(
    kb: KnowledgeBase, queue_ping: Callable[[], object] | None = None, *, opens_index: bool = True
) -> Checks:
    """What a process needs, by name: each returns when it is there, and raises when not.

    `opens_index=False` for processes that only hand work on: opening the index loads the embedding model, and
    the connections of some engines do not outlive a fork. They ask whether its server is there.
    """

    def ask_ledger() -> None:
        kb.ledger.collection()

    def ask_index() -> None:
        if kb.ledger.collection() is not None:  # one that is not made yet is made by the first sync
            kb.collection().index.missing([_NO_CHUNK])

    # Looked up here, and not by the first to ask: a fork in the middle of an import leaves its child stuck.
    index = ask_index if opens_index else engine_ping(kb.settings)
    checks: dict[str, Callable[[], object]] = {"ledger": ask_ledger, "index": index}
    if queue_ping is not None:
        checks["queue"] = queue_ping
    return {name: _masked(check, kb.settings.secrets) for name, check in checks.items()}


def _masked(check: Callable[[], object], secrets: frozenset[str]) -> Callable[[], object]:
    def ask() -> None:
        try:
            check()
        except SabioError as error:
            raise UnavailableError(mask(str(error), secrets)) from error

    return ask


class Probes:
    """A small web server for those who watch this process. Start it, and stop it at the end."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        live: Callable[[], str | None] = lambda: None,
        ready: Checks | None = None,
        registry: Collector | None = None,
        fallback: bool = False,
        routes: Mapping[str, Route] | None = None,
    ) -> None:
        """`port` 0 is any; with `fallback`, any where that one is taken.

        `live` says why the process is not alive, None if it is; `ready` holds what must answer, as
        `readiness` gives it; `registry` what `/metrics` tells; `routes` who answers other requests, by
        method and path, as `POST /slack/events`.
        """
        self._host, self._port, self._fallback = host, port, fallback
        self._live = live
        self._ready = {
            name: Inquiry(check, seconds=_PATIENCE, keep=_KEEP) for name, check in (ready or {}).items()
        }
        self._registry = registry
        self.routes = routes or {}
        self._unready: str | None = None
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> tuple[str, int]:
        """Listen: at which address and port. Raises `UnavailableError` when the port is taken."""
        if self._registry is not None:
            # Not in the first request: a fork while a module is being imported leaves its child stuck there.
            import prometheus_client.exposition  # noqa: F401
        self._server = self._listen()
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="sabio-probes", daemon=True
        )
        self._thread.start()
        return self._host, int(self._server.server_address[1])

    def stop(self) -> None:
        """Listen no more."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self._server = self._thread = None

    def _listen(self) -> _Server:
        try:
            return _Server(self._host, self._port, self)
        except OSError as error:
            if error.errno == errno.EADDRINUSE and self._fallback:
                log.warning("port %d of %s is taken, so any free one is used", self._port, self._host)
                return _Server(self._host, 0, self)
            raise UnavailableError(
                f"cannot listen on {self._host} port {self._port}: {error.strerror}; set another"
                " `server.port` or `server.host`, or end the process that listens there"
            ) from error

    def health(self) -> tuple[int, dict[str, Any]]:
        """The status and the body of `/healthz`."""
        try:
            reason = self._live()
        except Exception as error:  # a mistake there must not look like health
            log.exception("the process cannot tell whether it is alive")
            reason = type(error).__name__
        if reason is None:
            return 200, {"status": "ok"}
        return 503, {"status": "failing", "reason": reason}

    def readiness(self) -> tuple[int, dict[str, Any]]:
        """The status and the body of `/readyz`."""
        for inquiry in self._ready.values():
            inquiry.begin()  # all at once, so that the slowest alone counts
        checks = {name: _word(name, inquiry) for name, inquiry in self._ready.items()}
        wrong = "; ".join(f"{name}: {word}" for name, word in checks.items() if word != "ok") or None
        if wrong != self._unready:
            if wrong is None:
                log.info("ready")
            else:
                log.warning("not ready: %s", wrong)
            self._unready = wrong
        return (200 if wrong is None else 503), {"ready": wrong is None, "checks": checks}

    def exposition(self, accepted: str) -> tuple[str, bytes]:
        """The media type and the body of `/metrics`, in a format that the `Accept` header names."""
        from prometheus_client.exposition import choose_encoder
        from prometheus_client.registry import CollectorRegistry

        encode, media_type = choose_encoder(accepted)
        return media_type, encode(self._registry or CollectorRegistry())


def _word(name: str, inquiry: Inquiry[object]) -> str:
    try:
        inquiry.answer()
    except SabioError as error:
        return str(error)
    except Exception as error:  # told by its name: what it says is not meant for people
        log.debug("the check %s failed", name, exc_info=True)
        return type(error).__name__
    return "ok"


class _Server(ThreadingHTTPServer):
    """Listens, a thread for each request; its socket is not kept open by children of a fork."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 512  # a chat platform posts many at once; those beyond it wait a second and longer

    def __init__(self, host: str, port: int, probes: Probes) -> None:
        self.probes = probes
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        self.address_family = found[0][0]
        super().__init__((host, port), _Request)
        _listening.add(self)

    def server_bind(self) -> None:
        """Without asking DNS for this machine's name, as HTTPServer would."""
        TCPServer.server_bind(self)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """Where the standard library would print a stack trace: whoever asked went away, mostly."""
        log.debug("a probe's request failed", exc_info=True)


_listening: weakref.WeakSet[_Server] = weakref.WeakSet()


def _let_go() -> None:
    for server in _listening:
        server.socket.close()


# A child that outlives its parent would keep the port, and connections would wait there for ever.
os.register_at_fork(after_in_child=_let_go)


class _Request(BaseHTTPRequestHandler):
    """One request; closed after its answer."""

    timeout = 5.0
    server: _Server

    def do_GET(self) -> None:
        """Answer one of the three, or pass it on."""
        path = self.path.partition("?")[0]
        with self._answered():
            if path == "/healthz":
                self._answer(*self.server.probes.health())
            elif path == "/readyz":
                self._answer(*self.server.probes.readiness())
            elif path == "/metrics":
                media_type, body = self.server.probes.exposition(self.headers.get("Accept", ""))
                self._send(200, {"Content-Type": media_type}, body)
            elif route := self.server.probes.routes.get(f"GET {path}"):
                self._send(*route(b"", dict(self.headers.items()), self.path.partition("?")[2]))
            else:
                self._answer(404, {"error": "there are /healthz, /readyz and /metrics"})

    def do_POST(self) -> None:
        """Pass on what is posted to a path that somebody answers."""
        path, _, query = self.path.partition("?")
        route = self.server.probes.routes.get(f"POST {path}")
        length = self.headers.get("Content-Length", "")
        if route is None:
            self.send_error(501)
        elif not length.isdecimal():
            self._answer(411, {"error": "a Content-Length is needed"})
        elif int(length) > _LARGEST:
            self._answer(413, {"error": f"more than {_LARGEST:,} bytes"})
        else:
            with self._answered():
                self._send(*route(self.rfile.read(int(length)), dict(self.headers.items()), query))

    do_HEAD = do_GET  # noqa: N815 - named by the standard library

    @contextmanager
    def _answered(self) -> Iterator[None]:
        """Answer that it failed, where the block does."""
        try:
            yield
        except OSError:
            raise  # the other side went away
        except Exception:
            log.exception("%s failed", self.path.partition("?")[0])
            self._answer(500, {"error": "this failed; the log says why"})

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Refuse a request that is none, without saying it back."""
        refused = {501: (405, "only GET and HEAD")}.get(code, (code, "this is no request that is understood"))
        self._answer(refused[0], {"error": refused[1]})

    def _answer(self, status: int, body: Mapping[str, Any]) -> None:
        text = json.dumps(body, ensure_ascii=False) + "\n"
        self._send(status, {"Content-Type": "application/json"}, text.encode())

    def _send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.close_connection = True
        # Not send_response, which names the server and its version.
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        if status == 405:
            self.send_header("Allow", "GET, HEAD")
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing: probes come every few seconds."""
