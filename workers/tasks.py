"""Celery's tasks: each unwraps a message, asks `jobs`, and hints at what comes next."""

from __future__ import annotations

from celery import Task, shared_task

from ingest.ledger import now, processes
from workers import jobs, shutdown
from workers.app import base, queue_lengths, send
from workers.jobs import Job
from workers.metrics import timed


@shared_task(name="sabio.tick", bind=True)
def tick(self: Task) -> None:
    """Start everything that is due."""
    with timed("tick"):
        for job in jobs.due(base(self.app), now()):
            send(self.app, job)


@shared_task(name="sabio.look", bind=True)
def look(self: Task) -> None:
    """Keep work going that a lost message or a killed worker left; and say that this worker consumes."""
    kb = base(self.app)
    with timed("look"):
        with kb.ledger.write() as ledger:
            processes.beat(ledger, self.request.hostname, "work", consumed=True)
        # Where messages wait already, more of them would do nothing.
        if not queue_lengths(self.app)["ingest"]:
            for job in jobs.due(kb, now()):
                if job.name in (jobs.SCAN, jobs.WORK):
                    send(self.app, job)


@shared_task(name="sabio.scan", bind=True)
def scan(self: Task, source: str) -> None:
    """List a source, and hint at the work that this makes."""
    kb = base(self.app)
    with timed("scan"):
        begun = jobs.scan(kb, source)
    if begun:
        for _ in range(jobs.hands(kb, source)):
            send(self.app, Job(jobs.WORK, source))


@shared_task(name="sabio.work", bind=True)
def work(self: Task, source: str) -> None:
    """Do a batch of a source's work, and go on as long as there is more."""
    with timed("work"):
        more = jobs.work(base(self.app), source, shutdown.asked)
    if more:
        send(self.app, Job(jobs.WORK, source))


@shared_task(name="sabio.permissions", bind=True)
def permissions(self: Task, source: str) -> None:
    """Look up who may read a source's documents, and have the index told."""
    with timed("permissions"):
        jobs.refresh_permissions(base(self.app), source)
    send(self.app, Job(jobs.WORK, source))


@shared_task(name="sabio.audit", bind=True)
def audit(self: Task) -> None:
    """Compare the index with the ledger."""
    with timed("audit"):
        jobs.audit(base(self.app))


@shared_task(name="sabio.golden", bind=True)
def golden(self: Task) -> None:
    """Ask golden questions after syncs."""
    with timed("golden"):
        jobs.ask_golden(base(self.app), stopping=shutdown.asked)


@shared_task(name="sabio.sweep", bind=True)
def sweep(self: Task) -> None:
    """Remove what is not needed any more."""
    with timed("sweep"):
        jobs.sweep(base(self.app))
