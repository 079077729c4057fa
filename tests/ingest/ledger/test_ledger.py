"""Opening a ledger: migrations, several openers at once, and everything that can be wrong with a database."""

import resource
import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError

from config.errors import ConfigError, UnavailableError
from ingest.ledger import HEAD, Ledger
from ingest.ledger.tables import documents, metadata, pending, quarantine, sources, state


@pytest.fixture
def file(tmp_path):
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(file):
    ledger = Ledger(f"sqlite:///{file}")
    yield ledger
    ledger.close()


def a_document(id_="d", **values):
    return {"id": id_, "source": "s", "entry": id_, "listing": {}, "title": "T", "fence": 0, **values}


def test_the_migrations_make_exactly_the_tables_that_the_code_speaks_of(ledger):
    with ledger.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_a_ledger_can_be_taken_back_to_nothing_and_up_again(ledger):
    ledger.downgrade()
    with ledger.read() as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]
    ledger.upgrade()
    assert ledger.revision() == HEAD


def test_an_older_ledger_is_brought_up_to_date_when_opened_and_keeps_what_it_holds(ledger, file):
    ledger.downgrade("0001")
    with ledger.write() as connection:
        connection.execute(documents.insert().values(a_document()))
        connection.execute(
            pending.insert().values(document="d", source="s", run="r", action="fetch", attempts=0)
        )
        connection.execute(
            text("INSERT INTO quarantine VALUES ('d', 's', '1', 'broken', 3, '2026-01-01 00:00:00')")
        )
    newer = Ledger(f"sqlite:///{file}")
    with newer.read() as connection:
        assert newer.revision() == HEAD
        assert connection.execute(pending.select()).one().document == "d"
        kept = connection.execute(quarantine.select()).one()
        assert (kept.revision, kept.recipe, kept.reason) == ("1", None, "broken")
    newer.close()


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


def test_a_ledger_that_a_newer_version_wrote_is_refused_with_what_to_do(ledger, file):
    with ledger.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigError, match=r"9999.*newer"):
        Ledger(f"sqlite:///{file}")


def test_a_current_ledger_opens_without_importing_the_migration_tool(ledger, file):
    code = (
        "import sys; from ingest.ledger import Ledger; Ledger(sys.argv[1]); print('alembic' in sys.modules)"
    )
    url = f"sqlite:///{file}"
    done = subprocess.run([sys.executable, "-c", code, url], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_several_processes_may_open_a_fresh_ledger_at_once(tmp_path):
    code = "import sys; from ingest.ledger import Ledger; sys.stdin.read(); Ledger(sys.argv[1]).close()"
    url = f"sqlite:///{tmp_path}/new/ledger.db"
    openers = [
        subprocess.Popen(
            [sys.executable, "-c", code, url], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    for opener in openers:
        opener.stdin.close()
    for opener in openers:
        with opener:
            assert opener.stderr.read() == ""
        assert opener.returncode == 0
    ledger = Ledger(url)
    assert ledger.revision() == HEAD
    ledger.close()


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


def test_an_address_that_is_none_is_a_matter_of_configuration():
    with pytest.raises(ConfigError, match="database URL"):
        Ledger("nonsense")


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


def test_readers_go_on_while_somebody_writes(ledger):
    with ledger.write() as writing:
        writing.execute(state.insert().values(key="k", value="v"))
        with ledger.read() as reading:
            assert reading.execute(state.select()).all() == []


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


def test_a_mistake_of_ours_is_seen_as_what_it_is(ledger):
    with pytest.raises(IntegrityError), ledger.write() as connection:
        connection.execute(
            pending.insert().values(document="nobody", source="s", run="r", action="x", attempts=0)
        )


def _write_and_stumble(connection):
    connection.execute(state.insert().values(key="k", value="v"))
    raise ZeroDivisionError


def test_a_transaction_that_fails_leaves_nothing(ledger):
    with pytest.raises(ZeroDivisionError), ledger.write() as connection:
        _write_and_stumble(connection)
    with ledger.read() as connection:
        assert connection.execute(state.select()).all() == []


def test_times_come_back_aware_and_a_time_without_a_zone_is_refused(ledger):
    moment = datetime(2026, 5, 1, 12, tzinfo=UTC)
    with ledger.write() as connection:
        connection.execute(sources.insert().values(name="s", fence=0, lease_until=moment))
    with ledger.read() as connection:
        assert connection.execute(sources.select()).one().lease_until == moment
    with pytest.raises(Exception, match="without a zone"), ledger.write() as connection:
        connection.execute(sources.update().values(lease_until=datetime(2026, 5, 1)))  # noqa: DTZ001


def test_a_collection_is_swapped_only_by_whoever_began_it_and_saw_the_one_before(ledger):
    assert ledger.collection() is None
    assert ledger.set_collection("one", instead_of=None)
    assert not ledger.set_collection("other", instead_of=None)
    assert not ledger.set_collection("two", instead_of="one")  # nobody began it
    ledger.begin_collection("two")
    assert ledger.leftovers() == ["two"]
    assert not ledger.set_collection("two", instead_of="zero")
    assert ledger.set_collection("two", instead_of="one")
    assert (ledger.collection(), ledger.leftovers()) == ("two", ["one"])
    ledger.forget_collection("one")
    assert ledger.leftovers() == []


def test_a_ledger_in_a_folder_with_an_odd_name_is_found(tmp_path):
    from tests.doubles import open_base

    with open_base(tmp_path / "what? 100% #1") as kb:
        assert kb.ledger.revision() == HEAD
    assert sqlite3.connect(tmp_path / "what? 100% #1" / "ledger.db").close() is None
