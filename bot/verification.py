"""Keeps a claim only if its quotes stand in published passages and carry what it says.

The same check for every draft, whoever wrote it: a claim that fails is dropped and counted, never mended.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.ledger.reading import Passage


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
_NUMBER = re.compile(r"\d+(?:[.,:/]\d+)*")


def normalise(text: str) -> str:
    """A text as comparisons see it: without case, typographic variants and differences of white space."""
    return " ".join(unicodedata.normalize("NFKC", text).translate(_SAME).casefold().split())


def stands_in(quote: str, text: str) -> bool:
    """Whether the quote is verbatim in the text, from word boundary to word boundary."""
    wanted, there = normalise(quote), normalise(text)
    if not wanted:
        return False
    start = there.find(wanted)
    while start >= 0:
        end = start + len(wanted)
        cut_before = start > 0 and there[start - 1].isalnum() and wanted[0].isalnum()
        cut_after = end < len(there) and there[end].isalnum() and wanted[-1].isalnum()
        if not cut_before and not cut_after:
            return True
        start = there.find(wanted, start + 1)
    return False


def broken_rule(draft: Draft) -> str | None:
    """The rule that a draft breaks, in words; None for one that may be shown."""
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
