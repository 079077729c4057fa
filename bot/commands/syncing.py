"""`sync`: asked for once however often, and followed to its end wherever it is worked on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from bot import wording
from bot.commands.asked import Asked, counted
from bot.messages import Button, Notice
from bot.status import SEEN
from bot.watching import hint
from config.errors import UnavailableError
from ingest.holding import hold_of, is_gated
from ingest.ledger import now, processes, reading, tickets
from ingest.ledger.runs import GOOD, OPEN
from ingest.ledger.tickets import Ticket
from workers.examining import SECONDS

PATIENCE = timedelta(minutes=15)
"""How long a sync is followed that nobody is there to begin, or a ledger that is down."""


def sync(
    asked: Asked, sources: Sequence[str], *, confirmed: bool = False, since: datetime | None = None
) -> Syncs:
    """Ask for a sync of each source, if none that does the same has begun since the command came, or since
    `since`: to be followed."""
    kept = []
    for source in sources:
        with asked.kb.ledger.write() as ledger:
            ticket = tickets.ask(
                ledger,
                source,
                since=since or asked.at,
                full=asked.command.full,
                confirmed=confirmed,
                by=asked.by,
            )
        kept.append(ticket)
    if new := [ticket.source for ticket in kept if ticket.new]:
        hint(asked.kb, new)
    return Syncs(asked, kept)


@dataclass(frozen=True, slots=True)
class _Standing:
    """How the sync of one source stands."""

    source: str
    line: str = ""
    report: Mapping[str, Any] | None = None
    """What it did, when it is over."""
    idle: bool = False
    """It has not begun."""


class Syncs:
    """Syncs that somebody asked for. Its notices name sources and count documents, but name none: in a
    channel everybody sees them."""

    def __init__(self, asked: Asked, kept: Sequence[Ticket]) -> None:
        self._asked, self._tickets = asked, kept
        self._last: Notice | None = None
        self._until = now() + PATIENCE

    def look(self) -> Notice:
        """How they stand; a notice that is done is the report, and stays."""
        if self._last is None or not self._last.done:
            try:
                self._last = self._look()
            except UnavailableError as error:
                said = self._asked.say("away", reason=str(error))
                self._last = Notice(self._title(), (said,), done=now() > self._until)
        return self._last

    def farewell(self) -> str:
        """The report in a line."""
        last = self.look()
        alone = len(self._tickets) == 1 and last.lines
        return f"{last.title} {last.lines[0]}" if alone else last.title

    def _look(self) -> Notice:
        with self._asked.kb.ledger.read() as ledger:
            stand = [self._stands(ledger, ticket) for ticket in self._tickets]
            there = any(row.kind != "beat" for row in processes.alive(ledger, SEEN))
            if all(one.report for one in stand):
                return self._report(ledger, [one.report for one in stand if one.report])
        idle = any(one.idle for one in stand)
        if there or not idle:
            self._until = now() + PATIENCE
        lines = [self._of(one.source, one.line) for one in stand]
        if idle and not there:
            lines.append(self._asked.say("nobody_works"))
        gives_up = now() > self._until
        return Notice(self._title("not_begun" if gives_up else "syncing"), tuple(lines), done=gives_up)

    def _title(self, key: str = "syncing") -> str:
        if len(self._tickets) == 1:
            return self._asked.say(key, source=self._asked.label(self._tickets[0].source))
        return self._asked.say(f"{key}_many", count=len(self._tickets))

    def _of(self, source: str, said: str) -> str:
        """A line about a source, which is named where there are several."""
        if len(self._tickets) == 1:
            return said
        return self._asked.say("of_source", source=self._asked.label(source), said=said)

    def _stands(self, ledger: Connection, ticket: Ticket) -> _Standing:
        run = tickets.serving(ledger, ticket)
        if run is None:
            return _Standing(ticket.source, self._waits(ledger, ticket), idle=True)
        if run.state in OPEN:
            return _Standing(ticket.source, self._goes_on(ledger, run))
        report = reading.run_report(ledger, run.id)
        if self._is_examined(run, report):
            return _Standing(ticket.source, self._asked.say("examined"))
        return _Standing(ticket.source, report=report)

    def _waits(self, ledger: Connection, ticket: Ticket) -> str:
        asked, request = self._asked, ticket.request
        if (ahead := tickets.ahead(ledger, ticket)) is not None:
            return asked.say("behind", since=asked.since(ahead.started_at, ahead.asked_by))
        if request is not None and not ticket.new:
            return asked.say("joined", since=asked.since(request.requested_at, request.by or ""))
        return asked.say("handed_over")

    def _goes_on(self, ledger: Connection, run: Row[Any]) -> str:
        asked, stands = self._asked, reading.progress(ledger, run.id)
        said = []
        if stands.state == "scanning":
            said.append(asked.say("scanning"))
        else:
            said.append(asked.say("progress", done=stands.done, count=stands.planned))
            if stands.rate and stands.left:
                said.append(asked.say("rate", rate=wording.number(round(stands.rate, 1), asked.language)))
            if stands.seconds_left is not None and stands.left:
                said.append(asked.say("seconds_left", seconds=round(stands.seconds_left)))
            if stands.failed:
                said.append(asked.say("unread", count=stands.failed))
        if stands.error:
            said.append(asked.say("in_its_way", reason=stands.error))
        if run.asked_by != asked.by:
            said.append(asked.since(run.started_at, run.asked_by))
        return " · ".join(said)

    def _is_examined(self, run: Row[Any], report: Mapping[str, Any]) -> bool:
        """Whether golden questions are still to be asked after a run, which may hold it."""
        changes = ("new", "changed", "retitled", "readers_changed", "removed")
        awaited = is_gated(self._asked.kb.settings) and run.state in GOOD and "golden" not in report
        return (
            awaited
            and any(report[change] for change in changes)
            and now() < run.finished_at + timedelta(seconds=SECONDS)
        )

    def _report(self, ledger: Connection, reports: Sequence[Mapping[str, Any]]) -> Notice:
        lines: list[str] = []
        buttons: list[Button] = []
        for report in reports:
            said, offered = told(self._asked, ledger, report)
            lines += [self._of(report["source"], line) for line in said]
            buttons += offered
        outcomes = [report["outcome"] for report in reports]
        if len(reports) == 1:
            title = self._title({"done": "synced", "held": "synced_held"}.get(outcomes[0], "failed"))
        else:
            good = sum(outcome in GOOD for outcome in outcomes)
            key = "synced_many_held" if "held" in outcomes else "synced_many"
            title = self._asked.say(key, good=good, count=len(reports))
        return Notice(title, tuple(lines), tuple(buttons))


def told(asked: Asked, ledger: Connection, report: Mapping[str, Any]) -> tuple[list[str], list[Button]]:
    """What a run did, from its report: the lines, and what may be done about it."""
    source = report["source"]
    if report["outcome"] == "failed":
        failed = asked.say("because", reason=report["error"] or "")
        return [failed], [asked.button("again", f"sync {source}")]
    lines, buttons = [counted(asked, report)], []
    if report["removed"]:
        lines.append(asked.say("proof", count=report["still_answerable"]))
    if report["failed"]:
        lines.append(asked.say("unread", count=len(report["failed"])))
        buttons.append(asked.button("show_unread", f"quarantine {source}"))
    lines += [asked.say("noted", text=warning) for warning in report["warnings"]]
    if report["held"]:
        lines.append(asked.say("held", count=report["held"]))
        buttons += removal_buttons(asked, source, report["held"])
    if (hold := hold_of(asked.kb.settings, ledger, source)) is not None:
        lines.append(asked.say("worse", fell="; ".join(hold.verdict.fell)))
        buttons.append(accept_button(asked, source))
    return lines, buttons


def removal_buttons(asked: Asked, source: str, count: int) -> list[Button]:
    """What may be done about removals that are held."""
    about = asked.label(source)
    return [
        Button(
            asked.say("confirm"),
            f"sync confirm {source}",
            asked.say("confirm_sure", count=count, source=about),
        ),
        asked.button("keep", f"sync discard {source}"),
    ]


def accept_button(asked: Asked, source: str) -> Button:
    """What may be done about a source that golden questions hold."""
    return asked.button("accept", f"sync accept {source}", source=asked.label(source))
