"""Keeps a claim only if its quotes stand in published passages and carry what it says.

The same check for every draft, whoever wrote it: a claim that fails is dropped and counted, never mended. A
draft in its quote's own words is kept when the quote stands; one in other words must also keep the rules of
`bot.proof`, and come near enough to its quotes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from bot.facts import Token, read
from bot.proof import broken
from bot.proof.alignment import Alignment, align
from bot.proof.cited import Cited
from bot.proof.closeness import stray, supported
from bot.quoting import find_normalised, normalise
from bot.sentences import Unit, sentences
from ingest.documents import Kind
from ingest.encoding import Encoder, Question
from ingest.index import Vector
from ingest.language import detect
from ingest.ledger.confirming import Passage

NEAR = 0.8
"""Cosine of claim and quotes plus the share of its words that stand there: below, it is of something else.
Measured, as the next two: tests/bench/RESULTS.md."""
STRAY = 2.5
"""From how many words in a row that stand nowhere it is asked whether they are of something else."""
FOREIGN = 0.3
"""Cosine of such words and the quotes below which they are."""
_SURE = 0.75
"""From this share of its words on a claim is near whatever the model says."""
_LEAST = 0.5
"""Share of its words that a claim must have where there is no model that reads them."""
_CELLS = " | "
_CLAUSE = re.compile(r"[.,;:!?()|]+(?:\s|$)")
_SHORT = 190
"""Characters of a claim that its language is told from; of more, the identifier of languages is asked."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Words of a passage that a draft rests on."""

    quote: str
    passage: Passage
    context: str = ""
    """More of the same passage that the quote cannot be understood without: the names of a table's columns,
    or the sentence that leads into a list."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A claim that has not been checked yet."""

    text: str
    evidence: tuple[Evidence, ...]


def verify(
    drafts: Sequence[Draft], verifier: Verifier | None = None
) -> tuple[list[Draft], list[tuple[Draft, str]]]:
    """The drafts that may be shown, and the others with the rule that each breaks.

    Without a verifier only drafts in their quotes' own words may be shown.
    """
    kept, dropped = [], []
    for draft in drafts:
        rule = verifier.broken_rule(draft) if verifier else _misquoted(draft) or _reworded(draft)
        if rule is None:
            kept.append(draft)
        else:
            dropped.append((draft, rule))
    return kept, dropped


class Verifier:
    """Checks the drafts of one answer. Deterministic; not for several threads at once."""

    def __init__(self, encoder: Encoder, question: Question) -> None:
        self._encoder = encoder
        self._question = question
        self._vectors: dict[tuple[str, str], Vector] = {}

    def broken_rule(self, draft: Draft) -> str | None:
        """The rule that a draft breaks, in words; None for one that may be shown.

        Raises `UnavailableError` where the embedding model is needed and down.
        """
        if rule := _misquoted(draft):
            return rule
        return None if _reworded(draft) is None else self._unproven(draft)

    def _unproven(self, draft: Draft) -> str | None:
        """What a claim in other words says that its quotes do not."""
        language = self._language(draft)
        cited = self._cite(draft.evidence, language)
        claim = cited.with_names(read(draft.text, language), cited.quotes)
        cited = replace(cited, quotes=cited.with_names(cited.quotes, claim))
        held = align(claim, cited.quotes)
        return broken(held, cited) or self._distant(draft, language, held, cited)

    def _language(self, draft: Draft) -> str:
        """The claim's language: the question's, unless it shows that of one of its passages."""
        found = detect(draft.text[:_SHORT], self._question.language)
        known = {self._question.language, *(one.passage.chunk.language for one in draft.evidence)}
        return found if found in known else self._question.language

    def _cite(self, evidence: Sequence[Evidence], language: str) -> Cited:
        """What a claim in a language may be held against."""
        translator = self._encoder.translator
        quotes: list[Token] = []
        original: list[Token] = []
        around: list[Token] = []
        for one in evidence:
            spoken = one.passage.chunk.language
            text = _legible(one)
            around += read("\n".join((one.passage.title, *one.passage.chunk.heading)), spoken)
            made = None
            if spoken != language:
                [made] = translator.translate([text], spoken, language)
            if made is not None:
                original += read(text, spoken)
            quotes += _after(quotes, read(made or text, language if made else spoken))
        asked = read(self._question.text, self._question.language)
        foreign = {one.passage.chunk.language for one in evidence} - {language}

        def render(words: str) -> Sequence[Token]:
            made = [(translator.translate([words], language, each)[0], each) for each in sorted(foreign)]
            return [token for text, each in made if text for token in read(text, each)]

        cells = [pair for one in evidence if one.passage.chunk.language == language for pair in _cells(one)]
        return Cited(quotes, original, around, asked, render, cells, [one.passage.text for one in evidence])

    def _distant(self, draft: Draft, language: str, held: Alignment, cited: Cited) -> str | None:
        """What of the claim is of something else than its quotes, by words and by meaning."""
        near = supported(held, cited)
        length, words = stray(held, cited)
        if near >= _SURE and length < STRAY:
            return None
        spoken = {language, *(one.passage.chunk.language for one in draft.evidence)}
        if all(map(self._understands, spoken)):
            distant = near + self._closeness(draft.text, language, draft.evidence) < NEAR
            foreign = length >= STRAY and self._is_foreign(words, held, language, draft)
        else:
            # Only words can be compared, and across languages no more than names and numbers.
            distant = near < _LEAST if len(spoken) == 1 else not near
            foreign = length >= STRAY and len(spoken) == 1
        if distant:
            return "its quote is of something else"
        return f"its quote does not say “{_join(words)}”" if foreign else None

    def _is_foreign(self, words: Sequence[Token], held: Alignment, language: str, draft: Draft) -> bool:
        """Whether words of a claim are of something else than its quotes."""
        if self._closeness(_join(words), language, draft.evidence) >= FOREIGN:
            return False
        if all(one.passage.chunk.language == language for one in draft.evidence):
            return True
        # In another language many words stand nowhere: these must also take the claim away from its quotes.
        rest = _join([token for token in held.claim if all(token is not one for one in words)])
        whole = self._closeness(draft.text, language, draft.evidence)
        return bool(rest) and self._closeness(rest, language, draft.evidence) >= whole

    def _understands(self, language: str) -> bool:
        encoder = self._encoder
        known = encoder.embedder.languages
        return known is None or language in known or encoder.translator.can(language, encoder.pivot)

    def _closeness(self, text: str, language: str, evidence: Sequence[Evidence]) -> float:
        """The cosine of a text and the nearest of the quotes, or all of them together."""
        quotes = [(one.quote, one.passage.chunk.language) for one in evidence]
        if len({spoken for _, spoken in quotes}) == 1 < len(quotes):
            quotes.append((" ".join(quote for quote, _ in quotes), quotes[0][1]))
        wanted = [pair for pair in dict.fromkeys([(text, language), *quotes]) if pair not in self._vectors]
        made = self._encoder.passages([text for text, _ in wanted], [spoken for _, spoken in wanted])
        self._vectors.update(zip(wanted, (each.vector for each in made), strict=True))
        vector = self._vectors[text, language]
        return max(float(vector @ self._vectors[quote]) for quote in quotes)


def _join(tokens: Sequence[Token]) -> str:
    return " ".join(token.text for token in tokens)


def _misquoted(draft: Draft) -> str | None:
    """What is wrong with the quotes of a draft, whatever it says."""
    if not normalise(draft.text):
        return "it says nothing"
    if not draft.evidence:
        return "it quotes nothing"
    for one in draft.evidence:
        there = " ".join(filter(None, _lines(one.passage.text)))
        if find_normalised(normalise(one.quote), there) < 0:
            return "its quote does not stand in the passage"
        if one.context and find_normalised(normalise(one.context), there) < 0:
            return "the context of its quote does not stand in the passage"
    return None


def _reworded(draft: Draft) -> str | None:
    """That a draft is in other words than its quotes; None where it is one of them, or a sentence of it."""
    said = normalise(draft.text).rstrip(" .")
    for one in draft.evidence:
        own = (one.quote, _shown(one), *(sentences(one.quote) if len(one.quote) > len(draft.text) else ()))
        same = any(normalise(text).rstrip(" .") == said for text in own)
        if same and _denied(one.quote, one.passage) == one.quote:
            return None
    return "it is in other words than its quotes"


def _shown(one: Evidence) -> str:
    """The quote as an answer shows it: without its bullet, a table's row with the names of its columns."""
    kind = Kind.TABLE if _CELLS in one.context else Kind.TEXT
    return Unit(one.quote, one.context, kind, 0, whole=True).shown


def _cells(one: Evidence) -> list[tuple[Sequence[Token], Sequence[Token]]]:
    """The names of a table's columns with the cells of the quoted row; nothing of what is no row."""
    names, cells = one.context.split(_CELLS), one.quote.split(_CELLS)
    if len(names) == 1 or len(names) != len(cells):
        return []
    language = one.passage.chunk.language
    return [(read(name, language), read(cell, language)) for name, cell in zip(names, cells, strict=True)]


def _legible(one: Evidence) -> str:
    """The quote with what changes its meaning: its context, and a denial of its clause that it leaves out."""
    if _CELLS in one.context:
        return _shown(one)
    quote = _denied(one.quote, one.passage)
    return f"{one.context}\n{quote}" if one.context else quote


def _denied(quote: str, passage: Passage) -> str:
    """The quote, from the beginning and to the end of its clause where their words deny something."""
    wanted, language = normalise(quote), passage.chunk.language
    for line in _lines(passage.text):
        start = find_normalised(wanted, line)
        if start >= 0:
            before = _CLAUSE.split(line[:start])[-1]
            # A quote that ends with a mark is whole there.
            after = _CLAUSE.split(line[start + len(wanted) :])[0] if wanted[-1].isalnum() else ""
            return (
                (before if _denies(before, language, -1) else "")
                + quote
                + (after if _denies(after, language, 0) else "")
            )
    return quote


@lru_cache(maxsize=128)
def _lines(text: str) -> tuple[str, ...]:
    """The lines of a passage as comparisons see them."""
    return tuple(map(normalise, text.split("\n")))


def _denies(text: str, language: str, end: int) -> bool:
    """Whether the clause at one end of a text denies something."""
    tokens = read(text, language)
    return any(token.negative and token.clause == tokens[end].clause for token in tokens)


def _after(before: Sequence[Token], tokens: Sequence[Token]) -> Sequence[Token]:
    """Tokens numbered on, so that no sentence and no clause of theirs is one of those before."""
    if not before:
        return tokens
    sentence, clause = before[-1].sentence + 1, before[-1].clause + 1
    return [replace(one, sentence=one.sentence + sentence, clause=one.clause + clause) for one in tokens]
