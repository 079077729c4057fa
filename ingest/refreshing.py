"""Who may read what, looked up apart from any sync: what is taken away need not wait for one."""

from __future__ import annotations

from ingest.knowledge import KnowledgeBase
from ingest.ledger import access, now, permitting, scanning
from ingest.ledger.owners import new_owner
from ingest.listing import list_permissions


def refresh_permissions(kb: KnowledgeBase, source: str) -> int:
    """Give a source's documents the readers that it lists now: how many have others than before.

    They are in force from the commit on, also while a sync of the source is being worked on; whoever works
    tells the index. Nothing is fetched, and what is new, changed or gone is left to the next sync. A source
    whose readers only the configuration says is not asked. Raises what the connector's scan raises; then
    everything is as it was, and nothing is read of it any more when that has lasted (`access.LASTING`).
    """
    connector, began = kb.connectors[source], now()
    if not connector.knows_readers:
        with kb.ledger.write() as ledger:
            listed = {one.entry.id: connector.readers for one in scanning.known(ledger, source)}
            return permitting.refresh(ledger, source, new_owner(), listed, began)
    listing = list_permissions(connector, kb.settings.groups, began)
    readers = {entry.id: entry.readers for entry in listing.entries}
    with kb.ledger.write() as ledger:
        access.keep(ledger, source, listing)
        return permitting.refresh(ledger, source, new_owner(), readers, began)
