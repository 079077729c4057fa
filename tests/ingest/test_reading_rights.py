"""Who may read by a source's own word: down its tree, through its groups, between syncs, and for how long."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from bot.door import handle
from bot.messages import Message, Outcome, Person
from bot.retrieval import retrieve
from bot.status import status_of
from bot.why import explain
from config.errors import UnavailableError
from ingest import sync
from ingest.documents import EVERYONE, Container, Inheritance
from ingest.ledger import access, now, reading
from ingest.ledger.scanning import readers_of
from ingest.ledger.tables import sources
from ingest.refreshing import refresh_permissions
from tests.doubles import Page, open_base
from workers.local import sync_sources

STAFF = "group:wiki/staff"
ANA, LUIS, EVA = "ana@acme.com", "luis@acme.com", "eva@acme.com"
NARROWS = Inheritance.NARROWS
DOGS = "Dogs may come to the office on Fridays."


@pytest.fixture
def kb(tmp_path):
    """A space that its staff may read, with a page for all of them and one for Ana."""
    with open_base(tmp_path, memory=["wiki"]) as kb:
        wiki = kb.connectors["wiki"]
        wiki.containers["space"] = Container("space", "The space", frozenset({STAFF}))
        wiki.members["staff"] = frozenset({f"user:{ANA}", f"user:{LUIS}"})
        wiki.pages["open"] = Page(DOGS, "Open", frozenset({EVERYONE}), parent="space", inheritance=NARROWS)
        only = frozenset({f"user:{ANA}"})
        wiki.pages["closed"] = Page("Cats stay at home.", "Closed", only, parent="open", inheritance=NARROWS)
        yield kb


def sync_wiki(kb):
    [report] = sync_sources(kb, ["wiki"])
    return report


def readers(kb):
    with kb.ledger.read() as ledger:
        return {row.entry: readers_of(row.readers) for row in reading.published_documents(ledger)}


def found(kb, person):
    return {one.passage.entry for one in retrieve(kb, "dogs cats", kb.principals(person)).passages}


def age(kb, hours):
    with kb.ledger.write() as ledger:
        moment = now() - timedelta(hours=hours)
        ledger.execute(update(sources).values(permitted_at=moment, listed_at=moment, refreshed_at=moment))


def test_a_person_reads_what_the_source_lets_them_read_through_its_groups(kb):
    assert sync_wiki(kb)["outcome"] == "done"
    assert readers(kb) == {"open": {STAFF}, "closed": {f"user:{ANA}"}}
    assert found(kb, ANA) == {"open", "closed"}
    assert found(kb, LUIS) == {"open"}
    assert found(kb, EVA) == found(kb, None) == set()


def test_whoever_joins_or_leaves_a_group_reads_or_does_not_without_any_document_being_touched(kb):
    sync_wiki(kb)
    kb.connectors["wiki"].members["staff"] = frozenset({f"user:{EVA}", f"user:{ANA}"})
    assert refresh_permissions(kb, "wiki") == 0
    assert (found(kb, EVA), found(kb, LUIS)) == ({"open"}, set())


def test_another_reader_of_a_container_counts_for_all_below_it_at_once(kb):
    sync_wiki(kb)
    fetched = len(kb.connectors["wiki"].fetched)
    kb.connectors["wiki"].containers["space"] = Container("space", "The space", frozenset({f"user:{LUIS}"}))
    assert refresh_permissions(kb, "wiki") == 2
    assert (found(kb, ANA), found(kb, LUIS)) == (set(), {"open"})
    assert len(kb.connectors["wiki"].fetched) == fetched


def test_nested_groups_are_flat_at_the_moment_of_a_question(kb):
    kb.connectors["wiki"].members.update(
        staff=frozenset({"group:wiki/team"}), team=frozenset({f"user:{EVA}"})
    )
    sync_wiki(kb)
    assert found(kb, EVA) == {"open"}


def test_a_person_may_be_called_otherwise_at_the_source(kb):
    kb.connectors["wiki"].members["staff"] = frozenset({"user:wiki/557058"})
    sync_wiki(kb)
    assert found(kb, EVA) == set()
    kb.settings = kb.settings.model_copy(update={"aliases": {EVA: frozenset({"user:wiki/557058"})}})
    assert found(kb, EVA) == {"open"}


def test_a_source_that_does_not_know_readers_is_not_asked_for_them(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/page.md").write_text(DOGS)
    folder = {"type": "folder", "path": str(tmp_path / "docs"), "readers": ["everyone"]}
    with open_base(tmp_path / "var", {"docs": folder}) as kb:
        sync_sources(kb, ["docs"])
        (tmp_path / "docs/page.md").unlink()
        (tmp_path / "docs").rmdir()
        assert refresh_permissions(kb, "docs") == 0
        age(kb, 100)
        assert {one.passage.entry for one in retrieve(kb, "dogs", kb.principals(None)).passages} == {
            "page.md"
        }


# A source that cannot be asked any more


def test_what_could_not_be_looked_up_for_a_day_is_closed_and_said_to_be(kb):
    sync_wiki(kb)
    age(kb, 23)
    assert found(kb, ANA) == {"open", "closed"}
    age(kb, 25)
    with pytest.raises(UnavailableError, match="who may read wiki"):
        found(kb, ANA)
    answer = handle(kb, Message("May dogs come to the office?", Person(ANA)))
    assert answer.outcome is Outcome.UNAVAILABLE
    assert "Fridays" not in answer.text
    [standing] = status_of(kb).sources
    assert standing.closed_since is not None
    refresh_permissions(kb, "wiki")
    assert found(kb, ANA) == {"open", "closed"}


def test_a_group_of_such_a_source_opens_nothing_elsewhere_either(kb):
    sync_wiki(kb)
    assert STAFF in kb.principals(LUIS)
    age(kb, 25)
    assert STAFF not in kb.principals(LUIS)


def test_a_refresh_that_fails_leaves_everything_as_it_was(kb):
    sync_wiki(kb)
    kb.connectors["wiki"].pages["closed"] = Page("Cats.", "Closed", frozenset({EVERYONE}))

    def down(count):
        raise UnavailableError("down")

    kb.connectors["wiki"].fail_with(on_scan=down)
    with pytest.raises(UnavailableError):
        refresh_permissions(kb, "wiki")
    assert readers(kb)["closed"] == {f"user:{ANA}"}


# Changes since


def scheduled(kb):
    run = sync.scan(kb, "wiki", scheduled=True)
    while sync.work(kb, ["wiki"], "somebody"):
        pass
    return sync.finish(kb, run)


def test_between_whole_listings_only_changes_are_asked_for(kb):
    wiki = kb.connectors["wiki"]
    wiki.follow()
    sync_wiki(kb)
    wiki.scans.clear()
    wiki.edit("open", text="Dogs may come on Mondays.")
    wiki.pages["new"] = Page("Birds sing.", "New", frozenset({EVERYONE}), parent="space", inheritance=NARROWS)
    del wiki.pages["closed"]
    report = scheduled(kb)
    assert (report["new"], report["changed"], report["removed"], report["scanned"]) == (1, 1, 1, 2)
    assert wiki.scans == []
    assert readers(kb) == {"open": {STAFF}, "new": {STAFF}}
    wiki.containers["space"] = Container("space", "The space", frozenset({f"user:{LUIS}"}))
    assert scheduled(kb)["readers_changed"] == 2
    assert found(kb, LUIS) == {"open", "new"}
    assert wiki.scans == []


@pytest.mark.parametrize("cause", ["lost", "by hand", "long ago"])
def test_a_whole_listing_is_made_where_changes_are_not_enough(kb, cause):
    wiki = kb.connectors["wiki"]
    wiki.follow()
    sync_wiki(kb)
    wiki.scans.clear()
    if cause == "lost":
        wiki.forget()
    elif cause == "long ago":
        with kb.ledger.write() as ledger:
            ledger.execute(update(sources).values(whole_at=now() - timedelta(days=8)))
    report = sync_wiki(kb) if cause == "by hand" else scheduled(kb)
    assert (report["unchanged"], wiki.scans) == (2, [2])


def test_what_is_held_is_not_listed_again_by_the_changes_that_follow(kb):
    wiki = kb.connectors["wiki"]
    wiki.follow()
    for number in range(40):
        wiki.pages[f"page{number}"] = Page(f"Page {number}.", f"Page {number}", frozenset({EVERYONE}))
    sync_wiki(kb)
    for number in range(40):
        del wiki.pages[f"page{number}"]
    assert scheduled(kb)["held"] == 40
    assert scheduled(kb)["held"] == 40


def test_a_look_at_permissions_while_a_source_is_listed_makes_the_next_listing_whole(kb):
    wiki = kb.connectors["wiki"]
    wiki.follow()
    sync_wiki(kb)
    wiki.fail_with(on_scan=lambda count: None)
    meanwhile = [True]

    def refresh(count):
        if count == 2 and meanwhile:
            meanwhile.clear()
            wiki.members["staff"] = frozenset({f"user:{LUIS}"})
            refresh_permissions(kb, "wiki")
            wiki.members["staff"] = frozenset({f"user:{ANA}", f"user:{LUIS}", f"user:{EVA}"})

    wiki.fail_with(on_scan=refresh)
    sync_wiki(kb)
    with kb.ledger.read() as ledger:
        # Nobody knows which of the two saw the newer ones: who is missing in either is not in it.
        assert access.groups_of(ledger, "wiki") == {STAFF: ("Staff", frozenset({f"user:{LUIS}"}))}
        assert access.last_listing(ledger, "wiki") is None
    refresh_permissions(kb, "wiki")
    assert STAFF in kb.principals(EVA)


# What is told


def test_a_sync_that_lists_nothing_has_not_gone_well(tmp_path):
    with open_base(tmp_path, memory=["wiki"]) as kb:
        report = sync_wiki(kb)
        assert report["outcome"] == "failed"
        assert "no documents are listed" in report["error"]


def test_a_run_says_how_many_documents_nobody_may_read(kb):
    kb.connectors["wiki"].pages["lost"] = Page(
        "Words.", "Lost", frozenset({EVERYONE}), parent="no such space", inheritance=NARROWS
    )
    assert sync_wiki(kb)["warnings"] == [
        "nobody may read 1 of its 3 documents: no readers are known; look at `readers`"
    ]


def test_why_explains_step_by_step(kb):
    sync_wiki(kb)
    [standing] = explain(kb, "closed", LUIS).documents
    permission = standing.permission
    assert not permission.may
    assert [(step.title, step.readers, step.through) for step in permission.steps] == [
        ("Closed", [f"user:{ANA}"], []),
        ("Open", [EVERYONE], [EVERYONE]),
        ("The space", [STAFF], [STAFF]),
    ]
    assert [step.inheritance for step in permission.steps] == [NARROWS, NARROWS, None]
    assert permission.groups == {STAFF: "Staff"}
    assert explain(kb, "closed", ANA).documents[0].permission.may
    age(kb, 25)
    permission = explain(kb, "closed", ANA).documents[0].permission
    assert (permission.may, permission.aged_since is None) == (False, False)
