"""What still comes in from a source that is held: golden questions are answered worse since its last sync.

What was deleted and who may read what always count at once; only new text waits for a person's word.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from config.settings import Settings
from ingest.documents import Entry
from ingest.ledger import golden
from ingest.ledger.golden import Hold
from ingest.planning import Known, Plan


def hold_of(settings: Settings, connection: Connection, source: str) -> Hold | None:
    """What a person is asked about a source; None where nothing is held, or nobody asks golden questions."""
    return golden.hold(connection, source) if is_gated(settings) else None


def is_gated(settings: Settings) -> bool:
    """Whether golden questions watch over syncs and rebuilds."""
    return settings.evaluation.gate and settings.evaluation.questions is not None


def without_text(plan: Plan) -> tuple[Plan, int]:
    """The part of a plan that needs no body to be read, and how many new and changed documents are left.

    They stay as the ledger knows them, so the next plan finds them new or changed again.
    """
    kept = Plan(relisted=[*plan.relisted], unchanged=[*plan.unchanged], gone=plan.gone, held=plan.held)
    left = 0
    for one, entry in [*plan.new, *plan.changed]:
        if one is None or one.removed:
            left += 1
            continue
        # An earlier plan's work on it goes on, and whoever may read it counts at once.
        left += one.entry.revision != entry.revision or one.due is None
        listed = _with_readers_of(one, entry)
        if listed == one.entry:
            kept.unchanged.append(one)
        else:
            kept.relisted.append((one, listed))
    return kept, left


def _with_readers_of(one: Known, entry: Entry) -> Entry:
    return replace(one.entry, readers=entry.readers)
