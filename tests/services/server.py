"""What the three kinds of servers have in common: ports, a guard, waiting until ready, and being killed."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import SystemRandom
from typing import ClassVar, Self

HOST = "127.0.0.1"
GUARD = Path(__file__).with_name("guard.py")
# Below the ports that systems hand out to connecting clients: else a client that tries again and again while
# its server is down may be given the very port of the server (and be connected to itself).
PORTS = range(15_000, 32_000)
READY_SECONDS = 90
LOG_LINES = 15


class MissingServer(Exception):
    """A server's program is not on this machine; says which, and what to do about it."""


class FailedServer(Exception):
    """A server did not start, or ended; carries the last lines of its log."""


@dataclass
class Server(ABC):
    """A server on loopback with its data in a folder. It ends with the process `owner` at the latest."""

    folder: Path
    ports: dict[str, int]
    durable: bool = False
    """Whether each commit waits for the disk. Being killed loses nothing either way, losing power does."""
    throwaway: bool = True
    """Whether the data goes with the owner."""
    owner: int = field(default_factory=os.getpid)
    pid: int = 0

    name: ClassVar[str]
    port_names: ClassVar[tuple[str, ...]] = ("port",)
    ending: ClassVar[signal.Signals] = signal.SIGTERM
    """What ends it in good order."""
    dropping: ClassVar[signal.Signals] = signal.SIGKILL
    """What ends it fast, when its data is not needed any more."""

    @classmethod
    def start(cls, folder: Path, **options: object) -> Self:
        """A new server over the data in `folder`, ready for clients.

        Raises `MissingServer`, and `FailedServer` where it does not get ready.
        """
        server = cls.launch(folder, **options)
        try:
            server.await_ready()
        except FailedServer:
            server.drop()
            raise
        return server

    @classmethod
    def launch(cls, folder: Path, **options: object) -> Self:
        """The same without waiting until it is ready. It keeps the ports that `folder` had before."""
        cls.find_program()
        folder.mkdir(parents=True, exist_ok=True)
        before = folder / "ports.json"
        ports = json.loads(before.read_text()) if before.exists() else {}
        server = cls(folder, ports, **options)  # type: ignore[arg-type]
        if server.running():
            raise FailedServer(f"{cls.name} runs in {folder} already")
        if not ports or not all(_is_free(port) for port in ports.values()):
            chosen = free_ports(len(cls.port_names))
            server.ports = dict(zip(cls.port_names, chosen, strict=True))
            before.write_text(json.dumps(server.ports))
        server.prepare()
        server.run()
        return server

    @classmethod
    @abstractmethod
    def find_program(cls) -> Path:
        """The program; raises `MissingServer`."""

    @property
    @abstractmethod
    def url(self) -> str:
        """Its address, as it is written in the configuration of Sabio."""

    @abstractmethod
    def command(self) -> Sequence[str | Path]:
        """The command that runs it in the foreground."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether it serves clients; may raise `OSError` while it does not."""

    @abstractmethod
    def prepare(self) -> None:
        """Make what the server needs, where the folder is empty."""

    def environment(self) -> dict[str, str]:
        """Its whole environment."""
        return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self.folder), "LC_ALL": "C"}

    def user(self) -> tuple[int, int] | None:
        """User and group to run it as, where they are not those of this process."""
        return None

    def run(self) -> None:
        """Start the program under its guard."""
        orders = {
            "command": [str(word) for word in self.command()],
            "environment": self.environment(),
            "folder": str(self.folder),
            "user": self.user(),
            "owner": self.owner,
            "stop": self.dropping if self.throwaway else self.ending,
            "grace": 15,
            "remove": str(self.folder) if self.throwaway else None,
        }
        done = subprocess.run(
            [sys.executable, "-S", "-E", GUARD, self._lock, self.log],
            input=json.dumps(orders),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise FailedServer(f"{self.name} could not be started: {done.stderr.strip()}")
        self.pid = int(done.stdout)

    def await_ready(self, seconds: float = READY_SECONDS) -> None:
        """Wait until it serves clients."""
        until = time.monotonic() + seconds
        while True:
            if not self.running():
                raise FailedServer(f"{self.name} ended while it started.\n{self.last_lines()}")
            try:
                if self.answers():
                    return
            except OSError:
                pass  # not yet
            if time.monotonic() > until:
                raise FailedServer(f"{self.name} was not ready after {seconds:.0f} s.\n{self.last_lines()}")
            time.sleep(0.05)

    def running(self) -> bool:
        """Whether its process is there (ready, hanging or stopped)."""
        with self._lock.open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False

    def stop(self) -> None:
        """End it in good order, by force where that takes too long."""
        self._signal(self.ending)
        if not self._ended(20):
            self.kill()

    def drop(self) -> None:
        """End it fast; its data is not needed any more."""
        self._signal(self.dropping)
        if not self._ended(5):
            self.kill()

    def kill(self) -> None:
        """`kill -9` of the server and of the processes that it started, as when its container is killed."""
        if not self.running():
            return
        with suppress(ProcessLookupError):  # it ends by itself meanwhile
            os.kill(self.pid, signal.SIGSTOP)  # it must not start another one meanwhile
        processes = [self.pid, *_children(self.pid)]
        for pid in processes:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if not self._ended(10) or not _wait(lambda: not any(map(alive, processes)), 10):
            raise FailedServer(f"{self.name} outlived kill -9.\n{self.last_lines()}")

    def restart(self) -> None:
        """Run it again with the same ports and data (stopped before, where it runs), and wait until ready."""
        self.stop()
        self.run()
        self.await_ready()

    def last_lines(self) -> str:
        """The end of its log."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join([f"The end of {self.log}:", *lines[-LOG_LINES:]])

    @property
    def log(self) -> Path:
        """What it printed."""
        return self.folder / "server.log"

    @property
    def data(self) -> Path:
        """Where it keeps what it was given."""
        return self.folder / "data"

    @property
    def _lock(self) -> Path:
        return self.folder / "running.lock"

    def _signal(self, number: signal.Signals) -> None:
        if not self.running():
            return
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)
            os.kill(self.pid, signal.SIGCONT)  # a test may have left it stopped

    def _ended(self, seconds: float) -> bool:
        return _wait(lambda: not self.running(), seconds)


def cache_folder() -> Path:
    """Where things are kept that are the same for every run on this machine; it exists."""
    home = os.environ.get("XDG_CACHE_HOME")
    folder = (Path(home) if home else Path.home() / ".cache") / "sabio"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def free_ports(count: int) -> list[int]:
    """Neighbouring ports of loopback that nobody listens on."""
    while True:
        first = SystemRandom().choice(PORTS)
        ports = list(range(first, first + count))
        if all(_is_free(port) for port in ports):
            return ports


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as tried:
            if kind == socket.SOCK_STREAM:
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind((HOST, port))
            except OSError:
                return False
    return True


def _wait(done: Callable[[], bool], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while not done():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def _children(pid: int) -> list[int]:
    listing = Path(f"/proc/{pid}/task/{pid}/children")
    try:
        return [int(child) for child in listing.read_text().split()]
    except OSError:
        return []


def alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be collected by its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
