"""Who may read what, looked up apart from any sync: what is taken away need not wait for one."""

from __future__ import annotations

from ingest.knowledge import KnowledgeBase
from ingest.ledger import now, permitting
from ingest.ledger.owners import new_owner


def refresh_permissions(kb: KnowledgeBase, source: str) -> int:
    """Give a source's documents the readers that it lists now: how many have others than before.

    They are in force from the commit on, also while a sync of the source is being worked on; whoever works
    tells the index. Nothing is fetched, and what is new, changed or gone is left to the next sync. Raises
    what the connector's scan raises; then everything is as it was.
    """
    began = now()
    listed = {entry.id: entry.readers for entry in kb.connectors[source].scan()}
    with kb.ledger.write() as ledger:
        return permitting.refresh(ledger, source, new_owner(), listed, began)
