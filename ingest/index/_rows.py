"""The record of the local index: which chunks there are, who may find them, and their vectors.

`rows.sqlite` is the truth: what it does not name is not there. `vectors.f32` holds one vector a row, found
by row number. The keyword index beside them is a copy that can lag behind: the chunks for which it may are
kept as `unsettled` until it has caught up, so what a killed writer left undone is finished by the next one.

A vector is never overwritten while anybody may read it. Replacing a chunk writes a new row; the old row is
free once the change is committed, and is used again only after every search that began before has ended.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from threading import RLock

import numpy as np
from numpy.typing import NDArray

from ingest.documents import Readers
from ingest.index import Row, Vector
from ingest.index._words import Wording

# Seconds that a freed row keeps its vector: far longer than any search takes.
_GRACE = 10.0
# The vectors' file grows by this many rows at once, so that readers seldom have to map it anew.
_STEP = 4096
# The number of the readers' set of a free row, which is nobody.
_FREE = 0
_SCHEMA = (
    "CREATE TABLE collection (dimension INTEGER NOT NULL)",
    "CREATE TABLE sets (id INTEGER PRIMARY KEY, principals TEXT NOT NULL UNIQUE)",
    "INSERT INTO sets VALUES (0, '[]')",
    "CREATE TABLE rows (row INTEGER PRIMARY KEY, chunk TEXT UNIQUE, readers INTEGER NOT NULL,"
    " seq INTEGER NOT NULL, freed REAL NOT NULL, terms TEXT NOT NULL, pivot_terms TEXT NOT NULL)",
    "CREATE INDEX changes ON rows (seq, row, chunk, readers)",
    "CREATE INDEX free ON rows (freed) WHERE chunk IS NULL",
    "CREATE TABLE unsettled (chunk TEXT PRIMARY KEY) WITHOUT ROWID",
)


def create(folder: Path, dimension: int, version: int) -> None:
    """Make the record of a new collection; it is complete, with its `version`, or not there at all."""
    with closing(_connect(folder)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("BEGIN")
        for statement in _SCHEMA:
            db.execute(statement)
        db.execute("INSERT INTO collection VALUES (?)", (dimension,))
        db.execute(f"PRAGMA user_version = {version:d}")
        db.execute("COMMIT")
    (folder / "vectors.f32").touch()


def version(folder: Path) -> int:
    """The version of the record in a folder; 0 if there is none, or an unfinished one."""
    if not (folder / "rows.sqlite").exists():
        return 0
    with closing(_connect(folder)) as db:
        return int(db.execute("PRAGMA user_version").fetchone()[0])


def disown(folder: Path) -> None:
    """Mark the record as unfinished, so that a collection whose files are being removed is never opened."""
    with closing(_connect(folder)) as db:
        db.execute("PRAGMA user_version = 0")


def _connect(folder: Path) -> sqlite3.Connection:
    return sqlite3.connect(folder / "rows.sqlite", timeout=30, isolation_level=None, check_same_thread=False)


class Rows:
    """The record of an existing collection, open for reading and writing.

    For the writing methods (`put`, `set_readers`, `remove`, `settle`) the caller holds a lock over all
    threads and processes; the reading ones may be called at any time. `sqlite3.Error` and `OSError` pass
    through.
    """

    def __init__(self, folder: Path, on_change: Callable[[], None]) -> None:
        self._vectors_path = folder / "vectors.f32"
        self._on_change = on_change
        self._reader = _connect(folder)
        self._writer = _connect(folder)
        self.dimension = int(self._reader.execute("SELECT dimension FROM collection").fetchone()[0])
        self._lock = RLock()
        self._data_version = -1
        self._seq = -1
        self._names: list[str] = []
        self._row_of: dict[str, int] = {}
        self._set_of: NDArray[np.int32] = np.zeros(_STEP, np.int32)
        self._sets: list[Readers] = []
        self._sets_with: dict[str, list[int]] = defaultdict(list)
        self._vectors: NDArray[np.float32] = np.zeros((0, self.dimension), np.float32)

    def close(self) -> None:
        """Let go of the files."""
        self._reader.close()
        self._writer.close()

    # Writing

    def put(self, rows: Sequence[Row]) -> None:
        """Store rows whole, in place of those of the same chunks."""
        with self._change() as seq:
            self._free([row.chunk for row in rows], seq)
            places = self._places(len(rows))
            self._write_vectors(places, rows)
            sets = self._set_ids(row.readers for row in rows)
            self._writer.executemany(
                "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?, 0, ?, ?)",
                [
                    (place, row.chunk, sets[row.readers], seq, " ".join(row.terms), " ".join(row.pivot_terms))
                    for place, row in zip(places, rows, strict=True)
                ],
            )
            self._unsettle(row.chunk for row in rows)

    def set_readers(self, readers: Mapping[str, Readers]) -> int:
        """Change the readers of those chunks that are there: how many had others."""
        changed = 0
        with self._change() as seq:
            sets = self._set_ids(readers.values())
            for chunk, principals in readers.items():
                found = self._writer.execute(
                    "UPDATE rows SET readers = ?1, seq = ?2 WHERE chunk = ?3 AND readers <> ?1",
                    (sets[principals], seq, chunk),
                )
                if found.rowcount:
                    self._unsettle([chunk])
                    changed += 1
        return changed

    def remove(self, chunks: Collection[str]) -> None:
        """Forget chunks."""
        with self._change() as seq:
            self._free(chunks, seq)
            self._unsettle(chunks)

    def settle(self, put: Callable[[list[str], Iterator[Wording]], None]) -> None:
        """Give `put` the chunks for which the keyword index may lag behind, and what to hold of them."""
        chunks = self._column("SELECT chunk FROM unsettled")
        if chunks:
            put(chunks, self._wordings())
            self._writer.execute("DELETE FROM unsettled")

    def unsettle_all(self) -> None:
        """Have the keyword index made anew by the next `settle`."""
        self._writer.execute("INSERT OR IGNORE INTO unsettled SELECT chunk FROM rows WHERE chunk IS NOT NULL")

    def _wordings(self) -> Iterator[Wording]:
        found = self._writer.execute(
            # CROSS JOIN: from the few unsettled chunks to their rows, never the other way round.
            "SELECT chunk, terms, pivot_terms, principals"
            " FROM unsettled CROSS JOIN rows USING (chunk) CROSS JOIN sets ON sets.id = readers"
        )
        for chunk, terms, pivot_terms, principals in found:
            yield Wording(chunk, terms, pivot_terms, frozenset(json.loads(principals)))

    @contextmanager
    def _change(self) -> Iterator[int]:
        """A transaction, with the number under which its rows are found by whoever looks for changes."""
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            yield self._number("SELECT max(seq) FROM rows") + 1
            self._writer.execute("COMMIT")
        except BaseException:
            self._writer.rollback()
            raise

    def _free(self, chunks: Iterable[str], seq: int) -> None:
        self._writer.executemany(
            "UPDATE rows SET chunk = NULL, readers = ?, terms = '', pivot_terms = '', seq = ?, freed = ?"
            " WHERE chunk = ?",
            [(_FREE, seq, time.time(), chunk) for chunk in chunks],
        )

    def _unsettle(self, chunks: Iterable[str]) -> None:
        self._writer.executemany("INSERT OR IGNORE INTO unsettled VALUES (?)", [(chunk,) for chunk in chunks])

    def _places(self, count: int) -> list[int]:
        """Numbers for new rows: freed ones past their grace, then new ones."""
        past = time.time() - _GRACE
        freed = self._column("SELECT row FROM rows WHERE chunk IS NULL AND freed < ? LIMIT ?", past, count)
        following = self._number("SELECT max(row) FROM rows") + 1
        return [*freed, *range(following, following + count - len(freed))]

    def _write_vectors(self, places: Sequence[int], rows: Sequence[Row]) -> None:
        size = 4 * self.dimension
        with self._vectors_path.open("r+b") as file:
            needed = max(places, default=-1) + 1
            if file.seek(0, os.SEEK_END) < needed * size:
                file.truncate((needed + _STEP) * size)
            for place, row in zip(places, rows, strict=True):
                file.seek(place * size)
                file.write(row.vector.astype("<f4").tobytes())
            file.flush()
            os.fsync(file.fileno())

    def _set_ids(self, readers: Iterable[Readers]) -> dict[Readers, int]:
        ids = {}
        for principals in set(readers):
            text = json.dumps(sorted(principals))
            self._writer.execute("INSERT OR IGNORE INTO sets (principals) VALUES (?)", (text,))
            ids[principals] = self._number("SELECT id FROM sets WHERE principals = ?", text)
        return ids

    def _number(self, query: str, *values: object) -> int:
        found = self._writer.execute(query, values).fetchone()[0]
        return -1 if found is None else int(found)

    def _column(self, query: str, *values: object) -> list[str]:
        return [row[0] for row in self._writer.execute(query, values)]

    # Reading

    def chunks(self) -> list[str]:
        """Every chunk there is."""
        with self._lock:
            self.refresh()
            return list(self._row_of)

    def missing(self, chunks: Iterable[str]) -> set[str]:
        """Those of `chunks` that are not there."""
        with self._lock:
            self.refresh()
            return {chunk for chunk in chunks if chunk not in self._row_of}

    def unsettled(self) -> bool:
        """Whether the keyword index may lag behind."""
        with self._lock:
            return self._reader.execute("SELECT 1 FROM unsettled LIMIT 1").fetchone() is not None

    def readable(self, chunks: Iterable[str], principals: Readers) -> set[str]:
        """Those of `chunks` that are there and that any of `principals` may read."""
        with self._lock:
            return {
                chunk
                for chunk in chunks
                if (row := self._row_of.get(chunk)) is not None
                and not self._sets[self._set_of[row]].isdisjoint(principals)
            }

    def cosines(self, chunks: Collection[str], vector: Vector) -> dict[str, float]:
        """The cosine similarity of `vector` to each of `chunks` that is there."""
        with self._lock:
            places = {chunk: row for chunk in chunks if (row := self._row_of.get(chunk)) is not None}
            vectors = self._vectors
        scores = vectors[list(places.values())] @ vector
        return {chunk: float(score) for chunk, score in zip(places, scores, strict=True)}

    def nearest(self, vector: Vector, principals: Readers, limit: int) -> dict[str, float]:
        """The `limit` chunks nearest to `vector` among all that any of `principals` may read: cosines."""
        with self._lock:
            allowed = np.zeros(len(self._sets), bool)
            for principal in principals:
                allowed[self._sets_with.get(principal, [])] = True
            rows = np.flatnonzero(allowed[self._set_of[: len(self._names)]])
            vectors, names = self._vectors[: len(self._names)], self._names
        # Gathering a few rows is cheaper than multiplying all; gathering most of them is dearer.
        few = len(rows) * 4 < len(vectors)
        scores = vectors[rows] @ vector if few else (vectors @ vector)[rows]
        best = np.arange(len(rows)) if len(rows) <= limit else np.argpartition(scores, -limit)[-limit:]
        return {names[rows[i]]: float(scores[i]) for i in best}

    def refresh(self) -> None:
        """See what has been committed, by anybody; `on_change` is called when that was something."""
        with self._lock:
            data_version = self._reader.execute("PRAGMA data_version").fetchone()[0]
            if data_version == self._data_version:
                return
            changed = self._reader.execute(
                "SELECT row, chunk, readers, seq FROM rows WHERE seq > ?", (self._seq,)
            ).fetchall()
            # After the rows: every set that they name is there by then.
            for number, principals in self._reader.execute(
                "SELECT id, principals FROM sets WHERE id >= ? ORDER BY id", (len(self._sets),)
            ).fetchall():
                self._sets.append(frozenset(json.loads(principals)))
                for principal in self._sets[number]:
                    self._sets_with[principal].append(number)
            self._apply(changed)
            self._on_change()
            self._data_version = data_version

    def _apply(self, changed: list[tuple[int, str | None, int, int]]) -> None:
        count = max([len(self._names), *(row + 1 for row, *_ in changed)])
        self._names.extend([""] * (count - len(self._names)))
        if count > len(self._set_of):
            self._set_of = np.concatenate([self._set_of, np.zeros(count, np.int32)])
        if count > len(self._vectors):
            whole = self._vectors_path.stat().st_size // (4 * self.dimension)
            if whole < count:
                raise sqlite3.DatabaseError(f"vectors.f32 holds {whole} vectors of {count}")
            self._vectors = np.memmap(self._vectors_path, "<f4", "r", shape=(whole, self.dimension))
        for row, chunk, _, _ in changed:
            if self._row_of.get(self._names[row]) == row and self._names[row] != chunk:
                del self._row_of[self._names[row]]
            self._set_of[row] = _FREE
        for row, chunk, readers, seq in changed:
            if chunk is not None:
                # A free row keeps its name, for searches that are under way.
                self._names[row], self._row_of[chunk], self._set_of[row] = chunk, row, readers
            self._seq = max(self._seq, seq)
