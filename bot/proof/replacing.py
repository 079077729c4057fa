"""No fact of a claim was put in the place of another, between words that claim and quote share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from bot.facts import Kind, Token, fold
from bot.facts.names import are_cognate
from bot.proof.alignment import Alignment, Fact, same
from bot.proof.cited import Cited
from bot.proof.placing import are_listed, is_paired, is_passive

_GAP = 8
"""Tokens of a stretch that was put in other words as one; a longer one is a rewriting."""


def replaced_fact(held: Alignment, cited: Cited) -> str | None:
    """A fact that stands where the quote has another one."""
    if not held.close:
        return None
    for here, there in held.gaps:
        if len(here) <= _GAP and len(there) <= _GAP:
            for mine, other in _opposed(held, here, there, cited):
                return f"it has {mine.text} where its quote has {other.text}"
    return None


def _opposed(held: Alignment, here: range, there: range, cited: Cited) -> Iterator[tuple[Token, Token]]:
    """Facts of the claim and of the quotes between the same words, that are not the same."""
    for at in here:
        token = held.claim[at]
        named = token.named or _may_be_name(token, cited)
        if not named and not token.counted:
            continue
        facts = [
            place for place in there if (held.quotes[place].named if named else held.quotes[place].counted)
        ]
        if not facts or any(_may_be_same(token, held.quotes[place], cited) for place in facts):
            continue
        if named and (is_passive(held) or _is_relisted(held, at, facts)):
            continue
        if not _goes_with_others(held, at, facts[0]) and not _fits_its_own(held, at, facts[0]):
            yield token, held.quotes[facts[0]]


def exchanged_words(held: Alignment, cited: Cited) -> str | None:  # noqa: ARG001 (as the other rules)
    """Two words that stand in each other's place, between words that claim and quote share."""
    if not held.close:
        return None
    contents = ((_content(held.claim, here), _content(held.quotes, there)) for here, there in held.gaps)
    parted = [(mine[0], theirs[0]) for mine, theirs in contents if len(mine) == len(theirs) == 1]
    for (one, other), (second, fourth) in combinations(parted, 2):
        if fourth in held.matches[one] and other in held.matches[second]:
            mine, theirs = held.claim[one], held.claim[second]
            listed = not any(token.content for token in held.claim[one + 1 : second])
            if not listed and not mine.turns & theirs.turns:
                return f"it has {mine.text} and {theirs.text} in each other's place"
    return None


def _content(tokens: Sequence[Token], stretch: range) -> list[int]:
    return [at for at in stretch if tokens[at].content]


def _may_be_name(token: Token, cited: Cited) -> bool:
    """Whether the capital letter of a sentence's first word may be that of a name that nobody cited."""
    return token.kind is Kind.WORD and token.capital and not token.keys & cited.keys


def _may_be_same(token: Token, other: Token, cited: Cited) -> bool:
    if same(token, other) or not cited.original:
        return same(token, other)
    # A machine's translation spoils names: what stands in the original only is there all the same.
    spoiled = any(same(token, one) for one in cited.original)
    translated = any(same(token, one) for one in cited.quotes)
    return (spoiled and not translated) or are_cognate(fold(token.text), fold(other.text))


def _is_relisted(held: Alignment, at: int, places: list[int]) -> bool:
    """Whether a name only changed its place within a list."""
    return any(
        are_listed(held.quotes, _single(own), _single(place)) for own in held.matches[at] for place in places
    )


def _single(place: int) -> Fact:
    return Fact(range(place, place + 1), counted=False)


def _goes_with_others(held: Alignment, at: int, place: int) -> bool:
    """Whether a fact stands with the others that it stands with in the quote, if in another order."""
    one = next((fact for fact in held.facts if at in fact.span), None)
    rival = next((fact for fact in held.quoted_facts if place in fact.span), None)
    return one is not None and rival is not None and is_paired(held, one, rival) is True


def _fits_its_own(held: Alignment, at: int, place: int) -> bool:
    """Whether the surroundings of a fact are rather those that the quote gives it than those of another."""
    span = range(at, at + 1)
    own = max((held.nearness(span, range(other, other + 1)) for other in held.matches[at]), default=0.0)
    return own > held.nearness(span, range(place, place + 1))


def is_contested(held: Alignment, token: Token) -> bool:
    """Whether a name that only a title or the question has stands where the quote has another."""
    unclaimed = set(unclaimed_names(held))
    for here, there in held.gaps:
        for at in here:
            if held.claim[at] is token:
                led = _led_by(held.claim, at)
                return not unclaimed.isdisjoint(there) or any(
                    led & _led_by(held.quotes, place) for place in unclaimed
                )
    return False


def _led_by(tokens: Sequence[Token], place: int) -> frozenset[str]:
    """The preposition, or whatever word of grammar stands before a name, in whichever place of it this is."""
    while place and tokens[place - 1].named:
        place -= 1
    before = tokens[place - 1] if place else None
    return before.keys if before is not None and not before.content else frozenset()


def unclaimed_names(held: Alignment) -> list[int]:
    """The names of the quotes that the claim does not have."""
    claimed = {key for one in held.claim for key in one.keys}
    return [place for place, other in enumerate(held.quotes) if other.named and not other.keys & claimed]
