"""Asking golden questions on behalf of a sync or of a rebuild: by `sabio eval`, in a process of its own.

Workers import nothing of the package that answers; the command is how they ask it, in threads and in Celery's
children alike. What it takes of memory ends with it, and so does whatever it hangs on.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from config.errors import ConfigError, UnavailableError
from config.settings import Settings
from ingest.holding import is_gated
from ingest.knowledge import KnowledgeBase
from ingest.ledger.golden import Verdict
from ingest.rebuilding import Examine

SECONDS = 1200.0
"""The most that an asking may take: below the time limit of a task."""
_LOOK = 0.5
"""Seconds between looks whether it should stop."""
_SAID = (0, 1)
"""What `sabio eval --gate` ends with where it could say something."""


def questions_of(settings: Settings) -> Path | None:
    """The file of golden questions that the settings name."""
    questions = settings.evaluation.questions
    return None if questions is None else settings.folder / questions


def examiner(kb: KnowledgeBase) -> Examine | None:
    """What asks golden questions of an index that was made anew; None where none are to be asked."""
    return (lambda name: examine(kb, name)) if is_gated(kb.settings) else None


def examine(
    kb: KnowledgeBase, collection: str | None = None, stopping: Callable[[], bool] = lambda: False
) -> Verdict:
    """Ask golden questions of the collection in use, or of the one of that name.

    Raises `ConfigError` where a person must change something, and `UnavailableError` where something is down,
    it takes too long, or `stopping` says so.
    """
    settings = kb.settings
    command = [sys.executable, "-m", "bot", "--config", str(settings.file), "--data", str(settings.data)]
    command += ["eval", str(questions_of(settings)), "--gate", "--json"]
    if collection is not None:
        command += ["--collection", collection]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as asking:
        try:
            printed = _wait(asking, stopping)
        finally:
            asking.kill()  # which does nothing where it has ended
    try:
        told = json.loads(printed)
    except ValueError as error:
        raise UnavailableError(f"`sabio eval` ended with {asking.returncode} and said nothing") from error
    if asking.returncode not in _SAID or "gate" not in told:
        wrong = told.get("error", {})
        kind = ConfigError if wrong.get("kind") == "ConfigError" else UnavailableError
        raise kind(f"golden questions: {wrong.get('message', 'unknown')}")
    return _verdict(told)


def _wait(asking: subprocess.Popen[str], stopping: Callable[[], bool]) -> str:
    waited = 0.0
    while True:
        try:
            return asking.communicate(timeout=_LOOK)[0]
        except subprocess.TimeoutExpired:
            waited += _LOOK
        if stopping():
            raise UnavailableError("golden questions were given up, to be asked again: this process ends")
        if waited > SECONDS:
            raise UnavailableError(f"golden questions were not answered within {SECONDS / 60:.0f} minutes")


def _verdict(told: Mapping[str, Any]) -> Verdict:
    compared = told["compared"] or {"changes": [], "lost": []}
    return Verdict(
        before={one["figure"]: one["before"] for one in compared["changes"] if one["among"] == "all"},
        after={**told["retrieval"], **told["answers"]},
        fell=told["gate"]["fell"],
        lost=[one["question"] for one in compared["lost"]],
        saved=told["run"]["name"],
        report=told["saved"]["report"],
    )
