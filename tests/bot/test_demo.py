"""`make demo` shows what it says that it shows, twice, and on a machine that has less."""

import io
import re
import sys
from contextlib import redirect_stderr, redirect_stdout

import pytest

from bot import demo
from bot.demo import run_demo
from ingest.encoding import Encoder
from ingest.knowledge import KnowledgeBase
from ingest.translation import NoTranslator
from tests.doubles import HashEmbedder
from tests.sample.olivar import OCR, TRANSLATION, prepare_folder


def show(folder):
    """What the demo prints, on one line for each paragraph of its text."""
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(io.StringIO()):
        run_demo(folder)
    return re.sub(r"\n +", " ", out.getvalue())


@pytest.fixture(scope="module")
def shown(tmp_path_factory, model_cache):
    """What it prints the first time and the second time."""
    folder = prepare_folder(tmp_path_factory.mktemp("demo"), model_cache)
    return show(folder), show(folder)


def asked(shown, question):
    """What was printed for each time that a question was asked."""
    parts = re.split(r"^\? ", shown, flags=re.MULTILINE)
    return [part for part in parts if part.startswith(question)]


@pytest.mark.parametrize("time", [0, 1])
def test_the_edited_page_changes_the_answer(shown, time):
    before, after = asked(shown[time], demo.AGAIN.text)
    assert "Lead (5); Hotel, per night: 140 €" in before
    assert "150 €" not in before
    assert "Lead (5); Hotel, per night: 150 €" in after
    assert "140 €" not in after


@pytest.mark.parametrize("time", [0, 1])
def test_nothing_but_the_edited_page_is_read_and_embedded_again(shown, time):
    edited = shown[time].partition("Edit a page")[2]
    assert re.search(r"wiki +done +1 changed, \d+ unchanged · 1 chunk embedded, \d+ reused", edited)
    assert re.search(r"drive +done +8 unchanged · 0 chunks embedded", edited)


def test_the_second_run_finds_everything_but_the_edited_page_as_it_left_it(shown):
    first, second = (each.partition("Ask")[0] for each in shown)
    assert re.search(r"wiki +done +20 new", first)
    assert re.search(r"wiki +done +1 changed, 19 unchanged · 1 chunk embedded", second)
    assert re.search(r"drive +done +8 unchanged · 0 chunks embedded", second)


def test_two_pages_that_disagree_are_both_shown_with_their_dates(shown):
    [answer] = asked(shown[0], demo.QUESTIONS[0].text)
    assert "up to three days a week" in answer
    assert "two days a week" in answer
    assert answer.index("10 February 2026") < answer.index("19 May 2025")


def test_what_nothing_answers_is_told_as_not_found_with_the_nearest_pages(shown):
    [answer] = asked(shown[0], demo.QUESTIONS[4].text)
    assert "I found no answer to that" in answer
    assert "The nearest pages:" in answer


@pytest.mark.skipif(not TRANSLATION, reason="no translator is installed here")
def test_a_spanish_question_is_answered_from_an_english_page_with_its_translation(shown):
    [answer] = asked(shown[0], demo.QUESTIONS[1].text)
    assert "Según «On-call»" in answer
    assert "Full week; Engineer: 420 €" in answer
    assert "traducción automática" in answer


@pytest.mark.skipif(not OCR, reason="no OCR is installed here")
def test_a_scanned_page_is_answered_from_with_its_page_number(shown):
    [answer] = asked(shown[0], demo.QUESTIONS[3].text)
    assert "no se apagan con agua" in answer
    assert "plan-de-emergencia-valencia.pdf#page=1" in answer


def test_what_is_printed_is_for_people(shown):
    for each in shown:
        assert "Traceback" not in each
        assert re.search(r"Done +in \d+\.\d seconds", each)
        assert 'sabio.yaml ask "Who approves a trip?"' in each


class Quick(KnowledgeBase):
    """With a model that hashes, since answers are not looked at."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        vars(self)["encoder"] = Encoder(HashEmbedder(), NoTranslator())


def test_on_a_machine_without_the_programs_it_names_what_is_off_and_goes_on(tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(demo, "KnowledgeBase", Quick)
    said = show(tmp_path / "demo")
    assert "tesseract is not installed; off: reading scanned pages" in said
    assert "apertium is not installed; off: finding Spanish pages by English questions" in said
    assert "needs tesseract, not installed here" in said
    assert "needs apertium, not installed here" in said
    assert "plan-de-emergencia-valencia" in said
    assert "reading those needs tesseract, which is not installed" in said.partition("Ask")[0]
    assert "Done" in said
