"""A TCP proxy on loopback that can go wrong as networks do: cut off, half open, slow, reset."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from tests.services.server import HOST


class Proxy:
    """Passes connections on to a port, until it is told otherwise.

    - `hold()`: half open; connections stay, and new ones are taken, but nothing passes any more.
    - `cut()`: every connection is reset, and new ones are refused.
    - `delay(seconds)`: every piece takes so much longer.
    - `mend()`: as at first, for new connections and for those that stayed.

    `target` may also be what makes a connection; with a `listener` it stands there.
    """

    def __init__(
        self, target: int | Callable[[], socket.socket], listener: socket.socket | None = None
    ) -> None:
        self._connect = target if callable(target) else lambda: socket.create_connection((HOST, target))
        self._passing = threading.Event()
        self._passing.set()
        self._seconds = 0.0
        self._cut = self._closed = False
        self._ends: set[socket.socket] = set()
        self._listener = listener or socket.create_server((HOST, 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()

    def hold(self) -> None:
        """Let nothing pass, and tell nobody."""
        self._passing.clear()

    def cut(self) -> None:
        """Reset every connection, and refuse new ones."""
        self._cut = True
        for end in list(self._ends):
            self._reset(end)

    def delay(self, seconds: float) -> None:
        """Make every piece take longer."""
        self._seconds = seconds

    def mend(self) -> None:
        """Pass everything on again. Connections that were held go on, as if nothing had been."""
        self._cut, self._seconds = False, 0.0
        self._passing.set()

    def close(self) -> None:
        """End it with all its connections."""
        self._closed = True
        self._passing.set()
        # A thread that waits in accept() is not woken by close() alone.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _accept(self) -> None:
        while not self._closed:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self._cut:
                self._reset(near)
                continue
            try:
                far = self._connect()
            except OSError:
                self._reset(near)
                continue
            self._ends |= {near, far}
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pass_on, args=(source, sink), name="proxy", daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(65536):
                if self._seconds:
                    time.sleep(self._seconds)
                self._passing.wait()
                sink.sendall(piece)
        for end in (source, sink):
            self._ends.discard(end)
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _reset(self, end: socket.socket) -> None:
        self._ends.discard(end)
        with suppress(OSError):
            # Lingering for no time sends RST instead of FIN: socket(7), SO_LINGER.
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            end.shutdown(socket.SHUT_RD)
        end.close()
