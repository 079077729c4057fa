"""What there is to do, decided from the ledger: the same for Celery's tasks and for threads of one process.

A job is a hint. Whoever carries one out asks the ledger whether it is still to be done and nobody else is at
it, so a job that is lost costs a moment, and one that comes twice does nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from config.errors import ConfigError, UnavailableError
from ingest import auditing, rebuilding, refreshing, sync
from ingest.holding import is_gated
from ingest.knowledge import KnowledgeBase
from ingest.ledger import chores, claims, golden, now, requests, restoring, runs
from ingest.ledger.owners import new_owner
from workers.examining import SECONDS, examine
from workers.following import Follower
from workers.metrics import count_failure
from workers.schedule import due_at

SCAN, WORK, PERMISSIONS, AUDIT, SWEEP = "scan", "work", "permissions", chores.AUDIT, "sweep"
GOLDEN = golden.GOLDEN
"""List a source and write down what is due; do a batch of that; look up who may read what; compare the index
with the ledger; remove what is not needed any more; ask golden questions after syncs."""
RETRY = timedelta(minutes=15)
"""A sync that failed is tried again after this long, if its schedule does not want one sooner."""
FORGOTTEN = timedelta(minutes=15)
"""A run that nobody has gone on with for this long is not gone on with: its source is listed anew."""
EVERY = {AUDIT: 24 * 3600.0, SWEEP: 3600.0}
"""Seconds between two of the chores of the whole installation."""
_FORGOTTEN = "nobody went on with it for too long; its source is listed anew"
_CHORE_LEASE = 900.0
_ASKING_LEASE = SECONDS + 60
_MOST_HANDS = 8
"""Messages that ask for one source's work at once; each goes on by itself as long as there is more."""

log = logging.getLogger("workers")


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do, for one source or (`source` empty) for the whole installation."""

    name: str
    source: str = ""


def due(kb: KnowledgeBase, moment: datetime) -> list[Job]:
    """Everything that is to be done now, the most urgent first."""
    with kb.ledger.read() as ledger:
        unfinished = runs.unfinished(ledger)
        scanning = runs.scanning(ledger)
        asked = set(requests.waiting(ledger))
        latest = runs.latest(ledger)
        held = restoring.held_back(ledger, [source.name for source in kb.settings.sources])
        overdue = chores.overdue(ledger, _chores(kb))
        changed = golden.to_ask(ledger) if is_gated(kb.settings) else {}
    configured = {source.name for source in kb.settings.sources}
    working = {run.source for run in unfinished}
    jobs = [Job(WORK, source) for source in sorted(working & configured)]
    for source in kb.settings.sources:
        # A run is worked to its end before the next begins; what was asked for meanwhile waits.
        if source.name in working or source.name in scanning:
            continue
        if source.name in asked | held or _wants_scan(kb, source.name, latest.get(source.name, {}), moment):
            jobs.append(Job(SCAN, source.name))
    jobs += [Job(name, source) for name, source in overdue]
    return jobs + [Job(GOLDEN)] * (not changed.keys().isdisjoint(configured))


def _wants_scan(kb: KnowledgeBase, source: str, known: Mapping[str, Any], moment: datetime) -> bool:
    """Whether the schedule wants a scan; one that failed lately is not repeated at once.

    `known` is what `runs.latest` says of the source.
    """
    if known.get("state") == "scanning":
        return True  # by a process that is no more
    failed_at = known["finished_at"] if known.get("state") == "failed" else None
    if failed_at and moment - RETRY < failed_at <= moment:
        return False
    [settings] = kb.sources([source])
    wanted = due_at(kb.settings.schedule(settings), known.get("began_at"), kb.settings.sync, moment)
    return wanted is not None and wanted <= moment


def _chores(kb: KnowledgeBase) -> dict[tuple[str, str], float]:
    """The chores by name and source, with the seconds between two of each."""
    usual = kb.settings.sync.permissions_minutes
    of_sources = {
        (PERMISSIONS, source.name): 60 * (source.permissions_minutes or usual)
        for source in kb.settings.sources
    }
    return {**of_sources, **{(name, ""): every for name, every in EVERY.items()}}


def scan(kb: KnowledgeBase, source: str) -> bool:
    """List a source that is due and write down what that makes.

    False: it is not due any more, somebody else is at it, or it failed, as its run says.
    """

    def is_due(ledger: Connection) -> bool:
        known = runs.latest(ledger).get(source, {})
        if source in requests.waiting(ledger) or restoring.held_back(ledger, [source]):
            return True
        return _wants_scan(kb, source, known, now())

    try:
        return sync.scan(kb, source, scheduled=True, wanted=is_due) is not None
    except UnavailableError as error:
        count_failure(SCAN, error)
        log.warning("%s could not be listed: %s", source, error)
    except ConfigError as error:
        count_failure(SCAN, error)
        log.error("%s cannot be listed: %s", source, error)  # noqa: TRY400 - a person's matter, no trace needed
    return False


def work(kb: KnowledgeBase, source: str, stopping: Callable[[], bool] = lambda: False) -> bool:
    """Do a batch of a source's due work, and end its run when nothing is left.

    True: more can be taken up at once. What is down is written into the run and tried again later; what a
    person must change ends the run.
    """
    with kb.ledger.write() as ledger:
        claims.free_dead(ledger)
        found = [run for run in runs.unfinished(ledger) if run.source == source]
        unfinished = [run.id for run in found]
        if found and _is_forgotten(ledger, found[-1]):
            requests.request_sync(ledger, source, by=requests.WORKERS)
            for run in unfinished:
                runs.close_run(ledger, run, "failed", error=_FORGOTTEN)
            return False
    if not unfinished:
        return False
    # The latest is the one that work is taken over by; others are of permissions, and of a moment.
    *_, run = unfinished
    follower = Follower(kb, run)
    try:
        if sync.work(kb, [source], new_owner(), observe=follower, stopping=stopping):
            follower.look()
            return not stopping()
        follower.look()
        for each in unfinished:
            sync.finish(kb, each)  # which does nothing as long as work is left
    except UnavailableError as error:
        count_failure(WORK, error)
        log.warning("the work on %s waits: %s", source, error)
        follower.look(trouble=str(error))
    except ConfigError as error:
        count_failure(WORK, error)
        log.error("the work on %s ended: %s", source, error)  # noqa: TRY400
        with kb.ledger.write() as ledger:
            runs.close_run(ledger, run, "failed", error=str(error))
    return False


def _is_forgotten(ledger: Connection, run: Row[Any]) -> bool:
    """Whether what a run has listed may be long past: all workers were away, or the ledger was restored from
    a backup, and what was deleted since must not be published because that run saw it."""
    seen = max(run.seen_at, run.planned_at or run.seen_at)
    return seen < now() - FORGOTTEN or bool(restoring.held_back(ledger, [run.source]))


def refresh_permissions(kb: KnowledgeBase, source: str) -> None:
    """Look up who may read a source's documents, apart from any sync of it."""
    _do_chore(kb, Job(PERMISSIONS, source), lambda: {"changed": refreshing.refresh_permissions(kb, source)})


def audit(kb: KnowledgeBase) -> None:
    """Compare the index in use with the ledger: remove what is in the index alone, and have synced what ends
    with putting the rest right."""

    def compare() -> dict[str, object]:
        found = auditing.audit(kb, kb.collection())
        # Whoever brought orphans back has had a hand in everything; who may read what may be as old.
        doubtful = kb.connectors.keys() if found.orphans else found.unfilled & kb.connectors.keys()
        sources = sorted(doubtful)
        if found.orphans or found.gaps:
            wrong = "audit: %d orphans were removed from the index, which lacks %d chunks; to be synced: %s"
            log.warning(wrong, found.orphans, found.gaps, ", ".join(sources))
        with kb.ledger.write() as ledger:
            for source in sources:
                requests.request_sync(ledger, source, by=requests.AUDIT)
        return {"orphans": found.orphans, "gaps": found.gaps, "sources": sources}

    _do_chore(kb, Job(AUDIT), compare)


def sweep(kb: KnowledgeBase) -> None:
    """Remove collections that were replaced, and what old runs left in the ledger."""

    def remove() -> dict[str, object]:
        rebuilding.remove_leftovers(kb)
        with kb.ledger.write() as ledger:
            return {"runs": runs.forget_old(ledger)}

    _do_chore(kb, Job(SWEEP), remove)


def ask_golden(
    kb: KnowledgeBase, sources: Sequence[str] | None = None, stopping: Callable[[], bool] = lambda: False
) -> None:
    """Ask golden questions, if a sync of one of the sources changed something since, and hold the sources
    that did where answers got worse. `sources`: not given, all that are configured."""
    if not is_gated(kb.settings):
        return
    owner, named = new_owner(), [source.name for source in kb.sources()] if sources is None else sources
    with kb.ledger.write() as ledger:
        asked = golden.claim_asking(ledger, owner, named, _ASKING_LEASE)
    if not asked:
        return
    try:
        verdict = examine(kb, stopping=stopping)
    except (UnavailableError, ConfigError) as error:
        count_failure(GOLDEN, error)
        log.warning("%s", error)  # and tried again when the lease has ended, as chores are
        return
    with kb.ledger.write() as ledger:
        golden.conclude(ledger, owner, asked, verdict)
    if verdict.fell and sources is None:  # else whoever named them reports it
        log.warning("after syncs of %s: %s", ", ".join(sorted(asked)), verdict.in_words())


def _do_chore(kb: KnowledgeBase, job: Job, do: Callable[[], dict[str, object]]) -> None:
    """Carry out a chore if it is due and nobody else is at it; a failure is told, and tried again later."""
    owner = new_owner()
    with kb.ledger.write() as ledger:
        every = _chores(kb)[job.name, job.source]
        if not chores.claim_chore(ledger, job.name, job.source, owner, every=every, lease=_CHORE_LEASE):
            return
    try:
        found = do()
    except (UnavailableError, ConfigError) as error:
        count_failure(job.name, error)
        # The lease stays: whoever looks next finds it taken, and tries again when it has ended.
        log.warning("%s%s could not be done: %s", job.name, f" of {job.source}" if job.source else "", error)
        return
    with kb.ledger.write() as ledger:
        chores.finish_chore(ledger, job.name, job.source, owner, found)


CHORES: dict[str, Callable[..., None]] = {PERMISSIONS: refresh_permissions, AUDIT: audit, SWEEP: sweep}


def hands(kb: KnowledgeBase, source: str) -> int:
    """How many batches of a source's work should be under way at once."""
    with kb.ledger.read() as ledger:
        waiting = claims.claimable(ledger, [source]).get(source, 0)
    return max(1, min(_MOST_HANDS, -(-waiting // kb.settings.sync.batch)))
