"""Telling the ledger how a run goes on, so that whoever looks sees it: seldom enough to cost nothing."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

from config.errors import UnavailableError
from ingest.knowledge import KnowledgeBase
from ingest.ledger import runs

EVERY = 1.0
"""Seconds between two notes of the document that was worked on last."""


class Follower:
    """An observer of a run that notes in the ledger which document was worked on last. Thread-safe."""

    def __init__(self, kb: KnowledgeBase, run: str) -> None:
        self._kb, self._run = kb, run
        self._turn = threading.Lock()
        self._next = 0.0

    def __call__(self, step: str, title: str = "") -> None:
        """Note what is worked on, if the last note was long enough ago."""
        if step not in ("published", "finished"):
            return
        with self._turn:
            if time.monotonic() < self._next:
                return
            self._next = time.monotonic() + EVERY
        # What is down is met by the work itself, which says so.
        with suppress(UnavailableError):
            self.look(title)

    def look(self, current: str | None = None, *, trouble: str | None = None) -> None:
        """Say that the run is being followed, what is worked on, and what stands in its way."""
        with self._kb.ledger.write() as ledger:
            runs.follow_run(ledger, self._run, current, trouble=trouble)
