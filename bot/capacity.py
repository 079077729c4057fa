"""What a number of documents would take, worked out from what was measured of fewer: the sums, and no more.

Each line is a figure with the arithmetic that made it, so that whoever doubts one sees what it rests on.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.bench import Measured

FEW = 1_000
"""With fewer chunks than these, what an empty installation takes weighs too much in the figures of each."""
FLOAT = 4
"""Bytes of a float of a vector."""


@dataclass(frozen=True, slots=True)
class Line:
    """One figure of an estimate."""

    what: str
    value: float
    unit: str
    """`chunks`, `bytes`, `hours` or `a second`."""
    arithmetic: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """What so many documents would take."""

    documents: int
    lines: list[Line]
    rests_on: int
    """The chunks that were measured; below `FEW` the figures say little."""


def estimate(measured: Measured, documents: int) -> Estimate:
    """What so many documents like those that are there would take, on such machines."""
    stored = measured.stored
    each = stored.chunks / stored.documents
    chunks = round(documents * each)
    lines = [
        Line("chunks", chunks, "chunks", f"{documents:,} documents × {each:.2f} chunks each"),
        Line(
            "embedding them the first time, by one process",
            chunks / measured.embedding_per_second / 3600,
            "hours",
            f"{chunks:,} chunks / {measured.embedding_per_second:,.1f} a second / 3,600",
        ),
        _of_each("the ledger on its disk", stored.ledger_bytes, stored.chunks, chunks),
        Line(
            "vectors alone",
            chunks * stored.dimension * FLOAT,
            "bytes",
            f"{chunks:,} chunks × {stored.dimension:,} floats × {FLOAT} bytes",
        ),
    ]
    if stored.index_bytes is not None:
        lines.append(_of_each("the local index on its disk", stored.index_bytes, stored.chunks, chunks))
    best = max(measured.questions, key=lambda one: one.per_second)
    lines.append(
        Line(
            "questions that one process answers",
            best.per_second,
            "a second",
            f"as measured, with {best.people} at once on {measured.stored.chunks:,} chunks",
        )
    )
    return Estimate(documents, lines, stored.chunks)


def _of_each(what: str, bytes_: int, of: int, chunks: int) -> Line:
    each = bytes_ / of
    return Line(what, chunks * each, "bytes", f"{chunks:,} chunks × {each:,.0f} bytes ({bytes_:,} / {of:,})")
