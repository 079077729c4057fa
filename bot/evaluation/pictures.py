"""The plots of a report: what became of the questions, figures by group, time, confidence, change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element

from bot.evaluation import plots
from bot.evaluation.comparing import ALL, Comparison
from bot.evaluation.figures import LESS_IS_BETTER, PARTS
from bot.evaluation.html import Node, tag
from bot.evaluation.questions import FAILURES
from bot.evaluation.results import Failure, Result

_BY_GROUP = ("recall@5", "contains_expected", "shown_or_page", "refused", "answered_unanswerable")


def pictures(figures: Mapping[str, Any], results: Sequence[Result], comparison: Comparison | None) -> Element:
    """All of them, each with its title and how it is read."""
    cards = [_card("What became of the questions", _became(results, figures["languages"]), _legend())]
    if comparison:
        both = [one for one in comparison.changes if one.among == ALL]
        told = f"hollow: before, filled: now; of {comparison.questions:,} questions that both runs asked"
        cards.append(_card("Since the run before", plots.changes("Figures before and now", both), told))
    for name in _BY_GROUP:
        if any(bars := _bars(name, figures, comparison)):
            told = "less is better" if name in LESS_IS_BETTER else "more is better"
            before = "; the mark is what it was before" if comparison else ""
            told = f"by language and kind, {told}; the line is where it may lie with 95 % confidence{before}"
            cards.append(_card(name, plots.shares(name, bars), told))
    spread = plots.spread("Questions by seconds", [one.seconds for one in results])
    cards.append(_card("How long answers took", spread, "questions, by the time to the whole answer"))
    sure = plots.calibration("Right by confidence", figures["calibration"])
    told = "questions whose words shown were right, by what was estimated; on the dashed line they agree"
    cards.append(_card("Is confidence what it says?", sure, told))
    return tag("section", *cards, class_="cards")


def _card(title: str, plot: Element, told: Node) -> Element:
    return tag("figure", tag("figcaption", tag("h3", title), tag("p", told, class_="faint")), plot)


def _became(results: Sequence[Result], languages: Sequence[str]) -> Element:
    groups: dict[str, list[Result]] = {}
    for name, answerable in (("answerable", True), ("unanswerable", False)):
        asked = [one for one in results if one.golden.answerable is answerable]
        groups[name] = asked
        if len(languages) > 1:
            groups |= {f"{name} {code}": [one for one in asked if one.language == code] for code in languages}
    rows = []
    for name, group in groups.items():
        counts = Counter("right" if one.failure is None else one.failure.value for one in group)
        if group:
            rows.append((name, {part: counts[part] for part in _parts()}))
    return plots.wholes("What became of the questions", rows)


def _legend() -> Element:
    names = {"right": "right", **{kind.value: head.lower() for kind, (head, _) in FAILURES.items()}}
    return tag(
        "span",
        *(tag("span", tag("i", class_=f"part {part}"), f" {names[part]}") for part in _parts()),
        class_="legend",
    )


def _parts() -> list[str]:
    """The best first."""
    return ["right", *(kind.value for kind in reversed(Failure))]


def _bars(name: str, figures: Mapping[str, Any], comparison: Comparison | None) -> list[list[plots.Bar]]:
    """Of a figure: that of all questions, those of languages, and those of kinds."""
    before = {one.among: one.before for one in comparison.changes if one.figure == name} if comparison else {}
    part = next(part for part, names in PARTS.items() if name in names)

    def bars(groups: Mapping[str, Mapping[str, Any]]) -> list[plots.Bar]:
        return [
            plots.Bar(group, value, told["of"][name], told["intervals"][name], before.get(group))
            for group, told in groups.items()
            if (value := told[part][name]) is not None
        ]

    languages = figures["languages"] if len(figures["languages"]) > 1 else []
    groups = ({one: figures["by"][one] for one in each} for each in (languages, figures["kinds"]))
    return [bars({ALL: figures}), *(bars(each) for each in groups)]
