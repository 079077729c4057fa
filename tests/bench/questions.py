"""How long a question takes in a process that is up, on 10,000 chunks, and what the time goes to."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any
from unittest import mock

import numpy as np

from bot import answering, door, ranking
from bot.messages import Message, Person
from ingest.knowledge import KnowledgeBase
from ingest.ledger import confirming
from tests.bench.made_up import CHUNKS, open_made_up, questions
from tests.bench.tables import Cell, show

COUNT = 200
WARM_UP = 10
FIRST = "question to first verified sentence, where there is one"
WHOLE = "question to answer"
COMMAND = "python -m tests.bench questions"


def report() -> None:
    """Print p50 and p95 of the whole and of each stage, with an empty memory and with a full one."""
    asked = questions(COUNT + WARM_UP)
    with open_made_up() as base:
        spent, units = _measure(base, asked, remembering=False)
        again, _ = _measure(base, asked, remembering=True)
    whole = sum(spent[WHOLE])
    rows = [_row(stage, times, whole) for stage, times in spent.items()]
    rows.append(_row("the same where its sentences were weighed before", again[WHOLE], None))
    show(
        f"{COUNT} questions, English and Spanish by turns, {CHUNKS:,} chunks, one process",
        COMMAND,
        ("stage", "p50 ms", "p95 ms", "share of the time"),
        [
            *rows,
            ("units embedded, a question", f"{np.mean(units):.1f}", f"{np.percentile(units, 95):.0f}", None),
        ],
    )


def _row(stage: str, times: Sequence[float], whole: float | None) -> tuple[Cell, ...]:
    low, high = np.percentile(times, (50, 95))
    return (
        stage,
        f"{low:.1f}",
        f"{high:.1f}",
        f"{sum(times) / whole:.0%}" if whole and stage != FIRST else None,
    )


def _measure(
    base: KnowledgeBase, asked: Sequence[str], *, remembering: bool
) -> tuple[dict[str, list[float]], list[int]]:
    """Milliseconds of each stage and of the whole, and how many units were embedded: a number a question.

    Questions of two moulds find the same pages over and over, as those of people do not: so each is asked of
    an encoder that has not seen their sentences, unless it is for `remembering`.
    """
    stages: list[tuple[str, Any, str]] = [
        ("encode the question (translation, vector, terms)", base.encoder, "question"),
        ("search the index", base.collection().index, "search"),
        ("confirm in the ledger", confirming, "confirm"),
        ("rank the units", ranking, "rank"),
        ("weigh the confidence", ranking, "confidence"),
        ("draft, verify and say it", answering, "compose"),
        ("keep the question", door, "_keep"),
    ]
    spent: dict[str, list[float]] = {name: [] for name, _, _ in stages}
    whole: list[float] = []
    first: list[float] = []
    units: list[int] = []
    with ExitStack() as patches:
        for name, owner, attribute in stages:
            timed = _timed(getattr(owner, attribute), spent[name])
            patches.enter_context(mock.patch.object(owner, attribute, timed))
        vectors = base.encoder.vectors
        counted = mock.Mock(side_effect=vectors)
        patches.enter_context(mock.patch.object(base.encoder, "vectors", counted))
        for text in asked:
            if not remembering:
                base.encoder._remembered._vectors.clear()
            counted.reset_mock()
            _ask(base, text, whole, first)
            units.append(sum(len(call.args[0]) for call in counted.call_args_list))
    spent["search the index"] = [
        both - confirmed
        for both, confirmed in zip(spent["search the index"], spent["confirm in the ledger"], strict=True)
    ]
    spent["the rest"] = [all_ - sum(parts) for all_, *parts in zip(whole, *spent.values(), strict=True)]
    spent[WHOLE] = whole
    measured = {name: times[WARM_UP:] for name, times in spent.items()}
    return {**measured, FIRST: first}, units[WARM_UP:]


def _ask(base: KnowledgeBase, text: str, whole: list[float], first: list[float]) -> None:
    started = time.perf_counter()
    shown: list[float] = []
    door.handle(base, Message(text, Person()), lambda *_: shown.append(time.perf_counter()))
    whole.append(1_000 * (time.perf_counter() - started))
    first.extend(1_000 * (moment - started) for moment in shown[:1])


def _timed(call: Callable[..., Any], times: list[float]) -> Callable[..., Any]:
    def timed(*arguments: Any, **named: Any) -> Any:
        started = time.perf_counter()
        try:
            return call(*arguments, **named)
        finally:
            times.append(1_000 * (time.perf_counter() - started))

    return timed
