"""Units are weighed by features that can be explained one by one."""

import pytest

from bot import ranking
from config.errors import UnavailableError
from ingest.encoding import Encoder
from tests.bot.passages import find, hash_encoder, make_passage, rank_units
from tests.doubles import HashEmbedder


def features_of(question, passage, quote):
    ranked = ranking.rank(find(question, passage), hash_encoder())
    return next(one.features for one in ranked if one.unit.quote == quote)


def test_without_passages_there_is_nothing_to_rank_and_no_confidence():
    found = find("How many dogs?")
    assert ranking.rank(found, hash_encoder()) == []
    assert ranking.confidence(found, [], hash_encoder()) == 0.0


def test_passages_that_say_nothing_give_no_confidence_either():
    found = find("How many dogs?", make_passage(" \n "))
    assert ranking.rank(found, hash_encoder()) == []


def test_the_unit_with_the_questions_words_comes_first():
    page = make_passage("Cats sleep all day.\nDogs may come to the office on Fridays.\nBirds sing.")
    [best, *_] = ranking.rank(find("When may dogs come to the office?", page), hash_encoder())
    assert best.unit.quote == "Dogs may come to the office on Fridays."


def test_units_are_the_same_and_in_the_same_order_every_time():
    page = make_passage("Dogs may come.\nDogs may stay.\nDogs may go.")
    found = find("May dogs?", page)
    first = [one.unit.quote for one in ranking.rank(found, hash_encoder())]
    assert all([one.unit.quote for one in ranking.rank(found, hash_encoder())] == first for _ in range(3))


@pytest.mark.parametrize("question", ["How many days are there?", "¿Cuántos días hay?", "When is it due?"])
def test_a_question_for_a_quantity_looks_for_figures(question):
    page = make_passage("There are 24 days.\nThere are some days.")
    assert features_of(question, page, "There are 24 days.").number == 1.0
    assert features_of(question, page, "There are some days.").number == 0.0


@pytest.mark.parametrize("question", ["Who decides?", "¿Quién decide?"])
def test_a_question_for_somebody_looks_for_names(question):
    page = make_passage("Ask Marta first.\nAsk your boss first.")
    assert features_of(question, page, "Ask Marta first.").name == 1.0
    assert features_of(question, page, "Ask your boss first.").name == 0.0


def test_a_label_and_a_question_are_told_from_statements():
    page = make_passage("Opening hours\nWhen do we open?\nWe open at nine in the morning.")
    assert features_of("When do we open?", page, "Opening hours").short == 1.0
    assert features_of("When do we open?", page, "When do we open?").asks == 1.0
    assert features_of("When do we open?", page, "We open at nine in the morning.").asks == 0.0


def test_the_title_and_the_column_names_count_among_a_units_words():
    page = make_passage("Grade | Hotel\nLead | 140 €", title="Travel")
    assert features_of("Travel: hotel for a lead?", page, "Lead | 140 €").covered == 1.0


def test_a_translation_with_fewer_lines_than_its_passage_costs_its_help_and_nothing_else():
    text = "Los perros vienen los viernes.\nLos gatos no vienen.\nLos loros cantan."
    for pivot in ("Page", "Page\nDogs come on Fridays.", "Page\n\n\n\n\nDogs", ""):
        page = make_passage(text, language="es", pivot=pivot)
        ranked = ranking.rank(find("When do dogs come?", page), hash_encoder())
        assert len(ranked) == 3
        assert 0.0 <= ranking.confidence(find("When do dogs come?", page), ranked, hash_encoder()) <= 1.0


def test_a_sentence_of_a_translated_paragraph_counts_with_its_own_translation():
    text = "Los perros vienen los viernes. Los gatos duermen en casa."
    page = make_passage(text, language="es", pivot="Page\nDogs come on Fridays. Cats sleep at home.")
    question = "When do dogs come on Fridays?"
    assert features_of(question, page, "Los perros vienen los viernes.").covered == 1.0
    assert features_of(question, page, "Los gatos duermen en casa.").covered == 0.0


def test_where_a_translation_has_other_sentences_its_whole_line_counts():
    text = "Los perros vienen los viernes. Los gatos duermen."
    page = make_passage(text, language="es", pivot="Page\nDogs come on Fridays, and cats sleep.")
    ranked = ranking.rank(find("When do dogs come on Fridays?", page), hash_encoder())
    assert [(one.features.covered, one.pivot) for one in ranked] == [(1.0, None)] * 2


def test_a_table_row_in_another_language_has_the_translated_names_of_its_columns():
    text = "Estas son las tarifas:\nGrado | Hotel\nJefe | 140 €"
    pivot = "Travel\nThese are the rates:\nGrade | Hotel\nLead | 140 €"
    page = make_passage(text, language="es", pivot=pivot)
    ranked = ranking.rank(find("hotel for the grade of a lead", page), hash_encoder())
    [row] = [one for one in ranked if one.unit.quote == "Jefe | 140 €"]
    assert row.features.covered == 1.0
    assert row.pivot == "Grade: Lead; Hotel: 140 €"


def test_a_table_row_is_embedded_with_the_names_of_its_columns():
    model = HashEmbedder()
    page = make_passage("Grade | Hotel\nLead | 140 €")
    ranking.rank(find("Which hotel?", page), Encoder(model, hash_encoder().translator))
    assert model.embedded == ["Grade: Lead; Hotel: 140 €"]


def test_only_the_best_passages_are_read():
    pages = [make_passage("Dogs may come.", document=f"p{number:02}") for number in range(20)]
    assert len(ranking.rank(find("May dogs come?", *pages), hash_encoder())) == ranking.READ


def test_however_long_a_passage_is_few_of_its_units_are_embedded_and_all_are_ranked():
    model = HashEmbedder()
    long = make_passage("\n".join(f"Dogs number {number} may come." for number in range(100)))
    ranked = ranking.rank(find("May dogs come?", long), Encoder(model, hash_encoder().translator))
    assert len(ranked) == 100
    assert 0 < len(model.embedded) <= ranking.EMBEDDED


def test_units_that_can_no_longer_come_among_the_first_are_not_embedded():
    model = HashEmbedder()
    near = [f"Dogs may come to the office on Fridays at {hour}." for hour in range(4)]
    far = [f"Cats sleep at number {number}." for number in range(20)]
    found = find("When may dogs come to the office on Fridays?", make_passage("\n".join(far + near)))
    ranked = ranking.rank(found, Encoder(model, hash_encoder().translator))
    assert sorted(model.embedded) == near
    assert {one.unit.quote for one in ranked[:4]} == set(near)


def test_of_a_long_unit_the_beginning_is_embedded_and_all_of_it_ranked():
    model = HashEmbedder()
    text = "Dogs may come to the office " + "and again " * 40 + "until Friday."
    [ranked] = ranking.rank(find("Dogs?", make_passage(text)), Encoder(model, hash_encoder().translator))
    assert ranked.unit.quote == text
    [read] = model.embedded
    assert text.startswith(f"{read} ")
    assert ranking.BEGINNING - 10 < len(read) <= ranking.BEGINNING


def test_what_was_weighed_before_is_not_embedded_again():
    model = HashEmbedder()
    encoder = Encoder(model, hash_encoder().translator)
    page = make_passage("Dogs may come.\nCats stay at home.")
    first = ranking.rank(find("May dogs come?", page), encoder)
    again = ranking.rank(find("May dogs come?", page), encoder)
    assert [(one.unit, one.score) for one in again] == [(one.unit, one.score) for one in first]
    assert sorted(model.embedded) == ["Cats stay at home.", "Dogs may come."]


# With features of nothing the first sign is all but 0, and these scores are far below, between and far above.
@pytest.mark.parametrize(("score", "asked"), [(0.0, 0), (27.2, 1), (60.0, 0)])
def test_the_best_unit_is_read_under_its_headings_only_where_the_decision_hangs_on_it(score, asked):
    model = HashEmbedder()
    page = make_passage("Dogs may come.", title="Dogs in the office")
    encoder = Encoder(model, hash_encoder().translator)
    chance = ranking.confidence(find("May dogs come?", page), rank_units(page, score), encoder)
    assert model.embedded == ["Dogs in the office\nDogs may come."] * asked
    assert 0.0 < chance < 1.0


def test_a_model_that_is_down_is_told_as_such():
    class Down(HashEmbedder):
        def documents(self, texts):
            raise UnavailableError("the model is away")

    found = find("May dogs come?", make_passage("Dogs may come."))
    with pytest.raises(UnavailableError, match="the model is away"):
        ranking.rank(found, Encoder(Down(), hash_encoder().translator))
