"""From a question to an answer with its proof, on real documents in two languages."""

from datetime import UTC, datetime

import pytest

from bot.door import handle
from bot.messages import Message, Outcome, Person
from bot.quoting import stands_in
from ingest.documents import document_id
from ingest.ledger import asking, working
from tests.sample.olivar import OCR, TRANSLATION, olivar, olivar_config

__all__ = ["olivar", "olivar_config"]


def ask(kb, question):
    """The answer, after every one of its quotes was looked up in the very document that it cites."""
    reply = handle(kb, Message(question, Person("ana@olivar.example")))
    with kb.ledger.read() as ledger:
        for citation in reply.citations:
            id_ = document_id(citation.source, citation.document)
            chunks = working.published_chunks(ledger, id_)
            assert any(stands_in(citation.quote, chunk.text) for chunk in chunks)
        assert asking.find_question(ledger, reply.reference).outcome == reply.outcome.value
    numbers = [citation.number for citation in reply.citations]
    assert numbers == list(range(1, len(numbers) + 1))
    assert {number for claim in reply.claims for number in claim.citations} == set(numbers)
    cited = {(citation.source, citation.document) for citation in reply.citations}
    assert not cited & {(one.source, one.document) for one in reply.suggestions}
    return reply


def cited(reply, document):
    return next(citation for citation in reply.citations if citation.document == document)


def test_an_english_question_is_answered_from_an_english_page(olivar):
    reply = ask(olivar, "How many days a week can I work from home?")
    assert (reply.outcome, reply.language) == (Outcome.ANSWERED, "en")
    assert "- You can work from home up to three days a week. [1]" in reply.text.split("\n")
    citation = cited(reply, "people/remote-work.md")
    assert citation.url == "https://wiki.olivar.example/people/remote-work.md#how-many-days"
    assert citation.title == "Remote work"
    assert citation.heading[-1] == "How many days"
    assert citation.author == "Camila Restrepo"
    assert citation.updated_at == datetime(2026, 2, 10, tzinfo=UTC)
    assert (citation.language, citation.page, citation.translation) == ("en", None, None)


def test_a_spanish_question_is_answered_from_a_spanish_page(olivar):
    reply = ask(olivar, "¿Cuántos días laborables de vacaciones corresponden al año?")
    assert (reply.outcome, reply.language) == (Outcome.ANSWERED, "es")
    citation = cited(reply, "personas/vacaciones.md")
    assert reply.text.startswith("Según «")
    assert (citation.language, citation.translation) == ("es", None)
    assert citation.url.startswith("https://wiki.olivar.example/personas/vacaciones.md#")


@pytest.mark.skipif(not TRANSLATION, reason="no translator is installed here")
def test_a_question_in_the_other_language_is_answered_with_the_original_and_a_translation(olivar):
    reply = ask(olivar, "¿Cuánto se cobra por una semana completa de guardia?")
    assert (reply.outcome, reply.language) == (Outcome.ANSWERED, "es")
    citation = next(one for one in reply.citations if one.quote == "Full week | 420 € | 310 €")
    assert citation.language == "en"
    assert "420" in citation.translation
    assert f"(traducción automática: {citation.translation})" in reply.text


def test_a_table_row_is_told_with_its_columns_and_quoted_as_it_stands(olivar):
    reply = ask(olivar, "How much may a Lead spend on a hotel per night?")
    claim = next(one for one in reply.claims if "Lead (5)" in one.text)
    assert "Hotel, per night: 140 €" in claim.text
    assert reply.citations[claim.citations[0] - 1].quote.startswith("Lead (5) | 140 €")


def test_a_page_of_a_pdf_is_cited_by_its_number(olivar):
    reply = ask(olivar, "How many probes may I take in hand luggage?")
    citation = cited(reply, "product/raiz-field-manual.pdf")
    assert citation.page == 2
    assert citation.url == "https://drive.olivar.example/product/raiz-field-manual.pdf#page=2"


@pytest.mark.skipif(not OCR, reason="no OCR is installed here")
def test_a_scanned_page_is_cited_by_its_number_too(olivar):
    reply = ask(olivar, "¿Qué se hace si arde una batería de litio en el laboratorio?")
    citation = cited(reply, "oficinas/plan-de-emergencia-valencia.pdf")
    assert citation.page == 1
    assert any("no se apagan con agua" in one.quote for one in reply.citations)


@pytest.mark.parametrize(
    ("question", "says"),
    [
        ("How many stock options does a new employee receive?", "I found no answer to that"),
        ("¿Cuánto mide la torre Eiffel?", "No he encontrado respuesta a eso"),
    ],
)
def test_what_no_page_answers_is_not_found_and_the_nearest_pages_are_shown_as_such(olivar, question, says):
    reply = ask(olivar, question)
    assert reply.outcome is Outcome.NOT_FOUND
    assert reply.text.startswith(says)
    assert reply.claims == reply.citations == ()
    assert 0 < len(reply.suggestions) <= 5
    for suggestion in reply.suggestions:
        assert suggestion.title in reply.text
        assert suggestion.url.startswith("https://")


def test_a_source_taken_out_of_the_configuration_is_not_answered_from(olivar):
    wiki = olivar.connectors.pop("wiki")
    try:
        reply = ask(olivar, "How many days a week can I work from home?")
    finally:
        olivar.connectors["wiki"] = wiki
    assert {one.source for one in (*reply.citations, *reply.suggestions)} <= {"drive"}
