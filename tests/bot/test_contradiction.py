"""Two statements contradict each other where they cannot both be right as answers to one question."""

import pytest

from bot.contradiction import contradict, is_replaced
from bot.facts import keys_of, read


@pytest.mark.parametrize(
    ("question", "one", "other", "language"),
    [
        ("How many days do I have?", "Everybody has 24 days a year.", "Everybody has 30 days a year.", "en"),
        (
            "How many days?",
            "Everybody has twenty-four days of holiday.",
            "Staff get 25 days of holiday.",
            "en",
        ),
        ("When is the deadline?", "The deadline is 3 March.", "The deadline is 5 March.", "en"),
        (
            "Who approves expenses?",
            "Expenses are approved by Ana Ruiz.",
            "Expenses are approved by Luis.",
            "en",
        ),
        ("May dogs come?", "Dogs may come to the office.", "Dogs may not come to the office.", "en"),
        ("¿Cuánto cuesta?", "La licencia cuesta 12 euros al mes.", "La licencia cuesta 15 € al mes.", "es"),
        ("¿Quién firma?", "Los contratos los firma Marta Gil.", "Los contratos los firma Juan Soto.", "es"),
    ],
)
def test_statements_about_the_same_that_cannot_both_be_right_contradict_each_other(
    question, one, other, language
):
    asked, first, second = (read(text, language) for text in (question, one, other))
    assert contradict(first, second, asked, which=True)
    assert contradict(second, first, asked, which=True)


@pytest.mark.parametrize(
    ("question", "one", "other"),
    [
        ("How many days?", "Everybody has 24 days of holiday.", "You get 24 days of holiday a year."),
        ("How many days?", "Everybody has 24 days of holiday.", "The VPN needs 3 servers."),
        ("How many days in Dublin?", "Office: Dublin; Days: 25", "Office: Madrid; Days: 23"),
        ("How long?", "Requests for holiday take 2 weeks.", "Requests for holiday are free for 30."),
        ("May dogs come?", "Dogs may come on Fridays.", "Dogs come on Fridays, never on Mondays at all."),
    ],
)
def test_statements_that_may_both_be_right_do_not(question, one, other):
    asked, first, second = (read(text, "en") for text in (question, one, other))
    assert not contradict(first, second, asked)
    assert not contradict(second, first, asked)


@pytest.mark.parametrize(
    ("word", "one", "other", "replaced"),
    [
        ("desk", "A desk costs 200 euros.", "A chair costs 80 euros.", True),
        ("desks", "Desks cost 200 euros.", "Chairs cost 80 euros.", True),
        ("key", "Give the key to the guard.", "Give the badge to the key holder.", True),
        ("desk", "A desk costs 200 euros.", "A desk costs 80 euros.", False),
        ("desk", "A desk costs 200 euros.", "The price of a chair is 80 euros.", False),
        ("staff", "Staff have 24 days.", "24 days are had by all.", False),
        ("chair", "A desk costs 200 euros.", "A chair costs 80 euros.", False),
    ],
)
def test_a_word_is_replaced_where_another_stands_between_the_same_two(word, one, other, replaced):
    first, second = read(one, "en"), read(other, "en")
    assert is_replaced(keys_of(word, "en"), first, second) == replaced
