"""How fast the local index is.

Made-up rows of the usual size: 384 floats and 120 terms by Zipf's law; 7 in 10 for everyone, the rest for
one of 50 groups and one of 50 people.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import accumulate
from pathlib import Path

import numpy as np

from ingest.documents import EVERYONE
from ingest.index import Row, Vector
from ingest.index.local import LocalIndex
from tests.bench.tables import show

DIMENSION, TERMS, LIMIT = 384, 120, 50
_WORDS = [f"t{number}" for number in range(20_000)]
_ZIPF = list(accumulate(1 / (number + 1) for number in range(len(_WORDS))))

Figures = dict[str, tuple[float, float]]
"""Milliseconds by what was done: the median and the 95th percentile."""


def measure(count: int = 10_000) -> Figures:
    """Fill a collection of `count` rows in a temporary folder and use it."""
    with tempfile.TemporaryDirectory() as folder:
        return _measure(Path(folder) / "index", count)


def _measure(folder: Path, count: int) -> Figures:
    rng = random.Random(0)
    vectors = unit_vectors(count)
    rows = [make_row(number, vector, rng) for number, vector in enumerate(vectors)]
    questions = make_questions(vectors, rng)
    index = LocalIndex(folder, DIMENSION)
    batches = [rows[start : start + 1_000] for start in range(0, count, 1_000)]
    documents = [rows[start : start + 10] for start in range(0, min(count, 500), 10)]
    asking, group = frozenset({EVERYONE, "group:1", "user:2"}), frozenset({"group:1"})

    def open_and_ask() -> None:
        other = LocalIndex(folder, DIMENSION)
        other.search(*questions[0], asking, LIMIT)
        other.close()

    figures = {
        "write 1,000 rows": timed(*(lambda b=batch: index.write(b) for batch in batches)),
        "search, both legs": timed(*(lambda q=q: index.search(*q, asking, LIMIT) for q in questions)),
        "search, 2 % readable": timed(*(lambda q=q: index.search(*q, group, LIMIT) for q in questions)),
        "search, words": timed(*(lambda q=q: index.search(q[0], None, asking, LIMIT) for q in questions)),
        "search, vectors": timed(*(lambda q=q: index.search([], q[1], asking, LIMIT) for q in questions)),
        "replace 10 rows": timed(*(lambda d=document: index.write(d) for document in documents)),
        "change 10 readers": timed(
            *(lambda d=document: index.set_readers({row.chunk: group for row in d}) for document in documents)
        ),
        "delete 10 rows": timed(
            *(lambda d=document: index.delete([row.chunk for row in d]) for document in documents)
        ),
        "open": timed(*[lambda: LocalIndex(folder, DIMENSION).close()] * 10),
        "open and search": timed(*[open_and_ask] * 10),
    }
    index.close()
    return figures


def unit_vectors(count: int, seed: int = 0) -> list[Vector]:
    """Vectors that lie all about."""
    vectors = np.random.default_rng(seed).normal(size=(count, DIMENSION)).astype(np.float32)
    return list(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def make_row(number: int, vector: Vector, rng: random.Random) -> Row:
    """A row with that vector and terms of its own."""
    few = frozenset({f"group:{rng.randrange(50)}", f"user:{rng.randrange(50)}"})
    readers = frozenset({EVERYONE}) if rng.random() < 0.7 else few
    return Row(
        f"chunk-{number}", "document", rng.choices(_WORDS, cum_weights=_ZIPF, k=TERMS), vector, readers
    )


def make_questions(vectors: Sequence[Vector], rng: random.Random) -> list[tuple[list[str], Vector]]:
    """A hundred questions: eight terms each, and a vector of a row."""
    return [(rng.choices(_WORDS, cum_weights=_ZIPF, k=8), rng.choice(vectors)) for _ in range(100)]


def timed(*actions: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds of each: the median and the 95th percentile."""
    times = []
    for action in actions:
        start = time.perf_counter()
        action()
        times.append(1_000 * (time.perf_counter() - start))
    return float(np.median(times)), float(np.percentile(times, 95))


def report(counts: Sequence[int]) -> None:
    """Print the figures of collections of these sizes."""
    for count in counts:
        show(
            f"The local index with {count:,} rows",
            f"python -m tests.bench {'--large ' if count > 10_000 else ''}index",
            ("", "p50 ms", "p95 ms"),
            [(what, median, high) for what, (median, high) in measure(count).items()],
            digits=1,
        )
