"""The audit: what differs between the index and the ledger, and what is put right at once."""

import shutil

import numpy as np
import pytest

from ingest import auditing
from ingest.auditing import Audit, audit
from ingest.copying import restore
from ingest.documents import EVERYONE
from ingest.index import Row
from ingest.ledger import chores, working
from ingest.ledger.tables import chunks
from tests.doubles import differences, open_base
from workers.local import sync_sources

ALL = frozenset({EVERYONE})


def reopened(data, wiki, ledger_url):
    """The same installation, opened by another process as it were."""
    kb = open_base(data, memory=["wiki"], ledger=ledger_url)
    kb.connectors["wiki"] = wiki
    return kb


def strange_row(kb):
    """Of a chunk that nobody published."""
    vector = np.array(kb.encoder.embedder.question("strange"))
    return Row("strange", "of nobody", ["strange"], vector, ALL)


def test_an_audit_counts_and_mends_what_the_index_lost_and_what_it_made_up(kb, wiki):
    index = kb.collection().index
    index.delete(sorted(index.ids())[:7])
    index.write([strange_row(kb)])
    assert auditing.differences(kb, kb.collection()) == Audit(orphans=1, gaps=7)
    assert audit(kb, kb.collection(), fills={"wiki"}) == Audit(orphans=1, gaps=7)
    assert audit(kb, kb.collection(), fills={"wiki"}) == Audit(0, 0)
    assert differences(kb, "wiki", wiki.pages) == []


def test_an_audit_leaves_gaps_to_the_sources_that_were_not_listed_just_now(kb, wiki):
    kb.collection().index.delete(list(kb.collection().index.ids()))
    for fills in ((), {"drive"}):
        assert audit(kb, kb.collection(), fills) == Audit(0, 20, unfilled=frozenset({"wiki"}))
    assert list(kb.collection().index.ids()) == []


def test_what_was_missing_when_its_source_was_listed_is_not_filled_in(kb, wiki):
    kb.collection().index.delete(list(kb.collection().index.ids()))
    wiki.pages.clear()
    sync_sources(kb, ["wiki"])  # which holds the removals
    assert audit(kb, kb.collection(), fills={"wiki"}) == Audit(0, 20)
    assert list(kb.collection().index.ids()) == []


def test_wrong_readers_are_put_right_where_anything_else_was_wrong_or_when_asked_for(kb, wiki):
    index = kb.collection().index
    some, other, *_ = sorted(index.ids())
    index.set_readers({some: frozenset({"user:eve"})})
    assert audit(kb, kb.collection(), fills={"wiki"}).readers == 0
    assert audit(kb, kb.collection(), fills={"drive"}, readers=True).readers == 0
    assert audit(kb, kb.collection(), fills={"wiki"}, readers=True).readers == 1
    index.set_readers({some: frozenset({"user:eve"})})
    index.delete([other])
    assert audit(kb, kb.collection(), fills={"wiki"}) == Audit(0, 1, readers=1)
    assert differences(kb, "wiki", wiki.pages) == []


@pytest.mark.parametrize("how", [{"full": True}, {"after": {"sources": ["wiki"]}}, {}])
def test_syncs_that_doubt_the_index_put_readers_right(kb, wiki, how):
    """Those of everything, and those that the daily audit asked for."""
    index = kb.collection().index
    index.set_readers(dict.fromkeys(index.ids(), frozenset({"user:eve"})))
    if "after" in how:
        with kb.ledger.write() as ledger:
            chores.claim_chore(ledger, chores.AUDIT, "", "me", every=1, lease=1)
            chores.finish_chore(ledger, chores.AUDIT, "", "me", how["after"])
    sync_sources(kb, ["wiki"], full="full" in how)
    assert (differences(kb, "wiki", wiki.pages) == []) is bool(how)


def test_an_audit_leaves_alone_what_somebody_is_about_to_publish(kb, wiki):
    wiki.edit("page 1", text="Edited.")
    audits = []

    def look(step, title=""):
        if step == "indexed":
            audits.append(audit(kb, kb.collection(), fills=None))

    sync_sources(kb, ["wiki"], observe=look)
    assert audits == [Audit(0, 0)]
    assert differences(kb, "wiki", wiki.pages) == []


@pytest.mark.parametrize("lost", ["words", "rows.sqlite", "."])
def test_whatever_part_of_the_index_was_deleted_a_sync_makes_it_whole_or_says_what_to_do(
    tmp_path, kb, wiki, lost, ledger_url
):
    folder = tmp_path / "index" / kb.collection().name
    kb.close()
    path = folder / lost
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with reopened(tmp_path, wiki, ledger_url) as again:
        [report] = sync_sources(again, ["wiki"])
        if report["outcome"] == "failed":
            assert "delete that folder: the next sync builds the index anew" in report["error"]
            shutil.rmtree(folder)
    with reopened(tmp_path, wiki, ledger_url) as again:
        assert sync_sources(again, ["wiki"])[0]["outcome"] == "done"
        assert differences(again, "wiki", wiki.pages) == []


def test_a_document_that_was_published_by_somebody_else_meanwhile_is_restored_as_it_is_now(kb, wiki):
    """A worker that was fenced off may have deleted what is published again."""
    with kb.ledger.read() as ledger:
        document = ledger.execute(chunks.select()).first().document
        ids = [chunk.id for chunk in working.published_chunks(ledger, document)]
    kb.collection().index.delete(ids)
    assert restore(kb, kb.collection(), document, [*ids, "of nobody"]) == 2
    assert differences(kb, "wiki", wiki.pages) == []
