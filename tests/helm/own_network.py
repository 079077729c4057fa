"""A network with nothing in it but a loopback: what a pod has, before it is told of anything else."""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

_CLONE_NEWNET = 0x40000000  # linux/sched.h
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1  # linux/sockios.h, linux/if.h


class OwnNetwork:
    """A network namespace. A thread lives in it, and what that thread opens or starts belongs there.

    All of 127.0.0.0/8 is this host's own there, so that each peer may have an address of its own.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="own-network")
        try:
            self.do(_leave)
        except OSError:
            self.close()
            raise

    def do(self, work: Callable[[], T]) -> T:
        """What `work` returns, done there."""
        return self._thread.submit(work).result()

    def listen(self, address: str, port: int) -> socket.socket:
        """A socket that takes connections there."""
        return self.do(lambda: socket.create_server((address, port), backlog=64))

    def bind(self, address: str, port: int) -> socket.socket:
        """A UDP socket there."""

        def bound() -> socket.socket:
            one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            one.bind((address, port))
            return one

        return self.do(bound)

    def connect(self, address: str, port: int, seconds: float = 5) -> socket.socket:
        """A connection to somebody there."""
        return self.do(lambda: socket.create_connection((address, port), seconds))

    def close(self) -> None:
        """End the thread; the network ends with whatever still uses it."""
        self._thread.shutdown()


def _leave() -> None:
    # Python has `os.unshare` from 3.12 on.
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        request = struct.pack("16sH14x", b"lo", 0)
        [flags] = struct.unpack("16xH14x", fcntl.ioctl(asked, _SIOCGIFFLAGS, request))
        fcntl.ioctl(asked, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | _IFF_UP))
