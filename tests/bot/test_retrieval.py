"""From a question to passages that the ledger confirms; an outage is never an empty list."""

import pytest
from sqlalchemy import event, update

from bot import retrieval
from bot.answering import answer, inspect
from bot.retrieval import fuse, retrieve
from config.errors import UnavailableError
from ingest.documents import EVERYONE, Hit
from ingest.index import Row
from ingest.ledger import confirming, restoring
from ingest.ledger.tables import documents
from tests.doubles import MemoryConnector, Page, open_base
from workers.local import sync_sources

ALL = frozenset({EVERYONE})
PAGES = {
    "dogs": Page("dogs may come to the office on fridays\ndogs stay on a lead", title="Dogs"),
    "cats": Page("cats may not come to the office", title="Cats"),
    "vpn": Page("the vpn is needed for the accounts", title="VPN"),
}


@pytest.fixture
def base(tmp_path):
    with open_base(tmp_path / "var", memory=["wiki"]) as kb:
        kb.connectors["wiki"].pages.update(PAGES)
        sync_sources(kb, ["wiki"])
        yield kb


def entries(found):
    return [one.passage.entry for one in found.passages]


def test_the_nearest_passage_comes_first_with_both_scores(base):
    found = retrieve(base, "dogs office fridays", ALL)
    assert entries(found)[0] == "dogs"
    assert found.passages[0].words > 0
    assert found.passages[0].dense > 0.3
    assert [one.score for one in found.passages] == sorted(
        (one.score for one in found.passages), reverse=True
    )
    assert found.dropped == []


def test_without_principals_nothing_is_found(base):
    assert entries(retrieve(base, "dogs office fridays", frozenset())) == []


def test_before_anything_is_published_search_is_unavailable_and_says_what_to_do(tmp_path):
    with open_base(tmp_path, memory=["wiki"]) as kb, pytest.raises(UnavailableError, match="sabio sync"):
        retrieve(kb, "dogs", ALL)


def test_an_index_that_lost_everything_is_unavailable_and_not_empty(base):
    index = base.collection().index
    index.delete(list(index.ids()))
    with pytest.raises(UnavailableError, match="sabio rebuild"):
        retrieve(base, "dogs", ALL)


def test_a_permission_lost_in_the_ledger_counts_before_the_index_knows(base):
    with base.ledger.write() as ledger:
        ledger.execute(update(documents).where(documents.c.entry == "dogs").values(readers=["group:hr"]))
    found = retrieve(base, "dogs office fridays", ALL)
    assert "dogs" not in entries(found)
    assert {one.rule for one in found.dropped} == {"not readable by the asker"}


def test_a_source_that_is_no_longer_configured_is_not_answered_from(base):
    del base.connectors["wiki"]
    found = retrieve(base, "dogs office fridays", ALL)
    assert entries(found) == []
    assert {one.rule for one in found.dropped} == {"not published any more"}


def put_back(kb, count, text="dogs may come to the office on fridays"):
    """Rows that no document has, as an engine that brings deleted ones back would hold them."""
    [encoded] = kb.encoder.passages([text], ["en"])
    index = kb.collection().index
    index.write(
        [
            Row(f"00000000-0000-0000-0000-{number:012}", "gone", encoded.terms, encoded.vector, ALL)
            for number in range(count)
        ]
    )


def test_rows_put_into_the_index_behind_the_ledgers_back_are_dropped_and_counted(base):
    put_back(base, 20)
    reply = answer(base, "dogs office fridays", ALL)
    assert sum(one.rule == "not published any more" for one in reply.dropped) == 20
    assert {one.document for one in (*reply.citations, *reply.suggestions)} <= set(PAGES)


def test_rows_that_come_back_do_not_take_the_place_of_what_is_published(base):
    put_back(base, 2 * retrieval.POOL, "dogs office fridays")
    assert entries(retrieve(base, "dogs office fridays", ALL))[0] == "dogs"


def test_a_page_replaced_while_it_is_searched_for_is_found_as_it_is_now(base, monkeypatch):
    wiki, index = base.connectors["wiki"], base.collection().index
    search, looks = index.search, []

    def search_then_replace(*arguments):
        *asked, proposed = arguments

        def propose(chunks):
            looks.append(len(chunks))
            if len(looks) == 1:
                wiki.edit("dogs", text="dogs may come to the office on mondays")
                sync_sources(base, ["wiki"])
            proposed(chunks)

        return search(*asked, propose)

    monkeypatch.setattr(index, "search", search_then_replace)
    found = retrieve(base, "dogs office", ALL)
    assert len(looks) == 2
    assert [one.passage.text for one in found.passages if one.passage.entry == "dogs"] == [
        "dogs may come to the office on mondays"
    ]


def test_confirming_looks_up_the_hits_and_does_not_walk_through_all_chunks(base):
    asked = []

    def keep(_connection, _cursor, statement, parameters, *_):
        asked.append((statement, parameters))

    with base.ledger.read() as ledger:
        event.listen(ledger, "before_cursor_execute", keep)
        assert confirming.confirm(ledger, list(base.collection().index.ids()), ["wiki"])
        [(statement, parameters)] = asked
        plan = [row.detail for row in ledger.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    assert any(step.startswith("SEARCH chunks") and "(id=?)" in step for step in plan)
    assert any(step.startswith("SEARCH documents") and "(id=?)" in step for step in plan)


def test_one_document_does_not_crowd_out_the_rest(base):
    wiki = base.connectors["wiki"]
    text = "\n".join(f"# part {number}\ndogs office fridays rule number {number}" for number in range(8))
    wiki.edit("long", text=text, title="Dogs")
    sync_sources(base, ["wiki"])
    found = retrieve(base, "dogs office fridays", ALL, limit=30)
    share = retrieval.PER_DOCUMENT
    assert entries(found).count("long") > share
    last_other = max(place for place, entry in enumerate(entries(found)) if entry != "long")
    assert entries(found)[:last_other].count("long") == share


def test_the_same_text_on_two_pages_is_found_once(base):
    base.connectors["wiki"].edit("copy", text=PAGES["vpn"].text, title="VPN")
    sync_sources(base, ["wiki"])
    texts = [one.passage.text for one in retrieve(base, "vpn accounts", ALL).passages]
    assert texts.count(PAGES["vpn"].text) == 1


def test_a_legs_scores_are_mixed_in_standard_deviations_from_their_mean():
    hits = [Hit("a", words=3.0, dense=0.1), Hit("b", words=1.0, dense=0.3)]
    assert fuse(hits, 0.6) == [(hits[1], pytest.approx(0.2)), (hits[0], pytest.approx(-0.2))]
    assert [hit.chunk for hit, _ in fuse(hits, 0.3)] == ["a", "b"]


def test_equal_scores_are_fused_without_dividing_by_nothing():
    hits = [Hit("b", words=0.0, dense=0.5), Hit("a", words=0.0, dense=0.5)]
    assert [(hit.chunk, score) for hit, score in fuse(hits, 0.6)] == [("a", 0.0), ("b", 0.0)]
    assert fuse([], 0.6) == []


def test_odd_questions_are_searched_for_like_any_other(base):
    for text in [
        "🎉🎉",
        "the of and",
        "el de la",
        "'; DROP TABLE documents; --",
        "<b>dogs</b> [x](y)",
        "dogs" * 500,
        "犬は",
        "?",
        "AND OR NOT (title:dogs^5",
    ]:
        assert inspect(base, text, ALL).found.question.text == text
    assert entries(retrieve(base, "dogs office fridays", ALL))[0] == "dogs"


# --- only some of the sources ---


def crowd(kb, count):
    """A small source beside one whose every page comes nearer to a question about dogs."""
    wiki = {
        f"w{number:04}": Page(f"dogs office fridays rule {number}", title="Dogs") for number in range(count)
    }
    kb.connectors["wiki"].pages.update(wiki)
    kb.connectors["news"].pages.update(
        {f"n{number}": Page(f"{number} dogs were seen", title="News") for number in range(5)}
    )
    sync_sources(kb, ["wiki", "news"])


@pytest.mark.parametrize("engine", ["local", "weaviate"])
def test_a_source_that_others_crowd_out_is_found_whole(tmp_path, engine, request):
    index = "local" if engine == "local" else request.getfixturevalue("weaviate_url")
    with open_base(tmp_path / "both", memory=["wiki", "news"], index=index) as kb:
        crowd(kb, 150)
        assert not any(entry.startswith("n") for entry in entries(retrieve(kb, "dogs office fridays", ALL)))
        found = retrieve(kb, "dogs office fridays", ALL, sources=frozenset({"news"}), pool=10)
        assert sorted(entries(found)) == [f"n{number}" for number in range(5)]
        assert found.dropped == []


def test_looking_deeper_ends_when_there_is_nothing_deeper(base, monkeypatch):
    depths = searched(base, monkeypatch)
    base.connectors["news"] = MemoryConnector(name="news")
    assert entries(retrieve(base, "dogs", ALL, sources=frozenset({"news"}))) == []
    assert len(depths) == 1


def test_a_search_takes_no_more_of_a_leg_than_every_engine_gives(tmp_path, monkeypatch):
    monkeypatch.setattr(retrieval, "DEEPEST", 100)
    with open_base(tmp_path, memory=["wiki", "news"]) as kb:
        crowd(kb, 120)
        depths = searched(kb, monkeypatch)
        found = retrieve(kb, "dogs office fridays", ALL, sources=frozenset({"news"}), pool=2)
        assert found.passages == []
        assert depths == [16, 100, 100][: len(depths)]
        assert max(depths) == 100


def test_an_unrestricted_search_looks_as_deep_as_ever_and_once(base, monkeypatch):
    depths = searched(base, monkeypatch)
    retrieve(base, "dogs office fridays", ALL)
    assert depths == [retrieval.POOL]


def test_no_source_at_all_is_one_look_and_nothing(base, monkeypatch):
    depths = searched(base, monkeypatch)
    found = retrieve(base, "dogs office fridays", ALL, sources=frozenset())
    assert (found.passages, found.dropped) == ([], [])
    assert len(depths) == 1


def searched(kb, monkeypatch):
    """How deep the index is searched, look by look."""
    index, depths = kb.collection().index, []
    search = index.search
    monkeypatch.setattr(index, "search", lambda *given: (depths.append(given[3]), search(*given))[1])
    return depths


def test_what_is_held_in_a_source_that_is_not_asked_is_no_outage_and_is_not_named(tmp_path):
    with open_base(tmp_path, memory=["wiki", "news"]) as kb:
        crowd(kb, 3)
        with kb.ledger.write() as ledger:
            restoring.mark_restored(ledger)
        sync_sources(kb, ["news"])
        found = retrieve(kb, "dogs", ALL, sources=frozenset({"news"}))
        assert len(found.passages) == 5
        assert found.restored == frozenset()
        with pytest.raises(UnavailableError, match="nothing is answered from wiki before a sync"):
            retrieve(kb, "dogs", ALL, sources=frozenset({"wiki"}))
