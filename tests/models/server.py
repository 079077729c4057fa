"""A small server of OpenAI's protocol on loopback, behind which a script speaks.

    with ModelServer(Extractive()) as server:
        ...                                             # `server.url` goes into the configuration
        server.behave(status(503), status(503), well)   # two failures, and well from there on
        server.requests                                 # what was asked, and how each answer ended

What a real server refuses is refused: unknown paths and models, wrong keys, bodies without messages.
"""

from __future__ import annotations

import socket
import socketserver
import struct
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.models.behaviours import Behaviour, End, Said, Sent, well
from tests.models.protocol import (
    Refusal,
    Request,
    check_request,
    list_models,
    token_limit,
    tokens_of,
    write_completion,
)
from tests.models.reading import Message
from tests.models.scripted import Script

HOST = "127.0.0.1"
MODEL, KEY = "my-model", "test-key"
_POLL_SECONDS = 0.02


class ModelServer:
    """A server that runs until `close`. Each behaviour is for one question, the last for all that follow.

    A script that fails answers 500 or ends its stream, and `close` raises its error.
    """

    def __init__(self, script: Script, *behaviours: Behaviour, model: str = MODEL, key: str = KEY) -> None:
        self.script, self.model, self.key = script, model, key
        self.requests: list[Request] = []
        self.errors: list[BaseException] = []
        self.closing = threading.Event()
        self._turn = threading.Lock()
        self._behaviours = [*behaviours] or [well]
        self._listener = _Listener(self)
        self.url = f"http://{HOST}:{self._listener.server_address[1]}/v1"
        self._thread = threading.Thread(
            target=self._listener.serve_forever, args=(_POLL_SECONDS,), name="model server"
        )
        self._thread.start()

    @property
    def prompts(self) -> list[list[Message]]:
        """The prompts of all questions that were right, answered or not."""
        return [request.messages for request in self.requests if request.body]

    def behave(self, *behaviours: Behaviour) -> None:
        """Go on in another way, from the next question on."""
        with self._turn:
            self._behaviours = [*behaviours]

    def answer(self, request: Request) -> Sent:
        """What a request is answered. Raises `ConnectionError` where the server closes meanwhile."""
        try:
            check_request(request, self.model, self.key)
            if request.body is None:
                return list_models(self.model)
            behaviour = self._next_behaviour()
            said = Said(self._speak(request.messages), most=token_limit(request.body))
            return behaviour.sent(write_completion(request.body, behaviour.said(said)))
        except Refusal as refusal:
            return refusal.sent
        except ConnectionError:
            raise
        except Exception as error:  # noqa: BLE001 - the script's; `close` raises it
            self.errors.append(error)
            return Refusal(500, "The script failed", "server_error").sent

    def settle(self, seconds: float = 10) -> None:
        """Wait until no answer is under way; a client may have its end before the server knows."""
        until = time.monotonic() + seconds
        while any(request.ended == "under way" for request in list(self.requests)):
            if time.monotonic() > until:
                raise TimeoutError(f"an answer was still under way after {seconds} s")
            time.sleep(_POLL_SECONDS / 2)

    def close(self) -> None:
        """End it with all its threads and connections, those that hang too. New clients are refused."""
        if self.closing.is_set():
            return
        self.closing.set()
        self._listener.shutdown()
        self._thread.join()
        self._listener.end_connections()
        self._listener.server_close()  # waits for the threads of the connections
        if self.errors:
            raise self.errors[0]

    def __enter__(self) -> ModelServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _next_behaviour(self) -> Behaviour:
        with self._turn:
            return self._behaviours[0] if len(self._behaviours) == 1 else self._behaviours.pop(0)

    def _speak(self, messages: list[Message]) -> Iterator[str]:
        """The script's pieces; where it never ends, it ends with the server: `ConnectionError`."""
        words = self.script(messages)
        for piece in tokens_of(words) if isinstance(words, str) else words:
            if self.closing.is_set():
                raise ConnectionAbortedError("the server closes")
            yield piece


class _Listener(socketserver.ThreadingTCPServer):
    daemon_threads = False  # those are not waited for
    request_queue_size = 64

    def __init__(self, owner: ModelServer) -> None:
        self.owner = owner
        self.to_reset: set[socket.socket] = set()
        self._open: set[socket.socket] = set()
        super().__init__((HOST, 0), _Connection)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        if request in self.to_reset:
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exception()
        if error:
            self.owner.errors.append(error)

    def end_connections(self) -> None:
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)  # wakes whoever reads from it or writes to it


class _Connection(BaseHTTPRequestHandler):
    """One connection, which may bring several requests."""

    server: _Listener
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def handle(self) -> None:
        with suppress(ConnectionError):  # between two requests
            super().handle()

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, *_: Any) -> None:
        pass  # `ModelServer.requests` has it

    def _serve(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        raw = self.rfile.read(int(headers.get("content-length", 0)))
        request = Request(self.command, self.path, headers, raw)
        self.server.owner.requests.append(request)
        try:
            request.ended = "sent" if self._send(self.server.owner.answer(request), request) else "cut"
        except ConnectionError:
            request.ended = "abandoned"
        except Exception as error:  # noqa: BLE001 - the script's, in the middle of a stream; `close` raises it
            self.server.owner.errors.append(error)
            request.ended = "cut"
        self.close_connection |= request.ended != "sent"

    def _send(self, sent: Sent, request: Request) -> bool:
        """Send an answer, chunk by chunk. Returns whether it was sent to its end."""
        for piece in sent.pieces:
            if isinstance(piece, End):
                if piece is End.RESET:
                    self._reset_at_the_end()
                return False
            if isinstance(piece, int | float):
                self._pause(piece)
                continue
            if request.status is None:
                request.status = sent.status
                self._send_head(sent)
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")
        return True

    def _send_head(self, sent: Sent) -> None:
        self.send_response(sent.status)
        for name, value in {**sent.headers, "Transfer-Encoding": "chunked"}.items():
            self.send_header(name, value)
        self.end_headers()

    def _pause(self, seconds: float) -> None:
        """Wait, until the client or the server goes: `ConnectionError`."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if self.server.owner.closing.wait(min(left, _POLL_SECONDS)):
                raise ConnectionAbortedError("the server closes")
            with suppress(BlockingIOError):  # nothing to read: it waits
                if not self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT):
                    raise ConnectionAbortedError("the client went away")

    def _reset_at_the_end(self) -> None:
        # Lingering for no time sends RST instead of FIN: socket(7), SO_LINGER.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.server.to_reset.add(self.connection)
