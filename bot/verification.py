"""Keeps a claim only if its quotes stand in published passages and carry what it says.

The same check for every draft, whoever wrote it: a claim that fails is dropped and counted, never mended.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.ledger.confirming import Passage


@dataclass(frozen=True, slots=True)
class Evidence:
    """Words of a passage that a draft rests on."""

    quote: str
    passage: Passage
    context: str = ""
    """More of the same passage that the claim repeats: the names of a table's columns."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A claim that has not been checked yet."""

    text: str
    evidence: tuple[Evidence, ...]


_SAME = str.maketrans(
    {
        **dict.fromkeys("“”„«»‟", '"'),
        **dict.fromkeys("‘’‚‛´`", "'"),
        **dict.fromkeys("‐‑‒–—−", "-"),
        "…": "...",
    }
)
# What shows in no print: soft hyphens and marks of width zero.
_UNSEEN = dict.fromkeys([0xAD, 0x200B, 0x2060, 0xFEFF])
_NUMBER = re.compile(r"\d+(?:[.,:/]\d+)*")
# Between two letters or digits these make one word of them: "can't", "non-refundable", "1,024", "10:30".
_JOINING = "-'.,:/_@&"


def normalise(text: str) -> str:
    """A text as comparisons see it: without case, typographic variants and differences of white space."""
    # Folding before NFKC too, which would take an acute accent that stands for an apostrophe apart.
    folded = unicodedata.normalize("NFKC", text.translate(_SAME | _UNSEEN)).translate(_SAME)
    return " ".join(folded.casefold().split())


def stands_in(quote: str, text: str) -> bool:
    """Whether the quote is verbatim in the text, from word boundary to word boundary."""
    wanted, there = normalise(quote), normalise(text)
    if not wanted:
        return False
    start = there.find(wanted)
    while start >= 0:
        if not _cuts(there, start) and not _cuts(there, start + len(wanted)):
            return True
        start = there.find(wanted, start + 1)
    return False


def _cuts(text: str, place: int) -> bool:
    """Whether parting the text at a place would part a word or a number."""
    before, after = text[max(place - 2, 0) : place], text[place : place + 2]
    if not before or not after:
        return False
    if before[-1].isalnum() and after[0].isalnum():
        return True
    inside_before = before[-1] in _JOINING and before[:-1].isalnum() and after[0].isalnum()
    inside_after = after[0] in _JOINING and after[1:].isalnum() and before[-1].isalnum()
    return inside_before or inside_after


def broken_rule(draft: Draft) -> str | None:
    """The rule that a draft breaks, in words; None for one that may be shown."""
    if not normalise(draft.text):
        return "it says nothing"
    if not draft.evidence:
        return "it quotes nothing"
    for one in draft.evidence:
        if not stands_in(one.quote, one.passage.text):
            return "its quote does not stand in the passage"
        if one.context and not stands_in(one.context, one.passage.text):
            return "the context of its quote does not stand in the passage"
    said = "\n".join(part for one in draft.evidence for part in (one.quote, one.context))
    if missing := sorted(set(_NUMBER.findall(draft.text)) - set(_NUMBER.findall(said))):
        return f"its quote does not have the number {missing[0]}"
    return None


def verify(drafts: Sequence[Draft]) -> tuple[list[Draft], list[tuple[Draft, str]]]:
    """The drafts that may be shown, and the others with the rule that each breaks."""
    kept, dropped = [], []
    for draft in drafts:
        rule = broken_rule(draft)
        if rule is None:
            kept.append(draft)
        else:
            dropped.append((draft, rule))
    return kept, dropped
