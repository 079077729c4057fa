"""Keeping the sources current in this process: what is due is synced, and looked for again every minute."""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta

from config.errors import SabioError
from ingest.knowledge import KnowledgeBase
from ingest.ledger import now, reading
from workers.local import sync_sources
from workers.schedule import due_at

TICK = 60.0
"""Seconds between looks at what is due."""
RETRY = timedelta(minutes=15)
"""A sync that failed is tried again after this long, if its schedule does not want one sooner."""

log = logging.getLogger("workers")


def due_sources(kb: KnowledgeBase, moment: datetime) -> list[str]:
    """The sources that want a sync, by their schedules and what the ledger knows of their last ones."""
    with kb.ledger.read() as ledger:
        counts = reading.counts(ledger)
    due = []
    for source in kb.settings.sources:
        known = counts.get(source.name, {})
        wanted = due_at(kb.settings.schedule(source), known.get("synced_at"))
        last = known.get("last_run")
        failed_at = last["finished_at"] if last and last["state"] == "failed" else None
        if wanted is not None and wanted <= moment and not (failed_at and moment < failed_at + RETRY):
            due.append(source.name)
    return due


def keep_current(kb: KnowledgeBase, stopped: threading.Event) -> None:
    """Sync what is due until `stopped` is set. What fails is logged and tried again; the loop goes on."""
    while not stopped.is_set():
        try:
            for name in due_sources(kb, now()):
                if stopped.is_set():
                    return
                [report] = sync_sources(kb, [name])
                log.log(
                    logging.INFO if report["outcome"] == "done" else logging.WARNING,
                    "%s: %s%s",
                    name,
                    report["outcome"],
                    f", {report['error']}" if report.get("error") else "",
                )
        except SabioError as error:
            log.warning("%s", error)
        stopped.wait(TICK)
