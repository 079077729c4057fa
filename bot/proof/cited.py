"""What a claim cites, as the rules look at it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from bot.facts import Kind, Token, fold


@dataclass(frozen=True, slots=False, eq=False)
class Cited:
    """What a claim cites."""

    quotes: Sequence[Token]
    """The quotes with the context that they cannot be understood without, in the claim's language."""
    original: Sequence[Token]
    """The same as they stand, where they are in another language."""
    around: Sequence[Token]
    """Titles and headings."""
    asked: Sequence[Token]
    """The question."""
    render: Callable[[str], Sequence[Token]]
    """Reads words of the claim in the language of the original; nothing where there is none."""
    cells: Sequence[tuple[Sequence[Token], Sequence[Token]]]
    """The names of columns with their cells, of a quoted row in the claim's language."""
    passages: Sequence[str]
    """The texts of the passages; for whether a word is a name there, never for what they say."""

    @cached_property
    def said(self) -> Sequence[Token]:
        """Everything that a fact of the claim may stand in."""
        return (*self.quotes, *self.original, *self.around)

    @cached_property
    def keys(self) -> frozenset[str]:
        """Every word of it."""
        return frozenset(key for token in self.said for key in token.keys)

    @cached_property
    def quoted(self) -> frozenset[str]:
        """Every word of the quotes."""
        return frozenset(key for token in (*self.quotes, *self.original) for key in token.keys)

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word of content of the quotes, as it is written, folded."""
        content = (token for token in (*self.quotes, *self.original) if token.content)
        return frozenset(part for token in content for part in fold(token.text).split())

    def mentions(self, word: str) -> bool:
        """Whether a passage has a word at all."""
        written = re.compile(rf"\b{re.escape(word)}\b", re.IGNORECASE)
        return any(written.search(text) for text in self.passages)

    def names(self, word: str) -> bool:
        """Whether a passage writes a word with a capital letter where only names have one."""
        written = re.compile(rf"(?<=[^\W_A-Z][ ,;]) ?{re.escape(word)}\b")
        return any(written.search(text) for text in self.passages)

    def with_names(self, tokens: Sequence[Token], others: Sequence[Token]) -> list[Token]:
        """The tokens, the first word of a sentence read as a name where the same word is one elsewhere."""
        known = {
            key for token in (*tokens, *others, *self.asked) if token.kind is Kind.NAME for key in token.keys
        }
        return [
            replace(token, kind=Kind.NAME)
            if token.kind is Kind.WORD and token.capital and (token.keys & known or self.names(token.text))
            else token
            for token in tokens
        ]
