"""Keeping the sources current without Redis: what is due is done by threads of this process.

The same jobs as Celery's, decided by the same ledger; any number of such processes may run at once.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

from config.errors import SabioError, UnavailableError
from ingest.knowledge import KnowledgeBase
from ingest.ledger import now, processes
from ingest.ledger.owners import new_owner
from workers import jobs
from workers.jobs import Job
from workers.local import keep_index_current
from workers.metrics import timed

LOOK = 2.0
"""Seconds between looks at what is due: a request from another process waits no longer."""
SEEN = 10.0
"""Seconds between two notes in the ledger that this process is there."""
HANDS = 2
"""Threads at one source's work: one embeds while the other's documents are parsed."""
AT_ONCE = 8
"""Jobs at once: slow sources must not hold up the others."""

log = logging.getLogger("workers")


def keep_current(
    kb: KnowledgeBase,
    stopped: threading.Event,
    *,
    kind: str = "work",
    came_round: Callable[[], None] = lambda: None,
) -> None:
    """Do what is due until `stopped` is set. What fails is logged and tried again; the loop goes on.

    `kind` is what this process calls itself in the ledger; `came_round` is called at every look.
    """
    presence = _Presence(kb, kind)
    busy: list[tuple[Job, Future[None]]] = []
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="sabio-job") as pool:
        while not stopped.is_set():
            busy = [(job, doing) for job, doing in busy if not doing.done()]
            try:
                presence.note()
                for job in jobs.due(kb, now()):
                    if _has_room(job, [each for each, _ in busy]):
                        busy.append((job, pool.submit(_carry_out, kb, job, stopped)))
            except UnavailableError as error:
                log.warning("%s", error)
            came_round()
            stopped.wait(LOOK)
    presence.end()


def _has_room(job: Job, busy: Sequence[Job]) -> bool:
    """Whether a job may begin beside those that go on: a scan goes over into work, which has `HANDS`."""
    if job.name not in (jobs.SCAN, jobs.WORK):
        return job not in busy
    at_it = [each for each in busy if each.source == job.source and each.name in (jobs.SCAN, jobs.WORK)]
    return len(at_it) < (HANDS if job.name == jobs.WORK else 1)


class _Presence:
    """What the ledger knows of this process: that it is there, and since when it was last seen."""

    def __init__(self, kb: KnowledgeBase, kind: str) -> None:
        self._kb, self._kind = kb, kind
        self._name, self._next = new_owner(), 0.0

    def note(self) -> None:
        """Say that it is there, if that was not said lately."""
        if time.monotonic() >= self._next:
            with self._kb.ledger.write() as ledger:
                processes.beat(ledger, self._name, self._kind, consumed=True)
            self._next = time.monotonic() + SEEN

    def end(self) -> None:
        """Say that it is there no more. A ledger that is down forgets it by itself."""
        with suppress(UnavailableError), self._kb.ledger.write() as ledger:
            processes.leave(ledger, self._name)


def _carry_out(kb: KnowledgeBase, job: Job, stopped: threading.Event) -> None:
    try:
        if job.name == jobs.GOLDEN:
            with timed(job.name):
                jobs.ask_golden(kb, stopping=stopped.is_set)
            return
        if job.name in jobs.CHORES:
            with timed(job.name):
                jobs.CHORES[job.name](kb, *([job.source] if job.source else []))
            return
        if job.name == jobs.SCAN:
            with timed(job.name):
                keep_index_current(kb)
                jobs.scan(kb, job.source)
        more = True
        while more and not stopped.is_set():
            with timed(jobs.WORK):
                more = jobs.work(kb, job.source, stopped.is_set)
    except SabioError as error:
        log.warning("%s", error)
    except Exception:
        # A mistake of ours in one job must not end the others, nor the loop.
        log.exception("%s %s failed", job.name, job.source)
