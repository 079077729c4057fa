"""Who holds a lease: a name that tells, on the same machine, whether its process still lives."""

from __future__ import annotations

import os
import socket
import uuid
from functools import cache
from pathlib import Path


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


@cache
def _host() -> str:
    return socket.gethostname().replace("/", "-")


def _started(pid: int) -> str:
    """When a process started, in the kernel's ticks since boot; empty where there is no /proc.

    Field 22 of /proc/PID/stat (proc(5)); the fields before it may hold spaces within parentheses.
    """
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
