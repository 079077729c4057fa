"""A Redis of Debian's package `redis-server`."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.services.server import HOST, MissingServer, Server

DATABASES = 4096
"""Enough that each test can have one that nobody used before."""


@dataclass
class Redis(Server):
    """Without persistence, unless it is durable."""

    password: str = ""
    """What clients have to give."""

    name = "Redis"
    dropping = signal.SIGKILL

    @classmethod
    def find_program(cls) -> Path:
        """`redis-server` or `valkey-server`, which is the same."""
        for name in ("redis-server", "valkey-server"):
            if found := shutil.which(name):
                return Path(found)
        raise MissingServer("Redis is not installed (Debian: redis-server)")

    @property
    def url(self) -> str:
        """Its first database."""
        return self.address_of(0)

    def address_of(self, number: int) -> str:
        """The address of one of its databases; there are `DATABASES`, and more are the same again."""
        who = f":{self.password}@" if self.password else ""
        return f"redis://{who}{HOST}:{self.ports['port']}/{number % DATABASES}"

    def command(self) -> Sequence[str | Path]:
        """All settings are on the command line."""
        settings = {
            "bind": HOST,
            "port": str(self.ports["port"]),
            "dir": str(self.data),
            "databases": str(DATABASES),
            "save": "",
            "appendonly": "yes" if self.durable else "no",
            "appendfsync": "always",
            "requirepass": self.password,
        }
        options = [word for key, value in settings.items() for word in (f"--{key}", value)]
        return [self.find_program(), *options]

    def prepare(self) -> None:
        """Redis does not make its folder."""
        self.data.mkdir(exist_ok=True)

    def answers(self) -> bool:
        """PING."""
        from redis import Redis as Client
        from redis import RedisError

        with Client.from_url(self.url, socket_timeout=1, retry=None) as client:
            try:
                return bool(client.ping())
            except RedisError:  # not listening, or still reading its file
                return False
