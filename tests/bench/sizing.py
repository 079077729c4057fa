"""What chunks take of disk and memory: embedded, and on PostgreSQL, Weaviate and Redis with two workers.

Made-up pages of five chunks, each of eight sentences, some 780 characters; vectors are made by hashing words,
of 384 floats as those of the local model. What one more chunk takes is the difference between two sizes, so
that what an empty installation takes does not count.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from bot.bench import Times
from config.settings import Settings
from ingest.documents import EVERYONE
from ingest.index import Index, open_engine
from tests.bench.index import DIMENSION, LIMIT, make_questions, make_row, timed, unit_vectors
from tests.bench.made_up import make_pages, write_pages
from tests.bench.processes import memory_below, memory_of
from tests.bench.production import Site, open_site, two_workers, work_until_done
from tests.bench.tables import Cell, show, tell
from tests.services import Weaviate

SECTIONS, SENTENCES = 5, 8
SIZES = (10_000, 40_000)
"""Chunks."""
ROWS = (50_000, 100_000, 200_000)
"""Of Weaviate alone, to see whether it goes on as it began."""
COMMAND = "python -m tests.bench sizing"


@dataclass(frozen=True)
class Figures:
    """What an installation takes at one size."""

    bytes: dict[str, float]
    """By what takes them."""
    retrieval: Times


def report() -> None:
    """Print what each part takes at both sizes, what one more chunk takes, and how Weaviate goes on."""
    for name, open_ in (("embedded", _embedded), ("on servers", open_site)):
        with tempfile.TemporaryDirectory() as folder, open_(Path(folder), real=False) as site:
            small, large = [_measure(site, chunks) for chunks in SIZES]
        rows: list[tuple[Cell, ...]] = [
            (what, f"{less / 1e6:,.0f} MB", f"{large.bytes[what] / 1e6:,.0f} MB",
             f"{(large.bytes[what] - less) / (SIZES[1] - SIZES[0]):,.0f}")
            for what, less in small.bytes.items()
        ]  # fmt: skip
        times = [f"{one.p50_ms:,.1f} / {one.p95_ms:,.1f} ms" for one in (small.retrieval, large.retrieval)]
        rows.append(("retrieval of a question, p50 / p95", *times, None))
        sizes = [f"{chunks:,} chunks" for chunks in SIZES]
        show(f"Disk, memory and retrieval, {name}", COMMAND, ("", *sizes, "bytes for one more chunk"), rows)
    report_weaviate()


def report_weaviate() -> None:
    """Print what Weaviate takes, and how long it searches, where it holds more and more rows."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as ended:
        server = Weaviate.start(Path(folder) / "weaviate", durable=True)
        ended.callback(server.drop)
        engine = open_engine(Settings.model_validate({"index": server.url}))
        ended.callback(engine.close)
        index = engine.open("grown", DIMENSION)
        rows = [_grow(server, index, size) for size in ROWS]
    head = ("rows", "written a second", "memory MB", "disk MB", "search p50 ms", "p95 ms")
    show("Weaviate alone, vectors that lie all about, 120 terms a row", COMMAND, head, rows)


def _grow(server: Weaviate, index: Index, size: int) -> tuple[Cell, ...]:
    """Write rows until there are so many: what that took, and what they take."""
    tell(f"Weaviate with {size:,} rows …")
    there, rng = index.count(), random.Random(size)
    vectors = unit_vectors(size - there, seed=size)
    made = [make_row(there + number, vector, rng) for number, vector in enumerate(vectors)]
    began = time.perf_counter()
    for start in range(0, len(made), 1_000):
        index.write(made[start : start + 1_000])
    written = len(made) / (time.perf_counter() - began)
    asked, asking = make_questions(vectors, rng), frozenset({EVERYONE})
    searched = timed(*(lambda q=q: index.search(*q, asking, LIMIT) for q in asked))
    took = (1_000 * memory_below(server.pid), _bytes_below(server.data))
    megabytes = (f"{one / 1e6:,.0f}" for one in took)
    return (f"{size:,}", f"{written:,.0f}", *megabytes, *(f"{one:.1f}" for one in searched))


@contextmanager
def _embedded(folder: Path, *, real: bool) -> Iterator[Site]:
    """An installation without servers."""
    site = Site(folder, {}, real)
    source = {"name": "wiki", "type": "folder", "path": str(folder / "docs"), "readers": [EVERYONE]}
    told = {"data": str(folder / "var"), "translation": "none", "sources": [source]}
    site.config.write_text(yaml.safe_dump(told))
    yield site


def _measure(site: Site, chunks: int) -> Figures:
    tell(f"{chunks:,} chunks …")
    write_pages(site.folder / "docs", make_pages(chunks // SECTIONS, SECTIONS, SENTENCES))
    figures: dict[str, float] = {}
    if site.servers:
        with two_workers(site) as workers:
            work_until_done(site, workers)
            figures["memory: a worker of two processes, afterwards"] = 1_000 * memory_of(workers[0].pid)[0]
    else:
        site.sync()
    told = site.run("bench", "--seconds", "3")
    if told["stored"]["chunks"] != chunks:
        raise RuntimeError(f"{chunks} chunks were wanted: {told['stored']}")
    figures["memory: a process that answers, its model not counted"] = told["memory_bytes"]
    figures["disk: the ledger"] = told["stored"]["ledger_bytes"]
    if site.servers:
        figures["disk: Weaviate"] = _bytes_below(site.servers[Weaviate.name].data)
    else:
        figures["disk: the local index"] = told["stored"]["index_bytes"]
    for server in site.servers.values():
        figures[f"memory: {server.name}"] = 1_000 * memory_below(server.pid)
    return Figures(figures, Times(**told["parts"]["retrieve"]))


def _bytes_below(folder: Path) -> int:
    return sum(file.stat().st_blocks * 512 for file in folder.rglob("*") if file.is_file())
