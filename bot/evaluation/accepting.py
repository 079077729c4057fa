"""A person's word that what golden questions held is as it should be: what was held goes on, and what it was
held for is what later runs are compared with."""

from __future__ import annotations

from collections.abc import Sequence

from bot.evaluation import runs_folder
from bot.evaluation.keeping import accept_named
from ingest import rebuilding
from ingest.knowledge import KnowledgeBase
from ingest.ledger import golden


def accept_syncs(kb: KnowledgeBase, sources: Sequence[str]) -> None:
    """Let new text of held sources in again. Of a source that is not held, nothing changes."""
    with kb.ledger.write() as ledger:
        held = [golden.accept(ledger, source) for source in sorted(sources)]
    for one in held:
        if one is not None:
            accept_named(runs_folder(kb), one.verdict.saved)


def accept_rebuild(kb: KnowledgeBase) -> tuple[str, int]:
    """Answer from the index that is held: its name, and how many chunks it lacked.

    Raises `ConfigError` where none is held or the settings name another model by now.
    """
    name, lacked, held = rebuilding.accept(kb)
    accept_named(runs_folder(kb), held.saved)
    return name, lacked
