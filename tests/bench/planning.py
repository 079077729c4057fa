"""How long 10,000 listed entries take beyond the source's own answers: who may read them worked out, planned,
and written down."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import delete, update

from ingest import sync
from ingest.documents import EVERYONE, Container, Inheritance
from ingest.knowledge import KnowledgeBase
from ingest.ledger import now, runs
from ingest.ledger.tables import documents, pending
from ingest.refreshing import refresh_permissions
from tests.bench.tables import show
from tests.doubles import MemoryConnector, Page, open_base

ENTRIES = 10_000
ROUNDS = 7
COMMAND = "python -m tests.bench planning"


def report() -> None:
    """Print medians of `ROUNDS`, each with the listing itself taken off."""
    with _base() as (kb, source):
        rows = [("new", _once(kb, source, _scan))]
        _publish(kb)
        rows.append(("published and unchanged", _median(kb, source, _scan)))
        rows.append(("permissions alone, unchanged", _median(kb, source, _refresh)))

        def regroup(number: int) -> None:
            readers = frozenset({f"group:wiki/g{number}"})
            source.containers["space0"] = Container("space0", "Space 0", readers)

        rows.append(("other readers for one space in twenty", _median(kb, source, _scan, regroup)))
    show(
        f"{ENTRIES:,} pages in 20 spaces, each below another, one in ten restricted; SQLite",
        COMMAND,
        ("listed", "seconds beyond the listing"),
        rows,
        digits=2,
    )


@contextmanager
def _base() -> Iterator[tuple[KnowledgeBase, MemoryConnector]]:
    with tempfile.TemporaryDirectory() as folder, open_base(Path(folder), memory=["wiki"]) as kb:
        source = kb.connectors["wiki"]
        assert isinstance(source, MemoryConnector)
        kb.ledger.collection()  # which opens it, and makes its tables
        for number in range(20):
            space, people = f"space{number}", range(10 * number, 10 * number + 200)
            source.containers[space] = Container(space, space, frozenset({f"group:wiki/g{number}"}))
            source.members[f"g{number}"] = frozenset(f"user:p{person}@acme.com" for person in people)
        for number in range(ENTRIES):
            restricted = frozenset({f"user:p{number % 300}@acme.com", "group:wiki/g3"})
            source.pages[f"page{number}"] = Page(
                "Words.",
                f"Page {number}",
                restricted if number % 10 == 0 else frozenset({EVERYONE}),
                url=f"https://wiki.acme.com/{number}",
                parent=f"page{number - 1}" if number % 7 else f"space{number % 20}",
                inheritance=Inheritance.NARROWS,
            )
        yield kb, source


def _publish(kb: KnowledgeBase) -> None:
    """As if all that is listed had been brought in."""
    with kb.ledger.write() as ledger:
        ledger.execute(delete(pending))
        ledger.execute(
            update(documents).values(
                revision=documents.c.listing["revision"].as_string(),
                recipe=sync.recipe(kb),
                published_at=now(),
                indexed_readers=documents.c.readers,
            )
        )


def _scan(kb: KnowledgeBase) -> None:
    run = sync.scan(kb, "wiki")
    with kb.ledger.write() as ledger:
        runs.close_run(ledger, str(run), "done")


def _refresh(kb: KnowledgeBase) -> None:
    refresh_permissions(kb, "wiki")


def _once(kb: KnowledgeBase, source: MemoryConnector, do: Callable[[KnowledgeBase], object]) -> float:
    began = time.perf_counter()
    list(source.scan())
    listed = time.perf_counter()
    do(kb)
    return time.perf_counter() - listed - (listed - began)


def _median(
    kb: KnowledgeBase,
    source: MemoryConnector,
    do: Callable[[KnowledgeBase], object],
    change: Callable[[int], None] = lambda _: None,
) -> float:
    found = []
    for number in range(ROUNDS):
        change(number)
        found.append(_once(kb, source, do))
    return statistics.median(found)
