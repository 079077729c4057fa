"""Taking elements out of a tree without the text that follows them."""

from __future__ import annotations

from typing import Any


def take_out(element: Any) -> None:
    """Remove an element and what is in it. What stands behind it stays. A root is only emptied."""
    parent = element.getparent()
    if parent is None:
        element.clear()
        return
    if element.tail:
        before = element.getprevious()
        if before is None:
            parent.text = (parent.text or "") + element.tail
        else:
            before.tail = (before.tail or "") + element.tail
    parent.remove(element)
