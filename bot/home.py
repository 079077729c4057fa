"""What a person sees who comes to Sabio without a question: what it knows, what they asked, and, if they run
it, how things stand and what waits for their word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.audience import principals_for, sources_for
from bot.explaining import Freshness, freshness_of
from bot.messages import Button, Outcome, Person
from bot.status import Status, status_of
from bot.wording import say
from ingest.holding import hold_of
from ingest.knowledge import KnowledgeBase
from ingest.ledger import asking, feedback, reading
from ingest.permissions import may_read

RECENT = 8
"""Questions of theirs that are shown."""
UNREAD = 5
"""Documents in quarantine that are named."""


@dataclass(frozen=True, slots=True)
class KnownSource:
    """A source that a person may be answered from, or that they look after."""

    name: str
    freshness: Freshness
    documents: int | None
    """Published ones; None for those who do not look after it."""
    resync: Button | None


@dataclass(frozen=True, slots=True)
class AskedBefore:
    """A question of theirs."""

    text: str
    outcome: Outcome
    at: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that waits for a person's word."""

    said: str
    buttons: tuple[Button, ...]


@dataclass(frozen=True, slots=True)
class Health:
    """What those who run Sabio are told."""

    processes: tuple[str, ...]
    """Their kinds, as `serve`."""
    index: str | None
    """The index collection that is answered from."""
    troubles: tuple[str, ...]
    """What is wrong, a line each."""
    waiting: tuple[Waiting, ...]
    quarantined: int
    unread: tuple[str, ...]
    """The first of the documents in quarantine, with their reasons."""
    feedback: int
    """What people found wrong with answers and nobody has looked at."""


@dataclass(frozen=True, slots=True)
class Home:
    """Everything that a person's home shows."""

    language: str
    sources: tuple[KnownSource, ...]
    questions: tuple[AskedBefore, ...]
    """The latest first."""
    health: Health | None
    """None for those who do not run it."""


def home_of(kb: KnowledgeBase, person: Person, admin: bool, language: str) -> Home:
    """What a person sees; `admin`: one of those who run Sabio. Raises `UnavailableError`."""
    principals = principals_for(kb, person)
    told = sources_for(kb, external=person.external)
    status = status_of(kb) if admin else None
    documents = {one.name: one.documents for one in status.sources} if status else {}
    with kb.ledger.read() as ledger:
        readable = {
            name
            for name, readers in reading.readers_by_source(ledger).items()
            if (told is None or name in told) and any(may_read(principals, each) for each in readers)
        }
        names = {source.name for source in kb.settings.sources} if admin else readable
        fresh = freshness_of(kb, ledger, names)
        recent = asking.recent_of(ledger, person.email, RECENT) if person.email else []
    return Home(
        language,
        tuple(
            KnownSource(
                name,
                fresh[name],
                documents.get(name),
                Button(say("home_resync", language), f"sync {name}") if admin else None,
            )
            for name in fresh
        ),
        tuple(AskedBefore(row.text, Outcome(row.outcome), row.asked_at) for row in recent),
        _health(kb, status, language) if status else None,
    )


def _health(kb: KnowledgeBase, status: Status, language: str) -> Health:
    with kb.ledger.read() as ledger:
        complaints = feedback.count_complaints(ledger)
    unread = [(source, one) for source in status.sources for one in source.quarantined]
    named = [
        say("home_unread", language, title=one.title, source=source.label, reason=one.reason)
        for source, one in unread[:UNREAD]
    ]
    return Health(
        processes=tuple(one.kind for one in status.processes),
        index=status.collection,
        troubles=tuple(kb.settings.masked(line) for line in _troubles(status, language)),
        waiting=tuple(_waiting(kb, status, language)),
        quarantined=len(unread),
        unread=tuple(kb.settings.masked(line) for line in named),
        feedback=complaints,
    )


def _troubles(status: Status, language: str) -> list[str]:
    return [
        say("home_trouble", language, source=one.label, reason=one.last_run.error)
        for one in status.sources
        if one.last_run and one.last_run.error
    ]


def _waiting(kb: KnowledgeBase, status: Status, language: str) -> Sequence[Waiting]:
    """Removals, sources whose answers got worse, and an index that was made anew."""
    found = []
    with kb.ledger.read() as ledger:
        worse = {one.name for one in status.sources if hold_of(kb.settings, ledger, one.name)}
    accept, sure = say("home_accept", language), say("home_accept_question", language)
    for one in status.sources:
        if one.held:
            asked = say("home_confirm_question", language, count=one.held, source=one.label)
            buttons = (
                Button(say("home_confirm", language), f"sync confirm {one.name}", asked),
                Button(say("home_discard", language), f"sync discard {one.name}"),
            )
            said = say("home_held", language, count=one.held, source=one.label)
            found.append(Waiting(said, buttons))
        if one.name in worse:
            said = say("home_worse", language, source=one.label)
            found.append(Waiting(said, (Button(accept, f"sync accept {one.name}", sure),)))
    if status.held_index:
        said = say("home_held_index", language, reason=status.held_index)
        discard = Button(say("home_discard_index", language), "sync discard index")
        found.append(Waiting(said, (Button(accept, "sync accept index", sure), discard)))
    return found
