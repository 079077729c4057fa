"""What no engine could find again is refused before it is written, by all engines alike."""

from __future__ import annotations

import numpy as np

from ingest.index import Row, Vector

# Tantivy leaves longer ids and principals out in silence.
_LONGEST = 60_000


def check_row(row: Row, dimension: int) -> None:
    """Raise `ValueError` for a row that could not be found again in a collection of that dimension."""
    check_vector(row.vector, dimension)
    if abs(float(np.linalg.norm(row.vector)) - 1) > 1e-3:
        raise ValueError(f"the vector of chunk {row.chunk[:80]!r} is not of unit length")
    if not all(0 < len(name.encode()) <= _LONGEST for name in (row.chunk, *row.readers)):
        raise ValueError(f"chunk {row.chunk[:80]!r}: its id or a reader is empty or above {_LONGEST} bytes")
    terms = [*row.terms, *row.pivot_terms]
    if " ".join(terms).split() != terms:
        raise ValueError(f"a term of chunk {row.chunk[:80]!r} is empty or holds white space")


def check_vector(vector: Vector, dimension: int) -> None:
    """Raise `ValueError` for a vector of another shape, or with anything but finite numbers."""
    if vector.shape != (dimension,) or not np.isfinite(vector).all():
        raise ValueError(f"expected a vector of {dimension} finite floats, got shape {vector.shape}")
