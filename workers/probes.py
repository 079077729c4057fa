"""`/healthz`, `/readyz` and `/metrics`: what a process says of itself to whoever watches it.

Alive means that something was consumed lately, never that a connection answers a ping: a worker can hold
a good connection and read nothing from it. Ready means that what this process needs answers now.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Container, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from config.errors import SabioError, UnavailableError
from config.secrets import mask
from ingest.index import engine_ping
from ingest.knowledge import KnowledgeBase
from workers.patience import Inquiry
from workers.web import Answer, Route, as_json

if TYPE_CHECKING:
    from prometheus_client.registry import Collector

_PATIENCE = 3.0
"""Seconds that one check may take."""
_KEEP = 2.0
"""Seconds that its result counts: probes of several watchers cost one."""
_WATCHERS = 16
"""Probes that are answered at once; each takes no longer than `_PATIENCE`."""
_NO_CHUNK = str(uuid.UUID(int=0))

log = logging.getLogger("workers")


class Pulse:
    """When something was last consumed. Starts alive; thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` counts seconds, and never goes back."""
        self._clock = clock
        self._last = clock()

    def consumed(self) -> None:
        """Say that a message was consumed just now, or that the loop came round."""
        self._last = self._clock()

    def reason(self, limit: float) -> str | None:
        """Why this is not alive: nothing was consumed for more than `limit` seconds. None: it is."""
        seconds = self._clock() - self._last
        return f"nothing consumed for {seconds:.0f} s" if seconds > limit else None


Checks = Mapping[str, Callable[[], object]]


def readiness(
    kb: KnowledgeBase, queue_ping: Callable[[], object] | None = None, *, opens_index: bool = True
) -> Checks:
    """What a process needs, by name: each returns when it is there, and raises when not.

    `opens_index=False` for processes that only hand work on: opening the index loads the embedding model, and
    the connections of some engines do not outlive a fork. They ask whether its server is there.
    """

    def ask_ledger() -> None:
        kb.ledger.collection()

    def ask_index() -> None:
        if kb.ledger.collection() is not None:  # one that is not made yet is made by the first sync
            kb.collection().index.missing([_NO_CHUNK])

    # Looked up here, and not by the first to ask: a fork in the middle of an import leaves its child stuck.
    index = ask_index if opens_index else engine_ping(kb.settings)
    checks: dict[str, Callable[[], object]] = {"ledger": ask_ledger, "index": index}
    if queue_ping is not None:
        checks["queue"] = queue_ping
    return {name: _masked(check, kb.settings.secrets) for name, check in checks.items()}


def _masked(check: Callable[[], object], secrets: frozenset[str]) -> Callable[[], object]:
    def ask() -> None:
        try:
            check()
        except SabioError as error:
            raise UnavailableError(mask(str(error), secrets)) from error

    return ask


class Probes:
    """What this process says of itself, at three addresses."""

    def __init__(
        self,
        *,
        live: Callable[[], str | None] = lambda: None,
        ready: Checks | None = None,
        needed: Container[str] | None = None,
        to_begin: Container[str] = (),
        registry: Collector | None = None,
    ) -> None:
        """`live` says why the process is not alive, None if it is; `ready` holds what should answer, as
        `readiness` gives it; `needed` are the names of what must (None: all of it), `to_begin` of what must
        have done so once; `registry` is what `/metrics` tells.
        """
        self._live = live
        self._ready = {
            name: Inquiry(check, seconds=_PATIENCE, keep=_KEEP) for name, check in (ready or {}).items()
        }
        self._needed = needed
        self._to_begin = {name for name in self._ready if name in to_begin}
        self._registry = registry
        if registry is not None:
            # Not in the first request: a fork while a module is being imported leaves its child stuck there.
            import prometheus_client.exposition  # noqa: F401
        self._said = ""
        self._threads = ThreadPoolExecutor(_WATCHERS, "sabio-probes")

    @property
    def routes(self) -> Mapping[str, Route]:
        """Who answers which request, for `WebServer`."""
        return {
            "GET /healthz": self._aside(lambda _: as_json(*self.health())),
            "GET /readyz": self._aside(lambda _: as_json(*self.readiness())),
            "GET /metrics": self._aside(self.exposition),
        }

    def _aside(self, answer: Callable[[Mapping[str, str]], Answer]) -> Route:
        """Answered in a thread: whoever is asked may take a while."""

        async def route(_body: bytes, headers: Mapping[str, str], _query: str) -> Answer:
            return await asyncio.get_running_loop().run_in_executor(self._threads, answer, headers)

        return route

    def health(self) -> tuple[int, dict[str, Any]]:
        """The status and the body of `/healthz`."""
        try:
            reason = self._live()
        except Exception as error:  # a mistake there must not look like health
            log.exception("the process cannot tell whether it is alive")
            reason = type(error).__name__
        if reason is None:
            return 200, {"status": "ok"}
        return 503, {"status": "failing", "reason": reason}

    def readiness(self) -> tuple[int, dict[str, Any]]:
        """The status and the body of `/readyz`."""
        for inquiry in self._ready.values():
            inquiry.begin()  # all at once, so that the slowest alone counts
        checks = {name: _word(name, inquiry) for name, inquiry in self._ready.items()}
        down = [name for name, word in checks.items() if word != "ok"]
        self._to_begin &= set(down)
        ready = not any(
            self._needed is None or name in self._needed or name in self._to_begin for name in down
        )
        said = "; ".join(f"{name}: {checks[name]}" for name in down)
        if said != self._said:
            if not down:
                log.info("ready")
            else:
                log.warning("%s: %s", "ready, though something is down" if ready else "not ready", said)
            self._said = said
        return (200 if ready else 503), {"ready": ready, "checks": checks}

    def _needs(self, name: str) -> bool:
        return self._needed is None or name in self._needed or name in self._to_begin

    def exposition(self, headers: Mapping[str, str]) -> Answer:
        """The answer of `/metrics`, in a format that the `Accept` header names."""
        from prometheus_client.exposition import choose_encoder
        from prometheus_client.registry import CollectorRegistry

        encode, media_type = choose_encoder(headers.get("accept", ""))
        return 200, {"Content-Type": media_type}, encode(self._registry or CollectorRegistry())


def _word(name: str, inquiry: Inquiry[object]) -> str:
    try:
        inquiry.answer()
    except SabioError as error:
        return str(error)
    except Exception as error:  # told by its name: what it says is not meant for people
        log.debug("the check %s failed", name, exc_info=True)
        return type(error).__name__
    return "ok"
