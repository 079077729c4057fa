"""Opening a ledger and keeping things in it, on both databases: migrations, several openers, and types."""

import subprocess
import sys
from datetime import UTC, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import column, inspect, select, table, text
from sqlalchemy.exc import IntegrityError

from config.errors import ConfigError
from ingest.documents import Entry, Section, document_id
from ingest.ledger import HEAD, Ledger, asking, reading, runs, scanning
from ingest.ledger.owners import new_owner
from ingest.ledger.tables import documents, metadata, pending, quarantine, sources, state
from ingest.ledger.tables import runs as run_rows
from ingest.planning import Brake, plan


@pytest.fixture
def ledger(ledger_url):
    ledger = Ledger(ledger_url)
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
    ledger.downgrade("0002")
    ledger.upgrade()
    with ledger.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_an_older_ledger_is_brought_up_to_date_when_opened_and_keeps_what_it_holds(ledger, ledger_url):
    ledger.downgrade("0001")
    began = datetime(2026, 1, 1, tzinfo=UTC)
    old_run = {
        "id": "r",
        "source": "s",
        "state": "working",
        "owner": "o",
        "full": False,
        "seen_at": began,
        "started_at": began,
        "held": 7,
        **dict.fromkeys(("scanned", "new", "changed", "unchanged", "retitled", "readers_changed"), 0),
        **dict.fromkeys(("removed", "chunks_embedded", "chunks_reused", "still_answerable"), 0),
    }
    with ledger.write() as connection:
        connection.execute(documents.insert().values(a_document()))
        connection.execute(
            pending.insert().values(document="d", source="s", run="r", action="fetch", attempts=0)
        )
        connection.execute(
            text("INSERT INTO quarantine VALUES ('d', 's', '1', 'broken', 3, '2026-01-01 00:00:00')")
        )
        columns = [column(name, run_rows.c[name].type) for name in old_run]
        connection.execute(table("runs", *columns).insert().values(old_run))
    newer = Ledger(ledger_url)
    with newer.read() as connection:
        assert newer.revision() == HEAD
        assert connection.execute(pending.select()).one().document == "d"
        kept = connection.execute(quarantine.select()).one()
        assert (kept.revision, kept.recipe, kept.reason) == ("1", None, "broken")
        run = connection.execute(run_rows.select()).one()
        assert (run.kind, run.planned, run.confirmed, run.held) == ("sync", 0, False, 7)
    newer.close()


def test_a_ledger_that_a_newer_version_wrote_is_refused_with_what_to_do(ledger, ledger_url):
    with ledger.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigError, match=r"9999.*newer"):
        Ledger(ledger_url)


def test_a_current_ledger_opens_without_importing_the_migration_tool(ledger, ledger_url):
    code = (
        "import sys; from ingest.ledger import Ledger; Ledger(sys.argv[1]); print('alembic' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, ledger_url], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


def test_a_ledger_in_a_file_imports_no_client_of_a_server(tmp_path):
    code = (
        "import sys; from ingest.ledger import Ledger; Ledger(sys.argv[1]); print('psycopg' in sys.modules)"
    )
    url = f"sqlite:///{tmp_path}/ledger.db"
    done = subprocess.run([sys.executable, "-c", code, url], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_several_processes_may_open_a_fresh_ledger_at_once(empty_url):
    code = "import sys; from ingest.ledger import Ledger; sys.stdin.read(); Ledger(sys.argv[1]).close()"
    openers = [
        subprocess.Popen(
            [sys.executable, "-c", code, empty_url],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for opener in openers:
        opener.stdin.close()
    for opener in openers:
        with opener:
            assert opener.stderr.read() == ""
        assert opener.returncode == 0
    ledger = Ledger(empty_url)
    assert ledger.revision() == HEAD
    ledger.close()


@pytest.mark.parametrize(
    "address",
    [
        "nonsense-canary",
        "mysql://ana:canary@db/sabio",
        "postgresql://ana:canary@db:port/sabio",
        "postgresql://ana:ca/na@ry@db/sabio",
        "postgresql://ana:ca@nary/@db/sabio",
    ],
)
def test_an_address_that_is_none_is_told_without_showing_it(address):
    with pytest.raises(ConfigError, match=r"^ledger: .*use `sqlite`, or `postgresql://") as told:
        Ledger(address)
    shown = f"{told.value} {told.value.__cause__}"
    assert not any(part in shown for part in ("canary", "ca/na", "nary", "ry@"))


def test_readers_go_on_while_somebody_writes(ledger):
    with ledger.write() as writing:
        writing.execute(state.insert().values(key="k", value="v"))
        with ledger.read() as reading:
            assert reading.execute(state.select()).all() == []


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


def test_the_database_is_named_with_its_version(ledger):
    name, _, number = ledger.version().partition(" ")
    assert name == {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[ledger._engine.dialect.name]
    assert float(number.rpartition(".")[0] or number) > 3


def recorded(ledger, entries):
    """What the next scan knows after a scan has listed `entries`."""
    with ledger.write() as connection:
        lease = runs.claim_scan(connection, "wiki", new_owner(), 60)
        run = runs.start_run(connection, "wiki", new_owner())
        decided = plan(entries, scanning.known(connection, "wiki"), recipe="1", brake=Brake())
        assert scanning.record(connection, lease, run, decided)
        runs.close_run(connection, run, "done")
    with ledger.read() as connection:
        return {one.entry.id: one for one in scanning.known(connection, "wiki")}


ODD = "a\0b \ud83d c ☃ 😀"


def test_what_no_database_can_hold_is_put_right_before_it_decides_anything(ledger):
    entry = Entry(id=ODD, revision=ODD, title=ODD, media_type="text/plain", url=ODD, author=ODD)
    assert (entry.id, Section(ODD, heading=(ODD,), anchor=ODD).text) == ("ab \ufffd c ☃ 😀",) * 2
    known = recorded(ledger, [entry])[entry.id]
    assert (known.entry, known.document) == (entry, document_id("wiki", entry.id))
    again = plan([entry], [known], recipe="1", brake=Brake())
    assert (again.relisted, again.gone) == ([], [])


def test_what_no_database_can_hold_is_put_right_wherever_people_and_errors_bring_it(ledger):
    asked = {
        "id": "1", "asked_at": datetime.now(UTC), "person": ODD, "platform": "terminal", "text": ODD,
        "language": "en", "outcome": "not_found", "answer": {"text": ODD}, "seconds": 0.1,
    }  # fmt: skip
    with ledger.write() as connection:
        asking.keep_question(connection, asked)
        run = runs.start_run(connection, "wiki", new_owner(), asked_by=ODD)
        runs.follow_run(connection, run, ODD)
        runs.close_run(connection, run, "failed", error=ODD)
    with ledger.read() as connection:
        kept = asking.find_question(connection, ODD)
        assert (kept.text, kept.person, kept.answer["text"][-1]) == ("ab \ufffd c ☃ 😀",) * 2 + ("😀",)
        assert reading.run_report(connection, run)["error"] == "ab \ufffd c ☃ 😀"


def test_an_entry_may_have_a_name_of_any_length(ledger):
    long = [Entry(id="folder/" * 700 + end, revision="1", title="T", media_type="x/y") for end in "ab"]
    assert recorded(ledger, long).keys() == {one.id for one in long}


def test_rows_come_in_the_same_order_from_every_database(ledger):
    names = ["b", "a", "B", "á", "_", "a b", "ab", "A", "10", "9", "z", "ñ", "😀", "a-b"]
    recorded(ledger, [Entry(id=name, revision="1", title="T", media_type="x/y") for name in names])
    with ledger.read() as connection:
        rows = connection.execute(select(documents.c.entry).order_by(documents.c.entry))
        assert [row.entry for row in rows] == sorted(names)
        ids = list(connection.scalars(select(documents.c.id).order_by(documents.c.id)))
        assert ids == sorted(ids)


def test_documents_are_found_by_the_same_words_on_every_database(ledger):
    recorded(
        ledger,
        [
            Entry(id="Guides/Holidays.md", revision="1", title="Holidays", media_type="x/y", url="https://h"),
            Entry(id="50%_off.md", revision="1", title="Rebates", media_type="x/y"),
        ],
    )
    with ledger.read() as connection:
        for words in ("holidays", "HOLIDAYS", "Guides/Holidays.md", "holidays.MD", "https://h"):
            assert [row.title for row in reading.find_documents(connection, words)] == ["Holidays"], words
        assert reading.find_documents(connection, "Holidays.%") == []
        assert reading.find_documents(connection, "idays.md") == []
