"""How the installation stands, for Prometheus: read from the ledger when somebody asks.

Every process tells the same, so nothing is counted twice and none has to be the one that counts. A ledger or
a queue that is down leaves gaps in the answer and never delays it by more than a moment.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Connection, select

from config.errors import ConfigError, UnavailableError
from ingest.knowledge import KnowledgeBase
from ingest.ledger import chores, now, processes, reading, requests, runs
from ingest.ledger.tables import runs as run_rows
from workers.patience import Inquiry

GAUGES: dict[str, tuple[str, tuple[str, ...]]] = {
    "sabio_ledger_up": ("Whether the ledger answered; where it is 0, what is read from it is absent.", ()),
    "sabio_documents": ("Published documents.", ("source",)),
    "sabio_chunks": ("Published chunks.", ("source",)),
    "sabio_pending": ("Documents that are due to be worked on.", ("source",)),
    "sabio_quarantined": ("Documents that could not be read.", ("source",)),
    "sabio_held": ("Documents whose removal waits for a person's word.", ("source",)),
    "sabio_sync_lag_seconds": (
        "Seconds since a sync of the source last ended well; absent before the first.", ("source",),
    ),
    "sabio_last_sync_failed": ("Whether the latest sync of the source failed.", ("source",)),
    "sabio_run_state": ("1 for each run under way, by what it is in.", ("source", "kind", "state")),
    "sabio_run_planned": ("Documents that were due when the run was planned.", ("source", "kind")),
    "sabio_run_left": ("Documents that the run still has to work on.", ("source", "kind")),
    "sabio_run_seconds": ("Seconds since the run began.", ("source", "kind")),
    "sabio_waiting_requests": ("Syncs that people asked for and that have not begun.", ()),
    "sabio_index_orphans": ("Chunks that the last audit found in the index and nowhere else.", ()),
    "sabio_index_gaps": ("Published chunks that the last audit missed in the index.", ()),
    "sabio_audit_age_seconds": ("Seconds since the last audit; absent before the first.", ()),
    "sabio_processes": ("Processes that were seen lately: serve, work, beat.", ("kind",)),
    "sabio_queue_up": ("Whether Redis answered; absent where there is none.", ()),
    "sabio_queue_length": ("Messages that wait in Redis; absent where there is none.", ("queue",)),
}  # fmt: skip
"""What is told: the meaning and the labels, by name."""

_KEEP = 5.0
"""Seconds that an answer of the ledger counts, however many ask for it."""
_PATIENCE = 3.0
"""Seconds that the ledger and the queue are waited for."""
_SEEN = 60.0
"""Seconds within which a process has to have been seen. They say so every ten."""
_COUNTS = ("documents", "chunks", "pending", "quarantined", "held")

log = logging.getLogger("workers")


@dataclass(frozen=True, slots=True)
class _Sample:
    name: str
    value: float
    labels: Mapping[str, str]


class Standing(Collector):
    """The gauges of one installation."""

    def __init__(self, kb: KnowledgeBase, queue: Callable[[], Mapping[str, int]] | None = None) -> None:
        """`queue` gives how many messages wait in each queue; None where there is no Redis."""
        self._ledger = Inquiry(lambda: _read(kb), seconds=_PATIENCE, keep=_KEEP)
        self._queue = Inquiry(queue, seconds=_PATIENCE, keep=_KEEP) if queue is not None else None

    def describe(self) -> Iterable[Metric]:
        """The names, so that registering asks no ledger."""
        return _families([]).values()

    def collect(self) -> Iterable[Metric]:
        """How things stand now. What could not be found out is absent."""
        self._ledger.begin()
        if self._queue is not None:
            self._queue.begin()
        samples = list(_asked(self._ledger, "sabio_ledger_up"))
        if self._queue is not None:
            samples += _asked(self._queue, "sabio_queue_up", _lengths)
        return _families(samples).values()


def _lengths(lengths: Mapping[str, int]) -> list[_Sample]:
    return [_Sample("sabio_queue_length", length, {"queue": name}) for name, length in lengths.items()]


def _asked(inquiry: Inquiry[Any], up: str, read: Callable[[Any], list[_Sample]] = list) -> list[_Sample]:
    try:
        found = read(inquiry.answer())
    except (UnavailableError, ConfigError) as error:
        log.info("%s: %s", up, error)  # those whose work it is say so louder
        return [_Sample(up, 0, {})]
    return [_Sample(up, 1, {}), *found]


def _families(samples: Iterable[_Sample]) -> dict[str, GaugeMetricFamily]:
    families = {
        name: GaugeMetricFamily(name, meaning, labels=labels) for name, (meaning, labels) in GAUGES.items()
    }
    for one in samples:
        labels = GAUGES[one.name][1]
        families[one.name].add_metric([one.labels[label] for label in labels], one.value)
    return families


def _read(kb: KnowledgeBase) -> list[_Sample]:
    with kb.ledger.read() as ledger:
        return [*_of_sources(kb, ledger), *_of_runs(ledger), *_of_all(ledger)]


def _of_sources(kb: KnowledgeBase, ledger: Connection) -> Iterable[_Sample]:
    known = reading.counts(ledger)
    configured = [source.name for source in kb.settings.sources]
    # What the configuration does not name any more is told as long as something of it is there.
    left = [name for name in sorted(known) if name not in configured and known[name].get("documents")]
    for name in (*configured, *left):
        labels, counts = {"source": name}, known.get(name, {})
        for key in _COUNTS:
            yield _Sample(f"sabio_{key}", counts.get(key, 0), labels)
        if name in left:
            continue  # nobody syncs it, so how long ago that was says nothing
        if synced_at := counts.get("synced_at"):
            yield _Sample("sabio_sync_lag_seconds", _seconds_since(synced_at), labels)
        if last := counts.get("last_run"):
            yield _Sample("sabio_last_sync_failed", last["state"] == "failed", labels)


def _of_runs(ledger: Connection) -> Iterable[_Sample]:
    # Of each kind the latest of a source: earlier ones that lie open are taken over by it.
    open_ = select(run_rows).where(run_rows.c.state.in_(runs.OPEN)).order_by(run_rows.c.started_at)
    for row in {(row.source, row.kind): row for row in ledger.execute(open_)}.values():
        labels = {"source": row.source, "kind": row.kind}
        yield _Sample("sabio_run_state", 1, {**labels, "state": row.state})
        yield _Sample("sabio_run_seconds", _seconds_since(row.started_at), labels)
        if row.state == "working":
            yield _Sample("sabio_run_planned", row.planned, labels)
            yield _Sample("sabio_run_left", runs.left(ledger, row.id), labels)


def _of_all(ledger: Connection) -> Iterable[_Sample]:
    yield _Sample("sabio_waiting_requests", len(requests.waiting(ledger)), {})
    alive = [row.kind for row in processes.alive(ledger, _SEEN)]
    for kind in sorted({"serve", "work", "beat", *alive}):
        yield _Sample("sabio_processes", alive.count(kind), {"kind": kind})
    for done_at, found in chores.last_found(ledger, "audit").values():
        yield _Sample("sabio_audit_age_seconds", _seconds_since(done_at), {})
        for key in ("orphans", "gaps"):
            if found and key in found:
                yield _Sample(f"sabio_index_{key}", found[key], {})


def _seconds_since(moment: Any) -> float:
    return max(0.0, float((now() - moment).total_seconds()))
