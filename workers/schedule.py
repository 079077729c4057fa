"""When a source is due: a pure function of its schedule, the operator's clock and its last good sync.

The ledger knows the last sync, so a beat that was missed is caught up and one that comes twice does nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from config.sections import SyncSettings

_WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_HORIZON = 366 * 8
"""Days looked ahead: the 29th of February may be eight years away."""


def due_at(
    schedule: str, began_at: datetime | None, clock: SyncSettings, moment: datetime
) -> datetime | None:
    """The first moment after `began_at`, when the last good sync began, at which the schedule wants another.

    `schedule` is `hourly` (an hour later), `daily` (at `clock.hour`), `weekly` (at `clock.day` and
    `clock.hour`) or cron's five fields, all on the clock of `clock.time_zone`. None: never, because the
    fields name no day that exists (`0 0 30 2 *`). A source that was never synced has always been due:
    `datetime.min`. A sync that seems to have begun after `moment`, the present, began now: clocks can jump.
    """
    if began_at is None:
        return datetime.min.replace(tzinfo=UTC)
    began_at = min(began_at, moment)
    if schedule == "hourly":
        return began_at + timedelta(hours=1)
    fields = {
        "daily": f"0 {clock.hour} * * *",
        "weekly": f"0 {clock.hour} * * {_WEEKDAYS.index(clock.day)}",
    }.get(schedule, schedule)
    return _next_match(fields, began_at, ZoneInfo(clock.time_zone))


def is_late(schedule: str, began_at: datetime | None, clock: SyncSettings, moment: datetime) -> bool:
    """Whether a source is older than its schedule allows: the last good sync missed not one turn but two."""
    missed = due_at(schedule, began_at, clock, moment) if began_at else None
    again = due_at(schedule, missed, clock, moment) if missed and missed <= moment else None
    return again is not None and again <= moment


def _next_match(schedule: str, after: datetime, zone: ZoneInfo) -> datetime | None:
    fields = schedule.split()
    minutes, hours = (_numbers(fields[place], *_RANGES[place]) for place in (0, 1))
    # An hour that clocks skip in spring is the one after it. One that they repeat in autumn counts once, but
    # for schedules of every hour, which would otherwise pause for one.
    folds = (0, 1) if fields[1].startswith("*") else (0,)
    for day in _days(fields, after.astimezone(zone).date()):
        moments = (
            datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone, fold=fold).astimezone(UTC)
            for hour in hours
            for minute in minutes
            for fold in folds
        )
        if following := [moment for moment in moments if moment > after]:
            return min(following)
    return None


def _days(fields: list[str], first: date) -> Iterator[date]:
    """The days from `first` on that the last three fields name."""
    days, months, weekdays = (
        _numbers(field, *limits) for field, limits in zip(fields[2:], _RANGES[2:], strict=True)
    )
    weekdays = {number % 7 for number in weekdays}  # both 0 and 7 are Sunday
    # crontab(5): where both are restricted, either of them is enough.
    either = not fields[2].startswith("*") and not fields[4].startswith("*")
    for ahead in range(_HORIZON):
        day = first + timedelta(days=ahead)
        in_month, in_week = day.day in days, day.isoweekday() % 7 in weekdays
        if day.month in months and ((in_month or in_week) if either else (in_month and in_week)):
            yield day


def _numbers(field: str, low: int, high: int) -> set[int]:
    """The numbers that a cron field stands for: `*`, `*/5`, `1,3`, `9-17`, `9-17/2`."""
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        start, end = (low, high) if span == "*" else (int(first), int(last or first))
        found.update(range(start, end + 1, int(step or 1)))
    return found
