"""Shows long work as it is done: a bar where somebody watches, a line a source where nobody does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console

from bot.platforms._console import clean, count, open_console
from ingest.observing import STEPS, Observer, unobserved


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


def _shorten(text: str, limit: int = 30) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
