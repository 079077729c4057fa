"""What `sabio check` sees of golden questions: whether they can be read, and what they hold."""

from __future__ import annotations

from collections.abc import Sequence

from bot.findings import Findings
from bot.golden import read_golden
from ingest.holding import hold_of, is_gated
from ingest.knowledge import KnowledgeBase
from ingest.rebuilding import held_index
from workers.examining import questions_of


def check_questions(found: Findings, kb: KnowledgeBase) -> None:
    """Read the file that the settings name."""
    file = questions_of(kb.settings)
    if file is not None:
        with found.about("golden questions"):
            asked = "" if is_gated(kb.settings) else "; nobody asks them by itself (`evaluation.gate`)"
            found.ok("golden questions", f"{len(read_golden(file).questions):,} in {file}{asked}")


def check_holds(found: Findings, kb: KnowledgeBase, sources: Sequence[str]) -> None:
    """Tell what waits for a person's word: sources, and an index that was made anew."""
    with kb.ledger.read() as ledger:
        held = {source: hold_of(kb.settings, ledger, source) for source in sources}
    for source, hold in held.items():
        if hold is not None:
            found.warn(f"source {source}", f"held: {hold.in_words()}")
    if (waiting := held_index(kb)) is not None:
        noted, verdict = waiting
        message = f"a new one ({noted.name}) is ready and not in use: {verdict.in_words()}"
        found.warn("index", message, "sabio rebuild --accept, or sabio rebuild --discard")
