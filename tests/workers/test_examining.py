"""Golden questions are asked once after the syncs that changed something, by a process of their own."""

import json
import os
import threading
from datetime import timedelta

import pytest

from config.errors import ConfigError, UnavailableError
from config.sections import EvaluationSettings
from config.settings import load_settings
from ingest.knowledge import KnowledgeBase
from ingest.ledger import golden, now, reading
from ingest.ledger.golden import Verdict
from ingest.ledger.tables import chores
from tests.bot.conftest import build_company
from tests.doubles import open_base
from workers import examining, jobs, local, loop, shutdown
from workers.app import close_base, create_app
from workers.jobs import GOLDEN, Job
from workers.local import sync_sources

WORSE = Verdict(
    {"shown": 1.0}, {"shown": 0.5}, ["shown fell from 1.000 to 0.500"], ["Why?"], "run-1", "x.html"
)
GOOD = Verdict({}, {"shown": 1.0}, [])


@pytest.fixture
def kb(tmp_path):
    """Two sources of three pages, and golden questions."""
    with open_base(tmp_path, memory=["wiki", "drive"]) as kb:
        for name, source in kb.connectors.items():
            for number in range(3):
                source.edit(f"page {number}", text=f"{name} text {number}.")
        questions = EvaluationSettings(questions="golden.jsonl")
        kb.settings = kb.settings.model_copy(update={"evaluation": questions})
        yield kb


@pytest.fixture
def asked(monkeypatch):
    """What is said by golden questions, in turn; what was said is taken out."""
    verdicts = []

    def examine(_kb, stopping):
        said = verdicts.pop(0)
        if isinstance(said, Exception):
            raise said
        return said

    monkeypatch.setattr(jobs, "examine", examine)
    return verdicts


def sources(kb, monkeypatch):
    """Let the ledger's sources be configured ones, as far as jobs ask."""
    monkeypatch.setattr(kb, "sources", lambda names=None: [_Named(one) for one in names or kb.connectors])


class _Named:
    def __init__(self, name):
        self.name = name


def due(kb):
    with kb.ledger.read() as ledger:
        return set(golden.to_ask(ledger))


def outcomes(kb):
    with kb.ledger.read() as ledger:
        return {name: reading.last_outcome(ledger, name) for name in kb.connectors}


# ---- when ----


def test_they_are_due_once_after_the_runs_that_changed_something(kb, asked):
    assert due(kb) == set()
    asked += [GOOD]
    sync_sources(kb, ["wiki", "drive"])
    assert (due(kb), asked) == (set(), [])  # asked once for both
    sync_sources(kb, ["wiki", "drive"])  # in which nothing changed
    kb.connectors["wiki"].edit("page 0", text="Other text.")
    asked += [GOOD]
    first, second = sync_sources(kb, ["wiki", "drive"])
    assert (first["golden"]["after"], "golden" in second) == ({"shown": 1.0}, False)
    assert asked == []


@pytest.mark.parametrize("off", [{"questions": "golden.jsonl", "gate": False}, {"questions": None}])
def test_they_are_not_asked_where_nobody_wants_it(kb, asked, off):
    kb.settings = kb.settings.model_copy(update={"evaluation": EvaluationSettings(**off)})
    [report] = sync_sources(kb, ["wiki"])
    assert "golden" not in report
    jobs.ask_golden(kb, ["wiki"])
    assert Job(GOLDEN) not in jobs.due(kb, now())


def test_all_sources_that_changed_are_held_together_and_released_by_an_asking_that_finds_all_well(kb, asked):
    asked += [WORSE, GOOD]
    reports = sync_sources(kb, ["wiki", "drive"])
    assert [(one["outcome"], one["golden"]["lost"]) for one in reports] == [("held", ["Why?"])] * 2
    kb.connectors["wiki"].edit("page 0", text="It is mended.")
    sync_sources(kb, ["wiki"])
    assert outcomes(kb) == {"wiki": "done", "drive": "done"}


def test_workers_ask_when_it_is_due_and_nobody_else_is_at_it(kb, asked, monkeypatch):
    monkeypatch.setattr(local, "is_gated", lambda _settings: False)
    sync_sources(kb, ["wiki", "drive"])
    sources(kb, monkeypatch)
    with kb.ledger.write() as ledger:
        assert golden.claim_asking(ledger, "somebody@elsewhere", ["wiki"], lease=60)
    jobs.ask_golden(kb)  # which nothing is said to
    assert due(kb) == set()
    with kb.ledger.write() as ledger:
        ledger.execute(chores.update().values(lease_until=now() - timedelta(seconds=1)))
    asked += [WORSE]
    jobs.ask_golden(kb)
    assert outcomes(kb) == {"wiki": "held", "drive": "held"}
    with kb.ledger.write() as ledger:  # whoever was away for so long has nothing to say any more
        assert not golden.conclude(ledger, "somebody@elsewhere", {"wiki": "run"}, GOOD)


def test_a_job_for_it_is_there_only_for_configured_sources(kb, asked, monkeypatch):
    monkeypatch.setattr(local, "is_gated", lambda _settings: False)
    sync_sources(kb, ["wiki"])
    assert Job(GOLDEN) not in jobs.due(kb, now())  # those of this test are in no configuration
    configured = [{"name": "wiki", "type": "folder", "path": "x"}]
    kb.settings = kb.settings.model_copy(
        update={"sources": type(kb.settings).model_validate({"sources": configured}).sources}
    )
    assert Job(GOLDEN) in jobs.due(kb, now())


def test_questions_that_cannot_be_asked_hold_nothing_and_are_asked_again_later(kb, asked, caplog):
    asked += [UnavailableError("the model is away"), GOOD]
    [report] = sync_sources(kb, ["wiki"])
    assert (report["outcome"], "golden" in report) == ("done", False)
    assert "the model is away" in caplog.text
    assert due(kb) == set()  # not before the lease has ended
    with kb.ledger.write() as ledger:
        ledger.execute(chores.update().values(lease_until=now() - timedelta(seconds=1)))
    jobs.ask_golden(kb, ["wiki"])
    assert asked == []


def test_threads_and_celerys_tasks_ask_as_soon_as_their_worker_may(kb, company, monkeypatch):
    asking = []
    monkeypatch.setattr(jobs, "ask_golden", lambda _kb, *, stopping: asking.append(stopping))
    stopped = threading.Event()
    loop._carry_out(kb, Job(GOLDEN), stopped)
    settings = load_settings(company, environ={"SABIO_QUEUE": "redis://127.0.0.1:1/0"})
    app = create_app(settings)
    app.loader.import_default_modules()
    app.tasks["sabio.golden"].apply(throw=True)
    close_base()
    assert asking == [stopped.is_set, shutdown.asked]


# ---- how ----


@pytest.fixture(scope="module")
def company(tmp_path_factory, model_cache):
    file = build_company(tmp_path_factory.mktemp("asked"), model_cache)
    (file.parent / "docs" / "broken.pdf").unlink()
    question = {"id": "1", "question": "What is the VPN needed for?", "answer_spans": ["accounting system"]}
    (file.parent / "golden.jsonl").write_text(json.dumps(question), encoding="utf-8")
    with file.open("a", encoding="utf-8") as settings:
        settings.write("evaluation: {questions: golden.jsonl}\n")
    with KnowledgeBase(load_settings(file, environ={})) as kb:
        sync_sources(kb, ["handbook"])
    return file


@pytest.fixture
def company_kb(company):
    with KnowledgeBase(load_settings(company, environ={})) as kb:
        yield kb


def test_a_process_of_its_own_asks_them_of_the_index_in_use(company_kb):
    verdict = examining.examine(company_kb)
    assert (verdict.after["contains_expected"], verdict.fell) == (1.0, [])
    assert verdict.before["contains_expected"] == 1.0  # as the sync before had them asked
    assert os.path.exists(verdict.report)  # noqa: PTH110


def test_what_is_wrong_with_them_is_told_as_whoever_asks_would_be(company_kb):
    missing = EvaluationSettings(questions="nowhere.jsonl")
    company_kb.settings = company_kb.settings.model_copy(update={"evaluation": missing})
    company_kb.settings._file = company_kb.settings.folder / "sabio.yaml"
    with pytest.raises(ConfigError, match=r"nowhere\.jsonl cannot be read"):
        examining.examine(company_kb)


def test_an_asking_ends_when_its_worker_has_to(company_kb):
    with pytest.raises(UnavailableError, match="this process ends"):
        examining.examine(company_kb, stopping=lambda: True)


def test_an_asking_that_takes_too_long_is_ended(company_kb, monkeypatch):
    monkeypatch.setattr(examining, "SECONDS", 0.0)
    monkeypatch.setattr(examining, "_LOOK", 0.01)
    with pytest.raises(UnavailableError, match="not answered within"):
        examining.examine(company_kb)


def test_a_process_that_says_nothing_is_told_so(company_kb, monkeypatch):
    monkeypatch.setattr(examining.sys, "executable", "/bin/true")
    with pytest.raises(UnavailableError, match="ended with 0 and said nothing"):
        examining.examine(company_kb)
