"""How a row is kept in Weaviate: an object whose id begins with that of its chunk.

Replacing an object there by one with another vector is not seen as one step: for a moment it cannot be found.
So the new version of a chunk is an object of its own beside the old one, which is removed afterwards. Nothing
of a version but its readers ever changes, so that of several writers each can tell which one is the newest,
and none removes what another takes for that.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID

from weaviate.classes.data import DataObject
from weaviate.classes.query import Filter
from weaviate.collections.classes.filters import FilterReturn
from weaviate.collections.classes.internal import Object

from ingest.documents import Readers
from ingest.index import Row

GROUP = 1_000
"""Ids that one call names."""
_LOT = 4
VERSION = ("chunk", "stamp", "content", "readers")
"""The properties that make a `Version`."""
# Weaviate trims what it filters by; this stands before and after a text that would be trimmed.
_EDGE = "\N{SYMBOL FOR SPACE}"


@dataclass(frozen=True, slots=True)
class Version:
    """One of the objects of a chunk, mostly the only one."""

    chunk: str
    id: UUID
    stamp: int
    """Of two versions the one with the higher stamp counts: microseconds since 1970 by its writer's clock,
    but in any case more than those of the versions that it found."""
    content: str
    """A fingerprint of terms and vector."""
    readers: Readers

    @property
    def age(self) -> tuple[int, UUID]:
        """The newest has the highest."""
        return (self.stamp, self.id)


def version_of(one: Object[Any, Any]) -> Version:
    """What `VERSION` brought."""
    values = one.properties
    return Version(
        told(values["chunk"]),
        one.uuid,
        int(values["stamp"]),
        values["content"],
        frozenset(map(told, values["readers"] or ())),
    )


def object_of(row: Row, stamp: int) -> DataObject[dict[str, Any], None]:
    """A row as Weaviate takes it, under a new id."""
    return DataObject(
        uuid=_new_id(row.chunk),
        vector=row.vector.tolist(),
        properties={
            "chunk": kept(row.chunk),
            "document": kept(row.document),
            "terms": " ".join(row.terms),
            "pivot_terms": " ".join(row.pivot_terms),
            "readers": kept_readers(row.readers),
            "stamp": stamp,
            "content": content_of(row),
        },
    )


def content_of(row: Row) -> str:
    """A fingerprint of what cannot be changed in place."""
    words = "\0".join((row.document, " ".join(row.terms), " ".join(row.pivot_terms)))
    return hashlib.blake2b(words.encode() + row.vector.astype("<f4").tobytes(), digest_size=12).hexdigest()


def _new_id(chunk: str) -> UUID:
    """The chunk's own id up to the last four bytes, which are drawn by lot.

    The server lists objects by id, so versions of a chunk come one after the other.
    """
    try:
        id_ = UUID(chunk)
        whole = str(id_) == chunk
    except ValueError:
        whole = False
    if not whole:
        id_ = uuid.uuid5(uuid.NAMESPACE_OID, chunk)
    return UUID(bytes=id_.bytes[:-_LOT] + os.urandom(_LOT))


def kept(text: str) -> str:
    """A name as it is stored and filtered by."""
    return f"{_EDGE}{text}{_EDGE}" if text != text.strip() else text


def told(text: str) -> str:
    """A stored name as it was given."""
    inner = text[1:-1]
    return inner if kept(inner) == text and inner != text.strip() else text


def kept_readers(readers: Readers) -> list[str]:
    """Principals as they are stored."""
    return sorted(map(kept, readers))


def of_chunks(chunks: Collection[str]) -> FilterReturn:
    """Every version of any of these chunks."""
    return Filter.by_property("chunk").contains_any([kept(chunk) for chunk in chunks])


def of_ids(ids: Iterable[UUID]) -> FilterReturn:
    """The objects of these ids."""
    return Filter.by_id().contains_any(list(ids))


def groups(items: Iterable[str], size: int = GROUP) -> Iterator[Sequence[str]]:
    """Items by the thousand, each once."""
    rest = iter(dict.fromkeys(items))
    while group := list(islice(rest, size)):
        yield group
