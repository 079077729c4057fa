"""Why something is answered or not: where a document stands, or what an answer was decided on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, Row

from bot.answering import compose, inspect
from bot.messages import Claim, Dropped
from bot.permission import Permission, permission_of
from bot.ranking import MAYBE, SURE
from config.errors import SabioError
from ingest.knowledge import KnowledgeBase
from ingest.ledger import asking, reading
from ingest.ledger.scanning import readers_of

State = Literal["not_listed", "ignored", "pending", "quarantined", "held", "published", "removed"]
UNITS = 10
"""Of the ranked units, how many are told."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one document stands. Where several things are true, `state` is what a person must know first."""

    source: str | None
    """None for a document that no source could be found for."""
    document: str
    """The connector's id."""
    state: State
    title: str | None = None
    url: str | None = None
    configured: bool = True
    """Whether its source is still configured; what is not is not answered from."""
    ignored: str | None = None
    """The rule that leaves it out of its source's listing."""
    published: dict[str, Any] | None = None
    """When, as which revision, how many chunks, which language; None if it never was or is no more."""
    pending: dict[str, Any] | None = None
    """What is due for it, how often that was tried, and why it failed then."""
    quarantined: dict[str, Any] | None = None
    """Why it could not be read, after how many attempts, since when."""
    missing_since: datetime | None = None
    """Its source does not list it any more, and its removal is held."""
    removed_at: datetime | None = None
    readers: list[str] | None = None
    """None: unknown, so nobody."""
    permission: Permission | None = None
    """Of the person that was asked for."""
    problem: str | None = None
    """Why its source could not be asked just now."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What an answer is decided on, now; and how it was answered when it was asked."""

    question: str
    person: str | None
    language: str
    terms: list[str]
    pivot: str | None
    """The question in the embedding model's language, if it was translated."""
    outcome: str
    confidence: float
    thresholds: dict[str, float]
    """From which confidence on an answer is given, and given with reserve."""
    passages: list[dict[str, Any]]
    """What was found, best first, with scores: fused, by words, by meaning."""
    units: list[dict[str, Any]]
    """The best sentences and table rows, best first, with what speaks for them."""
    claims: list[Claim]
    dropped: list[Dropped]
    asked: dict[str, Any] | None = None
    """The question as it stands in the ledger, if it was asked before."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The reply to `why`: documents, or a question's decision."""

    kind: Literal["document", "question"]
    documents: list[Standing] = field(default_factory=list)
    question: Decision | None = None


def explain(kb: KnowledgeBase, subject: str, email: str | None = None) -> Explanation:
    """Explain a document, a question, or an answer by its reference.

    A document is named by its id, path, `source/path`, title, address or file. `email` is the person whose
    permissions count. Raises `UnavailableError` when a question cannot be asked.
    """
    subject = subject.strip()
    with kb.ledger.read() as ledger:
        asked = asking.find_question(ledger, subject)
        standings = [] if asked else _documents(kb, ledger, subject, email)
    if standings:
        return Explanation("document", standings)
    return Explanation("question", question=_decision(kb, subject, asked, email))


def _documents(kb: KnowledgeBase, ledger: Connection, subject: str, email: str | None) -> list[Standing]:
    address = subject.partition("#")[0] if "://" in subject else subject
    rows = reading.find_documents(ledger, address)
    places = _places(kb, address)
    if not rows:
        rows = [
            row for name, path in places for row in reading.find_documents(ledger, path) if row.source == name
        ]
    if rows:
        return [_known(kb, ledger, row, email) for row in rows]
    if not places and _is_path(address):
        places = [(name, address) for name in kb.connectors]
    unlisted = [_unlisted(kb, name, path) for name, path in places]
    if not unlisted and _is_path(address):
        return [Standing(None, address, "not_listed")]
    # Where one source leaves it out by a rule, that the others do not know it says nothing.
    return [one for one in unlisted if one.ignored] or unlisted


def _places(kb: KnowledgeBase, subject: str) -> list[tuple[str, str]]:
    """Sources and ids that a subject names outright: `source/path`, or a file below a source's folder."""
    name, slash, path = subject.partition("/")
    places = [(name, path)] if slash and path and name in kb.connectors else []
    for source, connector in kb.connectors.items():
        root = getattr(connector, "path", None)
        file = Path(subject).absolute()
        if isinstance(root, Path) and file != root and file.is_relative_to(root):
            places.append((source, file.relative_to(root).as_posix()))
    return places


def _is_path(subject: str) -> bool:
    """Whether this can only be a document, and not a question."""
    ending = subject.rpartition(".")[2]
    return "?" not in subject and (
        "://" in subject
        or ("/" in subject and " " not in subject)
        or (ending.isalnum() and ending != subject)
    )


def _known(kb: KnowledgeBase, ledger: Connection, row: Row[Any], email: str | None) -> Standing:
    standing = reading.standing(ledger, row.id)
    rule, problem = _ignored(kb, row.source, row.entry)
    readers = readers_of(row.readers)
    published = {
        "at": row.published_at,
        "revision": row.revision,
        "chunks": standing["chunks"],
        "language": row.language,
        "author": row.author,
        "updated_at": row.updated_at,
    }
    return Standing(
        source=row.source,
        document=row.entry,
        state=_state(row, standing, rule),
        title=row.title,
        url=row.url,
        configured=row.source in kb.connectors,
        ignored=rule,
        published=published if row.revision is not None else None,
        pending=_chosen(standing["pending"], "action", "attempts", "reason", "not_before"),
        quarantined=_chosen(standing["quarantine"], "reason", "attempts", "since"),
        missing_since=row.missing_since,
        removed_at=row.removed_at,
        readers=None if readers is None else sorted(readers),
        permission=permission_of(kb, ledger, row, email) if email else None,
        problem=problem,
    )


def _state(row: Row[Any], standing: Mapping[str, Any], rule: str | None) -> State:
    if row.removed_at is not None:
        return "ignored" if rule else "removed"
    if standing["quarantine"]:
        return "quarantined"
    if standing["pending"]:
        return "pending"
    if row.missing_since is not None:
        return "held"
    return "published" if row.revision is not None else "not_listed"


def _chosen(row: Mapping[str, Any] | None, *names: str) -> dict[str, Any] | None:
    return {name: row[name] for name in names} if row else None


def _unlisted(kb: KnowledgeBase, source: str, path: str) -> Standing:
    rule, problem = _ignored(kb, source, path)
    return Standing(source, path, "ignored" if rule else "not_listed", ignored=rule, problem=problem)


def _ignored(kb: KnowledgeBase, source: str, entry: str) -> tuple[str | None, str | None]:
    """The rule that leaves an id out, and why its source could not be asked."""
    connector = kb.connectors.get(source)
    try:
        return (connector.ignored(entry) if connector else None), None
    except SabioError as error:
        return None, str(error)


def _decision(kb: KnowledgeBase, subject: str, asked: Row[Any] | None, email: str | None) -> Decision:
    text = (asked.standalone or asked.text) if asked else subject
    person = email or (asked.person if asked else None)
    inspection = inspect(kb, text, kb.principals(person))
    answer = compose(kb, inspection)
    question = inspection.found.question
    return Decision(
        question=text,
        person=person,
        language=question.language,
        terms=list(question.terms),
        pivot=question.pivot,
        outcome=answer.outcome.value,
        confidence=round(inspection.confidence, 4),
        thresholds={"answered": SURE, "partial": MAYBE},
        passages=[_passage(one) for one in inspection.found.passages],
        units=[_unit(one) for one in inspection.ranked[:UNITS]],
        claims=list(answer.claims),
        dropped=list(answer.dropped),
        # Told with somebody's permissions, another's answer may say what they may not read.
        asked=_asked(asked) if asked and asked.person == person else None,
    )


def _asked(row: Row[Any]) -> dict[str, Any]:
    return {
        "reference": row.id,
        "at": row.asked_at,
        "person": row.person,
        "platform": row.platform,
        "outcome": row.outcome,
        "text": row.answer.get("text"),
        "asked": row.text,
        "standalone": row.standalone,
        "model": row.answer.get("model"),
        "dropped": row.answer.get("dropped", []),
        "seconds": row.seconds,
    }


def _passage(one: Any) -> dict[str, Any]:
    passage = one.passage
    return {
        "source": passage.source,
        "document": passage.entry,
        "title": passage.title,
        "heading": list(passage.chunk.heading),
        "page": passage.chunk.page,
        "language": passage.chunk.language,
        "score": round(one.score, 4),
        "words": round(one.words, 4),
        "dense": round(one.dense, 4),
        "text": passage.text,
    }


def _unit(one: Any) -> dict[str, Any]:
    features = {name: round(value, 4) for name, value in asdict(one.features).items()}
    return {
        "quote": one.unit.quote,
        "source": one.passage.passage.source,
        "document": one.passage.passage.entry,
        "title": one.passage.passage.title,
        "score": round(one.score, 4),
        "features": features,
    }
