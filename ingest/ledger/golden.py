"""What golden questions said after syncs, and which sources are held because of it.

After every sync that changed something, somebody asks them, once for all the sources that did. Where a figure
fell these are held until a person accepts it, or until a later asking finds all well: their runs end as held,
and those that the schedule begins bring no new text in (`ingest.holding`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Connection, case, func, select, update

from ingest.ledger import now
from ingest.ledger.chores import claim_chore, finish_chore
from ingest.ledger.owners import is_dead
from ingest.ledger.runs import GOOD, SYNC
from ingest.ledger.tables import chores, runs
from ingest.ledger.upserts import insert_if_absent

GOLDEN = "golden"
"""The chore of asking, and with a source's name what came of it for that source."""
_NAMED = 5
"""Lost questions that are named where there is little room."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What golden questions said of what is published, or of an index that was made anew."""

    before: Mapping[str, float | None]
    """The figures of the run that it was compared with; nothing where there was none."""
    after: Mapping[str, float | None]
    fell: Sequence[str]
    """What got worse, in words. Nothing: all is well."""
    lost: Sequence[str] = ()
    """The questions that were answered right before, and are no more."""
    saved: str = ""
    """The name under which the run of questions was kept."""
    report: str = ""
    """Where its report for people is."""

    def in_words(self) -> str:
        """What a person has to know before saying something to it."""
        said = [*self.fell]
        if self.lost:
            more = f" and {len(self.lost) - _NAMED} more" if len(self.lost) > _NAMED else ""
            lost = ", ".join(f"“{one}”" for one in self.lost[:_NAMED])
            said.append(f"answered right before: {lost}{more}")
        if self.report:
            said.append(f"see {self.report}")
        return f"golden questions: {'; '.join(said)}"


@dataclass(frozen=True, slots=True)
class Hold:
    """A source that waits for a person's word."""

    source: str
    verdict: Verdict
    waiting: int = field(default=0)
    """New and changed documents that its last scheduled run did not bring in."""

    def in_words(self) -> str:
        """What is held and what can be done."""
        waiting = f" ({self.waiting:,} documents)" if self.waiting else ""
        return (
            f"{self.verdict.in_words()}. Scheduled syncs bring no new text in{waiting}, only removals and"
            f" permissions. If all is as it should be: sabio sync {self.source} --accept; once it is mended:"
            f" sabio sync {self.source}"
        )


def to_ask(connection: Connection) -> dict[str, str]:
    """The sources that a sync changed since golden questions were last asked because of it, each with the
    latest such run. None while somebody is asking them."""
    rows = connection.execute(select(chores).where(chores.c.name == GOLDEN)).all()
    if any(row.lease_until and row.lease_until > now() and not is_dead(row.owner) for row in rows):
        return {}
    asked = {row.source: (row.found or {}).get("run") for row in rows}
    changes = runs.c.new + runs.c.changed + runs.c.retitled + runs.c.readers_changed + runs.c.removed
    turn = func.row_number().over(partition_by=runs.c.source, order_by=runs.c.started_at.desc())
    ranked = (
        select(runs.c.source, runs.c.id, turn.label("turn"))
        .where(runs.c.kind == SYNC, runs.c.state.in_(GOOD), changes > 0)
        .subquery()
    )
    latest = connection.execute(select(ranked).where(ranked.c.turn == 1))
    return {row.source: row.id for row in latest if asked.get(row.source) != row.id}


def claim_asking(connection: Connection, owner: str, sources: Sequence[str], lease: float) -> dict[str, str]:
    """The right to ask them for `lease` seconds, because of those of the sources that are named and changed:
    these with their runs. None when somebody else is at it."""
    found = {source: run for source, run in to_ask(connection).items() if source in sources}
    if not found or not claim_chore(connection, GOLDEN, "", owner, every=0.0, lease=lease):
        return {}
    return found


def conclude(connection: Connection, owner: str, asked: Mapping[str, str], verdict: Verdict) -> bool:
    """Write down what was said, and hold the sources that it is about, given with their runs, if anything
    fell; else let every source go. False when somebody else asks by now."""
    if not finish_chore(connection, GOLDEN, "", owner, None):
        return False
    if not verdict.fell:
        named = connection.scalars(select(chores.c.source).where(chores.c.name == GOLDEN)).all()
        for source in sorted(named):
            accept(connection, source)
    for source, run in sorted(asked.items()):
        _put(connection, source, {"run": run, **asdict(verdict)})
        _close(connection, runs.c.id == run, Hold(source, verdict).in_words() if verdict.fell else None)
    return True


def hold(connection: Connection, source: str) -> Hold | None:
    """What a person is asked about a source; None where nothing is held of it."""
    found = _found(connection, source)
    if found is None or not found["fell"]:
        return None
    return Hold(source, _verdict(found), found.get("waiting", 0))


def verdict_after(connection: Connection, source: str, run: str) -> Verdict | None:
    """What golden questions said after a run; None where they were not asked because of it."""
    found = _found(connection, source)
    return _verdict(found) if found is not None and found["run"] == run else None


def keep_waiting(connection: Connection, source: str, waiting: int) -> None:
    """Note how many documents a run of a held source did not bring in."""
    if (found := _found(connection, source)) is not None:
        _put(connection, source, {**found, "waiting": waiting})


def accept(connection: Connection, source: str) -> Hold | None:
    """End the hold of a source: what was held, if anything."""
    found = _found(connection, source)
    held = hold(connection, source)
    if found is not None and held is not None:
        _put(connection, source, {**found, "fell": [], "lost": [], "waiting": 0})
        _close(connection, (runs.c.source == source) & (runs.c.state == "held"), None)
    return held


def _found(connection: Connection, source: str) -> dict[str, Any] | None:
    query = select(chores.c.found).where(chores.c.name == GOLDEN, chores.c.source == source)
    found: dict[str, Any] | None = connection.scalar(query) if source else None
    return found


def _verdict(found: Mapping[str, Any]) -> Verdict:
    return Verdict(**{name: found[name] for name in Verdict.__dataclass_fields__})


def _put(connection: Connection, source: str, found: Mapping[str, Any]) -> None:
    insert_if_absent(connection, chores, {"name": GOLDEN, "source": source})
    connection.execute(
        update(chores)
        .where(chores.c.name == GOLDEN, chores.c.source == source)
        .values(found=dict(found), done_at=now())
    )


def _close(connection: Connection, which: Any, error: str | None) -> None:
    """Say of ended runs that they are held, and why; or that they are not, but for removals that are."""
    state = "held" if error else case((runs.c.held > 0, "held"), else_="done")
    connection.execute(update(runs).where(which, runs.c.state.in_(GOOD)).values(state=state, error=error))
