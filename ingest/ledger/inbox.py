"""What chat platforms delivered: each event is kept before it is acknowledged, and answered by whoever lives.

Platforms deliver an event again where they are in doubt, and never again once it was acknowledged. So a row
here is both: the memory that keeps a second delivery from a second answer, and the work that a killed process
leaves to the others.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, literal, or_, select, update

from ingest.ledger import now
from ingest.ledger.owners import is_dead
from ingest.ledger.tables import events, questions
from ingest.ledger.upserts import insert_if_absent


@dataclass(frozen=True, slots=True)
class Event:
    """An event that was taken to be answered."""

    id: str
    """The platform's name of what it is about, with the platform: the same for every delivery."""
    content: Mapping[str, Any]
    """What the platform needs to answer it."""
    attempts: int
    """How often it was taken, this time included."""
    reply: str | None
    """The platform's name of the message that answers it, where one was begun."""
    received_at: datetime


def receive(connection: Connection, id_: str, platform: str, content: Mapping[str, Any]) -> bool:
    """Keep an event. False: it was delivered before."""
    row = {"id": id_, "platform": platform, "content": dict(content), "received_at": now(), "attempts": 0}
    return insert_if_absent(connection, events, row)


def note(connection: Connection, id_: str, platform: str) -> bool:
    """Keep that something came which is done at once. False: it came before."""
    moment = now()
    row = {"id": id_, "platform": platform, "content": {}, "received_at": moment, "attempts": 0}
    return insert_if_absent(connection, events, row | {"done_at": moment})


def revise(connection: Connection, id_: str, platform: str, content: Mapping[str, Any], since: str) -> bool:
    """Put other content in place of an event's, which is answered anew, in the same reply; keep one that is
    not known, of which the first version may come later.

    `since` orders the versions of one event. False: such a version is known already.
    """
    content = {**content, "since": since}
    if receive(connection, id_, platform, content):
        return True
    row = connection.execute(select(events).where(events.c.id == id_).with_for_update()).one()
    if row.content.get("since", "") >= since:
        return False
    fresh = {"content": content, "owner": None, "lease_until": None, "done_at": None}
    connection.execute(update(events).where(events.c.id == id_).values(**fresh))
    return True


def withdraw(connection: Connection, id_: str) -> Event | None:
    """Take back that an event is to be answered, from whoever is at it; None where it is not known."""
    row = connection.execute(select(events).where(events.c.id == id_).with_for_update()).first()
    if row is None:
        return None
    ended = {"owner": None, "lease_until": None, "done_at": now()}
    connection.execute(update(events).where(events.c.id == id_).values(**ended))
    return _event(row, row.attempts)


def unanswered(connection: Connection, platform: str) -> list[Event]:
    """The events of a platform that are to be answered or are being answered."""
    rows = connection.execute(select(events).where(events.c.platform == platform, events.c.done_at.is_(None)))
    return [_event(row, row.attempts) for row in rows]


def is_known(connection: Connection, id_: str) -> bool:
    """Whether an event was received."""
    return connection.execute(select(events.c.id).where(events.c.id == id_)).first() is not None


def is_done(connection: Connection, id_: str) -> bool:
    """Whether an event was answered, or is not to be answered any more."""
    done = select(events.c.id).where(events.c.id == id_, events.c.done_at.is_not(None))
    return connection.execute(done).first() is not None


def answered_by(connection: Connection, place: str, message: str | None) -> str | None:
    """The event that a message of ours answers, perhaps with others, of those whose ids begin with `place`;
    None: the last that was answered there."""
    there = events.c.id.startswith(place, autoescape=True), events.c.reply.is_not(None)
    found = select(events.c.id).where(*there).order_by(events.c.received_at.desc())
    if message is not None:
        among = (literal(" ") + events.c.reply + " ").contains(f" {message} ", autoescape=True)
        found = found.where(among)
    id_: str | None = connection.scalar(found.limit(1))
    return id_


def holds(connection: Connection, id_: str, owner: str) -> bool:
    """Whether an event is still this owner's to answer."""
    return connection.execute(select(events.c.id).where(*_held(id_, owner))).first() is not None


def takes_part(connection: Connection, thread: str) -> bool:
    """Whether something was asked in a conversation: by the event that began it, or later. An event that
    ended without a reply was none of its business."""
    begun = select(events.c.id).where(
        events.c.id == thread, or_(events.c.done_at.is_(None), events.c.reply.is_not(None))
    )
    asked = select(questions.c.id).where(questions.c.thread == thread).limit(1)
    return any(connection.execute(found).first() is not None for found in (begun, asked))


def take(connection: Connection, id_: str, owner: str, seconds: float) -> Event | None:
    """Lease an event for `seconds`; None where it is answered, or somebody else is at it."""
    moment = now()
    row = connection.execute(
        select(events).where(events.c.id == id_, events.c.done_at.is_(None)).with_for_update(skip_locked=True)
    ).first()
    if row is None or (row.lease_until and row.lease_until > moment and not is_dead(row.owner)):
        return None
    connection.execute(
        update(events)
        .where(events.c.id == id_)
        .values(owner=owner, lease_until=moment + timedelta(seconds=seconds), attempts=row.attempts + 1)
    )
    return _event(row, row.attempts + 1)


def renew(connection: Connection, owner: str, ids: Collection[str], seconds: float) -> None:
    """Prolong an owner's leases of those events that it is at; those that it has lost sight of end."""
    held = events.c.owner == owner, events.c.id.in_(ids), events.c.done_at.is_(None)
    connection.execute(update(events).where(*held).values(lease_until=now() + timedelta(seconds=seconds)))


def begin_reply(connection: Connection, id_: str, owner: str, reply: str | None) -> bool:
    """Note the message that answers an event. False: it is somebody else's by now."""
    changed = update(events).where(*_held(id_, owner)).values(reply=reply)
    return connection.execute(changed).rowcount == 1


def finish(connection: Connection, id_: str, owner: str) -> bool:
    """Note that an event is answered. False: it is somebody else's by now."""
    done = update(events).where(*_held(id_, owner)).values(owner=None, lease_until=None, done_at=now())
    return connection.execute(done).rowcount == 1


def give_back(connection: Connection, id_: str, owner: str, seconds: float = 0.0) -> None:
    """Leave an event to whoever takes it, not before `seconds` have passed."""
    later = now() + timedelta(seconds=seconds)
    connection.execute(update(events).where(*_held(id_, owner)).values(owner=None, lease_until=later))


def due(connection: Connection, platform: str, limit: int = 50) -> list[str]:
    """Events of a platform that nobody alive is answering, the oldest first."""
    moment = now()
    rows = connection.execute(
        select(events.c.id, events.c.owner, events.c.lease_until)
        .where(events.c.platform == platform, events.c.done_at.is_(None))
        .order_by(events.c.received_at, events.c.id)
    )
    free = (row.id for row in rows if not row.lease_until or row.lease_until <= moment or is_dead(row.owner))
    return [id_ for id_, _ in zip(free, range(limit), strict=False)]


def forget(connection: Connection, before: datetime) -> int:
    """Remove events that were answered before a moment: how many. No platform delivers again after hours."""
    old = delete(events).where(events.c.done_at < before)
    return connection.execute(old).rowcount


def _event(row: Row[Any], attempts: int) -> Event:
    return Event(row.id, row.content, attempts, row.reply, row.received_at)


def _held(id_: str, owner: str) -> Any:
    return events.c.id == id_, events.c.owner == owner, events.c.done_at.is_(None)
