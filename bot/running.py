"""The processes that stay, each answering for its own health: `sabio serve`, `work` and `beat`."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from queue import SimpleQueue
from typing import Protocol

from config import tracing
from config.errors import ConfigError, UnavailableError
from config.settings import Settings
from ingest.knowledge import KnowledgeBase
from ingest.parsing import need_parsers
from workers import metrics
from workers.event_loop import EventLoop
from workers.probes import Probes, Pulse, readiness
from workers.web import Route, WebServer

PORTS = {"serve": 0, "work": 1, "beat": 2}
"""What each adds to `server.port`, so that one machine can hold all three."""
_QUIET = 60.0
"""A loop in this process that did not come round for this long is not alive."""

log = logging.getLogger("workers")

Say = Callable[[str], None]


def serve(kb: KnowledgeBase, say: Say, port: int | None = None) -> None:
    """The web app, until SIGTERM or Ctrl-C; with `queue: none` it also does the work that is due."""
    alone = kb.settings.queue == "none"
    if alone:
        need_parsers()
    names = ", ".join(source.name for source in kb.sources()) or "no sources"
    pulse, stopped = Pulse(), _stop_on_sigterm()
    # When as many are answered as may be, each platform can still read and write the ledger.
    with EventLoop(2 * (kb.settings.limits.at_once + 8)) as loop:
        platforms = _platforms(kb, loop, say)
        routes = {path: route for one in platforms.values() for path, route in one.routes.items()}

        def live() -> str | None:
            troubles = (one.trouble() for one in platforms.values())
            return (pulse.reason(_QUIET) if alone else None) or next(filter(None, troubles), None)

        with _answering(kb, "serve", loop, say, port, live, routes):
            say(
                f"Keeping current: {names}."
                if alone
                else "Workers keep the sources current: `sabio work`, `sabio beat`."
            )
            with _in_chat(platforms, say):
                if alone:
                    from workers.loop import keep_current

                    keep_current(kb, stopped, kind="serve", came_round=pulse.consumed)
                else:
                    stopped.wait()


def work(
    kb: KnowledgeBase,
    say: Say,
    *,
    port: int | None = None,
    concurrency: int = 2,
    queues: Sequence[str] = (),
) -> int:
    """A worker, until SIGTERM or Ctrl-C: Celery's where there is a Redis, else threads of this process.

    It takes messages from `queues`, or from all of them. Raises `ConfigError` for one that is none.
    """
    need_parsers()
    if kb.settings.queue == "none":
        from workers.loop import keep_current

        if queues:
            raise ConfigError(
                "`--queue` means nothing with `queue: none`: there are no queues, and one loop does all that"
                " is due; leave it out, or set `queue: redis://HOST:6379/0`"
            )

        pulse, stopped = Pulse(), _stop_on_sigterm()
        with EventLoop() as loop, _answering(kb, "work", loop, say, port, lambda: pulse.reason(_QUIET)):
            say("Working without Redis (`queue: none`), by the schedules of the sources.")
            keep_current(kb, stopped, came_round=pulse.consumed)
        return 0
    from workers.app import create_app, known_queues

    taken = known_queues(queues)
    metrics.prepare_multiprocess()
    from workers.worker import liveness, run_worker, watch

    app, pulse = create_app(kb.settings), Pulse()
    watch(app, pulse, taken)
    with suppress(UnavailableError):
        _ = kb.ledger  # not by a probe's thread: a child forked while that imports the driver would hang
    with EventLoop() as loop, _answering(kb, "work", loop, say, port, liveness(pulse, concurrency)):
        say(f"Working: {concurrency} at once, from {' and '.join(taken)}.")
        return run_worker(app, concurrency=concurrency, queues=taken)


def beat(kb: KnowledgeBase, say: Say, port: int | None = None) -> None:
    """The beat, until SIGTERM or Ctrl-C. Raises `ConfigError` where there is no Redis."""
    from workers.app import create_app
    from workers.beat import pulse, run_beat

    app = create_app(kb.settings)
    with EventLoop() as loop, _answering(kb, "beat", loop, say, port, lambda: pulse.reason(_QUIET)):
        say("Ticking: what is due is started once a minute.")
        run_beat(app)


class Platform(Protocol):
    """A chat platform that this process is in."""

    @property
    def routes(self) -> Mapping[str, Route]:
        """The requests that it sends here."""

    def start(self) -> str:
        """Begin: what to tell of it. Raises `ConfigError` where it is configured wrong."""

    def trouble(self) -> str | None:
        """Why it is not alive; None: it is."""

    def stop(self) -> None:
        """Take nothing more, and end what is under way."""


def _platforms(kb: KnowledgeBase, loop: EventLoop, say: Say) -> dict[str, Platform]:
    """The chat platforms that are configured, by their names; of the others it is told what is missing."""
    found: dict[str, Platform] = {}
    if not _lacks("Slack", kb.settings.slack.missing, say):
        from bot.platforms.slack import Slack

        found["Slack"] = Slack(kb, loop)
    if not _lacks("Teams", kb.settings.teams.missing, say):
        from bot.platforms.teams import Teams

        found["Teams"] = Teams(kb, loop)
    return found


def _lacks(platform: str, missing: Sequence[str], say: Say) -> bool:
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        *first, last = missing
        named = f"{', '.join(first)} and {last}" if first else last
        say(f"{platform}: not connected; {named} {verb} not set.")
    return bool(missing)


@contextmanager
def _in_chat(platforms: Mapping[str, Platform], say: Say) -> Iterator[None]:
    """Be in the chat platforms for as long as the block runs. Raises `ConfigError`."""
    with ExitStack() as begun:
        for name, platform in platforms.items():
            say(f"{name}: {platform.start()}.")
            begun.callback(platform.stop)
        yield


def _stop_on_sigterm() -> threading.Event:
    """An event that SIGTERM sets. Not by itself: whoever waits for an event holds its lock now and then, and
    a handler that wanted it in that moment would wait for the very thread that it has interrupted."""
    stopped = threading.Event()
    asked: SimpleQueue[None] = SimpleQueue()  # may be put to at any moment

    def stop() -> None:
        asked.get()
        stopped.set()

    threading.Thread(target=stop, name="sabio-stop", daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: asked.put(None))
    return stopped


@contextmanager
def _answering(
    kb: KnowledgeBase,
    kind: str,
    loop: EventLoop,
    say: Say,
    port: int | None,
    live: Callable[[], str | None],
    routes: Mapping[str, Route] | None = None,
) -> Iterator[None]:
    """Serve `/healthz`, `/readyz`, `/metrics` and the `routes`, for as long as the block runs."""
    tracing.start_tracing(kb.settings.telemetry, f"sabio-{kind}", kb.settings.secrets)
    wanted = kb.settings.server.port and kb.settings.server.port + PORTS[kind] if port is None else port
    queue, serves = _queue(kb.settings), kind == "serve"
    probes = Probes(
        live=live,
        # Who hands work on to children or to others uses no index: its connections would not outlive a fork.
        ready=readiness(kb, queue, opens_index=serves or queue is None),
        # People get a reply without the others as well, be it what is down; who is not ready is brought no
        # question. That the index never answered, as one whose address is wrong, must end an upgrade.
        needed={"ledger"} if serves else None,
        to_begin={"index"},
        registry=metrics.registry(kb, queue),
    )
    server = WebServer(
        loop,
        kb.settings.server.host,
        wanted,
        {**probes.routes, **(routes or {})},
        # A port that somebody named is meant; one that only follows from another may give way.
        fallback=port is None and kind != "serve",
    )
    host, listening = server.start()
    say(f"Health and metrics: http://{host}:{listening}/healthz /readyz /metrics")
    try:
        yield
    finally:
        server.stop()
        tracing.stop_tracing()


def _queue(settings: Settings) -> Callable[[], dict[str, int]] | None:
    if settings.queue == "none":
        return None
    from workers.app import create_app, queue_lengths

    app = create_app(settings)
    return lambda: queue_lengths(app)
