"""A PostgreSQL of Debian's package `postgresql`, without the cluster that the package makes."""

from __future__ import annotations

import fcntl
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.services.server import HOST, FailedServer, MissingServer, Server, cache_folder

NAME = "sabio"
"""Of the user, of the database, and the password."""
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class Postgres(Server):
    """With the database `sabio` of the user `sabio`, who may create others."""

    name = "PostgreSQL"
    ending = signal.SIGINT  # "fast": ends the sessions, then itself
    dropping = signal.SIGQUIT  # "immediate"; its children go too, which kill -9 would leave for a moment

    @classmethod
    def find_program(cls) -> Path:
        """`postgres`, with its `initdb` beside it."""
        versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_number, reverse=True)
        on_path = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
        for folder in [*versions, *on_path]:
            if (folder / "postgres").exists() and (folder / "initdb").exists():
                return folder / "postgres"
        raise MissingServer("PostgreSQL is not installed (Debian: postgresql)")

    @property
    def url(self) -> str:
        """The database `sabio`."""
        return self.address_of(NAME)

    def address_of(self, database: str) -> str:
        """The address of one of its databases."""
        return f"postgresql://{NAME}:{NAME}@{HOST}:{self.ports['port']}/{database}"

    def command(self) -> Sequence[str | Path]:
        """All settings are on the command line."""
        settings = [
            f"listen_addresses={HOST}",
            f"port={self.ports['port']}",
            "unix_socket_directories=",
            "max_connections=200",
            "timezone=UTC",
            *(() if self.durable else FAST),
        ]
        options = [word for setting in settings for word in ("-c", setting)]
        return [self.find_program(), "-D", self.data, *options]

    def user(self) -> tuple[int, int] | None:
        """PostgreSQL refuses to be root."""
        return _other_user() if os.geteuid() == 0 else None

    def prepare(self) -> None:
        """A copy of an initialised cluster, which took a second to make and is kept."""
        if self.data.exists():
            return
        shutil.copytree(_template(self.find_program()), self.data, symlinks=True)
        if other := self.user():
            self._check_way_in(other)
            for path in [self.data, *self.data.rglob("*")]:
                os.chown(path, *other, follow_symlinks=False)
        self.data.chmod(0o700)

    def _check_way_in(self, other: tuple[int, int]) -> None:
        done = subprocess.run(
            ["test", "-x", self.folder], user=other[0], group=other[1], extra_groups=[], check=False
        )
        if done.returncode:
            shutil.rmtree(self.data)
            raise FailedServer(
                f"PostgreSQL does not run as root, and `{pwd.getpwuid(other[0]).pw_name}` may not enter"
                f" {self.folder}: choose another folder, or be somebody else than root"
            )

    def answers(self) -> bool:
        """A connection. The first one makes the database."""
        import psycopg

        try:
            if not self.execute(f"SELECT 1 FROM pg_database WHERE datname = '{NAME}'"):
                self.execute(f"CREATE DATABASE {NAME}")
        except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
            return True  # another process made it at the same time
        except psycopg.OperationalError:
            return False
        return True

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """One statement by the owner of everything, outside of a transaction. Returns its rows."""
        import psycopg

        with psycopg.connect(self.address_of("postgres"), autocommit=True, connect_timeout=5) as connection:
            done = connection.execute(statement)
            return done.fetchall() if done.description else []


def _number(folder: Path) -> int:
    found = re.search(r"/(\d+)", str(folder))
    return int(found[1]) if found else 0


def _other_user() -> tuple[int, int]:
    names = [entry.pw_name for entry in pwd.getpwall()]
    found = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    return found.pw_uid, found.pw_gid


def _template(program: Path) -> Path:
    """An initialised cluster of this version, made where there is none yet."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    [version] = re.findall(r"\d+(?:\.\d+)*", said)[:1]
    kept = cache_folder() / f"postgresql-{version}"
    with Path(f"{kept}.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not kept.exists():
            _initialise(program.with_name("initdb"), int(version.split(".")[0]), kept)
    return kept


def _initialise(program: Path, major: int, kept: Path) -> None:
    # Ordered by a language's rules, as servers in production mostly are, and not by code points: a query that
    # relies on one order shows.
    order = ["--locale-provider=icu", "--icu-locale=en"] if major >= 15 else []
    other = _other_user() if os.geteuid() == 0 else None
    who: dict[str, Any] = {"user": other[0], "group": other[1], "extra_groups": []} if other else {}
    how = ["--encoding=UTF8", "--locale=C", *order, "--auth=scram-sha-256", "--no-sync", "--no-instructions"]
    with tempfile.TemporaryDirectory(prefix="sabio-initdb-") as name:
        folder = Path(name)
        password = folder / "password"
        password.write_text(NAME)
        if other:
            for path in (folder, password):
                os.chown(path, *other)
        done = subprocess.run(
            [program, "-D", folder / "data", "-U", NAME, "--pwfile", password, *how],
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
            **who,
        )
        if done.returncode:
            raise FailedServer(f"initdb failed: {done.stderr.strip()}")
        unfinished = Path(f"{kept}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(folder / "data", unfinished, symlinks=True)
        unfinished.rename(kept)
