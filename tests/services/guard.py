"""A process that runs one server and ends it with its owner, whatever way the owner ends.

`python guard.py LOCK LOG < orders.json` prints the server's pid and returns at once; the guard itself stays
in the background. The kernel's "signal on the parent's death" alone would not do: it follows the thread that
started the server, not the process, and only Linux has it. Here it is the second net, for a killed guard.

The guard holds the file LOCK for as long as the server runs, so that "has it ended?" never is a question
about a pid that may belong to somebody else by now.
"""

import ctypes
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_POLL_SECONDS = 0.2


def start(lock: Path, log: Path, orders: dict[str, Any]) -> int:
    """Start the server in the background. Returns its pid; raises `OSError` where it cannot be started.

    `orders`: `command`, `environment`, `folder` (its working directory), `user` (a pair of user and group, or
    null), `owner` (a pid), `stop` (the signal for the server when the owner has ended), `grace` (seconds
    until it is killed), `remove` (a folder that goes with owner and server, or null).
    """
    # Before anything is started: an owner that is gone already must not leave a server behind.
    owner = _Life(orders["owner"])
    holder = _hold(lock)
    heard, told = os.pipe()
    if os.fork():
        os.close(told)
        with os.fdopen(heard) as answer:
            pid = answer.read()
        if not pid.isdigit():
            raise OSError(pid or "the guard ended")
        return int(pid)
    os.setsid()
    os.close(heard)
    try:
        server = _run(orders, log)
    except Exception as error:  # noqa: BLE001 - told to the process that waits for the pid
        os.write(told, str(error).encode())
        os._exit(1)
    os.write(told, str(server.pid).encode())
    os.close(told)
    # Whoever waits for the output of the starting process must not wait for this one.
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    _watch(server, owner, orders)
    holder.close()
    os._exit(0)


def _hold(lock: Path) -> IO[str]:
    holder = lock.open("a")
    until = time.monotonic() + 5
    while True:
        try:
            fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # it runs already, or somebody just looks whether it does
            if time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return holder


def _run(orders: dict[str, Any], log: Path) -> subprocess.Popen[bytes]:
    guard = os.getpid()
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None

    def die_with_the_guard() -> None:
        if libc:
            libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != guard:
                os._exit(1)

    user = {}
    if orders["user"]:
        user = {"user": orders["user"][0], "group": orders["user"][1], "extra_groups": []}
    with log.open("ab") as written:
        return subprocess.Popen(
            orders["command"],
            env=orders["environment"],
            cwd=orders["folder"],
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=written,
            preexec_fn=die_with_the_guard,  # noqa: PLW1509 - this process has one thread
            **user,
        )


class _Life:
    """The life of a process, known by its pid while it certainly runs."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.file = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None  # Linux
        if not self.file:
            os.kill(pid, 0)

    def over(self) -> bool:
        if self.file:
            return bool(select.select([self.file], [], [], 0)[0])
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        return False


def _watch(server: subprocess.Popen[bytes], owner: _Life, orders: dict[str, Any]) -> None:
    lives = [life.file for life in (owner, _Life(server.pid)) if life.file]
    while server.poll() is None:
        if owner.over():
            _end(server, orders["stop"], orders["grace"])
        else:
            select.select(lives, [], [], _POLL_SECONDS if not lives else None)
    if orders["remove"] and owner.over():
        shutil.rmtree(orders["remove"], ignore_errors=True)


def _end(server: subprocess.Popen[bytes], number: int, grace: float) -> None:
    server.send_signal(number)
    try:
        server.wait(grace)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


if __name__ == "__main__":
    try:
        sys.stdout.write(str(start(Path(sys.argv[1]), Path(sys.argv[2]), json.load(sys.stdin))))
    except OSError as error:
        sys.exit(str(error))
