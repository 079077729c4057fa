"""Why an answer says what it says, told to whom it may be told, of what still holds."""

import dataclasses

import pytest

from bot.door import handle
from bot.explaining import explain_answer
from bot.messages import Message, Outcome, Person
from config.errors import DeniedError
from ingest.ledger import asking
from workers.local import sync_sources

ANA, LUIS = Person("ana@acme.com"), Person("luis@acme.com")
HOLIDAYS, BANDS = "How many days of holiday does everybody have a year?", "Where does band three start?"


def asked(kb, text, person=ANA):
    return handle(kb, Message(text, person))


def test_whoever_asked_sees_the_question_the_sentences_and_their_places(own_kb):
    answer = asked(own_kb, HOLIDAYS)
    one = explain_answer(own_kb, answer.reference, ANA)
    assert (one.question, one.outcome, one.hidden) == (HOLIDAYS, answer.outcome, 0)
    assert one.claims == answer.claims
    assert one.citations == answer.citations
    assert one.citations[0].url == answer.citations[0].url
    assert one.model is None
    assert one.certainty == "high"
    [source] = one.sources
    assert (source.label, source.state) == ("handbook", "fresh")
    assert source.synced_at is not None


def test_others_who_may_read_the_pages_see_all_but_the_question(own_kb):
    one = explain_answer(own_kb, asked(own_kb, HOLIDAYS).reference, LUIS)
    assert one.question is None
    assert one.claims


def test_who_is_in_the_conversation_sees_the_question_too(own_kb):
    assert explain_answer(own_kb, asked(own_kb, HOLIDAYS).reference, LUIS, seen=True).question == HOLIDAYS


def test_others_who_may_not_read_the_pages_are_told_so_and_nothing_else(own_kb):
    answer = asked(own_kb, BANDS)
    assert answer.outcome is not Outcome.NOT_FOUND
    with pytest.raises(DeniedError, match="not yours to read"):
        explain_answer(own_kb, answer.reference, LUIS)
    with pytest.raises(DeniedError, match="no puedes leer"):
        explain_answer(own_kb, answer.reference, dataclasses.replace(LUIS, language="es"))


def test_in_the_conversation_they_still_see_nothing_of_the_pages(own_kb):
    one = explain_answer(own_kb, asked(own_kb, BANDS).reference, LUIS, seen=True)
    assert (one.claims, one.citations, one.sources) == ((), (), ())
    assert one.hidden >= 1


def test_people_of_other_companies_see_nothing_of_sources_that_are_not_for_them(own_kb):
    guest = Person("eve@other.com", external=True)
    with pytest.raises(DeniedError):
        explain_answer(own_kb, asked(own_kb, HOLIDAYS).reference, guest)


def test_what_was_removed_since_is_left_out(own_kb, own_company):
    answer = asked(own_kb, HOLIDAYS)
    (own_company.parent / "docs" / "holidays.md").unlink()
    sync_sources(own_kb, ["handbook"])
    one = explain_answer(own_kb, answer.reference, ANA)
    assert (one.claims, one.citations) == ((), ())
    assert one.hidden == len(answer.citations)
    assert one.question == HOLIDAYS


def test_words_that_a_page_says_no_more_are_left_out(own_kb, own_company):
    answer = asked(own_kb, HOLIDAYS)
    (own_company.parent / "docs" / "holidays.md").write_text(
        "# Holidays\n\nEverybody has 30 days of leave.\n"
    )
    sync_sources(own_kb, ["handbook"])
    one = explain_answer(own_kb, answer.reference, ANA)
    assert "24 days" not in str(one.claims) + str(one.citations)
    assert one.hidden


def test_who_was_taken_out_of_a_group_sees_its_pages_no_more(own_kb):
    answer = asked(own_kb, BANDS)
    own_kb.settings = own_kb.settings.model_copy(update={"groups": {}})
    assert explain_answer(own_kb, answer.reference, ANA).citations == ()


def test_dropped_sentences_are_counted_by_kind_and_never_shown(own_kb):
    answer = asked(own_kb, HOLIDAYS)
    rules = [
        "its quote does not have the number 25", "its quote does not say “secret”", "it says nothing",
        "its quote does not stand in the passage", "not published any more", "not readable by the asker",
        "it is in other words than its quotes", "the second look at it could not be taken: away",
        "nothing of it may be shown: it is an address or markup", "its quote has 3 in another column",
    ]  # fmt: skip
    with own_kb.ledger.write() as ledger:
        row = asking.find_question(ledger, answer.reference)._asdict()
        dropped = [{"text": "a secret", "rule": rule} for rule in rules]
        other = {**row, "id": "ffffffffff", "answer": {**row["answer"], "dropped": dropped}}
        asking.keep_question(ledger, other)
    one = explain_answer(own_kb, "ffffffffff", ANA)
    assert one.dropped == {"unpublished": 1, "misquoted": 2, "markup": 1, "unsupported": 4, "other": 1}
    assert "secret" not in str(one)


def test_where_nothing_was_found_it_says_how_far_it_was(own_kb):
    answer = asked(own_kb, "Who won the chess championship in Reykjavik?")
    one = explain_answer(own_kb, answer.reference, ANA)
    assert (one.outcome, one.certainty, one.citations) == (Outcome.NOT_FOUND, "low", ())


@pytest.mark.parametrize("reference", ["0000000000", HOLIDAYS, ""])
def test_a_reference_that_nobody_knows_is_no_reference(own_kb, reference):
    asked(own_kb, HOLIDAYS)
    with pytest.raises(DeniedError):
        explain_answer(own_kb, reference, ANA)


def test_a_source_whose_last_sync_failed_is_told(own_kb, own_company):
    answer = asked(own_kb, HOLIDAYS)
    (own_company.parent / "docs").rename(own_company.parent / "away")
    sync_sources(own_kb, ["handbook"])
    [source] = explain_answer(own_kb, answer.reference, ANA).sources
    assert source.state == "failed"
