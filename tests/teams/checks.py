"""What a message may hold.

https://learn.microsoft.com/microsoftteams/platform/bots/how-to/bot-messages-ai-generated-content,
https://learn.microsoft.com/microsoftteams/platform/bots/how-to/format-your-bot-messages.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.teams import cards
from tests.teams.marks import marks_of, numbers_of

LARGEST = 80_000
CITATIONS, NAME, ABSTRACT = 20, 80, 160
_MESSAGE = "https://schema.org/Message"
_SENSES = {"default", "custom"}


def problems_of(activity: Mapping[str, Any]) -> Iterator[str]:
    """Everything that is wrong with what Sabio says."""
    text = activity.get("text") or ""
    if (size := len(json.dumps(activity, ensure_ascii=False).encode())) >= LARGEST:
        yield f"a message of {size} bytes"
    if activity.get("type") == "message" and not text and not activity.get("attachments"):
        yield "an empty message"
    if text and activity.get("attachments"):
        yield "words and a card, of which Teams makes two messages"
    yield from (f"a mark in a text: {mark}" for mark in marks_of(text))
    for one in activity.get("attachments") or ():
        if one.get("contentType") != cards.CARD:
            yield f"an attachment that is no card: {one.get('contentType')}"
        else:
            yield from cards.problems_of(one.get("content"))
    yield from _origin(activity, text)


def label_of(activity: Mapping[str, Any]) -> Mapping[str, Any]:
    """The entity that says that a machine has written it, and from what; empty where there is none."""
    return next((one for one in activity.get("entities") or () if one.get("type") == _MESSAGE), {})


def text_of(message: Mapping[str, Any]) -> str:
    """All that people read of a message, its cards with it, without the marks that keep it from acting."""
    said = [
        message.get("text") or "",
        *(text for card in cards.cards_of(message) for text in cards.texts_of(card)),
    ]
    return html.unescape(re.sub(r"\\(.)", r"\1", "\n".join(filter(None, said)))).replace("\u2060", "")


def citations_of(message: Mapping[str, Any]) -> dict[int, Mapping[str, Any]]:
    """What a message cites, by number."""
    return {one["position"]: one["appearance"] for one in label_of(message).get("citation") or ()}


def is_whole(message: Mapping[str, Any]) -> bool:
    """Whether a reply says all that it is to say: no stream, and no message that asks for patience."""
    judged = (message.get("channelData") or {}).get("feedbackLoop")
    return not message.get("streaming") and bool(judged or cards.cards_of(message))


def _origin(activity: Mapping[str, Any], text: str) -> Iterator[str]:
    roots = [one for one in activity.get("entities") or () if one.get("type") == _MESSAGE]
    if len(roots) > 1:
        yield "several entities of a message"
    label = label_of(activity)
    loop = (activity.get("channelData") or {}).get("feedbackLoop")
    if loop and loop.get("type") not in _SENSES:
        yield f"a feedback loop of type {loop.get('type')}"
    if (label or loop) and "AIGeneratedContent" not in (label.get("additionalType") or ()):
        yield "an answer without the label that a machine has written it"
    if label and (label.get("@type"), label.get("@context")) != ("Message", "https://schema.org"):
        yield "a label that Teams does not know"
    yield from _citations(activity, text, label.get("citation") or [])


def _citations(activity: Mapping[str, Any], text: str, cited: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if len(cited) > CITATIONS:
        yield f"{len(cited)} citations"
    positions = [one.get("position") for one in cited]
    if len(positions) != len(set(positions)):
        yield "a position that is cited twice"
    numbers = set(numbers_of(text))
    if activity.get("type") == "message" and numbers != set(positions):
        yield f"the text has the marks {sorted(numbers)}, and cited are {positions}"
    if cited and (activity.get("suggestedActions") or {}).get("actions"):
        yield "citations and suggested actions"
    for one in cited:
        yield from _citation(one)


def _citation(one: Mapping[str, Any]) -> Iterator[str]:
    appearance = one.get("appearance") or {}
    if one.get("@type") != "Claim" or appearance.get("@type") != "DigitalDocument":
        yield "a citation that Teams does not know"
    for name, most in (("name", NAME), ("abstract", ABSTRACT)):
        if not 0 < len(appearance.get(name) or "") <= most:
            yield f"{name} of a citation: {len(appearance.get(name) or '')} characters"
    if "url" in appearance and not re.fullmatch(r"https?://\S+", appearance["url"]):
        yield f"a citation's address: {appearance['url']}"
