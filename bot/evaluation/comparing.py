"""Two runs of the same golden questions held against each other, question by question."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from math import comb
from typing import Any

from bot.evaluation.figures import LESS_IS_BETTER, MEASURED, add
from bot.evaluation.results import Failure, Measures, Result
from bot.golden import Golden

ALL = "all"
"""Stands for every question where else the language of some stands."""
TOLERANCE = 0.01
"""A share may fall by so much, or by what one question weighs where that is more: without a language model
the same questions of the same documents are answered the same way, so this is for questions on the brink."""
PRECISION = "citation_precision"
"""The figure that is not compared, as it has to be 1."""


@dataclass(frozen=True, slots=True)
class Told:
    """A question of a run and how it ended."""

    id: str
    question: str
    language: str
    kind: str
    failure: str | None
    measures: Measures
    expected: tuple[str, ...]
    """What makes a right answer. A question of which this changed is another question."""

    @property
    def key(self) -> tuple[str, ...]:
        """What is the same for the same question of two runs."""
        return self.id, self.question, *self.expected


@dataclass(frozen=True, slots=True)
class Change:
    """A figure, before and now, over the questions that both runs asked."""

    figure: str
    among: str
    """The language of the questions, or `all`."""
    before: float
    after: float
    questions: int
    lost: int
    """Questions that were better before."""
    won: int
    chance: float
    """How likely at least so uneven a split of these is where nothing but chance decides (sign test)."""

    @property
    def gain(self) -> float:
        """By how much it is better now."""
        return self.before - self.after if self.figure in LESS_IS_BETTER else self.after - self.before

    def exceeds(self, tolerance: float | None) -> bool:
        """Whether it changed by more than `tolerance`; None: by more than may be by accident."""
        allowed = max(TOLERANCE, 1 / self.questions) if tolerance is None else tolerance
        return abs(self.gain) > allowed + 1e-9

    def __str__(self) -> str:
        """In words."""
        did = "rose" if self.after > self.before else "fell"
        among = "" if self.among == ALL else f" in `{self.among}`"
        return (
            f"{self.figure}{among} {did} from {self.before:.3f} to {self.after:.3f} (of {self.questions}"
            f" questions {self.lost} worse, {self.won} better; by chance alone: p = {self.chance:.2g})"
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed since a run before."""

    run: str
    """That run's name."""
    asked_at: str
    questions: int
    """Those that both runs asked, of which all that follows tells."""
    added: int
    gone: int
    changes: Sequence[Change]
    lost: Sequence[Told]
    """Right before, and wrong now."""
    won: Sequence[Told]

    def worse(self, tolerance: float | None = None) -> list[Change]:
        """The figures that are worse than may be by accident."""
        return [one for one in self.changes if one.gain < 0 and one.exceeds(tolerance)]

    def better(self, tolerance: float | None = None) -> list[Change]:
        """The figures that are better than may be by accident."""
        return [one for one in self.changes if one.gain > 0 and one.exceeds(tolerance)]

    def told(self, tolerance: float | None = None) -> dict[str, Any]:
        """As `sabio eval --json` prints it."""
        return {
            "run": self.run,
            "asked_at": self.asked_at,
            "questions": self.questions,
            "added": self.added,
            "gone": self.gone,
            "changes": [
                {**asdict(one), "before": round(one.before, 4), "after": round(one.after, 4)}
                for one in self.changes
            ],
            "worse": [str(one) for one in self.worse(tolerance)],
            "better": [str(one) for one in self.better(tolerance)],
            "lost": [_named(one) for one in self.lost],
            "won": [_named(one) for one in self.won],
        }


def told_of(result: Result) -> Told:
    """A question that was asked just now, for comparisons."""
    golden = result.golden
    failure = result.failure
    return Told(
        golden.id,
        golden.question,
        result.language,
        golden.kind,
        failure.value if failure else None,
        result.measures(),
        expected_of(golden),
    )


def expected_of(golden: Golden) -> tuple[str, ...]:
    """What makes a right answer to a question, but for the places of documents, which move."""
    return str(golden.answerable), *golden.answer_spans


def compare(run: str, asked_at: str, before: Iterable[Told], after: Iterable[Told]) -> Comparison:
    """What changed from the questions of `run` to those of now."""
    earlier, later = ({one.key: one for one in each} for each in (before, after))
    pairs = [(earlier[key], one) for key, one in later.items() if key in earlier]
    languages = sorted({one.language for _, one in pairs})
    groups = {ALL: pairs}
    if len(languages) > 1:
        groups |= {name: [each for each in pairs if each[1].language == name] for name in languages}
    return Comparison(
        run,
        asked_at,
        questions=len(pairs),
        added=len(later) - len(pairs),
        gone=len(earlier) - len(pairs),
        changes=[
            change
            for among, group in groups.items()
            for figure in MEASURED
            if (change := _change(figure, among, group)) is not None
        ],
        lost=[now for then, now in pairs if now.failure and not then.failure],
        won=[now for then, now in pairs if then.failure and not now.failure],
    )


def falls(asked: Sequence[Told], comparison: Comparison | None, tolerance: float | None) -> list[str]:
    """What keeps a run from being as good as the one before, in words; nothing: it is."""
    worse = comparison.worse(tolerance) if comparison else []
    found = [str(one) for one in worse if one.figure != PRECISION]
    imprecise = [one.id for one in asked if one.failure == Failure.IMPRECISE]
    if imprecise:
        told = ", ".join(imprecise[:5]) + (", …" if len(imprecise) > 5 else "")
        found.append(f"{PRECISION} is below 1: quotes do not stand where they are cited (questions: {told})")
    return found


def _change(figure: str, among: str, pairs: Sequence[tuple[Told, Told]]) -> Change | None:
    both = [
        (then.measures, now.measures)
        for then, now in pairs
        if figure in then.measures and figure in now.measures
    ]
    if not both:
        return None
    before, after = (_value(add(each)[figure]) for each in zip(*both, strict=True))
    gains = [_value(now[figure]) - _value(then[figure]) for then, now in both]
    if figure in LESS_IS_BETTER:
        gains = [-one for one in gains]
    lost, won = sum(one < 0 for one in gains), sum(one > 0 for one in gains)
    return Change(figure, among, before, after, len(both), lost, won, _chance(lost, won))


def _value(measure: tuple[float, int]) -> float:
    reached, of = measure
    return reached / of


def _chance(lost: int, won: int) -> float:
    tosses = lost + won
    fewer = sum(comb(tosses, count) for count in range(min(lost, won) + 1))
    chance: float = 2 * fewer / 2**tosses
    return round(min(1.0, chance), 4)


def _named(one: Told) -> dict[str, Any]:
    return {
        "id": one.id,
        "question": one.question,
        "language": one.language,
        "kind": one.kind,
        "failure": one.failure,
    }
