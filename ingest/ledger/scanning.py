"""A scan's side of the ledger: what is known of a source, and the one transaction that decides."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from ingest.documents import Entry, Inheritance, Readers, document_id
from ingest.ledger import now
from ingest.ledger.locks import groups, lock_documents, ordered_strays
from ingest.ledger.runs import ScanLease, close_earlier, release_scan, take_over
from ingest.ledger.tables import chunks, documents, pending, quarantine, runs, sources, strays
from ingest.planning import ACTIONS, FETCH, SWEEP, Failure, Known, Plan, due


def listing_of(entry: Entry) -> dict[str, Any]:
    """An entry as the ledger keeps it: everything but its id and readers, which have columns."""
    return {
        "revision": entry.revision,
        "title": entry.title,
        "media_type": entry.media_type,
        "url": entry.url,
        "updated_at": entry.updated_at.isoformat() if entry.updated_at else None,
        "author": entry.author,
        "size": entry.size,
    }


def entry_of(row: Row[Any]) -> Entry:
    """The entry that a document was last listed as."""
    listing = dict(row.listing)
    moment = listing.pop("updated_at")
    return Entry.kept(
        {
            "id": row.entry,
            "readers": readers_of(row.readers),
            "updated_at": datetime.fromisoformat(moment) if moment else None,
            "parent": None,
            "inheritance": Inheritance.WIDENS,
            **listing,
        }
    )


def readers_of(kept: Sequence[str] | None) -> Readers | None:
    """Readers as the ledger keeps them, as a set again."""
    return None if kept is None else frozenset(kept)


def kept_readers(readers: Readers | None) -> list[str] | None:
    """Readers as the ledger keeps them."""
    return None if readers is None else sorted(readers)


def narrower(one: Readers | None, other: Readers | None) -> Readers | None:
    """Whoever may read by both."""
    return None if one is None or other is None else one & other


_KNOWN: tuple[Any, ...] = (
    documents.c.id,
    documents.c.entry,
    documents.c.listing,
    documents.c.readers,
    documents.c.indexed_readers,
    documents.c.revision,
    documents.c.recipe,
    documents.c.removed_at,
    pending.c.action,
    quarantine.c.document.label("failed"),
    quarantine.c.revision.label("failed_revision"),
    quarantine.c.recipe.label("failed_recipe"),
)


def known(connection: Connection, source: str) -> list[Known]:
    """What the ledger knows of a source's documents, removed ones included."""
    rows = connection.execute(
        select(*_KNOWN)
        .select_from(documents)
        .outerjoin(pending, pending.c.document == documents.c.id)
        .outerjoin(quarantine, quarantine.c.document == documents.c.id)
        .where(documents.c.source == source)
    )
    return [
        Known(
            document=row.id,
            entry=entry_of(row),
            published=row.revision,
            recipe=row.recipe,
            indexed=frozenset(row.indexed_readers or ()),
            removed=row.removed_at is not None,
            failure=Failure(row.failed_revision, row.failed_recipe) if row.failed else None,
            due=row.action,
        )
        for row in rows
    ]


def record(
    connection: Connection, lease: ScanLease, run: str, plan: Plan, warnings: Sequence[str] = ()
) -> bool:
    """Write a plan, all of it or nothing: False when the lease was lost to another scanner. `warnings` are
    told of the run.

    From this commit on removed documents cannot be cited and lost permissions are in force; the rest is
    work for `ledger.working`.
    """
    if not release_scan(connection, lease):
        return False
    plan = _with_refreshed(connection, lease.source, run, plan)
    missing = _missing(connection, lease.source)
    lock_documents(connection, {*_touched(plan), *missing, *_due(connection, lease.source)})
    # Work that an earlier run left is this run's now, and is tried again at once.
    earlier = take_over(connection, lease.source, run)
    _list_new(connection, lease.source, plan.new)
    _relist(connection, [*plan.changed, *plan.relisted])
    _remove(connection, run, plan.gone)
    _make_due(connection, lease.source, run, _fetches(lease.source, plan), forgive=True)
    _make_due(connection, lease.source, run, _touches(plan))
    _make_due(connection, lease.source, run, [(one.document, SWEEP) for one in plan.gone])
    _set_missing(connection, missing, {one.document for one in plan.held})
    connection.execute(update(sources).where(sources.c.name == lease.source).values(listed_at=now()))
    close_earlier(connection, earlier, run)
    connection.execute(
        update(runs)
        .where(runs.c.id == run)
        .values(
            state="working",
            planned=select(func.count()).select_from(pending).where(pending.c.run == run).scalar_subquery(),
            planned_at=now(),
            warnings=list(warnings),
            scanned=plan.scanned,
            new=len(plan.new),
            changed=len(plan.changed),
            unchanged=len(plan.unchanged) + len(plan.relisted),
            retitled=sum(one.entry.title != entry.title for one, entry in plan.relisted),
            readers_changed=sum(
                one.entry.readers != entry.readers for one, entry in [*plan.changed, *plan.relisted]
            ),
            removed=sum(one.published is not None for one in plan.gone),
            held=len(plan.held),
        )
    )
    return True


def _with_refreshed(connection: Connection, source: str, run: str, plan: Plan) -> Plan:
    """The plan, without giving back what a permission refresh took while this run listed the source: nobody
    knows which of the two saw the newer readers."""
    refreshed = connection.scalar(select(sources.c.refreshed_at).where(sources.c.name == source))
    began = connection.scalar(select(runs.c.started_at).where(runs.c.id == run))
    if refreshed is None or began is None or refreshed < began:
        return plan
    rows = connection.execute(select(documents.c.id, documents.c.readers).where(documents.c.source == source))
    now_known = {row.id: readers_of(row.readers) for row in rows}

    def narrowed(one: Known, entry: Entry) -> Entry:
        before = now_known[one.document]
        return entry if entry.readers == before else replace(entry, readers=narrower(before, entry.readers))

    return replace(
        plan,
        new=[(one, entry if one is None or one.removed else narrowed(one, entry)) for one, entry in plan.new],
        changed=[(one, narrowed(one, entry)) for one, entry in plan.changed],
        relisted=[(one, narrowed(one, entry)) for one, entry in plan.relisted],
    )


def _touched(plan: Plan) -> set[str]:
    """The documents that are in the ledger and that a plan changes."""
    listed = [one for one, _ in [*plan.new, *plan.changed, *plan.relisted] if one is not None]
    return {one.document for one in [*listed, *plan.gone, *plan.held]}


def _due(connection: Connection, source: str) -> Sequence[str]:
    return connection.scalars(select(pending.c.document).where(pending.c.source == source)).all()


def _fetches(source: str, plan: Plan) -> list[tuple[str, str]]:
    """What is to be fetched and is not so already; that keeps its attempts, and whoever is at it goes on."""
    return [
        (document_id(source, entry.id), FETCH)
        for one, entry in [*plan.new, *plan.changed]
        if one is None or one.removed or one.due != FETCH or one.entry != entry
    ]


def _touches(plan: Plan) -> list[tuple[str, str]]:
    """What is to be done for documents whose bodies stay as they are, with what is due already."""
    touched = []
    for one, entry in [*plan.relisted, *((one, one.entry) for one in plan.unchanged)]:
        wanted = [action for action in (due(one, entry), one.due) if action is not None]
        action = max(wanted, key=ACTIONS.index, default=None)
        # Whoever works for an older listing is fenced off.
        if action is not None and (action != one.due or entry is not one.entry):
            touched.append((one.document, action))
    return touched


def _list_new(connection: Connection, source: str, listed: Sequence[tuple[Known | None, Entry]]) -> None:
    fresh = [
        {
            "id": document_id(source, entry.id),
            "source": source,
            "entry": entry.id,
            "fence": 0,
            **_columns(entry),
        }
        for one, entry in listed
        if one is None
    ]
    if fresh:
        connection.execute(insert(documents), fresh)
    again = [
        {"b_id": one.document, **{f"b_{key}": value for key, value in _columns(entry).items()}}
        for one, entry in listed
        if one is not None
    ]
    if again:
        connection.execute(
            update(documents)
            .where(documents.c.id == bindparam("b_id"))
            .values(
                listing=bindparam("b_listing"),
                readers=bindparam("b_readers"),
                title=bindparam("b_title"),
                url=bindparam("b_url"),
                removed_at=None,
            ),
            again,
        )


def _columns(entry: Entry) -> dict[str, Any]:
    return {
        "listing": listing_of(entry),
        "readers": kept_readers(entry.readers),
        "title": entry.title,
        "url": entry.url,
    }


def _relist(connection: Connection, relisted: Sequence[tuple[Known, Entry]]) -> None:
    if not relisted:
        return
    connection.execute(
        update(documents)
        .where(documents.c.id == bindparam("b_id"))
        .values(listing=bindparam("b_listing"), readers=bindparam("b_readers"), url=bindparam("b_url")),
        [
            {
                "b_id": one.document,
                "b_listing": listing_of(entry),
                "b_readers": kept_readers(entry.readers),
                "b_url": entry.url,
            }
            for one, entry in relisted
        ],
    )


def _remove(connection: Connection, run: str, gone: Sequence[Known]) -> None:
    for group in groups([one.document for one in gone]):
        retired = connection.execute(
            select(chunks.c.id, chunks.c.document).where(chunks.c.document.in_(group))
        ).all()
        proven = ordered_strays(strays.c.document.in_(group), strays.c.swept)
        connection.execute(delete(strays).where(strays.c.chunk.in_(proven)))
        if retired:
            connection.execute(
                insert(strays),
                [{"chunk": row.id, "document": row.document, "run": run, "swept": False} for row in retired],
            )
        connection.execute(delete(chunks).where(chunks.c.document.in_(group)))
        connection.execute(delete(quarantine).where(quarantine.c.document.in_(group)))
        connection.execute(
            update(documents)
            .where(documents.c.id.in_(group))
            .values(removed_at=now(), revision=None, published_at=None, missing_since=None)
        )


def _make_due(
    connection: Connection, source: str, run: str, due: Sequence[tuple[str, str]], *, forgive: bool = False
) -> None:
    """Set the one pending row of each document; whoever works on an older one is fenced off.

    `forgive` takes the documents out of quarantine.
    """
    for group in groups([document for document, _ in due]):
        connection.execute(
            update(documents).where(documents.c.id.in_(group)).values(fence=documents.c.fence + 1)
        )
        connection.execute(delete(pending).where(pending.c.document.in_(group)))
        if forgive:
            connection.execute(delete(quarantine).where(quarantine.c.document.in_(group)))
    if due:
        connection.execute(
            insert(pending),
            [
                {"document": document, "source": source, "run": run, "action": action, "attempts": 0}
                for document, action in due
            ],
        )


def _missing(connection: Connection, source: str) -> set[str]:
    """The documents that were not listed last time and whose removal is held."""
    held = select(documents.c.id).where(documents.c.source == source, documents.c.missing_since.is_not(None))
    return set(connection.scalars(held))


def _set_missing(connection: Connection, before: Set[str], held: Set[str]) -> None:
    """Remember since when each held document has been missing, and forget it for those that came back."""
    for ids, since in ((before - held, None), (held - before, now())):
        for group in groups(sorted(ids)):
            connection.execute(update(documents).where(documents.c.id.in_(group)).values(missing_since=since))
