"""The ledger on a server: one that refuses, one that goes away, and others who are in the way."""

import threading
import time
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import bindparam, insert, text, update
from sqlalchemy.exc import IntegrityError, OperationalError

from config.errors import ConfigError, UnavailableError
from ingest.ledger import HEAD, MOMENT, ContendedError, Ledger, postgresql
from ingest.ledger.tables import documents, pending, state
from ingest.ledger.upserts import insert_or_replace
from tests.ingest.ledger.test_ledger import a_document
from tests.services import Postgres
from tests.services.proxy import Proxy


@pytest.fixture
def ledger(postgres_ledger):
    ledger = Ledger(postgres_ledger)
    yield ledger
    ledger.close()


def put(ledger, key="k"):
    with ledger.write() as connection:
        connection.execute(state.insert().values(key=key, value="v"))


def keys(ledger):
    with ledger.read() as connection:
        return sorted(row.key for row in connection.execute(state.select()))


# Who is not let in


@pytest.mark.parametrize(
    ("changed", "meaning"),
    [
        ({"sabio:sabio@": "sabio:canary@"}, "password is wrong"),
        ({"sabio:sabio@": "nobody:canary@"}, "password is wrong"),
        ({"/test": "/canary"}, "no such database; create it"),
        ({"@127.0.0.1:": "@no.such.host.invalid:"}, "no such host"),
        ({"?": "?sslmode=require"}, "does not do TLS"),
        ({"?": "?sslmode=perhaps"}, "an option in the address is wrong"),
        ({"?": "?no_such_option=1"}, "an option in the address is wrong"),
        ({"?": "?options=-c%20no.such=1%20-c%20nonsense=1"}, "an option in the address is wrong"),
    ],
)
def test_what_a_person_must_change_is_told_as_such(postgres_ledger, changed, meaning):
    [(old, new)] = changed.items()
    with pytest.raises(ConfigError, match=f"^ledger: .*{meaning}") as told:
        Ledger(f"{postgres_ledger}?".replace(old, new).rstrip("?"))
    assert ":sabio@" not in str(told.value)
    assert ":canary@" not in str(told.value)


def test_a_server_that_is_not_there_is_unavailable_and_its_password_is_not_shown():
    began = time.monotonic()
    with pytest.raises(UnavailableError, match=r"postgresql://ana:\*\*\*@127.0.0.1:1/sabio.*refused"):
        Ledger("postgres://ana:canary@127.0.0.1:1/sabio?password=canary")
    assert time.monotonic() - began < 5


def refusal(said, *, known=False):
    error = OperationalError("connect", {}, psycopg.OperationalError(said))
    return postgresql.translated(error, "the ledger (x)", known=known)


@pytest.mark.parametrize(
    "said",
    [
        "connection failed: FATAL:  no existe la base de datos «sabio»",
        "connection failed: FATAL:  la autentificación password falló para el usuario «ana»",
        "connection failed: FATAL:  no existe el rol «ana»",
        'connection failed: FATAL:  no pg_hba.conf entry for host "10.0.0.7", user "ana", no encryption',
        'connection failed: FATAL:  permission denied for database "sabio"',
        "connection failed: SSL error: certificate verify failed",
        'connection is bad: invalid port number: "99999"',
    ],
)
def test_a_refusal_is_understood_in_english_and_in_spanish(said):
    assert isinstance(refusal(said), ConfigError)


@pytest.mark.parametrize(
    "said",
    [
        "connection failed: FATAL:  the database system is starting up",
        "connection failed: FATAL:  sorry, too many clients already",
        "connection failed: FATAL:  el sistema de base de datos está iniciándose",
        "connection failed: server closed the connection unexpectedly",
        "consuming input failed: SSL connection has been closed unexpectedly",
        "failed to resolve host 'db': [Errno -3] Temporary failure in name resolution",
        "connection timeout expired",
    ],
)
def test_what_passes_by_itself_is_no_matter_of_configuration(said):
    assert isinstance(refusal(said), UnavailableError)


def test_a_host_that_was_there_before_is_only_away():
    said = "failed to resolve host 'db': [Errno -2] Name or service not known"
    assert isinstance(refusal(said), ConfigError)
    assert isinstance(refusal(said, known=True), UnavailableError)


def test_a_database_that_cannot_hold_every_language_is_refused(postgres_server: Postgres, loopback):
    name = f"test_{uuid4().hex[:12]}"
    how = "ENCODING 'LATIN1' LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    postgres_server.execute(f"CREATE DATABASE {name} {how}")
    try:
        with pytest.raises(ConfigError, match=r"LATIN1.*--encoding UTF8"):
            Ledger(postgres_server.address_of(name))
    finally:
        postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_a_user_who_may_not_make_tables_is_told_whose_the_database_has_to_be(postgres_url, postgres_server):
    name = f"user_{uuid4().hex[:8]}"
    postgres_server.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'p'")
    try:
        with pytest.raises(ConfigError, match=r"permission denied for schema public.*its owner"):
            Ledger(postgres_url.replace("sabio:sabio@", f"{name}:p@"))
    finally:
        postgres_server.execute(f"DROP ROLE {name}")


# What a server says midway


@pytest.mark.parametrize(
    ("code", "kind", "passing"),
    [
        ("53100", "the disk is full", UnavailableError),
        ("53200", "out of memory", UnavailableError),
        ("57P01", "it is shut down", UnavailableError),
        ("58030", "the disk fails", UnavailableError),
        ("40001", "a conflict", ContendedError),
        ("40P01", "a deadlock", ContendedError),
        ("XX001", "damage", ConfigError),
        ("42501", "a missing right", ConfigError),
        ("P0001", "a mistake of ours", None),
    ],
)
def test_each_trouble_of_the_server_is_told_as_what_it_is(ledger, code, kind, passing):
    statement = text(f"DO $$ BEGIN RAISE EXCEPTION 'trouble' USING ERRCODE = '{code}'; END $$")
    with pytest.raises(passing or Exception, match="trouble") as told, ledger.write() as connection:
        connection.execute(statement)
    assert (type(told.value) is passing) == (passing is not None), kind
    assert getattr(told.value, "retry_after", None) == (1 if passing is ContendedError else None)


def test_a_database_that_only_lets_itself_be_read_is_unavailable_for_writing(ledger, postgres_ledger):
    readonly = Ledger(f"{postgres_ledger}?options=-c%20default_transaction_read_only=on")
    assert readonly.revision() == HEAD
    with pytest.raises(UnavailableError, match="read-only"):
        put(readonly)
    readonly.close()


def test_a_mistake_of_ours_is_seen_as_what_it_is(ledger):
    put(ledger)
    with pytest.raises(IntegrityError):
        put(ledger)


def test_looks_write_nothing_and_see_one_moment(ledger):
    with ledger.read() as connection:
        assert connection.execute(state.select()).all() == []
        put(ledger)
        assert connection.execute(state.select()).all() == []
    with pytest.raises(UnavailableError, match="read-only"), ledger.read() as connection:
        connection.execute(state.insert().values(key="other", value="v"))
    assert keys(ledger) == ["k"]


def test_more_who_ask_at_once_than_there_are_connections_wait_and_are_told(ledger):
    ledger._engine.pool._timeout = 0.05
    with pytest.raises(UnavailableError, match="every connection is busy"), _many_reads(ledger, 20):
        raise AssertionError("more connections than the pool has")
    assert keys(ledger) == []


def _many_reads(ledger, count):
    from contextlib import ExitStack

    stack = ExitStack()
    try:
        for _ in range(count):
            stack.enter_context(ledger.read())
    except BaseException:
        stack.close()
        raise
    return stack


# Others


def test_a_row_that_another_holds_for_too_long_is_unavailable(ledger, postgres_ledger):
    put(ledger)
    impatient = Ledger(f"{postgres_ledger}?options=-c%20lock_timeout=50ms")
    with ledger.write() as connection:
        connection.execute(update(state).values(value="w"))
        with pytest.raises(UnavailableError, match="lock timeout"), impatient.write() as other:
            other.execute(update(state).values(value="x"))
    impatient.close()


ROWS = [{"key": key, "value": ""} for key in "mnop"]
LAST = {
    "one row": lambda _: None,
    "new rows": lambda connection: connection.execute(insert(state), ROWS),
    "rows, new or not": lambda connection: insert_or_replace(connection, state, ROWS),
    "changed rows": lambda connection: connection.execute(
        update(state).where(state.c.key == bindparam("of")), [{"of": key, "value": ""} for key in "klm"]
    ),
}


@pytest.mark.parametrize("last", LAST.values(), ids=LAST)
def test_whoever_stops_within_a_transaction_loses_it_and_holds_nobody_up(ledger, postgres_ledger, last):
    put(ledger)
    stopped = Ledger(f"{postgres_ledger}?options=-c%20idle_in_transaction_session_timeout=200ms")
    with pytest.raises(UnavailableError, match="idle-in-transaction"), stopped.write() as zombie:  # noqa: PT012
        zombie.execute(update(state).values(value="of the zombie"))
        last(zombie)
        with ledger.write() as connection:
            connection.execute(update(state).values(value="of the living"))  # waits for the zombie's end
        zombie.execute(update(state).values(value="of the zombie again"))
    with ledger.read() as connection:
        assert connection.execute(state.select()).one().value == "of the living"
    assert keys(stopped) == ["k"]  # and goes on with another connection
    stopped.close()


def test_of_two_who_wait_for_each_other_one_goes_on_and_the_other_may_repeat(ledger):
    for key in ("a", "b"):
        put(ledger, key)
    both, ended = threading.Barrier(2), []

    def write(first, second):
        try:
            with ledger.write() as connection:
                connection.execute(update(state).where(state.c.key == first).values(value=first))
                both.wait(10)
                connection.execute(update(state).where(state.c.key == second).values(value=first))
        except ContendedError as error:
            ended.append(error.retry_after)
        else:
            ended.append("done")

    threads = [threading.Thread(target=write, args=pair) for pair in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, ended)) == ["1", "done"]


def test_a_migration_that_changes_what_a_connection_had_prepared_costs_one_attempt(ledger):
    with ledger.write() as connection:
        connection.execute(text("CREATE TABLE early (id int)"))

    def look():
        with ledger.read() as connection:
            return connection.execute(text("SELECT * FROM early")).all()

    for _ in range(10):
        assert look() == []
    with ledger.write() as connection:
        connection.execute(text("ALTER TABLE early ADD COLUMN more int"))
    outcomes = []
    for _ in range(6):
        try:
            outcomes.append(look())
        except UnavailableError:
            outcomes.append("unavailable")
    assert outcomes.count("unavailable") <= 1
    assert outcomes[-1] == []


# A server that goes away


def test_a_connection_that_died_in_the_pool_is_replaced_without_anybody_noticing(ledger, postgres_server):
    put(ledger)
    assert ledger._engine.pool.checkedin() > 0
    others = "datname = current_database() AND pid <> pg_backend_pid()"
    another = Ledger(ledger._engine.url)
    with another.read() as connection:
        connection.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"))
    another.close()
    put(ledger, "another")
    assert keys(ledger) == ["another", "k"]


def test_a_connection_that_dies_within_a_transaction_takes_all_of_it_along(ledger):
    with pytest.raises(UnavailableError), ledger.write() as connection:  # noqa: PT012
        connection.execute(state.insert().values(key="k", value="v"))
        own = connection.scalar(text("SELECT pg_backend_pid()"))
        with ledger.write() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": own})
        connection.execute(state.insert().values(key="l", value="v"))
    assert keys(ledger) == []


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_a_server_that_ends_and_comes_back_loses_nothing_and_is_used_again(own_postgres: Postgres, end):
    ledger = Ledger(own_postgres.url)
    put(ledger, "before")
    with pytest.raises(UnavailableError) as told, ledger.write() as connection:  # noqa: PT012
        connection.execute(state.insert().values(key="unfinished", value="v"))
        getattr(own_postgres, end)()
        connection.execute(documents.insert().values(a_document()))
    assert ":sabio@" not in str(told.value)
    for _ in range(3):
        with pytest.raises(UnavailableError, match="refused"):
            keys(ledger)
    own_postgres.restart()
    assert keys(ledger) == ["before"]
    put(ledger, "after")
    own_postgres.kill()  # between transactions
    own_postgres.restart()
    put(ledger, "later")
    assert keys(ledger) == ["after", "before", "later"]
    with ledger.read() as connection:
        assert connection.execute(documents.select()).all() == []
        assert connection.execute(pending.select()).all() == []
    ledger.close()


def test_a_server_that_hangs_is_told_before_people_lose_their_patience(postgres_server, postgres_ledger):
    port = str(postgres_server.ports["port"])
    with Proxy(postgres_server.ports["port"]) as proxy:
        ledger = Ledger(postgres_ledger.replace(port, str(proxy.port)))
        put(ledger)
        proxy.hold()
        began = time.monotonic()
        for _ in range(3):  # whoever comes next is told at once
            with pytest.raises(UnavailableError, match="timeout"):
                keys(ledger)
        assert time.monotonic() - began < 10
        proxy.mend()
        time.sleep(MOMENT)
        assert keys(ledger) == ["k"]
        proxy.cut()
        with pytest.raises(UnavailableError):
            keys(ledger)
        proxy.mend()
        assert keys(ledger) == ["k"]
        ledger.close()
