"""What the parts of a command share: who asked for it, how to speak to them, and the replies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from bot import wording
from bot.commands.grammar import Command
from bot.messages import Button, Notice, Person
from config.sections import SourceSettings
from ingest.knowledge import KnowledgeBase
from ingest.ledger import now
from ingest.ledger.requests import is_person

MOST = 20
"""Lines of a list; the rest is counted."""


class Followed(Protocol):
    """Something that goes on after it was asked for."""

    def look(self) -> Notice:
        """How it stands now; `done` when it is over. Quick, and raises nothing."""

    def farewell(self) -> str:
        """What whoever asked is told when it is over, in a line."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A command, by whom, when, and the words for the reply."""

    kb: KnowledgeBase
    command: Command
    person: Person
    language: str
    at: datetime
    """When the platform received it."""

    @property
    def by(self) -> str | None:
        """What the ledger calls whoever asked."""
        return self.person.email or self.person.name

    def say(self, key: str, *, count: int | None = None, **values: str | int) -> str:
        """A sentence of the catalogue, with secrets masked in what is put in."""
        masked = {
            name: self.kb.settings.masked(value) if isinstance(value, str) else value
            for name, value in values.items()
        }
        return wording.say(f"cmd_{key}", self.language, count=count, **masked)

    def button(self, key: str, command: str, source: str | None = None) -> Button:
        """A button: `cmd_KEY` is its label; `cmd_KEY_sure` is asked first, where there is a source."""
        sure = self.say(f"{key}_sure", source=source) if source else None
        return Button(self.say(key), command, sure)

    def notice(self, key: str, lines: Sequence[str] = (), buttons: Sequence[Button] = ()) -> Notice:
        """A notice whose title is `cmd_KEY`."""
        return Notice(self.say(key), tuple(lines), tuple(buttons))

    def cut(self, lines: Sequence[str]) -> list[str]:
        """The first of many lines, and how many more there are."""
        more = len(lines) - MOST
        return [*lines[:MOST], *([self.say("more", count=more)] if more > 0 else [])]

    def label(self, source: str) -> str:
        """How answers name a source."""
        labels = {one.name: one.label for one in self.kb.settings.sources}
        return labels.get(source) or source

    def labels(self, sources: Sequence[SourceSettings]) -> str:
        """Sources as a person may name them, `Label (name)` where the two differ."""
        shown = [
            f"{one.label} ({one.name})" if one.label and one.label != one.name else one.name
            for one in sources
        ]
        return ", ".join(shown)

    def clock(self, moment: datetime) -> str:
        """A moment on the operator's clock: the time alone where it is today."""
        zone = ZoneInfo(self.kb.settings.sync.time_zone)
        local, today = moment.astimezone(zone), now().astimezone(zone).date()
        time = f"{local:%H:%M}"
        return time if local.date() == today else f"{wording.date(local, self.language)}, {time}"

    def since(self, moment: datetime, by: str | None) -> str:
        """Since when something waits or goes on, and who wanted it: `by` as the ledger has it."""
        time = self.clock(moment)
        if by is None:
            return self.say("by_schedule", time=time)
        if not is_person(by):
            return self.say("by_sabio", time=time)
        return self.say("by_person", time=time, person=by) if by else self.say("by_somebody", time=time)


def counted(asked: Asked, report: Mapping[str, Any]) -> str:
    """What a run did, from its report: `New: 3 · unchanged: 20 · 1.2 s`."""
    words = ("new", "changed", "retitled", "readers_changed", "removed", "unchanged")
    said = [asked.say(f"run_{word}", number=report[word]) for word in words if report[word]]
    seconds = wording.number(max(round(report["seconds"], 1), 0.1), asked.language)
    line = " · ".join([*(said or [asked.say("run_nothing")]), asked.say("seconds", seconds=seconds)])
    return line[0].upper() + line[1:]
