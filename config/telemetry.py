"""Logs, for people or for machines, in which no secret appears; and numbers for whoever counts.

Log with the standard library (`log = logging.getLogger(__name__)`; fields go into `extra=`). structlog would
say the same things after 0.2 s more of start-up, and would not see what libraries log.

Numbers go to `observe_metric`, which costs nothing as long as no process serves them: `workers/metrics.py` is
the one that listens, traces are in `tracing.py`.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, TextIO

from config.secrets import mask
from config.sections import LogSettings

_bound: ContextVar[Mapping[str, str]] = ContextVar("bound", default={})  # noqa: B039 — only ever replaced
_OURS = ("bot", "config", "ingest", "workers")
# What these say at `warning` is about the insides of a document, and the document's report says it better.
_CHATTER = ("alembic", "fontTools", "httpx", "llama_index", "pdfminer", "PIL", "pypdf", "unstructured")
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}

listeners: list[Callable[[str, float, Mapping[str, str]], None]] = []
"""Are told the name, value and labels of everything that `observe_metric` is told."""


# onnxruntime's builds for Linux tell their makers of each model that is opened, from 1.29 on:
# https://github.com/microsoft/onnxruntime/pull/27379. Other libraries of models go by the other names.
_UNREPORTED = ("ORT_DISABLE_TELEMETRY", "DO_NOT_TRACK", "HF_HUB_DISABLE_TELEMETRY", "SCARF_NO_ANALYTICS")


def keep_libraries_quiet() -> None:
    """Have libraries that are loaded from now on report nothing to their makers."""
    os.environ.update(dict.fromkeys(_UNREPORTED, "1"))


def observe_metric(name: str, value: float = 1.0, **labels: str) -> None:
    """Tell whoever counts: `name` is one of `workers.counted.COUNTED`, `value` an increase or a duration."""
    for listen in listeners:
        listen(name, value, labels)


@contextmanager
def bind(**fields: str) -> Iterator[None]:
    """Add fields (`run=…`, `document=…`, `question=…`) to everything logged inside the `with` block."""
    token = _bound.set({**_bound.get(), **fields})
    try:
        yield
    finally:
        _bound.reset(token)


def start_logging(
    settings: LogSettings, secrets: frozenset[str] = frozenset(), stream: TextIO | None = None
) -> None:
    """Log to `stream` (standard error by default), replacing whatever was set up before.

    `secrets` are the spellings to mask, as in `Settings.secrets`. Libraries are heard from `warning` on.
    """
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.addFilter(_remember_bound)
    traces = level <= logging.DEBUG
    handler.setFormatter(_Json(secrets) if settings.format == "json" else _Console(secrets, traces))
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(max(level, logging.WARNING))
    for name in _OURS:
        logging.getLogger(name).setLevel(level)
    for name in _CHATTER:
        logging.getLogger(name).setLevel(max(level, logging.ERROR))
    # A formatting mistake must not print the record, arguments and all, past the mask.
    logging.raiseExceptions = False


def _remember_bound(record: logging.LogRecord) -> bool:
    record.__dict__.update({key: value for key, value in _bound.get().items() if key not in record.__dict__})
    return True


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    return {key: value for key, value in record.__dict__.items() if key not in _STANDARD}


class _Console(logging.Formatter):
    """`12:30:05 warning  ingest.sync  held 40 removals  run=7c1e`."""

    def __init__(self, secrets: frozenset[str], traces: bool) -> None:
        super().__init__()
        self._secrets = secrets
        self._traces = traces

    def format(self, record: logging.LogRecord) -> str:
        """One line, and the stack trace below it where asked for."""
        time = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        words = [time, f"{record.levelname.lower():7}", record.name, record.getMessage()]
        words += [f"{key}={value}" for key, value in _fields(record).items()]
        text = "  ".join(words)
        if record.exc_info and record.exc_info[1]:
            error = record.exc_info[1]
            text += "\n" + self.formatException(record.exc_info) if self._traces else f"  ({_named(error)})"
        return mask(text, self._secrets)


class _Json(logging.Formatter):
    """One object a line: `time`, `level`, `logger`, `message`, extra fields, `error`, `trace`."""

    def __init__(self, secrets: frozenset[str]) -> None:
        super().__init__()
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        """A line of JSON; masked before encoding, so that escapes hide nothing from the mask."""
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info and record.exc_info[1]:
            entry["error"] = _named(record.exc_info[1])
            entry["trace"] = "".join(traceback.format_exception(record.exc_info[1]))
        return json.dumps(self._masked(entry), ensure_ascii=False, default=str)

    def _masked(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {mask(str(key), self._secrets): self._masked(item) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._masked(item) for item in value]
        if (value is None or isinstance(value, bool | int | float)) and str(value) not in self._secrets:
            return value
        return mask(str(value), self._secrets)


def _named(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
