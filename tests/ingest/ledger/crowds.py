"""Several who do the same at the same moment, each with connections of their own, as processes have them."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ingest.documents import EVERYONE, Chunk, Entry, Readers, chunk_ids
from ingest.ledger import Ledger, claims, now, runs, scanning, working
from ingest.ledger.claims import Work
from ingest.ledger.owners import new_owner
from ingest.ledger.working import Publication
from ingest.planning import FETCH, REINDEX, Brake, plan


@contextmanager
def ledgers(url: str, count: int) -> Iterator[list[Ledger]]:
    """The same ledger, opened several times."""
    opened = [Ledger(url) for _ in range(count)]
    try:
        yield opened
    finally:
        for ledger in opened:
            ledger.close()


def at_once(does: list[Callable[[], Any]]) -> list[Any]:
    """What each of them returns, when they all begin at the same moment. What one raises is raised."""
    start = threading.Barrier(len(does))
    results: list[Any] = [None] * len(does)
    errors: list[BaseException] = []

    def do(number: int) -> None:
        try:
            start.wait(30)
            results[number] = does[number]()
        except BaseException as error:  # noqa: BLE001 - raised again below
            errors.append(error)

    threads = [threading.Thread(target=do, args=(number,)) for number in range(len(does))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results


SOURCE, COLLECTION = "wiki", "hash-1"


def entries(count: int, version: str = "1", readers: Readers | None = frozenset({EVERYONE})) -> list[Entry]:
    """What a source lists."""
    return [Entry(f"page {n}", version, f"Page {n}", "text/plain", readers=readers) for n in range(count)]


def scan(ledger: Ledger, listing: list[Entry], *, seconds: float = 60, confirmed: bool = True) -> str | None:
    """A whole scan: the run whose work is due then, or None while somebody else is at it."""
    owner = new_owner()
    with ledger.write() as connection:
        lease = runs.claim_scan(connection, SOURCE, owner, seconds)
        if lease is None:
            return None
        run = runs.begin_sync(connection, SOURCE, owner).run
    with ledger.read() as connection:
        known = scanning.known(connection, SOURCE)
    decided = plan(listing, known, recipe="1", brake=Brake(), confirmed=confirmed)
    with ledger.write() as connection:
        if not scanning.record(connection, lease, run, decided):
            return None
    return run


def chunks_of(one: Work, count: int = 4) -> list[Chunk]:
    """The chunks of a document's wanted revision; half of them are those of every revision."""
    texts = [f"part {n} of {one.entry.revision if n % 2 else 'all'}" for n in range(count)]
    ids = chunk_ids(one.document, texts)
    return [Chunk(id=id_, text=text) for id_, text in zip(ids, texts, strict=True)]


def publication(one: Work, chunks: list[Chunk]) -> Publication:
    """A document's new version."""
    moment = now()
    return Publication(one.entry.revision, one.entry.title, chunks, {}, None, moment, "en", "1", len(chunks))


def carry_out(ledger: Ledger, one: Work) -> bool:
    """All that a worker writes for one document, without an index; False when it was taken away meanwhile."""
    if one.action in (FETCH, REINDEX):
        chunks = chunks_of(one)
        with ledger.read() as connection:
            before = {chunk.id for chunk in working.published_chunks(connection, one.document)}
        with ledger.write() as connection:
            if not working.note(connection, one, [c.id for c in chunks if c.id not in before]):
                return False
        with ledger.write() as connection:
            if not working.publish(connection, one, publication(one, chunks), COLLECTION):
                claims.release(connection, one)
                return False
    with ledger.write() as connection:
        retired = working.unswept(connection, one.document) if claims.holds(connection, one) else []
    with ledger.write() as connection:
        done = working.finish(connection, one, retired, COLLECTION)
        if not done:
            claims.release(connection, one)
    return done


def work(ledger: Ledger, owner: str, limit: int = 5) -> int:
    """A batch of what is due: how many documents were taken up."""
    with ledger.write() as connection:
        claimed = claims.claim(connection, owner, [SOURCE], limit, 60)
    for one in claimed:
        carry_out(ledger, one)
    return len(claimed)
