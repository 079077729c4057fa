"""How long a person waits for a command: from the start of the process to its end, on 10,000 chunks."""

from __future__ import annotations

from statistics import median

from tests.bench.made_up import CHUNKS, CONFIG, open_made_up, questions
from tests.bench.processes import run_sabio
from tests.bench.tables import show

RUNS = 7


def report() -> None:
    """Print the medians beside their goals."""
    open_made_up().close()
    english, spanish = questions(2)
    here = ("--config", str(CONFIG))
    commands: list[tuple[str, tuple[str, ...], float | None]] = [
        ("sabio --help", ("--help",), 0.3),
        ("sabio ask, in English", (*here, "ask", english), 1.5),
        ("sabio ask, in Spanish", (*here, "ask", spanish), 1.5),
        ("sabio search", (*here, "search", english), None),
        ("sabio status", (*here, "status"), None),
    ]
    show(
        f"Whole processes on {CHUNKS:,} chunks, medians of {RUNS}",
        "python -m tests.bench start",
        ("", "seconds", "goal: below", "seconds of processor"),
        [(name, *_medians(arguments, goal)) for name, arguments, goal in commands],
        digits=2,
    )


def _medians(arguments: tuple[str, ...], goal: float | None) -> tuple[float, float | None, float]:
    """Seconds from start to end, the goal, and seconds of processor."""
    run_sabio(*arguments)  # so that the disk is warm
    runs = [run_sabio(*arguments) for _ in range(RUNS)]
    return median(run.seconds for run in runs), goal, median(run.processor for run in runs)
