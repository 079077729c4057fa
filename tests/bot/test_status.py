"""How each source stands, and when it is wanted again."""

from datetime import timedelta

import pytest

from bot.platforms.terminal import print_status
from bot.status import sources_of, status_of, waiting
from ingest import sync
from ingest.ledger import processes, requests
from ingest.ledger.golden import Verdict
from ingest.ledger.owners import new_owner
from ingest.rebuilding import HeldError, discard, rebuild
from workers.local import sync_sources


def test_a_synced_source_says_what_is_published_and_what_could_not_be_read(kb):
    handbook, salaries = status_of(kb).sources
    assert (handbook.documents, handbook.pending, handbook.held) == (3, 0, 0)
    assert handbook.chunks >= 3
    assert [one.document for one in handbook.quarantined] == ["broken.pdf"]
    assert "damaged" in handbook.quarantined[0].reason
    assert salaries.documents == 1
    assert salaries.quarantined == []


def test_a_weekly_source_is_due_on_the_chosen_day_after_its_last_good_sync(kb):
    handbook = status_of(kb).sources[0]
    assert handbook.last_run.outcome == "done"
    assert timedelta() < handbook.due_at - handbook.synced_at <= timedelta(weeks=1)
    assert (handbook.due_at.strftime("%A"), handbook.due_at.hour) == ("Sunday", 3)
    assert not handbook.due


def test_a_source_that_somebody_asked_for_is_due_at_once(own_kb):
    with own_kb.ledger.write() as ledger:
        requests.request_sync(ledger, "salaries")
    handbook, salaries = status_of(own_kb).sources
    assert (handbook.due, salaries.due) == (False, True)


def test_who_works_and_how_far_a_run_has_come_is_told_while_it_goes_on(own_kb):
    with own_kb.ledger.write() as ledger:
        processes.beat(ledger, new_owner(), "work", consumed=True)
    sync.scan(own_kb, "handbook", full=True)
    told = status_of(own_kb)
    assert [process.kind for process in told.processes] == ["work"]
    progress = told.sources[0].last_run.progress
    assert (progress.state, progress.planned, progress.left, progress.done) == ("working", 4, 4, 0)
    assert told.sources[1].last_run.progress is None


def test_a_source_that_failed_keeps_the_time_of_its_last_good_sync(own_kb, own_company):
    before = status_of(own_kb).sources[1].synced_at
    (own_company.parent / "salaries").rename(own_company.parent / "away")
    sync_sources(own_kb, ["salaries"])
    salaries = status_of(own_kb).sources[1]
    assert salaries.last_run.outcome == "failed"
    assert "is not there" in salaries.last_run.error
    assert salaries.synced_at == before


def test_held_removals_are_counted(own_kb, own_company):
    (own_company.parent / "salaries" / "bands.md").unlink()
    sync_sources(own_kb, ["salaries"])
    assert status_of(own_kb).sources[1].held == 1


def test_a_source_never_synced_is_due(own_kb):
    source = own_kb.settings.sources[0].model_copy(update={"name": "new"})
    own_kb.settings = own_kb.settings.model_copy(update={"sources": (source,)})
    (new, *others) = status_of(own_kb).sources
    assert (new.name, new.due, new.due_at, new.last_run, new.documents) == ("new", True, None, None, 0)
    assert [(one.name, one.type, one.due) for one in others] == [
        ("handbook", None, False),
        ("salaries", None, False),
    ]


def test_sources_are_listed_as_configured(kb):
    handbook, salaries = sources_of(kb)
    assert (handbook.name, handbook.type, handbook.schedule) == ("handbook", "folder", "weekly")
    assert salaries.readers == {"group:hr"}


def test_nothing_waits_after_a_sync(kb):
    assert waiting(kb, "handbook") == 0
    assert waiting(kb, "no such source") == 0


def test_an_index_that_waits_for_a_persons_word_is_told_with_what_can_be_done(own_kb, capsys):
    worse = Verdict({}, {"shown": 0.5}, ["shown fell from 1.000 to 0.500"], ["Why?"], "run-1")
    with pytest.raises(HeldError):
        rebuild(own_kb, examine=lambda _name: worse)
    told = status_of(own_kb)
    assert "shown fell from 1.000 to 0.500" in told.held_index
    print_status(told)
    assert "sabio rebuild --accept" in " ".join(capsys.readouterr().out.split())
    discard(own_kb)
    assert status_of(own_kb).held_index is None
