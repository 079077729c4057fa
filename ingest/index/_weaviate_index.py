"""One collection in Weaviate, as an `Index`: writing and reading back. Searching is `_weaviate_search`."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from typing import Any
from uuid import UUID

from weaviate import WeaviateClient
from weaviate.classes.config import ConsistencyLevel
from weaviate.exceptions import UnexpectedStatusCodeError, WeaviateInsertManyAllFailedError

from config.errors import UnavailableError
from ingest.documents import Hit, Readers
from ingest.index import Proposed, Row, Vector, ignore
from ingest.index._checks import check_row, check_vector
from ingest.index._weaviate_address import Address
from ingest.index._weaviate_errors import one_line, translated
from ingest.index._weaviate_objects import (
    VERSION,
    Version,
    content_of,
    groups,
    kept_readers,
    object_of,
    of_chunks,
    of_ids,
    told,
    version_of,
)
from ingest.index._weaviate_schema import lags
from ingest.index._weaviate_search import MOST, Search

_BATCH = 200
"""Rows in one message: some megabytes at the most."""
_GRACE = 0.25
"""Seconds that a replaced version is kept for searches which have already decided to look at it."""
_PAGE = 2_000
"""Objects that one call lists."""
_NOBODY = UUID(int=0)
"""An object's id that no chunk makes."""


class WeaviateIndex:
    """The collection `name` of vectors of `dimension` floats, over its engine's connection."""

    def __init__(
        self, client: WeaviateClient, address: Address, name: str, dimension: int, pool: Executor
    ) -> None:
        self._client, self._address, self._name, self._dimension = client, address, name, dimension
        self._pool = pool
        self._objects = client.collections.use(name)
        if address.consistency:
            level = ConsistencyLevel[address.consistency.upper()]
            self._objects = self._objects.with_consistency_level(level)
        self._search = Search(self._objects.query, pool)
        self.gone = False

    def write(self, rows: Sequence[Row]) -> None:
        """Store rows; whoever reads sees the old or the new version of each, and on return the new one."""
        latest = {row.chunk: row for row in rows}
        for row in latest.values():
            check_row(row, self._dimension)
        with self._translated():
            for chunks in groups(latest, _BATCH):
                self._write([latest[chunk] for chunk in chunks])

    def set_readers(self, readers: Mapping[str, Readers]) -> int:
        """Change who may find chunks, one by one where they differ; ids that are not there are ignored."""
        changed: set[str] = set()
        with self._translated():
            for chunks in groups(readers):
                there = self._versions(chunks)
                different = [one for one in there if one.readers != readers[one.chunk]]
                self._change([(one, readers[one.chunk]) for one in different])
                changed.update(one.chunk for one in different)
        return len(changed)

    def delete(self, chunks: Collection[str]) -> None:
        """Remove rows, with all their versions; ids that are not there are ignored."""
        with self._translated():
            for group in groups(chunks):
                self._remove(of_chunks(group))

    def search(
        self,
        terms: Sequence[str],
        vector: Vector | None,
        principals: Readers,
        limit: int,
        proposed: Proposed = ignore,
    ) -> Sequence[Hit]:
        """The best `limit` chunks of each leg that any of `principals` may read, with both scores."""
        if vector is not None:
            check_vector(vector, self._dimension)
        with self._translated():
            return self._search(terms, vector, principals, limit, proposed)

    def ids(self) -> Iterator[str]:
        """Every chunk id in the collection, page by page."""
        with self._translated():
            last = None
            for found in self._objects.iterator(return_properties=["chunk"], cache_size=_PAGE):
                chunk = told(str(found.properties["chunk"]))
                if chunk != last:  # its versions come one after the other
                    yield chunk
                last = chunk

    def count(self) -> int:
        """How many objects there are."""
        with self._translated():
            return self._objects.aggregate.over_all(total_count=True).total_count or 0

    def missing(self, chunks: Iterable[str]) -> set[str]:
        """Those of `chunks` that are not in the collection, or not to be found by their vectors."""
        with self._translated():
            result: set[str] = set()
            for group in groups(chunks):
                if lost := self._unfound(group):
                    # Asked in this order: a queue that was emptied meanwhile hides nothing any more.
                    waiting = {one.chunk for one in self._versions(group)} if self._lags() else set()
                    lost = self._unfound(sorted(lost - waiting))
                result |= lost
            return result

    def drop(self) -> None:
        """Remove the whole collection from the server."""
        with self._translated():
            self._client.collections.delete(self._name)

    def close(self) -> None:
        """The connection is the engine's."""

    def _write(self, rows: Sequence[Row]) -> None:
        """Put new versions beside the old ones, then remove these."""
        chunks = [row.chunk for row in rows]
        there = self._versions(chunks)
        newest = _newest(there)
        # Clocks differ between machines, so whoever writes looks at what is to be replaced.
        stamp = max([time.time_ns() // 1_000, *(one.stamp + 1 for one in there)])
        contents = {row.chunk: content_of(row) for row in rows}
        same = self._whole(one for one in newest.values() if one.content == contents[one.chunk])
        new = [row for row in rows if row.chunk not in same]
        self._insert(new, stamp)
        self._change(
            [
                (same[row.chunk], row.readers)
                for row in rows
                if row.chunk in same and same[row.chunk].readers != row.readers
            ]
        )
        if new or len(there) > len(newest):
            self._retire(chunks)

    def _insert(self, rows: Sequence[Row], stamp: int) -> None:
        if not rows:
            return
        try:
            errors = self._objects.data.insert_many([object_of(row, stamp) for row in rows]).errors
        except WeaviateInsertManyAllFailedError as error:
            raise UnavailableError(
                f"{self._address.shown} kept none of {len(rows)} objects: {one_line(error)}"
            ) from error
        if errors:
            reason = one_line(next(iter(errors.values())).message)
            raise UnavailableError(
                f"{self._address.shown} did not keep {len(errors)} of {len(rows)} objects: {reason}"
            )
        self._settle()

    def _settle(self) -> None:
        """Have the vectors that were inserted last written down.

        The server (1.39, without ASYNC_INDEXING) empties the buffer of its vectors' log when a batch is
        stored, which is before the vectors of that batch are in it. Killed before the next change it would
        know the objects, and never find them by their vectors again. Deleting nothing is a change.
        """
        self._objects.data.delete_many(where=of_ids([_NOBODY]))

    def _whole(self, versions: Iterable[Version]) -> dict[str, Version]:
        """Those that can be found by their vectors, by chunk: an insertion may have been cut short."""
        known = {one.id: one for one in versions}
        if not known:
            return {}
        found = {one.uuid for one in self._by_vector(of_ids(known), return_properties=[])}
        if len(found) < len(known) and self._lags():
            found = set(known)
        return {known[id_].chunk: known[id_] for id_ in found}

    def _unfound(self, chunks: Sequence[str]) -> set[str]:
        """Those that a search by vectors would not find."""
        if not chunks:
            return set()
        found = self._by_vector(of_chunks(chunks), return_properties=["chunk"])
        return set(chunks).difference(told(one.properties["chunk"]) for one in found)

    def _lags(self) -> bool:
        """Whether vectors wait to be indexed (ASYNC_INDEXING): in a queue that outlives the server."""
        return any(map(lags, self._objects.config.get_shards()))

    def _by_vector(self, these: Any, **what: Any) -> Any:
        """Objects as the vector index knows them: of so few it measures the distance of each."""
        anywhere = [1.0, *[0.0] * (self._dimension - 1)]
        return self._objects.query.near_vector(anywhere, filters=these, limit=MOST, **what).objects

    def _retire(self, chunks: Sequence[str]) -> None:
        """Remove all but the newest version of each chunk, until there are no others.

        However many do this at once, the newest of all is left alone by each of them. First the old ones are
        given to nobody, so that no new search looks at them; those under way can still read them.
        """
        while older := self._older(chunks):
            self._change([(one, frozenset()) for one in older if one.readers])
            time.sleep(_GRACE)
            self._remove(of_ids(one.id for one in older))

    def _older(self, chunks: Sequence[str]) -> list[Version]:
        versions = self._versions(chunks)
        newest = _newest(versions)
        return [one for one in versions if one != newest[one.chunk]]

    def _versions(self, chunks: Sequence[str]) -> list[Version]:
        found = self._objects.query.fetch_objects(
            filters=of_chunks(chunks), limit=MOST, return_properties=list(VERSION)
        )
        return [version_of(one) for one in found.objects]

    def _change(self, changes: Sequence[tuple[Version, Readers]]) -> None:
        """Give objects other readers, in place; those that are gone are ignored."""

        def change(one: tuple[Version, Readers]) -> None:
            version, readers = one
            try:
                self._objects.data.update(version.id, properties={"readers": kept_readers(readers)})
            except UnexpectedStatusCodeError as error:
                if error.status_code != 404:
                    raise

        if len(changes) == 1:
            change(changes[0])
        else:
            list(self._pool.map(change, changes))

    def _remove(self, these: Any) -> None:
        """Delete objects until none is left; the server stops at 10,000 a call."""
        while True:
            removed = self._objects.data.delete_many(where=these)
            if removed.failed:
                raise UnavailableError(f"{self._address.shown} did not delete {removed.failed} objects")
            if not removed.matches:
                return

    def _translated(self) -> Any:
        return translated(self._address, self._note_gone)

    def _note_gone(self) -> None:
        self.gone = True


def _newest(versions: Iterable[Version]) -> dict[str, Version]:
    """The newest version of each chunk."""
    newest: dict[str, Version] = {}
    for one in versions:
        if one.chunk not in newest or one.age > newest[one.chunk].age:
            newest[one.chunk] = one
    return newest
