"""Why an answer says what it says, for people in a chat: from what the ledger kept of it, and only that of it
which is still published, still says so, and is theirs to read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from bot import ranking
from bot.audience import principals_for, sources_for
from bot.messages import Citation, Claim, Outcome, Person
from bot.quoting import stands_in
from bot.wording import say
from config.errors import DeniedError
from ingest.documents import Readers, document_id
from ingest.knowledge import KnowledgeBase
from ingest.ledger import asking, confirming, now, reading, runs
from ingest.ledger.scanning import readers_of
from ingest.permissions import may_read
from workers.schedule import is_late

# The kinds of rules that keep a sentence out; the rules themselves may name its words, which are not shown.
_KINDS = (
    ("unpublished", re.compile("not published any more")),
    ("misquoted", re.compile("does not stand in the passage|it quotes nothing|it says nothing")),
    ("markup", re.compile("nothing of it may be shown")),
    (
        "unsupported",
        re.compile("its quotes? (does|has|is)|than its quotes?$|^it (has|says|puts|leaves out|is) "),
    ),
)
_UNREADABLE = "not readable by the asker"
"""Never told of: not even how many there were."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """How a source stands."""

    label: str
    state: str
    """`fresh`, `late`, `failed` (the last sync), or `never`."""
    synced_at: datetime | None
    """When a sync last ended well."""


@dataclass(frozen=True, slots=True)
class Explained:
    """What one person may know of why an answer says what it says."""

    reference: str
    language: str
    question: str | None
    """None: it was somebody else's, and is not shown."""
    asked_at: datetime
    outcome: Outcome
    certainty: str | None
    """`high`, `fair` or `low`: how near to the question what was found is; None: that was not the matter."""
    model: str | None
    """What worded it; None for quotations."""
    claims: tuple[Claim, ...]
    """Those that rest on nothing that is left out."""
    citations: tuple[Citation, ...]
    hidden: int
    """Citations that are left out."""
    dropped: Mapping[str, int]
    """Sentences that were considered and not shown, by what kept them out: `unpublished`, `misquoted`,
    `unsupported`, `markup`, `other`."""
    sources: tuple[Freshness, ...]
    """Those of the citations."""


def explain_answer(kb: KnowledgeBase, reference: str, person: Person, *, seen: bool = False) -> Explained:
    """Why the answer of that reference says what it says, as far as a person may know it.

    `seen`: they are in the conversation that it was given in. Raises `DeniedError`, in their language, where
    there is no such answer, or where it was not theirs and rests on something that they may not read.
    """
    principals = principals_for(kb, person)
    with kb.ledger.read() as ledger:
        row = asking.find_question(ledger, reference)
        if row is None or row.id != reference:
            raise DeniedError(say("why_unknown", person.language, reference=reference))
        cited = [_citation(one) for one in row.answer.get("citations", ())]
        shown = _readable(kb, ledger, cited, principals, external=person.external)
        states = freshness_of(kb, ledger, {one.source for one in shown})
    own = seen or (person.email is not None and row.person == person.email)
    if not own and len(shown) < len(cited):
        raise DeniedError(say("why_denied", person.language))
    numbers = {one.number for one in shown}
    claims = [Claim(one["text"], tuple(one["citations"])) for one in row.answer.get("claims", ())]
    return Explained(
        reference=row.id,
        language=person.language,
        question=row.text if own else None,
        asked_at=row.asked_at,
        outcome=Outcome(row.outcome),
        certainty=_certainty(Outcome(row.outcome), row.answer.get("confidence", 0.0)),
        model=row.answer.get("model"),
        claims=tuple(claim for claim in claims if numbers.issuperset(claim.citations)),
        citations=tuple(shown),
        hidden=len(cited) - len(shown),
        dropped=_counted(row.answer.get("dropped", ())),
        sources=tuple(states[name] for name in sorted(states)),
    )


def freshness_of(kb: KnowledgeBase, ledger: Connection, names: set[str]) -> dict[str, Freshness]:
    """How those of the named sources stand that are configured, by their names."""
    latest, counts = runs.latest(ledger), reading.synced_at(ledger)
    found = {}
    for source in kb.settings.sources:
        if source.name not in names:
            continue
        run = latest.get(source.name, {})
        schedule = kb.settings.schedule(source)
        if counts.get(source.name) is None:
            state = "never"
        elif run.get("state") == "failed":
            state = "failed"
        elif is_late(schedule, run.get("began_at"), kb.settings.sync, now()):
            state = "late"
        else:
            state = "fresh"
        found[source.name] = Freshness(source.label or source.name, state, counts.get(source.name))
    return found


def _readable(
    kb: KnowledgeBase, ledger: Connection, cited: Sequence[Citation], principals: Readers, *, external: bool
) -> list[Citation]:
    """Those of the citations that could be given to this person at this moment."""
    held = confirming.look(ledger, kb.connectors, kb.knowing).held
    told = sources_for(kb, frozenset(kb.connectors) - held, external=external) or frozenset()
    ids = {one.number: document_id(one.source, one.document) for one in cited}
    readers = {
        row.id: readers_of(row.readers) for row in reading.published_documents(ledger, set(ids.values()))
    }
    texts = reading.published_texts(ledger, [id_ for id_ in readers if may_read(principals, readers[id_])])
    return [
        one
        for one in cited
        if one.source in told and any(stands_in(one.quote, text) for text in texts.get(ids[one.number], ()))
    ]


def _citation(kept: Mapping[str, Any]) -> Citation:
    """A citation as the ledger keeps it."""
    moment = kept["updated_at"] and datetime.fromisoformat(kept["updated_at"])
    return Citation(**{**kept, "heading": tuple(kept["heading"]), "updated_at": moment})


def _certainty(outcome: Outcome, confidence: float) -> str | None:
    """A model may find nothing in what seemed near, and answer where quotation would not be sure."""
    match outcome:
        case Outcome.ANSWERED:
            return "high" if confidence >= ranking.SURE else "fair"
        case Outcome.PARTIAL:
            return "fair"
        case Outcome.NOT_FOUND:
            return "low"
        case _:
            return None


def _counted(dropped: Sequence[Mapping[str, str]]) -> dict[str, int]:
    rules = [one["rule"] for one in dropped if one["rule"] != _UNREADABLE]
    kinds = Counter(next((kind for kind, of in _KINDS if of.search(rule)), "other") for rule in rules)
    return {kind: kinds[kind] for kind in (*(kind for kind, _ in _KINDS), "other") if kinds[kind]}
