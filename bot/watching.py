"""Following runs wherever they are worked on: by what the ledger says of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bot.status import SEEN
from ingest.knowledge import KnowledgeBase
from ingest.ledger import processes, reading, requests, runs
from ingest.ledger.reading import Progress

LOOK = 0.5
"""Seconds between looks."""


@dataclass(frozen=True, slots=True)
class Handed:
    """A request for a sync that was handed over."""

    source: str
    request: str
    """`new`, or `joined`: one that waits already is enough for both."""
    full: bool
    confirmed: bool
    workers: int
    """Processes that were seen lately and could take it up."""


def hand_over(
    kb: KnowledgeBase,
    sources: Sequence[str],
    *,
    full: bool = False,
    confirmed: bool = False,
    by: str | None = None,
) -> list[Handed]:
    """Ask whoever works on this ledger to sync sources. The ledger keeps it, whatever happens to Redis."""
    with kb.ledger.write() as ledger:
        new = {
            source: requests.request_sync(ledger, source, full=full, confirmed=confirmed, by=by)
            for source in sorted(sources)
        }
        waiting = requests.waiting(ledger)
        workers = [row for row in processes.alive(ledger, SEEN) if row.kind != "beat"]
    hint(kb, sources)
    return [
        Handed(
            source,
            "new" if new[source] else "joined",
            waiting[source].full,
            waiting[source].confirmed,
            len(workers),
        )
        for source in sources
    ]


def hint(kb: KnowledgeBase, sources: Sequence[str]) -> None:
    """Tell workers at once, where there is a Redis; without it they find the request within a minute."""
    if kb.settings.queue != "none":
        from workers import app

        app.hint(kb.settings, sources)


def watch(
    kb: KnowledgeBase,
    sources: Sequence[str],
    show: Callable[[Sequence[Progress]], None],
    pause: Callable[[float], None] = time.sleep,
) -> list[dict[str, Any]]:
    """Follow each source's run to its end: the reports. A source of which no run goes on is asked for first.

    `show` is given how the runs stand, at every look; a source that waits for its run is not among them.
    """
    with kb.ledger.read() as ledger:
        before = {source: reading.last_run(ledger, source) for source in sources}
        going_on = {run.source: run.id for run in runs.unfinished(ledger)}
        asked = requests.waiting(ledger)
        scanning = runs.scanning(ledger)
    idle = [name for name in sources if name not in going_on and name not in asked and name not in scanning]
    if idle:
        hand_over(kb, idle)
    while True:
        with kb.ledger.read() as ledger:
            latest = {source: reading.last_run(ledger, source) for source in sources}
            asked = requests.waiting(ledger)
            # What was asked for is a run to come; until it has begun, the last one is an older one.
            begun = {
                source: run
                for source, run in latest.items()
                if run and source not in asked and (run != before[source] or source not in idle)
            }
            standing = [reading.progress(ledger, run) for run in begun.values()]
            if len(begun) == len(sources) and all(one.ended for one in standing):
                return [reading.run_report(ledger, begun[source]) for source in sources]
        show(standing)
        pause(LOOK)
