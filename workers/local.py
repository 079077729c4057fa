"""Syncing in this process: scan the sources, work with a few threads until nothing is left, report.

Other processes may do the same at the same time; the ledger's leases share the work out.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import suppress
from typing import Any

from config.errors import SabioError, UnavailableError
from ingest import rebuilding, sync
from ingest.holding import is_gated
from ingest.knowledge import KnowledgeBase
from ingest.ledger import claims, reading, runs
from ingest.ledger.owners import new_owner
from ingest.parsing import need_parsers
from ingest.sync import Observer, unobserved
from workers import jobs
from workers.examining import examiner
from workers.following import Follower

THREADS = 2
"""One embeds while the other's documents are parsed; the embedding model itself uses every core."""
PAUSE = 0.2
"""Seconds between looks at what another process is doing."""

log = logging.getLogger("workers")


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
    need_parsers()
    keep_index_current(kb, observe)
    reports = [
        _sync_source(kb, source, full=full, confirmed=confirmed, observe=observe) for source in sources
    ]
    return _examined(kb, reports, observe) if is_gated(kb.settings) else reports


def keep_index_current(kb: KnowledgeBase, observe: Observer = unobserved) -> None:
    """Make the index anew if it is not what the settings name.

    An index that is down must not keep a scan from taking effect, from which on what was deleted cannot be
    cited; the work after it says that it is down. Raises `UnavailableError` when the ledger is.
    """
    try:
        rebuilding.keep_current(kb, lambda title: observe("reindexed", title), examiner(kb))
    except UnavailableError as error:
        kb.ledger.collection()
        log.info("the index cannot be looked after: %s", error)


def _examined(
    kb: KnowledgeBase, reports: Sequence[dict[str, Any]], observe: Observer
) -> list[dict[str, Any]]:
    """The reports as they are after golden questions were asked once for all the runs."""
    try:
        observe("asked", "golden questions")
        jobs.ask_golden(kb, [report["source"] for report in reports])
        with kb.ledger.read() as ledger:
            return [
                reading.run_report(ledger, report["run"]) if report["outcome"] != "failed" else report
                for report in reports
            ]
    except UnavailableError as error:
        log.warning("%s", error)
        return list(reports)


def _sync_source(
    kb: KnowledgeBase, source: str, *, full: bool, confirmed: bool, observe: Observer
) -> dict[str, Any]:
    run = None
    try:
        run = _begin(kb, source, full=full, confirmed=confirmed, observe=observe)
        return _work_through(kb, source, run, observe)
    except SabioError as error:
        return _failed(kb, source, run, error)
    except BaseException as error:
        if run is not None:
            _close(kb, run, kb.settings.masked(f"interrupted: {error!r}"))
        raise


def _begin(kb: KnowledgeBase, source: str, *, full: bool, confirmed: bool, observe: Observer) -> str:
    """Scan: the new run. A run that another process is following is helped with first, to its end."""
    helping = True
    while True:
        run = sync.scan(kb, source, full=full, confirmed=confirmed, observe=observe)
        if run is not None:
            return run
        with kb.ledger.read() as ledger:
            other = runs.open_run(ledger, source, kb.settings.sync.lease_seconds)
        if other is None or not helping:
            time.sleep(PAUSE)
            continue
        try:
            _work_through(kb, source, other, observe)
        except SabioError:
            # It is the other's to tell; where it is in our way too, our own scan or work will meet it.
            helping = False


def _work_through(kb: KnowledgeBase, source: str, run: str, observe: Observer) -> dict[str, Any]:
    """Work until the run has nothing left, and end it. An error in one thread stops all."""
    stop = threading.Event()
    follower = Follower(kb, run)

    def both(step: str, title: str = "") -> None:
        observe(step, title)
        follower(step, title)

    def work_on() -> None:
        owner = new_owner()
        while not stop.is_set():
            if sync.work(kb, [source], owner, observe=both, stopping=stop.is_set) == 0:
                follower.look()
                with kb.ledger.write() as ledger:
                    claims.free_dead(ledger)
                    left = runs.left(ledger, run)
                if left == 0:
                    stop.set()  # the others need not find out by themselves
                stop.wait(PAUSE)

    with ThreadPoolExecutor(THREADS, thread_name_prefix="sabio-work") as pool:
        workers = [pool.submit(work_on) for _ in range(THREADS)]
        try:
            wait(workers, return_when=FIRST_EXCEPTION)
        finally:
            stop.set()
    for worker in workers:
        worker.result()
    report = sync.finish(kb, run)
    if report is None:
        raise UnavailableError(f"the work on `{source}` was taken over before its end; sync again to go on")
    return report


def _failed(kb: KnowledgeBase, source: str, run: str | None, error: SabioError) -> dict[str, Any]:
    kind = type(error).__name__
    told = {"source": source, "outcome": "failed", "error": str(error), "error_kind": kind}
    with suppress(SabioError):
        if run is not None:
            _close(kb, run, str(error))
        with kb.ledger.read() as ledger:
            last = run or reading.last_run(ledger, source)
            if last is not None:
                return {**reading.run_report(ledger, last), **told}
    return {**told, "failed": []}


def _close(kb: KnowledgeBase, run: str, reason: str) -> None:
    with suppress(UnavailableError), kb.ledger.write() as ledger:
        runs.close_run(ledger, run, "failed", error=reason)
