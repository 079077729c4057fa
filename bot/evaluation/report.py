"""An evaluation as one page for the people who run Sabio: how good, what changed, what failed and how."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from bot.evaluation.comparing import ALL, Change, Comparison
from bot.evaluation.figures import PARTS
from bot.evaluation.html import page, table, tag
from bot.evaluation.pictures import pictures
from bot.evaluation.questions import everything, failures, moved
from bot.evaluation.results import Result

STYLE = Path(__file__).with_name("report.css")

MEANINGS = {
    "recall@1": "A right document is the first that is found",
    "recall@5": "…among the first five",
    "recall@10": "…among the first ten",
    "mrr@10": "1 by the place of the first right document, on average",
    "contains_expected": "A quote of the answer has the expected words",
    "shown": "…or the words shown of a suggested page have them",
    "shown_or_page": "…or a right page was at least cited or suggested",
    "refused": "Answerable, and told as not found: less is better",
    "answered_unanswerable": "Unanswerable, and answered all the same: less is better",
    "citation_precision": "Quotes that stand where they are cited: has to be 1",
}


def write_report(figures: Mapping[str, Any], results: Sequence[Result], comparison: Comparison | None) -> str:
    """The page: one file that needs nothing else, whatever the questions and documents say."""
    return page(
        f"sabio eval: {figures['run']['file']}",
        STYLE.read_text(encoding="utf-8"),
        tag(
            "main",
            _head(figures),
            _verdict(figures, comparison),
            tag("section", _figures(figures, comparison), *_counts(figures)),
            pictures(figures, results, comparison),
            moved("Right before, wrong now", comparison.lost, results) if comparison else None,
            moved("Wrong before, right now", comparison.won, results) if comparison else None,
            tag("h2", "What failed"),
            *failures(results),
            everything(results),
        ),
    )


def _head(figures: Mapping[str, Any]) -> Element:
    run = figures["run"]
    own = figures["base"] == "configured"
    said = [
        f"{figures['questions']:,} questions, asked {_moment(run['asked_at'])}",
        f"as {run['as']}" if run["as"] else "with the permissions of everyone",
        "of the configured knowledge base" if own else "of the paragraphs in the file itself",
        *(f"{name}: {value}" for name, value in run["made_with"].items()),
        f"index {run['collection']}" if run["collection"] else None,
    ]
    return tag(
        "header",
        tag("h1", f"Golden questions: {run['file']}"),
        tag("p", " · ".join(part for part in said if part), class_="faint"),
    )


def _verdict(figures: Mapping[str, Any], comparison: Comparison | None) -> Element:
    gate, file = figures["gate"], figures["run"]["file"]
    if gate["fell"]:
        return tag(
            "section",
            tag("h2", "Worse than before" if comparison else "Not as it has to be"),
            tag("ul", *(tag("li", one) for one in gate["fell"])),
            tag("p", "Later runs are not compared with this one unless somebody accepts it:"),
            tag("p", tag("code", f"sabio eval {file} --accept")),
            class_="verdict worse",
        )
    if comparison is None:
        first = "The first run of these questions: there is nothing to compare it with yet."
        return tag("section", tag("p", first), class_="verdict")
    better = [str(one) for one in comparison.better(gate["tolerance"])]
    return tag(
        "section",
        tag("h2", f"Not worse than the run of {_moment(comparison.asked_at)}"),
        tag("ul", *(tag("li", one) for one in better)) if better else None,
        class_="verdict better",
    )


def _figures(figures: Mapping[str, Any], comparison: Comparison | None) -> Element:
    changed = {one.figure: one for one in comparison.changes if one.among == ALL} if comparison else {}
    heads = [("figure", ""), ("", ""), ("95 % between", "wide"), ("of", "wide")]
    rows = []
    for part, names in PARTS.items():
        for name in names:
            between = figures["intervals"].get(name)
            cells = [
                tag("th", name, tag("small", MEANINGS[name]), scope="row"),
                tag("td", _figure(figures[part][name]), class_="value"),
                tag("td", f"{between[0]:.3f}–{between[1]:.3f}" if between else "", class_="faint wide"),
                tag("td", f"{figures['of'].get(name, 0):,}", class_="faint wide"),
            ]
            rows.append(tag("tr", *cells, *(_changed(changed.get(name)) if comparison else ())))
    return table(heads + ([("before", "wide"), ("change", "")] if comparison else []), rows)


def _changed(change: Change | None) -> tuple[Element, Element]:
    if change is None:
        return tag("td", class_="wide"), tag("td")
    difference = change.after - change.before
    kind = "better" if change.gain > 0 else "worse" if change.gain < 0 else "faint"
    signed = f"{difference:+.3f}".replace("-", "−") if difference else "0"
    return tag("td", _figure(change.before), class_="faint wide"), tag("td", signed, class_=kind)


def _counts(figures: Mapping[str, Any]) -> Iterator[Element]:
    seconds, tokens = figures["seconds"], figures["tokens"]
    said = [
        f"Half of the answers took less than {_figure(seconds['p50'])} s, all but one in a hundred less than"
        f" {_figure(seconds['p99'])} s.",
        _counted("Outcomes", figures["outcomes"]),
        _counted("Considered and not shown, by rule", figures["dropped"]),
        _counted("Written by", figures["models"]),
        f"Tokens: {tokens['in']:,} read, {tokens['out']:,} written." if figures["models"] else "",
    ]
    for line in said:
        if line:
            yield tag("p", line, class_="faint")


def _counted(name: str, counts: Mapping[str, int]) -> str:
    told = [f"{key.replace('_', ' ')}: {count:,}" for key, count in counts.items() if count]
    return f"{name} – {' · '.join(told)}" if told else ""


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _moment(moment: str) -> str:
    return f"{moment[:16].replace('T', ' ')} UTC"
