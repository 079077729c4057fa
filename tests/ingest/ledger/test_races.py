"""Several processes on one ledger: what one may do the others do not, and nobody waits in a circle."""

import random
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from ingest.documents import EVERYONE
from ingest.ledger import (
    ContendedError,
    Ledger,
    claims,
    confirming,
    now,
    owners,
    permitting,
    reading,
    runs,
    working,
)
from ingest.ledger.owners import new_owner
from ingest.ledger.tables import chunks, documents, pending, strays
from ingest.ledger.tables import runs as run_rows
from tests.ingest.ledger.crowds import (
    COLLECTION,
    SOURCE,
    at_once,
    carry_out,
    chunks_of,
    entries,
    ledgers,
    publication,
    scan,
    work,
)

ROOT = Path(__file__).parents[3]


@pytest.fixture
def ledger(ledger_url):
    ledger = Ledger(ledger_url)
    ledger.set_collection(COLLECTION, instead_of=None)
    yield ledger
    ledger.close()


def test_of_several_who_scan_a_new_source_at_once_one_does(ledger_url):
    with ledgers(ledger_url, 6) as several:

        def claim(one, source):
            with one.write() as connection:
                return runs.claim_scan(connection, source, new_owner(), 60) is not None

        for number in range(10):
            does = [lambda one=one, number=number: claim(one, f"source {number}") for one in several]
            assert sum(at_once(does)) == 1


CLAIMER = """
import sys
from ingest.ledger import Ledger, claims
from ingest.ledger.owners import new_owner
ledger, owner = Ledger(sys.argv[1]), new_owner()
sys.stdin.readline()
while True:
    with ledger.write() as connection:
        claimed = claims.claim(connection, owner, ["wiki"], 7, 60)
    if not claimed:
        break
    print(*(work.document for work in claimed))
ledger.close()
"""


def test_four_processes_share_the_work_out_and_leave_none(ledger, ledger_url):
    scan(ledger, entries(400))
    claimers = [
        subprocess.Popen(
            [sys.executable, "-c", CLAIMER, ledger_url],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for claimer in claimers:
        claimer.stdin.write("go\n")
        claimer.stdin.flush()
    taken = Counter()
    for claimer in claimers:
        taken.update(claimer.communicate(timeout=60)[0].split())
        assert claimer.returncode == 0
    with ledger.read() as connection:
        assert taken == dict.fromkeys(connection.scalars(select(documents.c.id)), 1)
        assert set(connection.scalars(select(documents.c.fence))) == {2}


def test_whoever_lost_its_lease_in_between_publishes_nothing(ledger):
    scan(ledger, entries(1))
    with ledger.write() as connection:
        [slow] = claims.claim(connection, "elsewhere/1/1/x", [SOURCE], 1, -1)
    with ledger.write() as connection:
        [quick] = claims.claim(connection, new_owner(), [SOURCE], 1, 60)
    results = at_once([lambda: carry_out(ledger, slow), lambda: carry_out(ledger, quick)])
    assert results == [False, True]
    with ledger.read() as connection:
        assert connection.scalar(select(func.count()).select_from(chunks)) == 4
        assert connection.execute(pending.select()).all() == []


def test_of_several_who_make_the_first_index_at_once_one_does(ledger_url):
    with ledgers(ledger_url, 6) as several:
        does = [lambda n=n, one=one: one.set_collection(f"c{n}", None) for n, one in enumerate(several)]
        won = at_once(does)
        assert sum(won) == 1
        assert several[0].collection() == f"c{won.index(True)}"


def test_of_several_who_put_another_index_in_use_at_once_one_does(ledger, ledger_url):
    with ledgers(ledger_url, 4) as several:
        for turn in range(5):
            used = ledger.collection()
            ledger.begin_collection(f"next {turn}")
            swap = partial(Ledger.set_collection, name=f"next {turn}", instead_of=used)
            does = [partial(swap, one) for one in several]
            assert sum(at_once(does)) == 1
            assert (ledger.collection(), ledger.leftovers()) == (f"next {turn}", [used])


# These need two writers at once, which SQLite does not have.


@pytest.fixture
def postgres(postgres_ledger):
    ledger = Ledger(postgres_ledger)
    ledger.set_collection(COLLECTION, instead_of=None)
    yield ledger
    ledger.close()


def noted(ledger):
    """One document's work that came as far as writing."""
    scan(ledger, entries(1))
    with ledger.write() as connection:
        [one] = claims.claim(connection, new_owner(), [SOURCE], 1, 60)
    with ledger.write() as connection:
        assert working.note(connection, one, [chunk.id for chunk in chunks_of(one)])
    return one


def begun(does):
    """A thread that has had time to wait for something."""
    thread = threading.Thread(target=does)
    thread.start()
    time.sleep(0.2)
    return thread


def test_an_index_is_swapped_after_what_is_being_published_not_in_between(postgres):
    one = noted(postgres)
    postgres.begin_collection("hash-2")
    swapped = []
    with postgres.write() as connection:
        assert working.publish(connection, one, publication(one, chunks_of(one)), COLLECTION)
        swap = begun(lambda: swapped.append(postgres.set_collection("hash-2", COLLECTION)))
        assert swapped == []
    swap.join()
    assert swapped == [True]
    with postgres.write() as connection:
        assert not working.finish(connection, one, [], COLLECTION)


def test_what_is_published_while_the_index_is_swapped_is_refused(postgres):
    one = noted(postgres)
    postgres.begin_collection("hash-2")
    published = []

    def publish():
        with postgres.write() as connection:
            new = publication(one, chunks_of(one))
            published.append(working.publish(connection, one, new, COLLECTION))

    with postgres._write_state() as connection:
        connection.execute(text("UPDATE state SET value = 'hash-2' WHERE key = 'collection'"))
        publishing = begun(publish)
        assert published == []
    publishing.join()
    assert published == [False]


def test_whoever_is_in_the_way_of_a_scan_is_waited_for_and_whoever_claims_is_not(postgres):
    scan(postgres, entries(3))
    with postgres.write() as connection:
        [one] = claims.claim(connection, new_owner(), [SOURCE], 1, 60)
    scanned = []
    with postgres.write() as connection:
        assert claims.holds(connection, one)
        scanning = begun(lambda: scanned.append(scan(postgres, entries(3, "2"), seconds=-1)))
        assert scanned == []
        with postgres.write() as other:
            # The scan holds what it has come to by now, and waits for the rest.
            assert len(claims.claim(other, new_owner(), [SOURCE], 9, 60)) < 3
            claims.renew(other, one.owner, [one.document], 60)  # skipped: it is being written
            claims.free_dead(other)
    scanning.join()
    assert scanned[0]
    with postgres.write() as connection:
        assert not claims.holds(connection, one)


# Everything at once


class Bustle:
    """Scanners, workers and all the others, for so many turns; what they are refused is counted."""

    def __init__(self, url, monkeypatch, turns):
        self.url, self.turns = url, turns
        self.random = random.Random(7)
        self.contended = 0
        self.listing = entries(40)
        self.ended = threading.Event()
        monkeypatch.setattr(claims, "is_dead", lambda _owner: random.random() < 0.2)

    def _change(self):
        for place in self.random.sample(range(len(self.listing)), 15):
            self.listing[place] = entries(40, str(self.random.random()))[place]
        self.random.shuffle(self.listing)

    def scanner(self, ledger):
        for _ in range(self.turns):
            self._change()
            # As if whoever follows the run were silent: so the next scan takes its work over.
            if run := scan(ledger, self.listing[: self.random.randint(25, 40)], seconds=-1):
                with ledger.write() as connection:
                    if self.random.random() < 0.3:
                        runs.close_run(connection, run, "failed", error="interrupted")
        self.ended.set()

    def _until_the_end(self, do):
        while not self.ended.is_set():
            try:
                do()
            except ContendedError:
                self.contended += 1

    def worker(self, ledger):
        self._until_the_end(lambda: work(ledger, new_owner()))

    def hoarder(self, ledger):
        """Takes work up and gives it back, all of it in one transaction."""

        def hoard():
            with ledger.write() as connection:
                taken = claims.claim(connection, "hoarder", [SOURCE], 20, 60)
            with ledger.write() as connection:
                for one in sorted(taken, key=lambda one: one.document):
                    claims.release(connection, one)

        self._until_the_end(hoard)

    def renewer(self, ledger):
        def renew():
            with ledger.write() as connection:
                rows = connection.execute(select(pending.c.document, pending.c.owner)).all()
                claims.renew(connection, "hoarder", [row.document for row in rows], 60)
            with ledger.write() as connection:
                claims.free_dead(connection)
                for run in runs.unfinished(connection):
                    runs.follow_run(connection, run.id, "a title")

        self._until_the_end(renew)

    def refresher(self, ledger):
        def refresh():
            readers = frozenset({EVERYONE, f"user:{random.randint(1, 3)}@acme.com"})
            listed = {f"page {n}": readers for n in random.sample(range(40), 10)}
            with ledger.write() as connection:
                permitting.refresh(connection, SOURCE, new_owner(), listed, now())

        self._until_the_end(refresh)

    def closer(self, ledger):
        """Ends runs, proves deletions, and keeps translations as a rebuild does."""

        def close():
            with ledger.read() as connection:
                rows = connection.execute(select(chunks.c.id, chunks.c.document)).all()
            if rows:
                document = random.choice(rows).document
                pivots = {row.id: "pivot" for row in rows if row.document == document}
                with ledger.write() as connection:
                    working.set_pivots(connection, pivots)
            with ledger.write() as connection:
                for run in runs.unfinished(connection)[:1]:
                    runs.close_run(connection, run.id, "done")

        self._until_the_end(close)

    def reader(self, ledger):
        def read():
            with ledger.read() as connection:
                published = reading.published_ids(connection)
                found = confirming.confirm(connection, list(published), [SOURCE])
                whole = Counter(one.document for one in found.values())
                assert set(whole.values()) <= {4}
                for run in runs.unfinished(connection):
                    reading.progress(connection, run.id)
                reading.counts(connection)

        self._until_the_end(read)

    def go(self):
        roles = [
            *(self.scanner, self.worker, self.worker, self.worker),
            *(self.hoarder, self.renewer, self.refresher, self.closer, self.reader),
        ]
        with ledgers(self.url, len(roles)) as several:

            def play(role, ledger):
                try:
                    role(ledger)
                finally:
                    self.ended.set()

            at_once([lambda r=r, one=one: play(r, one) for r, one in zip(roles, several, strict=True)])


def everybody_at_once(url, monkeypatch, turns):
    if url.startswith("sqlite"):
        url += "?timeout=120"  # nine write one after the other, and who has waited longest is not the next
    ledger = Ledger(url)
    ledger.set_collection(COLLECTION, instead_of=None)
    bustle = Bustle(url, monkeypatch, turns)
    bustle.go()
    assert bustle.contended == 0
    # Afterwards everything can be done to its end.
    monkeypatch.setattr(claims, "is_dead", owners.is_dead)
    scan(ledger, bustle.listing, seconds=-1)
    with ledger.write() as connection:
        connection.execute(pending.update().values(owner=None, lease_until=None, not_before=None))
    while work(ledger, new_owner()):
        pass
    with ledger.write() as connection:
        for run in runs.unfinished(connection):
            assert runs.left(connection, run.id) == 0
            runs.close_run(connection, run.id, "done")
    with ledger.read() as connection:
        rows = connection.execute(documents.select().where(documents.c.removed_at.is_(None))).all()
        assert {row.entry: row.revision for row in rows} == {one.id: one.revision for one in bustle.listing}
        assert connection.scalar(select(func.count()).select_from(chunks)) == 4 * len(rows)
        assert connection.execute(pending.select()).all() == []
        assert connection.execute(strays.select()).all() == []
    ledger.close()


def test_everybody_at_once_never_waits_in_a_circle_and_ends_as_the_source_is(ledger_url, monkeypatch):
    everybody_at_once(ledger_url, monkeypatch, 6)


@pytest.mark.contract
def test_everybody_at_once_for_long_never_waits_in_a_circle(postgres_ledger, postgres_server, monkeypatch):
    name = postgres_ledger.rpartition("/")[2]
    everybody_at_once(postgres_ledger, monkeypatch, 500)
    counted = f"SELECT deadlocks FROM pg_stat_database WHERE datname = '{name}'"
    assert postgres_server.execute(counted) == [(0,)]


def test_a_run_that_ended_long_ago_is_forgotten_but_for_the_latest_and_the_latest_good_one(ledger):
    long_ago = now() - timedelta(days=200)
    with ledger.write() as connection:
        for number, state in enumerate(["done", "done", "failed", "failed", "failed"]):
            run = runs.start_run(connection, SOURCE, new_owner())
            runs.close_run(connection, run, state)
            moment = long_ago + timedelta(days=number)
            row = run_rows.c.id == run
            connection.execute(
                run_rows.update().where(row).values(started_at=moment, finished_at=moment, scanned=number)
            )
        assert runs.forget_old(connection) == 3
        assert runs.forget_old(connection) == 0
        assert sorted(connection.scalars(select(run_rows.c.scanned))) == [1, 4]
