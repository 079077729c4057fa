"""How good retrieval and answers are on golden questions, beside plain methods on the same bases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any
from unittest import mock

import numpy as np

from bot import answering, drafting, evaluation, retrieval
from bot.answering import Inspection
from bot.evaluation import ask_golden
from bot.evaluation.figures import figures_of
from bot.evaluation.keeping import write_answers
from bot.evaluation.matching import has_expected, is_one_of
from bot.evaluation.results import Result
from bot.golden import Golden
from ingest.documents import Hit, Readers
from ingest.knowledge import KnowledgeBase
from ingest.ledger import confirming
from ingest.sync import unobserved
from tests.bench.bases import EVERYONE, STORE, Task, halves, tasks
from tests.bench.tables import Cell, show, tell

COMMAND = "python -m tests.bench --data FOLDER answers"
MARGINS = (1.5, 2.0, 3.0, 4.5, 5.0)
LINES: dict[str, tuple[str, tuple[Cell, ...]]] = {
    "xquad-en-en": ("min-max 0.5", (0.949, 0.994, 0.997, 0.970)),
    "xquad-es-es": ("own words and vectors of the translation, 0.5", (0.936, 0.992, 0.993, None)),
    "xquad-es-en": ("question translated, 0.5", (0.869, 0.972, 0.989, None)),
    "xquad-en-es": ("documents translated, 0.5", (0.884, 0.985, 0.992, None)),
}
"""The best of plain methods known before: R@1, R@5, R@10, MRR@10."""
UNIT_LINES: dict[str, tuple[Cell, ...]] = {"xquad-en-en": (0.758, 0.903), "xquad-es-es": (0.636, 0.760)}
"""The same for the gold answer in the first, and in the first three sentences."""
GOALS: dict[str, tuple[Cell, ...]] = {
    "handbook": (None, 0.42, 0.78, None, 0.30, 1.0),
    "consul-es": (None, 0.45, 0.88, None, 0.30, 1.0),
}
"""Contains the expected words; shown; shown or right page; refused; wrongly answered; citation precision."""

ABSENT_LINES: dict[str, tuple[Cell, ...]] = {"xquad-en": (0.991, 0.026), "xquad-es": (0.978, 0.135)}
"""Telling questions about absent articles from others: AUROC, and the share of them that is let through where
95 % of the others are answered."""

Fusion = Callable[[Sequence[Hit]], list[float]]


def _stretched(scores: Sequence[float]) -> list[float]:
    low, high = min(scores), max(scores)
    return [(score - low) / (high - low) if high > low else 0.0 for score in scores]


def _by_place(scores: Sequence[float]) -> list[float]:
    """Each score's share in reciprocal rank fusion; nothing for those that the leg did not find."""
    shares = [0.0] * len(scores)
    for place, which in enumerate(np.argsort([-score for score in scores], kind="stable"), 1):
        shares[which] = 1 / (60 + place) if scores[which] else 0.0
    return shares


def _mixed(scale: Callable[[Sequence[float]], list[float]], dense: float) -> Fusion:
    def fuse(hits: Sequence[Hit]) -> list[float]:
        words, near = scale([hit.words for hit in hits]), scale([hit.dense for hit in hits])
        return [dense * one + (1 - dense) * other for one, other in zip(near, words, strict=True)]

    return fuse


FUSIONS: dict[str, Fusion] = {
    "words alone": lambda hits: [hit.words for hit in hits],
    "vectors alone": lambda hits: [hit.dense for hit in hits],
    "reciprocal rank": _mixed(_by_place, 0.5),
    "min-max 0.5": _mixed(_stretched, 0.5),
    "standardised 0.5": _mixed(retrieval._standardise, 0.5),
    "standardised 0.6": _mixed(retrieval._standardise, 0.6),
    "standardised 0.7": _mixed(retrieval._standardise, 0.7),
}
"""How the hits of one search may be ordered; with 0.6, as the product does it."""


@dataclass(frozen=True)
class Asked:
    """A golden question and what was answered, beside what would have been."""

    result: Result
    ranks: dict[str, int | None]
    """The place of the first right document, by the way of fusing."""
    place: int | None
    """The place of the first sentence with the expected words among all that were ranked."""
    quoted: dict[float, tuple[bool, int]]
    """By `drafting.MARGIN`: whether the quotes have the expected words, and how many quotes there are."""


def report(data: Path) -> None:
    """Print every table; what was answered is kept in `var/bench/answers`, to be read."""
    with tasks(data) as found:
        asked = {}
        for task in found:
            tell(f"  {task.name}: {len(task.questions)} questions")
            asked[task.name] = each = ask_all(task)
            results = [one.result for one in each]
            write_answers(STORE / "answers" / f"{task.name}-answers.jsonl", results)
        _show_retrieval(asked)
        _show_fusions(asked)
        _show_units(asked)
        _show_answers(asked)
        for name in ("handbook", "consul-es"):
            _show_kinds(name, asked[name])
        _show_margins(asked)
        near_misses = [one.result for one in asked["squad2"]]
    with halves(data) as found:
        _show_told_apart(found, near_misses)


def ask_all(task: Task) -> list[Asked]:
    """Ask every question as `sabio eval` does, keeping what the answers were decided on."""
    asked: list[Asked] = []
    inspections: list[Inspection] = []

    def inspect(*arguments: Any) -> Inspection:
        inspections.append(answering.inspect(*arguments))
        return inspections[-1]

    def ask(base: KnowledgeBase, golden: Golden, principals: Readers) -> Result:
        result = ask_golden(base, golden, principals)
        last = inspections.pop()
        quoted = {margin: _quoted_with(margin, golden, last) for margin in MARGINS}
        asked.append(Asked(result, _fused_ranks(base, golden, last), _place_of_answer(golden, last), quoted))
        return result

    with mock.patch.object(evaluation, "inspect", inspect), mock.patch.object(evaluation, "ask_golden", ask):
        evaluation._ask_all(task.base, task.questions, EVERYONE, unobserved)
    return asked


def _fused_ranks(base: KnowledgeBase, golden: Golden, inspection: Inspection) -> dict[str, int | None]:
    question, index = inspection.found.question, base.collection().index
    hits = index.search(question.terms, question.vector, EVERYONE, retrieval.POOL)
    hits = sorted(hits, key=lambda hit: hit.chunk)
    with base.ledger.read() as ledger:
        rows = confirming.confirm(ledger, [hit.chunk for hit in hits], list(base.connectors))
    passages = {chunk: confirming.passage_of(row) for chunk, row in rows.items()}
    ranks: dict[str, int | None] = {}
    for name, fuse in FUSIONS.items():
        order = sorted(zip(fuse(hits), hits, strict=True), key=lambda pair: -pair[0])
        documents = dict.fromkeys(
            (one.source, one.entry, one.url or "", one.document)
            for one in (passages[hit.chunk] for _, hit in order)
        )
        right = (place for place, keys in enumerate(documents, 1) if is_one_of(golden.documents, keys))
        ranks[name] = next(right, None)
    return ranks


def _show_retrieval(asked: dict[str, list[Asked]]) -> None:
    rows: list[tuple[Cell, ...]] = []
    for name, each in asked.items():
        figures = figures_of([one.result for one in each])
        rows.append((name, "Sabio", len(each), *figures["retrieval"].values()))
        if name in LINES:
            method, values = LINES[name]
            rows.append((name, f"to beat: {method}", None, *values))
    show("Retrieval", COMMAND, ("set", "method", "questions", "R@1", "R@5", "R@10", "MRR@10"), rows)


def _show_fusions(asked: dict[str, list[Asked]]) -> None:
    names = [name for name, each in asked.items() if any(one.result.golden.documents for one in each)]
    for title, k in (("R@1", 1), ("R@5", 5)):
        rows: list[tuple[Cell, ...]] = [
            (fusion, *(_within([one.ranks[fusion] for one in _placed(asked[name])], k) for name in names))
            for fusion in FUSIONS
        ]
        show(f"{title} of the same hits, ordered in other ways", COMMAND, ("", *names), rows)


def _show_units(asked: dict[str, list[Asked]]) -> None:
    rows: list[tuple[Cell, ...]] = []
    for name, each in asked.items():
        places = [one.place for one in each if one.result.golden.answer_spans]
        rows.append(
            (name, len(places), *(_within(places, k) for k in (1, 3, 5)), *UNIT_LINES.get(name, (None, None)))
        )
    head = ("set", "questions", "in the first", "first 3", "first 5", "to beat: first", "first 3")
    show("The expected words among the ranked sentences, whether shown or not", COMMAND, head, rows)


def _show_answers(asked: dict[str, list[Asked]]) -> None:
    rows: list[tuple[Cell, ...]] = []
    for name, each in asked.items():
        rows.append(_answers_row(name, [one.result for one in each]))
        if name in GOALS:
            rows.append(("goal", None, *GOALS[name], None, None))
    show("Answers", COMMAND, _ANSWERS, rows)


def _show_kinds(name: str, asked: Sequence[Asked]) -> None:
    kinds = sorted({one.result.golden.kind for one in asked})
    rows = [
        _answers_row(kind, [one.result for one in asked if one.result.golden.kind == kind]) for kind in kinds
    ]
    show(f"Answers by kind: {name}", COMMAND, _ANSWERS, rows)


_ANSWERS = (
    "",
    "questions",
    "quoted",
    "shown",
    "shown or page",
    "refused",
    "wrongly answered",
    "citation precision",
    "p50 ms",
    "p99 ms",
)


def _answers_row(name: str, results: Sequence[Result]) -> tuple[Cell, ...]:
    figures = figures_of(results)
    times = (f"{1_000 * seconds:.0f}" for seconds in figures["seconds"].values())
    return (name, len(results), *figures["answers"].values(), *times)


def _show_margins(asked: dict[str, list[Asked]]) -> None:
    rows: list[tuple[Cell, ...]] = []
    for name, each in asked.items():
        answered = [one for one in each if one.result.golden.answer_spans and not one.result.refused]
        by_margin = [[one.quoted[margin] for one in answered] for margin in MARGINS]
        shares = [fmean(right for right, _ in quotes) for quotes in by_margin]
        counts = [fmean(count for _, count in quotes) for quotes in by_margin]
        rows.append((name, len(answered), *shares, *(f"{count:.1f}" for count in counts)))
    head = (*(f"right at {margin}" for margin in MARGINS), *(f"quotes at {margin}" for margin in MARGINS))
    show(
        "Answered questions with the expected words, and quotes in an answer, by `drafting.MARGIN`",
        COMMAND,
        ("set", "answered", *head),
        rows,
    )


def _show_told_apart(found: Sequence[Task], near_misses: Sequence[Result]) -> None:
    """How well confidence tells questions that have an answer from those that have none."""
    sets: dict[str, list[Result]] = {}
    for task in found:
        tell(f"  {task.name} without half of its articles: {len(task.questions)} questions")
        results = evaluation._ask_all(task.base, task.questions, EVERYONE, unobserved)
        sets.setdefault(task.name, []).extend(results)
    rows: list[tuple[Cell, ...]] = []
    for name, results in sets.items():
        rows.append((f"{name}, article absent", *_told_apart(results)))
        rows.append(("to beat", None, None, *ABSENT_LINES[name], None, None))
    rows.append(("squad2, near misses", *_told_apart(near_misses)))
    head = (
        "",
        "with an answer",
        "without",
        "AUROC",
        "let through at 95 % answered",
        "answered",
        "let through",
    )
    show("Telling questions without an answer", COMMAND, head, rows)


def _told_apart(results: Sequence[Result]) -> tuple[Cell, ...]:
    """Counts of both sorts of question, AUROC, what is let through at 95 %, and what is answered in force."""
    can = [one for one in results if one.golden.answerable]
    cannot = [one for one in results if not one.golden.answerable]
    high = np.array([one.answer.confidence for one in can])
    low = np.array([one.answer.confidence for one in cannot])
    apart = (high[:, None] > low).mean() + (high[:, None] == low).mean() / 2
    through = (low >= np.quantile(high, 0.05)).mean()
    in_force = (fmean(not one.refused for one in each) for each in (can, cannot))
    return len(can), len(cannot), float(apart), float(through), *in_force


def _quoted_with(margin: float, golden: Golden, inspection: Inspection) -> tuple[bool, int]:
    with mock.patch.object(drafting, "MARGIN", margin):
        quotes = [draft.evidence[0].quote for draft in drafting.quote(inspection.ranked, 5)]
    return has_expected(golden, quotes), len(quotes)


def _placed(asked: Iterable[Asked]) -> list[Asked]:
    return [one for one in asked if one.result.golden.documents]


def _place_of_answer(golden: Golden, inspection: Inspection) -> int | None:
    units = (ranked.unit.quote for ranked in inspection.ranked)
    return next((place for place, unit in enumerate(units, 1) if has_expected(golden, [unit])), None)


def _within(places: Sequence[int | None], k: int) -> float:
    return fmean(place is not None and place <= k for place in places)
