"""The figures of an evaluation: for all questions, and for each kind and language.

Shares are from 0 to 1; None where there is nothing to take a share of. Retrieval counts documents, not
chunks: the rank of the first document that may answer.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from math import fsum, sqrt
from statistics import quantiles
from typing import Any

from bot.evaluation.results import RECALLED, Measures, Result
from bot.messages import Outcome, Tokens

PARTS = {
    "retrieval": (*(f"recall@{k}" for k in RECALLED), f"mrr@{RECALLED[-1]}"),
    "answers": (
        *("contains_expected", "shown", "shown_or_page", "refused", "answered_unanswerable"),
        "citation_precision",
    ),
}
"""The figures that are means over questions, as they are told."""
MEASURED = tuple(name for names in PARTS.values() for name in names)
LESS_IS_BETTER = frozenset({"refused", "answered_unanswerable"})
BINS = 10
"""Ranges of confidence that are told apart."""
_VARIES = re.compile(r"“[^”]*”|`[^`]*`|\"[^\"]*\"|\d[\d.,:/%]*")
"""What stands in the words of a rule and is another one each time."""
_SURE = 1.96
"""Standard deviations that hold 95 % of a normal distribution."""


def figures_of(results: Sequence[Result]) -> dict[str, Any]:
    """The figures of all results, and of each kind and language."""
    kinds, languages = defaultdict[str, list[Result]](list), defaultdict[str, list[Result]](list)
    for one in results:
        kinds[one.golden.kind].append(one)
        languages[one.language].append(one)
    groups = {
        name: [one for one in results if name in (one.golden.kind, one.language)]
        for name in sorted({*kinds, *languages} - {""})
    }
    return {
        **_figures(results),
        "calibration": calibration_of(results),
        "kinds": sorted(kinds.keys() - {""}),
        "languages": sorted(languages.keys() - {""}),
        "by": {name: _figures(group) for name, group in groups.items()},
    }


def add(all_measures: Iterable[Measures]) -> Measures:
    """The measures of several questions together."""
    parts = defaultdict[str, list[tuple[float, int]]](list)
    for measures in all_measures:
        for name, part in measures.items():
            parts[name].append(part)
    return {
        name: (fsum(reached for reached, _ in each), sum(of for _, of in each))
        for name, each in parts.items()
    }


def share(measures: Measures, name: str) -> float | None:
    """The figure of that name; None where nothing counts for it. What is not whole is never told as 1."""
    reached, of = measures.get(name, (0.0, 0))
    if not of:
        return None
    return round(reached / of, 4) if reached == of else min(round(reached / of, 4), 0.9999)


def interval(reached: float, of: int) -> tuple[float, float]:
    """Wilson's score interval: where a share may lie, with 95 % confidence, of which these are a sample."""
    middle = (reached + _SURE**2 / 2) / (of + _SURE**2)
    half = _SURE / (of + _SURE**2) * sqrt(reached * (of - reached) / of + _SURE**2 / 4)
    return round(max(0.0, middle - half), 4), round(min(1.0, middle + half), 4)


def calibration_of(results: Sequence[Result]) -> list[dict[str, Any]]:
    """By ranges of confidence, how many questions there were and of how many the words shown were right.

    That is what confidence estimates, also for answers that are held back for too little of it. Ranges in
    which there is no question are left out.
    """
    bins: dict[int, list[bool]] = defaultdict(list)
    for one in results:
        if one.golden.answer_spans or not one.golden.answerable:
            place = min(BINS - 1, int(one.answer.confidence * BINS))
            bins[place].append(one.golden.answerable and one.shown)
    return [
        {"from": place / BINS, "to": (place + 1) / BINS, "questions": len(each), "right": sum(each)}
        for place, each in sorted(bins.items())
    ]


def _figures(results: Sequence[Result]) -> dict[str, Any]:
    total = add(one.measures() for one in results)
    times = sorted(one.seconds for one in results)
    cuts = quantiles(times, n=100, method="inclusive") if len(times) > 1 else times * 99
    outcomes = Counter(one.answer.outcome for one in results)
    dropped = Counter(_VARIES.sub("…", each.rule) for one in results for each in one.answer.dropped)
    models = Counter(one.answer.model for one in results if one.answer.model)
    tokens = sum((one.answer.tokens for one in results), Tokens())
    return {
        "questions": len(results),
        **{part: {name: share(total, name) for name in names} for part, names in PARTS.items()},
        "seconds": {f"p{n}": round(cuts[n - 1], 4) if cuts else None for n in (50, 99)},
        "of": {name: total[name][1] for name in MEASURED if name in total},
        "intervals": {
            name: list(interval(*total[name]))
            for name in MEASURED
            if name in total and not name.startswith("mrr")  # which is a mean, and no share
        },
        "outcomes": {outcome.value: outcomes[outcome] for outcome in Outcome},
        "dropped": dict(dropped.most_common()),
        "models": dict(models.most_common()),
        "tokens": {"in": tokens.in_, "out": tokens.out},
    }
