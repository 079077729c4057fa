from __future__ import annotations

import multiprocessing
import os
import resource
import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from threading import Barrier, Event

import pytest
from filelock import FileLock

from config.errors import ConfigError, UnavailableError
from ingest.index import Row, _rows, local
from ingest.index._rows import Rows
from ingest.index._words import Words
from ingest.index.local import LocalIndex
from tests.contracts.index import ALL, DIMENSION, IndexContract, Opener, axis, found, row, unit


@pytest.fixture
def opener(tmp_path: Path) -> Opener:
    return partial(LocalIndex, tmp_path / "index", DIMENSION)


@pytest.fixture
def index(opener: Opener) -> Iterator[LocalIndex]:
    index = opener()
    yield index
    index.close()


class TestLocalIndex(IndexContract):
    @pytest.fixture
    def opener(self, tmp_path: Path) -> Opener:
        return partial(LocalIndex, tmp_path / "index", DIMENSION)


def document(version: str) -> list[Row]:
    """Five chunks, each with a term and a vector of its version."""
    return [row(f"c{part}", f"{version} word", axis(int(version == "new"))) for part in range(5)]


# Killed

STEPS: dict[str, tuple[type, str, bool]] = {
    "before the vectors are there": (Rows, "_write_vectors", False),
    "before the record is committed": (Rows, "_unsettle", True),
    "before the words are there": (Words, "put", False),
    "before the words are settled": (Words, "put", True),
}


def replace_and_die(opener: Opener, step: str) -> None:
    """A process that writes, and is killed at a step: before or after a method has done its work."""
    index = opener()
    owner, name, after = STEPS[step]
    work = getattr(owner, name)

    def die(*given: object) -> None:
        if after:
            work(*given)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, die)
    index.write([*document("new"), row("added", "new word", axis(1))])


@pytest.mark.parametrize("step", STEPS)
def test_a_writer_killed_at_a_named_step_leaves_the_old_or_the_new_and_the_next_one_finishes(
    index: LocalIndex, opener: Opener, step: str
) -> None:
    index.write(document("old"))
    writer = multiprocessing.get_context("spawn").Process(target=replace_and_die, args=(opener, step))
    writer.start()
    writer.join(60)
    assert writer.exitcode == -signal.SIGKILL
    begun = {f"c{part}" for part in range(5)} | {"added"}
    committed = "the words" in step
    there = begun if committed else begun - {"added"}
    for handle in (index, opener()):
        assert handle.missing(begun) == begun - there
        assert set(handle.ids()) == there
        assert found(handle.search(["new" if committed else "old"], None, ALL, 10)) == there
        assert found(handle.search(["old" if committed else "new"], None, ALL, 10)) == set()
        assert found(handle.search([], axis(1 if committed else 0), ALL, 10)) == there
        handle.close()


def test_opening_finishes_what_a_killed_writer_began(opener: Opener, monkeypatch) -> None:
    index = opener()
    index.write(document("old"))
    with monkeypatch.context() as patched:
        patched.setattr(Words, "put", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            index.write(document("new"))
    assert found(index.search(["old"], None, ALL, 10)) == {f"c{part}" for part in range(5)}
    reopened = opener()
    for handle in (index, reopened):
        assert found(handle.search(["old"], None, ALL, 10)) == set()
        assert found(handle.search(["new"], None, ALL, 10)) == {f"c{part}" for part in range(5)}
        handle.close()


def test_what_may_no_longer_be_read_is_not_found_by_words_that_lag_behind(
    index: LocalIndex, monkeypatch
) -> None:
    index.write([row("a", "salary"), row("b", "salary"), row("c", "salary")])
    monkeypatch.setattr(Words, "put", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        index.set_readers({"a": frozenset({"user:ana"})})
    with pytest.raises(KeyboardInterrupt):
        index.delete(["b"])
    assert found(index.search(["salary"], None, ALL, 10)) == {"c"}
    assert found(index.search(["salary"], axis(0), ALL, 10)) == {"c"}


@pytest.mark.parametrize("left", ["vectors.f32", "rows.sqlite", "rows.sqlite-wal", "words"])
def test_a_collection_that_was_left_half_made_is_made_anew(tmp_path: Path, opener: Opener, left: str) -> None:
    (tmp_path / "index").mkdir()
    if left == "words":
        Words(tmp_path / "index" / "words")
    else:
        (tmp_path / "index" / left).touch()
    with closing(opener()) as index:
        index.write(document("new"))
        assert len(index.search(["new"], axis(1), ALL, 10)) == 5


def test_a_collection_that_was_left_half_dropped_is_empty(opener: Opener, monkeypatch) -> None:
    index = opener()
    index.write(document("old"))
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            index.drop()
    with closing(opener()) as again:
        assert list(again.ids()) == []
        assert list(again.search(["old"], axis(0), ALL, 10)) == []


# Several at once


def test_several_that_open_a_new_collection_at_once_make_one(opener: Opener) -> None:
    together = Barrier(8)

    def open_and_write(number: int) -> None:
        together.wait()
        with closing(opener()) as index:
            index.write([row(f"c{number}", "word", axis(0))])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(open_and_write, range(8)))
    with closing(opener()) as index:
        everything = {f"c{number}" for number in range(8)}
        assert found(index.search(["word"], None, ALL, 10)) == everything
        assert found(index.search([], axis(0), ALL, 10)) == everything


def test_each_leg_sees_a_written_batch_whole_or_not_at_all(opener: Opener, index: LocalIndex) -> None:
    index.write(document("old"))
    done = Event()

    def replace() -> None:
        turn = 0
        while not done.is_set():
            turn += 1
            index.write(document("new" if turn % 2 else "old"))

    with closing(opener()) as other, ThreadPoolExecutor(1) as pool:
        writing = pool.submit(replace)
        try:
            for _ in range(300):
                hits = other.search(["old"], axis(0), ALL, 10)
                assert len(hits) == 5
                assert len({hit.dense for hit in hits}) == 1
                words = other.search(["old"], None, ALL, 10)
                assert len(words) in {0, 5}
        finally:
            done.set()
        writing.result()


def test_a_search_that_is_under_way_ends_with_what_it_began_with(
    index: LocalIndex, opener: Opener, monkeypatch
) -> None:
    """The rows that it looks at are replaced, deleted and written over while it looks."""
    index.write(document("old"))
    multiply = Rows.nearest

    def replace_first(rows: Rows, *question: object) -> dict[str, float]:
        with closing(opener()) as other:
            other.write(document("new"))
            other.delete(["c0"])
            other.write([row(f"d{part}", "new", axis(2)) for part in range(5)])
        return multiply(rows, *question)

    monkeypatch.setattr(Rows, "nearest", replace_first)
    hits = index.search([], axis(0), ALL, 10)
    assert {(hit.chunk, hit.dense) for hit in hits} == {(f"c{part}", 1.0) for part in range(5)}


def test_places_of_deleted_rows_are_used_again_after_their_grace(
    index: LocalIndex, opener: Opener, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr(_rows, "_GRACE", -1.0)
    monkeypatch.setattr(_rows, "_STEP", 1)
    with closing(opener()) as other:
        for turn in range(20):
            index.write([row(f"c{number}", f"t{turn}", unit(number)) for number in range(10)])
            assert found(other.search([f"t{turn}"], unit(3), ALL, 1)) >= {"c3"}
            index.delete([f"c{number}" for number in range(5)])
            assert set(other.ids()) == {f"c{number}" for number in range(5, 10)}
    assert (tmp_path / "index" / "vectors.f32").stat().st_size <= 4 * DIMENSION * 22


def test_a_writer_that_hangs_is_told_about(
    index: LocalIndex, opener: Opener, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr(local, "_PATIENCE", 0.0)
    with (
        closing(opener()) as other,
        FileLock(tmp_path / "index" / "lock"),
        pytest.raises(UnavailableError, match="Another process") as error,
    ):
        other.write(document("new"))
    assert str(tmp_path / "index") in str(error.value)


# Broken


@contextmanager
def full_disk(least: int) -> Iterator[None]:
    """No file can grow above `least` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (least, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("least", [0, 100, 40_000, 100_000])
def test_a_full_disk_is_an_outage_and_what_was_there_stays(
    index: LocalIndex, opener: Opener, tmp_path: Path, least: int
) -> None:
    index.write(document("old"))
    more = [
        row(f"d{number}", [f"{number}t{word}" for word in range(100)], unit(number)) for number in range(300)
    ]
    with full_disk(least), pytest.raises(UnavailableError, match="free space") as error:
        index.write(more)
    assert str(tmp_path / "index") in str(error.value)
    assert found(index.search(["old"], axis(0), ALL, 5)) >= {f"c{part}" for part in range(5)}
    index.write(more)
    assert index.missing([one.chunk for one in more]) == set()
    with closing(opener()) as reopened:
        assert found(reopened.search(["7t7"], None, ALL, 10)) == {"d7"}


def test_a_folder_that_cannot_be_made_is_an_outage_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UnavailableError, match=str(tmp_path / "file" / "index")):
        LocalIndex(tmp_path / "file" / "index", DIMENSION)


def change_format(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "rows.sqlite")) as db:
        db.execute("PRAGMA user_version = 99")


def cut_vectors(folder: Path) -> None:
    os.truncate(folder / "vectors.f32", 10)


def scribble_record(folder: Path) -> None:
    (folder / "rows.sqlite").write_bytes(b"scribble" * 1_000)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (change_format, "its format is 99"),
        (cut_vectors, "holds 0 vectors of 5"),
        (scribble_record, "damaged"),
    ],
)
def test_a_collection_that_cannot_be_read_asks_a_person(
    opener: Opener, tmp_path: Path, damage: Callable[[Path], None], told: str
) -> None:
    with closing(opener()) as index:
        index.write(document("old"))
    damage(tmp_path / "index")
    with pytest.raises(ConfigError, match=told) as error:
        opener()
    assert str(tmp_path / "index") in str(error.value)


def test_another_dimension_asks_a_person(opener: Opener, tmp_path: Path) -> None:
    opener().close()
    with pytest.raises(ConfigError, match="holds vectors of 8 floats, but the embedding model makes 384"):
        LocalIndex(tmp_path / "index", 384)


def test_a_lost_keyword_index_is_made_anew_from_the_record(opener: Opener, tmp_path: Path) -> None:
    with closing(opener()) as index:
        index.write(document("old"))
        index.set_readers({"c1": frozenset({"user:ana"})})
    shutil.rmtree(tmp_path / "index" / "words")
    with closing(opener()) as index:
        assert found(index.search(["old"], None, ALL, 10)) == {"c0", "c2", "c3", "c4"}
        assert found(index.search(["old"], None, frozenset({"user:ana"}), 10)) == {"c1"}


def test_a_keyword_index_that_holds_too_much_is_made_anew(opener: Opener, tmp_path: Path) -> None:
    with closing(opener()) as index:
        index.write([*document("old"), row("gone", "old")])
        shutil.copytree(tmp_path / "index" / "words", tmp_path / "copy")
        index.delete(["gone"])
    shutil.rmtree(tmp_path / "index" / "words")
    shutil.move(tmp_path / "copy", tmp_path / "index" / "words")
    with closing(opener()) as index:
        assert found(index.search(["old"], None, ALL, 5)) == {f"c{part}" for part in range(5)}


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(row("a", ["two words"]), id="white space in a term"),
        pytest.param(row("a", ["word", ""]), id="an empty term"),
        pytest.param(row("a", ["no\u00a0break"]), id="a no-break space"),
        pytest.param(row(""), id="an empty id"),
        pytest.param(row("a" * 70_000), id="an id that is too long"),
        pytest.param(row("a", readers=frozenset({"user:" + "a" * 70_000})), id="a reader that is too long"),
    ],
)
def test_a_row_that_could_not_be_found_again_is_refused(index: LocalIndex, wrong: Row) -> None:
    with pytest.raises(ValueError, match="chunk"):
        index.write([row("good"), wrong])
    assert list(index.ids()) == []
