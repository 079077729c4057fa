"""Markdown tables of figures."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

Cell = str | float | int | None


def show(
    title: str, command: str, head: Sequence[str], rows: Iterable[Sequence[Cell]], digits: int = 3
) -> None:
    """Print a table under its title and the command that makes it; None is printed as a dash."""
    lines = [f"### {title}", "", f"`{command}`", "", _line(head), _line(["---"] * len(head))]
    lines += [_line([_text(cell, digits) for cell in row]) for row in rows]
    sys.stdout.write("\n".join(lines) + "\n\n")
    sys.stdout.flush()


def tell(sentence: str) -> None:
    """Say what is going on to whoever waits, apart from the tables."""
    sys.stderr.write(sentence + "\n")


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _text(cell: Cell, digits: int) -> str:
    if cell is None:
        return "–"
    return f"{cell:.{digits}f}" if isinstance(cell, float) else str(cell)
