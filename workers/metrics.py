"""What a process counts, for Prometheus; and everything that `/metrics` tells, put together.

What the ledger knows is read from it when somebody asks (`gauges.py`), so every process tells the same and
nothing is counted twice. Counted (`counted.py`, by `counters.py`) is only what leaves no row behind: how long
things took and what failed. prometheus_client is imported by `registry`; where nobody calls it, counting
costs nothing.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import IO, TYPE_CHECKING

from config import telemetry
from config.errors import ConfigError, UnavailableError

if TYPE_CHECKING:
    from prometheus_client.registry import CollectorRegistry

    from ingest.knowledge import KnowledgeBase


FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The variable by which prometheus_client is told to count into files."""
_PREFIX = "sabio-metrics-"
_held: list[IO[bytes]] = []
"""The lock of our own folder, which children share: it is let go when all of them have ended."""


@contextmanager
def timed(task: str) -> Iterator[None]:
    """Count how long the block takes, and its failure if it fails."""
    started = time.monotonic()
    try:
        yield
    except Exception as error:
        count_failure(task, error)
        raise
    finally:
        telemetry.observe_metric("task_seconds", time.monotonic() - started, task=task)


def count_failure(task: str, error: BaseException) -> None:
    """Count a task as failed whose error goes no further: by what is done about it, or by its class."""
    kinds = (one for one in (UnavailableError, ConfigError) if isinstance(error, one))
    telemetry.observe_metric("task_failures", task=task, kind=next(kinds, type(error)).__name__)


def registry(kb: KnowledgeBase, queue: Callable[[], Mapping[str, int]] | None = None) -> CollectorRegistry:
    """Everything that `/metrics` tells; from now on this process counts.

    `queue` gives how many messages wait in each queue, None where there is no Redis; it may raise
    `UnavailableError`. Counts are one set for the process, however often this is called.
    """
    from prometheus_client.process_collector import ProcessCollector
    from prometheus_client.registry import CollectorRegistry

    from workers import counters
    from workers.gauges import Standing

    counters.begin()
    together = CollectorRegistry()
    together.register(counters.Counts(os.environ.get(FOLDER)))
    together.register(Standing(kb, queue))
    ProcessCollector(registry=together)
    return together


def prepare_multiprocess() -> Path:
    """Have children of this process count into files, which its `registry` adds up: the folder of them.

    To be called before `registry`, by whoever starts the children. The folder goes when this process ends,
    or, if it is killed, when the next one starts.
    """
    if "prometheus_client" in sys.modules:
        # It chooses between memory and files while it is imported.
        raise RuntimeError("prometheus_client was imported before prepare_multiprocess was called")
    for left in Path(tempfile.gettempdir()).glob(_PREFIX + "*"):
        if (lock := _hold(left)) is not None:
            shutil.rmtree(left, ignore_errors=True)
            lock.close()
    # Another that starts at this moment may have taken a new one for one that was left.
    while (lock := _hold(folder := Path(tempfile.mkdtemp(prefix=_PREFIX)))) is None:
        continue
    _held.append(lock)
    os.environ[FOLDER] = str(folder)
    pid = os.getpid()

    def remove() -> None:
        if os.getpid() == pid:
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    return folder


def _hold(folder: Path) -> IO[bytes] | None:
    """The lock of such a folder; None while this process's like, or a child of it, has it."""
    try:
        if folder.is_symlink() or folder.stat().st_uid != os.getuid():
            return None
        file = (folder / "lock").open("wb")
    except OSError:
        return None  # it went this moment
    try:
        flock(file, LOCK_EX | LOCK_NB)
    except OSError:
        file.close()
        return None
    if os.fstat(file.fileno()).st_nlink == 0:  # removed in between
        file.close()
        return None
    return file
