"""Which index collections there are: the one in use, the one being made, the one that was replaced last.

The names stand in the table `state`, each with what it was made with and since when it is what it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from config.errors import UnavailableError
from ingest.ledger.tables import state
from ingest.ledger.upserts import insert_if_absent

USED, BUILDING, RETIRED = "collection", "building", "retired"
_PLACES = (USED, BUILDING, RETIRED)
_MADE_WITH, _SINCE, _HELD = "_made_with", "_since", "_held"
_PARTS = ("", _MADE_WITH, _SINCE, _HELD)
"""What is kept of a collection, by the end of its place's key."""
PINNED = "sabio_collection"
"""The option of a connection by which a collection seems to be in use; see `Ledger.answer_from`."""


@dataclass(frozen=True, slots=True)
class Noted:
    """A collection, as the ledger knows it."""

    name: str
    made_with: Mapping[str, str]
    """`embedding` and `translation` as they stood in the settings, and the name of the `encoder` that they
    named. Empty for one of a version of Sabio that did not write it down."""
    since: datetime | None
    """When it was put into use, begun, or replaced."""
    held: Mapping[str, Any] | None = None
    """Of one that is ready and waits for a person's word: why, as `golden.Verdict` has it."""


@dataclass(frozen=True, slots=True)
class Collections:
    """All that an installation has."""

    used: Noted | None
    building: Noted | None
    retired: Noted | None

    def names(self) -> set[str]:
        """Those of all of them."""
        return {one.name for one in (self.used, self.building, self.retired) if one}


def look(connection: Connection) -> Collections:
    """Which collections there are."""
    kept = kept_state(connection)
    return Collections(*(_noted(kept, place) for place in _PLACES))


def begin(connection: Connection, name: str, made_with: Mapping[str, str], moment: datetime) -> None:
    """Note a collection before it is made."""
    _put(connection, BUILDING, name, json.dumps(dict(made_with)), moment)


def hold(connection: Connection, name: str, why: Mapping[str, Any]) -> bool:
    """Keep a collection that was begun for a person to decide about; False when it is not there any more."""
    key, told = BUILDING + _HELD, json.dumps({"name": name, "why": dict(why)})
    if kept_state(connection).get(BUILDING) != name:
        return False
    if not insert_if_absent(connection, state, {"key": key, "value": told}):
        connection.execute(update(state).where(state.c.key == key).values(value=told))
    return True


def use(
    connection: Connection,
    name: str,
    instead_of: str | None,
    made_with: Mapping[str, str],
    moment: datetime,
    only_if: Callable[[Connection], bool] = lambda _connection: True,
) -> bool:
    """Answer from `name` from now on: the first of all, one that was begun, or the last one replaced.

    The one before takes the place of the last replaced one, which has been removed, or is the one that takes
    its place. False when another than `instead_of` is in use, or `name` is none that could be, or `only_if`
    says no; it is asked while nothing can be published.
    """
    # Whoever publishes holds the row of the collection in use until the commit.
    connection.execute(select(state).where(state.c.key == USED).with_for_update())
    kept = kept_state(connection)
    if kept.get(USED) != instead_of or not only_if(connection):
        return False
    if instead_of is None:
        _put(connection, USED, name, json.dumps(dict(made_with)), moment)
        return True
    place = next((place for place in (BUILDING, RETIRED) if kept.get(place) == name), None)
    if place is None:
        return False
    forget(connection, name)
    _put(connection, USED, name, kept.get(place + _MADE_WITH, "{}"), moment)
    _put(connection, RETIRED, instead_of, kept.get(USED + _MADE_WITH, "{}"), moment)
    return True


def forget(connection: Connection, name: str) -> None:
    """A collection that is not in use is not there any more."""
    kept = kept_state(connection)
    for place in (BUILDING, RETIRED):
        if kept.get(place) == name:
            connection.execute(state.delete().where(state.c.key.in_([place + part for part in _PARTS])))


def kept_state(connection: Connection) -> dict[str, str]:
    """The whole table `state`, which is a few rows."""
    kept = {row.key: row.value for row in connection.execute(select(state))}
    pinned = connection.get_execution_options().get(PINNED)
    return kept if pinned is None else _as_if_used(kept, pinned)


def _as_if_used(kept: dict[str, str], name: str) -> dict[str, str]:
    place = next((one for one in _PLACES if kept.get(one) == name), None)
    if place is None:
        raise UnavailableError(f"the index {name} is not there any more")
    return {**kept, **{USED + part: kept[place + part] for part in _PARTS if place + part in kept}}


def _noted(kept: Mapping[str, str], place: str) -> Noted | None:
    if place not in kept:
        return None
    since = kept.get(place + _SINCE)
    made_with = json.loads(kept.get(place + _MADE_WITH, "{}"))
    held = json.loads(kept.get(place + _HELD, "{}"))
    return Noted(
        kept[place],
        made_with,
        datetime.fromisoformat(since) if since else None,
        # An older version, which knows no holds, may have begun another one in the same place.
        held["why"] if held.get("name") == kept[place] else None,
    )


def _put(connection: Connection, place: str, name: str, made_with: str, moment: datetime) -> None:
    values = {place: name, place + _MADE_WITH: made_with, place + _SINCE: moment.isoformat()}
    for key, value in values.items():
        if not insert_if_absent(connection, state, {"key": key, "value": value}):
            connection.execute(update(state).where(state.c.key == key).values(value=value))
