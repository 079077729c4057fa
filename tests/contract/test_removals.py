"""Rows 7, 8 and 20 of the reliability contract: what is deleted is gone, what only looks deleted is not."""

import random
import signal

import numpy as np
import pytest

from bot.retrieval import retrieve
from config.errors import ConfigError, UnavailableError
from ingest.auditing import audit
from ingest.documents import EVERYONE
from ingest.index import Row
from ingest.ledger import confirming, reading
from ingest.observing import STEPS
from tests.contract.test_kills import pages_of
from tests.doubles import Page, differences, open_base
from tests.sync_child import SOURCE, SyncChild, keep_ledger, open_folder
from workers.local import sync_sources

ALL = frozenset({EVERYONE})
PAGES = 40
"""Of which 6 may go without anybody being asked."""


# Row 7


def delete_with_kills(data, count, kills):
    docs = data / "docs"
    docs.mkdir()
    for number in range(2 * count):
        (docs / f"{number}.md").write_text(f"# Page {number}\nThe canary{number} sings.")
    with open_folder(data) as kb:
        sync_sources(kb, [SOURCE])
        for number in range(count):
            (docs / f"{number}.md").unlink()
            if number % (count // kills) == 0:
                child = SyncChild(data, kill=f"{random.Random(number).choice(STEPS)}:1")
                child.sync()
                assert child.end() in {-signal.SIGKILL, 0}
        [report] = sync_sources(kb, [SOURCE], confirmed=True)
        assert (report["outcome"], report["still_answerable"]) == ("done", 0)
        for number in range(count):
            assert min(canaries(retrieve(kb, f"canary{number}", ALL, limit=50))) >= count
        assert audit(kb, kb.collection()).orphans == 0
        assert differences(kb, SOURCE, pages_of(data)) == []


def canaries(found):
    return canaries_of(one.passage.text for one in found.passages)


def canaries_of(texts):
    words = " ".join(texts).split()
    return {int(word.removeprefix("canary")) for word in words if word.startswith("canary")}


def test_what_was_deleted_is_never_found_again_however_often_the_sync_was_killed(tmp_path, engines):
    delete_with_kills(keep_ledger(tmp_path, **engines), 12, 4)


@pytest.mark.contract
def test_five_hundred_deletes_with_random_kills_leave_no_hit_and_no_orphan(tmp_path, engines):
    delete_with_kills(keep_ledger(tmp_path, **engines), 500, 50)


def test_what_is_deleted_while_the_index_is_down_cannot_be_cited_from_the_scan_on(
    tmp_path, postgres_ledger, own_weaviate
):
    with open_base(tmp_path, memory=["wiki"], ledger=postgres_ledger, index=own_weaviate.url) as kb:
        wiki = kb.connectors["wiki"]
        for number in range(PAGES):
            wiki.edit(f"page {number}", text=f"The canary{number} sings.")
        sync_sources(kb, ["wiki"])
        held = list(kb.collection().index.ids())
        del wiki.pages["page 7"]
        own_weaviate.kill()
        [report] = sync_sources(kb, ["wiki"])
        assert (report["outcome"], report["error_kind"]) == ("failed", "UnavailableError")
        with kb.ledger.read() as ledger:
            citable = confirming.confirm(ledger, held, ["wiki"]).values()
        assert canaries_of(one.text for one in citable) == set(range(PAGES)) - {7}
        own_weaviate.run()
        own_weaviate.await_ready()
        assert canaries(retrieve(kb, "canary7", ALL, limit=50, pool=50)) == set(range(PAGES)) - {7}
        [report] = sync_sources(kb, ["wiki"])
        assert (report["outcome"], report["still_answerable"]) == ("done", 0)
        assert differences(kb, "wiki", wiki.pages) == []


# Row 8


@pytest.fixture
def kb(tmp_path, engines):
    with open_base(tmp_path, memory=["wiki"], brake_count=5, **engines) as kb:
        yield kb


@pytest.fixture
def wiki(kb):
    source = kb.connectors["wiki"]
    for number in range(PAGES):
        source.edit(f"page {number}", text=f"The canary{number} sings.", title=f"Title {number}")
    sync_sources(kb, ["wiki"])
    return source


def kept_rows(kb):
    """Rows as an engine might bring them back."""
    with kb.ledger.read() as ledger:
        published = reading.published_ids(ledger)
    vector = kb.encoder.embedder.question("The canary sings.")
    return [
        Row(chunk, document, ["canari", "sing"], np.array(vector), ALL)
        for chunk, document in published.items()
    ]


def test_rows_that_come_back_behind_the_ledgers_back_are_never_shown_and_are_cleared_away(kb, wiki):
    rows = kept_rows(kb)
    for number in range(30):
        del wiki.pages[f"page {number}"]
    sync_sources(kb, ["wiki"], confirmed=True)
    back = [row for row in rows if row.chunk in kb.collection().index.missing([row.chunk])]
    assert len(back) == 30
    kb.collection().index.write(back)
    found = retrieve(kb, "Which canary sings?", ALL, limit=200, pool=200)
    assert canaries(found) == set(range(30, PAGES))
    assert len(found.dropped) == 30
    assert audit(kb, kb.collection()).orphans == 30
    assert differences(kb, "wiki", wiki.pages) == []


def test_a_sync_with_nothing_to_do_clears_them_away_as_well(kb, wiki):
    rows = kept_rows(kb)
    del wiki.pages["page 1"]
    sync_sources(kb, ["wiki"])
    kb.collection().index.write(rows)
    sync_sources(kb, ["wiki"])
    assert differences(kb, "wiki", wiki.pages) == []


def test_what_a_source_holds_that_is_not_configured_any_more_is_not_answered(kb, wiki):
    del kb.connectors["wiki"]
    found = retrieve(kb, "canary7", ALL)
    assert (found.passages, len(found.dropped) > 0) == ([], True)
    kb.connectors["wiki"] = wiki
    assert canaries(retrieve(kb, "canary7", ALL)) >= {7}


# Row 20


def raise_after(count, error):
    def on_scan(listed):
        if listed >= count:
            raise error

    return on_scan


def only(wiki, count):
    for id_ in list(wiki.pages)[count:]:
        del wiki.pages[id_]


OUTAGES = {
    "an empty listing": lambda wiki: only(wiki, 0),
    "one page left": lambda wiki: only(wiki, 1),
    "half of it missing": lambda wiki: only(wiki, 20),
    "a listing cut off after most of it": lambda wiki: only(wiki, 33),
    "other ids for everything": lambda wiki: wiki._pages.update(
        {f"new {number}": wiki.pages.pop(f"page {number}") for number in range(PAGES)}
    ),
    "a folder of it missing": lambda wiki: [
        wiki.pages.pop(id_) for id_ in list(wiki.pages) if "page 1" not in id_
    ],
    "down from the start": lambda wiki: wiki.fail_with(on_scan=raise_after(0, UnavailableError("down"))),
    "an error midway": lambda wiki: wiki.fail_with(on_scan=raise_after(20, UnavailableError("timed out"))),
    "an error at the very end": lambda wiki: wiki.fail_with(
        on_scan=raise_after(PAGES, UnavailableError("reset"))
    ),
    "a password that expired": lambda wiki: wiki.fail_with(on_scan=raise_after(0, ConfigError("401"))),
    "a mistake of ours midway": lambda wiki: wiki.fail_with(on_scan=raise_after(20, ZeroDivisionError())),
}


@pytest.mark.parametrize("engines", ["embedded"], indirect=True)
@pytest.mark.parametrize("outage", OUTAGES)
def test_an_outage_that_looks_like_deletion_deletes_nothing_and_is_told(kb, wiki, outage):
    delete_nothing(kb, wiki, outage)


@pytest.mark.contract
@pytest.mark.parametrize("engines", ["production"], indirect=True)
@pytest.mark.parametrize("outage", OUTAGES)
def test_no_such_outage_deletes_anything_on_servers(kb, wiki, outage):
    delete_nothing(kb, wiki, outage)


def delete_nothing(kb, wiki, outage):
    before = dict(wiki.pages)
    OUTAGES[outage](wiki)
    new = wiki.pages.keys() - before.keys()
    try:
        [report] = sync_sources(kb, ["wiki"])
    except ZeroDivisionError:
        report = None
    assert report is None or (report["outcome"] == "held") != (report["outcome"] == "failed")
    assert report is None or report["removed"] == 0
    if report and report["outcome"] == "held":
        assert report["held"] == len(before.keys() - wiki.pages.keys())
    with kb.ledger.read() as ledger:
        published = {row.entry for row in reading.published_documents(ledger)}
    assert published == before.keys() | new
    wiki.fail_with()
    wiki.pages.clear()
    wiki.pages.update(before)
    [report] = sync_sources(kb, ["wiki"], confirmed=True)
    assert (report["held"], report["outcome"]) == (0, "done")
    assert differences(kb, "wiki", before) == []


def test_a_folder_that_is_not_mounted_deletes_nothing_and_is_told(tmp_path):
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(30):
        (docs / f"{number}.md").write_text(f"Page {number}")
    with open_folder(tmp_path) as kb:
        sync_sources(kb, [SOURCE])
        docs.rename(tmp_path / "elsewhere")
        [report] = sync_sources(kb, [SOURCE])
        assert (report["outcome"], report["error_kind"]) == ("failed", "UnavailableError")
        docs.mkdir()  # the mount point, with nothing mounted
        [report] = sync_sources(kb, [SOURCE])
        assert (report["outcome"], report["held"]) == ("held", 30)
        docs.rmdir()
        (tmp_path / "elsewhere").rename(docs)
        [report] = sync_sources(kb, [SOURCE])
        assert (report["outcome"], report["held"], report["new"]) == ("done", 0, 0)
        assert differences(kb, SOURCE, pages_of(tmp_path)) == []


def test_a_genuine_tenth_may_go(kb, wiki):
    only(wiki, 36)
    [report] = sync_sources(kb, ["wiki"])
    assert (report["outcome"], report["removed"], report["held"]) == ("done", 4, 0)
    assert differences(kb, "wiki", wiki.pages) == []


def test_what_is_held_goes_when_a_person_confirms_it(kb, wiki):
    only(wiki, 20)
    assert sync_sources(kb, ["wiki"])[0]["held"] == 20
    [report] = sync_sources(kb, ["wiki"], confirmed=True)
    assert (report["outcome"], report["removed"], report["held"]) == ("done", 20, 0)
    assert differences(kb, "wiki", wiki.pages) == []


def test_the_rest_goes_on_while_removals_are_held(kb, wiki):
    only(wiki, 20)
    wiki.edit("page 3", text="Edited meanwhile.")
    wiki.edit("page 4", readers=frozenset({"user:ana@acme.com"}))
    wiki.pages["page new"] = Page("A new one.")
    [report] = sync_sources(kb, ["wiki"])
    assert (report["outcome"], report["held"], report["changed"], report["new"]) == ("held", 20, 1, 1)
    with kb.ledger.read() as ledger:
        texts = {
            one.text
            for one in confirming.confirm(ledger, list(kb.collection().index.ids()), ["wiki"]).values()
        }
    assert {"Edited meanwhile.", "A new one.", "The canary39 sings."} <= texts


def test_since_when_a_document_is_missing_is_remembered_and_forgotten_when_it_comes_back(kb, wiki):
    before = dict(wiki.pages)
    only(wiki, 20)
    sync_sources(kb, ["wiki"])

    def missing():
        with kb.ledger.read() as ledger:
            rows = reading.published_documents(ledger)
        return {row.entry: row.missing_since for row in rows if row.missing_since}

    first = missing()
    assert len(first) == 20
    wiki.pages["page 30"] = before["page 30"]
    sync_sources(kb, ["wiki"])
    assert missing() == {id_: since for id_, since in first.items() if id_ != "page 30"}


def test_losing_a_permission_is_not_held(kb, wiki):
    for id_ in wiki.pages:
        wiki.edit(id_, readers=None)
    assert sync_sources(kb, ["wiki"])[0]["outcome"] == "done"
    assert retrieve(kb, "canary7", ALL).passages == []
