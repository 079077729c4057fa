"""When a source is due: by the clock that the operator chose, through summer time and clocks that jump."""

from datetime import UTC, datetime, timedelta

import pytest

from config.sections import SyncSettings
from workers.schedule import due_at

MONDAY = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)
LATER = MONDAY + timedelta(days=3650)


def due(schedule, began_at, moment=LATER, **clock):
    return due_at(schedule, began_at, SyncSettings.model_validate(clock), moment)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("hourly", MONDAY + timedelta(hours=1)),
        ("daily", datetime(2026, 3, 3, 3, tzinfo=UTC)),
        ("weekly", datetime(2026, 3, 8, 3, tzinfo=UTC)),
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
def test_a_schedule_says_when_the_next_sync_is_due(schedule, expected):
    assert due(schedule, MONDAY) == expected


def test_what_was_never_synced_has_always_been_due():
    assert due("30 2 * * 0", None) < MONDAY


def test_day_hour_and_time_zone_are_the_operators():
    clock = {"day": "wednesday", "hour": 22, "time_zone": "America/Bogota"}
    assert due("weekly", MONDAY, **clock) == datetime(2026, 3, 5, 3, tzinfo=UTC)
    assert due("daily", MONDAY, **clock) == datetime(2026, 3, 3, 3, tzinfo=UTC)
    assert due("0 9 * * 1", MONDAY, **clock) == datetime(2026, 3, 2, 14, tzinfo=UTC)


def test_the_hour_stays_the_same_on_the_wall_when_clocks_change():
    madrid = {"hour": 3, "time_zone": "Europe/Madrid"}
    assert due("daily", datetime(2026, 3, 28, 1, tzinfo=UTC), **madrid) == datetime(
        2026, 3, 28, 2, tzinfo=UTC
    )
    assert due("daily", datetime(2026, 3, 29, 1, 30, tzinfo=UTC), **madrid) == datetime(
        2026, 3, 30, 1, tzinfo=UTC
    )


def test_an_hour_that_clocks_skip_is_the_one_after_and_one_that_they_repeat_counts_once():
    at_two = {"hour": 2, "time_zone": "Europe/Madrid"}
    skipped = due("daily", datetime(2026, 3, 28, 12, tzinfo=UTC), **at_two)
    assert skipped == datetime(2026, 3, 29, 1, tzinfo=UTC)
    repeated = due("daily", datetime(2026, 10, 24, 12, tzinfo=UTC), **at_two)
    assert repeated == datetime(2026, 10, 25, 0, tzinfo=UTC)
    assert due("daily", repeated, **at_two) == datetime(2026, 10, 26, 1, tzinfo=UTC)


def test_a_schedule_of_every_few_minutes_does_not_pause_while_clocks_are_put_back():
    moment = datetime(2026, 10, 25, 0, 55, tzinfo=UTC)
    for _ in range(14):
        following = due("*/5 * * * *", moment, time_zone="Europe/Madrid")
        assert following - moment == timedelta(minutes=5)
        moment = following


def test_a_sync_from_the_future_counts_from_now_so_that_a_clock_that_jumped_stops_nothing():
    in_ten_years = MONDAY + timedelta(days=3650)
    assert due("hourly", in_ten_years, moment=MONDAY) == MONDAY + timedelta(hours=1)
    assert due("weekly", in_ten_years, moment=MONDAY) == datetime(2026, 3, 8, 3, tzinfo=UTC)
