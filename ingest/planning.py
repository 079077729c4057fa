"""What a listing means for what is published: a pure set difference, and the brake on removals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ingest.documents import Entry, Readers


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger knows of one document that its source listed once."""

    document: str
    """The ledger's id."""
    entry: Entry
    """As last listed: its revision is the wanted one."""
    readers: Readers | None
    published: str | None
    """The published revision, or None while there is none."""
    recipe: str | None = None
    removed: bool = False
    quarantined: str | None = None
    """The revision that could not be read."""


@dataclass(frozen=True, slots=True)
class Brake:
    """Above `max(share of what is published, count)` removals are held until a person confirms them."""

    share: float = 0.15
    count: int = 20

    def holds(self, gone: int, published: int, listed: int) -> bool:
        """Whether so many removals are more likely an outage than a clean-up."""
        if gone == 0:
            return False
        return listed == 0 or gone > max(self.share * published, self.count)


@dataclass(slots=True)
class Plan:
    """The work that a listing calls for. Every listed entry is in exactly one of the first four."""

    new: list[Entry] = field(default_factory=list)
    changed: list[tuple[Known, Entry]] = field(default_factory=list)
    """The body may have changed: fetch it."""
    relisted: list[tuple[Known, Entry]] = field(default_factory=list)
    """Same body; title, address, author or readers are others."""
    unchanged: list[Known] = field(default_factory=list)
    gone: list[Known] = field(default_factory=list)
    """Not listed any more, to be removed now."""
    held: list[Known] = field(default_factory=list)
    """Not listed any more, kept until a person confirms."""

    @property
    def scanned(self) -> int:
        """How many entries were listed."""
        return len(self.new) + len(self.changed) + len(self.relisted) + len(self.unchanged)


def plan(
    listing: Iterable[Entry],
    known: Iterable[Known],
    *,
    recipe: str,
    brake: Brake,
    full: bool = False,
    confirmed: bool = False,
) -> Plan:
    """Compare a complete listing with what is known.

    `recipe` names how bodies are cut into chunks today: documents published by another are fetched again.
    `full` fetches everything, quarantined documents too. `confirmed` releases the brake.
    """
    entries = {entry.id: entry for entry in listing}
    before = {one.entry.id: one for one in known}
    result = Plan()
    for entry in entries.values():
        one = before.get(entry.id)
        if one is None or one.removed:
            result.new.append(entry)
        elif not full and one.quarantined == entry.revision:
            result.unchanged.append(one)
        elif one.published is None:
            result.new.append(entry)
        elif full or one.published != entry.revision or one.recipe != recipe:
            result.changed.append((one, entry))
        elif one.entry != entry or one.readers != entry.readers:
            result.relisted.append((one, entry))
        else:
            result.unchanged.append(one)
    absent = [one for one in before.values() if not one.removed and one.entry.id not in entries]
    served = [one for one in absent if one.published is not None]
    published = sum(1 for one in before.values() if one.published is not None and not one.removed)
    if not confirmed and brake.holds(len(served), published, len(entries)):
        result.held = served
        result.gone = [one for one in absent if one.published is None]
    else:
        result.gone = absent
    return result
