"""How each source stands, and when it is wanted again."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.status import sources_of, status_of, waiting
from workers.local import sync_sources
from workers.schedule import due_at

MONDAY = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)


def test_a_synced_source_says_what_is_published_and_what_could_not_be_read(kb):
    handbook, salaries = status_of(kb).sources
    assert (handbook.documents, handbook.pending, handbook.held) == (3, 0, 0)
    assert handbook.chunks >= 3
    assert [one.document for one in handbook.quarantined] == ["broken.pdf"]
    assert "damaged" in handbook.quarantined[0].reason
    assert salaries.documents == 1
    assert salaries.quarantined == []


def test_a_weekly_source_is_due_a_week_after_its_last_good_sync(kb):
    handbook = status_of(kb).sources[0]
    assert handbook.last_run.outcome == "done"
    assert handbook.due_at == handbook.synced_at + timedelta(weeks=1)
    assert not handbook.due


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


@pytest.mark.parametrize(
    ("schedule", "due"),
    [
        ("hourly", MONDAY + timedelta(hours=1)),
        ("daily", MONDAY + timedelta(days=1)),
        ("weekly", MONDAY + timedelta(weeks=1)),
        ("* * * * *", datetime(2026, 3, 2, 10, 31, tzinfo=UTC)),
        ("30 10 * * *", datetime(2026, 3, 3, 10, 30, tzinfo=UTC)),
        ("*/20 * * * *", datetime(2026, 3, 2, 10, 40, tzinfo=UTC)),
        ("0 9-17/4 * * *", datetime(2026, 3, 2, 13, 0, tzinfo=UTC)),
        ("30 2 * * 0", datetime(2026, 3, 8, 2, 30, tzinfo=UTC)),
        ("30 2 * * 7", datetime(2026, 3, 8, 2, 30, tzinfo=UTC)),
        ("0 0 1,15 * *", datetime(2026, 3, 15, tzinfo=UTC)),
        ("0 0 15 * 3", datetime(2026, 3, 4, tzinfo=UTC)),
        ("0 0 29 2 *", datetime(2028, 2, 29, tzinfo=UTC)),
        ("0 0 30 2 *", None),
    ],
)
def test_a_schedule_says_when_the_next_sync_is_due(schedule, due):
    assert due_at(schedule, MONDAY) == due


def test_what_was_never_synced_has_always_been_due():
    assert due_at("30 2 * * 0", None) < MONDAY
