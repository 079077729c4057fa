"""Follow-ups: what a question leaves to those before it, put back, so that it can be searched for by itself.

History is what people asked in the same conversation, never what was answered: answers may rest on what
another person, or nobody any more, may read, and what Sabio once said proves nothing.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from datetime import timedelta

from bot import prompts
from bot.messages import Message, Tokens
from bot.writer import Writer
from config.errors import SabioError
from ingest.knowledge import KnowledgeBase
from ingest.language import detect, question_terms
from ingest.ledger import asking, now

log = logging.getLogger("bot")

TURNS = 6
"""Earlier questions that are looked at."""
LASTS = timedelta(hours=24)
"""After which a conversation is forgotten: who comes back the next day starts anew."""
LONGEST = 600
"""Characters of a question that was put together; of longer ones the beginning is left out."""

# How a follow-up begins: "And in Spain?", "What about contractors?", "¿Y en España?".
_GOES_ON = re.compile(
    "^\\W*(and|or|but|also|then|so|what about|how about|what if|and if|same"
    " for|y|e|o|pero|también|entonces|qué hay de|qué pasa con|qué tal|y si|lo mismo)\\b[\\s,:]*",
    re.IGNORECASE,
)
# What stands for something that was named before. "It" in "is it raining" does too: who asks that in a
# conversation about something means that something.
_REFERS = re.compile(
    "\\b(it|its|they|them|their|theirs|this|that|these|those|he|she|him|his|her|hers|there|one|ones|same|else|former|latter|ello|ella|ellos|ellas|eso|esa|ese|esos|esas|esto|esta|este|estos|estas|aquello|allí|ahí|lo|la|los|las|les|su|sus|otro|otra|otros|otras|mismo|misma)\\b(?!\\s+(?:de|del)\\b)",
    re.IGNORECASE,
)
# In Spanish the articles look like pronouns: "la", "los" before a noun refer to nothing.
_ARTICLE = re.compile(r"\b(lo|la|los|las)\s+(?=[^\W\d_]{3,})", re.IGNORECASE)
_WHERE = r"(?:in|at|for|from|on|with|during|en|para|de|del|desde|con|por|durante)"
_PLACED = re.compile(
    rf"\b(?P<word>{_WHERE})\s+(?P<place>(?:(?:the|el|la|los|las)\s+)?(?:(?!\b{_WHERE}\b)[^?.,;!])+)",
    re.IGNORECASE,
)
_VERB_LED = re.compile(
    "\\b(what|when|where|who|which|how|why|is|are|can|may|do|does|should|must|qué|cuándo|dónde|quién|quiénes|cuál|cuáles|cómo|cuánto|cuánta|cuántos|cuántas|por"
    " qué|es|son|puedo|puede|hay|tengo|debo|tiene)\\b",
    re.IGNORECASE,
)


def stand_alone(kb: KnowledgeBase, message: Message, writer: Writer | None = None) -> tuple[str, Tokens]:
    """A message's question as it can be asked without the conversation, and what a model took for that.

    Without a model, or where it fails, by rule. Raises `UnavailableError` when the ledger is down.
    """
    if message.thread is None:
        return message.text, Tokens()
    with kb.ledger.read() as ledger:
        earlier = asking.earlier_questions(ledger, thread_of(message), now() - LASTS, TURNS, message.id)
    if not earlier:
        return message.text, Tokens()
    if writer is not None:
        text, tokens = _rewritten(writer, message.text, earlier)
        if text is not None:
            return text, tokens
    return complete(message.text, earlier[-1]), Tokens()


def thread_of(message: Message) -> str:
    """The conversation's name in the ledger: two platforms may use the same."""
    return f"{message.platform}:{message.thread}"


def complete(question: str, before: str) -> str:
    """A follow-up with what it leaves out taken from the question before it; any other as it is."""
    if not leans(question):
        return question
    rest = _GOES_ON.sub("", question).strip()
    swapped = _swap(rest, before)
    whole = swapped or f"{before.rstrip(' ?.!')} – {rest or question}"
    return whole[-LONGEST:]


def leans(question: str) -> bool:
    """Whether a question cannot be understood without the one before it."""
    if _GOES_ON.match(question):
        # "And how many days of parental leave do I get?" only begins like one.
        return len(_content(_GOES_ON.sub("", question))) < 4 or not _VERB_LED.search(question)
    content = _content(question)
    bare = _ARTICLE.sub("", question)
    if _REFERS.search(bare):
        return len(content) < 5
    return len(content) < 2 and not _VERB_LED.search(question)


def _content(question: str) -> Sequence[str]:
    return question_terms(question, detect(question))


def _swap(rest: str, before: str) -> str | None:
    """ "in Spain?" after "How many days do I have in Ireland?": the same question of another place."""
    found = _PLACED.fullmatch(rest.strip(" ¿?¡!."))
    if found is None:
        return None
    places = [each for each in _PLACED.finditer(before) if each["word"].lower() == found["word"].lower()]
    # "in Spain" takes the place of "in Ireland" rather than that of "in summer".
    alike = [each for each in places if each["place"][0].isupper() == found["place"][0].isupper()]
    if not places:
        return None
    last = (alike or places)[-1]
    kept = last["place"].rstrip()
    return before[: last.start()] + found[0] + before[last.start("place") + len(kept) :]


def _rewritten(writer: Writer, question: str, earlier: Sequence[str]) -> tuple[str | None, Tokens]:
    """A model's wording; None where it fails or replies with what can be no question."""
    writing = writer.write(prompts.rewriting(question, earlier))
    try:
        text = " ".join("".join(writing).split())
    except SabioError as error:
        log.info("the question was completed by rule: %s", error)
        return None, writing.tokens
    plausible = 0 < len(text) <= LONGEST and "\n" not in text
    return (text if plausible else None), writing.tokens
