"""What every index engine promises, whatever it is made of.

A test class inherits `IndexContract` and says with the fixture `opener` how a collection is opened: a
function without arguments that can be pickled, each call of which opens one more handle on the same, at first
empty, collection of vectors of `DIMENSION` floats.
"""

from __future__ import annotations

import multiprocessing
import random
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from threading import Event

import numpy as np
import pytest

from ingest.documents import EVERYONE, Hit, Readers
from ingest.index import Index, Row, Vector

# Forked from a process that has imported the engines and opened nothing: each begins at once.
CHILDREN = multiprocessing.get_context("forkserver")
CHILDREN.set_forkserver_preload([__name__, "ingest.index.local", "ingest.index.weaviate"])

DIMENSION = 8
ALL = frozenset({EVERYONE})
Opener = Callable[[], Index]

# Every character that some query language, file system or protocol gives a meaning to, or cannot hold.
ODD = (
    '"quoted"', "it's", "*", "a*b?", "(a:b)", "[x TO y]", "{x}", "\\", "a\\b", "AND", "NOT", "-minus", "^2",
    "+", "~", "/regex/", "|", "&&", "<b>", "%", "_", ";--", "$ne", "#", "@", "null", "0", "-1", "1e5",
    "a\x00b", "ñandú", "straße", "e\u0301", "\u200bzero", "\u202eleft", "日本語", "مرحبا", "😀", "é" * 2_000,
)  # fmt: skip


def unit(seed: int) -> Vector:
    """A vector of unit length, always the same for a seed."""
    vector = np.random.default_rng(seed).normal(size=DIMENSION)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def axis(number: int) -> Vector:
    """A unit vector along one axis."""
    return np.eye(DIMENSION, dtype=np.float32)[number]


def row(
    chunk: str, terms: str | Sequence[str] = "word", vector: Vector | None = None, readers: Readers = ALL
) -> Row:
    words = terms.split() if isinstance(terms, str) else terms
    return Row(chunk, "document", words, unit(len(chunk)) if vector is None else vector, readers)


def term(odd: str) -> str:
    """Odd characters as a term, which holds no white space."""
    return "".join(odd.split())


def ranking(hits: Sequence[Hit], leg: str) -> list[str]:
    """Chunk ids, the best first by one leg."""
    return [hit.chunk for hit in sorted(hits, key=lambda hit: (-getattr(hit, leg), hit.chunk))]


def found(hits: Sequence[Hit]) -> set[str]:
    assert len({hit.chunk for hit in hits}) == len(hits), "a chunk is proposed once"
    return {hit.chunk for hit in hits}


def write_batches(opener: Opener, batches: Sequence[Sequence[Row]]) -> None:
    """A writing process."""
    index = opener()
    for batch in batches:
        index.write(batch)
    index.close()


def write_until_killed(opener: Opener, said: Connection) -> None:
    """A process that writes documents of five rows and tells of each, before and after."""
    index = opener()
    for number in range(10_000):
        said.send(("began", number))
        index.write([row(f"{number}/{part}", f"n{number} word", unit(number)) for part in range(5)])
        if number % 3 == 2:
            index.set_readers({f"{number - 1}/0": frozenset({"user:ana"})})
            index.delete([f"{number - 2}/{part}" for part in range(5)])
        said.send(("ended", number))


def heard(pipe: Connection, last: object = None) -> Iterator[tuple[str, int]]:
    """What the process at the other end says, until it says `last` or ends."""
    with suppress(EOFError):
        while (said := pipe.recv()) != last:
            yield said


class IndexContract:
    @pytest.fixture
    def opener(self) -> Opener:
        raise NotImplementedError("say how the engine's collection is opened")

    @pytest.fixture
    def index(self, opener: Opener) -> Iterator[Index]:
        index = opener()
        yield index
        index.close()

    @pytest.fixture
    def other(self, opener: Opener) -> Iterator[Index]:
        """Another handle on the same collection."""
        other = opener()
        yield other
        other.close()

    # Finding

    def test_a_written_row_is_found_by_its_words_and_by_its_vector(self, index: Index) -> None:
        index.write([row("a", "apple pear", axis(0)), row("b", "plum", axis(1))])
        by_words = index.search(["plum"], None, ALL, 10)
        assert [(hit.chunk, hit.dense) for hit in by_words] == [("b", 0.0)]
        assert by_words[0].words > 0
        by_vector = index.search([], axis(1), ALL, 1)
        assert [(hit.chunk, hit.words) for hit in by_vector] == [("b", 0.0)]

    def test_an_empty_collection_answers_with_nothing(self, index: Index) -> None:
        assert list(index.search(["word"], unit(1), ALL, 10)) == []
        assert list(index.ids()) == []
        assert index.missing(["a"]) == {"a"}

    def test_dense_scores_are_dot_products(self, index: Index) -> None:
        vectors = {f"c{number}": unit(number) for number in range(200)}
        index.write([row(chunk, vector=vector) for chunk, vector in vectors.items()])
        asked = unit(1000)
        expected = sorted(vectors, key=lambda chunk: -float(vectors[chunk] @ asked))[:20]
        hits = index.search([], asked, ALL, 20)
        assert ranking(hits, "dense") == expected
        for hit in hits:
            assert hit.dense == pytest.approx(float(vectors[hit.chunk] @ asked), abs=1e-5)

    def test_words_rank_by_rarity_and_by_repetition(self, index: Index) -> None:
        index.write([row(f"common{number}", "tea sugar milk") for number in range(30)])
        index.write([row("rare", "tea saffron milk"), row("twice", "tea saffron saffron")])
        assert ranking(index.search(["saffron"], None, ALL, 10), "words") == ["twice", "rare"]
        assert ranking(index.search(["sugar", "saffron"], None, ALL, 10), "words")[:2] == ["twice", "rare"]
        asked_once = {hit.chunk: hit.words for hit in index.search(["saffron"], None, ALL, 10)}
        asked_twice = {hit.chunk: hit.words for hit in index.search(["saffron", "saffron"], None, ALL, 10)}
        assert asked_twice["rare"] == pytest.approx(2 * asked_once["rare"], rel=1e-3)

    def test_every_hit_has_the_true_score_of_both_legs(self, index: Index) -> None:
        index.write([row(f"near{number}", "filler", axis(0)) for number in range(5)])
        index.write([row("near-and-named", "saffron filler filler filler", axis(0))])
        index.write([row(f"named{number}", "saffron", axis(1)) for number in range(5)])
        hits = {hit.chunk: hit for hit in index.search(["saffron"], axis(0), ALL, 100)}
        for hit in index.search(["saffron"], axis(0), ALL, 6):
            assert hit.dense == pytest.approx(hits[hit.chunk].dense, abs=1e-6)
            assert hit.words == pytest.approx(hits[hit.chunk].words, rel=1e-4)
        assert hits["near-and-named"].words > 0
        assert hits["near0"].words == 0
        assert hits["named0"].dense == pytest.approx(0, abs=1e-6)

    def test_each_leg_keeps_to_the_limit(self, index: Index) -> None:
        index.write([row(f"named{number}", "saffron", axis(1)) for number in range(20)])
        index.write([row(f"near{number}", "filler", axis(0)) for number in range(20)])
        assert len(index.search(["saffron"], None, ALL, 7)) == 7
        assert len(index.search([], axis(0), ALL, 7)) == 7
        both = found(index.search(["saffron"], axis(0), ALL, 7))
        assert len(both) == 14
        assert len([chunk for chunk in both if chunk.startswith("near")]) == 7
        assert found(index.search(["saffron"], axis(0), ALL, 1_000)) == set(index.ids())

    def test_a_translated_chunk_is_found_by_its_own_terms_and_by_those_of_its_translation(
        self, index: Index
    ) -> None:
        index.write([replace(row("spanish", "vacacion"), pivot_terms=["holiday"]), row("english", "holiday")])
        assert found(index.search(["vacacion"], None, ALL, 5)) == {"spanish"}
        assert found(index.search(["holiday"], None, ALL, 5)) == {"spanish", "english"}

    def test_a_question_of_thousands_of_terms_still_finds_its_rarest(self, index: Index) -> None:
        index.write([row(f"c{number}", ["common", f"t{number}"]) for number in range(500)])
        index.write([row("wanted", "common saffron saffron")])
        index.write([row("also", ["common"] + [f"t{number}" for number in range(500)])])
        terms = ["common"] * 50 + ["unknown"] * 50 + [f"u{number}" for number in range(5_000)] + ["saffron"]
        assert ranking(index.search(terms, None, ALL, 5), "words")[0] == "wanted"

    def test_two_handles_rank_alike(self, index: Index, other: Index) -> None:
        generator = random.Random(1)
        words = [f"t{number}" for number in range(50)]
        index.write(
            [row(f"c{number}", generator.choices(words, k=20), unit(number)) for number in range(300)]
        )
        for number in range(10):
            question = generator.choices(words, k=4), unit(500 + number), ALL, 20
            ours, theirs = index.search(*question), other.search(*question)
            for leg in ("words", "dense"):
                assert ranking(ours, leg) == ranking(theirs, leg)

    # Readers

    def test_the_readers_filter_comes_before_the_limit(self, index: Index) -> None:
        secret, ana = frozenset({"group:board"}), frozenset({"user:ana"})
        index.write([row(f"secret{number}", "salary salary", axis(0), secret) for number in range(1_000)])
        index.write([row("open", "salary and other words besides", unit(7), ana)])
        assert found(index.search(["salary"], None, ana, 1)) == {"open"}
        assert found(index.search([], axis(0), ana, 1)) == {"open"}
        assert found(index.search(["salary"], axis(0), ana, 50)) == {"open"}

    def test_no_principals_find_nothing(self, index: Index) -> None:
        index.write([row("a"), row("b", readers=frozenset())])
        assert list(index.search(["word"], unit(1), frozenset(), 10)) == []

    def test_a_row_without_readers_is_found_by_nobody(self, index: Index) -> None:
        index.write([row("a", readers=frozenset()), row("b")])
        assert found(index.search(["word"], unit(1), ALL | {"", "user:ana", "a"}, 10)) == {"b"}
        assert index.missing(["a"]) == set()

    def test_one_shared_principal_suffices_and_only_whole_names_match(self, index: Index) -> None:
        index.write([row("a", readers=frozenset({"group:hr", "user:ana@acme.com"}))])
        for principals in ({"group:hr"}, {"user:ana@acme.com", "group:it"}):
            assert found(index.search(["word"], unit(1), frozenset(principals), 10)) == {"a"}
        for principals in (
            {"group:h"},
            {"group"},
            {"hr"},
            {"GROUP:HR"},
            {"group:hr/more"},
            {"group:*"},
            {"ana"},
        ):
            assert found(index.search(["word"], unit(1), frozenset(principals), 10)) == set()

    def test_blanks_at_the_edges_of_names_count(self, index: Index, other: Index) -> None:
        index.write([row("a", readers=frozenset({"group:hr "})), row(" a", readers=frozenset({"group:hr"}))])
        for handle in (index, other):
            assert found(handle.search(["word"], unit(1), frozenset({"group:hr "}), 10)) == {"a"}
            assert found(handle.search(["word"], unit(1), frozenset({"group:hr"}), 10)) == {" a"}
            assert set(handle.ids()) == {"a", " a"}
            assert handle.missing(["a", " a", "a "]) == {"a "}
        index.delete([" a"])
        assert set(other.ids()) == {"a"}

    def test_what_may_be_among_the_hits_is_told_before_they_are_scored_by_the_thread_that_asks(
        self, index: Index
    ) -> None:
        ana = frozenset({"user:ana"})
        index.write([row("a", "tea", axis(0)), row("b", "sugar", axis(1)), row("c", "tea", axis(2), ana)])
        told: list[tuple[set[str], int]] = []

        def proposed(chunks: Collection[str]) -> None:
            told.append((set(chunks), threading.get_ident()))

        for terms, vector in ((["tea"], axis(1)), (["tea"], None), ([], axis(1))):
            hits = index.search(terms, vector, ALL, 10, proposed)
            chunks, thread = told[-1]
            assert found(hits) <= chunks <= {"a", "b"}
            assert thread == threading.get_ident()

    def test_the_readers_filter_leaves_scores_as_they_are(self, index: Index) -> None:
        ana = frozenset({"user:ana"})
        index.write([row("a", "tea tea sugar", axis(0), ana), row("b", "tea", axis(1))])
        index.write([row(f"other{number}", "sugar", axis(2)) for number in range(20)])
        narrow = {hit.chunk: hit for hit in index.search(["tea", "sugar"], axis(0), ana, 10)}
        wide = {hit.chunk: hit for hit in index.search(["tea", "sugar"], axis(0), ana | ALL, 30)}
        assert narrow["a"].words == pytest.approx(wide["a"].words, rel=1e-5)
        assert narrow["a"].dense == pytest.approx(wide["a"].dense, abs=1e-6)

    def test_changed_readers_count_at_once_and_leave_words_and_vectors(
        self, index: Index, other: Index
    ) -> None:
        ana, bob = frozenset({"user:ana"}), frozenset({"user:bob"})
        index.write([row("a", "saffron tea", axis(0), ana), row("b", "tea", axis(1), ana)])
        assert index.set_readers({"a": bob, "not there": ALL}) == 1
        assert index.set_readers({"a": bob, "b": ana}) == 0
        for handle in (index, other):
            assert found(handle.search(["saffron", "tea"], axis(0), ana, 10)) == {"b"}
            (hit,) = handle.search(["saffron"], axis(0), bob, 10)
            assert hit.chunk == "a"
            assert hit.words > 0
            assert hit.dense == pytest.approx(1, abs=1e-6)
        index.set_readers({"a": frozenset()})
        for handle in (index, other):
            assert found(handle.search(["saffron", "tea"], axis(0), ana | bob | ALL, 10)) == {"b"}
            assert set(handle.ids()) == {"a", "b"}

    # Keeping the record

    def test_ids_and_missing_are_exact(self, index: Index, other: Index) -> None:
        index.write([row(f"c{number}") for number in range(50)])
        index.delete([f"c{number}" for number in range(10)])
        expected = {f"c{number}" for number in range(10, 50)}
        for handle in (index, other):
            assert sorted(handle.ids()) == sorted(expected)
            assert handle.missing(["c5", "c15", "never", "c5"]) == {"c5", "never"}
            assert handle.missing([]) == set()

    def test_writing_a_chunk_again_replaces_it_whole(self, index: Index, other: Index) -> None:
        index.write([row("a", "old", axis(0), frozenset({"user:ana"}))])
        index.write([row("a", "new", axis(1), frozenset({"user:bob"}))])
        for handle in (index, other):
            assert list(handle.ids()) == ["a"]
            assert found(handle.search(["old", "new"], axis(0), frozenset({"user:ana"}), 10)) == set()
            assert found(handle.search(["old"], None, frozenset({"user:bob"}), 10)) == set()
            (hit,) = handle.search(["new"], axis(1), frozenset({"user:bob"}), 10)
            assert hit.words > 0
            assert hit.dense == pytest.approx(1, abs=1e-6)

    def test_writing_the_same_twice_changes_nothing(self, index: Index) -> None:
        rows = [row(f"c{number}", f"t{number} word", unit(number)) for number in range(20)]
        index.write(rows)
        before = index.search(["word", "t3"], unit(3), ALL, 50)
        index.write(rows)
        index.write([*rows[:5], *rows[:5]])
        after = index.search(["word", "t3"], unit(3), ALL, 50)
        assert found(after) == found(before)
        assert ranking(after, "dense") == ranking(before, "dense")
        assert len(list(index.ids())) == 20

    def test_the_deleted_is_gone_also_after_reopening(
        self, index: Index, other: Index, opener: Opener
    ) -> None:
        index.write([row(f"c{number}") for number in range(20)])
        index.delete(["c3", "c4", "not there"])
        index.delete([])
        reopened = opener()
        for handle in (index, other, reopened):
            assert found(handle.search(["word"], unit(2), ALL, 50)).isdisjoint({"c3", "c4"})
            assert handle.missing(["c3", "c4", "c5"]) == {"c3", "c4"}
        reopened.close()

    def test_rows_are_counted(self, index: Index, other: Index) -> None:
        assert other.count() == 0
        index.write([row(f"c{number}") for number in range(7)])
        index.write([row("c1", "other words")])
        index.delete(["c2", "c3"])
        for handle in (index, other):
            assert handle.count() == 5

    def test_a_collection_that_was_not_dropped_is_not_gone(self, index: Index) -> None:
        index.write([row("a")])
        assert found(index.search(["word"], unit(1), ALL, 10)) == {"a"}
        assert not index.gone

    def test_a_deleted_chunk_can_be_written_again(self, index: Index, other: Index) -> None:
        index.write([row("a", "old", axis(0)), row("b")])
        index.delete(["a"])
        index.write([row("a", "new", axis(1))])
        (hit,) = other.search(["new"], axis(1), ALL, 1)
        assert (hit.chunk, hit.dense) == ("a", pytest.approx(1, abs=1e-6))

    def test_a_batch_of_thousands_is_written_whole_and_deleted_whole(
        self, index: Index, other: Index
    ) -> None:
        chunks = [f"c{number}" for number in range(5_000)]
        index.write([row(chunk, ["word", chunk], unit(n)) for n, chunk in enumerate(chunks)])
        assert other.missing(chunks) == set()
        for number in (0, 2_499, 4_999):
            (best, *_) = sorted(
                other.search([f"c{number}"], unit(number), ALL, 1), key=lambda hit: -hit.words
            )
            assert (best.chunk, best.dense) == (f"c{number}", pytest.approx(1, abs=1e-5))
        index.delete(chunks[1:])
        assert list(other.ids()) == ["c0"]
        assert found(other.search(["word"], unit(5), ALL, 10)) == {"c0"}

    def test_odd_characters_are_plain_text_everywhere(self, index: Index, other: Index) -> None:
        index.write(
            [
                row(f"id {odd}", [term(odd), "word"], unit(number), frozenset({f"user:{odd}"}))
                for number, odd in enumerate(ODD)
            ]
        )
        assert set(other.ids()) == {f"id {odd}" for odd in ODD}
        assert other.missing([f"id {odd}" for odd in ODD]) == set()
        for number, odd in enumerate(ODD):
            asking = frozenset({f"user:{odd}"})
            (hit,) = other.search([term(odd)], unit(number), asking, 10)
            assert hit.chunk == f"id {odd}"
            assert hit.words > 0
            assert hit.dense == pytest.approx(1, abs=1e-5)
            everyone_elses = frozenset(f"user:{other_odd}" for other_odd in ODD if other_odd != odd)
            assert f"id {odd}" not in found(
                other.search([term(odd), "word"], unit(number), everyone_elses, 500)
            )
        index.set_readers({f"id {odd}": ALL for odd in ODD})
        assert len(other.search(["word"], None, ALL, 500)) == len(ODD)
        index.delete([f"id {odd}" for odd in ODD])
        assert list(other.ids()) == []

    def test_dropping_removes_everything(self, index: Index, opener: Opener) -> None:
        index.write([row("a")])
        index.drop()
        again = opener()
        assert list(again.ids()) == []
        again.write([row("b")])
        assert found(again.search(["word"], unit(1), ALL, 10)) == {"b"}
        again.close()

    @pytest.mark.parametrize(
        "vector",
        [
            pytest.param(np.ones(DIMENSION + 1, np.float32) / 3, id="of another dimension"),
            pytest.param(np.full(DIMENSION, np.nan, np.float32), id="of NaN"),
            pytest.param(np.zeros(DIMENSION, np.float32), id="of zeros"),
            pytest.param(axis(0) * 1.01, id="not of unit length"),
        ],
    )
    def test_a_vector_that_cannot_be_right_is_refused_and_nothing_is_written(
        self, index: Index, vector: Vector
    ) -> None:
        with pytest.raises(ValueError, match=r"vector"):
            index.write([row("good"), row("bad", vector=vector)])
        assert list(index.ids()) == []

    # Several at once

    def test_threads_that_write_the_same_rows_leave_each_once(self, index: Index, other: Index) -> None:
        handles = [index, other]

        def write(turn: int) -> None:
            rows = [row(f"c{number}", f"word t{turn}", axis(turn % 2)) for number in range(turn, turn + 10)]
            handles[turn % 2].write(rows)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(write, [number % 8 for number in range(24)]))
        expected = {f"c{number}" for number in range(17)}
        for handle in handles:
            assert sorted(handle.ids()) == sorted(expected)
            assert found(handle.search(["word"], None, ALL, 100)) == expected
            assert found(handle.search([], axis(0), ALL, 100)) == expected

    def test_processes_that_write_the_same_rows_leave_each_once(self, index: Index, opener: Opener) -> None:
        batches = [
            [row(f"c{number}", f"word t{turn}", unit(turn)) for number in range(turn * 5, turn * 5 + 10)]
            for turn in range(10)
        ]
        writers = [
            CHILDREN.Process(target=write_batches, args=(opener, random.Random(seed).sample(batches, 10)))
            for seed in range(4)
        ]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join(60)
        assert [writer.exitcode for writer in writers] == [0, 0, 0, 0]
        expected = {f"c{number}" for number in range(55)}
        assert sorted(index.ids()) == sorted(expected)
        assert found(index.search(["word"], None, ALL, 200)) == expected
        assert found(index.search([], unit(1), ALL, 200)) == expected

    def test_while_rows_are_replaced_readers_see_the_old_or_the_new(self, index: Index, other: Index) -> None:
        versions = [
            [row(f"c{part}", "old word", axis(0)) for part in range(5)],
            [row(f"c{part}", "new word", axis(1)) for part in range(5)],
        ]
        index.write([row(f"other{number}", "filler", axis(2)) for number in range(50)])
        index.write(versions[0])
        done = Event()

        def replace() -> None:
            turn = 0
            while not done.is_set():
                turn += 1
                index.write(versions[turn % 2])

        def read(handle: Index) -> None:
            for _ in range(200):
                hits = handle.search(["old", "new"], (axis(0) + axis(1)) / 2, ALL, 5)
                assert found(hits) == {f"c{part}" for part in range(5)}
                for hit in hits:
                    assert hit.words > 0
                    assert hit.dense == pytest.approx(0.5, abs=1e-6)

        with ThreadPoolExecutor(3) as pool:
            writing = pool.submit(replace)
            try:
                for reading in [pool.submit(read, other), pool.submit(read, index)]:
                    reading.result()
            finally:
                done.set()
            writing.result()

    def test_a_writer_killed_at_any_moment_leaves_a_collection_that_works(
        self, index: Index, opener: Opener
    ) -> None:
        generator = random.Random(11)
        for _ in range(5):
            ours, theirs = CHILDREN.Pipe(duplex=False)
            writer = CHILDREN.Process(target=write_until_killed, args=(opener, theirs))
            writer.start()
            theirs.close()
            said = list(heard(ours, ("began", generator.randrange(3, 15))))
            # At once or many steps later: somewhere within the write that has begun.
            sum(range(generator.randrange(1, 1_000_000)))
            writer.kill()
            writer.join(60)
            said += heard(ours)
            self._check_after_kill(opener, max(number for word, number in said if word == "ended"))
        index.write([row("after", "saffron")])
        assert found(index.search(["saffron"], None, ALL, 10)) == {"after"}

    def _check_after_kill(self, opener: Opener, ended: int) -> None:
        """Every step that ended has happened whole; the one after it may have or not; and writing goes on."""
        index = opener()
        everyone = ALL | {"user:ana"}
        there = set(index.ids())
        deleted = {number - 2 for number in range(2, ended + 1, 3)}
        for number in range(ended + 1):
            chunks = {f"{number}/{part}" for part in range(5)}
            if number in deleted:
                assert chunks.isdisjoint(there)
            elif number != ended - 1:
                assert chunks <= there
                assert index.missing(chunks) == set()
                assert found(index.search([f"n{number}"], None, everyone, 10)) == chunks
        begun = [row(f"{ended + 1}/{part}", f"n{ended + 1} word", unit(ended + 1)) for part in range(5)]
        index.write(begun)
        assert found(index.search([f"n{ended + 1}"], None, ALL, 10)) == {one.chunk for one in begun}
        count = len(list(index.ids()))
        assert len(index.search([], unit(1), everyone, 10_000)) == count
        assert len(index.search(["word"], None, everyone, 10_000)) == count
        index.delete(list(index.ids()))
        assert list(index.ids()) == []
        index.close()
