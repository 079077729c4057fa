"""Questions that are offered: several people's, and answerable for whoever they are offered to."""

from dataclasses import replace

import pytest
from sqlalchemy import update

from bot.door import handle
from bot.messages import Message, Outcome, Person
from bot.prompting import suggested_prompts
from bot.smalltalk import kind_of
from ingest.ledger import restoring
from ingest.ledger.tables import questions
from workers.local import sync_sources

ANA, LUIS = Person("ana@acme.com"), Person("luis@acme.com")
HOLIDAYS = "How many days of holiday does everybody have?"
BANDS = "What does band three start at, in euros a year?"
ALWAYS = "What can you do?"


@pytest.fixture
def ask(own_kb):
    def ask(text, *people):
        for person in people:
            assert handle(own_kb, Message(text, person)).outcome is Outcome.ANSWERED

    return ask


def test_where_nobody_asked_anything_what_always_works_is_offered(own_kb):
    assert suggested_prompts(own_kb, ANA) == [ALWAYS]
    assert suggested_prompts(own_kb, replace(ANA, language="es")) == ["¿Qué puedes hacer?"]


@pytest.mark.parametrize("language", ["en", "es"])
def test_what_always_works_does(own_kb, language):
    [prompt] = suggested_prompts(own_kb, replace(ANA, language=language))
    assert kind_of(prompt) == "abilities"


def test_what_two_people_asked_is_offered_to_whoever_may_read_the_answer(own_kb, ask):
    ask(HOLIDAYS, ANA, LUIS)
    assert suggested_prompts(own_kb, Person("eva@other.com")) == [HOLIDAYS, ALWAYS]
    assert suggested_prompts(own_kb, Person()) == [HOLIDAYS, ALWAYS]


def test_what_one_person_asked_is_nobodys_business(own_kb, ask):
    ask(HOLIDAYS, ANA, ANA)
    assert suggested_prompts(own_kb, LUIS) == suggested_prompts(own_kb, ANA) == [ALWAYS]


def test_what_rests_on_a_page_that_one_may_not_read_is_not_offered(own_kb, ask):
    hr = replace(LUIS, groups=frozenset({"group:hr"}))
    ask(BANDS, ANA, hr)
    assert suggested_prompts(own_kb, ANA) == [BANDS, ALWAYS]
    assert suggested_prompts(own_kb, hr) == [BANDS, ALWAYS]
    assert suggested_prompts(own_kb, LUIS) == [ALWAYS]


def test_what_is_gone_or_held_back_is_not_offered_any_more(own_kb, ask):
    ask(HOLIDAYS, ANA, LUIS)
    with own_kb.ledger.write() as ledger:
        restoring.mark_restored(ledger)
    assert suggested_prompts(own_kb, ANA) == [ALWAYS]
    sync_sources(own_kb, ["handbook"])
    assert suggested_prompts(own_kb, ANA) == [HOLIDAYS, ALWAYS]
    (own_kb.settings.folder / "docs" / "holidays.md").unlink()
    sync_sources(own_kb, ["handbook"])
    assert suggested_prompts(own_kb, ANA) == [ALWAYS]


def test_a_source_that_is_no_longer_configured_offers_nothing(own_kb, ask):
    ask(HOLIDAYS, ANA, LUIS)
    del own_kb.connectors["handbook"]
    assert suggested_prompts(own_kb, ANA) == [ALWAYS]


def test_guests_are_offered_none_of_what_colleagues_ask(own_kb, ask):
    ask(HOLIDAYS, ANA, LUIS)
    assert suggested_prompts(own_kb, replace(ANA, external=True)) == [ALWAYS]


def test_what_is_in_the_persons_language_comes_first_and_no_more_than_asked_for(own_kb, ask):
    asked = [HOLIDAYS, "When may dogs come to the office?", "What is the VPN needed for?"]
    for text in asked:
        ask(text, ANA, LUIS)
    with own_kb.ledger.write() as ledger:
        ledger.execute(update(questions).where(questions.c.text == HOLIDAYS).values(language="es"))
    assert suggested_prompts(own_kb, ANA) == [asked[2], asked[1], asked[0], ALWAYS]
    assert suggested_prompts(own_kb, replace(ANA, language="es"), limit=2) == [HOLIDAYS, "¿Qué puedes hacer?"]
    assert suggested_prompts(own_kb, ANA, limit=1) == [ALWAYS]


def test_a_question_too_long_to_be_a_prompt_is_not_offered(own_kb, ask):
    ask(
        f"{HOLIDAYS[:-1]}, whatever their department, their office, their age and their grade, please?",
        ANA,
        LUIS,
    )
    assert suggested_prompts(own_kb, ANA) == [ALWAYS]
