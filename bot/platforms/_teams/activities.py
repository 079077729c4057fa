"""What Sabio says in Teams, as activities: text that cannot act, citations, and a place for feedback."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from botbuilder.schema import Activity, ActivityTypes, Attachment, Entity

from bot.composing import said_of
from bot.messages import Answer, Citation

LONGEST = 18_000
"""Characters of a message; Teams takes 80 KB of everything in it, and an escaped letter may take five."""
CITATIONS = 20
"""Of a message, at most."""
_NAME, _ABSTRACT = 80, 160
"""Of a citation: https://learn.microsoft.com/microsoftteams/platform/bots/how-to/bot-messages-ai-generated-content"""
_CARD = "application/vnd.microsoft.card.adaptive"

_NUMBER = re.compile(r"(?<!\\)\[(\d+)\]")
_MARKED = re.compile(r".+?(?:(?<!\\)\[\d+\])+|.+")
"""A sentence with its marks."""
_ATOM = re.compile(r"\\.|&[a-z]+;|\[\d+\]|.")

Json = dict[str, Any]


class Told(Entity):  # type: ignore[misc]
    """An entity with all that it is given. The SDK's own drops, in silence, whatever it does not know."""

    _attribute_map = {"additional_properties": {"key": "", "type": "{object}"}}  # noqa: RUF012 - as msrest reads it

    def __init__(self, properties: Mapping[str, Any]) -> None:
        super().__init__()
        self.additional_properties = dict(properties)


def escape(text: str) -> str:
    """Text that Teams shows as it is: no mention, no link, no formatting can come of it."""
    text = re.sub(r"[\\`*_~\[\]|]", r"\\\g<0>", text)
    text = re.sub(r"(?m)^(\s*)([#+-])", r"\1\\\2", text)
    text = re.sub(r"(?m)^(\s*\d+)([.)])", r"\1\\\2", text)
    text = text.replace("://", ":\u2060//")  # a bare address would be made a link
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def quotation(text: str) -> str:
    """What a person wrote, escaped and set off as their words."""
    return "\n".join(f"> {line}" for line in escape(text).split("\n") if line.strip())


def own(text: str) -> str:
    """One of Sabio's own sentences, in which `words` to be written stand out."""
    return re.sub(r"\\`([^`\n]+)\\`", r"**\1**", escape(text))


def plain(text: str, mentions: Sequence[Mapping[str, Any]], me: str) -> str:
    """What a person wrote, without Teams' marks: others' mentions are their names, Sabio's own is nothing."""
    for one in mentions:
        if (one.get("mentioned") or {}).get("id") == me and one.get("text"):
            text = text.replace(one["text"], " ")
    text = re.sub(r"<at[^<>]*>(.*?)</at>", r"\1", text)
    return html.unescape(re.sub(r"</?[a-zA-Z][^<>]*>", " ", text)).strip()


def message(text: str, card: Json | None = None) -> Activity:
    """One of Sabio's own sentences; `text` is escaped already."""
    attachments = [Attachment(content_type=_CARD, content=card)] if card else None
    return Activity(type=ActivityTypes.message, text=text or None, attachments=attachments)


def answers(answer: Answer, card: Json | None = None) -> list[Activity]:
    """An answer as messages, the first in place of what stood for it.

    `card` is a message of its own: Teams makes two of one with words and a card, without telling their ids,
    and refuses to put them in place of one (https://github.com/microsoft/BotFramework-Services/issues/98).
    """
    parts = list(_parts(answer))
    said = [message(part) for part in parts]
    for part, activity in zip(parts, said, strict=True):
        activity.entities = [Told(_origin(_cited(part, answer.citations)))]
        activity.channel_data = {"feedbackLoop": {"type": "default"}}
    return [*said, message("", card)] if card else said


def streamed(text: str, kind: str, number: int, stream: str | None) -> Activity:
    """A part of a stream: all that was said so far. `kind`: `informative`, `streaming`.

    https://learn.microsoft.com/microsoftteams/platform/bots/streaming-ux
    """
    told = {"type": "streaminfo", "streamType": kind, "streamSequence": number}
    return Activity(
        type=ActivityTypes.typing,
        text=text,
        entities=[Told(told | ({"streamId": stream} if stream else {}))],
    )


def ending(activity: Activity, stream: str) -> Activity:
    """A message that ends a stream."""
    activity.entities = [
        *(activity.entities or ()),
        Told({"type": "streaminfo", "streamType": "final", "streamId": stream}),
    ]
    return activity


def standing(activity: Activity) -> Activity:
    """The same as a message that ends no stream."""
    activity.entities = [one for one in activity.entities or () if not _is_of_stream(one)]
    return activity


def so_far(text: str, citations: Sequence[Citation]) -> Activity:
    """A message that holds the part of an answer that there is."""
    said = message(text)
    said.entities = [Told(_origin(_cited(text, citations)))]
    return said


def claim_text(text: str, numbers: Sequence[int]) -> str:
    """A checked sentence with its `[n]`, which Teams makes marks of."""
    return f"{escape(text)} {''.join(f'[{number}]' for number in numbers)}".rstrip()


def _lines(answer: Answer) -> list[str]:
    """What is said, line by line; `[n]` stays what Teams makes a mark of. Nearest pages stand in a card."""
    cited = {one.number for one in answer.citations}

    def marked(found: re.Match[str]) -> str:
        return f"[{found[1]}]" if int(found[1]) in cited else found[0]

    kept = said_of(answer)
    items = [line.startswith("- ") for line in kept]
    lines = []
    for line, item, beside in zip(
        kept, items, zip([False, *items], [*items[1:], False], strict=False), strict=True
    ):
        said = escape(line.removeprefix("- ") if item else line)
        # Before a bracket it would be the words over a link, and before a colon where others lead.
        said = re.sub(r"\\\[(\d+)\\\](?![(:])", marked, said)
        lines.append(f"- {said}" if item and any(beside) else said)
    return lines


def _parts(answer: Answer) -> Sequence[str]:
    """The text in as few parts as fit a message each, with what they cite: cut between lines, or sentences
    with their marks, or words."""
    parts: list[str] = []
    for line in _lines(answer):
        for piece in _joined(_broken(line), ""):
            if parts and fits(joined := parts[-1] + "\n\n" + piece):
                parts[-1] = joined  # of each item a paragraph: marks stand in paragraphs only
            else:
                parts.append(piece)
    return parts


def _broken(line: str) -> Iterator[str]:
    """A line in pieces that each fit, cut as little as that takes, and never within an escape or a mark."""
    for sentence in _MARKED.findall(line) or [line]:
        if fits(sentence):
            yield sentence
            continue
        for word in re.findall(r"\s*\S+|\s+$", sentence):
            yield from [word] if fits(word) else _ATOM.findall(word)


def _joined(pieces: Iterable[str], between: str) -> Iterator[str]:
    """Pieces put together again, as many as fit."""
    whole: str | None = None
    for piece in pieces:
        if whole is None:
            whole = piece
        elif fits(whole + between + piece):
            whole += between + piece
        else:
            yield whole
            whole = piece.lstrip()
    if whole is not None:
        yield whole


def fits(text: str) -> bool:
    """Whether a message holds it, with all that it cites."""
    return len(text) <= LONGEST and len(set(_NUMBER.findall(text))) <= CITATIONS


def _cited(text: str, citations: Sequence[Citation]) -> list[Citation]:
    numbers = {int(number) for number in _NUMBER.findall(text)}
    return [one for one in citations if one.number in numbers][:CITATIONS]


def _is_of_stream(entity: Entity) -> bool:
    return (entity.additional_properties or {}).get("type") == "streaminfo"


def _origin(citations: Sequence[Citation]) -> Json:
    """That a machine has put it together, and from where."""
    told: Json = {
        "type": "https://schema.org/Message",
        "@type": "Message",
        "@context": "https://schema.org",
        "@id": "",
        "additionalType": ["AIGeneratedContent"],
    }
    cited = [_citation(one) for one in citations]
    return told | ({"citation": cited} if cited else {})


def _citation(one: Citation) -> Json:
    place = " › ".join(dict.fromkeys([one.title, *one.heading]))
    appearance: Json = {
        "@type": "DigitalDocument",
        "name": _short(place, _NAME),
        "abstract": _short(one.quote, _ABSTRACT),
    }
    if one.url and re.match(r"https?://\S+$", one.url):
        appearance["url"] = one.url
    return {"@type": "Claim", "position": one.number, "appearance": appearance}


def _short(text: str, most: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 2].rsplit(" ", 1)[0][: most - 2] + " …"
