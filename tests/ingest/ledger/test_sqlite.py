"""The ledger in a file: what can be wrong with files, and with several who open one."""

import resource
import sqlite3
import threading

import pytest
from sqlalchemy import text

from config.errors import ConfigError, UnavailableError
from ingest.ledger import HEAD, Ledger
from ingest.ledger.tables import documents, pending, state
from tests.ingest.ledger.test_ledger import a_document


@pytest.fixture
def file(tmp_path):
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(file):
    ledger = Ledger(f"sqlite:///{file}")
    yield ledger
    ledger.close()


def test_a_migration_that_copies_a_table_takes_nothing_along_that_refers_to_it(ledger):
    """SQLite drops the old table, and with foreign keys in force all that refers to its rows."""
    from ingest.ledger.migrations import _without_foreign_keys

    with ledger.write() as connection:
        connection.execute(documents.insert().values(a_document()))
        connection.execute(
            pending.insert().values(document="d", source="s", run="r", action="fetch", attempts=0)
        )
    with ledger._engine.connect() as connection, _without_foreign_keys(connection):
        connection.execution_options(writes=True)
        with connection.begin():
            connection.execute(text("CREATE TABLE copy AS SELECT * FROM documents"))
            connection.execute(text("DROP TABLE documents"))
            connection.execute(text("ALTER TABLE copy RENAME TO documents"))
    with ledger.read() as connection:
        assert connection.execute(pending.select()).one().document == "d"
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1


def test_several_threads_may_make_a_fresh_file_ready_at_once(tmp_path):
    """The switch to write-ahead logging does not wait for others by itself."""
    for number in range(10):
        url = f"sqlite:///{tmp_path}/{number}.db"
        failed = []
        barrier = threading.Barrier(6)

        def look(url=url, barrier=barrier, failed=failed):
            ledger = Ledger(url, migrate=False)
            barrier.wait()
            try:
                ledger.revision()
            except UnavailableError as error:
                failed.append(error)
            finally:
                ledger.close()

        threads = [threading.Thread(target=look) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UnavailableError, match="cannot be made"):
        Ledger(f"sqlite:///{tmp_path}/file/ledger.db")


def test_a_file_that_is_no_ledger_is_told_with_what_to_do(file):
    file.write_bytes(b"This is not a database at all. " * 100)
    with pytest.raises(ConfigError, match=r"damaged.*Restore it from a backup, or move it away"):
        Ledger(f"sqlite:///{file}")


def test_a_ledger_that_was_damaged_is_told_as_such(ledger, file):
    with ledger.write() as connection:
        connection.execute(documents.insert(), [a_document(f"d{number}") for number in range(500)])
    ledger.close()
    with file.open("r+b") as damaged:
        damaged.seek(4096 * 3)
        damaged.write(b"\xff" * (file.stat().st_size - 4096 * 3))
    with pytest.raises(ConfigError, match="damaged"), Ledger(f"sqlite:///{file}").read() as connection:
        connection.execute(documents.select()).all()


def test_a_ledger_that_another_writer_holds_for_too_long_is_unavailable(ledger, file):
    impatient = Ledger(f"sqlite:///{file}?timeout=0.05")
    with ledger.write() as connection:
        connection.execute(state.insert().values(key="k", value="v"))
        with pytest.raises(UnavailableError, match="locked"), impatient.write():
            raise AssertionError("two writers at once")
    with impatient.read() as connection:
        assert connection.execute(state.select()).one().value == "v"
    impatient.close()


def test_a_database_that_only_lets_itself_be_read_is_unavailable_for_writing(ledger):
    with ledger.read() as connection:
        connection.exec_driver_sql("PRAGMA query_only=ON")  # it stays with the pooled connection
    with pytest.raises(UnavailableError, match="readonly"), ledger.write() as connection:
        connection.execute(state.insert().values(key="k", value="v"))


def test_a_full_disk_is_unavailable_and_loses_nothing(ledger, file):
    with ledger.write() as connection:
        connection.execute(state.insert().values(key="before", value="v"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # Python ignores the signal, so that writes fail as on a full disk.
    resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size + 200_000, hard))
    try:
        with pytest.raises(UnavailableError, match=r"full|I/O"), ledger.write() as connection:
            connection.execute(
                documents.insert(), [a_document(f"d{number}", title="T" * 5000) for number in range(2000)]
            )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    with ledger.read() as connection:
        assert [row.key for row in connection.execute(state.select())] == ["before"]
        assert connection.execute(documents.select()).all() == []


def test_a_ledger_in_a_folder_with_an_odd_name_is_found(tmp_path):
    from tests.doubles import open_base

    with open_base(tmp_path / "what? 100% #1") as kb:
        assert kb.ledger.revision() == HEAD
    assert sqlite3.connect(tmp_path / "what? 100% #1" / "ledger.db").close() is None
