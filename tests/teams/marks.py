"""The marks in a text that notify people, cover an address with words, or are HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator

_MARKS = (
    re.compile(r"</?[a-zA-Z!][^<>]*>"),
    re.compile(r"(?<!\\)\[[^\]\n]*(?<!\\)\]\([^)\s]+[^)\n]*\)"),
    re.compile(r"(?<!\\)!\[[^\]\n]*\]"),
)
_NUMBER = re.compile(r"(?<!\\)\[(\d+)\]")


def marks_of(text: str) -> Iterator[str]:
    """Every tag, mention, masked link and picture that Teams would make of a text."""
    for pattern in _MARKS:
        yield from (found[0] for found in pattern.finditer(text))


def numbers_of(text: str) -> list[int]:
    """The `[n]` that Teams would make marks of."""
    return [int(found[1]) for found in _NUMBER.finditer(text)]
