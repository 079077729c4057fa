"""What the brake on removals holds of a source, and a person's word that it stays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, exists, func, or_, select, update

from ingest.ledger import golden
from ingest.ledger.locks import lock_documents, lock_source
from ingest.ledger.runs import OPEN
from ingest.ledger.tables import documents, requests, runs


def removals(connection: Connection) -> dict[str, int]:
    """By source, how many documents are not listed any more and stay until a person says so."""
    query = (
        select(documents.c.source, func.count())
        .where(documents.c.removed_at.is_(None), documents.c.missing_since.is_not(None))
        .group_by(documents.c.source)
        .order_by(documents.c.source)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def confirmed_runs(connection: Connection, since: datetime) -> dict[str, datetime]:
    """By source, when the first run began that carries removals out, of those that go on or began after."""
    query = (
        select(runs.c.source, func.min(runs.c.started_at))
        .where(runs.c.confirmed, or_(runs.c.state.in_(OPEN), runs.c.started_at >= since))
        .group_by(runs.c.source)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def keep(connection: Connection, source: str) -> int | None:
    """Keep what is held, and take back that its removal was asked for: how many documents that were.

    The next scan looks anew: what is still not listed then is held again. None where it is too late: a run
    that carries the removals out is under way.
    """
    lock_source(connection, source)
    connection.execute(update(requests).where(requests.c.source == source).values(confirmed=False))
    under_way = exists().where(runs.c.source == source, runs.c.confirmed, runs.c.state.in_(OPEN))
    missing = select(documents.c.id).where(
        documents.c.source == source, documents.c.removed_at.is_(None), documents.c.missing_since.is_not(None)
    )
    if connection.scalar(select(under_way)):
        return None
    kept: Sequence[str] = connection.scalars(missing).all()
    lock_documents(connection, kept)
    connection.execute(
        update(documents)
        .where(documents.c.source == source, documents.c.missing_since.is_not(None))
        .values(missing_since=None)
    )
    state = "held" if golden.hold(connection, source) else "done"
    connection.execute(
        update(runs).where(runs.c.source == source, runs.c.state == "held").values(state=state, held=0)
    )
    return len(kept)
