"""The beat: one tick a minute. What a tick starts is decided by the ledger, so two beats do nothing twice."""

from __future__ import annotations

from celery import Celery
from celery.beat import Scheduler as CeleryScheduler

from workers.probes import Pulse

pulse = Pulse()
"""Told at every turn of the scheduler's loop."""


class Scheduler(CeleryScheduler):
    """Celery's scheduler without its file: when a source was synced last is in the ledger.

    The first tick comes at once, so that a beat that was away catches up when it is back.
    """

    def setup_schedule(self) -> None:
        """Take over the schedule as if it had last been due long ago."""
        super().setup_schedule()
        for entry in self.schedule.values():
            entry.last_run_at = entry.default_now().replace(year=2000)

    def tick(self, *arguments: object, **named: object) -> float:
        """One turn of the loop: seconds until the next."""
        seconds: float = super().tick(*arguments, **named)
        pulse.consumed()
        return seconds


def run_beat(app: Celery) -> None:
    """Tick until SIGTERM or Ctrl-C."""
    app.Beat(quiet=True, scheduler=Scheduler, max_interval=5).run()
