"""The four errors, named by what is done about them.

A vendor's exceptions are translated into these in that vendor's own file. Programming errors are never
wrapped: they should be seen as what they are.
"""

from __future__ import annotations


class SabioError(Exception):
    """An error with a message meant for a person: what was seen, what was expected, what to change."""


class ConfigError(SabioError):
    """A person must change something. Never retried; the command line ends with exit code 2.

    `problems` holds one message each, so that everything wrong is told at once.
    """

    def __init__(self, *problems: str) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class UnavailableError(SabioError):
    """The other side is down or throttling: worth trying again, after `retry_after` seconds if known."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class DocumentError(SabioError):
    """This one document cannot be read; the rest of the run goes on."""


class DeniedError(SabioError):
    """This person may not do or read that."""
