"""The one way in: a message from any platform becomes an answer, and errors become words."""

from __future__ import annotations

import logging
import time
import unicodedata
import uuid
from dataclasses import asdict, replace

from bot import limits, wording
from bot.answering import Venue, answer
from bot.audience import principals_for, sources_for
from bot.composing import Show, StoppedError, with_note
from bot.conversation import stand_alone, thread_of
from bot.messages import Answer, Message, Outcome
from bot.smalltalk import kind_of
from bot.spending import Bill, spending
from bot.writer import Writer, open_writer
from config.errors import ConfigError, UnavailableError
from config.telemetry import bind, observe_metric
from config.tracing import span
from ingest.knowledge import KnowledgeBase
from ingest.language import detect
from ingest.ledger import asking, now

log = logging.getLogger("bot")

LONGEST = 2000
"""Characters of a question that are read: more than any question has, less than what would slow others."""


def handle(kb: KnowledgeBase, message: Message, show: Show | None = None) -> Answer:
    """Answer a message. Whatever happens there is a reply, with a reference that finds it in the ledger.

    `show` is told of each sentence of the answer as soon as it was checked. When it raises `StoppedError`,
    nobody wants the answer any more: this raises the same, and nothing is kept.
    """
    started = time.monotonic()
    reference = uuid.uuid4().hex[:10]
    message = replace(message, text=_make_plain(message.text)[:LONGEST])
    with bind(question=reference), span("question", question=reference, platform=message.platform) as told:
        reply, standalone = _reply(kb, message, reference, show)
        told.set(outcome=reply.outcome.value, language=reply.language, citations=len(reply.citations))
        reply = replace(reply, reference=reference, seconds=round(time.monotonic() - started, 3))
        if message.floor is None or is_sure(reply, message.floor):
            _keep(kb, message, reply, standalone)
    observe_metric("questions", outcome=reply.outcome.value)
    observe_metric("question_seconds", reply.seconds)
    return reply


def is_sure(answer: Answer, floor: float) -> bool:
    """Whether an answer may be given that nobody asked Sabio for."""
    return answer.outcome is Outcome.ANSWERED and bool(answer.citations) and answer.confidence >= floor


def _reply(
    kb: KnowledgeBase, message: Message, reference: str, show: Show | None
) -> tuple[Answer, str | None]:
    """The answer, and the question as it was searched for where that is not the message itself."""
    language = "en"
    try:
        language = detect(message.text)
        with limits.turn(kb, message.person.email, message.platform, language):
            return _answer(kb, message, language, show)
    except UnavailableError as error:
        log.info("question %s could not be answered: %s", reference, error)
        return _unavailable(kb.settings.masked(str(error)), language, reference), None
    except ConfigError as error:
        log.error("question %s could not be answered: %s", reference, error)  # noqa: TRY400 - no trace needed
        return _unavailable(wording.say("misconfigured", language), language, reference), None
    except StoppedError:
        raise
    except Exception:
        log.exception("question %s failed", reference)
        return _unavailable(wording.say("internal", language), language, reference), None


def _make_plain(text: str) -> str:
    """A text without what no database stores and no language has: control characters, halves of letters."""
    kept = text.encode("utf-8", "replace").decode()
    return "".join(" " if unicodedata.category(letter) == "Cc" else letter for letter in kept).strip()


def _answer(
    kb: KnowledgeBase, message: Message, language: str, show: Show | None
) -> tuple[Answer, str | None]:
    person = message.person
    sources = sources_for(kb, message.sources, external=person.external)
    if person.external and not sources:
        return Answer(Outcome.NOT_ALLOWED, language, wording.say("colleagues_only", language)), None
    if not message.text:
        return Answer(Outcome.NOT_FOUND, language, wording.say("empty_question", language)), None
    venue = Venue(sources, sources_for(kb, sources, external=message.outsiders), message.tone)
    if kind := kind_of(message.text):
        said = wording.say(kind, language, sources=_named(kb, venue.shared))
        return Answer(Outcome.ANSWERED, language, said, confidence=1.0), None
    writer = kb.keep("writer", lambda: open_writer(kb.settings))
    if writer is None:
        return _found(kb, message, venue, None, None, show)
    with spending(kb, person.email) as bill:
        reply, standalone = _found(kb, message, venue, writer if bill else None, bill, show)
    return (reply if bill else with_note(reply, wording.say("spent", reply.language))), standalone


def _named(kb: KnowledgeBase, sources: frozenset[str] | None) -> str:
    """The sources as people know them; none of them where none may be named."""
    told = (source for source in kb.settings.sources if sources is None or source.name in sources)
    return ", ".join(source.label or source.name for source in told) or "…"


def _found(
    kb: KnowledgeBase,
    message: Message,
    venue: Venue,
    writer: Writer | None,
    bill: Bill | None,
    show: Show | None,
) -> tuple[Answer, str | None]:
    question, tokens = stand_alone(kb, message, writer)
    principals = principals_for(kb, message.person)
    reply = answer(kb, question, principals, message.audience, writer=writer, show=show, venue=venue)
    reply = replace(reply, tokens=reply.tokens + tokens)
    if bill is not None:
        bill.add(reply.model, reply.tokens)
    return reply, question if question != message.text else None


def _unavailable(reason: str, language: str, reference: str) -> Answer:
    text = wording.say("unavailable", language, reason=reason.rstrip("."), reference=reference)
    return Answer(Outcome.UNAVAILABLE, language, text)


def _keep(kb: KnowledgeBase, message: Message, reply: Answer, standalone: str | None) -> None:
    """Write the question down. A ledger that is down takes nobody's answer away."""
    answered = asdict(reply)
    for citation in answered["citations"]:
        moment = citation["updated_at"]
        citation["updated_at"] = moment.isoformat() if moment else None
    row = {
        "id": reply.reference,
        "asked_at": now(),
        "person": message.person.email,
        "platform": message.platform,
        "text": message.text,
        "language": reply.language,
        "outcome": reply.outcome.value,
        "answer": answered,
        "seconds": reply.seconds,
        "thread": thread_of(message) if message.thread and not kind_of(message.text) else None,
        "message": message.id,
        "standalone": standalone,
    }
    try:
        with kb.ledger.write() as ledger:
            asking.keep_question(ledger, row)
    except UnavailableError as error:
        log.warning("question %s was not kept: %s", reply.reference, error)
    except Exception:
        log.exception("question %s was not kept", reply.reference)
