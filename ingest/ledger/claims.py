"""Due work, claimed by lease: whose it is, for how long, and whether it still is."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, update

from ingest.documents import Entry, Readers
from ingest.ledger import now
from ingest.ledger.owners import is_dead
from ingest.ledger.scanning import entry_of
from ingest.ledger.tables import documents, pending
from ingest.planning import ACTIONS


@dataclass(frozen=True, slots=True)
class Work:
    """One document's due work, claimed. Every commit for it must still show this fence."""

    document: str
    source: str
    run: str
    action: str
    entry: Entry
    body: Mapping[str, Any]
    """The title, author and date that the published body gave."""
    indexed_readers: Readers
    """Who may find its published chunks in the index, as it was last told."""
    revision: str | None
    """The published one."""
    recipe: str | None
    """How the published chunks were cut."""
    attempts: int
    owner: str
    fence: int

    @property
    def readers(self) -> Readers:
        """Who may find its chunks: nobody, where the source did not say."""
        return self.entry.readers or frozenset()


_CLAIMED = ("entry", "listing", "readers", "indexed_readers", "body", "revision", "recipe", "fence")


def claim(
    connection: Connection, owner: str, sources: Collection[str], limit: int, seconds: float
) -> list[Work]:
    """Lease up to `limit` due documents of `sources` for `seconds`; each is nobody else's meanwhile."""
    moment = now()
    # In two steps, so that the rows of documents, which are wide, are read for the few alone. Neither waits.
    due = connection.execute(
        select(pending)
        .where(pending.c.source.in_(sources), *_free(moment))
        .order_by(pending.c.attempts, pending.c.document)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    if not due:
        return []
    columns = (documents.c.id, *(documents.c[name] for name in _CLAIMED))
    kept = connection.execute(
        select(*columns)
        .where(documents.c.id.in_([row.document for row in due]))
        .with_for_update(skip_locked=True)
    )
    rows = {row.id: row for row in kept}
    claimed = [
        Work(
            document=row.document,
            source=row.source,
            run=row.run,
            action=row.action,
            entry=entry_of(rows[row.document]),
            body=rows[row.document].body or {},
            indexed_readers=frozenset(rows[row.document].indexed_readers or ()),
            revision=rows[row.document].revision,
            recipe=rows[row.document].recipe,
            attempts=row.attempts,
            owner=owner,
            fence=rows[row.document].fence + 1,
        )
        for row in sorted(due, key=lambda row: ACTIONS.index(row.action))
        if row.document in rows
    ]
    ids = [work.document for work in claimed]
    connection.execute(
        update(pending)
        .where(pending.c.document.in_(ids))
        .values(owner=owner, lease_until=moment + timedelta(seconds=seconds))
    )
    connection.execute(update(documents).where(documents.c.id.in_(ids)).values(fence=documents.c.fence + 1))
    return claimed


def claimable(connection: Connection, sources: Collection[str]) -> dict[str, int]:
    """By source, how many documents could be leased at this moment; sources without any are left out."""
    rows = connection.execute(
        select(pending.c.source, func.count())
        .where(pending.c.source.in_(sources), *_free(now()))
        .group_by(pending.c.source)
    )
    return {source: number for source, number in rows}  # noqa: C416 - a Row is no pair to a type checker


def _free(moment: datetime) -> Sequence[ColumnElement[bool]]:
    return (
        or_(pending.c.not_before.is_(None), pending.c.not_before <= moment),
        or_(pending.c.lease_until.is_(None), pending.c.lease_until <= moment),
    )


def free_dead(connection: Connection) -> None:
    """End the leases of processes of this machine that are no more, instead of waiting for their expiry."""
    owners = connection.scalars(select(pending.c.owner).where(pending.c.owner.is_not(None)).distinct())
    dead = [owner for owner in owners if is_dead(owner)]
    if dead:
        _set_unlocked(connection, pending.c.owner.in_(dead), owner=None, lease_until=None)


def renew(connection: Connection, owner: str, work: Collection[str], seconds: float) -> None:
    """Keep the leases on these documents for `seconds` more."""
    ours = and_(pending.c.owner == owner, pending.c.document.in_(work))
    _set_unlocked(connection, ours, lease_until=now() + timedelta(seconds=seconds))


def _set_unlocked(connection: Connection, which: ColumnElement[bool], **values: Any) -> None:
    """Write pending rows, but for those that somebody is writing at this moment."""
    free = select(pending.c.document).where(which).with_for_update(skip_locked=True)
    connection.execute(update(pending).where(pending.c.document.in_(free)).values(**values))


def holds(connection: Connection, work: Work) -> bool:
    """Whether this work is still ours: nobody took it over and no newer listing replaced it.

    Locks the document's row until the transaction ends, so the answer stays true that long.
    """
    return held(connection, work) is not None


def held(connection: Connection, work: Work) -> Any:
    """As `holds`, with what its pending row says by now, `run` (a later one may have taken it over) and
    `attempts`; None: it is not ours."""
    row: Any = connection.execute(
        select(pending.c.run, pending.c.attempts)
        .select_from(documents.join(pending, pending.c.document == documents.c.id))
        .where(
            documents.c.id == work.document,
            documents.c.fence == work.fence,
            pending.c.owner == work.owner,
        )
        .with_for_update(of=[documents, pending])
    ).first()
    return row


def release(connection: Connection, work: Work, *, delay: float = 0) -> None:
    """Give work back undone, to be taken up after `delay` seconds; the attempt does not count."""
    if holds(connection, work):
        give_back(connection, work, attempts=work.attempts, not_before=after(delay))


def give_back(connection: Connection, work: Work, **values: Any) -> None:
    """Let somebody else take up work that is held; `values` are further columns of its pending row."""
    connection.execute(
        update(pending)
        .where(pending.c.document == work.document)
        .values(owner=None, lease_until=None, **values)
    )


def after(delay: float) -> datetime | None:
    """The moment in `delay` seconds; None for at once."""
    return now() + timedelta(seconds=delay) if delay else None
