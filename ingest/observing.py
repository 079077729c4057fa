"""The steps of a sync by name, for whoever wants to watch it."""

from __future__ import annotations

from typing import Protocol

STEPS = (
    *("scanned", "planned", "claimed", "fetched", "parsed"),
    *("noted", "indexed", "published", "swept", "finished"),
)


class Observer(Protocol):
    """Is told each step as it has been done: for progress bars, logs, and tests that kill at a step."""

    def __call__(self, step: str, title: str = "") -> None:
        """`step` is one of `STEPS`, `title` the document's or source's."""


def unobserved(step: str, title: str = "") -> None:
    """Look away."""
