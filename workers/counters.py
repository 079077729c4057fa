"""The counters of this process, and of its children where it has some."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from prometheus_client import Counter, Histogram
from prometheus_client.metrics_core import Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector, CollectorRegistry

from config import telemetry
from workers.counted import COUNTED

_ENDED = "ended"
"""Stands where a process id does in the names of the files that hold the counts of those that ended."""
_Mapped: Any = MmapedDict
_merge: Any = MultiProcessCollector.merge  # neither has types

_own = CollectorRegistry()
_counters = {
    name: Counter(one.metric, one.meaning, one.labels, registry=_own)
    for name, one in COUNTED.items()
    if one.kind == "counter"
}
_histograms = {
    name: Histogram(one.metric, one.meaning, one.labels, registry=_own, buckets=one.buckets)
    for name, one in COUNTED.items()
    if one.kind == "histogram"
}


def begin() -> None:
    """Count from now on what `telemetry.observe_metric` is told."""
    for name, one in COUNTED.items():
        for value in one.values:
            _counters[name].labels(value)  # told from now on
    if _listen not in telemetry.listeners:
        telemetry.listeners.append(_listen)


def _listen(name: str, value: float, labels: Mapping[str, str]) -> None:
    if name in _counters:
        (_counters[name].labels(**labels) if labels else _counters[name]).inc(value)
    else:
        (_histograms[name].labels(**labels) if labels else _histograms[name]).observe(value)


class Counts(Collector):
    """What this process counted; of `folder`, what it and its children did."""

    def __init__(self, folder: str | None) -> None:
        self._folder = Path(folder) if folder else None
        self._turn = threading.Lock()

    def describe(self) -> Iterable[Metric]:
        """The names, so that none is taken twice."""
        return _own.collect()

    def collect(self) -> Iterable[Metric]:
        """The counts as they are now."""
        if self._folder is None:
            return _own.collect()
        with self._turn:
            _fold(self._folder)
            files = [str(file) for file in sorted(self._folder.glob("*.db")) if file.stat().st_size]
            return list(_merge(files))


def _fold(folder: Path) -> None:
    """Add the files of processes that ended to one: children are replaced, and each leaves some behind."""
    for file in sorted(folder.glob("*.db")):
        kind, _, process = file.stem.partition("_")
        if not process.isdigit() or _lives(int(process)):
            continue
        if file.stat().st_size:  # else it was killed while it made it
            total = _Mapped(str(folder / f"{kind}_{_ENDED}.db"))
            for key, value, _, _ in _Mapped.read_all_values_from_file(str(file)):
                total.write_value(key, total.read_value(key)[0] + value, 0.0)
            total.close()
        file.unlink()


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
