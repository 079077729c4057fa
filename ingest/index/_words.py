"""The keyword leg of the local index: BM25 by tantivy over terms that are analysed already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import tantivy
from tantivy import Occur, Query

from config.errors import UnavailableError
from ingest.documents import Readers

# Of a very long question the rarest terms decide; every further one costs time and moves nothing.
_MOST_TERMS = 64
# The least memory that tantivy accepts for a writer's thread; it grows into segments beyond that.
_WRITER_BYTES = 15_000_000
_FIELDS = ("terms", "pivot_terms")


@dataclass(frozen=True, slots=True)
class Wording:
    """What the keyword leg stores of a chunk; its terms are joined by blanks."""

    chunk: str
    terms: str
    pivot_terms: str
    readers: Readers


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("chunk", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("readers", tokenizer_name="raw", index_option="basic")
    for field in _FIELDS:
        builder.add_text_field(field, tokenizer_name="whitespace", index_option="freq")
    return builder.build()


class Words:
    """A tantivy index in a folder, which is created if it is not there.

    Only one `put` at a time may run, over all processes: the caller holds a lock. Searches see what had been
    put at the last `reload`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._schema = _schema()
        with self._translated():
            folder.mkdir(parents=True, exist_ok=True)
            self._index = tantivy.Index(self._schema, str(folder))
            # Without this, a thread in every process looks at the folder twice a second.
            self._index.config_reader(reload_policy="manual")
            self._index.reload()

    @staticmethod
    def exist(folder: Path) -> bool:
        """Whether there is an index in `folder`."""
        return folder.exists() and tantivy.Index.exists(str(folder))

    def reload(self) -> None:
        """Let searches see what other processes, and this one, have put."""
        with self._translated():
            self._index.reload()

    def __len__(self) -> int:
        return self._index.searcher().num_docs

    def clear(self) -> None:
        """Remove everything."""
        with self._writing() as writer:
            writer.delete_all_documents()

    def put(self, chunks: Iterable[str], wordings: Iterable[Wording]) -> None:
        """Replace `chunks` by their new `wordings`, in one commit; those without one are removed."""
        with self._writing() as writer:
            for chunk in chunks:
                writer.delete_documents_by_term("chunk", chunk)
            for wording in wordings:
                writer.add_document(
                    tantivy.Document(
                        chunk=wording.chunk,
                        terms=wording.terms,
                        pivot_terms=wording.pivot_terms,
                        readers=list(wording.readers),
                    )
                )

    def search(self, terms: Sequence[str], principals: Readers, limit: int) -> dict[str, float]:
        """BM25 of the best `limit` chunks that hold any of `terms` and that any of `principals` may read."""
        return self._find(terms, "readers", principals, limit)

    def scores(self, terms: Sequence[str], chunks: Collection[str]) -> dict[str, float]:
        """BM25 of those `chunks` that hold any of `terms`, the same that `search` would give."""
        return self._find(terms, "chunk", chunks, len(chunks))

    def _find(
        self, terms: Sequence[str], field: str, values: Collection[str], limit: int
    ) -> dict[str, float]:
        searcher = self._index.searcher()
        limit = min(limit, searcher.num_docs)
        if limit <= 0 or not values or (asked := self._query(searcher, terms)) is None:
            return {}
        # A constant score of 0 filters inside the engine and leaves BM25 as it is.
        among = Query.const_score_query(Query.term_set_query(self._schema, field, list(values)), 0.0)
        query = Query.boolean_query([(Occur.Must, asked), (Occur.Must, among)])
        with self._translated():
            hits = searcher.search(query, limit, count=False).hits
            return {str(searcher.doc(at).get_first("chunk")): float(score) for score, at in hits}

    def _query(self, searcher: tantivy.Searcher, terms: Sequence[str]) -> Query | None:
        """Any of `terms`, each as often as it is repeated; `None` when the collection knows none of them."""
        repeats = Counter(terms)
        frequency = {term: sum(searcher.doc_freq(field, term) for field in _FIELDS) for term in repeats}
        known = sorted(
            (term for term in repeats if frequency[term]), key=lambda term: (frequency[term], term)
        )
        parts = [
            Query.boost_query(
                Query.term_query(self._schema, field, term, index_option="freq"), float(repeats[term])
            )
            for term in known[:_MOST_TERMS]
            for field in _FIELDS
        ]
        return Query.boolean_query([(Occur.Should, part) for part in parts]) if parts else None

    @contextmanager
    def _writing(self) -> Iterator[tantivy.IndexWriter]:
        """A writer whose changes are committed together."""
        with self._translated():
            writer = self._index.writer(heap_size=_WRITER_BYTES, num_threads=1)
            try:
                yield writer
                writer.commit()
            finally:
                # Lets go of tantivy's own lock. Merging goes on after the commit; without waiting for it,
                # there would be ever more segments.
                writer.wait_merging_threads()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Tantivy tells whatever goes wrong with its files (full disk, no permission) as `ValueError`."""
        try:
            yield
        except (OSError, ValueError) as error:
            raise UnavailableError(
                f"The keyword index in {self._folder} cannot be used: {error}. "
                "Look at the disk's free space and at the folder's permissions."
            ) from error
