"""Syncing in this process: scan the sources, work with a few threads until nothing is left, report.

Other processes may do the same at the same time; the ledger's leases share the work out.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from config.errors import ConfigError, SabioError, UnavailableError
from ingest import indexing, sync
from ingest.knowledge import KnowledgeBase
from ingest.ledger import reading, scanning, working
from ingest.ledger.owners import new_owner
from ingest.sync import Observer, unobserved

THREADS = 2
"""One embeds while the other's documents are parsed; the embedding model itself uses every core."""
PAUSE = 0.2
"""Seconds between looks at work that another process holds."""


def sync_sources(
    kb: KnowledgeBase,
    sources: Sequence[str],
    *,
    full: bool = False,
    confirmed: bool = False,
    observe: Observer = unobserved,
) -> list[dict[str, Any]]:
    """Sync sources to the end: a report each, as `sync --json` prints it.

    A source that fails does not stop the others: its report has the outcome `failed`, its `error`, and as
    `error_kind` the name of the error's class.
    """
    with kb.ledger.write() as ledger:
        working.free_dead(ledger)
    _prepare_index(kb, observe)
    return [_sync_source(kb, source, full=full, confirmed=confirmed, observe=observe) for source in sources]


def _prepare_index(kb: KnowledgeBase, observe: Observer) -> None:
    """Make the index anew when the model or the translator it was made with is not the one there now."""
    name = kb.ledger.collection()
    if name is not None and not kb.is_current(name):
        indexing.rebuild(kb, lambda title: observe("reindexed", title))


def _sync_source(
    kb: KnowledgeBase, source: str, *, full: bool, confirmed: bool, observe: Observer
) -> dict[str, Any]:
    stop = threading.Event()
    run = None
    try:
        _join_open_run(kb, source, stop, observe)
        while run is None:
            run = sync.scan(kb, source, full=full, confirmed=confirmed, observe=observe)
            if run is None and stop.wait(PAUSE):
                break
        return _work_through(kb, source, run or "", stop, observe)
    except SabioError as error:
        return _failed(kb, source, run, error)
    finally:
        stop.set()


def _join_open_run(kb: KnowledgeBase, source: str, stop: threading.Event, observe: Observer) -> None:
    """Help with a run of this source that another process is following; a scan comes after it."""
    with kb.ledger.read() as ledger:
        other = scanning.open_run(ledger, source, kb.settings.sync.lease_seconds)
    if other is not None:
        _work_through(kb, source, other, stop, observe)


def _work_through(
    kb: KnowledgeBase, source: str, run: str, stop: threading.Event, observe: Observer
) -> dict[str, Any]:
    """Work until the run has nothing left, and end it. Raises what stops all threads."""

    def work_on() -> None:
        owner = new_owner()
        while not stop.is_set():
            if sync.work(kb, [source], owner, observe=observe, stopping=stop.is_set) == 0:
                with kb.ledger.write() as ledger:
                    scanning.follow_run(ledger, run)
                    left = working.left(ledger, run)
                if left == 0 or stop.wait(PAUSE):
                    return

    with ThreadPoolExecutor(THREADS, thread_name_prefix="sabio-work") as pool:
        workers = [pool.submit(work_on) for _ in range(THREADS)]
        try:
            for worker in workers:
                worker.result()
        finally:
            stop_now = any(worker.done() and worker.exception() for worker in workers)
            if stop_now or not all(worker.done() for worker in workers):
                stop.set()
    report = sync.finish(kb, run)
    if report is None:
        raise UnavailableError(f"the work on `{source}` was stopped before its end; sync again to go on")
    return report


def _failed(kb: KnowledgeBase, source: str, run: str | None, error: SabioError) -> dict[str, Any]:
    kind = "ConfigError" if isinstance(error, ConfigError) else type(error).__name__
    with suppress(UnavailableError), kb.ledger.write() as ledger:
        if run is None:
            run = reading.last_run(ledger, source)
        if run is not None:
            working.close_run(ledger, run, "failed", error=str(error))
            return {**reading.run_report(ledger, run), "error": str(error), "error_kind": kind}
    return {"source": source, "outcome": "failed", "error": str(error), "error_kind": kind, "failed": []}
