"""What a listing calls for: the rules one by one."""

from dataclasses import replace

import pytest

from ingest.documents import EVERYONE, Entry
from ingest.planning import READERS, REINDEX, Brake, Failure, Known, due, plan

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
