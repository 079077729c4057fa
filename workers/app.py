"""The Celery application: how messages travel. What they ask for is in `jobs`, and decided by the ledger."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from celery import Celery, Task
from kombu import Queue
from kombu.exceptions import OperationalError

from config.errors import ConfigError, SabioError, UnavailableError
from config.settings import Settings
from workers import jobs
from workers.jobs import Job

if TYPE_CHECKING:
    from ingest.knowledge import KnowledgeBase

QUEUES = ("ingest", "default")
"""Work on documents; and everything short."""
TICK = 60.0
"""Seconds between two ticks of the beat."""
_BATCH_SECONDS = 1500
"""A batch may take this long: 16 documents at the parsers' limit of a minute each, and their embedding."""
_VISIBILITY = 3600
"""Above any task's limit: Redis gives a message to somebody else when it is not acknowledged by then."""

log = logging.getLogger("workers")


class Told(Task):
    """A task whose mistakes are logged as everything else is."""

    abstract = True

    def on_failure(self, exc: Exception, task_id: str, *_: object) -> None:
        """Log it: what is down in a line, since it is tried again, and a mistake of ours with its trace."""
        if isinstance(exc, SabioError):
            log.warning("%s could not be done: %s", self.name, exc)
        else:
            log.error("%s failed", self.name, exc_info=exc, extra={"task": task_id})


def known_queues(names: Sequence[str] = ()) -> tuple[str, ...]:
    """Those queues, or all where none is named. Raises `ConfigError` for a name that is none of ours."""
    if unknown := [name for name in names if name not in QUEUES]:
        raise ConfigError(
            f"there is no queue {' or '.join(f'`{name}`' for name in unknown)};"
            f" the queues are {' and '.join(f'`{name}`' for name in QUEUES)}"
        )
    return tuple(name for name in QUEUES if name in names) or QUEUES


def create_app(settings: Settings) -> Celery:
    """The application for the Redis that the settings name. Raises `ConfigError` where they name none."""
    if settings.queue == "none":
        raise ConfigError(
            "`queue: none`: there is no Redis for Celery; set `queue: redis://HOST:6379/0`. Without one,"
            " `sabio work` and `sabio serve` do the work themselves, and keep the schedule"
        )
    app = Celery(
        "sabio",
        broker=settings.queue,
        include=["workers.tasks"],
        task_cls=f"{__name__}:Told",
        set_as_current=False,
    )
    app.conf.update(
        task_queues=[Queue(name) for name in QUEUES],
        task_default_queue="default",
        # Measured under kills: without these four a killed worker loses what it had taken.
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        task_ignore_result=True,
        task_soft_time_limit=_BATCH_SECONDS,
        task_time_limit=_BATCH_SECONDS + 60,
        # Memory is bounded: parsers and models that grow are started anew.
        worker_max_tasks_per_child=200,
        worker_max_memory_per_child=2_000_000,  # kB
        worker_hijack_root_logger=False,
        worker_enable_remote_control=True,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "visibility_timeout": _VISIBILITY,
            "socket_connect_timeout": 5,
            "socket_timeout": 15,
            "socket_keepalive": True,
            "health_check_interval": 10,
        },
        beat_schedule={
            "tick": {"task": "sabio.tick", "schedule": TICK, "options": _options("default", TICK)}
        },
        beat_scheduler="workers.beat:Scheduler",
        beat_max_loop_interval=5,
        timezone="UTC",
    )
    app.settings = settings
    return app


@cache
def default_app() -> Celery:
    """The application of the configuration that stands here, for `celery -A workers`."""
    from config.settings import load_settings

    return create_app(load_settings())


def send(app: Celery, job: Job) -> None:
    """Hint that there is something to do. Raises kombu's `OperationalError` when Redis is down."""
    queue = "ingest" if job.name in (jobs.SCAN, jobs.WORK) else "default"
    arguments = [job.source] if job.source else []
    # The ledger says again what is left to do, so a hint that nobody reads soon is better forgotten.
    app.send_task(f"sabio.{job.name}", arguments, **_options(queue, 5 * TICK))


def _options(queue: str, seconds: float) -> dict[str, object]:
    return {"queue": queue, "expires": seconds, "retry": True, "retry_policy": {"max_retries": 1}}


_open: dict[int, KnowledgeBase] = {}


def base(app: Celery) -> KnowledgeBase:
    """The knowledge base of this process, opened when first needed: children of a fork open their own."""
    from ingest.knowledge import KnowledgeBase

    pid = os.getpid()
    if pid not in _open:
        _open[pid] = KnowledgeBase(app.settings)
    return _open[pid]


def close_base() -> None:
    """Close that of this process, if it was opened."""
    if (kb := _open.pop(os.getpid(), None)) is not None:
        kb.close()


def queue_lengths(app: Celery) -> dict[str, int]:
    """How many messages wait in each queue. Raises `UnavailableError` when Redis is down, and `ConfigError`
    when it refuses the password or the user."""
    with app.connection_for_read() as connection:
        try:
            connection.ensure_connection(max_retries=1, interval_start=0.1)
            channel = connection.default_channel
            return {name: int(channel.client.llen(name)) for name in QUEUES}
        except (*connection.connection_errors, *connection.channel_errors, OperationalError) as error:
            if any(word in str(error).lower() for word in ("auth", "password", "wrongpass", "noperm")):
                raise ConfigError(
                    f"queue: Redis refuses to be used: {error}; see the password in `queue`"
                ) from error
            raise UnavailableError(f"the queue (Redis) cannot be reached: {error}") from error


def hint(settings: Settings, sources: Sequence[str]) -> None:
    """Tell workers that syncs were asked for. A Redis that is down is no matter: they look by themselves."""
    app = create_app(settings)
    try:
        for source in sources:
            send(app, Job(jobs.SCAN, source))
    except OperationalError as error:
        log.warning("Redis cannot be reached, so workers find the request by themselves: %s", error)
    finally:
        app.close()
