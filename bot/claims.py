"""Reading what a language model writes, line by line while it arrives: quotes, sentences, what is missing.

The form is that of `prompts.ANSWERING`. Models stray from it in small ways — bullets, bold keywords,
quotation marks, the sentence before its quotes — and are understood all the same; what cannot be understood
is told as such.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quoted:
    """Words that a model says it copied from a passage."""

    passage: int
    """Its number in the prompt, from 1."""
    words: str


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence with what it rests on."""

    text: str
    quotes: tuple[Quoted, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """What the passages do not tell, in the model's words."""

    text: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The model says that the passages do not answer the question."""


@dataclass(frozen=True, slots=True)
class Stray:
    """A line that is none of these."""

    text: str


Line = Said | Missing | Refused | Stray

_MARKS = r"[\s>*_`#•–-]*"
_LINE = re.compile(
    rf"{_MARKS}(?:(?P<quote>QUOTE|CITA)\s*\[?(?P<number>\d+)\]?|(?P<say>SAY|DI)|(?P<missing>MISSING|FALTA))"
    rf"{_MARKS}:{_MARKS}(?P<words>.*)",
    re.IGNORECASE,
)
_NONE = re.compile(rf"{_MARKS}NONE\W*", re.IGNORECASE)
_FENCE = re.compile(r"\s*```\w*\s*")
_MARKERS = re.compile(r"\s*\[\d+(?:\s*,\s*\d+)*\]")
_EDGES = {'"': '"', "“": "”", "«": "»", "'": "'", "‘": "’"}


def read_lines(pieces: Iterable[str]) -> Iterator[Line]:
    """What a reply says, each as soon as it is complete.

    A sentence is complete with its own line where its quotes came before it; where a model puts the quotes
    after their sentence, with the line that begins the next one.
    """
    reader = _Reader()
    rest = ""
    for piece in pieces:
        *lines, rest = (rest + piece).split("\n")
        for line in lines:
            yield from reader.read(line)
    yield from reader.read(rest)
    yield from reader.end()


class _Reader:
    """What was read of a sentence that is not complete yet."""

    def __init__(self) -> None:
        self._quotes: list[Quoted] = []
        self._waiting: str | None = None
        self._quotes_first: bool | None = None

    def read(self, line: str) -> Iterator[Line]:
        """One line of the reply."""
        if not line.strip() or _FENCE.fullmatch(line):
            return
        found = _LINE.fullmatch(line)
        if found is None:
            yield from self.end()
            yield Refused() if _NONE.fullmatch(line) else Stray(line.strip())
        elif found["quote"]:
            if self._quotes_first is None:
                self._quotes_first = True
            self._quotes.append(Quoted(int(found["number"]), _bare(found["words"])))
        elif found["say"]:
            yield from self._say(_MARKERS.sub("", found["words"]).strip(" *_"))
        else:
            yield from self.end()
            yield Missing(found["words"].strip(" *_"))

    def _say(self, text: str) -> Iterator[Line]:
        if self._quotes_first is None:
            self._quotes_first = False
        if self._quotes_first:
            yield self._said(text)
        else:
            yield from self.end()
            self._waiting = text

    def _said(self, text: str) -> Line:
        quotes, self._quotes = tuple(self._quotes), []
        return Said(text, quotes) if text else Stray("SAY")

    def end(self) -> Iterator[Line]:
        """What is still waiting for quotes that will not come any more."""
        if self._waiting is not None:
            text, self._waiting = self._waiting, None
            yield self._said(text)
        self._quotes = []


def _bare(words: str) -> str:
    """Words without the quotation marks that a model may have put around them."""
    words = words.strip(" *_`\t\r")
    while len(words) > 1 and _EDGES.get(words[0]) == words[-1]:
        words = words[1:-1].strip()
    return words
