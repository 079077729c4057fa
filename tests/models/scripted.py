"""Models that say what a test wants: given replies, competent quotation, and fluent inventions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from tests.models.reading import (
    Message,
    Passage,
    content_words,
    passages_of,
    question_of,
    said_by_people,
    system_text,
)

Script = Callable[[Sequence[Message]], str | Iterator[str]]
"""A prompt's messages to what the model says: whole, or in the pieces that it is to be streamed in."""

_LABEL = re.compile(r"^\s*(?:[-*•]\s+)?(?:(?:[\w.-]+ ){0,2}[\w.-]+:\s*)?")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


class Scripted:
    """Gives the replies in turn, and keeps the prompts that it was sent in `prompts`.

    One prompt more than there are replies is an error, unless `repeat` says to go on with the last.
    """

    def __init__(self, replies: Sequence[str | Iterator[str]], *, repeat: bool = False) -> None:
        self.prompts: list[list[Message]] = []
        self._replies, self._repeat = list(replies), repeat

    def __call__(self, messages: Sequence[Message]) -> str | Iterator[str]:
        self.prompts.append(list(messages))
        if len(self.prompts) <= len(self._replies):
            return self._replies[len(self.prompts) - 1]
        if self._repeat:
            return self._replies[-1]
        raise AssertionError(f"prompt {len(self.prompts)}, but {len(self._replies)} replies were scripted")


class Extractive:
    """Answers with the sentences that have most of the question's words, as quotes; else with `NONE`.

    `enough` is the share of the question's words that a sentence and its title must have. `tasks` are other
    things than answering, by a word that the system's part of the prompt has in capitals.
    """

    def __init__(self, enough: float = 0.5, at_most: int = 2) -> None:
        self.tasks: dict[str, Callable[[Sequence[Message]], str]] = {"REWRITE": rewrite, "JUDGE": judge}
        self._enough, self._at_most = enough, at_most

    def __call__(self, messages: Sequence[Message]) -> str:
        rules = system_text(messages)
        for word, task in self.tasks.items():
            if re.search(rf"\b{word}\b", rules):
                return task(messages)
        chosen = self.choose(question_of(messages), passages_of(messages))
        lines = [(f"QUOTE {passage.number}: {sentence}", f"SAY: {sentence}") for passage, sentence in chosen]
        return "\n".join(chain.from_iterable(lines)) or "NONE"

    def choose(self, question: str, passages: Sequence[Passage]) -> list[tuple[Passage, str]]:
        """The sentences that answer a question, best first, each once."""
        asked = content_words(question)
        scored: dict[str, tuple[float, Passage]] = {}
        for passage in passages:
            for sentence in passage.sentences():
                score = _share(asked, sentence, passage.title)
                if score >= self._enough and sentence not in scored:
                    scored[sentence] = score, passage
        best = sorted(scored.items(), key=lambda item: -item[1][0])
        near = [(passage, sentence) for sentence, (score, passage) in best if score >= 0.8 * best[0][1][0]]
        return near[: self._at_most]


class Inventive:
    """Answers fluently in the right format, and nothing of it is so.

    Its quotes are made up, or stand in the passage and say something else, or name a passage that there is
    not; its sentences have numbers and names that no passage has (`FACTS`).
    """

    FACTS = (
        "Everybody is paid a bonus of 4,711 euros by Melchior Zanzibar.",
        "The deadline is the 37th of Brumaire, and Ms Quaglia-Ödegaard grants exceptions.",
        "Todo el personal recibe 4.711 euros de Melchor Zanzíbar.",
    )

    def __call__(self, messages: Sequence[Message]) -> str:
        first, second, third = self.FACTS
        lines = [
            f"QUOTE 1: {first}",
            f"SAY: {first}",
            f"SAY: {second}",
            f"QUOTE 99: {third}",
            f"SAY: {third}",
        ]
        for passage in passages_of(messages):
            for sentence in list(passage.sentences())[:2]:
                quote = f"QUOTE {passage.number}: {sentence}"
                lines += [quote, f"SAY: {_twist(sentence)}", quote, f"SAY: {second}"]
                lines += [f"QUOTE {passage.number}: {_twist(sentence)}", f"SAY: {_twist(sentence)}"]
        return "\n".join(lines)


def rewrite(messages: Sequence[Message]) -> str:
    """A question that stands alone, of a follow-up and what was asked before it.

    The turns are messages of their own, or lines such as `- …` and `Ana: …`; the last one is the follow-up.
    """
    said = "\n".join(said_by_people(messages))
    asked = [_LABEL.sub("", line).strip() for line in said.splitlines() if line.strip()]
    follow_up = asked[-1] if asked else ""
    before = [line for line in asked[:-1] if line.endswith("?")]
    continues = re.match(r"(?i)\W*(?:and|y|what about|qué hay)\b", follow_up)
    if before and (continues or len(content_words(follow_up)) < 3):
        return f"{before[-1].rstrip('?')}, {follow_up.lstrip('¿').removeprefix('And ').removeprefix('Y ')}"
    return follow_up


def judge(messages: Sequence[Message]) -> str:
    """YES where the last line, a claim, has its numbers and most words from the lines before it; else NO."""
    *evidence, claim = [
        line for text in said_by_people(messages) for line in text.splitlines() if line.strip()
    ]
    claim, shown = _LABEL.sub("", claim), "\n".join(evidence)
    numbers = set(_NUMBER.findall(claim)) <= set(_NUMBER.findall(shown))
    return "YES" if numbers and _share(content_words(claim), shown) >= 0.7 else "NO"


def _share(asked: frozenset[str], text: str, title: str = "") -> float:
    """The share of words that a text and its title have; 0 where all of them are in the title."""
    here = asked & content_words(text)
    return len(here | asked & content_words(title)) / len(asked) if here else 0.0


def _twist(sentence: str) -> str:
    """A sentence that is near to a true one, and not so."""
    if _NUMBER.search(sentence):
        return _NUMBER.sub(lambda found: f"{found[0]}73", sentence)
    return f"{sentence.rstrip('.')}, and it costs 4,711 euros."
