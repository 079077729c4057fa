"""When a source is due: a pure function of its schedule and its last good sync.

The ledger knows the last sync, so a beat that was missed is caught up and one that comes twice does nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_PERIODS = {"hourly": timedelta(hours=1), "daily": timedelta(days=1), "weekly": timedelta(weeks=1)}
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_HORIZON = 366 * 8
"""Days looked ahead: the 29th of February may be eight years away."""


def due_at(schedule: str, synced_at: datetime | None) -> datetime | None:
    """The first moment after `synced_at` at which the schedule wants a sync, in UTC.

    `schedule` is `hourly`, `daily`, `weekly` or cron's five fields, read in UTC. None: never, because the
    fields name no day that exists (`0 0 30 2 *`). A source that was never synced has always been due:
    `datetime.min`.
    """
    if synced_at is None:
        return datetime.min.replace(tzinfo=UTC)
    if schedule in _PERIODS:
        return synced_at + _PERIODS[schedule]
    return _next_match(schedule, synced_at)


def _next_match(schedule: str, after: datetime) -> datetime | None:
    fields = schedule.split()
    minutes, hours, days, months, weekdays = (
        _numbers(field, *limits) for field, limits in zip(fields, _RANGES, strict=True)
    )
    weekdays = {number % 7 for number in weekdays}  # both 0 and 7 are Sunday
    # crontab(5): where both are restricted, either of them is enough.
    either = not fields[2].startswith("*") and not fields[4].startswith("*")
    after = after.astimezone(UTC)
    for ahead in range(_HORIZON):
        day = (after + timedelta(days=ahead)).date()
        in_month, in_week = day.day in days, day.isoweekday() % 7 in weekdays
        if day.month not in months or not ((in_month or in_week) if either else (in_month and in_week)):
            continue
        for hour in sorted(hours):
            for minute in sorted(minutes):
                moment = datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)
                if moment > after:
                    return moment
    return None


def _numbers(field: str, low: int, high: int) -> set[int]:
    """The numbers that a cron field stands for: `*`, `*/5`, `1,3`, `9-17`, `9-17/2`."""
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        start, end = (low, high) if span == "*" else (int(first), int(last or first))
        found.update(range(start, end + 1, int(step or 1)))
    return found
