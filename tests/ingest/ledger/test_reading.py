"""What is told of documents and sources, on both databases."""

import pytest

from ingest.documents import EVERYONE
from ingest.ledger import Ledger, now, permitting, reading, runs
from ingest.ledger.owners import new_owner
from tests.ingest.ledger.crowds import COLLECTION, SOURCE, entries, scan, work

ALL, ANA = frozenset({EVERYONE}), frozenset({"user:ana@acme.com"})


@pytest.fixture
def ledger(ledger_url):
    ledger = Ledger(ledger_url)
    ledger.set_collection(COLLECTION, instead_of=None)
    run = scan(ledger, entries(3))
    while work(ledger, new_owner()):
        pass
    with ledger.write() as connection:
        runs.close_run(connection, run, "done")
    yield ledger
    ledger.close()


def look(ledger, function, *arguments):
    with ledger.read() as connection:
        return function(connection, *arguments)


def test_who_may_read_something_of_a_source_is_told_once_each(ledger):
    with ledger.write() as connection:
        permitting.refresh(connection, SOURCE, new_owner(), {"page 0": ANA, "page 1": None}, now())
    found = look(ledger, reading.readers_by_source)
    assert found.keys() == {SOURCE}
    assert set(found[SOURCE]) == {ALL, ANA, frozenset()}
    assert len(found[SOURCE]) == 3


def test_the_texts_of_published_documents_are_those_that_may_be_quoted(ledger):
    first, second, _ = [row.id for row in look(ledger, reading.published_documents)]
    texts = look(ledger, reading.published_texts, [first, "no such document"])
    assert texts.keys() == {first}
    assert all(texts[first])
    assert second not in texts


def test_when_a_source_was_last_synced_is_that_of_its_last_good_run(ledger):
    [moment] = look(ledger, reading.synced_at).values()
    run = scan(ledger, entries(3))
    with ledger.write() as connection:
        runs.close_run(connection, run, "failed", error="away")
    assert look(ledger, reading.synced_at) == {SOURCE: moment}
