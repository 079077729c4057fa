"""What keeps a flood of questions from everybody else: so many at once, so many of one person in a minute."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from bot import wording
from config.errors import UnavailableError
from ingest.knowledge import KnowledgeBase
from ingest.ledger import asking, now

WAIT = 5.0
"""Seconds that a question waits for its turn: with an answer's own time, there is a reply within ten."""
_MINUTE = timedelta(minutes=1)


@contextmanager
def turn(kb: KnowledgeBase, person: str | None, platform: str, language: str) -> Iterator[None]:
    """Let one question through. Raises `UnavailableError`, in words for its asker, for one too many.

    In the terminal nobody is counted: who can run the command can do worse.
    """
    most = kb.settings.limits.questions_per_minute
    if person and platform != "terminal":
        with kb.ledger.read() as ledger:
            asked = asking.count_asked(ledger, person, now() - _MINUTE)
        if asked >= most:
            raise UnavailableError(wording.say("too_many", language, count=str(asked)))
    turns = kb.keep("turns", lambda: threading.BoundedSemaphore(kb.settings.limits.at_once))
    if not turns.acquire(timeout=WAIT):
        raise UnavailableError(wording.say("busy", language))
    try:
        yield
    finally:
        turns.release()
