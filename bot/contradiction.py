"""Whether two statements cannot both be right, read word by word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from bot.facts import Amount, Kind, Token

SHARED = 0.5
"""The share of the shorter statement's words from which on two are about the same thing."""
SHARED_DENIED = 0.75
"""The same where one denies what the other says: "not" alone makes a small difference."""
SEVERAL = 2
"""Words that they have in common at least."""


def contradict(
    one: Sequence[Token], other: Sequence[Token], asked: Sequence[Token], *, which: bool = False
) -> bool:
    """Whether two statements in one language cannot both be right, as answers to one question.

    They are about the same if they share most of their words; then they contradict each other in a number or
    a date of the same kind, in whether they deny it, or, where it is asked `which` one it is, in the name.
    Where names that were not asked for differ as well as numbers, they are about different things.
    """
    shared = shared_words(one, other)
    if shared < SHARED:
        return False
    names, others = _names(one, asked), _names(other, asked)
    apart = bool(names) and bool(others) and not names & others
    if _differ_in_amounts(one, other) or _differ_in_dates(one, other):
        return not apart
    if apart and which:
        return True
    if any(token.negative for token in one) == any(token.negative for token in other):
        return False
    denied, said = (one, other) if any(token.negative for token in one) else (other, one)
    return not apart and shared_words(_denied_part(denied), said) >= SHARED_DENIED


def shared_words(one: Sequence[Token], other: Sequence[Token]) -> float:
    """The share of the shorter statement's words of content that the longer one has, 0 to 1."""
    (shorter, _), (_, there) = sorted((_words_of(tuple(one)), _words_of(tuple(other))), key=_length)
    common = sum(not keys.isdisjoint(there) for keys in shorter)
    return common / len(shorter) if common >= min(SEVERAL, len(shorter)) and shorter else 0.0


def is_replaced(word: frozenset[str], one: Sequence[Token], other: Sequence[Token]) -> bool:
    """Whether another word stands where the first statement has this one: between the same two."""
    places = {_beside(one, at) for at, token in enumerate(one) if token.keys & word}
    there = [token for at, token in enumerate(other) if places and _beside(other, at) in places]
    return bool(there) and not any(token.keys & word or token.counted for token in there)


def _beside(tokens: Sequence[Token], at: int) -> tuple[frozenset[str] | None, ...]:
    """What the words on both sides of a place may be compared by; None for a number, and where none is."""
    sides = (tokens[side] if 0 <= side < len(tokens) else None for side in (at - 1, at + 1))
    return tuple(None if one is None or one.counted else one.keys for one in sides)


@lru_cache(maxsize=1024)
def _words_of(tokens: tuple[Token, ...]) -> tuple[list[frozenset[str]], frozenset[str]]:
    """What each word may be compared by, and any of them: the same few statements are held against each other
    many times."""
    words = [token.keys for token in tokens if token.kind is Kind.WORD]
    return words, frozenset().union(*words)


def _length(words: tuple[list[frozenset[str]], frozenset[str]]) -> int:
    return len(words[0])


def _denied_part(tokens: Sequence[Token]) -> Sequence[Token]:
    """The clauses that have a negation: "Dogs come on Fridays, never on Mondays" denies only the second."""
    clauses = {(token.sentence, token.clause) for token in tokens if token.negative}
    return [token for token in tokens if (token.sentence, token.clause) in clauses]


def _names(tokens: Sequence[Token], asked: Sequence[Token]) -> frozenset[str]:
    known = {key for token in asked for key in token.keys}
    return frozenset(
        key for token in tokens if token.kind is Kind.NAME and not token.keys & known for key in token.keys
    )


def _differ_in_amounts(one: Sequence[Token], other: Sequence[Token]) -> bool:
    pairs = [
        mine.agrees(theirs)
        for mine in _amounts(one)
        for theirs in _amounts(other)
        if (mine.units & theirs.units) or not (mine.units or theirs.units)
    ]
    return bool(pairs) and not any(pairs)


def _amounts(tokens: Sequence[Token]) -> Iterator[Amount]:
    return (token.amount for token in tokens if token.amount and not token.amount.weak)


def _differ_in_dates(one: Sequence[Token], other: Sequence[Token]) -> bool:
    pairs = [
        any(mine.agrees(theirs) for mine in here for theirs in there)
        for here in (token.dates for token in one if token.dates)
        for there in (token.dates for token in other if token.dates)
        if here[0].parts().keys() & there[0].parts().keys()
    ]
    return bool(pairs) and not any(pairs)
