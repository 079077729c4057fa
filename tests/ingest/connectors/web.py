"""A web server on loopback that answers as it is told, and remembers what it was asked and when."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    path: str
    headers: Mapping[str, str]
    moment: float
    body: bytes = b""


@dataclass
class Said:
    """One answer. With a `pause`, its body is sent byte by byte, so many seconds before each; `cut`, half of
    it is sent and the connection closed."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str | list[str]] = field(default_factory=dict)
    pause: float = 0.0
    cut: bool = False


class Web:
    """Answers by `answer`, which may be changed at any time."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answer: Callable[[Asked], Said] = lambda _: Said()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/"

    def __enter__(self) -> Web:
        Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def in_turn(self, *answers: Said) -> None:
        """Answer so, one after the other, and then with the last one for ever."""
        left = list(answers)
        self.answer = lambda _: left.pop(0) if len(left) > 1 else left[0]


class Relay(Web):
    """Stands before another server on loopback, at `port`, and hands everything on, but for what it is told
    to do otherwise: `interfere` gives another answer to a request, or None to hand it on."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port
        self.interfere: Callable[[Asked], Said | None] = lambda _: None
        self.answer = lambda asked: self.interfere(asked) or self.pass_on(asked)

    def pass_on(self, asked: Asked) -> Said:
        """What the other server says."""
        connection = HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            headers = {name: value for name, value in asked.headers.items() if name.lower() not in _HOPS}
            connection.request(asked.method, asked.path, asked.body or None, headers)
            reply = connection.getresponse()
            told: dict[str, str | list[str]] = {}
            for name in {name.lower() for name, _ in reply.getheaders()} - _HOPS:
                told[name] = reply.headers.get_all(name) or []
            return Said(reply.status, reply.read(), told)
        except OSError:
            return Said(502)
        finally:
            connection.close()


_HOPS = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length"})
"""Headers that are about one connection."""


def _handler(web: Web) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Headers and body are written apart: without this, each reply waits for the client's next word.
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            asked = Asked(self.command, self.path, dict(self.headers.items()), time.monotonic(), body)
            web.asked.append(asked)
            said = web.answer(asked)
            self.send_response(said.status)
            given: Mapping[str, str | list[str]] = {"Content-Length": str(len(said.body)), **said.headers}
            for name, value in given.items():
                for each in value if isinstance(value, list) else [value]:
                    if each:
                        self.send_header(name, each)
            self.end_headers()
            try:
                for byte in [said.body[n : n + 1] for n in range(len(said.body))] if said.pause else ():
                    time.sleep(said.pause)
                    self.wfile.write(byte)
                    self.wfile.flush()
                if said.cut:
                    self.close_connection = True
                if not said.pause and self.command != "HEAD":
                    self.wfile.write(said.body[: len(said.body) // 2] if said.cut else said.body)
            except OSError:
                self.close_connection = True  # who asked has had enough

        do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_PROPFIND = do_GET

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
