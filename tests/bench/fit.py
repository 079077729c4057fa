"""Fits the weights of `bot.ranking` on golden questions: `python -m tests.bench.fit DATA_FOLDER`.

Prints the weights to be copied into `bot/ranking.py`, and what they reach on sets left out of the fit.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from unittest import mock

import numpy as np
from numpy.typing import NDArray

from bot import ranking
from bot.evaluation.matching import has_expected
from bot.golden import Golden
from bot.retrieval import retrieve
from tests.bench.bases import EVERYONE, Task, tasks

RANKING = {
    "handbook": 2.0,
    "consul-es": 2.0,
    "consul-es-on-en": 1.0,
    "xquad-en-en": 1.0,
    "xquad-es-es": 1.0,
    "xquad-es-en": 0.5,
}
"""How much each set counts in the fit of the ranking. Real handbooks are what the product is for."""
CONFIDENCE = {
    "handbook": 2.0,
    "consul-es": 2.0,
    "consul-es-on-en": 1.0,
    "xquad-en-en": 0.7,
    "xquad-es-es": 0.7,
    "xquad-es-en": 0.3,
    "foreign to handbook": 1.0,
    "foreign to consul-es": 1.0,
}
"""The same for the fit of the confidence. Foreign questions are those of other knowledge bases."""
HARD = ("handbook", "consul-es", "consul-es-on-en")
"""The sets whose unanswerable questions are about what the knowledge base is about."""
EVERY = 4
"""Of the paragraph sets, which are large, every fourth question is enough."""


@dataclass
class Case:
    """One question: its units' features, which of them hold the answer, and the signs of its best five."""

    golden: Golden
    features: NDArray[np.float64]
    right: NDArray[np.bool_]
    signs: NDArray[np.float64]
    shown: bool


def gather(task: Task, every: int = 1) -> list[Case]:
    """Every question's units as the product weighs them, were it to embed all of them."""
    with mock.patch.multiple(ranking, EMBEDDED=1_000, CERTAIN=1_000):
        return list(_gather(task, every))


def _gather(task: Task, every: int) -> Iterator[Case]:
    for golden in task.questions[::every]:
        found = retrieve(task.base, golden.question, EVERYONE, limit=50)
        ranked = ranking.rank(found, found.encoder)
        if not ranked:
            continue
        right = np.array([golden.answerable and has_expected(golden, [one.unit.quote]) for one in ranked])
        yield Case(
            golden,
            np.array([astuple(one.features) for one in ranked]),
            right,
            np.array(ranking.signs(found, ranked, found.encoder)),
            bool(right[:5].any()),
        )


def fit_estimates(sets: dict[str, list[Case]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Least squares for what stands in for a vector: `features.AFAR` and `ranking.HEADED`."""
    names = [field.name for field in fields(ranking.Features)]
    dense, near, covered = (names.index(name) for name in ("dense", "near", "covered"))
    cases = [case for each in sets.values() for case in each]
    units = np.concatenate([case.features for case in cases])
    # A set has many or few questions, and a question many or few units; each counts the same.
    share = [1 / (len(each) * len(case.features)) for each in sets.values() for case in each]
    shares = np.repeat(share, [len(case.features) for case in cases])
    afar = _least_squares(units[:, [dense, covered]], units[:, near], shares)
    # Where there are no headings, both signs are one.
    hard = [case for name, each in sets.items() if name.startswith(HARD) for case in each]
    best = np.array([case.features[0] for case in hard])
    headed = np.array([case.signs[0] for case in hard])
    return afar, _least_squares(best[:, [near, dense]], headed, np.ones(len(hard)))


def _least_squares(
    known: NDArray[np.float64], wanted: NDArray[np.float64], shares: NDArray[np.float64]
) -> NDArray[np.float64]:
    scaled = np.sqrt(shares)
    constant_first = np.c_[np.ones(len(known)), known]
    weights: NDArray[np.float64] = np.linalg.lstsq(constant_first * scaled[:, None], wanted * scaled)[0]
    return weights


def fit_ranking(sets: dict[str, list[Case]], steps: int = 500) -> NDArray[np.float64]:
    """Weights that make the right unit likeliest among a question's units (softmax), by gradient descent."""
    groups = []
    for name, cases in sets.items():
        if name not in RANKING:
            continue
        useful = [case for case in cases if case.right.any()]
        groups += [
            (case.features, case.right, RANKING.get(name, 0.0) / len(useful)) for case in useful if useful
        ]
    spread = np.concatenate([features for features, _, _ in groups]).std(0) + 1e-9
    weights, slow, fast = (np.zeros(len(spread)) for _ in range(3))
    for step in range(1, steps + 1):
        slope = 0.02 * weights
        for features, right, share in groups:
            scores = features / spread @ weights
            chance = np.exp(scores - scores.max())
            chance /= chance.sum()
            slope += share * (features / spread).T @ (chance - chance * right / (chance * right).sum())
        slow, fast = 0.9 * slow + 0.1 * slope, 0.99 * fast + 0.01 * slope**2
        weights -= 0.05 * slow / (1 - 0.9**step) / (np.sqrt(fast / (1 - 0.99**step)) + 1e-8)
    fitted: NDArray[np.float64] = weights / spread
    return fitted


def reach(cases: list[Case], weights: NDArray[np.float64]) -> str:
    """Share of answerable questions with the right unit first, in the first three, in the first five."""
    hits = {1: 0, 3: 0, 5: 0}
    asked = [case for case in cases if case.golden.answerable]
    for case in asked:
        order = np.argsort(-case.features @ weights, kind="stable")
        for k in hits:
            hits[k] += bool(case.right[order[:k]].any())
    return " ".join(f"@{k} {count / len(asked):.3f}" for k, count in hits.items())


def fit_confidence(sets: dict[str, list[Case]], steps: int = 3000) -> NDArray[np.float64]:
    """Logistic regression from signs to "there is an answer", both answers weighing the same."""
    known = {name: cases for name, cases in sets.items() if name in CONFIDENCE}
    cases = [case for each in known.values() for case in each]
    share = np.array([CONFIDENCE[name] / len(each) for name, each in known.items() for _ in each])
    signs = np.array([case.signs for case in cases])
    there = np.array([case.golden.answerable for case in cases])
    share = np.where(there, share / share[there].sum(), share / share[~there].sum()) / 2
    mean, spread = signs.mean(0), signs.std(0) + 1e-9
    scaled = np.c_[np.ones(len(signs)), (signs - mean) / spread]
    weights = np.zeros(scaled.shape[1])
    for _ in range(steps):
        chance = 1 / (1 + np.exp(-scaled @ weights))
        weights -= 0.5 * (scaled.T @ (share * (chance - there)) + 0.03 * np.r_[0, weights[1:]])
    plain = weights[1:] / spread
    fitted: NDArray[np.float64] = np.r_[weights[0] - plain @ mean, plain]
    return fitted


def confidences(cases: list[Case], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """What `ranking.confidence` would say."""
    signs = np.array([case.signs for case in cases])
    chances: NDArray[np.float64] = 1 / (1 + np.exp(-weights[0] - signs @ weights[1:]))
    return chances


def told(cases: list[Case], weights: NDArray[np.float64], threshold: float) -> str:
    """What a threshold lets through."""
    over = confidences(cases, weights) >= threshold
    there = np.array([case.golden.answerable for case in cases])
    shown = np.array([case.shown for case in cases])
    parts = []
    if there.any():
        parts.append(f"answered {over[there].mean():.3f}, right unit {(over & shown)[there].mean():.3f}")
    if (~there).any():
        parts.append(f"wrongly answered {over[~there].mean():.3f}")
    return ", ".join(parts)


def foreign(task: Task, other: Task) -> Task:
    """Questions that a knowledge base has nothing to say to."""
    questions = [one.model_copy(update={"answerable": False}) for one in other.questions[::EVERY]]
    return Task(f"foreign to {task.name}", task.base, tuple(questions))


def gather_all(found: list[Task]) -> dict[str, list[Case]]:
    """The cases of every set."""
    by_name = {task.name: task for task in found}
    by_name["consul-es-on-en"] = Task(
        "consul-es-on-en",
        by_name["consul-es-on-en"].base,
        (
            *by_name["consul-es-on-en"].questions,
            *(one for one in by_name["consul-es"].questions if not one.answerable),
        ),
    )
    sets = {name: gather(task, EVERY if name.startswith("xquad") else 1) for name, task in by_name.items()}
    for name, others in (
        ("handbook", ("xquad-en-en", "consul-es")),
        ("consul-es", ("xquad-es-es", "handbook")),
    ):
        pairs = [gather(foreign(by_name[name], by_name[other])) for other in others]
        sets[f"foreign to {name}"] = [case for cases in pairs for case in cases]
    return sets


def main(data: Path) -> None:
    """Fit and report."""
    with tasks(data) as found:
        sets = gather_all(found)
    names = [field.name for field in fields(ranking.Features)]
    weights = fit_ranking({name: sets[name] for name in RANKING})
    _say(f"WEIGHTS {dict(zip(names, np.round(weights, 2).tolist(), strict=True))}")
    for name, cases in sets.items():
        if any(case.golden.answerable for case in cases):
            left_out = reach(cases, fit_ranking(_without(sets, name)))
            _say(f"{name:22} {reach(cases, weights)}   left out {left_out}")
    afar, headed = fit_estimates(sets)
    _say(f"AFAR {np.round(afar, 3).tolist()}   HEADED {np.round(headed, 3).tolist()}")
    sure = fit_confidence(sets)
    _say(f"CONFIDENCE (for the weights in force, not for those above) {np.round(sure, 3).tolist()}")
    wrong = np.concatenate(
        [confidences([case for case in sets[name] if not case.golden.answerable], sure) for name in HARD]
    )
    for share in (0.22, 0.25, 0.28):
        threshold = float(np.quantile(wrong, 1 - share))
        _say(f"at {threshold:.3f}, which lets {share} of the hard ones through:")
        for name, cases in sets.items():
            left_out = told(cases, fit_confidence(_without(sets, name)), threshold)
            _say(f"   {name:22} {told(cases, sure, threshold)}   left out: {left_out}")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _without(sets: dict[str, list[Case]], name: str) -> dict[str, list[Case]]:
    """The sets of other data than this one's."""
    family = name.removeprefix("foreign to ").split("-")[0]
    return {other: cases for other, cases in sets.items() if family not in other}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
