"""Whether words stand in a text: what is shown as a quote must, letter for letter but for typography."""

from __future__ import annotations

import unicodedata

SAME = str.maketrans(
    {
        **dict.fromkeys("“”„«»‟", '"'),
        **dict.fromkeys("‘’‚‛´`", "'"),
        **dict.fromkeys("‐‑‒–—−", "-"),
        "…": "...",
    }
)
"""Typographic variants of one sign."""
UNSEEN = dict.fromkeys([0xAD, 0x200B, 0x2060, 0xFEFF])
"""What shows in no print: soft hyphens and marks of width zero."""
# Between two letters or digits these make one word of them: "can't", "non-refundable", "1,024", "10:30".
_JOINING = "-'.,:/_@&"


def normalise(text: str) -> str:
    """A text as comparisons see it: without case, typographic variants and differences of white space."""
    # Folding before NFKC too, which would take an acute accent that stands for an apostrophe apart.
    folded = unicodedata.normalize("NFKC", text.translate(SAME | UNSEEN)).translate(SAME)
    return " ".join(folded.casefold().split())


def stands_in(quote: str, text: str) -> bool:
    """Whether the quote is verbatim in the text, from word boundary to word boundary."""
    return find_normalised(normalise(quote), normalise(text)) >= 0


def find_normalised(wanted: str, there: str) -> int:
    """Where normalised words stand in a normalised text, from word boundary to word boundary; else -1."""
    start = there.find(wanted) if wanted else -1
    while start >= 0:
        if not parts_word(there, start) and not parts_word(there, start + len(wanted)):
            return start
        start = there.find(wanted, start + 1)
    return -1


def parts_word(text: str, place: int) -> bool:
    """Whether cutting the text at a place would part a word or a number."""
    before, after = text[max(place - 2, 0) : place], text[place : place + 2]
    if not before or not after:
        return False
    if before[-1].isalnum() and after[0].isalnum():
        return True
    inside_before = before[-1] in _JOINING and before[:-1].isalnum() and after[0].isalnum()
    inside_after = after[0] in _JOINING and after[1:].isalnum() and before[-1].isalnum()
    return inside_before or inside_after
