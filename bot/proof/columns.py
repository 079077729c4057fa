"""A number of a table's row is said of its own column."""

from __future__ import annotations

from bot.proof.alignment import Alignment, same
from bot.proof.cited import Cited


def exchanged_column(held: Alignment, cited: Cited) -> str | None:
    """A number that the row has in another column than those that the claim names."""
    said = {key for token in held.claim for key in token.keys if token.content}
    columns = [
        (name, [token for token in cell if token.counted])
        for name, cell in cited.cells
        if any(token.keys & said for token in name if token.content)
    ]
    named = [numbers for _, numbers in columns if numbers]
    for token in held.claim:
        if not token.counted or not named:
            continue
        elsewhere = any(same(token, one) for _, cell in cited.cells for one in cell if one.counted)
        if elsewhere and not any(same(token, one) for numbers in named for one in numbers):
            return f"its quote has {token.text} in another column"
    return None
