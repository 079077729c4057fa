"""A source's listing, as a sync takes it: whole or by its changes, and what is probably not meant with it."""

from __future__ import annotations

import logging
from datetime import timedelta

from ingest.connectors import Connector
from ingest.knowledge import KnowledgeBase
from ingest.ledger import access, now, reading
from ingest.listing import Listing, list_changes, list_whole

_WHOLE = timedelta(days=7)
"""After so long a source is listed as a whole again: what it tells of changes may lack some."""

log = logging.getLogger(__name__)


def take_listing(kb: KnowledgeBase, source: str, *, whole: bool) -> Listing:
    """What a source lists: `whole`, or where it was listed as a whole lately, by what changed since. Raises
    as `Connector.scan`."""
    connector, own, began = kb.connectors[source], kb.settings.groups, now()
    if not whole:
        with kb.ledger.read() as ledger:
            last = access.last_listing(ledger, source)
        if last is not None and last.whole_at > began - _WHOLE:
            listing = list_changes(connector, own, began, last.cursor, last.listed)
            if listing is not None:
                return listing
            log.info("the source does not know its changes any more: all of it is listed")
    return list_whole(connector, own, began)


def warnings_of(kb: KnowledgeBase, source: str, listing: Listing, run: str, *, full: bool) -> list[str]:
    """What is probably not meant, as sentences: all of it of a source's first run, and of a `full` one."""
    with kb.ledger.read() as ledger:
        first = reading.last_outcome(ledger, source, but=run) is None
    said = list(kb.connectors[source].preflight()) if first or full else []
    unread = sum(entry.readers is None for entry in listing.entries)
    if unread:
        whose = f"{unread:,} of its {len(listing.entries):,} documents"
        said.append(f"nobody may read {whose}: no readers are known; look at `readers`")
    for sentence in said:
        log.warning("%s", sentence)
    return said


def why_empty(connector: Connector) -> str:
    """Why a sync that listed nothing is none that went well."""
    options = sorted(connector.model_fields_set - {"name", "readers"})
    return f"no documents are listed there; look at {', '.join(f'`{option}`' for option in options)}"
