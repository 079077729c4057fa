"""Whether what a claim says is in what it cites: the rules for claims in other words than their quotes.

Each rule looks at the claim's tokens, held against those of its quotes, and says in words what is wrong.
"""

from __future__ import annotations

from bot.proof.alignment import Alignment
from bot.proof.cited import Cited
from bot.proof.columns import exchanged_column
from bot.proof.direction import turned_direction
from bot.proof.negation import turned_negation
from bot.proof.placing import misplaced_fact
from bot.proof.presence import missing_fact
from bot.proof.replacing import exchanged_words, replaced_fact

_RULES = (
    missing_fact,
    exchanged_column,
    misplaced_fact,
    replaced_fact,
    exchanged_words,
    turned_negation,
    turned_direction,
)


def broken(held: Alignment, cited: Cited) -> str | None:
    """The first rule that a claim breaks, in words; None where nothing speaks against it."""
    return next((rule for each in _RULES if (rule := each(held, cited))), None)
