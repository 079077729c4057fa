"""The one way in: a message from any platform becomes an answer, and errors become words."""

from __future__ import annotations

import logging
import time
import unicodedata
import uuid
from dataclasses import asdict, replace

from bot import wording
from bot.answering import answer
from bot.messages import Answer, Message, Outcome
from config.errors import ConfigError, UnavailableError
from config.secrets import mask
from config.telemetry import bind, observe_metric
from config.tracing import span
from ingest.knowledge import KnowledgeBase
from ingest.language import detect
from ingest.ledger import now, reading
from ingest.permissions import principals_of

log = logging.getLogger("bot")

LONGEST = 2000
"""Characters of a question that are read: more than any question has, less than what would slow others."""


def handle(kb: KnowledgeBase, message: Message) -> Answer:
    """Answer a message. Whatever happens there is a reply, with a reference that finds it in the ledger."""
    started = time.monotonic()
    reference = uuid.uuid4().hex[:10]
    message = replace(message, text=_make_plain(message.text)[:LONGEST])
    with bind(question=reference), span("question", question=reference, platform=message.platform) as told:
        reply = _reply(kb, message, reference)
        told.set(outcome=reply.outcome.value, language=reply.language, citations=len(reply.citations))
        reply = replace(reply, reference=reference, seconds=round(time.monotonic() - started, 3))
        _keep(kb, message, reply)
    observe_metric("questions", outcome=reply.outcome.value)
    observe_metric("question_seconds", reply.seconds)
    return reply


def _reply(kb: KnowledgeBase, message: Message, reference: str) -> Answer:
    language = "en"
    try:
        language = detect(message.text)
        return _answer(kb, message, language)
    except UnavailableError as error:
        log.info("question %s could not be answered: %s", reference, error)
        return _unavailable(mask(str(error), kb.settings.secrets), language, reference)
    except ConfigError as error:
        log.error("question %s could not be answered: %s", reference, error)  # noqa: TRY400 - no trace needed
        return _unavailable(wording.say("misconfigured", language), language, reference)
    except Exception:
        log.exception("question %s failed", reference)
        return _unavailable(wording.say("internal", language), language, reference)


def _make_plain(text: str) -> str:
    """A text without what no database stores and no language has: control characters, halves of letters."""
    kept = text.encode("utf-8", "replace").decode()
    return "".join(" " if unicodedata.category(letter) == "Cc" else letter for letter in kept).strip()


def _answer(kb: KnowledgeBase, message: Message, language: str) -> Answer:
    if not message.text:
        return Answer(Outcome.NOT_FOUND, language, wording.say("empty_question", language))
    principals = principals_of(message.person.email, kb.settings.groups)
    return answer(kb, message.text, principals, message.audience)


def _unavailable(reason: str, language: str, reference: str) -> Answer:
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
    except Exception:
        log.exception("question %s was not kept", reply.reference)
