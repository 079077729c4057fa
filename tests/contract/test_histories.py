"""Row 21 of the reliability contract: after any history the ledger and the index are what the source is."""

import tempfile
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from config.errors import UnavailableError
from ingest.documents import EVERYONE
from ingest.ledger.tables import documents
from tests.doubles import MemoryConnector, Page, differences, open_base
from workers.local import sync_sources

ALL = frozenset({EVERYONE})

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
        sync_sources(kb, [source.name], full=full, confirmed=True, **observe)
    except StoppedError:
        pass  # the story of the next sync
    finally:
        source.fail_with()


def as_published(kb, source, texts):
    """What the ledger should hold of the pages: of unreadable ones the last version that could be read, with
    the title of its time, but with the readers of now."""
    with kb.ledger.read() as ledger:
        rows = {
            row.entry: row
            for row in ledger.execute(
                documents.select().where(documents.c.source == source.name, documents.c.revision.is_not(None))
            )
        }
    result = {}
    for id_, page in source.pages.items():
        if "poison" not in page.text:
            result[id_] = page
        elif id_ in rows:
            row = rows[id_]
            result[id_] = replace(page, text=texts[row.revision], title=row.title, author=row.author)
    return result


def live_through(kb, name, rounds):
    """A source comes, goes through the rounds, and goes."""
    source = kb.connectors[name] = MemoryConnector(name=name)
    seen, texts = {}, {}
    for edits, trouble, full in rounds:
        for edit in edits:
            apply(source, seen, edit)
        texts |= {page.entry_revision: page.text for page in source.pages.values()}
        if trouble:
            sync_with(kb, source, trouble, full)
        else:
            sync_sources(kb, [name], full=full, confirmed=True)
            assert differences(kb, name, as_published(kb, source, texts)) == []
    [report] = sync_sources(kb, [name], confirmed=True)
    assert report["outcome"] == ("done" if report["scanned"] else "failed")  # an empty source is no success
    assert report["still_answerable"] == 0
    assert {one["document"] for one in report["failed"]} == {
        id_ for id_, page in source.pages.items() if "poison" in page.text
    }
    assert differences(kb, name, as_published(kb, source, texts)) == []
    embedded = len(kb.encoder.embedder.embedded)
    sync_sources(kb, [name], confirmed=True)
    assert len(kb.encoder.embedder.embedded) == embedded
    source.pages.clear()
    [report] = sync_sources(kb, [name], confirmed=True)
    assert report["still_answerable"] == 0
    assert differences(kb, name, {}) == []
    assert list(kb.collection().index.ids()) == []


def live_through_on_a_laptop(rounds):
    with tempfile.TemporaryDirectory() as folder, open_base(Path(folder)) as kb:
        live_through(kb, "wiki", rounds)


@settings(max_examples=12)
@given(ROUNDS)
def test_after_any_history_index_and_ledger_are_what_the_source_is(rounds):
    live_through_on_a_laptop(rounds)


@pytest.mark.contract
@settings(max_examples=1000, phases=[Phase.explicit, Phase.generate])
@given(ROUNDS)
def test_a_thousand_histories_lose_nothing(rounds):
    live_through_on_a_laptop(rounds)


# One installation lives through all of them, each with a source of its own.
on_servers = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
NUMBERS = count()


@pytest.fixture
def kb(tmp_path, production):
    with open_base(tmp_path, **production) as kb:
        yield kb


@settings(on_servers, max_examples=5)
@given(rounds=ROUNDS)
def test_after_any_history_postgresql_and_weaviate_are_what_the_source_is(kb, rounds):
    live_through(kb, f"wiki-{next(NUMBERS)}", rounds)


@pytest.mark.contract
@settings(on_servers, max_examples=1000, phases=[Phase.explicit, Phase.generate])
@given(rounds=ROUNDS)
def test_a_thousand_histories_lose_nothing_on_servers(kb, rounds):
    live_through(kb, f"wiki-{next(NUMBERS)}", rounds)
