"""Whether a person may read a document, and why, step by step from the document up."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from ingest.documents import Container, Inheritance, Readers
from ingest.knowledge import KnowledgeBase
from ingest.ledger import access
from ingest.ledger.scanning import readers_of
from ingest.permissions import chain_of, may_read


@dataclass(frozen=True, slots=True)
class Step:
    """What is said of the document, or of one thing that it lies in."""

    title: str
    readers: list[str] | None
    """Who may read it by that alone; None: nobody knows."""
    through: list[str]
    """The principals of the person that are among these."""
    inheritance: Inheritance | None
    """How what the next step says counts for this one; None: this is the last."""


@dataclass(frozen=True, slots=True)
class Permission:
    """Whether a person may read a document."""

    person: str
    may: bool
    through: list[str]
    """The principals of that person that are among the readers in force."""
    principals: list[str]
    """Everything that the person counts as."""
    steps: list[Step] = field(default_factory=list)
    """From the document up, where its source says who may read; empty where the configuration alone does."""
    groups: dict[str, str] = field(default_factory=dict)
    """What people call the source's groups that are named here, by principal."""
    aged_since: datetime | None = None
    """From when its source's word about readers is, where it is too old to be believed."""


def permission_of(kb: KnowledgeBase, ledger: Connection, row: Row[Any], email: str) -> Permission:
    """Whether the person with that e-mail may read the document of a row. Raises `UnavailableError`."""
    principals = kb.principals(email)
    readers = readers_of(row.readers)
    through = sorted(principals & (readers or frozenset()))
    steps: list[Step] = []
    groups: dict[str, str] = {}
    aged = None
    if row.source in kb.knowing:
        steps = _steps(ledger, row, readers, principals)
        named = {one for step in steps for one in step.readers or ()} | set(through)
        known = access.groups_of(ledger, row.source)
        groups = {one: known[one][0] for one in sorted(named & known.keys())}
        aged = access.aged_since(ledger, row.source)
    may = may_read(principals, readers) and aged is None
    return Permission(email, may, through, sorted(principals), steps, groups, aged)


def _steps(ledger: Connection, row: Row[Any], readers: Readers | None, principals: Readers) -> list[Step]:
    said = access.said(ledger, row.source)
    chain = chain_of(said.get(row.entry) or Container(row.entry, row.title, readers), said)
    return [
        Step(
            title=one.title,
            readers=None if one.readers is None else sorted(one.readers),
            through=sorted(principals & (one.readers or frozenset())),
            inheritance=one.inheritance if one.parent else None,
        )
        for one in chain
    ]
