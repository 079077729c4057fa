"""What `sabio check` looked at, and what it saw."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from config.errors import ConfigError, SabioError


class Level(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    WARNING = "warning"
    """It works, but perhaps not as meant."""
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, and what was seen."""

    level: Level
    subject: str
    """As `configuration`, `source wiki`, `ledger`."""
    message: str
    fix: str | None = None
    """What to do about it, where the message does not say so itself."""
    kind: Literal["configuration", "unavailable"] | None = None
    """Of an error: whether a person must change something, or whether it may pass by itself."""


class Findings(list[Finding]):
    """What was found so far."""

    def ok(self, subject: str, message: str) -> None:
        """Note that something is as it should be."""
        self.append(Finding(Level.OK, subject, message))

    def warn(self, subject: str, message: str, fix: str | None = None) -> None:
        """Note something that works, but perhaps not as meant."""
        self.append(Finding(Level.WARNING, subject, message, fix))

    def warnings(self, subject: str, messages: Sequence[str]) -> None:
        """Note several such things of one subject."""
        for message in messages:
            self.warn(subject, message)

    @contextmanager
    def about(self, subject: str) -> Iterator[None]:
        """Note the errors that the block raises as findings, and go on after it."""
        try:
            yield
        except ConfigError as error:
            self += [
                Finding(Level.ERROR, subject, problem, kind="configuration") for problem in error.problems
            ]
        except SabioError as error:
            self.append(Finding(Level.ERROR, subject, str(error), kind="unavailable"))
