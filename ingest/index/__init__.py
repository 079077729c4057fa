"""The index port: it proposes chunks, and the ledger decides what is shown.

An index holds rows; a row is what the engine needs to find a chunk, never its text. Every engine behind this
port passes `IndexContract` in `tests/contracts/index.py` unchanged. An `Engine` holds any number of indexes,
called collections, by name; which of them is in use is written in the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.documents import Hit, Readers

if TYPE_CHECKING:
    from config.settings import Settings

Vector = NDArray[np.float32]
Proposed = Callable[[Collection[str]], object]


def ignore(_chunks: Collection[str]) -> None:
    """For whoever waits for the hits."""


@dataclass(frozen=True, slots=True)
class Row:
    """What an index stores of one chunk."""

    chunk: str
    document: str
    terms: Sequence[str]
    """Analysed by `ingest.language`, repeats kept (BM25 counts them). Never contains white space."""
    vector: Vector
    """Of unit length, shape (dimension,)."""
    readers: Readers
    pivot_terms: Sequence[str] = ()
    """Those of its translation, where it has one. They weigh as much as `terms`, but lengths and rarities are
    counted apart: a translated chunk is not twice as long as others."""


class Index(Protocol):
    """One collection of rows. Writing a chunk that is there replaces it whole.

    Every method raises `UnavailableError` when the engine is down and `ConfigError` when a person must change
    something. Safe to use from several threads; several processes may hold the same collection open.
    """

    @property
    def gone(self) -> bool:
        """Whether the collection was found to be no longer there; whoever still needs it opens it again."""

    def write(self, rows: Sequence[Row]) -> None:
        """Store rows; on return each of them can be found, through every handle, or an error was raised.

        Of a chunk that is given twice the last counts. Raises `ValueError` for a row that could not be found
        again: a vector of another dimension or not of unit length, an empty id, white space in a term.
        """

    def set_readers(self, readers: Mapping[str, Readers]) -> int:
        """Change who may find chunks (chunk id -> readers) without touching terms and vectors.

        Returns how many had other readers. Ids that are not there are ignored.
        """

    def delete(self, chunks: Collection[str]) -> None:
        """Remove rows; ids that are not there are ignored."""

    def search(
        self,
        terms: Sequence[str],
        vector: Vector | None,
        principals: Readers,
        limit: int,
        proposed: Proposed = ignore,
    ) -> Sequence[Hit]:
        """The best `limit` chunks of each leg that any of `principals` may read, merged, in no order.

        `terms` are analysed like those of rows; a repeated one counts as often as it stands there. Without
        terms, or without a vector, that leg proposes nothing and its scores are 0. Otherwise every hit has
        both scores, also that of the leg among whose best it is not, so that fusing them is fair. A score of
        words is 0 when the chunk holds none of the terms; it compares within one search only.

        The readers filter is applied inside the engine, before the limit. No principals: no hits.

        `proposed` is told all chunks that can be among the hits as soon as they are known, in this thread:
        whoever confirms them elsewhere does so while an engine on a server scores them. It may be told more
        than once, the last time counts, and not at all where there are none.
        """

    def ids(self) -> Iterator[str]:
        """Every chunk id in the collection, each once, in no order; read as it goes where there are many."""

    def count(self) -> int:
        """How many rows there are: of chunks, and of versions of them that are about to be removed."""

    def missing(self, chunks: Iterable[str]) -> set[str]:
        """Those of `chunks` that are not in the collection, or that no search by vectors would find.

        It is the read-back before publishing, and what an audit goes by.
        """

    def drop(self) -> None:
        """Remove the whole collection from the engine."""

    def close(self) -> None:
        """Let go of files and connections."""


class Engine(Protocol):
    """Where collections are kept. Raises what `Index` raises. Safe to use from several threads."""

    def open(self, name: str, dimension: int) -> Index:
        """The collection of that name, made if it is not there. Several may open and make it at once."""

    def drop(self, name: str) -> bool:
        """Remove a collection, whatever it holds and whoever made it: whether it is gone."""

    def point_to(self, name: str) -> None:
        """Show people and tools that look at the engine itself which collection is in use, where it can."""

    def warnings(self, name: str | None) -> Sequence[str]:
        """What works but is not as it should be in the engine and the collection in use, a sentence each."""

    def close(self) -> None:
        """Let go of connections. What was opened is closed by whoever opened it."""


def open_engine(settings: Settings) -> Engine:
    """The engine that `index` names; nothing is reached for yet. Raises `ConfigError` for a wrong address."""
    if settings.index == "local":
        from ingest.index.local import LocalEngine

        return LocalEngine(settings.data / "index")
    from ingest.index.weaviate import WeaviateEngine

    return WeaviateEngine(settings.index, settings.weaviate_api_key)


def engine_ping(settings: Settings) -> Callable[[], None]:
    """A check whether the engine that `index` names answers, for processes that open none.

    It loads no client and keeps no connection, so whoever forks may ask. Raises `UnavailableError`.
    """
    if settings.index == "local":
        from ingest.index.local import check_folder

        return partial(check_folder, settings.data / "index")
    from ingest.index._weaviate_address import read_address
    from ingest.index._weaviate_ping import ping

    return partial(ping, read_address(settings.index))
