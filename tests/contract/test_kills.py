"""Rows 10 to 13 of the reliability contract: workers that are killed, stopped, and that race one another."""

import json
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from ingest.ledger.tables import chunks, documents, pending
from ingest.observing import STEPS
from tests.contract.conftest import KINDS
from tests.doubles import Page, differences
from tests.sync_child import INSIDE, PUBLISHING, SOURCE, SyncChild, keep_ledger, open_folder
from workers.local import sync_sources

PLACES = (*STEPS, *INSIDE, PUBLISHING)
ON_SERVERS = ("noted", PUBLISHING, "swept")
"""Places that are tried on PostgreSQL and Weaviate as well each time; `make contract` tries them all."""


def on_both(places):
    """For tests that take `new_engines` and a place; places inside of a write are the local index's own."""
    cases = [(kind, place) for kind in KINDS for place in places if kind == "embedded" or place not in INSIDE]
    return pytest.mark.parametrize(("new_engines", "place"), cases, indirect=["new_engines"])


def write_pages(data: Path, count: int, version: str) -> None:
    (data / "docs").mkdir(parents=True, exist_ok=True)
    for number in range(count):
        lines = [f"# Part {part}\nPage {number} part {part}, {version}." for part in range(3)]
        (data / "docs" / f"page {number}.md").write_text("\n".join(lines))


def pages_of(data: Path) -> dict[str, Page]:
    """What the folder's connector lists, with texts."""
    with open_folder(data) as kb:
        return {
            one.id: Page(
                text=(data / "docs" / one.id).read_text(),
                title=one.title,
                url=one.url,
                author=one.author,
                revision=one.revision,
            )
            for one in kb.connectors[SOURCE].scan()
        }


def embedded(data: Path) -> list[str]:
    log = data / "embedded.log"
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def embedded_twice(data: Path) -> set[str]:
    """The titles of documents of which some chunk was embedded more than once."""
    return {text.partition(" > ")[0] for text, count in Counter(embedded(data)).items() if count > 1}


def snapshot(data: Path) -> dict[str, object]:
    """All that a clean run would make: rows of the ledger, the index and what a search finds."""
    with open_folder(data) as kb:
        with kb.ledger.read() as ledger:
            rows = ledger.execute(documents.select().order_by(documents.c.id)).mappings().all()
            kept = ledger.execute(chunks.select().order_by(chunks.c.id)).mappings().all()
        question = kb.encoder.question("page 1 part 2")
        hits = kb.collection().index.search(question.terms, question.vector, frozenset({"everyone"}), 50)
        return {
            # Times, and what a file system makes of an equal file elsewhere, are nobody's result.
            "documents": [
                {
                    k: row[k]
                    for k in ("id", "title", "readers", "indexed_readers", "body", "language", "recipe")
                }
                for row in rows
            ],
            "chunks": [dict(row) for row in kept],
            "index": sorted(kb.collection().index.ids()),
            # How rare a word is, its score counts with rows that were deleted and not cleared away yet.
            "hits": sorted((hit.chunk, hit.words > 0, round(hit.dense, 4)) for hit in hits),
        }


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    """What two runs without any kill make of eight pages, the second after every one was edited."""
    data = tmp_path_factory.mktemp("clean")
    results = {}
    for version in ("first", "second"):
        write_pages(data, 8, version)
        with open_folder(data) as kb:
            sync_sources(kb, [SOURCE])
        results[version] = snapshot(data)
    return results


def sync_until_killed(data: Path, place: str, nth: int) -> None:
    child = SyncChild(data, kill=f"{place}:{nth}")
    child.sync()
    assert child.end() == -signal.SIGKILL, f"it never came to {place}"


@pytest.mark.parametrize("place", PLACES)
def test_whatever_was_being_done_when_it_was_killed_the_next_sync_ends_as_if_nothing_happened(
    tmp_path, clean, place
):
    resume_after_kills(tmp_path, clean, place, [1, 3])


@pytest.mark.parametrize("place", ON_SERVERS)
def test_the_same_on_servers(tmp_path, clean, place, production):
    resume_after_kills(keep_ledger(tmp_path, **production), clean, place, [1, 3])


@pytest.mark.contract
@on_both(PLACES)
def test_twenty_kills_at_a_step_leave_no_trace(tmp_path_factory, clean, place, new_engines):
    for number in range(10):
        data = keep_ledger(tmp_path_factory.mktemp("kills"), **new_engines())
        resume_after_kills(data, clean, place, [1 + number % 8, 1 + 3 * number % 8])


def resume_after_kills(data, clean, place, nths):
    """The first kill hits the first sync, the second one the sync after every page was edited."""
    for version, nth in zip(("first", "second"), nths, strict=True):
        write_pages(data, 8, version)
        (data / "embedded.log").unlink(missing_ok=True)
        # A sync has only one scan and few batches.
        sync_until_killed(data, place, 1 if place in {"scanned", "planned", "claimed", "parsed"} else nth)
        with open_folder(data) as kb:
            [report] = sync_sources(kb, [SOURCE])
            assert report["outcome"] == "done"
            assert differences(kb, SOURCE, pages_of(data)) == []
        assert snapshot(data) == clean[version]
        assert len(embedded_twice(data)) <= 1
        assert len(embedded(data)) <= 24 + 3


def test_a_killed_workers_documents_are_taken_up_at_once_on_the_same_machine(tmp_path, ledger_url):
    write_pages(keep_ledger(tmp_path, ledger_url), 3, "first")
    sync_until_killed(tmp_path, "noted", 1)
    with open_folder(tmp_path, lease=3600) as kb:
        with kb.ledger.read() as ledger:
            assert [row.owner is not None for row in ledger.execute(pending.select())] == [True] * 3
        began = time.monotonic()
        [report] = sync_sources(kb, [SOURCE])
        assert report["outcome"] == "done"
        assert time.monotonic() - began < 60  # the leases are good for an hour


def race(data: Path, rounds: int) -> None:
    write_pages(data, 12, "round 0")
    children = [SyncChild(data) for _ in range(4)]
    try:
        for number in range(rounds):
            write_pages(data, 12, f"round {number}")
            (data / "embedded.log").unlink(missing_ok=True)
            for child in children:
                child.sync()
            reports = [child.report() for child in children]
            assert {report["outcome"] for report in reports} == {"done"}, reports
            assert embedded_twice(data) == set()
            assert len(embedded(data)) == 36
            with open_folder(data) as kb:
                assert differences(kb, SOURCE, pages_of(data)) == []
    finally:
        for child in children:
            child.end()


def test_four_processes_that_sync_the_same_source_share_the_work_and_do_nothing_twice(tmp_path, engines):
    race(keep_ledger(tmp_path, **engines), 3)


@pytest.mark.contract
def test_four_processes_do_nothing_twice_in_a_hundred_rounds(tmp_path, engines):
    race(keep_ledger(tmp_path, **engines), 100)


ZOMBIES = ("fetched", "noted", "indexed", "published", "swept", "rows written")


@pytest.mark.parametrize("place", ZOMBIES)
def test_a_worker_that_comes_back_after_its_lease_changes_nothing(tmp_path, place):
    outlive_a_lease(tmp_path, place, 1)


@pytest.mark.parametrize("place", ["noted", "published"])
def test_nor_does_it_on_servers(tmp_path, place, production):
    outlive_a_lease(keep_ledger(tmp_path, **production), place, 1)


def test_a_worker_that_is_stopped_within_a_transaction_is_not_waited_for_long(tmp_path, postgres_ledger):
    """On a server it loses the transaction, which holds locks, after a while (20 s unless told otherwise)."""
    url = f"{postgres_ledger}?options=-c%20idle_in_transaction_session_timeout=2s"
    outlive_a_lease(keep_ledger(tmp_path, url), PUBLISHING, 1)


@pytest.mark.contract
@on_both(ZOMBIES)
def test_fifty_zombies_change_nothing(tmp_path_factory, place, new_engines):
    for number in range(9):
        data = keep_ledger(tmp_path_factory.mktemp("zombie"), **new_engines())
        outlive_a_lease(data, place, 1 + number % 4)


def outlive_a_lease(data, place, nth):
    write_pages(data, 4, "first")
    with open_folder(data) as kb:
        sync_sources(kb, [SOURCE])
    write_pages(data, 4, "second")
    child = SyncChild(data, stop=f"{place}:{nth}", lease=1)
    child.sync()
    child.await_stop()
    # Back to what it was, so that what the stopped process still wants to delete is what is published now.
    write_pages(data, 4, "first")
    # One of its threads may have stopped within an index write, which keeps everybody else from writing.
    going_on = threading.Timer(3, child.signal, [signal.SIGCONT])
    going_on.start()
    try:
        with open_folder(data, lease=1) as kb:
            [report] = sync_sources(kb, [SOURCE])
            assert report["outcome"] == "done"
    finally:
        going_on.cancel()
        child.signal(signal.SIGCONT)
        child.end()
    assert child.left[-1]["outcome"] in {"done", "failed"}
    with open_folder(data) as kb:
        assert differences(kb, SOURCE, pages_of(data)) == []
