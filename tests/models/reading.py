"""What a test model sees in a prompt: the passages, the question, and the words that matter in both."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

Message = dict[str, Any]
"""One message of a prompt as it goes over the wire: `role` and `content`."""

_FENCE = re.compile(r'<passage\b((?:[^>"]|"[^"]*")*)>\s*(.*?)\s*</passage\s*>', re.DOTALL | re.IGNORECASE)
_ATTRIBUTE = re.compile(r'([\w-]+)\s*=\s*"([^"]*)"')
_QUESTION = re.compile(r"^\s*(?:question|pregunta)\b[^:\n]*:\s*(.+)", re.IGNORECASE | re.MULTILINE)
_BULLET = re.compile(r"^\s*(?:[-*•#>]+|\d+[.)])\s+")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_COMMON_WORDS = (
    "a about an and any are as at be been by can do does for from get had has have how i if in is it its"
    " me my of on or our so that the their there they this to was we were what when where which who whom"
    " whose why will with would you your al como con cual cuales cuando cuanta cuantas cuanto cuantos de"
    " del donde el ella en es esta este hay la las lo los me mi mis para pero por puedo que quien se si"
    " sin son su sus tengo tiene tienen un una uno unos y o"
)
_COMMON = frozenset(_COMMON_WORDS.split())


@dataclass(frozen=True)
class Passage:
    """A fenced passage: its number, its text, and what its fence says besides (`title`, `source`, `date`)."""

    number: int
    text: str
    header: dict[str, str]

    @property
    def title(self) -> str:
        """Its title, or nothing."""
        return self.header.get("title", "")

    def sentences(self) -> Iterator[str]:
        """Its sentences and list items, each as it stands there."""
        for line in self.text.splitlines():
            for sentence in _SENTENCE_END.split(_BULLET.sub("", line).strip()):
                if sentence:
                    yield sentence


def text_of(message: Message) -> str:
    """The text of a message, whose content may be a string or a list of parts."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "\n".join(part.get("text", "") for part in content)


def system_text(messages: Sequence[Message]) -> str:
    """What the prompt says as the system."""
    return "\n".join(text_of(one) for one in messages if one["role"] in {"system", "developer"})


def said_by_people(messages: Sequence[Message]) -> list[str]:
    """What the prompt says as the user, oldest first."""
    return [text_of(one) for one in messages if one["role"] == "user"]


def passages_of(messages: Sequence[Message]) -> list[Passage]:
    """The passages of the last message that has any: a repair of the format may be asked for after it."""
    for text in reversed(said_by_people(messages)):
        if found := [_passage(fence, place) for place, fence in enumerate(_FENCE.finditer(text), start=1)]:
            return found
    return []


def question_of(messages: Sequence[Message]) -> str:
    """What is asked: the line `Question …: …`, else the last line outside of the passages."""
    asked = [_FENCE.sub("\n", text) for text in said_by_people(messages)]
    for text in reversed(asked):
        if found := _QUESTION.findall(text):
            return str(found[-1]).strip()
    lines = [line.strip() for text in asked for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def content_words(text: str) -> frozenset[str]:
    """The words that carry meaning, without accents and cut to five letters, so that plurals meet."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    words = re.findall(r"\w+", "".join(letter for letter in plain if not unicodedata.combining(letter)))
    return frozenset(word[:5] for word in words if word not in _COMMON)


def _passage(fence: re.Match[str], place: int) -> Passage:
    header = {name.lower(): html.unescape(value) for name, value in _ATTRIBUTE.findall(fence[1])}
    number = header.pop("number", "")
    return Passage(int(number) if number.isdigit() else place, fence[2], header)
