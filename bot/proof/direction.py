"""No word of direction is turned round: before and after, at least and at most, must and may."""

from __future__ import annotations

from collections.abc import Sequence

from bot.facts import Kind, Token, fold
from bot.facts.turns import ASSERTED, BINDING, CERTAIN, COMPLEMENTARY, LEADING, Turn
from bot.proof.alignment import Alignment
from bot.proof.cited import Cited

_HEAD = 5
"""How many words after a word of direction stands what it is said of."""
_DENIABLE = COMPLEMENTARY | {"modality"}
_MODAL = frozenset({("modality", 0), ("modality", 1), ("permission", 0)})
_LOOSE = 0.5
"""How near the place of an opposite must be where a claim is in other words than its quotes."""

Stances = Sequence[frozenset[Turn]]
"""For each token of a text, what it says of each direction, denials counted in."""


def turned_direction(held: Alignment, cited: Cited) -> str | None:
    """A word of the claim that says the opposite of the quote's, or more than the quote says."""
    mine = [_stance(held.claim, place) for place in range(len(held.claim))]
    theirs = [_stance(held.quotes, place) for place in range(len(held.quotes))]
    if held.close and (rule := _between_shared_words(held, cited, mine, theirs)):
        return rule
    for place, token in enumerate(held.claim):
        if not mine[place] or token.kind is Kind.NAME:
            continue
        against = _led_otherwise(held, place, mine, theirs)
        if against is None and not _is_kept(held, place, mine, theirs):
            if rule := _unfounded(held, cited, place, mine, theirs):
                return rule
            against = _nearest_opposite(held, cited, place, mine, theirs)
        if against is not None:
            return _told(token, held.quotes[against])
    return None


def _told(token: Token, other: Token) -> str:
    return f"it says “{token.text}” where its quote says “{other.text}”"


def _between_shared_words(held: Alignment, cited: Cited, mine: Stances, theirs: Stances) -> str | None:
    """A word's opposite put in its place, where claim and quote are the same all around."""
    for here, there in held.gaps:
        for at in here:
            if not mine[at] or any(mine[at] & theirs[place] for place in there):
                continue
            if any(mine[at] & one.turns for one in cited.original):
                continue
            for place in there:
                token, other = held.claim[at], held.quotes[place]
                if _oppose(mine[at], theirs[place]) or _is_cut(token, other):
                    return _told(token, other)
    return None


def _is_cut(token: Token, other: Token) -> bool:
    """Whether a word is what is left of a phrase without its denial: "later" of "no later than"."""
    first, _, rest = fold(other.text).partition(" ")
    return first in {"no", "not"} and fold(token.text) in rest.split()


def _unfounded(held: Alignment, cited: Cited, place: int, mine: Stances, theirs: Stances) -> str | None:
    """A word that stands nowhere and says more than the statement without it, or the original's opposite."""
    stance, token = mine[place], held.claim[place]
    if any(stance & other for other in theirs) or any(one.turns & stance for one in cited.original):
        return None
    if stance <= ASSERTED and not any(one.turns & stance for one in cited.said):
        return f"its quote does not say “{token.text}”"
    certain = frozenset(turn for turn in stance if turn[0] in CERTAIN)
    opposite = next((one for one in cited.original if _oppose(certain, one.turns)), None)
    return _told(token, opposite) if opposite else None


def _nearest_opposite(
    held: Alignment, cited: Cited, place: int, mine: Stances, theirs: Stances
) -> int | None:
    """Where the quotes have the opposite in surroundings like those of a word of the claim."""
    stance, span = mine[place], range(place, place + 1)
    own = [at for at, other in enumerate(theirs) if other & stance]
    if not own and any(one.turns & stance for one in cited.original):
        return None
    if own:
        least = 1.25 * max(held.nearness(span, range(at, at + 1)) for at in own) + 0.2
    else:
        least = 0.0 if held.close and not stance <= _MODAL else _LOOSE
    for at, other in enumerate(theirs):
        opposite = not other & stance and _oppose(stance, other) and at not in held.back
        if opposite and held.nearness(span, range(at, at + 1)) > least:
            return at
    return None


def _led_otherwise(held: Alignment, place: int, mine: Stances, theirs: Stances) -> int | None:
    """Where the quote has the opposite before the word that follows the claim's: "includes A, excludes B"."""
    if not any(direction in LEADING for direction, _ in mine[place]):
        return None
    clause = held.claim[place].clause
    following = range(place + 1, min(place + _HEAD + 1, len(held.claim)))
    head = next((at for at in following if held.claim[at].content and held.claim[at].clause == clause), None)
    against = None
    for there in held.matches[head] if head is not None else ():
        for at in range(there - 1, max(there - _HEAD - 1, -1), -1):
            if held.quotes[at].clause != held.quotes[there].clause:
                break
            if theirs[at] & mine[place]:
                return None
            if _oppose(mine[place], theirs[at]):
                against = at
    return against


def _is_kept(held: Alignment, place: int, mine: Stances, theirs: Stances) -> bool:
    """Whether the word is the quote's own."""
    there = held.places[place]
    return (
        there >= 0 and bool(mine[place] & theirs[there]) and held.claim[place].keys == held.quotes[there].keys
    )


def _oppose(mine: frozenset[Turn], theirs: frozenset[Turn]) -> bool:
    return any(a == b and one != other for a, one in mine for b, other in theirs)


def _stance(tokens: Sequence[Token], place: int) -> frozenset[Turn]:
    """What a word says of each direction, denials counted in.

    Of directions with two values, a denial says the other; a duty or a permission that is denied may forbid.
    """
    token = tokens[place]
    if not any(direction in _DENIABLE for direction, _ in token.turns) or not _is_denied(tokens, place):
        return token.turns
    denied: set[Turn] = set()
    for direction, value in token.turns:
        if direction == "modality":
            forbids = value == 1 or fold(token.text) in BINDING
            denied.add(("permission", 1) if forbids else ("modality", 1))
        elif direction in COMPLEMENTARY:
            denied.add((direction, 1 - value))
        elif len(token.turns) == 1:
            denied.add((direction, value))
    return frozenset(denied)


def _is_denied(tokens: Sequence[Token], place: int) -> bool:
    """Whether a negation stands before a word in its clause, or right after it: "may not"."""
    around = [*tokens[max(place - 5, 0) : place], *tokens[place + 1 : place + 2]]
    return any(one.negative and one.clause == tokens[place].clause for one in around)
