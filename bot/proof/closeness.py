"""How much of a claim its quotes say in the same words, and what of it stands apart from them."""

from __future__ import annotations

from collections.abc import Sequence

from bot.facts import Token, fold
from bot.facts.names import are_cognate, are_related
from bot.proof.alignment import Alignment
from bot.proof.cited import Cited

_SAID = 1.5
"""What a word that is supported takes from a stretch of words that are not."""


def supported(held: Alignment, cited: Cited) -> float:
    """The share of the claim's words of content that stand in what it cites, 0 to 1."""
    content = [at for at, token in enumerate(held.claim) if token.content]
    return sum(_stands(held, cited, at) for at in content) / len(content) if content else 1.0


def stray(held: Alignment, cited: Cited) -> tuple[float, Sequence[Token]]:
    """The longest stretch of the claim whose words stand neither in what it cites nor in the question.

    Returns how many words it has, less what stands there among them, and its tokens.
    """
    asked = {key for token in cited.asked for key in token.keys}
    longest, first, last = 0.0, 0, 0
    length, start = 0.0, 0
    for at, token in enumerate(held.claim):
        if not token.content:
            continue
        if length <= 0:
            length, start = 0.0, at
        length += -_SAID if token.keys & asked or _stands(held, cited, at) else 1
        if length > longest:
            longest, first, last = length, start, at + 1
    return longest, held.claim[first:last]


def _stands(held: Alignment, cited: Cited, at: int) -> bool:
    token = held.claim[at]
    if held.matches[at] or token.keys & cited.keys:
        return True
    word = fold(token.text)
    alike = are_cognate if cited.original else are_related
    return len(word) > 4 and any(alike(word, other) for other in cited.words if len(other) > 4)
