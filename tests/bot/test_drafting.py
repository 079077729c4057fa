"""An answer by quotation: the best units, a few, in an order that reads well."""

from bot.drafting import MARGIN, TIE, quote
from bot.ranking import Ranked
from bot.verification import verify
from tests.bot.passages import make_passage, rank_units


def best_first(*groups: list[Ranked]) -> list[Ranked]:
    return sorted((one for group in groups for one in group), key=lambda one: -one.score)


def texts(ranked, limit=5):
    return [draft.text for draft in quote(ranked, limit)]


def test_nothing_found_makes_no_draft():
    assert quote([], 5) == []


def test_what_is_far_behind_the_best_is_left_out():
    page = make_passage("Cats.\nDogs.\nBirds.")
    assert texts(rank_units(page, 9.0, 9.0 - MARGIN, 9.0 - MARGIN - 0.1)) == ["Cats.", "Dogs."]


def test_no_more_are_quoted_than_wanted():
    page = make_passage("One.\nTwo.\nThree.")
    assert texts(rank_units(page, 9.0, 8.9, 8.8), limit=2) == ["One.", "Two."]


def test_the_best_sentence_brings_the_one_that_goes_on_after_it_but_no_other_does():
    page = make_passage("Dogs may come. Only on Fridays. Cats stay at home.\nBirds may not. They sing.")
    assert texts(rank_units(page, 9.0, None, None, 8.0, None)) == [
        "Dogs may come.",
        "Only on Fridays.",
        "Birds may not.",
    ]


def test_the_paragraph_below_does_not_go_on_after_the_best_sentence():
    page = make_passage("Dogs may come.\nCats stay at home.")
    assert texts(rank_units(page, 9.0, None)) == ["Dogs may come."]


def test_the_best_sentence_brings_what_it_announces_below():
    page = make_passage("To park you need:\n- a card\n- a car\nThe gate is shut at nine.")
    assert texts(rank_units(page, 9.0, None, None, None)) == ["To park you need:", "a card", "a car"]


def test_what_stands_twice_is_said_once_however_it_is_written():
    one = make_passage("Dogs may come.", document="one")
    two = make_passage("- dogs  MAY come.", document="two")
    [draft] = quote(best_first(rank_units(one, 9.0), rank_units(two, 8.9)), 5)
    assert draft.evidence[0].passage is one


def test_units_of_one_document_stand_together_in_the_order_of_the_document():
    first = make_passage("Alpha. Beta.", document="a", position=0)
    later = make_passage("Gamma.", document="a", position=1)
    other = make_passage("Delta.", document="b")
    ranked = best_first(rank_units(later, 9.0), rank_units(first, 7.0, 8.0), rank_units(other, 6.5))
    assert texts(ranked) == ["Alpha.", "Beta.", "Gamma.", "Delta."]


def test_of_documents_that_are_about_as_good_the_newest_comes_first_and_both_are_shown():
    old = make_passage("Two days a week.", document="old", day=1)
    new = make_passage("Three days a week.", document="new", day=20)
    undated = make_passage("Four days a week.", document="undated", day=None)
    ranked = best_first(rank_units(old, 9.0), rank_units(new, 9.1 - TIE), rank_units(undated, 8.5))
    assert texts(ranked) == ["Three days a week.", "Two days a week.", "Four days a week."]


def test_a_newer_document_that_fits_much_less_stays_behind():
    old = make_passage("Two days a week.", document="old", day=1)
    new = make_passage("A week has days.", document="new", day=20)
    ranked = best_first(rank_units(old, 9.0), rank_units(new, 8.9 - TIE))
    assert texts(ranked) == ["Two days a week.", "A week has days."]


def test_a_table_row_is_said_with_its_columns_and_quoted_as_it_stands():
    page = make_passage("Grade | Hotel\nLead | 140 €\nDirector | 165 € | and breakfast")
    drafts = quote(rank_units(page, 9.0, 8.0), 5)
    assert [draft.text for draft in drafts] == [
        "Grade: Lead; Hotel: 140 €",
        "Director | 165 € | and breakfast",
    ]
    assert drafts[0].evidence[0].quote == "Lead | 140 €"
    assert verify(drafts) == (drafts, [])


def test_whatever_is_quoted_passes_the_check_of_quotes():
    text = "El Sr. Ruiz paga 1.024,50 €. ¿Cuándo? A las 10:30 h.\n- Un punto.\nA | B\n1 | 2\n 3 |  | "
    page = make_passage(text)
    drafts = quote(rank_units(page, 9.0, 8.9, 8.8, 8.7, 8.6, 8.5), 20)
    kept, dropped = verify(drafts)
    assert len(kept) == len(drafts) == 6
    assert dropped == []
