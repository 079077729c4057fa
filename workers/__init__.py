"""Who carries the work out: Celery's workers or threads of this process, several at once."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    """`celery -A workers` looks for an application here, and nothing else pays for making one."""
    if name == "celery":
        from workers.app import default_app

        return default_app()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
