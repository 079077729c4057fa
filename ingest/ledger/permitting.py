"""A permission refresh's side of the ledger: other readers, in force at once, while a sync may go on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select, update

from ingest.documents import Readers
from ingest.ledger import now
from ingest.ledger.locks import groups, lock_documents, lock_source
from ingest.ledger.runs import PERMISSIONS, start_run
from ingest.ledger.scanning import kept_readers, narrower, readers_of
from ingest.ledger.tables import documents, pending, runs, sources
from ingest.planning import READERS, SWEEP


def refresh(
    connection: Connection,
    source: str,
    owner: str,
    listed: Mapping[str, Readers | None],
    listed_from: datetime,
) -> int:
    """Give a source's documents the readers that it `listed`, by the connector's id, from that moment on: how
    many have others than before.

    Where a scan was recorded meanwhile, nobody knows which of the two saw the newer readers: then whoever is
    missing in either may not read, until the next refresh.
    """
    row = lock_source(connection, source)
    overlaps = row.listed_at is not None and row.listed_at > listed_from
    changed: dict[str, Readers | None] = {}
    for one in connection.execute(
        select(documents.c.id, documents.c.entry, documents.c.readers).where(
            documents.c.source == source, documents.c.removed_at.is_(None)
        )
    ):
        before = readers_of(one.readers)
        if one.entry in listed and listed[one.entry] != before:
            changed[one.id] = narrower(before, listed[one.entry]) if overlaps else listed[one.entry]
            if changed[one.id] == before:
                del changed[one.id]
    connection.execute(update(sources).where(sources.c.name == source).values(refreshed_at=now()))
    if changed:
        _change_readers(connection, source, owner, changed)
    return len(changed)


def _change_readers(
    connection: Connection, source: str, owner: str, changed: Mapping[str, Readers | None]
) -> None:
    """Give documents (by the ledger's id) other readers; a run that tells the index is opened if needed.

    Documents that are being worked on anyway keep their work, but whoever is at it is fenced off: it would
    write the readers that it took up.
    """
    ids = sorted(changed)
    lock_documents(connection, ids)
    connection.execute(
        update(documents)
        .where(documents.c.id == bindparam("b_id"))
        .values(readers=bindparam("b_readers"), fence=documents.c.fence + 1),
        [{"b_id": one, "b_readers": kept_readers(changed[one])} for one in ids],
    )
    due: set[str] = set()
    published: set[str] = set()
    for group in groups(ids):
        due.update(connection.scalars(select(pending.c.document).where(pending.c.document.in_(group))))
        published.update(
            connection.scalars(
                select(documents.c.id).where(documents.c.id.in_(group), documents.c.revision.is_not(None))
            )
        )
        these = pending.c.document.in_(group)
        connection.execute(update(pending).where(these).values(owner=None, lease_until=None))
        connection.execute(update(pending).where(these, pending.c.action == SWEEP).values(action=READERS))
    new = sorted(published - due)
    if not new:
        return
    run = start_run(connection, source, owner, kind=PERMISSIONS)
    connection.execute(
        insert(pending),
        [{"document": one, "source": source, "run": run, "action": READERS, "attempts": 0} for one in new],
    )
    connection.execute(
        update(runs)
        .where(runs.c.id == run)
        .values(state="working", planned=len(new), planned_at=now(), readers_changed=len(changed))
    )
