"""Shows long work as it is done: a bar where somebody watches, a line a source where nobody does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console

from bot.platforms._console import clean, count, open_console
from ingest.observing import STEPS, Observer, unobserved

if TYPE_CHECKING:
    from ingest.ledger.reading import Progress


@contextmanager
def progress(quiet: bool = False, due: Callable[[str], int] | None = None) -> Iterator[Observer]:
    """Show on standard error what the observer is told; nothing if `quiet`.

    `due` says how many of a source's documents wait. A step that is none of `STEPS` counts as one thing
    done.
    """
    console = open_console(errors=True)
    if quiet:
        yield unobserved
    elif not console.is_terminal:
        yield _lines(console, due)
    else:
        with _Bar(console, due) as bar:
            yield bar


def _lines(console: Console, due: Callable[[str], int] | None) -> Observer:
    def observe(step: str, title: str = "") -> None:
        if step == "planned":
            waiting = f": {count(due(title), 'document')} due" if due else ""
            console.print(clean(title) + waiting, soft_wrap=True)

    return observe


class _Bar:
    """A spinner until it is known what is due, then a bar with the title of what was done last."""

    def __init__(self, console: Console, due: Callable[[str], int] | None) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

        self._due = due
        self._turn = threading.Lock()
        self._source: str | None = None
        self._total: int | None = None
        self._done = 0
        self._shown = Progress(
            SpinnerColumn(finished_text=" "),
            TextColumn("{task.fields[label]}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[title]}", markup=False, style="dim"),
            console=console,
            transient=True,
        )
        self._task = self._shown.add_task("", total=None, label="Looking", title="")

    def __enter__(self) -> _Bar:
        self._shown.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._shown.stop()

    def __call__(self, step: str, title: str = "") -> None:
        with self._turn:
            if step == "scanned":
                self._show(title, "")
            elif step == "planned":
                self._source, self._done = title, 0
                self._total = self._due(title) or None if self._due else None
                self._show(title, "")
            elif step == "claimed" and self._source and self._total and self._due:
                # What could not be read is done with as well, and nobody says so.
                self._done = max(self._done, self._total - self._due(self._source))
                self._show()
            elif step == "finished" or step not in STEPS:
                self._done += 1
                self._show(None, title)

    def _show(self, label: str | None = None, title: str | None = None) -> None:
        texts = {"label": label, "title": title}
        short: dict[str, Any] = {
            key: _shorten(clean(text)) for key, text in texts.items() if text is not None
        }
        self._shown.update(self._task, total=self._total, completed=self._done, **short)


@contextmanager
def run_progress(quiet: bool = False) -> Iterator[Callable[[Sequence[Progress]], None]]:
    """Show on standard error how runs stand that others work on; nothing if `quiet`."""
    console = open_console(errors=True)
    if quiet:
        yield lambda _runs: None
    elif not console.is_terminal:
        yield _Changes(console)
    else:
        from rich.live import Live

        with Live(console=console, transient=True, auto_refresh=False) as live:
            yield lambda runs: live.update("\n".join(_standing(run) for run in runs), refresh=True)


class _Changes:
    """A line whenever a run has come further by a tenth, or stands differently."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._said: dict[str, tuple[object, ...]] = {}

    def __call__(self, runs: Sequence[Progress]) -> None:
        for run in runs:
            tenth = 10 * run.done // run.planned if run.planned else 0
            stands = (run.state, tenth, run.error)
            if self._said.get(run.run) != stands:
                self._said[run.run] = stands
                self._console.print(_standing(run), soft_wrap=True)


def _standing(run: Progress) -> str:
    """`wiki  120 of 400 documents, 3.1 a second, 90 s left: Travel expenses`."""
    name = clean(run.source)
    if run.state == "scanning":
        return f"{name}  looking what there is"
    parts = [f"{name}  {run.done:,} of {count(run.planned, 'document')}"]
    if run.rate and run.left:
        parts.append(f"{run.rate:.1f} a second")
    if run.seconds_left is not None and run.left:
        parts.append(f"{run.seconds_left:,.0f} s left")
    if run.failed:
        parts.append(f"{run.failed:,} could not be read")
    said = ", ".join(parts)
    if run.error:
        return f"{said}; waits: {clean(run.error)}"
    return f"{said}: {_shorten(clean(run.current))}" if run.current and run.left else said


def _shorten(text: str, limit: int = 30) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
