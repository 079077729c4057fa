"""What people think of the answers that they were given: one vote a person and question, which may change."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, select, update

from ingest.documents import storable
from ingest.ledger import now
from ingest.ledger.tables import feedback, questions
from ingest.ledger.upserts import insert_if_absent

_OPEN = and_(feedback.c.up.is_(False), feedback.c.closed_at.is_(None))
_REOPENED = {"closed_at": None, "closed_by": None}


def reference_of(connection: Connection, words: str) -> str | None:
    """The reference that a person means, as it is kept; None where nothing was asked under it."""
    return connection.scalar(select(questions.c.id).where(questions.c.id == storable(words.strip())))


def vote(connection: Connection, question: str, person: str, *, up: bool) -> None:
    """Keep what a person thinks of an answer, in place of what they thought before.

    What a vote for it replaces is forgotten; a vote against it that was for it is a new complaint. The same
    vote again changes nothing, so that a reason that was given stays.
    """
    if not _begin(connection, question, person, up=up):
        changed = {"up": up, "reason": None, "comment": None, "given_at": now(), **({} if up else _REOPENED)}
        mine = (*_of(question, person), feedback.c.up != up)
        connection.execute(update(feedback).where(*mine).values(**changed))


def explain(
    connection: Connection, question: str, person: str, reason: str | None, comment: str | None
) -> None:
    """Keep why a person thinks an answer no good, which is a vote against it as well. What was closed is open
    again: there is something new to see to."""
    _begin(connection, question, person, up=False)
    said = {"up": False, "reason": reason, "comment": comment, "given_at": now(), **_REOPENED}
    connection.execute(update(feedback).where(*_of(question, person)).values(**said))


def complaints(connection: Connection, limit: int | None = None) -> list[Row[Any]]:
    """Votes against answers that nobody has seen to, newest first, each with its question."""
    wanted = (
        select(feedback, questions.c.text, questions.c.outcome, questions.c.asked_at)
        .join(questions, questions.c.id == feedback.c.question)
        .where(_OPEN)
        .order_by(feedback.c.given_at.desc(), feedback.c.question, feedback.c.person)
    )
    return list(connection.execute(wanted.limit(limit)))


def count_complaints(connection: Connection) -> int:
    """How many there are."""
    return connection.scalar(select(func.count()).select_from(feedback).where(_OPEN)) or 0


def close(connection: Connection, question: str, by: str | None) -> int:
    """Note who has seen to the complaints about an answer: how many were open."""
    closed = {"closed_at": now(), "closed_by": by}
    mine = (feedback.c.question == question, _OPEN)
    return connection.execute(update(feedback).where(*mine).values(**closed)).rowcount


def _begin(connection: Connection, question: str, person: str, *, up: bool) -> bool:
    """Make the row of a person's vote, if there is none: whether there was none."""
    row = {"question": question, "person": storable(person), "up": up, "given_at": now()}
    return insert_if_absent(connection, feedback, row)


def _of(question: str, person: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return feedback.c.question == question, feedback.c.person == storable(person)
