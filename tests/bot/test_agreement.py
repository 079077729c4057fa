"""Pages that contradict each other are shown together, newest first, and it is said that they do."""

from dataclasses import replace

import pytest

from bot.agreement import find_dispute
from bot.answering import Inspection, compose
from bot.drafting import quote
from bot.messages import Outcome
from bot.retrieval import Found
from tests.bot.passages import find, hash_encoder, make_passage, rank_units
from tests.doubles import open_base

OLD = make_passage("Everybody has 24 days of holiday a year.", document="old", day=1)
NEW = make_passage("Everybody has 26 days of holiday a year.", document="new", day=9)
COPIES = [
    make_passage(f"Everybody has 99 days of holiday a year {word}.", document=word, day=5)
    for word in ("now", "today", "again", "indeed", "really", "surely")
]


def reply_to(question, *scored, outcome=Outcome.ANSWERED, tmp_path=None):
    ranked = sorted(
        (one for passage, score in scored for one in rank_units(passage, score)), key=lambda one: -one.score
    )
    encoder = hash_encoder()
    found = Found(encoder.question(question), encoder, [one.passage for one in ranked])
    with open_base(tmp_path, memory=["wiki"]) as kb:
        return compose(kb, Inspection(found, ranked, 0.9, outcome))


def test_both_are_shown_newest_first_with_their_dates(tmp_path):
    reply = reply_to("How many days of holiday?", (OLD, 9.0), (NEW, 6.0), tmp_path=tmp_path)
    assert [claim.text for claim in reply.claims] == [NEW.text, OLD.text]
    assert reply.notes == ("These pages do not say the same: “New” (9 March 2026), “Old” (1 March 2026).",)


def test_pages_that_agree_are_no_dispute(tmp_path):
    same = make_passage("You have 24 days of holiday each year.", document="same", day=9)
    reply = reply_to("How many days of holiday?", (OLD, 9.0), (same, 8.0), tmp_path=tmp_path)
    assert reply.notes == ()


def test_many_copies_of_a_lie_do_not_push_the_one_truth_out(tmp_path):
    scored = [(copy, 9.0 - place / 10) for place, copy in enumerate(COPIES)]
    reply = reply_to("How many days of holiday?", *scored, (OLD, 5.0), tmp_path=tmp_path)
    said = [claim.text for claim in reply.claims]
    assert OLD.text in said
    assert "do not say the same" in reply.notes[0]


def test_what_is_too_far_behind_to_be_shown_disputes_nothing():
    ranked = [*rank_units(OLD, 9.0), *rank_units(NEW, 1.0)]
    found = find("How many days of holiday?", OLD, NEW)
    assert find_dispute(found, quote(ranked, 5), ranked) is None


def test_what_shares_the_words_but_not_the_meaning_is_no_dispute(kb):
    carried = make_passage("Five days of holiday may be carried over.", document="carried")
    ranked = [*rank_units(OLD, 9.0), *rank_units(carried, 8.0)]
    found = find("How many days of holiday?", OLD, carried, encoder=kb.encoder)
    assert find_dispute(found, quote(ranked, 5), ranked) is None
    ranked = [*rank_units(OLD, 9.0), *rank_units(NEW, 8.0)]
    assert find_dispute(found, quote(ranked, 5), ranked) is not None


@pytest.mark.parametrize(
    ("question", "pivot"),
    [("What does a desk cost?", None), ("¿Cuánto cuesta un escritorio?", "How much does a desk cost?")],
)
def test_what_is_said_of_something_else_is_no_dispute(kb, question, pivot):
    desk = make_passage("A desk costs 200 euros for each employee.", document="prices")
    text = "A chair costs 80 euros for each employee.\nIt goes with any desk."
    for title, disputed in (("Chairs", False), ("A desk and what belongs to it", True)):
        chair = make_passage(text, document="furniture", title=title)
        ranked = [*rank_units(desk, 9.0), *rank_units(chair, 8.0, None)]
        found = find(question, desk, chair, encoder=kb.encoder)
        found = replace(found, question=replace(found.question, pivot=pivot))
        assert (find_dispute(found, quote(ranked[:1], 5), ranked) is not None) == disputed
