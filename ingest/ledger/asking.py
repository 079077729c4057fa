"""Questions: what was asked and answered, in which conversation, how often, and at what cost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, or_, select, update

from ingest.documents import storable
from ingest.ledger.tables import questions, spending
from ingest.ledger.upserts import insert_if_absent


def keep_question(connection: Connection, values: Mapping[str, Any]) -> None:
    """Write down a question with its outcome and answer."""
    connection.execute(insert(questions).values(**values))


def find_question(connection: Connection, words: str) -> Row[Any] | None:
    """The latest question of that reference or wording."""
    words = storable(words)
    return connection.execute(
        select(questions)
        .where(or_(questions.c.id == words, questions.c.text == words))
        .order_by(questions.c.asked_at.desc())
        .limit(1)
    ).first()


def earlier_questions(
    connection: Connection, thread: str, since: datetime, limit: int, message: str | None = None
) -> list[str]:
    """What was asked last in a conversation, oldest first, each as it was searched for.

    A message that was edited counts as it was asked last, and the one named `message`, which is being asked
    anew, not at all.
    """
    rows = connection.execute(
        select(questions.c.text, questions.c.standalone, questions.c.message)
        .where(questions.c.thread == storable(thread), questions.c.asked_at >= since)
        .order_by(questions.c.asked_at.desc(), questions.c.id)
        .limit(4 * limit)
    )
    found: list[str] = []
    seen = {message} - {None}
    for row in rows:
        if row.message is not None and row.message in seen:
            continue
        seen.add(row.message)
        found.append(row.standalone or row.text)
    return found[:limit][::-1]


def count_asked(connection: Connection, person: str, since: datetime, besides: str) -> int:
    """How many questions a person asked since then, besides those with that outcome."""
    asked = (
        questions.c.person == storable(person),
        questions.c.asked_at >= since,
        questions.c.outcome != besides,
    )
    return connection.scalar(select(func.count()).select_from(questions).where(*asked)) or 0


def spend(
    connection: Connection, day: str, person: str, tokens_in: int, tokens_out: int, cost: float
) -> None:
    """Add to what a person's questions took on a day; negative for what was counted too high before."""
    mine = {"day": day, "person": storable(person)}
    insert_if_absent(connection, spending, {**mine, "tokens_in": 0, "tokens_out": 0, "cost": 0.0})
    connection.execute(
        update(spending)
        .where(spending.c.day == day, spending.c.person == mine["person"])
        .values(
            tokens_in=spending.c.tokens_in + tokens_in,
            tokens_out=spending.c.tokens_out + tokens_out,
            cost=spending.c.cost + cost,
        )
    )


def spent(connection: Connection, day: str, person: str | None = None) -> float:
    """What a person's questions cost on a day, or everybody's."""
    wanted = select(func.coalesce(func.sum(spending.c.cost), 0.0)).where(spending.c.day == day)
    if person is not None:
        wanted = wanted.where(spending.c.person == storable(person))
    return float(connection.scalar(wanted) or 0.0)
