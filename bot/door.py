"""The one way in: a message from any platform becomes an answer, and errors become words."""

from __future__ import annotations

import logging
import time
import uuid
from dataclasses import asdict, replace

from bot import wording
from bot.answering import answer
from bot.messages import Answer, Message, Outcome
from config.errors import UnavailableError
from ingest.knowledge import KnowledgeBase
from ingest.language import detect
from ingest.ledger import now, reading
from ingest.permissions import principals_of

log = logging.getLogger("bot")


def handle(kb: KnowledgeBase, message: Message) -> Answer:
    """Answer a message. Whatever happens there is a reply, with a reference that finds it in the ledger."""
    started = time.monotonic()
    reference = uuid.uuid4().hex[:10]
    principals = principals_of(message.person.email, kb.settings.groups)
    try:
        if message.text.strip():
            reply = answer(kb, message.text, principals, message.audience)
        else:
            reply = Answer(Outcome.NOT_FOUND, "en", wording.say("empty_question", "en"))
    except UnavailableError as error:
        reply = _unavailable(message, str(error), reference)
    except Exception:
        log.exception("question %s failed", reference)
        reply = _unavailable(message, None, reference)
    reply = replace(reply, reference=reference, seconds=round(time.monotonic() - started, 3))
    _keep(kb, message, reply)
    return reply


def _unavailable(message: Message, reason: str | None, reference: str) -> Answer:
    language = detect(message.text)
    reason = reason or wording.say("internal", language)
    text = wording.say("unavailable", language, reason=reason.rstrip("."), reference=reference)
    return Answer(Outcome.UNAVAILABLE, language, text)


def _keep(kb: KnowledgeBase, message: Message, reply: Answer) -> None:
    """Write the question down. A ledger that is down takes nobody's answer away."""
    answered = asdict(reply)
    for citation in answered["citations"]:
        moment = citation["updated_at"]
        citation["updated_at"] = moment.isoformat() if moment else None
    try:
        with kb.ledger.write() as ledger:
            reading.keep_question(
                ledger,
                {
                    "id": reply.reference,
                    "asked_at": now(),
                    "person": message.person.email,
                    "platform": message.platform,
                    "text": message.text,
                    "language": reply.language,
                    "outcome": reply.outcome.value,
                    "answer": answered,
                    "seconds": reply.seconds,
                },
            )
    except UnavailableError as error:
        log.warning("question %s was not kept: %s", reply.reference, error)
