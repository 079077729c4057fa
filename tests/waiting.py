"""Waiting for what other processes bring about."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def await_(look: Callable[[], T], what: str, seconds: float = 120, every: float = 0.2) -> T:
    """What `look` gives as soon as it is something; an error with what is missing after so many seconds."""
    until = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < until, f"not within {seconds} seconds: {what}"
        time.sleep(every)
    return found
