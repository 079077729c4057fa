"""The pipeline of an answer: retrieve, rank, decide whether to answer, draft, verify, and say it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot import drafting, prompts, ranking, wording
from bot.agreement import find_dispute, newest_first
from bot.composing import Composer, Show
from bot.glossary import glossary_of
from bot.messages import Answer, Dropped, Outcome
from bot.ranking import Ranked
from bot.reranking import rerank
from bot.retrieval import Found, retrieve
from bot.verification import Draft, Verifier, verify
from bot.writer import Writer
from bot.writing import Written, write
from config.errors import ConfigError
from config.tracing import span
from ingest.documents import Readers
from ingest.knowledge import KnowledgeBase
from ingest.permissions import may_read

POOL = 50
"""Passages that are looked at for suggestions; `ranking.READ` of them are read closely."""
PROMPTED = 8
"""Passages that a language model is given."""
HOPELESS = 0.2
"""Below this confidence a language model is not asked either: nothing was found that has to do with it."""


@dataclass(frozen=True, slots=True)
class Venue:
    """Where an answer is said, as far as it depends on that."""

    sources: frozenset[str] | None = None
    """Those that are answered from; None: all."""
    shared: frozenset[str] | None = None
    """Those of them that everybody who reads along may be told of; None: all of them."""
    tone: str | None = None
    """How a language model should sound; None: as the settings say."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """Everything that an answer is decided on."""

    found: Found
    ranked: Sequence[Ranked]
    """Units of the best passages, best first."""
    confidence: float
    """The estimated chance, 0 to 1, that the best units answer the question."""
    outcome: Outcome


def inspect(
    kb: KnowledgeBase, text: str, principals: Readers, sources: frozenset[str] | None = None
) -> Inspection:
    """Look for an answer that a person with these principals may read, in those sources (None: all).

    Raises `UnavailableError`.
    """
    with span("retrieve") as told:
        found = rerank(kb, retrieve(kb, text, principals, sources=sources, limit=POOL))
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


def answer(
    kb: KnowledgeBase,
    text: str,
    principals: Readers,
    audience: Readers | None = None,
    *,
    writer: Writer | None = None,
    show: Show | None = None,
    venue: Venue = Venue(),
) -> Answer:
    """Answer a question with claims that were checked, one by one told to `show`.

    `principals` are the asker's; `audience` are those that everyone in the conversation has, None where only
    the asker reads along. `writer` words the answer; without one it is quoted. Raises `UnavailableError`: an
    outage is never told as "not found".
    """
    if audience is None:
        return respond(kb, inspect(kb, text, principals, venue.sources), writer, show, venue.tone)
    # A search of its own: what only the asker may read takes no part in the answer that all will see.
    shared, sources = principals & audience, venue.sources if venue.shared is None else venue.shared
    reply = respond(kb, inspect(kb, text, shared, sources), writer, show, venue.tone)
    if reply.outcome is not Outcome.NOT_FOUND or (shared, sources) == (principals, venue.sources):
        return reply
    private = inspect(kb, text, principals, venue.sources)
    if compose(kb, private).outcome is Outcome.NOT_FOUND:
        return reply
    best = private.ranked[0].passage.passage
    if may_read(shared, best.readers) and (sources is None or best.source in sources):
        return reply  # what is private would only have tipped the scales for what is not
    hint = Answer(Outcome.NOT_ALLOWED, reply.language, wording.say("not_allowed", reply.language))
    return replace(hint, model=reply.model, tokens=reply.tokens)


def respond(
    kb: KnowledgeBase,
    inspection: Inspection,
    writer: Writer | None,
    show: Show | None = None,
    tone: str | None = None,
) -> Answer:
    """The answer in a language model's words where there is one that works, and by quotation otherwise."""
    if writer is None or not inspection.found.passages or inspection.confidence < HOPELESS:
        return compose(kb, inspection, show)
    composer = _composer(kb, inspection, show)
    with span("write") as told:
        written = _written(kb, inspection, writer, composer, tone)
        told.set(kept=len(written.kept), dropped=len(written.dropped))
    dropped = [*inspection.found.dropped, *written.dropped]
    if written.kept:
        dispute = find_dispute(inspection.found, written.kept, inspection.ranked)
        if dispute is not None:
            composer.quote(verify(dispute.unsaid)[0])
        whole = not (written.missing or written.failure) and len(written.dropped) < len(written.kept)
        notes = [wording.say("model_broke_off", composer.language)] if written.failure else []
        notes += composer.disputed(dispute)
        outcome = Outcome.ANSWERED if whole else Outcome.PARTIAL
        reply = composer.answer(outcome, dropped, notes, written=True)
    elif written.understood and written.failure is None:
        reply = composer.not_found(dropped)
    else:
        # A model that says nothing that can be understood, or broke off before, is no reason to say nothing.
        wrong = "model_misconfigured" if isinstance(written.failure, ConfigError) else "model_away"
        reply = compose(kb, inspection, show, dropped, [wording.say(wrong, composer.language)])
        return replace(reply, tokens=written.tokens)
    return replace(reply, model=written.model, tokens=written.tokens)


def _written(
    kb: KnowledgeBase, inspection: Inspection, writer: Writer, composer: Composer, tone: str | None
) -> Written:
    found, settings = inspection.found, kb.settings
    question = found.question
    passages = [one.passage for one in found.passages[:PROMPTED]]
    prompt = prompts.answering(
        question.text,
        question.language,
        passages,
        tone=settings.tone if tone is None else tone,
        glossary=glossary_of(settings.glossary, [question.text, *(one.text for one in passages)]),
    )
    verifier = Verifier(found.encoder, question)

    def check(draft: Draft) -> str | None:
        return verifier.broken_rule(draft) or composer.broken_rule(draft)

    return write(writer, prompt, passages, check, composer.say, strict=settings.verify == "strict")


def compose(
    kb: KnowledgeBase,
    inspection: Inspection,
    show: Show | None = None,
    dropped: Sequence[Dropped] = (),
    notes: Sequence[str] = (),
) -> Answer:
    """The answer by quotation that an inspection calls for."""
    composer = _composer(kb, inspection, show)
    dropped = [*(dropped or inspection.found.dropped)]
    if inspection.outcome is not Outcome.NOT_FOUND:
        limit = kb.settings.answers.sentences
        drafts, refused = verify(drafting.quote(inspection.ranked, limit))
        refused += [(draft, rule) for draft in drafts if (rule := composer.broken_rule(draft))]
        dropped += [Dropped(draft.text, rule) for draft, rule in refused]
        drafts = [draft for draft in drafts if not composer.broken_rule(draft)]
        if drafts:
            dispute = find_dispute(inspection.found, drafts, inspection.ranked)
            if dispute is not None:
                unsaid = verify(dispute.unsaid)[0]
                drafts = newest_first([*drafts[: limit - len(unsaid)], *unsaid], dispute)
            composer.quote(drafts)
            return composer.answer(inspection.outcome, dropped, [*notes, *composer.disputed(dispute)])
    return composer.not_found(dropped, notes)


def _composer(kb: KnowledgeBase, inspection: Inspection, show: Show | None) -> Composer:
    return Composer(kb, inspection.found, inspection.ranked, inspection.confidence, show)
