"""Runs of golden questions, kept as files of one name: the figures, every answer, and a report for people.

The figures are written last, so a run of which they are there is whole. A run that answers worse than the one
before stands back: later runs are compared with that one until a person accepts this.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bot.evaluation.comparing import Told, expected_of
from bot.evaluation.results import Result
from bot.golden import Golden
from config.errors import ConfigError

log = logging.getLogger("bot")

KEPT = 50
"""Runs of one question file that are kept where Sabio itself makes them, one after each sync."""
_FIGURES, _ANSWERS, _REPORT = ".json", "-answers.jsonl", ".html"


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked, of what and as whom: runs that share it can be compared."""

    file: str
    """The question file's name, without its folder."""
    content: str
    """A hash of the file."""
    as_: str | None = None
    paragraphs: str | None = None
    """The file whose paragraphs it was answered from, if another."""
    base: str | None = None
    """`configured` or `paragraphs`; None: either."""

    def told(self) -> dict[str, Any]:
        """As a run's figures have it."""
        return {
            "file": self.file,
            "content": self.content,
            "as": self.as_,
            "paragraphs": self.paragraphs,
        }

    def is_of(self, figures: Mapping[str, Any]) -> bool:
        """Whether these figures are of the same questions, or of what the file of that name held before."""
        run = figures["run"]
        same_file = run["file"] == self.file or run["content"] == self.content
        same_base = self.base in (None, figures["base"])
        return same_file and same_base and (run["as"], run["paragraphs"]) == (self.as_, self.paragraphs)


@dataclass(frozen=True, slots=True)
class Kept:
    """A run that was kept."""

    name: str
    folder: Path
    figures: Mapping[str, Any] = field(repr=False)

    @property
    def asked_at(self) -> str:
        """When it began, by ISO 8601."""
        moment: str = self.figures["run"]["asked_at"]
        return moment

    @property
    def stands(self) -> bool:
        """Whether later runs are compared with it."""
        gate = self.figures["gate"]
        return bool(gate["passed"] or gate["accepted"])

    def answers(self) -> list[Told]:
        """Its questions, and how each ended."""
        with (self.folder / (self.name + _ANSWERS)).open(encoding="utf-8") as lines:
            return [_told(json.loads(line)) for line in lines]


def new_name(folder: Path, stem: str) -> str:
    """A name that no run in the folder has, taken at once: made of the question file's and the moment."""
    folder.mkdir(parents=True, exist_ok=True)
    moment = f"{stem}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
    count = 1
    while True:
        name = moment if count == 1 else f"{moment}-{count}"
        try:
            (folder / (name + _ANSWERS)).touch(exist_ok=False)
        except FileExistsError:
            count += 1
        else:
            return name


def files_of(folder: Path, name: str) -> dict[str, str]:
    """Where the parts of a run are."""
    parts = {"figures": _FIGURES, "answers": _ANSWERS, "report": _REPORT}
    return {part: str(folder / (name + ending)) for part, ending in parts.items()}


def keep(folder: Path, name: str, figures: Mapping[str, Any], results: Sequence[Result], report: str) -> None:
    """Write a run under a name from `new_name`."""
    write_answers(folder / (name + _ANSWERS), results)
    (folder / (name + _REPORT)).write_text(report, encoding="utf-8", errors="replace")
    _write(folder / (name + _FIGURES), figures)


def write_answers(file: Path, results: Sequence[Result]) -> None:
    """A line of JSON for each question: what is known of it, the whole answer, and what that was worth."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8", errors="replace") as lines:
        for one in results:
            line = {
                **asdict(one),
                "golden": one.golden.model_dump(),
                "measures": one.measures(),
                "failure": one.failure.value if one.failure else None,
            }
            lines.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")


def standing(folder: Path, asked: Asked) -> Kept | None:
    """The last run of the same questions that later ones are compared with."""
    return next((run for run in _runs(folder) if asked.is_of(run.figures) and run.stands), None)


def accept(folder: Path, asked: Asked) -> Kept:
    """Let the last run of these questions stand although it fell. Raises `ConfigError` if it did not."""
    last = next((run for run in _runs(folder) if asked.is_of(run.figures)), None)
    if last is None or last.stands:
        raise ConfigError(
            f"no run of {asked.file} waits to be accepted in {folder}"
            + (f"; the last one, {last.name}, stands" if last else "")
        )
    return _accept(last)


def accept_named(folder: Path, name: str) -> None:
    """The same for the run of that name; one that is not there any more is no matter."""
    for run in _runs(folder):
        if run.name == name and not run.stands:
            _accept(run)


def forget_old(folder: Path, asked: Asked) -> None:
    """Remove the runs of these questions that `KEPT` newer ones have made old, but the one that stands."""
    stands = standing(folder, asked)
    alike = [run for run in _runs(folder) if asked.is_of(run.figures)]
    for run in alike[KEPT:]:
        if stands is None or run.name != stands.name:
            for file in files_of(folder, run.name).values():
                Path(file).unlink(missing_ok=True)


def _accept(run: Kept) -> Kept:
    figures = {**run.figures, "gate": {**run.figures["gate"], "accepted": True}}
    _write(run.folder / (run.name + _FIGURES), figures)
    return Kept(run.name, run.folder, figures)


def _runs(folder: Path) -> Iterator[Kept]:
    """Every run in a folder, the latest first."""
    found = []
    for file in folder.glob("*" + _FIGURES):
        try:
            figures = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            log.warning("%s is no run of golden questions: %s", file, error)
            continue
        # Earlier versions kept figures that say nothing about what was asked.
        if isinstance(figures, dict) and "gate" in figures:
            found.append(Kept(file.name.removesuffix(_FIGURES), folder, figures))
    # The moment tells those of one second apart; files may have been copied, so their own times say nothing.
    return iter(sorted(found, key=lambda run: (run.asked_at, run.name), reverse=True))


def _write(file: Path, figures: Mapping[str, Any]) -> None:
    """Whole or not at all: somebody may read it at this moment."""
    half = file.with_name(f"{file.name}.{os.getpid()}.tmp")
    half.write_text(json.dumps(figures, indent=2, ensure_ascii=False), encoding="utf-8", errors="replace")
    half.replace(file)


def _told(line: Mapping[str, Any]) -> Told:
    golden = Golden.model_validate(line["golden"])
    return Told(
        golden.id,
        golden.question,
        line["language"],
        golden.kind,
        line["failure"],
        {name: (reached, of) for name, (reached, of) in line["measures"].items()},
        expected_of(golden),
    )
