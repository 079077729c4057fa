"""Who may read what, looked up apart from a sync: in force at once, also while a sync goes on."""

import pytest
from sqlalchemy import select

from ingest.documents import EVERYONE
from ingest.ledger import Ledger, claims, now, permitting, reading, runs, scanning
from ingest.ledger.owners import new_owner
from ingest.ledger.scanning import readers_of
from ingest.ledger.tables import documents, pending
from ingest.ledger.tables import runs as run_rows
from ingest.planning import FETCH, READERS, Brake, plan
from tests.ingest.ledger.crowds import COLLECTION, SOURCE, carry_out, entries, scan, work

ALL = frozenset({EVERYONE})
ANA = frozenset({"user:ana@acme.com"})
BOTH = ALL | ANA


@pytest.fixture
def ledger(ledger_url):
    ledger = Ledger(ledger_url)
    ledger.set_collection(COLLECTION, instead_of=None)
    yield ledger
    ledger.close()


@pytest.fixture
def published(ledger):
    run = scan(ledger, entries(3))
    while work(ledger, new_owner()):
        pass
    with ledger.write() as connection:
        runs.close_run(connection, run, "done")
    return ledger


def refresh(ledger, listed, listed_from=None):
    with ledger.write() as connection:
        given = {f"page {n}": readers for n, readers in listed.items()}
        return permitting.refresh(connection, SOURCE, new_owner(), given, listed_from or now())


def readers(ledger):
    with ledger.read() as connection:
        rows = connection.execute(documents.select().order_by(documents.c.entry))
        return [(readers_of(row.readers), readers_of(row.indexed_readers)) for row in rows]


def due(ledger):
    with ledger.read() as connection:
        return sorted(connection.scalars(select(pending.c.action)))


def test_other_readers_are_in_force_at_once_and_the_index_is_told_by_whoever_works(published):
    assert refresh(published, {0: ANA, 1: None, 2: ALL, 7: ANA}) == 2
    assert readers(published) == [(ANA, ALL), (None, ALL), (ALL, ALL)]
    assert due(published) == [READERS, READERS]
    with published.read() as connection:
        [run] = runs.unfinished(connection)
        assert (run.kind, run.planned, run.readers_changed) == ("permissions", 2, 2)
        assert reading.counts(connection)[SOURCE]["last_run"]["kind"] == "sync"
    work(published, new_owner())
    assert readers(published) == [(ANA, ANA), (None, frozenset()), (ALL, ALL)]


def test_where_nothing_changed_nothing_is_due(published):
    assert refresh(published, {0: ALL, 1: ALL, 2: ALL}) == 0
    with published.read() as connection:
        assert runs.unfinished(connection) == []


def test_whoever_works_on_a_document_meanwhile_is_fenced_off_and_the_work_is_done_for_the_new_readers(ledger):
    scan(ledger, entries(1))
    with ledger.write() as connection:
        [slow] = claims.claim(connection, new_owner(), [SOURCE], 1, 60)
    assert refresh(ledger, {0: ANA}) == 1
    assert due(ledger) == [FETCH]
    assert not carry_out(ledger, slow)
    work(ledger, new_owner())
    assert readers(ledger) == [(ANA, ANA)]


def test_a_document_of_which_only_the_sweep_is_left_has_its_readers_copied_as_well(published):
    scan(published, entries(1, "2"), confirmed=False)
    with published.write() as connection:
        [one] = claims.claim(connection, new_owner(), [SOURCE], 1, 60)
        connection.execute(pending.update().values(action="sweep"))
    assert refresh(published, {0: ANA}) == 1
    assert due(published)[0] == READERS
    assert not carry_out(published, one)


def a_scan_during(ledger, listing, meanwhile):
    """A scan that lists `listing`, and something that happens before it is recorded."""
    with ledger.write() as connection:
        lease = runs.claim_scan(connection, SOURCE, new_owner(), 60)
        run = runs.begin_sync(connection, SOURCE, new_owner()).run
    result = meanwhile()
    with ledger.read() as connection:
        known = scanning.known(connection, SOURCE)
    with ledger.write() as connection:
        decided = plan(listing, known, recipe="1", brake=Brake())
        assert scanning.record(connection, lease, run, decided)
    return result


def test_a_scan_that_listed_before_a_permission_was_taken_does_not_give_it_back(published):
    a_scan_during(published, entries(3), lambda: refresh(published, {0: ANA, 1: None, 2: BOTH}))
    # Nobody knows which of the two saw the newer ones: whoever is missing in either may not read.
    assert [now_known for now_known, _ in readers(published)] == [frozenset(), None, ALL]
    # The next look is alone, and is right.
    assert refresh(published, {0: ANA, 1: ALL, 2: BOTH}) == 3
    assert [now_known for now_known, _ in readers(published)] == [ANA, ALL, BOTH]


def test_a_look_at_permissions_that_began_before_a_scan_does_not_give_back_what_that_took(published):
    began = now()
    scan(published, entries(3, readers=ANA))
    assert refresh(published, {0: BOTH, 1: ALL, 2: ANA}, began) == 1
    assert [now_known for now_known, _ in readers(published)] == [ANA, frozenset(), ANA]


def test_a_scan_that_begins_after_a_look_at_permissions_is_believed(published):
    refresh(published, {0: ANA, 1: ANA, 2: ANA})
    with published.write() as connection:
        connection.execute(run_rows.update().values(state="done"))
    scan(published, entries(3, readers=BOTH))
    assert [now_known for now_known, _ in readers(published)] == [BOTH] * 3
