"""Reads the parts of a Dockerfile that ours is made of, and refuses others: nothing is misread in silence.

https://docs.docker.com/reference/dockerfile/
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_WORDS = {
    "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "RUN", "STOPSIGNAL",
    "USER", "WORKDIR",
}  # fmt: skip


@dataclass(frozen=True)
class Step:
    """One instruction, with its continued lines joined."""

    line: int
    word: str
    flags: tuple[str, ...]
    """As `--from=model`."""
    text: str
    """What follows them."""

    @property
    def words(self) -> list[str]:
        """In exec form (a JSON array) its strings, else what blanks separate."""
        return list(json.loads(self.text)) if self.is_exec else self.text.split()

    @property
    def is_exec(self) -> bool:
        """Whether no shell runs it."""
        return self.text.startswith("[")

    def flag(self, name: str) -> str | None:
        """The value of a flag."""
        return next((each.partition("=")[2] for each in self.flags if each.startswith(f"--{name}=")), None)

    @property
    def pairs(self) -> dict[str, str]:
        """Of ENV, LABEL and ARG: names and values, quotes taken off."""
        found = re.findall(r'([\w.]+)(?:=("[^"]*"|\S*))?', self.text)
        return {name: value.strip('"') for name, value in found}


@dataclass(frozen=True)
class Stage:
    """From one FROM to the next."""

    name: str
    base: str
    """An image, or another stage."""
    steps: list[Step] = field(default_factory=list)

    def all(self, word: str) -> list[Step]:
        """Its steps of that kind."""
        return [step for step in self.steps if step.word == word]


def read(text: str) -> dict[str, Stage]:
    """The stages by name, in order."""
    stages: dict[str, Stage] = {}
    common: dict[str, str] = {}
    current: Stage | None = None
    for step in _steps(text):
        if step.word == "FROM":
            base, middle, name = step.words
            assert middle == "AS", f"line {step.line}: a stage without a name"
            current = stages[name] = Stage(name, fill(base, common))
        elif current is None:
            assert step.word == "ARG", f"line {step.line}: {step.word} before the first FROM"
            common |= step.pairs
        else:
            current.steps.append(step)
    return stages


def _steps(text: str) -> list[Step]:
    found, parts, start = [], [], 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#") or not (line.strip() or parts):
            continue
        assert line.strip(), f"line {number}: an empty line inside an instruction"
        start = start if parts else number
        parts.append(line.strip().removesuffix("\\").strip())
        if not line.rstrip().endswith("\\"):
            found.append(_step(start, " ".join(parts)))
            parts = []
    assert not parts, f"line {start}: ends in the middle"
    return found


def _step(line: int, text: str) -> Step:
    word, _, rest = text.partition(" ")
    assert word in _WORDS, f"line {line}: {word} is not among what is understood here"
    assert "<<" not in rest, f"line {line}: here-documents are not understood"
    flags = []
    while rest.startswith("--"):
        flag, _, rest = rest.partition(" ")
        flags.append(flag)
        rest = rest.lstrip()
    return Step(line, word, tuple(flags), rest)


def fill(text: str, values: Mapping[str, str]) -> str:
    """`text` with `${NAME}` and `$NAME` replaced; what has no value is an error."""
    return re.sub(r"\$(?:\{(\w+)\}|(\w+))", lambda found: values[found[1] or found[2]], text)


def lineage(stages: Mapping[str, Stage], name: str) -> list[Stage]:
    """A stage and those that it stands on, the lowest first."""
    stage = stages[name]
    below = lineage(stages, stage.base) if stage.base in stages else []
    return [*below, stage]


class Ignore:
    """A `.dockerignore`: the last line that fits decides, and what fits a folder fits what lies in it."""

    def __init__(self, text: str) -> None:
        lines = [line.strip() for line in text.splitlines()]
        self._lines = [line for line in lines if line and not line.startswith("#")]

    def lets_in(self, path: str) -> bool:
        """Whether that path, relative to the context, is sent to the builder."""
        parts = Path(path).parts
        above = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
        ignored = False
        for line in self._lines:
            pattern = line.removeprefix("!")
            if any(_fits(each, pattern) for each in above):
                ignored = not line.startswith("!")
        return not ignored


def _fits(path: str, pattern: str) -> bool:
    if pattern.startswith("**/"):
        return fnmatch.fnmatch(Path(path).name, pattern.removeprefix("**/"))
    return path.count("/") == pattern.count("/") and fnmatch.fnmatch(path, pattern)
