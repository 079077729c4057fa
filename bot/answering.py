"""The pipeline of an answer: retrieve, rank, decide whether to answer, draft, verify, and say it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bot import drafting, ranking, wording
from bot.messages import Answer, Citation, Claim, Dropped, Outcome, Suggestion
from bot.ranking import Ranked
from bot.retrieval import Found, Scored, retrieve
from bot.sentences import units
from bot.verification import Draft, verify
from config.tracing import span
from ingest.documents import Readers
from ingest.knowledge import KnowledgeBase
from ingest.ledger import reading
from ingest.permissions import may_read

POOL = 50
"""Passages that are looked at for suggestions; `ranking.READ` of them are read closely."""
SUGGESTIONS = 5


@dataclass(frozen=True, slots=True)
class Inspection:
    """Everything that an answer is decided on."""

    found: Found
    ranked: Sequence[Ranked]
    """Units of the best passages, best first."""
    confidence: float
    """The estimated chance, 0 to 1, that the best units answer the question."""
    outcome: Outcome


def inspect(kb: KnowledgeBase, text: str, principals: Readers) -> Inspection:
    """Look for an answer that a person with these principals may read. Raises `UnavailableError`."""
    with span("retrieve") as told:
        found = retrieve(kb, text, principals, limit=POOL)
        told.set(passages=len(found.passages), dropped=len(found.dropped))
    with span("rank") as told:
        ranked = ranking.rank(found, found.encoder)
        confidence = ranking.confidence(found, ranked, found.encoder)
        told.set(units=len(ranked))
    if confidence >= ranking.SURE:
        outcome = Outcome.ANSWERED
    elif confidence >= ranking.MAYBE:
        outcome = Outcome.PARTIAL
    else:
        outcome = Outcome.NOT_FOUND
    return Inspection(found, ranked, confidence, outcome)


def answer(kb: KnowledgeBase, text: str, principals: Readers, audience: Readers | None = None) -> Answer:
    """Answer a question with quotes that were checked.

    `principals` are the asker's; `audience` are those that everyone in the conversation has, None where only
    the asker reads along. Raises `UnavailableError`: an outage is never told as "not found".
    """
    if audience is None:
        return compose(kb, inspect(kb, text, principals))
    # A search of its own: what only the asker may read takes no part in the answer that all will see.
    shared = principals & audience
    reply = compose(kb, inspect(kb, text, shared))
    if reply.outcome is not Outcome.NOT_FOUND or shared == principals:
        return reply
    private = inspect(kb, text, principals)
    if compose(kb, private).outcome is Outcome.NOT_FOUND:
        return reply
    if may_read(shared, private.ranked[0].passage.passage.readers):
        return reply  # what is private would only have tipped the scales for what is not
    return Answer(Outcome.NOT_ALLOWED, reply.language, wording.say("not_allowed", reply.language))


def compose(kb: KnowledgeBase, inspection: Inspection) -> Answer:
    """The answer that an inspection calls for."""
    dropped = list(inspection.found.dropped)
    if inspection.outcome is not Outcome.NOT_FOUND:
        drafts, refused = verify(drafting.quote(inspection.ranked, kb.settings.answers.sentences))
        dropped += [Dropped(draft.text, rule) for draft, rule in refused]
        if drafts:
            return _said(kb, inspection, drafts, dropped)
    return _not_found(kb, inspection, dropped)


def _not_found(kb: KnowledgeBase, inspection: Inspection, dropped: Sequence[Dropped]) -> Answer:
    language = inspection.found.question.language
    suggestions = _suggestions(inspection.found.passages, inspection.ranked)
    notes = _notes(kb, {one.source for one in suggestions}, inspection.found.held, language)
    lines = [wording.say("not_found", language)]
    if suggestions:
        lines.append(wording.say("nearest", language))
        lines += [wording.say("page", language, title=one.title, quote=one.quote) for one in suggestions]
        author = inspection.found.passages[0].passage.author
        if author:
            lines.append(wording.say("whom", language, author=author))
    return Answer(
        Outcome.NOT_FOUND,
        language,
        "\n".join([*lines, *notes]),
        suggestions=suggestions,
        dropped=tuple(dropped),
        notes=tuple(notes),
        confidence=inspection.confidence,
    )


def _said(
    kb: KnowledgeBase, inspection: Inspection, drafts: Sequence[Draft], dropped: Sequence[Dropped]
) -> Answer:
    language = inspection.found.question.language
    citations = _citations(kb, drafts, language)
    claims = [Claim(draft.text, (number,)) for number, draft in enumerate(drafts, 1)]
    cited = {draft.evidence[0].passage.document for draft in drafts}
    others = [one for one in inspection.found.passages if one.passage.document not in cited]
    notes = _notes(kb, {one.source for one in citations}, inspection.found.held, language)
    lines = [] if inspection.outcome is Outcome.ANSWERED else [wording.say("maybe", language)]
    above = None
    for draft, claim, citation in zip(drafts, claims, citations, strict=True):
        passage = draft.evidence[0].passage
        if passage.document != above:
            above = passage.document
            lines.append(_frame(citation, language))
        lines.append(f"- {' '.join(claim.text.split())} [{citation.number}]")
        if citation.translation:
            lines[-1] += " " + wording.say("translated", language, text=citation.translation)
    return Answer(
        inspection.outcome,
        language,
        "\n".join([*lines, *notes]),
        tuple(claims),
        tuple(citations),
        tuple(dropped),
        _suggestions(others, inspection.ranked)[: SUGGESTIONS - min(len(cited), 2)],
        tuple(notes),
        confidence=inspection.confidence,
    )


def _frame(citation: Citation, language: str) -> str:
    if citation.updated_at is None:
        return wording.say("according_to", language, title=citation.title)
    day = wording.date(citation.updated_at, language)
    return wording.say("according_to_dated", language, title=citation.title, date=day)


def _citations(kb: KnowledgeBase, drafts: Sequence[Draft], language: str) -> list[Citation]:
    spoken = [draft.evidence[0].passage.chunk.language for draft in drafts]
    translations: dict[int, str | None] = {}
    for foreign in sorted(set(spoken) - {language}):
        places = [place for place, each in enumerate(spoken) if each == foreign]
        texts = [drafts[place].text for place in places]
        made = kb.encoder.translator.translate(texts, foreign, language)
        translations.update(zip(places, made, strict=True))
    return [_citation(place + 1, draft, translations.get(place)) for place, draft in enumerate(drafts)]


def _citation(number: int, draft: Draft, translation: str | None) -> Citation:
    evidence = draft.evidence[0]
    passage = evidence.passage
    return Citation(
        number=number,
        source=passage.source,
        document=passage.entry,
        title=passage.title,
        url=passage.url,
        heading=passage.chunk.heading,
        page=passage.chunk.page,
        quote=evidence.quote,
        updated_at=passage.updated_at,
        author=passage.author,
        language=passage.chunk.language,
        translation=translation,
    )


def _suggestions(passages: Sequence[Scored], ranked: Sequence[Ranked]) -> tuple[Suggestion, ...]:
    """The nearest pages, each once, with the unit of it that comes nearest."""
    best: dict[str, str] = {}
    for one in ranked:
        best.setdefault(one.passage.passage.document, one.unit.quote)
    found: dict[str, Suggestion] = {}
    for scored in passages:
        passage = scored.passage
        if passage.document not in found:
            words = best.get(passage.document) or next((unit.quote for unit in units(passage.text)), "")
            found[passage.document] = Suggestion(
                passage.title, passage.url, passage.source, passage.entry, words
            )
    return tuple(found.values())[:SUGGESTIONS]


def _notes(kb: KnowledgeBase, sources: set[str], held: Collection[str], language: str) -> list[str]:
    with kb.ledger.read() as ledger:
        broken = [name for name in sorted(sources) if reading.last_outcome(ledger, name) == "failed"]
    labels = {source.name: source.label or source.name for source in kb.settings.sources}
    said = [("broken_source", name) for name in broken] + [("restored_source", name) for name in sorted(held)]
    return [wording.say(words, language, source=labels.get(name, name)) for words, name in said]
