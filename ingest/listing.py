"""What a source lists, with who may read it: all of it, or what was known with what changed since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ingest.connectors import Connector
from ingest.documents import Changes, Entry, Listed, Readers
from ingest.permissions import chain_of, effective, flattened

Groups = Mapping[str, tuple[str, Readers]]
"""By principal: what people call a group, and its members, those of groups in it as well."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What a source listed."""

    entries: Sequence[Entry]
    """With who may read them by all that the source says."""
    said: Sequence[Listed]
    """What the source said of each thing alone; empty where each says for itself who may read it."""
    groups: Groups
    began: datetime
    """From when it is."""
    cursor: str | None = None
    """From which its changes can be asked for."""
    whole: bool = True
    """Whether the source was asked for all of it."""
    bodies: bool = True
    """Whether the entries tell more than who may read them."""


def list_whole(connector: Connector, own: Mapping[str, Readers], began: datetime) -> Listing:
    """All that a source lists. `own` are the operator's groups, by name. Raises as `Connector.scan`."""
    cursor = connector.cursor()  # before the listing, so that what changes meanwhile is seen twice at most
    listed = list(connector.scan())
    return _listing(connector, own, listed, began, cursor=cursor)


def list_permissions(connector: Connector, own: Mapping[str, Readers], began: datetime) -> Listing:
    """The same, of which only ids and readers are to be looked at."""
    return _listing(connector, own, list(connector.permissions()), began, bodies=False)


def list_changes(
    connector: Connector, own: Mapping[str, Readers], began: datetime, cursor: str, before: Iterable[Listed]
) -> Listing | None:
    """The same as `list_whole`, by what the source listed `before` and what changed since; None where it does
    not know that any more."""
    changes = connector.changes(cursor)
    if changes is None:
        return None
    listed = merged(before, changes)
    return _listing(connector, own, listed, began, cursor=changes.cursor, whole=False)


def merged(before: Iterable[Listed], changes: Changes) -> list[Listed]:
    """What a source lists now, by what it listed before and what changed since."""
    listed = {one.id: one for one in before if one.id not in changes.gone}
    listed |= {one.id: one for one in changes.listed}
    fresh = {one.id for one in changes.listed}
    return [
        one
        for one in listed.values()
        if one.id in fresh or not any(above.parent in changes.gone for above in chain_of(one, listed))
    ]


def _listing(
    connector: Connector,
    own: Mapping[str, Readers],
    listed: Sequence[Listed],
    began: datetime,
    *,
    cursor: str | None = None,
    whole: bool = True,
    bodies: bool = True,
) -> Listing:
    brought = list(connector.groups())
    members = flattened({one.principal: one.members for one in brought})
    groups = {one.principal: (one.title, members[one.principal]) for one in brought}
    known = flattened({f"group:{name}": those for name, those in own.items()} | members)
    has_tree = any(one.parent is not None or not isinstance(one, Entry) for one in listed)
    return Listing(
        entries=effective(listed, known),
        said=listed if has_tree else (),
        groups=groups,
        began=began,
        cursor=cursor,
        whole=whole,
        bodies=bodies,
    )
