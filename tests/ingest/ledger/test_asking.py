"""What people asked, on both databases: lately, and again and again."""

from datetime import timedelta

import pytest

from ingest.ledger import Ledger, asking, now

ANA, LUIS, EVA = "ana@acme.com", "luis@acme.com", "eva@acme.com"
HOLIDAYS = ("wiki", "holidays.md")


@pytest.fixture
def ledger(ledger_url):
    ledger = Ledger(ledger_url)
    yield ledger
    ledger.close()


@pytest.fixture
def ask(ledger):
    """Keeps questions, each a minute after the one before."""
    began, numbers = now() - timedelta(hours=1), iter(range(1000))

    def ask(person, text, *, outcome="answered", cited=(HOLIDAYS,), **values):
        number = next(numbers)
        row = {
            "id": f"q{number}",
            "asked_at": began + timedelta(minutes=number),
            "person": person,
            "platform": "slack",
            "text": text,
            "language": "en",
            "outcome": outcome,
            "answer": {"citations": [{"source": source, "document": document} for source, document in cited]},
            "seconds": 0.1,
        }
        with ledger.write() as connection:
            asking.keep_question(connection, row | values)

    return ask


def recent(ledger, person, limit=10):
    with ledger.read() as connection:
        return [row.text for row in asking.recent_of(connection, person, limit)]


def often(ledger, limit=10, since=None):
    with ledger.read() as connection:
        return asking.often_asked(connection, since or now() - timedelta(days=1), limit)


# --- what one person asked ---


def test_a_persons_latest_questions_are_theirs_alone_and_the_latest_comes_first(ledger, ask):
    for number in range(4):
        ask(ANA, f"{number}?", outcome="not_found", cited=())
        ask(LUIS, "secret?")
    assert recent(ledger, ANA, 3) == ["3?", "2?", "1?"]
    assert recent(ledger, "nobody@acme.com") == []
    with ledger.read() as connection:
        [row] = asking.recent_of(connection, ANA, 1)
    assert (row.id, row.outcome) == ("q6", "not_found")
    assert row.asked_at.tzinfo is not None


def test_a_message_that_was_edited_is_one_question_as_it_is_now(ledger, ask):
    ask(ANA, "How many days?", message="T/C/1")
    ask(ANA, "How many holidays?", message="T/C/1")
    ask(ANA, "And dogs?", message="T/C/2")
    assert recent(ledger, ANA) == ["And dogs?", "How many holidays?"]


def test_greetings_and_empty_messages_are_no_questions(ledger, ask):
    ask(ANA, "hello", cited=())
    ask(ANA, "", outcome="not_found", cited=())
    ask(ANA, "Where is it?", outcome="unavailable", cited=())
    assert recent(ledger, ANA) == ["Where is it?"]


# --- what several asked ---


def test_what_one_person_asked_however_often_is_not_told(ledger, ask):
    for person in (ANA, ANA, "Ana@acme.com"):
        ask(person, "Am I paid enough?")
    assert often(ledger) == []


def test_what_two_people_asked_is_told_once_with_all_that_its_answers_rest_on(ledger, ask):
    ask(ANA, "How many days of holiday?", cited=[HOLIDAYS])
    ask(LUIS, "how many days  of HOLIDAY", cited=[HOLIDAYS, ("wiki", "leave.md")], language="es")
    [one] = often(ledger)
    assert (one.text, one.people, one.language) == ("how many days  of HOLIDAY", 2, "es")
    assert one.cited == {HOLIDAYS, ("wiki", "leave.md")}


def test_who_gave_no_address_may_be_one_and_the_same(ledger, ask):
    for person in (None, None, "", ANA):
        ask(person, "How many days?")
    assert often(ledger) == []


@pytest.mark.parametrize(
    "values",
    [
        {"outcome": "partial"},
        {"outcome": "not_found"},
        {"outcome": "not_allowed", "cited": ()},
        {"cited": ()},
        {"standalone": "How many days are there in Spain?"},
        {"asked_at": now() - timedelta(days=8)},
    ],
)
def test_what_was_not_answered_leans_on_another_or_is_long_ago_is_not_told(ledger, ask, values):
    for person in (ANA, LUIS):
        ask(person, "And in Spain?", **values)
    assert often(ledger) == []


def test_what_most_people_asked_comes_first_and_of_these_the_latest(ledger, ask):
    for person in (ANA, LUIS, EVA):
        ask(person, "three?")
    for text in ("early?", "late?"):
        for person in (ANA, LUIS):
            ask(person, text)
    assert [one.text for one in often(ledger)] == ["three?", "late?", "early?"]
    assert [one.text for one in often(ledger, 2)] == ["three?", "late?"]
