"""`sabio check` reads the golden questions and tells what they hold."""

import pytest

from bot.findings import Findings, Level
from bot.golden_check import check_holds, check_questions
from config.sections import EvaluationSettings
from ingest.ledger import golden
from ingest.ledger.golden import Verdict
from ingest.ledger.owners import new_owner
from ingest.rebuilding import HeldError, rebuild
from tests.doubles import open_base
from workers.local import sync_sources

WORSE = Verdict({}, {"shown": 0.5}, ["shown fell from 1.000 to 0.500"], ["Why?"], "run-1")


@pytest.fixture
def kb(tmp_path):
    with open_base(tmp_path, memory=["wiki"]) as kb:
        kb.connectors["wiki"].edit("page", text="Text.")
        sync_sources(kb, ["wiki"])
        yield kb


def watch(kb, file, **settings):
    questions = EvaluationSettings(questions=file, **settings)
    kb.settings = kb.settings.model_copy(update={"evaluation": questions})


def seen(kb, check, *arguments):
    found = Findings()
    check(found, kb, *arguments)
    return [(one.level, one.subject, one.message) for one in found]


def test_questions_are_counted_and_a_file_that_cannot_be_read_is_an_error(kb, tmp_path):
    assert seen(kb, check_questions) == []  # nobody configured any
    file = tmp_path / "golden.jsonl"
    watch(kb, file)
    [(level, subject, message)] = seen(kb, check_questions)
    assert (level, subject, "cannot be read" in message) == (Level.ERROR, "golden questions", True)
    file.write_text('{"id": "1", "question": "Why?"}\n')
    assert seen(kb, check_questions) == [(Level.OK, "golden questions", f"1 in {file}")]
    watch(kb, file, gate=False)
    assert "nobody asks them by itself" in seen(kb, check_questions)[0][2]


def test_what_is_held_is_a_warning_with_the_reason_and_what_can_be_done(kb, tmp_path):
    watch(kb, tmp_path / "golden.jsonl")
    assert seen(kb, check_holds, ["wiki"]) == []
    owner = new_owner()
    with kb.ledger.write() as ledger:
        asked = golden.claim_asking(ledger, owner, ["wiki"], lease=60)
        golden.conclude(ledger, owner, asked, WORSE)
    with pytest.raises(HeldError):
        rebuild(kb, examine=lambda _name: WORSE)
    source, index = seen(kb, check_holds, ["wiki"])
    assert (source[:2], index[:2]) == ((Level.WARNING, "source wiki"), (Level.WARNING, "index"))
    assert all("shown fell from 1.000 to 0.500" in one[2] for one in (source, index))
    assert "sabio sync wiki --accept" in source[2]
