"""What a listing means for what is published: a pure set difference, and the brake on removals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ingest.documents import Entry, Readers

SWEEP, READERS, REINDEX, FETCH = "sweep", "readers", "reindex", "fetch"
"""What is due for a document: take retired chunks out of the index; copy its readers into the index; index
its chunks anew under another title; read its body."""
ACTIONS = (SWEEP, READERS, REINDEX, FETCH)
"""Each does what those before it do as well."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a document is in quarantine."""

    revision: str | None
    """What could not be read; None: it could not be had, which says nothing about the next time."""
    recipe: str | None
    """How it was tried."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger knows of one document that its source listed once."""

    document: str
    """The ledger's id."""
    entry: Entry
    """As last listed: its revision is the wanted one, its readers are in force."""
    published: str | None
    """The published revision, or None while there is none."""
    recipe: str | None = None
    """How the published chunks were cut."""
    indexed: Readers = frozenset()
    """Who may find the published chunks in the index."""
    removed: bool = False
    failure: Failure | None = None
    due: str | None = None
    """What is left to do of an earlier plan, one of `ACTIONS`."""


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

    new: list[tuple[Known | None, Entry]] = field(default_factory=list)
    """Never published, or removed since."""
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

    `recipe` names how bodies are cut into chunks today: documents published, or given up, by another are
    fetched again. `full` fetches everything, quarantined documents too. `confirmed` releases the brake.
    """
    entries = {entry.id: entry for entry in listing}
    before = {one.entry.id: one for one in known}
    result = Plan()
    for entry in entries.values():
        one = before.get(entry.id)
        if one is None or one.removed:
            result.new.append((one, entry))
        elif _wants_body(one, entry, recipe, full=full):
            if one.published is None:
                result.new.append((one, entry))
            else:
                result.changed.append((one, entry))
        elif one.entry != entry:
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


def _wants_body(one: Known, entry: Entry, recipe: str, *, full: bool) -> bool:
    """Whether the body is to be fetched."""
    if full:
        return True
    if one.failure is not None:
        return one.failure != Failure(entry.revision, recipe)
    # Whoever works on the revision that was listed before would publish it over this one.
    return one.published != entry.revision or one.entry.revision != entry.revision or one.recipe != recipe


def due(one: Known, entry: Entry) -> str | None:
    """What is to be done, beside what is due already, for a document whose body stays as it is."""
    if one.published is None:
        return None
    if _labels(one.entry) != _labels(entry):
        # Those that the body itself gives stand above the listed ones, so only workers can tell whether the
        # embedded text changes: they index anew what does.
        return REINDEX
    return READERS if one.indexed != (entry.readers or frozenset()) else None


def _labels(entry: Entry) -> tuple[object, ...]:
    return entry.title, entry.author, entry.updated_at
