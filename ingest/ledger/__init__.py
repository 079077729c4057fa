"""The ledger: the SQL record that decides what is published, readable and due.

`Ledger` opens the database and brings it to the current migration; the modules beside this one hold the
queries by journey: `requests`, `tickets` and `runs` (who asked for a sync, which run serves them, who scans,
who follows a run), `held` (what the brake on removals holds), `scanning` (what a scan changes), `permitting`
(what a permission refresh changes), `claims` (whose the due work is), `working` (publishing, sweeping),
`reading` (confirming hits, explaining, reporting), `golden` (what golden questions hold), `chores` and
`processes`, `inbox` (what chat platforms delivered), `asking` and `feedback` (what people asked, and thought
of the answer). The same queries run on SQLite, which has one writer at a time, and on PostgreSQL, where these
rules stand in for that:

1. Rows are locked in this order: the chore's; the source's; its request; documents, by ascending id; their
   pending rows; `state`, to be read; their chunks, quarantine and strays, the latter by ascending id; runs,
   last. So nobody waits in a circle, which would be a deadlock.
2. Whoever decides about a whole source (a scan, a permission refresh) holds the source's row; whoever writes
   what hangs on a document (`claims.holds`) holds the document's row, and it stays theirs until they commit.
3. Whoever takes a pending row without its document (`claims.renew`, `claims.free_dead`) waits for nobody: it
   skips what is locked. So does `claims.claim`, which therefore shares work out without anybody queueing.
4. A row that several may make at once is made by `upserts.insert_if_absent`, and then locked.
5. A published version counts for the index collection that is in use, so that row is locked, shared, until
   the commit: a swap comes before or after. Whoever changes which collections there are is alone in doing so.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

from sqlalchemy import URL, Connection, Engine, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from config.errors import ConfigError, UnavailableError
from ingest.ledger.collections import PINNED, Collections, begin, forget, hold, look, use

# The newest migration. Opening a ledger that already stands here costs one query and no Alembic import.
HEAD = "0007"
MOMENT = 1.0
"""Seconds after which a server is silent, and for which others take it for silent then."""
_USE = (
    "use `sqlite`, or `postgresql://USER:PASSWORD@HOST:PORT/DATABASE`, where a password's `@`, `:`, `/`, `?`,"
    " `#` and `%` are written as %40, %3A, %2F, %3F, %23 and %25"
)


class ContendedError(UnavailableError):
    """Others wrote the same rows at the same moment, and the database chose them: once more, and it works."""


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


class Ledger:
    """An open ledger. Cheap to share between threads; each process opens its own.

    Raises `UnavailableError` whenever the database is down, locked for too long, or its disk is full
    (`ContendedError`: by accident), and `ConfigError` when a person must act: `url` is none that can be
    opened, the server lets nobody in, the file is damaged, or it was written by a newer version.
    """

    def __init__(self, url: str | URL, *, migrate: bool = True) -> None:
        """`url` is as `sqlite:////var/lib/sabio/ledger.db` or `postgresql://user:password@host/database`."""
        self._vendor, self._engine = _engine_of(url)
        self._known = False
        self._silent = (float("-inf"), "")
        self._seen_as: Mapping[str, str] = {}
        try:
            if migrate and self.revision() != HEAD:
                self.upgrade(HEAD)
        except BaseException:
            self.close()  # nobody gets this ledger to close it
            raise

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent look: a transaction that writes nothing."""
        with self._connection() as connection:
            connection.execution_options(**self._vendor.READS, **self._seen_as)
            with connection.begin():
                yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction: everything in it happens, or nothing. Others may write meanwhile, but for the rows
        that it locks."""
        with self._connection() as connection:
            connection.execution_options(**self._vendor.WRITES)
            with connection.begin():
                yield connection

    def version(self) -> str:
        """What the database is, as `PostgreSQL 15.18`."""
        with self.read() as connection:
            said: str = self._vendor.version(connection)
            return said

    def revision(self) -> str | None:
        """The migration that the database stands at; None for an empty one."""
        with self.read() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
            return version

    def upgrade(self, target: str = HEAD) -> None:
        """Apply migrations up to `target`. Several processes may try at once; one does it."""
        from ingest.ledger.migrations import migrate

        with self._translated():
            migrate(self._engine, target)

    def downgrade(self, target: str = "base") -> None:
        """Take migrations back to `target`: for tests and for a roll-back of the product."""
        from ingest.ledger.migrations import migrate

        with self._translated():
            migrate(self._engine, target, down=True)

    def collection(self) -> str | None:
        """The index collection that questions are answered from, if one was made yet."""
        used = self.collections().used
        return used.name if used else None

    def collections(self) -> Collections:
        """Every index collection that there is, with what it was made with."""
        with self.read() as connection:
            return look(connection)

    def answer_from(self, name: str) -> None:
        """Let whoever reads by this object take a collection for the one in use that is begun or replaced:
        golden questions are asked of it before anybody else's are."""
        self._seen_as = {PINNED: name}

    def leftovers(self) -> list[str]:
        """Collections that a rebuild began or replaced, and that were not removed yet."""
        found = self.collections()
        return sorted(one.name for one in (found.building, found.retired) if one)

    def begin_collection(self, name: str, made_with: Mapping[str, str] | None = None) -> None:
        """Note a collection before it is made, to answer from later."""
        with self._write_state() as connection:
            begin(connection, name, made_with or {}, now())

    def hold_collection(self, name: str, why: Mapping[str, Any]) -> bool:
        """Keep a collection that was begun until a person says what becomes of it; false when it is gone."""
        with self._write_state() as connection:
            return hold(connection, name, why)

    def set_collection(
        self,
        name: str,
        instead_of: str | None,
        made_with: Mapping[str, str] | None = None,
        only_if: Callable[[Connection], bool] = lambda _connection: True,
    ) -> bool:
        """Answer from `name` from now on, which was begun or replaced; false when somebody else got ahead
        meanwhile, or when `only_if`, asked while nothing can be published, says no. `made_with` is that of
        the first one of all."""
        with self._write_state() as connection:
            return use(connection, name, instead_of, made_with or {}, now(), only_if)

    def forget_collection(self, name: str) -> None:
        """Say that a left-over collection was removed."""
        with self._write_state() as connection:
            forget(connection, name)

    @contextmanager
    def _write_state(self) -> Iterator[Connection]:
        """One transaction, alone in changing which collections there are; all else goes on."""
        with self.write() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("LOCK TABLE state IN SHARE ROW EXCLUSIVE MODE"))
            yield connection

    def look_anew(self) -> None:
        """Let the database take stock of its tables, after a run that changed a good part of them: PostgreSQL
        does so by itself only after a while, and confirmed hits eight times slower until then."""
        with self.write() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("ANALYZE documents, chunks, pending, strays"))

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        """A connection to the database. Nobody waits for a server that was silent a moment ago."""
        began, (silent_since, said) = time.monotonic(), self._silent
        if began - silent_since < MOMENT:
            raise UnavailableError(said)
        try:
            with self._translated():
                connection = self._engine.connect()
        except UnavailableError as error:
            if time.monotonic() - began > MOMENT:
                self._silent = time.monotonic(), str(error)
            raise
        with self._translated(), connection:
            yield connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        shown = self._engine.url.set(drivername=self._engine.dialect.name, query={})
        ledger = f"the ledger ({shown.render_as_string(hide_password=True)})"
        try:
            yield
            self._known = True
        except PoolTimeoutError as error:
            raise UnavailableError(f"{ledger} cannot be used: every connection is busy") from error
        except (DBAPIError, sqlite3.Error) as error:
            if (told := self._vendor.translated(error, ledger, known=self._known)) is not None:
                raise told from error
            raise


def _engine_of(url: str | URL) -> tuple[ModuleType, Engine]:
    """The vendor's module and its engine, for an address."""
    # Never shown: what is no address may hold a password anywhere.
    unreadable = ConfigError(f"ledger: that is not a database URL; {_USE}")
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # a port that is no number is a ValueError
        raise unreadable from None
    if "@" in f"{parsed.host}{'' if parsed.get_backend_name() == 'sqlite' else parsed.database}":
        raise unreadable
    if parsed.get_backend_name() == "sqlite":
        from ingest.ledger import sqlite as vendor
    elif parsed.get_backend_name() in ("postgresql", "postgres"):
        from ingest.ledger import postgresql as vendor  # type: ignore[no-redef]
    else:
        raise ConfigError(f"ledger: {parsed.get_backend_name()!r} is no database that Sabio knows; {_USE}")
    return vendor, vendor.open_engine(parsed)
