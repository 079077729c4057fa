"""The sample company is sound: its files are read, its golden answers stand in them, and Sabio finds them."""

from pathlib import Path

import pytest

from bot.evaluation import evaluate_file
from bot.evaluation.matching import bare
from bot.golden import read_golden
from ingest.documents import document_id
from ingest.ledger import reading, working
from tests.sample.olivar import OCR, TRANSLATION, olivar, olivar_config

__all__ = ["olivar", "olivar_config"]

QUESTIONS = Path(__file__).parent / "questions.jsonl"
GOLDEN = read_golden(QUESTIONS).questions
SCANNED = "drive/oficinas/plan-de-emergencia-valencia.pdf"


@pytest.fixture(scope="module")
def pages(olivar):
    """The words of every published document, by `source/path`."""
    with olivar.ledger.read() as ledger:
        return {
            f"{row.source}/{row.entry}": bare(
                "\n".join(
                    "\n".join((*chunk.heading, chunk.text))
                    for chunk in working.published_chunks(ledger, row.id)
                )
            )
            for row in reading.published_documents(ledger)
        }


def test_every_file_of_the_sample_is_read(olivar, pages):
    listed = {
        f"{name}/{entry.id}" for name, connector in olivar.connectors.items() for entry in connector.scan()
    }
    assert len(listed) >= 25
    assert listed - pages.keys() == (set() if OCR else {SCANNED})
    assert all(pages.values())


def test_every_document_that_a_question_names_is_there(olivar):
    with olivar.ledger.read() as ledger:
        known = {row.id for row in reading.published_documents(ledger)}
    for golden in GOLDEN:
        for name in golden.documents:
            source, _, entry = name.partition("/")
            assert document_id(source, entry) in known or (name == SCANNED and not OCR), name


@pytest.mark.parametrize("golden", [one for one in GOLDEN if one.answer_spans], ids=lambda one: one.id)
def test_every_golden_answer_stands_in_a_document_that_is_named(pages, golden):
    if SCANNED in golden.documents and not OCR:
        pytest.skip("no OCR is installed here")
    texts = [pages[name] for name in golden.documents]
    assert any(f" {bare(span)} " in f" {text} " for span in golden.answer_spans for text in texts)


def test_the_questions_are_of_every_kind_in_both_languages():
    assert {one.lang for one in GOLDEN} == {"en", "es"}
    assert len({one.id for one in GOLDEN}) == len({one.question for one in GOLDEN}) == len(GOLDEN)
    assert {one.answerable for one in GOLDEN} == {True, False}
    assert {one.kind for one in GOLDEN} >= {"basic", "table", "paraphrase", "cross-language", "not_found"}


@pytest.mark.skipif(not (OCR and TRANSLATION), reason="the floors are for a whole installation")
def test_the_sample_is_found_and_answered_as_well_as_it_should_be(olivar):
    figures = evaluate_file(olivar, QUESTIONS)
    assert figures["base"] == "configured"
    assert figures["questions"] == len(GOLDEN)
    assert figures["retrieval"]["recall@5"] >= 0.9
    assert figures["answers"]["citation_precision"] == 1.0
    assert figures["answers"]["answered_unanswerable"] <= 0.34
    assert figures["answers"]["contains_expected"] >= 0.6
