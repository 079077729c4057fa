"""A claim is shown only if its quotes stand in their passages, and say what it says."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.sentences import sentences, units
from bot.verification import Draft, Evidence, Verifier, verify
from ingest.embedding import open_embedder
from ingest.encoding import Encoder
from ingest.translation import NoTranslator, open_translator
from tests.bot import told
from tests.bot.passages import hash_encoder, make_passage
from tests.sample.olivar import TRANSLATION

WORD = st.text("abcdefghijklmnopqrstuvwxyzáéíóúñüABCÑ'-", min_size=1, max_size=8).filter(
    lambda word: word.strip("'-") == word
)
NUMBER = st.integers(2, 99_999).map(lambda number: f"{number:,}")
TOKENS = st.lists(WORD | NUMBER, min_size=3, max_size=15)


class Unavailable:
    """Stands for a model where none may be asked."""

    def __getattr__(self, name):
        raise AssertionError(f"the check of a quotation asked for {name}")


@pytest.fixture(scope="module")
def model(model_cache):
    """The local model without a translator."""
    return Encoder(open_embedder("local", model_cache), NoTranslator())


@pytest.fixture(scope="module")
def translating(model_cache):
    """The local model with the translator that is installed."""
    with_one = Encoder(open_embedder("local", model_cache), open_translator("auto"))
    yield with_one
    with_one.close()


def draft(text, quote, passage_text=None, context="", **passage):
    return Draft(text, (Evidence(quote, make_passage(passage_text or quote, **passage), context),))


def rule_of(one, encoder, question="What does it say?", language="en"):
    """The rule that a draft breaks as an answer to a question."""
    return Verifier(encoder, encoder.question(question, language)).broken_rule(one)


def pairs(kind):
    """Quotes with their true or false claims, in one language each."""
    return [
        (language, one.quote, claim)
        for language, told_ in (("en", told.ENGLISH), ("es", told.SPANISH))
        for one in told_
        for claim in getattr(one, kind)
    ]


def pairs_across(kind):
    return [(language, one.quote, claim) for language, one in told.ACROSS for claim in getattr(one, kind)]


@pytest.mark.parametrize(("language", "quote", "claim"), pairs("true"))
def test_what_a_page_says_may_be_said_in_other_words(model, language, quote, claim):
    assert rule_of(draft(claim, quote, language=language), model, language=language) is None


@pytest.mark.parametrize(("language", "quote", "claim"), pairs("false"))
def test_what_a_page_does_not_say_is_not_shown(model, language, quote, claim):
    assert rule_of(draft(claim, quote, language=language), model, language=language)


@pytest.mark.skipif(not TRANSLATION, reason="no translator is installed here")
@pytest.mark.parametrize(("language", "quote", "claim"), pairs_across("true"))
def test_what_a_page_says_may_be_said_in_another_language(translating, language, quote, claim):
    spoken = "es" if language == "en" else "en"
    assert rule_of(draft(claim, quote, language=spoken), translating, language=language) is None


@pytest.mark.skipif(not TRANSLATION, reason="no translator is installed here")
@pytest.mark.parametrize(("language", "quote", "claim"), pairs_across("false"))
def test_what_a_page_does_not_say_is_not_shown_in_another_language(translating, language, quote, claim):
    spoken = "es" if language == "en" else "en"
    assert rule_of(draft(claim, quote, language=spoken), translating, language=language)


@pytest.mark.parametrize(
    ("claim", "rule"),
    [
        ("Hotels cost up to 150 € a night.", "its quote does not have the number 150"),
        ("Hotels cost up to 140 $ a night.", "its quote does not have the number 140 of this unit"),
        ("Hotels cost up to 140 € a night from 1 May on.", "its quote does not have the date 1 May"),
        ("Hotels in Lisbon cost up to 140 € a night.", "its quote does not have the name Lisbon"),
        ("Ask hotels@acme.example for up to 140 € a night.", "its quote does not have hotels@acme.example"),
        ("Hotels do not cost up to 140 € a night.", "its quote does not say “not”"),
        ("Hotels cost at least 140 € a night.", "it says “at least” where its quote says “up to”"),
        ("Hotels cost up to 140 € a week.", "it says “week” where its quote says “night”"),
        ("The canteen offers soup to visiting children.", "its quote is of something else"),
    ],
)
def test_the_rule_names_what_is_wrong(model, claim, rule):
    assert rule_of(draft(claim, "Hotels cost up to 140 € a night."), model) == rule


def test_a_draft_must_say_something_and_each_of_its_quotes_must_stand():
    page = make_passage("Hotels are paid. Breakfast is paid.")
    good = Draft("Hotels are paid.", (Evidence("Hotels are paid.", page),))
    invented = Draft("Dinner is paid.", (Evidence("Dinner is paid.", page),))
    half = Draft("All is paid.", (Evidence("Hotels are paid.", page), Evidence("Dinner is paid.", page)))
    nothing = Draft(" ", (Evidence("Breakfast is paid.", page),))
    kept, dropped = verify([good, invented, half, nothing, Draft("Lunch is paid.", ())])
    assert kept == [good]
    assert [rule for _, rule in dropped] == [
        "its quote does not stand in the passage",
        "its quote does not stand in the passage",
        "it says nothing",
        "it quotes nothing",
    ]


def test_other_words_than_the_quotes_need_a_verifier(model):
    one = draft("A night in a hotel costs up to 140 €.", "Hotels cost up to 140 € a night.")
    assert verify([one]) == ([], [(one, "it is in other words than its quotes")])
    assert verify([one], Verifier(model, model.question("How much?", "en"))) == ([one], [])


@given(st.lists(TOKENS, min_size=1, max_size=4), st.data())
def test_a_sentence_of_the_passage_is_never_dropped_and_asks_no_model(parts, data):
    page = " ".join(" ".join(tokens).capitalize() + "." for tokens in parts)
    there = sentences(page)
    said = data.draw(st.sampled_from(there))
    verifier = Verifier(Unavailable(), Unavailable())
    for quote in {said, page}:
        assert verifier.broken_rule(draft(said, quote, page)) is None


@given(TOKENS, st.data())
def test_a_claim_with_any_number_changed_is_dropped(tokens, data):
    places = [place for place, token in enumerate(tokens) if token[0].isdigit()]
    assume(places)
    place = data.draw(st.sampled_from(places))
    # Of more digits than any there, so that it is none of them however they are put together.
    wrong = f"{data.draw(st.integers(10**9, 10**10)):,}"
    text = " ".join(tokens)
    claim = " ".join([*tokens[:place], wrong, *tokens[place + 1 :]])
    assert rule_of(draft(claim, text), hash_encoder())


@given(st.text(max_size=60), st.text(min_size=1, max_size=60))
def test_any_text_can_be_checked_whatever_it_is(text, quote):
    rule = rule_of(draft(text, quote), hash_encoder())
    assert rule is None or rule.startswith("it")


def test_a_row_is_shown_with_the_names_of_its_columns_and_these_must_stand():
    page = "Grade | Hotel 2026\nLead | 140 €"
    [row] = units(page)
    assert verify([draft(row.shown, row.quote, page, row.context)])[1] == []
    made_up = draft("Salary: Lead", row.quote, page, "Grade | Salary")
    assert verify([made_up])[1] == [(made_up, "the context of its quote does not stand in the passage")]


def test_a_row_may_be_told_in_a_sentence_but_not_with_the_cell_of_another_column(model):
    page = "Grade | Hotel | Meals\nLead | 140 € | 60 €"
    [row] = units(page)
    assert rule_of(draft("The hotel limit for a lead is 140 €.", row.quote, page, row.context), model) is None
    assert rule_of(draft("Meals of a lead: 140 €.", row.quote, page, row.context), model)
    assert rule_of(draft("The hotel limit for a lead is 60 €.", row.quote, page, row.context), model)


def test_the_sentence_above_a_list_belongs_to_what_its_items_say(model):
    page = "The following are not allowed in the office:\n- dogs\n- candles"
    lead = page.split("\n", maxsplit=1)[0]
    assert rule_of(draft("Dogs are not allowed in the office.", "- dogs", page, lead), model) is None
    assert rule_of(draft("Dogs are allowed in the office.", "- dogs", page, lead), model)


@pytest.mark.parametrize(
    ("passage", "quote", "language"),
    [
        ("Under no circumstances may dogs enter the lab.", "may dogs enter the lab", "en"),
        ("It is not true that rent is paid in advance.", "rent is paid in advance", "en"),
        ("Nunca se permite fumar en la terraza.", "se permite fumar en la terraza", "es"),
    ],
)
def test_a_quote_that_leaves_out_the_denial_of_its_clause_does_not_help(model, passage, quote, language):
    claim = quote.capitalize() + "."
    assert rule_of(draft(claim, quote, passage, language=language), model, language=language)


def test_a_claim_may_rest_on_several_quotes(model):
    page = make_passage("Interns get 20 days. The office in Porto is closed on 24 June, a local holiday.")
    both = tuple(Evidence(each, page) for each in ("Interns get 20 days.", "closed on 24 June"))
    assert rule_of(Draft("Interns get 20 days, and the office is closed on 24 June.", both), model) is None
    assert rule_of(Draft("Interns get 24 days, and the office is closed on 20 June.", both), model)


def test_a_name_may_come_from_the_title_but_not_in_the_place_of_another(model):
    quote = "It has 310,000 volumes."
    assert (
        rule_of(draft("The Hartley Library has 310,000 volumes.", quote, title="Hartley Library"), model)
        is None
    )
    other = "The Corvin Library has 310,000 volumes."
    assert rule_of(draft("The Hartley Library has 310,000 volumes.", other, title="Hartley Library"), model)


def test_a_name_may_come_from_the_question_only_if_the_page_has_it(model):
    quote, claim = "Employees get 24 days of leave.", "Employees in Porto get 24 days of leave."
    question = "How many days of leave do employees in Porto get?"
    known = draft(claim, quote, f"This page is about the office in Porto. {quote}")
    assert rule_of(known, model, question) is None
    assert rule_of(draft(claim, quote), model, question) == "its quote does not have the name Porto"
    elsewhere = "In Madrid employees get 24 days of leave."
    there = draft(claim, elsewhere, f"Porto has rules of its own. {elsewhere}")
    assert rule_of(there, model, question) == "its quote does not have the name Porto"


def test_without_a_translator_names_and_numbers_are_what_can_be_compared(model):
    quote = "Marta Ruiz dirige la oficina de Porto desde 2021."
    assert (
        rule_of(draft("Marta Ruiz has run the Porto office since 2021.", quote, language="es"), model) is None
    )
    for wrong in (
        "Marta Ruiz has run the Porto office since 2012.",
        "Marta Soler has run the Porto office since 2021.",
        "The canteen serves soup.",
    ):
        assert rule_of(draft(wrong, quote, language="es"), model), wrong


def test_a_claim_in_a_language_that_nobody_told_of_is_held_to_its_numbers_and_names(model):
    quote = "Les chiens sont admis le lundi dans le bureau de Lyon, 12 au plus."
    said = "Le lundi, les chiens sont admis dans le bureau de Lyon."
    assert rule_of(draft(said, quote, language="fr"), model, language="fr") is None
    assert rule_of(draft(said.replace("Lyon", "Metz"), quote, language="fr"), model, language="fr")
    assert rule_of(draft(f"{said[:-1]}, 15 au plus.", quote, language="fr"), model, language="fr")
