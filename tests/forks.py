"""Processes that begin at once: each is forked from one that has imported the product already.

A Python that imports SQLAlchemy, pydantic and numpy has worked most of a second before it comes to the first
line of ours, and tests start hundreds. What is forked here has no threads, connections or files yet, runs a
`main` as `python -m` would, ends as every interpreter ends, and may be killed or stopped like any process.
"""

from __future__ import annotations

import atexit
import faulthandler
import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

IMPORTED = (
    *("tests.sabio_child", "bot.__main__", "workers.app", "celery.apps.worker", "celery.concurrency.prefork"),
    *("kombu.transport.redis", "ingest.connectors.folder", "ingest.index.local", "ingest.ledger.migrations"),
    "ingest.ledger.sqlite",
)
EACH_ITS_OWN = ("workers.shutdown", "prometheus_client")
"""What makes something for one process and its children when it is imported: never before the fork."""
_STOPPED = b"stopped"


class Forked:
    """A process that runs the function `main` of a module, in a session of its own."""

    def __init__(
        self,
        module: str,
        words: Sequence[str],
        *,
        stdin: int | None = None,
        stdout: int,
        stderr: int,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """`words` are its command line, and the files are open ones, which the caller closes."""
        told, tells = os.pipe()
        with Path(os.devnull).open() as nothing:
            files = [nothing.fileno() if stdin is None else stdin, stdout, stderr, tells]
            _server().ask(module, [*words], dict(os.environ if environ is None else environ), files)
        os.close(tells)
        self._told = os.fdopen(told, "rb", buffering=0)
        self.pid = int(self._told.readline())
        self._code: int | None = None

    def poll(self) -> int | None:
        """The exit code, or minus the signal that ended it; None as long as it is there."""
        while self._code is None and (said := self._hear(0)):
            self._take(said)
        return self._code

    def wait(self, seconds: float) -> int:
        """The same as soon as it has ended; raises `subprocess.TimeoutExpired`."""
        while self._code is None:
            self._take(self._heard(seconds))
        return self._code

    def await_stop(self, seconds: float = 60) -> None:
        """Return as soon as a signal has stopped it; raises `subprocess.TimeoutExpired`."""
        said = self._heard(seconds)
        self._take(said)
        assert said == _STOPPED, "it ended, and was not stopped"

    def signal(self, number: signal.Signals) -> None:
        """Send it to the process and to all that it has started."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def _hear(self, seconds: float) -> bytes:
        """What is said of it within so many seconds; empty where nothing is."""
        ready, _, _ = select.select([self._told], [], [], seconds)
        return self._told.readline().strip() if ready else b""

    def _heard(self, seconds: float) -> bytes:
        if said := self._hear(seconds):
            return said
        raise subprocess.TimeoutExpired(f"process {self.pid}", seconds)

    def _take(self, said: bytes) -> None:
        if said != _STOPPED:
            self._code = int(said)
            self._told.close()


class _Server:
    """The process that forks."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, "-m", __name__, str(theirs.fileno())]
            root = Path(__file__).parents[1]
            self._process = subprocess.Popen(command, cwd=root, pass_fds=[theirs.fileno()])
        atexit.register(self._end)

    def ask(self, module: str, words: list[str], environ: dict[str, str], files: list[int]) -> None:
        request = json.dumps([module, words, environ]).encode()
        with self._turn:
            socket.send_fds(self._line, [request], files)

    def _end(self) -> None:
        self._line.close()
        self._process.wait(30)


@cache
def _server() -> _Server:
    return _Server()


def _serve(line: socket.socket) -> str | None:
    """Fork whenever asked to. In the fork: the module that it is to run; None: nobody asks any more."""
    woken, wakes = os.pipe()
    os.set_blocking(wakes, False)
    signal.set_wakeup_fd(wakes)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    told: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([line, woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            _tell(told)
        if line in ready:
            request, files, _, _ = socket.recv_fds(line, 1 << 20, 8)
            if not request:
                return None
            if (pid := os.fork()) == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                signal.signal(signal.SIGINT, signal.default_int_handler)
                for file in (line.detach(), woken, wakes, *told.values()):
                    os.close(file)
                return _become(*json.loads(request), files)
            told[pid] = files[3]
            for file in files[:3]:
                os.close(file)


def _tell(told: dict[int, int]) -> None:
    """Say to those who asked which of their processes ended or stopped."""
    while told:
        pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED)
        if pid == 0:
            return
        stopped = os.WIFSTOPPED(status)
        with suppress(BrokenPipeError):  # nobody wants to know any more
            os.write(
                told[pid], _STOPPED + b"\n" if stopped else f"{os.waitstatus_to_exitcode(status)}\n".encode()
            )
        if not stopped:
            os.close(told.pop(pid))


def _become(module: str, words: list[str], environ: dict[str, str], files: list[int]) -> str:
    """Make this fork what a process with this command line would be."""
    os.setsid()
    os.write(files[3], f"{os.getpid()}\n".encode())
    os.close(files[3])
    for number, file in enumerate(files[:3]):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(environ)
    time.tzset()
    tempfile.tempdir = None  # another TMPDIR may stand in the environment
    sys.argv = [module, *words]
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(write_through=True)
    if "PYTHONFAULTHANDLER" in environ:
        faulthandler.enable()
    return module


def main() -> None:
    """Serve the one who started this."""
    for module in IMPORTED:
        importlib.import_module(module)
    assert not sys.modules.keys() & set(EACH_ITS_OWN)
    gc.freeze()  # what is imported is nobody's rubbish: forks need not look through it
    run = _serve(socket.socket(fileno=int(sys.argv[1])))
    if run is not None:
        importlib.import_module(run).main()


if __name__ == "__main__":
    main()
