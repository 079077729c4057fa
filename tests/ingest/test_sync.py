"""The sync engine, step by step: what is fetched, embedded, published, repeated and told."""

import shutil
from dataclasses import replace
from datetime import timedelta

import pytest

from config.errors import ConfigError, DocumentError, UnavailableError
from ingest import publishing, sync
from ingest.documents import EVERYONE, document_id
from ingest.ledger import ContendedError, claims, confirming, now, reading, runs, working
from ingest.ledger.owners import new_owner
from ingest.ledger.tables import documents, pending, quarantine
from ingest.ledger.tables import runs as run_rows
from tests.doubles import Counter, Page, differences, index_differences, open_base
from workers.local import sync_sources

ANA = frozenset({"user:ana@acme.com"})


@pytest.fixture
def wiki(kb):
    source = kb.connectors["wiki"]
    for number in range(5):
        source.edit(
            f"page {number}",
            title=f"Title {number}",
            text=f"# One\nThe first part of {number}.\n# Two\nThe second part of {number}.",
        )
    return source


def synced(kb, **options):
    [report] = sync_sources(kb, ["wiki"], **options)
    return report


def row_of(kb, id_):
    with kb.ledger.read() as ledger:
        return ledger.execute(documents.select().where(documents.c.id == document_id("wiki", id_))).one()


def count(report, *names):
    return {name: report[name] for name in names}


def test_a_first_sync_publishes_everything_that_is_listed(kb, wiki):
    report = synced(kb)
    wanted = {
        "outcome": "done",
        "scanned": 5,
        "new": 5,
        "changed": 0,
        "unchanged": 0,
        "removed": 0,
        "held": 0,
    }
    assert count(report, *wanted) == wanted
    assert count(report, "chunks_embedded", "chunks_reused", "still_answerable") == {
        "chunks_embedded": 10, "chunks_reused": 0, "still_answerable": 0,
    }  # fmt: skip
    assert differences(kb, "wiki", wiki.pages) == []


def test_a_second_sync_fetches_nothing_and_embeds_nothing(kb, wiki):
    synced(kb)
    wiki.fetched.clear()
    kb.encoder.embedder.embedded.clear()
    assert count(synced(kb), "unchanged", "chunks_embedded") == {"unchanged": 5, "chunks_embedded": 0}
    assert (wiki.fetched, kb.encoder.embedder.embedded) == ([], [])


def test_an_edit_embeds_only_the_chunk_that_changed(kb, wiki):
    synced(kb)
    kb.encoder.embedder.embedded.clear()
    wiki.edit("page 1", text="# One\nThe first part of 1.\n# Two\nAnother second part.")
    report = synced(kb)
    assert count(report, "changed", "chunks_embedded", "chunks_reused") == {
        "changed": 1, "chunks_embedded": 1, "chunks_reused": 1,
    }  # fmt: skip
    assert kb.encoder.embedder.embedded == ["Title 1 > Two\nAnother second part."]
    assert differences(kb, "wiki", wiki.pages) == []


def test_a_retitled_page_is_embedded_anew_without_being_fetched(kb, wiki):
    synced(kb)
    wiki.fetched.clear()
    wiki.edit("page 1", title="Another title")
    report = synced(kb)
    assert count(report, "retitled", "changed", "chunks_embedded") == {
        "retitled": 1, "changed": 0, "chunks_embedded": 2,
    }  # fmt: skip
    assert wiki.fetched == []
    assert differences(kb, "wiki", wiki.pages) == []


def test_a_title_that_the_body_gives_stands_above_the_listed_one(kb, wiki):
    wiki.edit("page 1", text="title: From the body\nText.")
    synced(kb)
    wiki.edit("page 1", title="Another title")
    assert synced(kb)["chunks_embedded"] == 0
    assert row_of(kb, "page 1").title == "From the body"


def test_other_readers_count_at_once_and_embed_nothing(kb, wiki):
    synced(kb)
    wiki.edit("page 1", readers=ANA)
    wiki.edit("page 2", readers=None)
    report = synced(kb)
    assert count(report, "readers_changed", "chunks_embedded") == {"readers_changed": 2, "chunks_embedded": 0}
    assert differences(kb, "wiki", wiki.pages) == []


def test_losing_a_permission_is_never_braked_and_in_force_before_any_work(kb, wiki):
    synced(kb)
    for id_ in wiki.pages:
        wiki.edit(id_, readers=None)
    assert sync.scan(kb, "wiki")
    assert [row_of(kb, id_).readers for id_ in wiki.pages] == [None] * 5


def test_other_authors_and_addresses_reach_the_citations_without_a_fetch(kb, wiki):
    synced(kb)
    wiki.fetched.clear()
    wiki.edit("page 1", author="Ana", url="https://example.com/1")
    assert synced(kb)["chunks_embedded"] == 0
    assert (row_of(kb, "page 1").author, row_of(kb, "page 1").url) == ("Ana", "https://example.com/1")
    assert wiki.fetched == []


def test_a_renamed_page_is_a_removed_one_and_a_new_one_where_ids_are_paths(kb, wiki):
    synced(kb)
    wiki.pages["page 9"] = wiki.pages.pop("page 1")
    assert count(synced(kb), "new", "removed") == {"new": 1, "removed": 1}
    assert differences(kb, "wiki", wiki.pages) == []


def test_a_renamed_page_keeps_its_old_text_until_the_new_one_is_published(kb, wiki):
    synced(kb)
    wiki.edit("page 1", title="New title", text="New text.")
    run = sync.scan(kb, "wiki")
    with kb.ledger.read() as ledger:
        [*passages] = working.published_chunks(ledger, document_id("wiki", "page 1"))
    assert row_of(kb, "page 1").title == "Title 1"
    assert [passage.text for passage in passages] == ["The first part of 1.", "The second part of 1."]
    while sync.work(kb, ["wiki"], new_owner()):
        pass
    assert sync.finish(kb, run)["outcome"] == "done"
    assert differences(kb, "wiki", wiki.pages) == []


def test_a_removed_page_cannot_be_cited_from_the_scan_on(kb, wiki):
    synced(kb)
    ids = list(kb.collection().index.ids())
    del wiki.pages["page 1"]
    sync.scan(kb, "wiki")
    with kb.ledger.read() as ledger:
        assert len(confirming.confirm(ledger, ids, ["wiki"])) == 8


def test_a_page_that_comes_back_is_published_again(kb, wiki):
    page = wiki.pages["page 1"]
    synced(kb)
    del wiki.pages["page 1"]
    assert synced(kb)["removed"] == 1
    wiki.pages["page 1"] = page
    assert synced(kb)["new"] == 1
    assert differences(kb, "wiki", wiki.pages) == []


def test_full_reads_everything_again_and_embeds_nothing(kb, wiki):
    synced(kb)
    wiki.fetched.clear()
    assert count(synced(kb, full=True), "changed", "chunks_embedded", "chunks_reused") == {
        "changed": 5, "chunks_embedded": 0, "chunks_reused": 10,
    }  # fmt: skip
    assert sorted(wiki.fetched) == sorted(wiki.pages)


def test_another_way_of_cutting_reads_everything_again(kb, wiki, monkeypatch):
    synced(kb)
    monkeypatch.setattr(publishing, "PARSING_VERSION", "next")
    assert synced(kb)["changed"] == 5
    assert synced(kb)["unchanged"] == 5


def test_a_document_without_text_is_published_with_its_title_and_is_no_failure(kb, wiki):
    wiki.edit("page 1", text="title: Only a title\n")
    report = synced(kb)
    assert (report["outcome"], report["failed"]) == ("done", [])
    row = row_of(kb, "page 1")
    assert (row.title, row.revision, row.language) == (
        "Only a title",
        wiki.pages["page 1"].entry_revision,
        "en",
    )
    assert differences(kb, "wiki", wiki.pages) == []
    wiki.edit("page 1", title="Listed otherwise", text="title: Only a title\n")
    assert synced(kb)["outcome"] == "done"


# What cannot be read


def test_an_unreadable_document_is_tried_three_times_and_the_rest_goes_on(kb, wiki):
    wiki.edit("page 1", text="poison")
    report = synced(kb)
    assert report["outcome"] == "done"
    assert report["failed"] == [
        {"document": "page 1", "title": "Title 1", "reason": "it is poisonous", "attempts": 3}
    ]
    assert wiki.fetched.count("page 1") == 3
    del wiki.pages["page 1"]
    with kb.ledger.read() as ledger:
        assert len(reading.published_documents(ledger)) == 4


def test_an_unreadable_document_is_left_alone_and_told_again_until_it_changes(kb, wiki):
    wiki.edit("page 1", text="poison")
    synced(kb)
    wiki.fetched.clear()
    assert [one["document"] for one in synced(kb)["failed"]] == ["page 1"]
    assert wiki.fetched == []
    wiki.edit("page 1", text="Good again.")
    assert synced(kb)["failed"] == []
    assert differences(kb, "wiki", wiki.pages) == []


def test_an_edit_that_cannot_be_read_leaves_the_version_before_it_published(kb, wiki):
    synced(kb)
    good = wiki.pages["page 1"]
    wiki.edit("page 1", text="poison")
    assert len(synced(kb)["failed"]) == 1
    assert differences(kb, "wiki", {**wiki.pages, "page 1": good}) == []
    wiki.pages["page 1"] = good
    assert synced(kb)["failed"] == []


def test_a_permission_taken_from_an_unreadable_page_counts_for_its_published_version(kb, wiki):
    synced(kb)
    good = wiki.pages["page 1"]
    wiki.edit("page 1", text="poison")
    synced(kb)
    wiki.edit("page 1", readers=ANA)
    assert len(synced(kb)["failed"]) == 1
    assert differences(kb, "wiki", {**wiki.pages, "page 1": replace(good, readers=ANA)}) == []


def test_a_better_parser_tries_what_could_not_be_read(kb, wiki, monkeypatch):
    wiki.edit("page 1", text="poison")
    synced(kb)
    wiki.fetched.clear()
    monkeypatch.setattr(publishing, "PARSING_VERSION", "next")
    synced(kb)
    assert "page 1" in wiki.fetched


def test_a_document_that_ends_the_process_that_indexes_it_is_given_up_in_the_end(kb, wiki):
    synced(kb)
    wiki.edit("page 1", text="Deadly.")
    sync.scan(kb, "wiki")
    for _ in range(3):
        with kb.ledger.write() as ledger:
            [one] = claims.claim(ledger, new_owner(), ["wiki"], 10, 60)
            assert working.note(ledger, one, ["some chunk"])
            ledger.execute(pending.update().values(owner=None, lease_until=None))  # it died; its lease ended
            ledger.execute(run_rows.update().values(state="failed"))
        assert sync.scan(kb, "wiki")  # a new scan forgives nothing
    with kb.ledger.write() as ledger:
        ledger.execute(run_rows.update().values(state="failed"))
    report = synced(kb)
    assert [(one["document"], one["attempts"]) for one in report["failed"]] == [("page 1", 3)]
    assert "ended, 3 times" in report["failed"][0]["reason"]


# Sources that are down


def test_one_document_that_cannot_be_had_is_no_outage_and_is_tried_again_by_the_next_sync(kb, wiki):
    def refuse(entry):
        if entry.id == "page 1":
            raise UnavailableError("503", retry_after=0.01)

    wiki.fail_with(on_fetch=refuse)
    report = synced(kb)
    assert report["outcome"] == "done"
    assert [(one["document"], one["reason"], one["attempts"]) for one in report["failed"]] == [
        ("page 1", "503", 3)
    ]
    wiki.fail_with()
    report = synced(kb)
    assert (report["failed"], report["new"]) == ([], 1)
    assert differences(kb, "wiki", wiki.pages) == []


def test_a_source_that_goes_down_midway_fails_the_run_and_gives_everything_back(kb, wiki):
    def refuse(entry):
        raise UnavailableError("the wiki is down")

    wiki.fail_with(on_fetch=refuse)
    report = synced(kb)
    assert count(report, "outcome", "error", "error_kind", "failed") == {
        "outcome": "failed", "error": "the wiki is down", "error_kind": "UnavailableError", "failed": [],
    }  # fmt: skip
    with kb.ledger.read() as ledger:
        left = ledger.execute(pending.select()).all()
        assert {(row.owner, row.attempts) for row in left} == {(None, 0)}
        assert len(left) == 5
    wiki.fail_with()
    assert synced(kb)["outcome"] == "done"
    assert differences(kb, "wiki", wiki.pages) == []


def test_a_source_that_says_when_to_come_back_is_left_alone_until_then(kb, wiki):
    def refuse(entry):
        raise UnavailableError("429", retry_after=3600)

    wiki.fail_with(on_fetch=refuse)
    sync.scan(kb, "wiki")
    with pytest.raises(UnavailableError, match="429"):
        sync.work(kb, ["wiki"], new_owner())
    asked = len(wiki.fetched)
    assert sync.work(kb, ["wiki"], new_owner()) == 0
    assert len(wiki.fetched) == asked


def test_a_document_that_says_when_to_come_back_is_left_alone_until_then(kb, wiki):
    def refuse(entry):
        if entry.id == "page 1":
            raise UnavailableError("429", retry_after=3600)

    wiki.fail_with(on_fetch=refuse)
    sync.scan(kb, "wiki")
    while sync.work(kb, ["wiki"], new_owner()):
        pass
    assert wiki.fetched.count("page 1") == 1
    with kb.ledger.read() as ledger:
        assert ledger.execute(pending.select()).one().reason == "429"


def test_a_matter_of_configuration_stops_the_run(kb, wiki):
    def refuse(entry):
        raise ConfigError("the token has expired")

    wiki.fail_with(on_fetch=refuse)
    assert count(synced(kb), "outcome", "error_kind") == {"outcome": "failed", "error_kind": "ConfigError"}


def test_a_scan_that_fails_changes_nothing(kb, wiki):
    synced(kb)
    before = dict(wiki.pages)
    del wiki.pages["page 0"]
    wiki.edit("page 1", text="Changed.")

    def go_away(listed):
        if listed == 2:
            raise UnavailableError("gone")

    wiki.fail_with(on_scan=go_away)
    assert count(synced(kb), "outcome", "error") == {"outcome": "failed", "error": "gone"}
    assert differences(kb, "wiki", before) == []


def test_a_mistake_in_a_connector_is_seen_as_what_it_is_and_gives_the_scan_back(kb, wiki):
    def stumble(listed):
        raise KeyError("a bug")

    wiki.fail_with(on_scan=stumble)
    with pytest.raises(KeyError):
        synced(kb)
    wiki.fail_with()
    assert synced(kb)["outcome"] == "done"


def test_a_document_that_vanishes_between_scan_and_fetch_is_reported_and_gone_with_the_next_scan(kb, wiki):
    sync.scan(kb, "wiki")
    del wiki.pages["page 1"]
    while sync.work(kb, ["wiki"], new_owner()):
        pass
    with kb.ledger.read() as ledger:
        assert ledger.execute(quarantine.select()).one().reason == "page 1 is no longer there"
    assert synced(kb)["failed"] == []
    assert differences(kb, "wiki", wiki.pages) == []


# Several at once


def test_work_that_a_newer_listing_replaced_is_refused(kb, wiki):
    synced(kb)
    wiki.edit("page 1", text="Second version.")
    sync.scan(kb, "wiki")
    with kb.ledger.write() as ledger:
        [old] = claims.claim(ledger, new_owner(), ["wiki"], 10, 60)
        ledger.execute(run_rows.update().values(state="failed"))  # its process is thought dead
    wiki.edit("page 1", text="Third version.")
    run = sync.scan(kb, "wiki")
    with kb.ledger.write() as ledger:
        assert not working.note(ledger, old, ["x"])
        assert not working.finish(ledger, old, [], kb.collection().name)
        assert not working.fail(ledger, old, "late", limit=3)
        claims.release(ledger, old)
    while sync.work(kb, ["wiki"], new_owner()):
        pass
    assert sync.finish(kb, run)["outcome"] == "done"
    assert differences(kb, "wiki", wiki.pages) == []


def test_readers_that_change_back_while_somebody_copies_them_end_as_the_source_has_them(kb, wiki):
    synced(kb)
    wiki.edit("page 1", readers=ANA)
    sync.scan(kb, "wiki")
    with kb.ledger.write() as ledger:
        [slow] = claims.claim(ledger, new_owner(), ["wiki"], 10, 60)
        ledger.execute(run_rows.update().values(state="failed"))
    wiki.edit("page 1", readers=frozenset({EVERYONE}))
    sync.scan(kb, "wiki")
    publishing.carry_out(kb, kb.collection(), slow, None, sync.unobserved)
    while sync.work(kb, ["wiki"], new_owner()):
        pass
    assert differences(kb, "wiki", wiki.pages) == []


def test_a_source_is_not_scanned_while_somebody_follows_a_run_of_it(kb, wiki):
    run = sync.scan(kb, "wiki")
    assert sync.scan(kb, "wiki") is None
    while sync.work(kb, ["wiki"], new_owner()):
        pass
    assert sync.finish(kb, run)["outcome"] == "done"
    assert sync.scan(kb, "wiki")


def test_a_run_whose_process_is_gone_is_closed_by_the_next(kb, wiki):
    first = sync.scan(kb, "wiki")
    with kb.ledger.write() as ledger:
        ledger.execute(run_rows.update().values(owner="elsewhere/1/1/x", seen_at=an_hour_ago()))
    second = sync.scan(kb, "wiki")
    with kb.ledger.read() as ledger:
        report = reading.run_report(ledger, first)
        assert (report["outcome"], report["error"]) == ("failed", f"continued by run {second}")
        assert runs.left(ledger, second) == 5


def an_hour_ago():
    return now() - timedelta(hours=1)


def test_leases_of_the_dead_on_this_machine_end_at_once_and_others_when_they_expire(kb, wiki):
    sync.scan(kb, "wiki")
    ours = new_owner()
    host, pid, started, name = ours.split("/")
    dead, elsewhere = f"{host}/{pid}/1/{name}", f"another-machine/{pid}/{started}/{name}"
    with kb.ledger.write() as ledger:
        for owner in (ours, dead, elsewhere):
            assert len(claims.claim(ledger, owner, ["wiki"], 1, 60)) == 1
        claims.free_dead(ledger)
        held = {row.owner for row in ledger.execute(pending.select().where(pending.c.owner.is_not(None)))}
    assert held == {ours, elsewhere}
    with kb.ledger.write() as ledger:
        ledger.execute(pending.update().where(pending.c.owner == elsewhere).values(lease_until=an_hour_ago()))
        assert len(claims.claim(ledger, new_owner(), ["wiki"], 10, 60)) == 4


def test_work_that_was_in_the_way_of_others_is_done_again_and_the_run_goes_on(kb, wiki, monkeypatch):
    publish, lost = working.publish, []

    def lose_once(*args):
        if not lost:
            lost.append(args)
            raise ContendedError("a deadlock", retry_after=0.01)
        return publish(*args)

    monkeypatch.setattr(working, "publish", lose_once)
    assert count(synced(kb), "outcome", "new", "failed") == {"outcome": "done", "new": 5, "failed": []}
    assert lost
    assert differences(kb, "wiki", wiki.pages) == []


def test_every_step_is_told_to_whoever_watches(kb, wiki):
    told = Counter()
    sync_sources(kb, ["wiki"], observe=told)
    assert told.steps.keys() == set(sync.STEPS)
    assert [told.steps[step] for step in ("scanned", "planned", "published", "finished")] == [1, 1, 5, 5]


def test_an_index_that_is_gone_is_filled_from_the_ledger_without_fetching(kb, wiki, tmp_path, ledger_url):
    synced(kb)
    kb.close()
    shutil.rmtree(tmp_path / "index")
    wiki.fetched.clear()
    with open_base(tmp_path, memory=["wiki"], ledger=ledger_url) as again:
        again.connectors["wiki"] = wiki
        assert sync_sources(again, ["wiki"])[0]["outcome"] == "done"
        assert differences(again, "wiki", wiki.pages) == []
    assert wiki.fetched == []


def test_a_document_of_very_many_chunks_is_published_whole(kb, wiki):
    wiki.edit(
        "page 1", text="\n".join(f"# Part {number}\n" + f"word{number} " * 30 for number in range(1200))
    )
    assert synced(kb)["failed"] == []
    assert differences(kb, "wiki", wiki.pages) == []
    wiki.edit("page 1", text="Short.")
    synced(kb)
    assert differences(kb, "wiki", wiki.pages) == []


def test_a_page_may_be_anything(kb, wiki):
    wiki.pages["odd\nname ☃"] = Page("Text 'with' \"quotes\" \x07 ☃", title="")
    assert synced(kb)["failed"] == []


def test_a_document_error_of_a_fetch_names_its_reason(kb, wiki):
    def refuse(entry):
        if entry.id == "page 1":
            raise DocumentError("too large")

    wiki.fail_with(on_fetch=refuse)
    assert synced(kb)["failed"][0]["reason"] == "too large"


def test_a_new_title_for_a_page_whose_edit_cannot_be_read_does_not_pass_the_edit_off_as_published(kb, wiki):
    synced(kb)
    good = wiki.pages["page 1"]
    wiki.edit("page 1", text="poison")
    synced(kb)
    wiki.edit("page 1", title="New title")
    assert len(synced(kb)["failed"]) == 1
    assert row_of(kb, "page 1").title == "New title"
    assert row_of(kb, "page 1").revision == good.entry_revision


@pytest.mark.parametrize(
    "readers", [frozenset({"user:ana@acme.com"}), frozenset({"everyone", "group:hr"}), None]
)
def test_a_page_that_cannot_be_read_any_more_has_its_new_readers_all_the_same(kb, wiki, readers):
    synced(kb)
    wiki.edit("page 1", text="poison", readers=readers)
    report = synced(kb)
    assert [one["document"] for one in report["failed"]] == ["page 1"]
    with kb.ledger.read() as ledger:
        published = reading.published_ids(ledger)
        [kept] = [row for row in reading.published_documents(ledger) if row.entry == "page 1"]
    assert kept.indexed_readers == kept.readers or (kept.readers is None and kept.indexed_readers == [])
    assert index_differences(kb, published) == []
