"""Who holds a lease: a name that tells, on the same machine, whether its process still lives."""

from __future__ import annotations

import os
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from sqlalchemy import Connection

from config.errors import SabioError
from ingest.ledger import Ledger


def new_owner() -> str:
    """A name for one worker of this process, unlike any other's."""
    pid = os.getpid()
    return f"{_host()}/{pid}/{_started(pid)}/{uuid.uuid4().hex[:8]}"


def is_dead(owner: str | None) -> bool:
    """Whether the owner was a process of this machine that has ended. Of other machines nothing is known."""
    host, _, rest = (owner or "").rpartition("/")[0].partition("/")
    pid, _, started = rest.partition("/")
    if host != _host() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # it lives, as somebody else's; whether it is the same process is told by its start
    return _started(int(pid)) != started


@contextmanager
def kept_alive(ledger: Ledger, seconds: float, renew: Callable[[Connection], object]) -> Iterator[None]:
    """Renew a lease of `seconds` in the background for as long as the block runs."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(seconds / 3):
            try:
                with ledger.write() as connection:
                    renew(connection)
            except SabioError:
                continue  # the work itself meets the same outage and says so; a lost lease is fenced off

    thread = threading.Thread(target=beat, name="sabio-lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@cache
def _host() -> str:
    """This machine, or this container: process ids mean nothing outside of their namespace."""
    try:
        namespace = Path("/proc/self/ns/pid").readlink().name.strip("pid:[]")
    except OSError:
        namespace = ""
    return f"{socket.gethostname()}-{namespace}".replace("/", "-")


def _started(pid: int) -> str:
    """When a process started, in the kernel's ticks since boot; empty where there is no /proc.

    Field 22 of /proc/PID/stat (proc(5)); the second may hold spaces within parentheses. The third is the
    state: one that ended and that its parent has not asked about yet (Z) did not start at any time.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]
