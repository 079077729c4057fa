"""`index: local`: the embedded engine, for up to some hundred thousand chunks and without a server.

Words are found by tantivy, vectors by exact dot products over a memory-mapped file; both look only at rows
that the asking principals may read. One folder holds one collection. Several processes may read and write it:
writers take turns by a lock that the operating system releases when one dies.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from config.errors import ConfigError, UnavailableError
from ingest.documents import Hit, Readers
from ingest.index import Proposed, Row, Vector, ignore
from ingest.index import _rows as record
from ingest.index._checks import check_row, check_vector
from ingest.index._rows import Rows
from ingest.index._words import Words

# Raised by one whenever what the files hold changes its meaning; an older collection is then built anew.
_VERSION = 1
_PATIENCE = 120.0
_ANEW = "Or delete that folder: the next sync builds the index anew."


class LocalIndex:
    """The collection in `folder`, created if it is not there, of vectors of `dimension` floats."""

    gone = False
    """A folder that was removed stays readable for those who have it open."""

    def __init__(self, folder: Path, dimension: int) -> None:
        self._folder = folder
        with self._translated():
            folder.mkdir(parents=True, exist_ok=True)
            self._turn = FileLock(folder / "lock", timeout=_PATIENCE, poll_interval=0.005)
            self._make(dimension)
            self._words = Words(folder / "words")
            self._rows = Rows(folder, on_change=self._words.reload)
            try:
                self._check_dimension(dimension)
                self._mend()
            except BaseException:
                self._rows.close()
                raise

    def write(self, rows: Sequence[Row]) -> None:
        """Store rows in one commit; on return each of them can be found."""
        latest = {row.chunk: row for row in rows}
        for row in latest.values():
            check_row(row, self._rows.dimension)
        if latest:
            with self._writing():
                self._rows.put(list(latest.values()))

    def set_readers(self, readers: Mapping[str, Readers]) -> int:
        """Change who may find chunks: how many had others; ids that are not there are ignored."""
        if not readers:
            return 0
        with self._writing():
            return self._rows.set_readers(readers)

    def delete(self, chunks: Collection[str]) -> None:
        """Remove rows; ids that are not there are ignored."""
        if chunks:
            with self._writing():
                self._rows.remove(chunks)

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
            check_vector(vector, self._rows.dimension)
        if not principals or limit <= 0:
            return []
        with self._translated():
            self._rows.refresh()
            words = self._words.search(terms, principals, limit) if terms else {}
            # The keyword index can lag behind the record, which alone knows who may read what.
            found = self._rows.readable(words, principals)
            dense = {} if vector is None else self._rows.nearest(vector, principals, limit)
            if vector is not None and (unmeasured := found - dense.keys()):
                measured = self._rows.cosines(unmeasured, vector)
            else:
                measured = {}
            if terms and (unweighed := dense.keys() - words.keys()):
                words |= self._words.scores(terms, unweighed)
        dense |= measured
        hits = [Hit(chunk, words.get(chunk, 0.0), dense.get(chunk, 0.0)) for chunk in found | dense.keys()]
        proposed([hit.chunk for hit in hits])
        return hits

    def ids(self) -> Iterator[str]:
        """Every chunk id in the collection."""
        with self._translated():
            return iter(self._rows.chunks())

    def count(self) -> int:
        """How many chunks there are."""
        with self._translated():
            return len(self._rows.chunks())

    def missing(self, chunks: Iterable[str]) -> set[str]:
        """Those of `chunks` that are not in the collection."""
        with self._translated():
            if self._rows.unsettled():
                # A writer is at work, or was killed: what it began is finished before anything is said.
                with self._writing():
                    pass
            return self._rows.missing(chunks)

    def drop(self) -> None:
        """Remove the folder with everything in it."""
        self.close()
        with self._translated(), self._turn:
            record.disown(self._folder)
            shutil.rmtree(self._folder)

    def close(self) -> None:
        """Let go of the files."""
        self._rows.close()

    def _make(self, dimension: int) -> None:
        """Make what is not there yet, one process at a time; the record comes last and says that all is."""
        words = self._folder / "words"
        found = record.version(self._folder)
        if found == 0 or not Words.exist(words):
            with self._turn:
                found = record.version(self._folder)
                if found == 0:
                    self._clear()
                Words(words)
                if found == 0:
                    record.create(self._folder, dimension, _VERSION)
                    found = _VERSION
        if found != _VERSION:
            raise ConfigError(
                f"The index in {self._folder} was made by another version of Sabio: its format is {found},"
                f" this one reads {_VERSION}. Go back to that version. {_ANEW}"
            )

    def _clear(self) -> None:
        """Remove everything but the lock: what a killed process left half made or half dropped."""
        for path in self._folder.iterdir():
            if path.name != "lock":
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _mend(self) -> None:
        """Finish what a killed writer began, and fill a keyword index that was lost.

        Nothing is waited for: whoever is writing at this moment does the first, and explains a difference.
        """
        if self._rows.unsettled() or len(self._rows.chunks()) != len(self._words):
            with suppress(Timeout), self._turn.acquire(timeout=0):
                self._rows.settle(self._words.put)
                if len(self._rows.chunks()) != len(self._words):
                    self._rows.unsettle_all()
                    self._words.clear()
                    self._rows.settle(self._words.put)

    def _check_dimension(self, dimension: int) -> None:
        if self._rows.dimension != dimension:
            raise ConfigError(
                f"The index in {self._folder} holds vectors of {self._rows.dimension} floats, but the"
                f" embedding model makes {dimension}. Set the model back. {_ANEW}"
            )

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """This process's turn to change the record; the keyword index has caught up when it is over."""
        with self._translated(), self._turn:
            yield
            self._rows.settle(self._words.put)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except Timeout as error:
            raise UnavailableError(
                f"Another process has been writing to the index in {self._folder} for {_PATIENCE:.0f}"
                " seconds. If it hangs, end it; its lock is released with it.",
                retry_after=_PATIENCE,
            ) from error
        except sqlite3.ProgrammingError as error:
            raise UnavailableError(
                f"The index in {self._folder} was closed by this process, as one is that was replaced."
            ) from error
        except (OSError, sqlite3.OperationalError) as error:
            raise UnavailableError(
                f"The index in {self._folder} cannot be used: {error}. "
                "Look at the disk's free space and at the folder's permissions."
            ) from error
        except sqlite3.DatabaseError as error:
            raise ConfigError(
                f"The index in {self._folder} is damaged: {error}. Restore it from a backup. {_ANEW}"
            ) from error


def check_folder(root: Path) -> None:
    """Raise `UnavailableError` when a folder of collections is there and cannot be written to."""
    if root.exists() and not os.access(root, os.R_OK | os.W_OK | os.X_OK):
        raise UnavailableError(f"the index in {root} cannot be read and written")


class LocalEngine:
    """Collections as folders below `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def open(self, name: str, dimension: int) -> LocalIndex:
        """The collection in the folder of that name, made if it is not there."""
        return LocalIndex(self._root / name, dimension)

    def drop(self, name: str) -> bool:
        """Remove a folder, whatever it holds; those who have it open go on reading what they have."""
        shutil.rmtree(self._root / name, ignore_errors=True)
        return not (self._root / name).exists()

    def point_to(self, name: str) -> None:
        """Folders need no pointer: nobody but Sabio reads them."""

    def warnings(self, name: str | None) -> Sequence[str]:  # noqa: ARG002
        """A folder has nothing to warn of that opening it would not say."""
        return ()

    def close(self) -> None:
        """Nothing is held open."""
