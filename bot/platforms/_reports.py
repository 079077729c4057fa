"""What Sabio tells the people who run it: runs, standing, findings, explanations, figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from bot.platforms._console import (
    clean,
    count,
    dim,
    moment,
    open_console,
    print_json,
    table,
    write,
    write_table,
)

if TYPE_CHECKING:
    from bot.findings import Finding
    from bot.status import SourceInfo, SourceStatus, Status
    from bot.watching import Handed

_WIDE = 76
"""Columns of a terminal that has room for every number of `status`."""
_OUTCOMES = {"done": "green", "held": "yellow", "failed": "red"}


def print_runs(reports: Sequence[Mapping[str, Any]], *, json: bool = False) -> None:
    """Print what syncs did, each with what could not be read and what is held."""
    if json:
        print_json({"runs": list(reports)})
        return
    console = open_console()
    for report in reports:
        _print_run(console, report)


def _print_run(console: Console, report: Mapping[str, Any]) -> None:
    name, outcome = clean(report["source"]), report["outcome"]
    head = Text.assemble((name, "bold"), "  ", (outcome, _OUTCOMES.get(outcome, "")), "  ")
    if "scanned" in report:
        head.append(_counted(report))
    write(console, head, rest="  ")
    if report.get("error"):
        write(console, Text(clean(str(report["error"])), style="red"), first="  ")
    for one in report.get("failed", ()):
        title = f" ({clean(one['title'])})" if one["title"] and one["title"] != one["document"] else ""
        tries = (f" · {count(one['attempts'], 'attempt')}", "dim")
        line = Text.assemble(clean(one["document"]), title, ": ", clean(one["reason"]), tries)
        write(console, line, first="  not read: ", rest="    ")
    for warning in report.get("warnings") or ():
        write(console, Text(clean(warning), style="yellow"), first="  note: ", rest="    ")
    if report.get("held"):
        held = count(report["held"], "document")
        message = (
            f"{held} would be removed, more than usual; nothing was. If that is right, run:"
            f" sabio sync {name} --confirm-removals"
        )
        write(console, Text(message, style="yellow"), first="  held: ", rest="    ")


def _counted(report: Mapping[str, Any]) -> str:
    said = [f"{report[word]:,} {word}" for word in ("new", "changed") if report[word]]
    said += [
        f"{report[key]:,} {word}"
        for key, word in (("retitled", "retitled"), ("readers_changed", "with other readers"))
        if report.get(key)
    ]
    said.append(f"{report['unchanged']:,} unchanged")
    if report["removed"]:
        said.append(f"{report['removed']:,} removed, {report['still_answerable']} of it still answerable")
    chunks = f"{count(report['chunks_embedded'], 'chunk')} embedded, {report['chunks_reused']:,} reused"
    return f"{', '.join(said)} · {chunks} · {report['seconds']:.1f} s"


def print_status(status: Status, *, json: bool = False) -> None:
    """Print how every source stands, and what could not be read of it."""
    if json:
        print_json(status)
        return
    console = open_console()
    if not status.sources:
        write(console, "No sources are configured.")
        return
    numbers = {
        "documents": [one.documents for one in status.sources],
        "chunks": [one.chunks for one in status.sources],
        "waiting": [one.pending for one in status.sources],
        "unread": [len(one.quarantined) for one in status.sources],
    }
    if console.width < _WIDE:
        del numbers["chunks"], numbers["waiting"]
    shown = table("source", "last sync", "next", *numbers, numbers=len(numbers))
    for place, one in enumerate(status.sources):
        counted = (f"{column[place]:,}" for column in numbers.values())
        shown.add_row(Text(clean(one.name), style="bold"), _last(one), _next(one), *counted)
    write_table(console, shown)
    for one in status.sources:
        _print_troubles(console, one)
    if status.held_index:
        console.print()
        what = "sabio rebuild --accept uses it, sabio rebuild --discard removes it"
        text = Text(f"{clean(status.held_index)}; {what}", style="yellow")
        write(console, text, first="new index: ", rest="  ")


def _last(one: SourceStatus) -> Text:
    if one.last_run is None:
        return Text("never", style="yellow")
    words = {"scanning": "looking now", "working": "working now"}
    outcome = words.get(one.last_run.outcome, one.last_run.outcome)
    when = moment(one.last_run.finished_at or one.last_run.started_at)
    return (
        Text(when) if outcome == "done" else Text.assemble((outcome, _OUTCOMES.get(outcome, "")), f" {when}")
    )


def _next(one: SourceStatus) -> Text:
    if one.schedule is None:
        return Text("not configured", style="yellow")
    if one.due:
        return Text("due", style="yellow")
    return Text(one.due_at.astimezone().strftime("%Y-%m-%d") if one.due_at else "never")


def _print_troubles(console: Console, one: SourceStatus) -> None:
    name = clean(one.name)
    lines = []
    if one.last_run and one.last_run.error:
        lines.append((f"{name}: ", clean(one.last_run.error), "red"))
    if one.closed_since:
        closed = f"who may read it is not known since {moment(one.closed_since)}; nothing is answered from it"
        lines.append((f"{name}: ", closed, "red"))
    if one.held:
        held = f"{count(one.held, 'removal')} held; if they are right: sabio sync {name} --confirm-removals"
        lines.append((f"{name}: ", held, "yellow"))
    if one.type is None:
        lines.append((f"{name}: ", "no longer configured, so nothing of it is answered from", "yellow"))
    lines += [
        (f"{name}: not read: ", f"{clean(unread.document)}: {clean(unread.reason)}", "")
        for unread in one.quarantined
    ]
    for number, (head, text, style) in enumerate(lines):
        if not number:
            console.print()
        write(console, Text(text, style=style), first=head, rest="  ")


def print_sources(sources: Sequence[SourceInfo], *, json: bool = False) -> None:
    """Print the configured sources."""
    if json:
        print_json({"sources": list(sources)})
        return
    console = open_console()
    if not sources:
        write(console, "No sources are configured. Add one below `sources:` in the configuration file.")
        return
    shown = table("source", "type", "schedule", "readers", "label")
    for one in sources:
        readers = Text(", ".join(sorted(one.readers)) if one.readers else "nobody")
        shown.add_row(
            Text(clean(one.name), style="bold"),
            Text(one.type),
            Text(one.schedule),
            readers,
            Text(clean(one.label)),
        )
    write_table(console, shown)


_LEVELS = {"ok": "green", "warning": "yellow", "error": "bold red"}


def print_findings(findings: Sequence[Finding], *, json: bool = False) -> None:
    """Print what was looked at: what is wrong last, where the eye is."""
    if json:
        print_json({"findings": list(findings)})
        return
    console = open_console()
    order = list(_LEVELS)
    for one in sorted(findings, key=lambda one: order.index(one.level)):
        text = Text.assemble(
            (f"{one.level:<8}", _LEVELS[one.level]), (clean(one.subject), "bold"), ": ", clean(one.message)
        )
        write(console, text, rest=" " * 8)
        if one.fix:
            write(console, dim(one.fix), first=" " * 8 + "→ ", rest=" " * 10)


def print_rebuilt(
    collection: str,
    chunks: int,
    *,
    rolled_back: bool = False,
    decided: str | None = None,
    json: bool = False,
) -> None:
    """Print that the index was made anew, that the one before is in use again, or what was `decided` about
    the one that was held: `accepted` or `discarded`."""
    if json:
        told = {"decided": decided} if decided else {}
        print_json({"collection": collection, "chunks": chunks, "rolled_back": rolled_back, **told})
    elif decided == "discarded":
        said = f"The index that was held was removed ({collection}). What syncs make anew of it is held again"
        write(open_console(), f"{said} as long as answers are worse with it.")
    elif decided == "accepted":
        said = f"The index that was held is in use ({collection});"
        write(open_console(), f"{said} {count(chunks, 'chunk')} had to be written to bring it up to date.")
    elif rolled_back:
        said = f"The index that was replaced last is in use again ({collection});"
        write(open_console(), f"{said} {count(chunks, 'chunk')} had to be written to bring it up to date.")
    else:
        said = f"The index was made anew from the ledger: {count(chunks, 'chunk')} ({collection})."
        write(open_console(), said)


def print_migrated(before: str | None, after: str, *, json: bool = False) -> None:
    """Print which migration the ledger stood at, and which it stands at now."""
    if json:
        print_json({"from": before, "to": after})
        return
    if before is None:
        message = f"The ledger's tables were made: migration {after}."
    elif before == after:
        message = f"The ledger is up to date: migration {after}."
    else:
        message = f"The ledger was brought from migration {before} to {after}."
    write(open_console(), message)


def print_restored(sources: Sequence[str], *, json: bool = False) -> None:
    """Print what happens after a ledger was restored."""
    if json:
        print_json({"held_back": list(sources)})
        return
    message = (
        "Nothing is answered from a source until it has been synced once: `sabio sync`, or workers, who begin"
        " at once. So what was deleted after the backup stays deleted."
    )
    write(open_console(), message)


def print_handed(handed: Sequence[Handed], *, json: bool = False) -> None:
    """Print which syncs were handed over, and whether anybody is there to take them up."""
    if json:
        print_json({"handed": list(handed)})
        return
    console = open_console()
    for one in handed:
        joined = "" if one.request == "new" else ", together with a request that waits already"
        write(console, Text.assemble((clean(one.source), "bold"), f"  handed over{joined}"), rest="  ")
    if handed and not handed[0].workers:
        message = "Nobody was there lately who could do it: start `sabio work`, or `sabio serve`."
        write(console, Text(message, style="yellow"))


def print_figures(figures: Mapping[str, Any], *, json: bool = False) -> None:
    """Print what an evaluation measured: a line for all questions and one for each kind and language."""
    if json:
        print_json(figures)
        return
    console = open_console()
    groups = {"all": figures, **figures.get("by", {})}
    for number, part in enumerate(("retrieval", "answers", "seconds")):
        names = list(figures.get(part, {}))
        heads = [name.replace("_", "\n") for name in names] + ["questions"] * (number == 0)
        shown = table(part, *heads, numbers=len(heads))
        for name, group in groups.items():
            measured = [_figure(group.get(part, {}).get(key)) for key in names]
            shown.add_row(name, *measured, *[f"{group['questions']:,}"] * (number == 0))
        if number:
            console.print()
        write_table(console, shown)
    if "gate" in figures:
        console.print()
        _print_verdict(console, figures)


def _print_verdict(console: Console, figures: Mapping[str, Any]) -> None:
    """Print what changed since the run before, and what that means for the next one."""
    gate, compared = figures["gate"], figures["compared"]
    if compared is None:
        write(console, "The first run of these questions that counts: there is nothing to compare it with.")
    else:
        both = count(compared["questions"], "question")
        write(console, f"Compared with {clean(compared['run'])}, over the {both} that both asked.")
        for one in compared["better"]:
            write(console, Text(clean(one), style="green"), first="  better: ", rest="    ")
        for word, style in (("lost", "red"), ("won", "green")):
            for one in compared[word]:
                line = f"{clean(one['question'])} ({clean(one['id'])})"
                write(console, Text(line, style=style), first=f"  {word}: ", rest="    ")
    for one in gate["fell"]:
        write(console, Text(clean(one), style="bold red"), first="  worse: ", rest="    ")
    if gate["accepted"]:
        write(console, "It was accepted as it is: later runs are compared with this one.")
    elif gate["fell"]:
        message = "Later runs are not compared with this one unless it is accepted, by the same command with"
        write(console, Text(f"{message} --accept.", style="yellow"))
    console.print(Text(f"Report: {clean(figures['saved']['report'])}"), soft_wrap=True)


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def print_problems(kind: str, problems: Sequence[str], *, json: bool = False) -> None:
    """Print on standard error why a command could not do its work; with `json` also on standard output."""
    if json:
        print_json({"error": {"kind": kind, "message": "\n".join(problems), "problems": list(problems)}})
    console = open_console(errors=True)
    for problem in problems:
        console.print(Text(clean(problem), style="red"), soft_wrap=True)


def say_step(title: str, text: str) -> None:
    """Print what is shown next, as a heading."""
    console = open_console()
    console.print()
    write(console, Text.assemble((f"{clean(title)}  ", "bold magenta"), clean(text)), rest="  ")
    console.print()


def say_question(text: str, note: str) -> None:
    """Print a question that is asked next, and what there is to see in its answer."""
    console = open_console()
    console.print()
    write(console, Text.assemble((f"? {clean(text)}", "bold"), (f"  ({clean(note)})", "dim")), rest="  ")
    console.print()


def say(text: str) -> None:
    """Print a line that may be copied, whole."""
    open_console().print(Text("  " + clean(text)), soft_wrap=True)
