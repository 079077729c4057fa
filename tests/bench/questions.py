"""How long a question takes in a process that is up, on 10,000 chunks, and what the time goes to."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from unittest import mock

import numpy as np

from bot import answering, door, ranking
from bot.messages import Message, Person
from ingest.knowledge import KnowledgeBase
from ingest.ledger import reading
from tests.bench.made_up import CHUNKS, open_made_up, questions
from tests.bench.tables import show

COUNT = 200


def report() -> None:
    """Print p50 and p95 of the whole and of each stage."""
    with open_made_up() as base:
        spent, whole = _measure(base)
    rows = [
        (stage, *np.percentile(times, (50, 95)), sum(times) / sum(whole)) for stage, times in spent.items()
    ]
    rest = [all_ - sum(parts) for all_, *parts in zip(whole, *spent.values(), strict=True)]
    rows.append(("the rest", *np.percentile(rest, (50, 95)), sum(rest) / sum(whole)))
    rows.append(("question to answer", *np.percentile(whole, (50, 95)), 1.0))
    show(
        f"{COUNT} questions, English and Spanish by turns, {CHUNKS:,} chunks, one process",
        "python -m tests.bench questions",
        ("stage", "p50 ms", "p95 ms", "share of the time"),
        [(stage, f"{low:.1f}", f"{high:.1f}", f"{share:.0%}") for stage, low, high, share in rows],
    )


def _measure(base: KnowledgeBase) -> tuple[dict[str, list[float]], list[float]]:
    """Milliseconds of each stage and of the whole, a number a question."""
    stages: list[tuple[str, Any, str]] = [
        ("encode the question (translation, vector, terms)", base.encoder, "question"),
        ("search the index", base.collection().index, "search"),
        ("confirm in the ledger", reading, "confirm"),
        ("rank the units", ranking, "rank"),
        ("weigh the confidence", ranking, "confidence"),
        ("draft, verify and say it", answering, "compose"),
        ("keep the question", door, "_keep"),
    ]
    spent: dict[str, list[float]] = {name: [] for name, _, _ in stages}
    whole: list[float] = []
    with ExitStack() as patches:
        for name, owner, attribute in stages:
            timed = _timed(getattr(owner, attribute), spent[name])
            patches.enter_context(mock.patch.object(owner, attribute, timed))
        for text in questions(COUNT + 10):
            _timed(door.handle, whole)(base, Message(text, Person()))
    return {name: times[10:] for name, times in spent.items()}, whole[10:]


def _timed(call: Callable[..., Any], times: list[float]) -> Callable[..., Any]:
    def timed(*arguments: Any, **named: Any) -> Any:
        started = time.perf_counter()
        try:
            return call(*arguments, **named)
        finally:
            times.append(1_000 * (time.perf_counter() - started))

    return timed
