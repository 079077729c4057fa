"""A name server that knows no name, and tells which it was asked for: so it shows who would speak to whom."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress

PORT = 53
_NO_SUCH_NAME = 0x8183  # a response, recursion desired and available, NXDOMAIN: RFC 1035, 4.1.1


class Resolver:
    """Answers at a UDP socket until it is closed."""

    def __init__(self, listening: socket.socket) -> None:
        self.asked: set[str] = set()
        self._socket = listening
        threading.Thread(target=self._serve, name="resolver", daemon=True).start()

    def close(self) -> None:
        """End it."""
        with suppress(OSError):  # wakes the thread
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                query, client = self._socket.recvfrom(4096)
                if not query:
                    return
                name, end = _name(query)
                self.asked.add(name)
                [number] = struct.unpack_from("!H", query)
                head = struct.pack("!HHHHHH", number, _NO_SUCH_NAME, 1, 0, 0, 0)
                self._socket.sendto(head + query[12 : end + 4], client)


def _name(query: bytes) -> tuple[str, int]:
    """The name in the question, and where it ends."""
    at, labels = 12, []
    while length := query[at]:
        labels.append(query[at + 1 : at + 1 + length].decode())
        at += 1 + length
    return ".".join(labels), at + 1
