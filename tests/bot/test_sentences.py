"""What can be quoted of a passage is complete: sentences, list items, table rows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sentences import ANNOUNCED, announced, sentences, units
from ingest.documents import Kind

# Each text is written as its sentences, parted by ` // `.
ENGLISH = [
    "Dogs may come on Fridays. // Cats may not.",
    "Dr. Ana Ruiz and J. R. Smith decide. // Ask them first.",
    "The U.S. Embassy pays up to 1,024.50 dollars. // The rest is yours.",
    "It opens at 5 p.m. // Cleaning starts at 6.",
    "See Fig. 3 and No. 5 of Art. 12. // The answer is no. // Ask again!",
    "Read https://wiki.acme.com/a.b.html?x=1. // Then write to it@acme.com. // Is that all?",
    "Wait... // Then try again… // Or stop ... if you like.",
    'He said "Come at nine." // She came at ten.',
    "(All of this is optional.) // The form is not.",
    "Version 2.4.1 is out. // Rates go from 1.5. // They end at 3.25.",
    "Companies such as Acme Inc. pay monthly, e.g. Olivar, vs. Others.",
    "Bring cards, pens, etc. // The rest is there.",
    "Really?! // Yes! // It is so.",
]
SPANISH = [
    "El Sr. García y la Dra. López viven en EE. UU. desde 2019. // Trabajan allí.",
    "Se paga, p. ej. El taxi, hasta 1.024,50 €. // Lo demás no.",
    "¿Puedo venir con perro? // Sí. // ¡Claro que sí! // ¿Y con gato?",
    "Lea el núm. 3 y el art. 12 de la pág. 7. // Es el máx. 5 veces al año.",
    "«Aquí no se fuma.» // Lo dice el cartel.",
    "Cierra a las 14 h. // El sábado no abre.",
    "Escriba a D.ª María Pérez o a D. José Ruiz. // Contestan pronto.",
    "Hable con Ud. mismo… // Luego decida.",
    "Llame al tel. 96 123 45 67 ext. 3. // Óscar contesta.",
]
OTHERS = [
    "Die Küche schließt um 18 Uhr. // Ärzte haben frei.",
    "Привет. // Это правило. // Да?",
    "यह नियम है। // वह नहीं।",
    "هل هذا صحيح؟ // نعم هو كذلك.",
]


@pytest.mark.parametrize("written", [*ENGLISH, *SPANISH, *OTHERS])
def test_a_paragraph_is_cut_between_its_sentences_and_nowhere_else(written):
    assert sentences(written.replace(" // ", " ")) == written.split(" // ")


def test_a_language_without_spaces_is_cut_at_its_own_full_stops():
    assert sentences("今日は休みです。明日は働きます！以上") == [
        "今日は休みです。",
        "明日は働きます！",
        "以上",
    ]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("- Bring a card.", "Bring a card."),
        ("* Trae la tarjeta.", "Trae la tarjeta."),
        ("+ Bring a pen.", "Bring a pen."),
        ("• Bring a pen.", "Bring a pen."),
        ("1. Ask your manager.", "Ask your manager."),
        ("3.1. Ask your manager.", "Ask your manager."),
        ("2.10.3) Ask your manager.", "Ask your manager."),
        ("b) Pregunta en casa.", "Pregunta en casa."),
        ("  - A nested one.", "A nested one."),
    ],
)
def test_a_list_item_is_one_unit_shown_without_its_bullet(line, shown):
    [unit] = units(line)
    assert (unit.kind, unit.shown, unit.whole) == (Kind.ITEM, shown, True)
    assert unit.quote == line.strip()


@pytest.mark.parametrize("line", ["-5 degrees outside.", "2026 was good.", "3.5 points.", "*Never* do it."])
def test_a_line_that_only_begins_like_an_item_is_a_paragraph(line):
    assert [unit.kind for unit in units(line)] == [Kind.TEXT]


def test_an_item_knows_the_sentence_that_leads_into_its_list_and_a_later_one_does_not():
    text = "Some things are needed. Bring these:\n- a card\n3.1. a pen\nThat is all.\n- stray"
    contexts = {unit.quote: unit.context for unit in units(text) if unit.kind is Kind.ITEM}
    assert contexts == {"- a card": "Bring these:", "3.1. a pen": "Bring these:", "- stray": ""}


def test_a_table_row_is_shown_with_the_names_of_its_columns():
    [first, second] = units("Grade | Hotel | Meals\nLead (5) | 140 € | 48 €\nDirector |  | 55 €")
    assert first.shown == "Grade: Lead (5); Hotel: 140 €; Meals: 48 €"
    assert second.shown == "Grade: Director; Meals: 55 €"
    assert first.kind is Kind.TABLE
    assert first.quote == "Lead (5) | 140 € | 48 €"


def test_a_row_with_another_number_of_cells_is_shown_as_it_stands():
    [row] = units("Grade | Hotel\nLead | 140 € | and breakfast")
    assert row.shown == row.quote == "Lead | 140 € | and breakfast"


def test_two_tables_parted_by_a_sentence_have_a_header_each():
    text = "Day | Open\nMonday | 9\nIn summer:\nTag | Offen\nMontag | 8"
    assert [unit.context for unit in units(text) if unit.kind is Kind.TABLE] == ["Day | Open", "Tag | Offen"]


def test_a_line_with_a_bar_that_no_row_follows_is_quoted_like_any_other():
    [command, then] = units("Run cat file | grep word\nThen look.")
    assert (command.quote, command.kind) == ("Run cat file | grep word", Kind.TEXT)
    assert then.quote == "Then look."


def test_nothing_comes_of_nothing():
    assert units("") == units(" \n\t\n ") == []


TOKENS = """
    El perro Sr. EE. UU. etc. no. 5 1.5 p.m. J. ¿Qué? ¡Ya! “Sí.” ... … - * 3.1. | a) Ends. ends. 🎉 好。
    (y z) : https://x.io/a.b.
"""
WORDS = st.sampled_from(TOKENS.split())
LINES = st.lists(st.lists(WORDS, max_size=12).map(" ".join) | st.text(max_size=20), max_size=6)


@given(LINES.map("\n".join))
def test_units_are_verbatim_in_order_and_nothing_but_white_space_and_headers_is_lost(text):
    lines = text.split("\n")
    found = units(text)
    assert [unit.line for unit in found] == sorted(unit.line for unit in found)
    for number, line in enumerate(lines):
        here = [unit for unit in found if unit.line == number]
        place = 0
        for unit in here:
            place = line.index(unit.quote, place) + len(unit.quote)
            assert unit.quote
            assert unit.whole == (len(here) == 1)
        if here or not line.strip():
            assert "".join("".join(unit.quote for unit in here).split()) == "".join(line.split())
        else:
            below = next(unit for unit in found if unit.line == number + 1)
            assert (below.kind, below.context) == (Kind.TABLE, line)


def test_an_empty_row_ends_the_names_of_columns_and_says_nothing_itself():
    assert [unit.shown for unit in units("Name | Days\nAna | 3\n | \nLuis | 4")] == [
        "Name: Ana; Days: 3",
        "Luis; 4",
    ]


def test_only_a_table_row_needs_more_than_its_own_words_to_be_legible():
    [item, row] = units("- a card\nGrade | Hotel\nLead | 140 €")
    assert (item.legible, item.shown) == ("- a card", "a card")
    assert row.legible == row.shown == "Grade: Lead; Hotel: 140 €"


def below(text, quote):
    found = announced(text, next(unit for unit in units(text) if unit.quote == quote))
    return [unit.shown for unit in found]


def test_a_sentence_that_announces_a_setting_brings_it_and_not_what_comes_after():
    text = "Do you want Spanish? Then write this:\nlocale = :es\nfallback = :en\nRestart the server.\nDone."
    assert below(text, "Then write this:") == ["locale = :es", "fallback = :en"]
    assert below(text, "Do you want Spanish?") == []


def test_a_sentence_that_announces_a_list_brings_its_first_items():
    things = [f"thing {number}" for number in range(ANNOUNCED + 2)]
    text = "\n".join(["Bring these:", *(f"- {thing}" for thing in things), "That is all."])
    assert below(text, "Bring these:") == things[:ANNOUNCED]
    assert below(text, "- thing 0") == []


def test_a_sentence_that_announces_a_table_brings_rows_with_their_columns():
    text = "The rates are:\nGrade | Hotel\nLead | 140 €\nNothing else is paid."
    assert below(text, "The rates are:") == ["Grade: Lead; Hotel: 140 €"]


def test_a_single_sentence_may_be_what_is_announced():
    text = "Remember:\nThe door is shut at nine.\nThe lift is not."
    assert below(text, "Remember:") == ["The door is shut at nine."]


def test_a_colon_inside_a_line_or_at_the_end_of_all_announces_nothing_below():
    assert below("It opens: at nine. Knock first.\nYes.", "It opens: at nine.") == []
    assert below("One thing is left:", "One thing is left:") == []


@given(LINES.map("\n".join))
def test_what_is_announced_stands_right_below(text):
    for unit in units(text):
        lines = [one.line for one in announced(text, unit)]
        assert lines == sorted(lines)
        assert all(line > unit.line for line in lines)
