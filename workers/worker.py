"""One Celery worker: a parent that takes messages from Redis, and children that work.

The parent opens no index and keeps no connection that a fork would share. What it does besides is to look
alive: it asks, by a message that some worker will consume, whether work was left behind; and it answers for
its health by when it last consumed one itself.
"""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Callable

from celery import Celery, signals
from celery.exceptions import SecurityWarning
from celery.worker import state
from kombu.exceptions import OperationalError

from config.tracing import stop_tracing
from workers import shutdown
from workers.app import QUEUES, close_base
from workers.probes import Pulse

LOOK = 10.0
"""Seconds between two looks for work that was left: a killed worker's is under way again that soon after the
end of its lease."""
QUIET = 90.0
"""A worker that consumed nothing for this long, and has a child free, is not alive."""

log = logging.getLogger("workers")


def run_worker(app: Celery, *, concurrency: int, queues: tuple[str, ...] = QUEUES) -> int:
    """Work until SIGTERM or Ctrl-C, after which children end the document at hand: the exit code."""
    # That a root's worker can be made to run anything, by whoever can write to Redis, is said in the docs.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    worker = app.Worker(
        concurrency=concurrency,
        pool_cls="prefork",
        queues=list(queues),
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
    )
    worker.start()
    return worker.exitcode or 0


def watch(app: Celery, pulse: Pulse, queues: tuple[str, ...] = QUEUES) -> None:
    """Have signals tell `pulse` of every message, and start asking for work that was left."""
    ended = threading.Event()
    # By a message that this very worker can consume: what it does not consume says nothing of its health.
    asks = "default" if "default" in queues else queues[0]

    # It would say again, with a stack trace in the text, what `Told` says.
    logging.getLogger("celery.app.trace").setLevel(logging.CRITICAL)

    @signals.task_received.connect(weak=False)
    def consumed(**_: object) -> None:
        pulse.consumed()

    @signals.worker_ready.connect(weak=False)
    def begin(**_: object) -> None:
        threading.Thread(target=_ask_again, args=(app, ended, asks), name="sabio-look", daemon=True).start()

    @signals.worker_shutting_down.connect(weak=False)
    def stop(**_: object) -> None:
        ended.set()
        shutdown.ask()

    @signals.worker_process_shutdown.connect(weak=False)
    def close(**_: object) -> None:
        close_base()
        stop_tracing()


def _ask_again(app: Celery, ended: threading.Event, queue: str) -> None:
    while True:
        try:
            app.send_task("sabio.look", queue=queue, expires=2 * LOOK, retry=False)
        except OperationalError as error:
            log.warning("Redis cannot be reached: %s", error)
        if ended.wait(LOOK):
            return


def liveness(pulse: Pulse, concurrency: int) -> Callable[[], str | None]:
    """Why this worker is not alive; None: it consumed a message lately, or all its children are busy."""

    def reason() -> str | None:
        # A busy worker takes no message; that none of its tasks hangs is seen to by their time limit.
        return None if len(state.active_requests) >= concurrency else pulse.reason(QUIET)

    return reason
