"""What keeps a flood of questions from everybody else: so many at once, so many of one person in a minute."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from bot import wording
from bot.messages import Outcome
from config.errors import UnavailableError
from ingest.knowledge import KnowledgeBase
from ingest.ledger import asking, now

WAIT = 5.0
"""Seconds that a question waits for its turn: with an answer's own time, there is a reply within ten."""
MINUTE = timedelta(minutes=1)


@contextmanager
def turn(kb: KnowledgeBase, person: str | None, platform: str, language: str) -> Iterator[None]:
    """Let one question through. Raises `UnavailableError`, in words for its asker, for one too many.

    In the terminal nobody is counted: who can run the command can do worse.
    """
    counted = person if platform != "terminal" else None
    limits = kb.settings.limits
    queue = kb.keep("queue", lambda: _Queue(limits.at_once))
    if counted:
        here = queue.ask(counted)
        with kb.ledger.read() as ledger:  # other processes answer too, and this one may have begun just now
            # Without those refused: a later one that was refused already is not in this one's way.
            since, refused = now() - MINUTE, Outcome.UNAVAILABLE.value
            asked = max(here, asking.count_asked(ledger, counted, since, besides=refused))
        if asked >= limits.questions_per_minute:
            raise UnavailableError(wording.say("too_many", language, count=asked))
    if not queue.enter(counted):
        raise UnavailableError(wording.say("busy", language))
    try:
        yield
    finally:
        queue.leave(counted)


class _Queue:
    """The questions that one process is answering, and who asked how many in the last minute.

    The ledger knows only of those that were answered: many that come at once would all see none before them.
    """

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._share = (at_once + 1) // 2  # of one person: someone else's question finds a place beside them
        self._answering: Counter[str | None] = Counter()
        self._left = threading.Condition()
        self._asked: deque[tuple[float, str]] = deque()
        self._count: Counter[str] = Counter()

    def ask(self, person: str) -> int:
        """Count a question. How many this person asked in the minute before it."""
        with self._left:
            while self._asked and self._asked[0][0] < time.monotonic() - MINUTE.total_seconds():
                _, other = self._asked.popleft()
                self._count -= Counter([other])  # drops who has none left
            before = self._count[person]
            self._asked.append((time.monotonic(), person))
            self._count[person] += 1
            return before

    def enter(self, person: str | None) -> bool:
        """Wait for a place; False where none was free for too long."""
        with self._left:
            if not self._left.wait_for(lambda: self._has_place(person), WAIT):
                return False
            self._answering[person] += 1
            return True

    def leave(self, person: str | None) -> None:
        """Give the place back."""
        with self._left:
            self._answering -= Counter([person])
            self._left.notify_all()

    def _has_place(self, person: str | None) -> bool:
        free = self._answering.total() < self._at_once
        return free and (person is None or self._answering[person] < self._share)
