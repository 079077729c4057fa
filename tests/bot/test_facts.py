"""What is read in a sentence: the same fact, however it is written, and another one for another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.facts import Kind, read
from bot.proof.alignment import same


def only(text, language="en"):
    """The one number or date of a text."""
    [fact] = [
        token for token in read(text, language) if token.dates or (token.amount and not token.amount.weak)
    ]
    return fact


def of_kind(text, kind, language="en"):
    return [token.text for token in read(text, language) if token.kind is kind]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("24 days", "twenty-four days"),
        ("1,024 pages", "1024 pages"),
        ("2.5 million dollars", "$2.5m"),
        ("$2.5 million", "2,500,000 dollars"),
        ("105 people", "one hundred and five people"),
        ("the third floor", "the 3rd floor"),
        ("8 percent", "8%"),
        ("5 km", "5 kilometres"),
        ("the 1980s", "the 80s"),
        ("six and a half hours", "6.5 hours"),
        ("6½ hours", "6.5 hours"),
        ("3 March 2026", "March 3, 2026"),
        ("3 March 2026", "2026-03-03"),
        ("the 3rd of March", "3 March"),
        ("10:30 am", "10.30 a.m."),
        ("5 pm", "17:00"),
        ("noon", "12:00"),
    ],
)
def test_the_same_fact_in_two_notations_is_the_same(one, other):
    assert same(only(one), only(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("24 days", "24 hours"),
        ("24 days", "42 days"),
        ("€5", "$5"),
        ("5 working days", "5 days"),
        ("2 million", "2 billion"),
        ("3 March", "3 May"),
        ("3 March 2026", "3 March 2025"),
        ("13 March", "3 March"),
        ("5 am", "17:00"),
        ("Monday", "Tuesday"),
    ],
)
def test_another_number_unit_or_date_is_not_the_same(one, other):
    assert not same(only(one), only(other))


@pytest.mark.parametrize(
    ("spanish", "english"),
    [
        ("veinticuatro días", "24 days"),
        ("1.234,50 €", "€1,234.50"),
        ("10 000 personas", "10,000 people"),
        ("2,5 millones de dólares", "2.5 million dollars"),
        ("quince días hábiles", "15 working days"),
        ("el siglo XIX", "the 19th century"),
        ("la década de 1980", "the 1980s"),
        ("tres años y medio", "3.5 years"),
        ("el 12 por ciento", "12%"),
        ("3 de marzo de 2026", "March 3, 2026"),
        ("31/03/2026", "31 March 2026"),
        ("las 5 de la tarde", "5 pm"),
        ("los lunes", "Monday"),
    ],
)
def test_the_same_fact_in_two_languages_is_the_same(spanish, english):
    assert same(only(english), only(spanish, "es"))
    assert same(only(spanish, "es"), only(english))


@pytest.mark.parametrize(
    ("text", "language", "dates"),
    [
        ("from 3 to 5 March", "en", ["3", "5 March"]),
        ("del 3 al 5 de marzo", "es", ["3", "5 de marzo"]),
        ("March 3-5, 2026", "en", ["March 3", "5"]),
        ("You may march on.", "en", []),
        ("In May you may leave.", "en", ["May"]),
    ],
)
def test_days_share_the_month_beside_them_and_verbs_are_no_months(text, language, dates):
    assert of_kind(text, Kind.DATE, language) == dates


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("from 5 to 10 days", [{"day"}, {"day"}]),
        ("$5-10 a week", [{"dollar"}, {"dollar"}]),
        ("20 days in Dublin and 25 people", [{"day"}, set()]),
        ("24 fully paid days", [{"day"}]),
        ("in 2010 or in 2011", [set(), set()]),
    ],
)
def test_numbers_of_a_range_share_their_unit_and_others_do_not(text, units):
    assert [set(token.amount.units) for token in read(text, "en") if token.amount] == units


@pytest.mark.parametrize(
    ("text", "language", "names"),
    [
        ("Employees of Acme meet Ana Ruiz at the BBC.", "en", ["Acme", "Ana", "Ruiz", "BBC"]),
        ("Ana Ruiz leads GitHub.", "en", ["Ana", "Ruiz", "GitHub"]),
        ("When it rains, they stay.", "en", []),
        ("En Madrid manda el Tribunal Supremo.", "es", ["Madrid", "Tribunal", "Supremo"]),
        ("El ministro alemán no vino.", "es", ["alemán"]),
        ("In den Ferien ist das Haus zu.", "de", []),
    ],
)
def test_names_are_what_has_a_capital_letter_that_no_sentence_gave_it(text, language, names):
    assert of_kind(text, Kind.NAME, language) == names


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Write to ana.b@acme.example, or see https://acme.example/a?b=1.", 2),
        ("COVID-19 and version 2.1.3 of settings.yaml in /etc/acme/conf", 4),
        ("Channel #dogs, form I-9", 2),
    ],
)
def test_addresses_paths_versions_and_codes_are_one_token_each(text, codes):
    assert len(of_kind(text, Kind.CODE)) == codes


@pytest.mark.parametrize(
    ("text", "language", "negations"),
    [
        ("You can't and cannot, nor will you ever.", "en", 3),
        ("No dogs without a lead.", "en", 2),
        ("Form No. 5 is not only for dogs.", "en", 0),
        ("No more than five, and no later than May.", "en", 0),
        ("No se permite, y nadie lo hace sin permiso.", "es", 3),
        ("Sin embargo, no solo los lunes.", "es", 0),
    ],
)
def test_negations_are_seen_and_phrases_that_only_look_like_them_are_not(text, language, negations):
    assert sum(token.negative for token in read(text, language)) == negations


@pytest.mark.parametrize(
    ("one", "other", "language"),
    [
        ("before", "after", "en"),
        ("at least", "no more than", "en"),
        ("must", "may", "en"),
        ("a month", "per calendar year", "en"),
        ("siempre", "a veces", "es"),
        ("como mínimo", "a más tardar", "es"),
        ("obligatorio", "opcional", "es"),
        ("creció", "disminuyó", "es"),
    ],
)
def test_words_of_direction_have_opposites(one, other, language):
    mine, theirs = (
        {turn for token in read(f"x {text} x", language) for turn in token.turns} for text in (one, other)
    )
    assert {direction for direction, _ in mine} & {direction for direction, _ in theirs}
    assert not mine & theirs


@given(st.integers(2, 999_999), st.sampled_from(["en", "es"]))
def test_a_number_with_marks_for_thousands_is_the_number_without(number, language):
    marked = f"{number:,}".replace(",", "," if language == "en" else ".")
    assert same(only(f"x {marked} x", language), only(f"x {number} x", language))


@given(st.text(max_size=80), st.sampled_from(["en", "es", "fr", "ar"]))
def test_any_text_can_be_read_whatever_it_is(text, language):
    tokens = read(text, language)
    assert all(token.text and token.keys for token in tokens)
    assert [token.sentence for token in tokens] == sorted(token.sentence for token in tokens)
