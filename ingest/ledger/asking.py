"""Questions: what was asked and answered, in which conversation, how often, and at what cost."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, or_, select, update

from ingest.documents import storable
from ingest.ledger.tables import questions, spending
from ingest.ledger.upserts import insert_if_absent

ANSWERED = "answered"
"""How a question ended that was answered: `bot.messages.Outcome` has the others."""
_LOOKED_AT = 5000
_ANSWERS = 5
_WORD = re.compile(r"\w+")


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


def reference_of(connection: Connection, message: str) -> str | None:
    """The reference of the latest answer to a message, by the platform's name of it."""
    found = select(questions.c.id).where(questions.c.message == storable(message))
    reference: str | None = connection.scalar(found.order_by(questions.c.asked_at.desc()).limit(1))
    return reference


def recent_of(connection: Connection, person: str, limit: int) -> list[Row[Any]]:
    """What a person asked last, the latest first: `id`, `text`, `outcome` and `asked_at`.

    A message that was edited counts once, as it is now; greetings and the like not at all.
    """
    rows = connection.execute(
        select(questions)
        .where(questions.c.person == storable(person), questions.c.text != "")
        .order_by(questions.c.asked_at.desc(), questions.c.id)
        .limit(4 * limit)
    )
    found: list[Row[Any]] = []
    seen = set()
    for row in rows:
        small_talk = row.outcome == ANSWERED and not row.answer.get("citations")
        if not small_talk and (row.message is None or row.message not in seen):
            found.append(row)
        seen.add(row.message)
    return found[:limit]


@dataclass(frozen=True, slots=True)
class Often:
    """A question that several people asked."""

    text: str
    """As it was asked last."""
    language: str
    people: int
    asked_at: datetime
    """When it was asked last."""
    cited: frozenset[tuple[str, str]]
    """What its answers rest on: sources, each with the connector's id of a document."""


def often_asked(connection: Connection, since: datetime, limit: int) -> list[Often]:
    """What at least two people asked since then and were answered: what most people asked first, of these the
    latest.

    Questions are the same that have the same words. Follow-ups, which cannot stand alone, are left out, and
    so is who gave no e-mail: two of them may be one.
    """
    asked = connection.execute(
        select(*(questions.c[name] for name in ("id", "person", "text", "language", "asked_at")))
        .where(
            questions.c.asked_at >= since,
            questions.c.outcome == ANSWERED,
            questions.c.person != "",
            questions.c.standalone.is_(None),
        )
        .order_by(questions.c.asked_at.desc(), questions.c.id)
        .limit(_LOOKED_AT)
    )
    alike: dict[str, list[Row[Any]]] = {}
    for row in asked:
        alike.setdefault(" ".join(_WORD.findall(row.text.casefold())), []).append(row)
    people = {words: len({row.person.lower() for row in rows}) for words, rows in alike.items() if words}
    # Sorting leaves those of as many people in their order, the latest first.
    best = sorted((words for words, count in people.items() if count > 1), key=lambda words: -people[words])
    found = []
    for words in best:
        latest, cited = alike[words][0], _cited(connection, [row.id for row in alike[words][:_ANSWERS]])
        if cited:
            found.append(Often(latest.text, latest.language, people[words], latest.asked_at, cited))
        if len(found) == limit:
            break
    return found


def _cited(connection: Connection, ids: Sequence[str]) -> frozenset[tuple[str, str]]:
    answers = connection.scalars(select(questions.c.answer).where(questions.c.id.in_(ids)))
    return frozenset(
        (one["source"], one["document"]) for answer in answers for one in answer.get("citations", ())
    )


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
