"""What people think of answers: a vote, why it is one against, and the complaints that admins see to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from bot.messages import Outcome, Person
from config.errors import ConfigError
from config.telemetry import observe_metric
from ingest.knowledge import KnowledgeBase
from ingest.ledger import feedback

LONGEST = 1000
"""Characters of a comment that are kept."""


class Reason(StrEnum):
    """What is wrong with an answer."""

    WRONG = "wrong"
    OUTDATED = "outdated"
    INCOMPLETE = "incomplete"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Complaint:
    """A vote against an answer that no admin has seen to yet."""

    reference: str
    question: str
    outcome: Outcome
    asked_at: datetime
    who: str | None
    """An e-mail; None: somebody whose e-mail is not known."""
    reason: Reason | None
    """None: they did not say."""
    comment: str | None
    given_at: datetime


def vote(kb: KnowledgeBase, reference: str, person: Person, *, up: bool) -> None:
    """Keep what a person thinks of an answer; it takes the place of what they thought before.

    Raises `ConfigError` where nothing was asked under that reference, and `UnavailableError`.
    """
    with kb.ledger.write() as ledger:
        feedback.vote(ledger, _known(ledger, reference), _who(person), up=up)
    observe_metric("feedback", vote="up" if up else "down")


def explain(
    kb: KnowledgeBase, reference: str, person: Person, reason: Reason | None, comment: str | None = None
) -> None:
    """Keep why a person thinks an answer no good; a vote against it, if they had given none.

    Raises what `vote` raises.
    """
    said = (comment or "").strip()[:LONGEST] or None
    with kb.ledger.write() as ledger:
        feedback.explain(ledger, _known(ledger, reference), _who(person), reason, said)


def queue(kb: KnowledgeBase, limit: int | None = None) -> list[Complaint]:
    """The complaints that nobody has seen to, newest first."""
    with kb.ledger.read() as ledger:
        rows = feedback.complaints(ledger, limit)
    return [
        Complaint(
            reference=row.question,
            question=row.text,
            outcome=Outcome(row.outcome),
            asked_at=row.asked_at,
            who=row.person or None,
            reason=Reason(row.reason) if row.reason else None,
            comment=row.comment,
            given_at=row.given_at,
        )
        for row in rows
    ]


def close(kb: KnowledgeBase, reference: str, by: str | None) -> int:
    """Say that the complaints about an answer have been seen to, `by` whom: how many were open.

    Raises what `vote` raises.
    """
    with kb.ledger.write() as ledger:
        return feedback.close(ledger, _known(ledger, reference), by)


def _known(ledger: Connection, reference: str) -> str:
    known = feedback.reference_of(ledger, reference)
    if known is None:
        raise ConfigError(
            f"nothing was asked under the reference `{reference[:40]}`; it stands below the answer, as"
            " `89d6e3fc56`, and `sabio feedback` lists those of answers that somebody complained of"
        )
    return known


def _who(person: Person) -> str:
    return (person.email or "").strip().lower()
