"""The questions of a report: those that failed, by how they did, with what was expected and shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element

from bot.evaluation.comparing import Told
from bot.evaluation.html import table, tag
from bot.evaluation.results import Failure, Result

FAILURES = {
    Failure.IMPRECISE: (
        "Citation not precise",
        "A quote does not stand at the place that is cited. This is a defect of Sabio: please report it.",
    ),
    Failure.INVENTED: (
        "Answered, though nothing answers it",
        "No document has the answer, and sentences were shown as if they were one.",
    ),
    Failure.REFUSED: (
        "Refused",
        "There is an answer, and it was told as not found. Where the expected words stand among the nearest"
        " pages, a person got there all the same.",
    ),
    Failure.PAGE: (
        "Wrong page",
        "Answered from another document. Does the right one lack the words that people use?",
    ),
    Failure.SENTENCE: (
        "Right page, wrong sentence",
        "Answered from a right document, with other words than those expected. Do the rule and what it is"
        " about stand far apart there?",
    ),
}
_FEW = 10
"""Failed questions of a kind that are shown without being asked for."""


def failures(results: Sequence[Result]) -> Iterator[Element]:
    """A part for each way to fail, the gravest first."""
    if not any(one.failure for one in results):
        yield tag("p", "Nothing: every question was answered as expected.")
    for kind, (head, meaning) in FAILURES.items():
        group = [one for one in results if one.failure is kind]
        if group:
            yield tag(
                "details",
                tag("summary", tag("i", class_=f"part {kind.value}"), f" {head} ({len(group):,})"),
                tag("p", meaning, class_="faint"),
                *(_question(one) for one in group),
                open="" if kind is Failure.IMPRECISE or len(group) <= _FEW else None,
                id=kind.value,
            )


def moved(title: str, which: Sequence[Told], results: Sequence[Result]) -> Element | None:
    """Questions that ended otherwise than before; None where there are none."""
    if not which:
        return None
    asked = {(one.golden.id, one.golden.question): one for one in results}
    return tag(
        "details",
        tag("summary", f"{title} ({len(which):,})"),
        *(_question(asked[one.id, one.question]) for one in which),
        open="" if len(which) <= _FEW else None,
    )


def everything(results: Sequence[Result]) -> Element:
    """A line for every question."""
    heads = [("id", "wide"), ("question", ""), ("ended", ""), ("confidence", "wide")]
    heads += [("document at place", "wide"), ("seconds", "wide")]
    rows = [
        tag(
            "tr",
            tag("td", one.golden.id, class_="wide"),
            tag("td", one.golden.question, lang=one.language or None, dir="auto"),
            tag("td", FAILURES[one.failure][0].lower() if one.failure else "right"),
            tag("td", f"{one.answer.confidence:.2f}", class_="wide"),
            tag("td", f"{one.rank or '–'}", class_="wide"),
            tag("td", f"{one.seconds:.2f}", class_="wide"),
        )
        for one in results
    ]
    return tag("details", tag("summary", f"All questions ({len(results):,})"), table(heads, rows))


def _question(one: Result) -> Element:
    golden = one.golden
    facts = [golden.id, one.language, golden.kind, f"confidence {one.answer.confidence:.2f}"]
    if golden.documents:
        facts.append(f"right document found at place {one.rank}" if one.rank else "right document not found")
    shown = f"Shown: {one.answer.outcome.value.replace('_', ' ')}"
    return tag(
        "article",
        tag("h4", golden.question, lang=one.language or None, dir="auto"),
        tag("p", " · ".join(fact for fact in facts if fact), class_="faint"),
        tag(
            "div",
            tag("div", tag("h5", "Expected"), *_expected(one)),
            tag("div", tag("h5", shown), *_shown(one)),
            class_="pair",
        ),
    )


def _expected(one: Result) -> Iterator[Element]:
    if not one.golden.answerable:
        yield tag("p", "To be told that nothing answers it.")
    for span in one.golden.answer_spans:
        yield tag("blockquote", span, dir="auto")
    for document in one.golden.documents:
        yield tag("p", document, class_="place")


def _shown(one: Result) -> Iterator[Element]:
    answer = one.answer
    if answer.model:
        for claim in answer.claims:
            numbers = "".join(f" [{number}]" for number in claim.citations)
            yield tag("p", claim.text + numbers, lang=answer.language, dir="auto")
    for citation in answer.citations:
        yield tag("blockquote", citation.quote or "(no words)", lang=citation.language, dir="auto")
        place = " › ".join(dict.fromkeys((citation.title, *citation.heading)))
        place = f"[{citation.number}] {place} ({citation.source}/{citation.document})"
        yield tag("p", place, class_="place", dir="auto")
    if not answer.citations and answer.suggestions:
        had = " The expected words are among them." if one.shown else ""
        yield tag("p", f"The nearest pages.{had}", class_="faint")
        for near in answer.suggestions:
            if near.quote:
                yield tag("blockquote", near.quote, dir="auto")
            yield tag("p", f"{near.title} ({near.source}/{near.document})", class_="place", dir="auto")
    for dropped in answer.dropped:
        yield tag("p", f"Dropped: {dropped.text} – {dropped.rule}", class_="faint", dir="auto")
