"""Documents that hide a word in every way that their format knows, each way between two sentences that show.

A module for each family of formats has its ways to hide (`TRICKS`) and writes a document of some of them
(`build`). The word of a way is `canary(way)`; around it stand `before(way)` and `after(way)`.
"""

from __future__ import annotations

import hashlib

# Letters alone: search engines part words from numbers, and texts from both.
_LETTERS = str.maketrans("0123456789abcdef", "bcdfghklmnprstvz")


def canary(trick: str) -> str:
    """The word that a trick hides; no other text has it."""
    return "canary" + _code("hidden " + trick)


def before(trick: str) -> str:
    """A sentence that shows."""
    return f"Seen before {_code(trick)}."


def after(trick: str) -> str:
    """A sentence that shows."""
    return f"Seen after {_code(trick)}."


def _code(text: str) -> str:
    """A word of its own for a text; short, as pages break lines."""
    return hashlib.blake2b(text.encode(), digest_size=4).hexdigest().translate(_LETTERS)
