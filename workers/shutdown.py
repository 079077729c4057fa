"""Whether this worker was asked to stop: its children then end their batch after the document at hand."""

from __future__ import annotations

import multiprocessing

# Made before the children are forked, so that they and their parent look at the same flag.
_asked = multiprocessing.get_context("fork").Event()


def ask() -> None:
    """Ask the children to stop soon. They give back what they have not begun, for others to take up."""
    _asked.set()


def asked() -> bool:
    """Whether somebody asked."""
    return _asked.is_set()
