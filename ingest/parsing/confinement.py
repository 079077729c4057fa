"""What a parsing child gives up before it opens the first file: memory, time, the network, and other folders.

Three fences, none of which trusts the one before: kernel limits (`setrlimit`), a network namespace with no
interface in it (where the kernel lets us), and an audit hook that refuses what Python code asks for.
"""

from __future__ import annotations

import ctypes
import math
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from ingest.parsing.wire import Limits

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000

_FORBIDDEN = {
    "socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo",
    "socket.gethostbyname", "os.system", "os.exec", "os.fork", "os.forkpty", "pty.spawn",
}  # fmt: skip
_CHANGES = {
    "os.chmod", "os.chown", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink",
    "os.truncate", "os.utime",
}  # fmt: skip
_PROGRAMS = {"pandoc", "tesseract"}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def confine(limits: Limits, scratch: Path, parent: int) -> None:
    """Give up everything that reading a document does not need. Cannot be undone."""
    _limit_resources(limits)
    if sys.platform == "linux":
        _leave_network()
        _die_with_parent()
    _watch(parent)
    sys.addaudithook(_guard(scratch))


def grant_seconds(seconds: float) -> None:
    """Allow this process that much more processor time; then the kernel ends it."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    allowed = math.ceil(usage.ru_utime + usage.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (allowed, resource.RLIM_INFINITY))


def _limit_resources(limits: Limits) -> None:
    memory = limits.memory_mb * 1_000_000
    # DATA, not AS: pandoc's run time and numpy's reserve far more address space than they ever touch.
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (5 * limits.max_mb * 1_000_000,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _leave_network() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    # As root (a container) the first works; elsewhere the second, unless the kernel forbids both: then the
    # audit hook stands alone.
    for flags in (_CLONE_NEWNET, _CLONE_NEWUSER | _CLONE_NEWNET):
        if libc.unshare(flags) == 0:
            break
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _watch(parent: int) -> None:
    """Kill the process group when the parent dies: the kernel's signal does not reach grandchildren."""

    def wait() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=wait, daemon=True, name="watch-parent").start()


def _guard(scratch: Path) -> Callable[[str, tuple[object, ...]], None]:
    root = os.path.realpath(scratch)

    def inside(path: object) -> bool:
        if not isinstance(path, str | bytes | os.PathLike):
            return True  # a file that is open already
        name = os.path.realpath(os.fsdecode(path))
        return name in (root, os.devnull) or name.startswith(root + os.sep)

    def allowed(event: str, args: tuple[object, ...]) -> bool:
        if event == "open":
            return inside(args[0]) or not _writes(args[1], args[2])
        if event in _CHANGES:
            return all(inside(path) for path in args)
        # Since Python 3.13 the former is carried out by the latter.
        if event in {"subprocess.Popen", "os.posix_spawn"}:
            return Path(os.fsdecode(args[0])).name in _PROGRAMS  # type: ignore[arg-type]
        return event not in _FORBIDDEN

    def guard(event: str, args: tuple[object, ...]) -> None:
        if not allowed(event, args):
            raise PermissionError(f"refused while parsing: {event} {args[:1]!r}")

    return guard


def _writes(mode: object, flags: object) -> bool:
    if isinstance(mode, str):
        return bool(set(mode) & set("wax+"))
    return isinstance(flags, int) and bool(flags & _WRITING)
