"""Who may read what by a source's own word: what it said of each thing that it listed, and who is in which of
its groups.

The readers of documents are made of it. It is kept to explain them, to know them anew when a part of it
changes, and for what a person belongs to at the moment of a question.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, tuple_, update

from ingest.documents import Container, Entry, Inheritance, Listed, Readers
from ingest.ledger import now
from ingest.ledger.locks import groups as in_groups
from ingest.ledger.locks import lock_source
from ingest.ledger.scanning import entry_of, kept_readers, readers_of
from ingest.ledger.tables import documents, grants, members, sources
from ingest.listing import Listing

LASTING = timedelta(hours=24)
"""For how long a source's word about readers is believed that could not be looked up again."""

_SINCE = func.coalesce(sources.c.permitted_at, sources.c.listed_at)


def keep(connection: Connection, source: str, listing: Listing) -> None:
    """Keep what a source said, in the transaction that gives its documents their readers, and before that.

    Where somebody else looked at the same time, nobody knows which of the two saw the newer state: then only
    who is in a group by both is in it, and the next sync lists the whole source.
    """
    row = lock_source(connection, source)
    overlaps = any(moment and moment > listing.began for moment in (row.listed_at, row.refreshed_at))
    rows = [_row(one) for one in listing.said]
    digest = _digest(rows)
    if digest != row.said:
        _keep_said(connection, source, rows)
    _keep_members(connection, source, listing, overlaps=overlaps)
    values: dict[str, Any] = {"said": digest}
    if listing.whole:
        values["permitted_at"] = listing.began
    if listing.bodies:
        values |= {"cursor": listing.cursor} | ({"whole_at": listing.began} if listing.whole else {})
    if overlaps:
        values["cursor"] = None
    connection.execute(update(sources).where(sources.c.name == source).values(**values))


def _keep_members(connection: Connection, source: str, listing: Listing, *, overlaps: bool) -> None:
    rows = connection.execute(select(members).where(members.c.source == source))
    before = {(row.principal, row.member): row.title for row in rows}
    wanted = {
        (group, member): title
        for group, (title, those) in listing.groups.items()
        for member in those
        if not overlaps or (group, member) in before
    }
    for pairs in in_groups([pair for pair in before if wanted.get(pair) != before[pair]]):
        gone = tuple_(members.c.principal, members.c.member).in_(pairs)
        connection.execute(delete(members).where(members.c.source == source, gone))
    fresh = [
        {"source": source, "principal": group, "title": title, "member": member}
        for (group, member), title in wanted.items()
        if before.get((group, member)) != title
    ]
    if fresh:
        connection.execute(insert(members), fresh)


def _digest(rows: Sequence[Mapping[str, Any]]) -> str:
    """Short for all that a source said: mostly it says the same again."""
    told = json.dumps(sorted(rows, key=lambda row: str(row["id"])))
    return hashlib.blake2b(told.encode(), digest_size=16).hexdigest()


def _keep_said(connection: Connection, source: str, said: Sequence[Mapping[str, Any]]) -> None:
    """Of what a source said, write what it did not say before, and forget what it does not say any more."""
    rows = connection.execute(select(grants).where(grants.c.source == source))
    before = {row["id"]: dict(row) for row in rows.mappings()}
    now_said = {row["id"]: {"source": source, **row} for row in said}
    for ids in in_groups([id_ for id_ in before if now_said.get(id_) != before[id_]]):
        connection.execute(delete(grants).where(grants.c.source == source, grants.c.id.in_(ids)))
    if fresh := [row for id_, row in now_said.items() if before.get(id_) != row]:
        connection.execute(insert(grants), fresh)


def _row(one: Listed) -> dict[str, Any]:
    return {
        "id": one.id,
        "container": isinstance(one, Container),
        "title": one.title,
        "readers": kept_readers(one.readers),
        "parent": one.parent,
        "inheritance": one.inheritance.value,
    }


def said(connection: Connection, source: str) -> dict[str, Container]:
    """What a source said last of each thing that has readers by way of others, or gives some; by its id."""
    rows = connection.execute(select(grants).where(grants.c.source == source))
    return {row.id: _container(row) for row in rows}


def _container(row: Any) -> Container:
    return Container(row.id, row.title, readers_of(row.readers), row.parent, Inheritance(row.inheritance))


@dataclass(frozen=True, slots=True)
class LastListing:
    """What a source listed before."""

    cursor: str
    """From which its changes can be asked for."""
    whole_at: datetime
    """When it was asked for all of it."""
    listed: Sequence[Listed]
    """As it said it; without what is held because it was not listed any more."""


def last_listing(connection: Connection, source: str) -> LastListing | None:
    """What a source listed last; None where only a whole listing helps."""
    row = connection.execute(select(sources).where(sources.c.name == source)).one_or_none()
    if row is None or row.cursor is None or row.whole_at is None:
        return None
    of_source = connection.execute(select(grants).where(grants.c.source == source)).all()
    containers: list[Listed] = [_container(each) for each in of_source if each.container]
    spoken = {each.id: each for each in of_source if not each.container}
    here = documents.c.removed_at.is_(None), documents.c.missing_since.is_(None)
    listed = [
        _as_said(entry_of(each), spoken.get(each.entry))
        for each in connection.execute(select(documents).where(documents.c.source == source, *here))
    ]
    return LastListing(row.cursor, row.whole_at, [*containers, *listed])


def _as_said(entry: Entry, row: Any) -> Entry:
    if row is None:
        return entry
    inheritance = Inheritance(row.inheritance)
    return replace(entry, readers=readers_of(row.readers), parent=row.parent, inheritance=inheritance)


def belongs_to(connection: Connection, principals: Readers, knowing: Iterable[str]) -> Readers:
    """The groups of these sources that somebody with these principals is in, if that is still believed."""
    names = set(knowing)
    rows = connection.execute(
        select(members.c.source, members.c.principal).where(members.c.member.in_(sorted(principals)))
    ).all()
    if not rows:
        return frozenset()
    names -= aged(connection, names)
    return frozenset(row.principal for row in rows if row.source in names)


def groups_of(connection: Connection, source: str) -> Mapping[str, tuple[str, Readers]]:
    """The groups of a source by principal: title, and members."""
    found: dict[str, tuple[str, set[str]]] = {}
    for row in connection.execute(select(members).where(members.c.source == source)):
        found.setdefault(row.principal, (row.title, set()))[1].add(row.member)
    return {principal: (title, frozenset(those)) for principal, (title, those) in found.items()}


def aged_since(connection: Connection, source: str) -> datetime | None:
    """From when a source's word about readers is, where that is too old to be believed."""
    query = select(_SINCE).where(sources.c.name == source)
    since: datetime | None = connection.scalar(query)
    return since if since is not None and since < now() - LASTING else None


def aged(connection: Connection, knowing: Collection[str]) -> set[str]:
    """Those of the sources, which all know readers, whose word is too old to be believed: nobody may read
    what it is about."""
    if not knowing:
        return set()
    old = connection.scalars(select(sources.c.name).where(now() - LASTING > _SINCE))
    return set(knowing) & set(old)
