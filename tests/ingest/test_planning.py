"""What a listing calls for: the rules one by one, and then random histories in which nothing may get lost."""

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from config.errors import UnavailableError
from ingest.documents import EVERYONE, Entry
from ingest.ledger.tables import documents
from ingest.planning import READERS, REINDEX, Brake, Failure, Known, due, plan
from tests.doubles import Page, differences, open_base
from workers.local import sync_sources

ALL = frozenset({EVERYONE})


def entry(id_="a", revision="1", **values):
    return Entry(id=id_, revision=revision, title="T", media_type="text/plain", readers=ALL, **values)


def known(listed=None, **values):
    listed = listed or entry()
    facts = {"published": listed.revision, "recipe": "r", "indexed": listed.readers or frozenset()}
    return Known(document=f"d-{listed.id}", entry=listed, **{**facts, **values})


def planned(listing, before, **options):
    return plan(listing, before, recipe="r", brake=options.pop("brake", Brake()), **options)


def test_an_entry_that_nobody_knew_is_new():
    assert planned([entry()], []).new == [(None, entry())]


def test_a_removed_document_that_is_listed_again_is_new():
    before = known(removed=True, published=None)
    assert planned([entry()], [before]).new == [(before, entry())]


def test_an_entry_as_it_was_is_unchanged():
    assert planned([entry()], [known()]).unchanged == [known()]


@pytest.mark.parametrize(
    "before",
    [
        known(published="0"),
        known(recipe="older"),
        known(entry(revision="2"), published="1"),  # whoever fetches revision 2 must not publish it over 1
        known(published="1", failure=Failure("0", "r")),
        known(published="0", failure=Failure("1", "older")),
        known(published="1", failure=Failure(None, None)),
    ],
    ids=["revision", "recipe", "taken back", "failed before", "another parser", "was not to be had"],
)
def test_a_body_is_fetched_when_it_may_be_another_or_may_be_read_better(before):
    assert planned([entry()], [before]).changed == [(before, entry())]


def test_what_could_not_be_read_is_left_alone_until_it_changes():
    before = known(published=None, failure=Failure("1", "r"))
    assert planned([entry()], [before]).unchanged == [before]
    assert planned([entry(revision="2")], [before]).new == [(before, entry(revision="2"))]
    assert planned([entry()], [before], full=True).new == [(before, entry())]


def test_a_permission_taken_away_from_an_unreadable_document_counts_for_the_version_that_is_published():
    before = known(published="0", failure=Failure("1", "r"))
    private = replace(entry(), readers=None)
    result = planned([private], [before])
    assert result.relisted == [(before, private)]
    assert due(before, private) == READERS


def test_full_fetches_everything():
    assert planned([entry()], [known()], full=True).changed == [(known(), entry())]


@pytest.mark.parametrize(
    ("changed", "action"),
    [
        ({"title": "Other"}, REINDEX),
        ({"author": "Ana"}, REINDEX),
        ({"readers": frozenset({"group:hr"})}, READERS),
        ({"readers": None}, READERS),
        ({"url": "https://example.com"}, None),
        ({"size": 3}, None),
    ],
)
def test_what_is_not_the_body_is_brought_up_to_date_without_fetching(changed, action):
    now = replace(entry(), **changed)
    assert planned([now], [known()]).relisted == [(known(), now)]
    assert due(known(), now) == action


def test_readers_that_the_index_was_never_told_are_due_although_nothing_changed():
    assert due(known(indexed=frozenset()), entry()) == READERS


def test_nothing_is_due_in_the_index_for_a_document_that_is_not_published():
    assert due(known(published=None), replace(entry(), title="Other")) is None


def test_what_is_not_listed_any_more_is_gone():
    assert planned([entry("b")], [known(), known(entry("b"))]).gone == [known()]


def many(count):
    return [entry(f"e{number}") for number in range(count)]


@pytest.mark.parametrize(
    ("before", "listed", "held"),
    [
        (100, 85, False),
        (100, 80, False),  # 20 may always go
        (100, 79, True),
        (1000, 850, False),
        (1000, 849, True),
        (10, 1, False),
        (10, 0, True),
        (1, 0, True),
    ],
)
def test_too_many_removals_are_held(before, listed, held):
    result = planned(many(listed), [known(one) for one in many(before)])
    assert (len(result.held), len(result.gone)) == ((before - listed, 0) if held else (0, before - listed))


def test_confirming_releases_the_brake():
    result = planned([], [known(one) for one in many(100)], confirmed=True)
    assert (len(result.held), len(result.gone)) == (0, 100)


def test_what_was_never_published_may_always_go():
    result = planned([], [known(one, published=None) for one in many(100)])
    assert (len(result.held), len(result.gone)) == (0, 100)


# Histories

IDS = st.sampled_from(["a", "b", "c", "d/e"])
WORDS = st.sampled_from(["alpha", "beta", "gamma", "delta", "title: Inner", "poison", ""])
TEXTS = st.lists(WORDS, min_size=1, max_size=4).map("\n".join)
READER_SETS = st.sampled_from(
    [ALL, frozenset({"user:ana@acme.com"}), frozenset({"group:hr", EVERYONE}), None]
)
EDITS = st.one_of(
    st.tuples(st.just("text"), IDS, TEXTS),
    st.tuples(st.just("title"), IDS, st.sampled_from(["One", "Two", "Three"])),
    st.tuples(st.just("readers"), IDS, READER_SETS),
    st.tuples(st.just("url"), IDS, st.sampled_from([None, "https://example.com/x"])),
    st.tuples(st.just("author"), IDS, st.sampled_from([None, "Ana", "Luis"])),
    st.tuples(st.just("delete"), IDS, st.none()),
    st.tuples(st.just("restore"), IDS, st.none()),
    st.tuples(st.just("rename"), IDS, IDS),
)
TROUBLES = st.one_of(
    st.none(),
    st.tuples(st.just("scan"), st.integers(0, 4)),
    st.tuples(st.just("fetch"), IDS),
    st.tuples(
        st.just("stop"),
        st.tuples(
            st.sampled_from(["planned", "parsed", "noted", "indexed", "published", "swept"]),
            st.integers(1, 3),
        ),
    ),
)
ROUNDS = st.lists(st.tuples(st.lists(EDITS, max_size=5), TROUBLES, st.booleans()), min_size=1, max_size=5)


class StoppedError(BaseException):
    """As Ctrl-C: not an error that anybody handles."""


def apply(source, seen, edit):
    kind, id_, value = edit
    if kind == "delete":
        source.pages.pop(id_, None)
    elif kind == "restore":
        if id_ in seen:
            source.pages[id_] = seen[id_]
    elif kind == "rename":
        if id_ in source.pages:
            source.pages[value] = source.pages.pop(id_)
    else:
        seen[id_] = source.pages.get(id_, Page("alpha"))
        source.edit(id_, **{kind: value})


def stop_at(step, nth):
    count = 0

    def observe(done, title=""):
        nonlocal count
        count += done == step
        if done == step and count == nth:
            raise StoppedError

    return observe


def sync_with(kb, source, trouble, full):
    """One sync that something goes wrong in."""
    kind, what = trouble

    def fail_scan(listed):
        if listed >= what:
            raise UnavailableError("the source went away")

    def fail_fetch(one):
        if one.id == what:
            raise UnavailableError("this page cannot be had", retry_after=0.001)

    observe = {}
    if kind == "scan":
        source.fail_with(on_scan=fail_scan)
    elif kind == "fetch":
        source.fail_with(on_fetch=fail_fetch)
    else:
        observe = {"observe": stop_at(*what)}
    try:
        sync_sources(kb, ["wiki"], full=full, confirmed=True, **observe)
    except StoppedError:
        pass  # the story of the next sync
    finally:
        source.fail_with()


def as_published(kb, pages, texts):
    """What the ledger should hold of the pages: of unreadable ones the last version that could be read, with
    the title of its time, but with the readers of now."""
    with kb.ledger.read() as ledger:
        rows = {
            row.entry: row
            for row in ledger.execute(documents.select().where(documents.c.revision.is_not(None)))
        }
    result = {}
    for id_, page in pages.items():
        if "poison" not in page.text:
            result[id_] = page
        elif id_ in rows:
            row = rows[id_]
            result[id_] = replace(page, text=texts[row.revision], title=row.title, author=row.author)
    return result


def live_through(rounds):
    with tempfile.TemporaryDirectory() as folder, open_base(Path(folder), memory=["wiki"]) as kb:
        source = kb.connectors["wiki"]
        seen, texts = {}, {}
        for edits, trouble, full in rounds:
            for edit in edits:
                apply(source, seen, edit)
            texts |= {page.entry_revision: page.text for page in source.pages.values()}
            if trouble:
                sync_with(kb, source, trouble, full)
            else:
                sync_sources(kb, ["wiki"], full=full, confirmed=True)
                assert differences(kb, "wiki", as_published(kb, source.pages, texts)) == []
        [report] = sync_sources(kb, ["wiki"], confirmed=True)
        assert report["outcome"] == "done"
        assert report["still_answerable"] == 0
        assert {one["document"] for one in report["failed"]} == {
            id_ for id_, page in source.pages.items() if "poison" in page.text
        }
        assert differences(kb, "wiki", as_published(kb, source.pages, texts)) == []
        embedded = len(kb.encoder.embedder.embedded)
        sync_sources(kb, ["wiki"], confirmed=True)
        assert len(kb.encoder.embedder.embedded) == embedded


@settings(max_examples=20)
@given(ROUNDS)
def test_after_any_history_index_and_ledger_are_what_the_source_is(rounds):
    live_through(rounds)


@pytest.mark.contract
@settings(max_examples=1000, phases=[Phase.explicit, Phase.generate])
@given(ROUNDS)
def test_a_thousand_histories_lose_nothing(rounds):
    live_through(rounds)
