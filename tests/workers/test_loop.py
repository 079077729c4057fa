"""The loop that keeps sources current: what is due is decided from the ledger, and failure ends nothing."""

import threading
from datetime import timedelta

import pytest

from config.errors import UnavailableError
from config.settings import Settings
from ingest.knowledge import KnowledgeBase
from ingest.ledger import now
from workers import loop


@pytest.fixture
def kb(tmp_path):
    (tmp_path / "docs").mkdir()
    sources = [
        {"name": "often", "type": "folder", "path": str(tmp_path / "docs"), "schedule": "hourly"},
        {"name": "seldom", "type": "folder", "path": str(tmp_path / "docs"), "schedule": "weekly"},
    ]
    with KnowledgeBase(Settings.model_validate({"data": tmp_path / "var", "sources": sources})) as kb:
        yield kb


@pytest.fixture
def history(monkeypatch):
    """What the ledger says of each source's runs."""
    known: dict[str, dict[str, object]] = {}
    monkeypatch.setattr(loop.reading, "counts", lambda _ledger: known)
    return known


def test_a_source_that_was_never_synced_is_due(kb, history):
    assert loop.due_sources(kb, now()) == ["often", "seldom"]


def test_a_source_is_due_when_its_schedule_wants_it_and_not_before(kb, history):
    history.update({name: {"synced_at": now() - timedelta(hours=2)} for name in ("often", "seldom")})
    assert loop.due_sources(kb, now()) == ["often"]
    assert loop.due_sources(kb, now() + timedelta(days=7)) == ["often", "seldom"]


def test_a_failed_sync_is_tried_again_after_a_while_not_at_once(kb, history):
    history["often"] = {"last_run": {"state": "failed", "finished_at": now()}}
    assert loop.due_sources(kb, now()) == ["seldom"]
    assert loop.due_sources(kb, now() + loop.RETRY) == ["often", "seldom"]


def test_an_outage_is_logged_and_the_loop_goes_on(kb, monkeypatch, caplog):
    stopped = threading.Event()
    synced = []

    def sync(_kb, names):
        synced.extend(names)
        if len(synced) == 1:
            raise UnavailableError("the index is down")
        stopped.set()
        return [{"source": names[0], "outcome": "done"}]

    monkeypatch.setattr(loop, "TICK", 0.0)
    monkeypatch.setattr(loop, "sync_sources", sync)
    loop.keep_current(kb, stopped)
    assert synced == ["often", "often"]
    assert "the index is down" in caplog.text
