"""Searching a collection in Weaviate: the legs at once, then whatever scores they did not bring.

BM25 is asked for each field by itself and added up here. Asked for both fields in one query, the server
averages their rarities and lengths, and cuts each field's hits off before it adds them: a chunk's score would
depend on the limit, and not be what the local engine gives (inverted/bm25_searcher_block.go, 1.39.0).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import numpy as np
from weaviate.classes.query import Filter, MetadataQuery
from weaviate.collections.classes.filters import FilterReturn

from config.errors import UnavailableError
from ingest.documents import Hit, Readers
from ingest.index import Proposed, Vector
from ingest.index._weaviate_objects import kept, of_ids, told

MOST = 10_000
"""Objects that the server returns at once (QUERY_MAXIMUM_RESULTS)."""
# The server does not tell how rare a word is, and its time grows with the words that it knows. Long words are
# seldom common ones.
_MOST_TERMS = 200
_FIELDS = ("terms", "pivot_terms")
_DENSE = "vector"
_ATTEMPTS = 3
_SCORE, _DISTANCE = MetadataQuery(score=True), MetadataQuery(distance=True)


@dataclass(frozen=True, slots=True)
class _Leg:
    """What one query brought."""

    scores: Mapping[UUID, float]
    chunks: Mapping[UUID, str]
    full: bool
    """Whether there may be more than were asked for."""
    near: Mapping[UUID, float] = field(default_factory=dict)
    """The dense scores of what was found by words, where they were asked for."""


Brought = TypeVar("Brought")


class _VanishedError(Exception):
    """An object that was found is not there any more."""


class Search:
    """Searches one collection, through its `query` namespace."""

    def __init__(self, query: Any, pool: Executor) -> None:
        self._query, self._pool = query, pool

    def __call__(
        self,
        terms: Sequence[str],
        vector: Vector | None,
        principals: Readers,
        limit: int,
        proposed: Proposed,
    ) -> list[Hit]:
        """See `Index.search`."""
        readers = [kept(one) for one in principals if one]
        limit = min(limit, MOST)
        asked = _asked(terms)
        # A filter by nothing would be refused.
        if not readers or limit <= 0 or (not asked and vector is None):
            return []
        among = Filter.by_property("readers").contains_any(readers)
        for _ in range(_ATTEMPTS):
            try:
                return self._look(asked, vector, among, limit, proposed)
            except _VanishedError:
                continue
        raise UnavailableError("Weaviate removes what it finds, faster than it can be looked at; try again")

    def _look(
        self, asked: str, vector: Vector | None, among: FilterReturn, limit: int, proposed: Proposed
    ) -> list[Hit]:
        queries: dict[str, Callable[[FilterReturn, int], Any]] = {}
        if asked:
            queries |= {name: partial(self._by_words, asked, name, vector) for name in _FIELDS}
        if vector is not None:
            queries[_DENSE] = partial(self._by_vector, vector)
        legs = self._at_once(
            {name: partial(_complete, query, among, limit) for name, query in queries.items()}
        )
        if _DENSE in legs:
            measured = {id_: score for leg in legs.values() for id_, score in leg.near.items()}
            legs[_DENSE] = replace(legs[_DENSE], scores={**measured, **legs[_DENSE].scores})
        chosen = _choose(legs.values())
        wanted = {name: _unscored(name, leg, chosen) for name, leg in legs.items()}
        more = self._at_once(
            {name: partial(self._scores, asked, vector, name, ids) for name, ids in wanted.items() if ids},
            meanwhile=lambda: proposed(chosen),
        )
        scores = {name: {**leg.scores, **more.get(name, {})} for name, leg in legs.items()}
        words = {
            chunk: total
            for chunk, id_ in chosen.items()
            if (total := sum(scores[field].get(id_, 0.0) for field in _FIELDS if field in scores)) > 0
        }
        dense = (
            {chunk: scores[_DENSE].get(id_) for chunk, id_ in chosen.items()} if vector is not None else {}
        )
        if None in dense.values():
            raise _VanishedError
        best = sorted(words, key=lambda chunk: (-words[chunk], chunk))[:limit]
        near = sorted(dense, key=lambda chunk: (-(dense[chunk] or 0.0), chunk))[:limit]
        return [Hit(chunk, words.get(chunk, 0.0), dense.get(chunk) or 0.0) for chunk in {*best, *near}]

    def _by_words(
        self, asked: str, name: str, vector: Vector | None, among: FilterReturn, limit: int
    ) -> _Leg:
        # Asking for the vectors along costs less than asking for their nearness afterwards: measured, a call
        # of 50 objects takes .4 ms longer with them, one more call 3 ms.
        found = self._query.bm25(
            asked,
            query_properties=[name],
            filters=among,
            limit=limit,
            include_vector=vector is not None,
            return_properties=["chunk"],
            return_metadata=_SCORE,
        ).objects
        leg = _leg({one.uuid: one.metadata.score for one in found}, found, limit)
        if vector is None or not found:
            return leg
        near = np.array([one.vector["default"] for one in found], np.float32) @ vector
        return replace(leg, near={one.uuid: float(score) for one, score in zip(found, near, strict=True)})

    def _scores(self, asked: str, vector: Vector | None, name: str, ids: Sequence[UUID]) -> dict[UUID, float]:
        """What a leg would have given these objects, those without any score left out."""
        what = {"filters": of_ids(ids), "limit": len(ids), "return_properties": []}
        if name == _DENSE and vector is not None:
            found = self._query.near_vector(vector.tolist(), return_metadata=_DISTANCE, **what).objects
            return {one.uuid: -one.metadata.distance for one in found}
        found = self._query.bm25(asked, query_properties=[name], return_metadata=_SCORE, **what).objects
        return {one.uuid: one.metadata.score for one in found}

    def _by_vector(self, vector: Vector, among: FilterReturn, limit: int) -> _Leg:
        found = self._query.near_vector(
            vector.tolist(),
            filters=among,
            limit=limit,
            return_properties=["chunk"],
            return_metadata=_DISTANCE,
        ).objects
        # The server's distance is the dot product below zero.
        return _leg({one.uuid: -one.metadata.distance for one in found}, found, limit)

    def _at_once(
        self,
        calls: Mapping[str, Callable[[], Brought]],
        meanwhile: Callable[[], object] | None = None,
    ) -> dict[str, Brought]:
        """What all the calls give. They are made beside this thread, which does something else `meanwhile`,
        or makes the first of them."""
        if meanwhile is None:
            (first, call), *others = calls.items()
            waiting = {name: self._pool.submit(other) for name, other in others}
            return {first: call(), **{name: future.result() for name, future in waiting.items()}}
        waiting = {name: self._pool.submit(call) for name, call in calls.items()}
        meanwhile()
        return {name: future.result() for name, future in waiting.items()}


def _asked(terms: Sequence[str]) -> str:
    """The terms as the server takes them apart again; a repeated one counts as often as it stands there."""
    if len(terms) <= _MOST_TERMS:
        return " ".join(terms)
    repeats = Counter(terms)
    kept_ = sorted(repeats, key=lambda term: (-len(term), term))[:_MOST_TERMS]
    return " ".join(term for term in kept_ for _ in range(repeats[term]))


def _leg(scores: Mapping[UUID, float], found: Sequence[Any], limit: int) -> _Leg:
    chunks = {one.uuid: told(one.properties["chunk"]) for one in found}
    return _Leg(scores, chunks, len(found) >= limit)


def _complete(query: Callable[[FilterReturn, int], _Leg], among: FilterReturn, limit: int) -> _Leg:
    """As many chunks as were asked for, if there are, though some are found in two versions."""
    wanted = limit
    while True:
        leg = query(among, wanted)
        if not leg.full or wanted == MOST or len(set(leg.chunks.values())) >= limit:
            return leg
        wanted = min(2 * wanted, MOST)


def _choose(legs: Iterable[_Leg]) -> dict[str, UUID]:
    """Of each chunk the version that most legs found; any of several, as one is as good as the other."""
    found = Counter((chunk, id_) for leg in legs for id_, chunk in leg.chunks.items())
    chosen: dict[str, tuple[int, UUID]] = {}
    for (chunk, id_), count in found.items():
        if chunk not in chosen or (count, id_) > chosen[chunk]:
            chosen[chunk] = (count, id_)
    return {chunk: id_ for chunk, (_, id_) in chosen.items()}


def _unscored(name: str, leg: _Leg, chosen: Mapping[str, UUID]) -> list[UUID]:
    """Those of the chosen that a leg must be asked about, because it did not bring them."""
    if name == _DENSE or leg.full:
        return [id_ for id_ in chosen.values() if id_ not in leg.scores]
    # It brought all there are: what it left out has none of the terms, but for one seen in another version.
    seen = set(leg.chunks.values())
    return [id_ for chunk, id_ in chosen.items() if chunk in seen and id_ not in leg.scores]
