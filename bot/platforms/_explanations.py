"""What `why` says, for people: where a document stands, and what an answer was decided on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from bot.platforms._console import clean, count, dim, moment, open_console, print_json, write
from ingest.documents import Inheritance

if TYPE_CHECKING:
    from bot.permission import Permission
    from bot.why import Decision, Explanation, Standing

_STATES = {
    "not_listed": ("not listed by its source", "yellow"),
    "ignored": ("left out by a rule", "yellow"),
    "pending": ("waiting to be brought in", "cyan"),
    "quarantined": ("could not be read", "red"),
    "held": ("published, but its removal is held", "yellow"),
    "published": ("published", "green"),
    "removed": ("removed", "yellow"),
}
_INHERITED = {
    Inheritance.WIDENS: "and by whoever may read what it lies in:",
    Inheritance.NARROWS: "but only if they may also read what it lies in:",
}
_ACTIONS = {
    "fetch": "read its body",
    "reindex": "index it under its new title",
    "readers": "tell the index its new readers",
    "sweep": "take old passages out of the index",
}


def print_explanation(explanation: Explanation, *, json: bool = False) -> None:
    """Print where documents stand, or what an answer was decided on."""
    if json:
        print_json(explanation)
        return
    console = open_console()
    for number, standing in enumerate(explanation.documents):
        if number:
            console.print()
        _print_standing(console, standing)
    if explanation.question:
        _print_decision(console, explanation.question)


def _print_standing(console: Console, one: Standing) -> None:
    words, style = _STATES[one.state]
    place = f"{one.source}/{one.document}" if one.source else one.document
    write(console, Text.assemble((clean(place), "bold"), ": ", (words, style)), rest="  ")
    for label, text in _facts(one):
        write(console, clean(text), first=f"  {label + ':' if label else '':<13}", rest=" " * 15)


def _facts(one: Standing) -> list[tuple[str, str]]:
    """What is known of a document, each with its label."""
    facts = [("title", one.title), ("address", one.url), ("ignored by", one.ignored)]
    if not one.configured:
        facts.append(("source", "no longer configured, so nothing of it is answered from"))
    if one.published:
        about = [moment(one.published["at"]), count(one.published["chunks"], "chunk")]
        about += [one.published["language"], f"revision {one.published['revision']}"]
        facts.append(("published", " · ".join(filter(None, about))))
    if one.pending:
        tried = f" · tried {count(one.pending['attempts'], 'time')}" if one.pending["attempts"] else ""
        reason = f" · {one.pending['reason']}" if one.pending["reason"] else ""
        facts.append(("to do", _ACTIONS[one.pending["action"]] + tried + reason))
    if one.quarantined:
        since = f"{count(one.quarantined['attempts'], 'attempt')}, since {moment(one.quarantined['since'])}"
        facts.append(("not read", f"{one.quarantined['reason']} ({since})"))
    if one.missing_since:
        facts.append(("missing", f"since {moment(one.missing_since)}; removed by `--confirm-removals`"))
    if one.removed_at:
        facts.append(("removed", moment(one.removed_at)))
    if one.title is not None:
        facts.append(("readers", ", ".join(one.readers) if one.readers else "nobody"))
    if one.permission:
        may = "may read it" if one.permission.may else "may not read it"
        through = f", as {', '.join(one.permission.through)}" if one.permission.through else ""
        counts = f" (counts as {', '.join(one.permission.principals)})"
        facts.append(("permission", one.permission.person + " " + may + through + counts))
        facts += _steps(one.permission)
    facts.append(("problem", one.problem))
    return [(label, text) for label, text in facts if text]


def _steps(permission: Permission) -> list[tuple[str, str]]:
    """From the document up, who may read by what is said there."""

    def named(principals: list[str]) -> str:
        titles = permission.groups
        return ", ".join(f"{one} ({titles[one]})" if titles.get(one) else one for one in principals)

    facts = []
    for step in permission.steps:
        readers = "nobody knows who" if step.readers is None else named(step.readers) or "nobody"
        through = f"; {permission.person} as {named(step.through)}" if step.through else ""
        facts.append(("because", f"“{step.title}” may be read by {readers}{through}"))
        if step.inheritance is not None:
            facts.append(("", _INHERITED[step.inheritance]))
    if permission.aged_since:
        since = moment(permission.aged_since)
        facts.append(("too old", f"it could not be looked up since {since} who may read, so nobody may"))
    return facts


def _print_decision(console: Console, one: Decision) -> None:
    write(console, Text(clean(one.question), style="bold"))
    if one.asked:
        who = f" by {clean(one.asked['person'])}" if one.asked["person"] else ""
        asked = f"asked {moment(one.asked['at'])}{who} ({one.asked['reference']}): {one.asked['outcome']}"
        write(console, asked, first="  ")
        if one.asked["model"]:
            write(console, f"worded by {clean(one.asked['model'])}", first="  ")
        if one.asked["standalone"]:
            write(console, f"said as: {clean(one.asked['asked'])}", first="  ")
    write(console, f"language {one.language}; words {', '.join(map(clean, one.terms))}", first="  ")
    if one.pivot:
        write(console, f"read as: {clean(one.pivot)}", first="  ")
    bars = (
        f"answered from {one.thresholds['answered']:.2f}, with reserve from {one.thresholds['partial']:.2f}"
    )
    write(console, f"now {one.outcome}: confidence {one.confidence:.2f}; {bars}", first="  ")
    _print_list(
        console,
        "Passages: fused score, words, meaning",
        [
            (f"{row['score']:6.2f} {row['words']:7.2f} {row['dense']:6.2f}  ", _place(row), "")
            for row in one.passages[:10]
        ],
    )
    _print_list(
        console,
        "Best sentences and rows: score",
        [(f"{row['score']:6.2f}  ", f"“{clean(row['quote'])}”", _signs(row)) for row in one.units],
    )
    dropped = [(each.text, each.rule) for each in one.dropped]
    if one.asked:
        dropped += [(each["text"], each["rule"]) for each in one.asked["dropped"]]
    told = dict.fromkeys((clean(text), clean(rule)) for text, rule in dropped)
    _print_list(console, "Dropped", [("  ", f"{text}: {rule}", "") for text, rule in told])


def _place(row: dict[str, Any]) -> str:
    heading = [part for part in row["heading"] if part != row["title"]]
    return clean(" › ".join([f"{row['source']}/{row['document']}", *heading]))


def _signs(row: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value:.2f}" for name, value in row["features"].items() if value)


def _print_list(console: Console, title: str, lines: list[tuple[str, str, str]]) -> None:
    if not lines:
        return
    console.print()
    write(console, Text(title, style="bold"))
    for head, text, more in lines:
        write(console, text, first=head)
        if more:
            write(console, dim(more), first=" " * len(head))
