"""The ledger on a server: PostgreSQL, with any number of processes and machines at once.

What SQLite gives by having one writer, row locks give here; their order is in the package's docstring.
Imported only where the configuration names PostgreSQL.
"""

from __future__ import annotations

import re
import selectors
import time
from collections.abc import Iterable, Mapping
from typing import Any

import psycopg
from psycopg.abc import Params, Query
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError

from config.errors import ConfigError, SabioError, UnavailableError
from ingest.ledger import ContendedError
from ingest.ledger.tables import read_json

READS: Mapping[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
WRITES: Mapping[str, Any] = {}
"""What a connection is told before it begins a transaction of either sort."""
_SESSION = {
    # Whoever stops within a transaction (a paused machine, SIGSTOP) loses it, before those who wait for its
    # locks lose their patience.
    "idle_in_transaction_session_timeout": "20s",
    "lock_timeout": "30s",
}
# A server that vanished without a word is noticed in seconds, not in hours: people wait for their answers.
_PATIENCE = 4
_PING = 2
_CONNECTING = {
    "application_name": "sabio",
    "connect_timeout": _PATIENCE,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 10_000,
}
"""What the URL does not say itself."""
_RECYCLED = 1800
"""Seconds after which a connection is made anew: firewalls forget old ones."""

# What a server answers to a connection has no code for the client, so it is told by its words, in the two
# languages that operators of Sabio are likeliest to have chosen for their server.
_NO_HOST = r"failed to resolve host .*\[Errno -[25]\]|could not translate host name"
_WRONG = {
    r"password|autentifica|authentication failed|SASL|no such user": "the user name or the password is wrong",
    r"database .* does not exist|no existe la base de datos|base de datos .* no existe": (
        "there is no such database; create it with `createdb --encoding UTF8`"
    ),
    r"role .* does not exist|no existe el rol|rol .* no existe|not permitted to log in": (
        "there is no such user; create it with `createuser`"
    ),
    r"pg_hba\.conf": "the server's pg_hba.conf does not let this user in from here",
    r"permission denied|permiso denegado": "this user may not use that database",
    r"does not support SSL|SSL negotiation|certificate": (
        "the server does not do TLS as the address asks for it (`?sslmode=…`)"
    ),
    r"invalid (port|sslmode|connection option|integer value)|(configuration|startup) parameter": (
        "an option in the address is wrong"
    ),
    _NO_HOST: "there is no such host",
}
# PostgreSQL's codes, postgresql.org/docs/current/errcodes-appendix.html.
_CONTENDED = ("40001", "40P01")
_PASSING = re.compile("08|53|57|58|25006|25P03|55P03|55006")
_DAMAGED = ("XX001", "XX002")
_FORBIDDEN = "42501"


class _OneByOne(psycopg.Cursor[Any]):
    """Runs a statement of many rows as many statements, each answered before the next.

    psycopg's own way, its pipeline, ends with a message after which PostgreSQL waits for ever for whoever
    stops within the transaction: `idle_in_transaction_session_timeout` does not count from there.
    """

    def executemany(self, query: Query, params_seq: Iterable[Params], *, returning: bool = False) -> None:
        """As the method that it replaces, for what returns nothing."""
        if returning:
            raise NotImplementedError("what returns rows is to be executed as one statement")
        for params in params_seq:
            self.execute(query, params)  # type: ignore[arg-type]


def open_engine(url: URL) -> Engine:
    """A pool of connections to that database; none is made yet."""
    given = dict(url.query)
    session = " ".join(f"-c {name}={value}" for name, value in _SESSION.items())
    options = f"{session} {given.pop('options', '')}".strip()  # the last one wins
    engine = create_engine(
        url.set(drivername="postgresql+psycopg", query=given),
        pool_pre_ping=True,
        pool_recycle=_RECYCLED,
        isolation_level="READ COMMITTED",
        json_deserializer=read_json,
        connect_args={
            "options": options,
            "cursor_factory": _OneByOne,
            **{name: value for name, value in _CONNECTING.items() if name not in given},
        },
    )

    # Before each transaction; SQLAlchemy's own way of asking waits for ever.
    engine.dialect.do_ping = _answers  # type: ignore[method-assign, assignment]

    # New rows go in as one statement, where `_OneByOne` would make many.
    engine.dialect.use_insertmanyvalues_wo_returning = True

    @event.listens_for(engine, "connect")
    def check(connection: psycopg.Connection[Any], _record: Any) -> None:
        encoding = connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            connection.close()  # the pool does not know it yet
            raise ConfigError(
                f"ledger: the database stores text as {encoding}, which cannot hold every language; create it"
                " with `createdb --encoding UTF8 --template template0`"
            )

    @event.listens_for(engine, "checkin")
    def unsay(connection: psycopg.Connection[Any] | None, _record: Any) -> None:
        # SQLAlchemy leaves "read and write" behind, against a server that was told to take nothing in.
        if connection is not None and not connection.closed:
            connection.read_only = None

    @event.listens_for(engine, "handle_error")
    def forget(context: ExceptionContext) -> None:
        # A migration by a newer process changed what this connection had prepared; another one will do.
        if getattr(context.original_exception, "sqlstate", None) == "0A000":
            context.is_disconnect = True

    return engine


def _answers(connection: psycopg.Connection[Any]) -> bool:
    """Whether there is a server at the other end of an idle connection, and not a hung or a vanished one."""
    server, until = connection.pgconn, time.monotonic() + _PING
    try:
        server.send_query(b"")
        server.flush()
        with selectors.DefaultSelector() as waiting:
            waiting.register(server.socket, selectors.EVENT_READ)
            while server.is_busy():
                if not waiting.select(until - time.monotonic()):
                    return False
                server.consume_input()
        answers = list(iter(server.get_result, None))
    except psycopg.Error:
        return False
    return [answer.status for answer in answers] == [psycopg.pq.ExecStatus.EMPTY_QUERY]


def version(connection: Connection) -> str:
    """What the database is, for people."""
    number = connection.exec_driver_sql("SHOW server_version").scalar_one()
    return f"PostgreSQL {number.split()[0]}"


def translated(error: Exception, ledger: str, *, known: bool) -> SabioError | None:
    """What an error of the database means; None for a mistake of ours, as a broken constraint is.

    `ledger` is how a message names the database, `known` whether it was reached before.
    """
    if not isinstance(error, DBAPIError) or not isinstance(error.orig, psycopg.Error):
        return None
    code, said = error.orig.sqlstate or "", " ".join(str(error.orig).split())
    if code in _CONTENDED:
        return ContendedError(f"{ledger} was changed by others at the same moment: {said}", retry_after=1)
    if code in _DAMAGED:
        return ConfigError(f"{ledger} is damaged: {said}. Restore it from a backup")
    if code == _FORBIDDEN:
        return ConfigError(
            f"{ledger} does not let its user do that: {said}. Make the user its owner: `ALTER DATABASE …"
            " OWNER TO …`"
        )
    if not code and isinstance(error.orig, psycopg.OperationalError | psycopg.ProgrammingError):
        return _refused(ledger, said, known=known)
    if error.connection_invalidated or _PASSING.match(code):
        return UnavailableError(f"{ledger} cannot be used: {said}")
    return None


def _refused(ledger: str, said: str, *, known: bool) -> SabioError:
    """What it means that there is no connection."""
    for pattern, meaning in _WRONG.items():
        # A host that was there before comes back: names of containers are gone while these start anew.
        if re.search(pattern, said) and not (known and pattern == _NO_HOST):
            return ConfigError(f"ledger: {meaning}. Seen at {ledger}: {said}")
    return UnavailableError(f"{ledger} cannot be reached: {said}")
