"""Whether two documents say the same: what contradicts the answer is shown beside it, never left out.

One document has one voice, however often it repeats itself and however well it fits: a page that somebody
made up for a question may come first, but not alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from bot.contradiction import SHARED, contradict, is_replaced, shared_words
from bot.drafting import LONG_AGO, draft_of
from bot.facts import Kind, Token, keys_of, read
from bot.ranking import Ranked, aside
from bot.retrieval import Found
from bot.sentences import Unit, units
from bot.verification import Draft
from ingest.documents import embedded_text
from ingest.ledger.confirming import Passage

MARGIN = 7.0
"""How far behind the best a unit may be; more than what is shown by itself may. What a page that was made up
for a question says comes first by far."""
NEAR = 0.67
"""And their cosine without the facts: "days of holiday a year" and "get days of holiday" have .70, and
"days of holiday may be carried over" .66."""
MOST = 2
"""Quotations that are added to an answer for what they say against it."""

_ASKS_WHICH = re.compile(
    r"\b(who|whom|whose|where|which|what|qui[eé]n(es)?|d[oó]nde|cu[aá]l(es)?|qu[eé])\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Dispute:
    """Sides that contradict each other, and those that the answer leaves out."""

    pages: Sequence[Passage]
    """The newest of each side, newest first."""
    unsaid: Sequence[Draft]
    """A quotation for each side that the answer does not quote."""


@dataclass(frozen=True, slots=True, eq=False)
class _Statement:
    """What a passage says, and whether the answer shows it."""

    text: str
    tokens: Sequence[Token]
    passage: Passage
    shown: bool
    unit: Unit


def find_dispute(found: Found, shown: Sequence[Draft], ranked: Sequence[Ranked]) -> Dispute | None:
    """Where documents contradict a statement that is shown, or each other; None where none does.

    Units that are far behind the best are not looked at.
    """
    near = [
        one for one in (*ranked, *aside(found)) if one.score >= ranked[0].score - MARGIN and not one.unit.asks
    ]
    statements = [statement for draft in shown for statement in _shown(draft)]
    statements += [_ranked(one) for one in near]
    judge = _Judge(found)
    sides: list[list[_Statement]] = []
    for one in statements:
        mine = next((side for side in sides if judge.agree(one, side[0])), None)
        if mine is None:
            sides.append([one])
        else:
            mine.append(one)
    spoken = [side for side in sides if any(one.shown for one in side)]
    silent = (side[0] for side in sides if side not in spoken)
    against = (one for one in silent if any(judge.contradict(one, side[0]) for side in spoken))
    unsaid = list(islice(against, MOST))
    said = [
        side
        for side in spoken
        if any(judge.contradict(side[0], one) for one in (*unsaid, *(other[0] for other in spoken)))
    ]
    if not said:
        return None
    said += [side for side in sides if side[0] in unsaid]
    pages = [max((one.passage for one in side), key=_age) for side in said]
    drafts = [draft_of(one.passage, one.unit) for one in unsaid]
    return Dispute(sorted(pages, key=_age, reverse=True), drafts)


def newest_first(drafts: Sequence[Draft], dispute: Dispute) -> list[Draft]:
    """Quotations with those of disputed pages before all others, the newest page's first."""
    places = {page.document: place for place, page in enumerate(dispute.pages)}
    return sorted(drafts, key=lambda draft: places.get(draft.evidence[0].passage.document, len(places)))


def _age(page: Passage) -> datetime:
    return page.updated_at or LONG_AGO


def _shown(draft: Draft) -> Iterator[_Statement]:
    """What a draft's documents say where it quotes them, in their own words: sentence by sentence."""
    for evidence in draft.evidence:
        passage = evidence.passage
        for unit in units(passage.text):
            overlaps = unit.quote in evidence.quote or evidence.quote in unit.quote
            if overlaps and not unit.asks:  # it would agree with every answer to it
                yield _Statement(unit.shown, read(unit.shown, passage.chunk.language), passage, True, unit)


def _ranked(one: Ranked) -> _Statement:
    passage = one.passage.passage
    tokens = read(one.unit.shown, passage.chunk.language)
    return _Statement(one.unit.shown, tokens, passage, False, one.unit)


class _Judge:
    """Holds statements against each other in the light of one question."""

    def __init__(self, found: Found) -> None:
        self._encoder = found.encoder
        question = found.question
        self._asked = read(question.text, question.language)
        self._asked_for = list(_words_asked_for(question.text, question.language))
        if question.pivot:
            self._asked_for += _words_asked_for(question.pivot, found.encoder.pivot)
        self._known: dict[str, frozenset[str]] = {}
        self._which = bool(_ASKS_WHICH.search(question.text))

    def agree(self, one: _Statement, other: _Statement) -> bool:
        """Whether both say the same of the same thing."""
        if one.text == other.text:
            return True
        alike = self._comparable(one, other) and shared_words(one.tokens, other.tokens) >= SHARED
        return alike and not contradict(one.tokens, other.tokens, self._asked, which=self._which)

    def contradict(self, one: _Statement, other: _Statement) -> bool:
        """Whether they cannot both be right, and are of two documents: one may well qualify what it says."""
        return (
            one.passage.document != other.passage.document
            and self._comparable(one, other)
            and contradict(one.tokens, other.tokens, self._asked, which=self._which)
            and not self._of_others(one, other)
            and not self._of_others(other, one)
            and not self._replaced(one, other)
            and not self._replaced(other, one)
            and self._near(one, other)
        )

    def _comparable(self, one: _Statement, other: _Statement) -> bool:
        return one.passage.chunk.language == other.passage.chunk.language

    def _of_others(self, one: _Statement, other: _Statement) -> bool:
        """Whether a statement is about something else: a word that was asked for is missing on its page, and
        another word stands in its place."""
        there, here = self._words(one.passage), self._words(other.passage)
        said = (token.keys for token in other.tokens if token.kind is Kind.WORD)
        missing = any(keys & there and not keys & here for keys in self._asked_for)
        return missing and any(not keys & there for keys in said)

    def _replaced(self, one: _Statement, other: _Statement) -> bool:
        """Whether a statement says of something else what this one says of what was asked for: "a chair
        costs 80 euros" does not contradict "a desk costs 200 euros"."""
        chunk = other.passage.chunk
        above = keys_of(" ".join([other.passage.title, *chunk.heading]), chunk.language)
        asked = (keys for keys in self._asked_for if not keys & above)
        return any(is_replaced(keys, one.tokens, other.tokens) for keys in asked)

    def _words(self, passage: Passage) -> frozenset[str]:
        """The words of a passage and of what it stands under, in each form that they may be compared in."""
        if passage.chunk.id not in self._known:
            text = embedded_text(passage.title, passage.chunk.heading, passage.text)
            self._known[passage.chunk.id] = keys_of(text, passage.chunk.language)
        return self._known[passage.chunk.id]

    def _near(self, one: _Statement, other: _Statement) -> bool:
        """Whether statements that share their words are about the same thing by their meaning as well."""
        language = one.passage.chunk.language
        first, second = self._encoder.vectors([_frame(one), _frame(other)], [language] * 2, [None] * 2)
        return float(first @ second) >= NEAR


def _words_asked_for(text: str, language: str) -> Iterator[frozenset[str]]:
    """What each word of a question that is no number may be compared by."""
    contents = (token.text for token in read(text, language) if token.content and not token.counted)
    return (keys_of(text, language) for text in contents)


def _frame(statement: _Statement) -> str:
    """A statement without its facts: two that differ in a name are far from each other for that alone."""
    return " ".join(token.text for token in statement.tokens if not (token.named or token.counted))
