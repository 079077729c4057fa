"""The terminal as a platform: asks and answers, shows progress and reports, speaks JSON to programs.

Standard output carries the result and nothing else; progress, logs and errors go to standard error.
"""

from __future__ import annotations

import io
import sys
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from bot.exits import CONFIGURATION, DONE, SOME_FAILED, UNAVAILABLE
from bot.messages import Message, Person
from bot.platforms._answers import print_answer, print_hits, stream
from bot.platforms._complaints import print_closed, print_complaints
from bot.platforms._console import open_console
from bot.platforms._explanations import print_explanation
from bot.platforms._measurements import print_measured
from bot.platforms._progress import progress, run_progress
from bot.platforms._reports import (
    print_figures,
    print_findings,
    print_handed,
    print_migrated,
    print_problems,
    print_rebuilt,
    print_restored,
    print_runs,
    print_sources,
    print_status,
    say,
    say_question,
    say_step,
)

if TYPE_CHECKING:
    from bot.findings import Finding
    from ingest.knowledge import KnowledgeBase

__all__ = [
    "chat",
    "exit_code",
    "findings_code",
    "print_answer",
    "print_closed",
    "print_complaints",
    "print_explanation",
    "print_figures",
    "print_findings",
    "print_handed",
    "print_hits",
    "print_measured",
    "print_migrated",
    "print_problems",
    "print_rebuilt",
    "print_restored",
    "print_runs",
    "print_sources",
    "print_status",
    "progress",
    "run_progress",
    "say",
    "say_question",
    "say_step",
    "stream",
]

_ENDINGS = {"exit", "quit", "salir"}


def exit_code(reports: Sequence[Mapping[str, Any]]) -> int:
    """What `sabio sync` ends with: the gravest of what its runs report."""
    kinds = {report.get("error_kind") for report in reports}
    if "ConfigError" in kinds:
        return CONFIGURATION
    if "UnavailableError" in kinds:
        return UNAVAILABLE
    good = all(report["outcome"] == "done" and not report.get("failed") for report in reports)
    return DONE if good else SOME_FAILED


def findings_code(findings: Sequence[Finding]) -> int:
    """What `sabio check` ends with: warnings are no failure."""
    kinds = {one.kind for one in findings if one.level == "error"}
    if "configuration" in kinds:
        return CONFIGURATION
    return UNAVAILABLE if kinds else DONE


def chat(kb: KnowledgeBase, person: Person) -> None:
    """Answer one line after another, follow-ups too, until `exit`, the end of the input, or Ctrl-C."""
    from bot.door import handle

    console = open_console()
    watched = sys.stdin.isatty()
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
    if watched:
        import readline  # noqa: F401 — gives `input` its history and editing keys

        console.print("Ask a question in any language; `exit` or Ctrl-D ends.")
    thread = uuid.uuid4().hex  # each start is a conversation of its own
    with suppress(EOFError, KeyboardInterrupt):
        while (text := input("> " if watched else "").strip()).lower() not in _ENDINGS:
            if text:
                with stream() as show:
                    answer = handle(kb, Message(text, person, thread=thread), show)
                print_answer(answer)
                console.print()
        return
    console.print()
