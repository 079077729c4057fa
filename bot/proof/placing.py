"""Each fact of a claim stands where its quote has it, and not in the place of another."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from bot.facts import Kind, Token, fold
from bot.facts.words import words
from bot.proof.alignment import Alignment, Fact
from bot.proof.cited import Cited

_LISTING = words("and or nor together with alongside y e o u ni junto con the a an un una el la los las - as")
_JOINING = words("and or while y o e u mientras")
_APART = 10
"""How many words it puts a name and a number apart that a clause ends between them, or something is added."""
_PASSIVE = frozenset({"by", "por"})
_LEADS = ((1.25, 0.2), (2.0, 0.4))
"""How many times as well, and how much better, the place of another fact must fit: where a claim is close to
its quotes and in their language, and elsewhere."""
_EXCHANGED = 0.15
"""How much better two facts must fit in each other's place."""


def misplaced_fact(held: Alignment, cited: Cited) -> str | None:
    """A fact of the claim whose surroundings are those of another fact in the quote."""
    if rule := _reversed(held):
        return rule
    for one, own in held.facts.items():
        if not own or (held.close and any(held.places[at] >= 0 for at in one.span)):
            continue  # unknown, or in its place, whatever was left out around it
        if not one.counted and (is_passive(held) or _is_for_pronoun(held, one)):
            continue
        for rival in held.quoted_facts:
            if rival in own or not _are_alike(held, one, rival):
                continue
            if not one.counted and _is_listed_with(held, one, rival):
                continue
            if _fits_elsewhere(held, one, rival, cited):
                return f"it puts {one.text(held.claim)} where its quote has {rival.text(held.quotes)}"
    return None


def _is_for_pronoun(held: Alignment, one: Fact) -> bool:
    """Whether a name alone stands for a pronoun, or for none in Spanish, and its own clause is left out."""
    own = {other.span.start for other in held.facts[one]}
    left_out = any(not here and not own.isdisjoint(there) for here, there in held.gaps)
    return (
        held.close
        and left_out
        and any(
            here == one.span and not any(held.quotes[place].content for place in there)
            for here, there in held.gaps
        )
    )


def _are_alike(held: Alignment, one: Fact, rival: Fact) -> bool:
    """Whether a fact of the claim could stand for one of the quotes: a name for a name, no year for third."""
    mine, theirs = held.claim[one.span.start].amount, held.quotes[rival.span.start].amount
    return one.counted == rival.counted and bool(mine and mine.ordinal) == bool(theirs and theirs.ordinal)


def _reversed(held: Alignment) -> str | None:
    """Two quantities with nothing of content between them, which the quote has the other way round."""
    counted = [fact for fact in held.facts if fact.counted]
    for mine, theirs in pairwise(counted):
        one, other = mine.span.start, theirs.span.start
        between = held.claim[one + 1 : other]
        if any(token.content for token in between):
            continue
        alike = is_point_in_time(held.claim[one]) == is_point_in_time(held.claim[other])
        pairs = [(first, second) for first in held.matches[one] for second in held.matches[other]]
        if pairs and all(
            second < first
            and not any(token.content for token in held.quotes[second + 1 : first])
            and (
                alike
                or [one.text for one in between] == [one.text for one in held.quotes[second + 1 : first]]
            )
            for first, second in pairs
        ):
            first, second = held.claim[one].text, held.claim[other].text
            return f"it has {first} before {second}, and its quote after it"
    return None


def is_point_in_time(token: Token) -> bool:
    """Whether it is a date, or may be a year."""
    if token.amount is None:
        return bool(token.dates)
    return not token.amount.units and all(1000 <= value < 2200 for value in token.amount.values)


def _fits_elsewhere(held: Alignment, one: Fact, rival: Fact, cited: Cited) -> bool:
    """Whether a fact stands where its quote has another one."""
    paired = is_paired(held, one, rival)
    if paired:
        return False
    lead, margin = _LEADS[0 if held.close and not cited.original else 1]
    apart = frozenset(at for at, there in enumerate(held.matches) if not there.isdisjoint(rival.span))
    mine = max(held.nearness(one.span, other.span) for other in held.facts[one])
    theirs = held.nearness(one.span, rival.span, apart)
    if theirs > (mine if paired is False else mine * lead + margin):
        return True
    return any(
        rival in places and other != one and _fit_exchanged(held, one, other)
        for other, places in held.facts.items()
    )


def _fit_exchanged(held: Alignment, one: Fact, other: Fact) -> bool:
    """Whether two facts of the claim fit better where the quote has the other one."""
    apart = frozenset((*one.span, *other.span))

    def fit(mine: Fact, theirs: Fact) -> float:
        return max(held.nearness(mine.span, place.span, apart) for place in held.facts[theirs])

    return fit(one, other) + fit(other, one) > fit(one, one) + fit(other, other) + _EXCHANGED


def is_paired(held: Alignment, one: Fact, rival: Fact) -> bool | None:
    """Whether the names and numbers that the claim has together stand together in the quote.

    True where they do and stand apart from a rival, False where they stand with the rival only, None where
    that tells nothing.
    """
    first = held.claim[one.span.start]
    known = [other for other, places in held.facts.items() if places]
    together = [other for other in known if held.claim[other.span.start].clause == first.clause]
    if all(other.counted == one.counted for other in together):
        together = [other for other in known if held.claim[other.span.start].sentence == first.sentence]
    mates = [other for other in together if other.counted != one.counted]
    if not mates or not held.facts[one] or any(rival in held.facts[other] for other in together):
        return None

    own = [any(_are_together(held, mate, place) for place in held.facts[one]) for mate in mates]
    theirs = [_are_together(held, mate, rival) for mate in mates]
    if all(own) and not any(theirs):
        return True
    return False if all(theirs) and not any(own) else None


def _are_together(held: Alignment, mate: Fact, place: Fact) -> bool:
    """Whether a fact of the claim stands together with one of the quotes, which is of the other kind."""
    return any(
        (_number_of(held, place) == other) if other.counted else (_number_of(held, other) == place)
        for other in held.facts[mate]
    )


def _number_of(held: Alignment, name: Fact) -> Fact | None:
    """The number that stands nearest to a name of the quotes, in its sentence."""
    tokens = held.quotes
    sentence = tokens[name.span.start].sentence

    def away(fact: Fact) -> int:
        first, last = sorted((fact.span, name.span), key=lambda span: span.start)
        between = tokens[first.stop : last.start]
        clauses = abs(tokens[fact.span.start].clause - tokens[name.span.start].clause)
        return len(between) + _APART * (clauses + sum(bool(one.keys & _JOINING) for one in between))

    numbers = [
        one for one in held.quoted_facts if one.counted and tokens[one.span.start].sentence == sentence
    ]
    return min(numbers, key=away, default=None)


def _is_listed_with(held: Alignment, one: Fact, rival: Fact) -> bool:
    """Whether a name of the claim stands in one list with another, in the quotes or in the claim."""
    if any(are_listed(held.quotes, rival, other) for other in held.facts[one]):
        return True
    mates = (other for other, places in held.facts.items() if rival in places and other != one)
    return any(are_listed(held.claim, one, other) for other in mates)


def are_listed(tokens: Sequence[Token], one: Fact, other: Fact) -> bool:
    """Whether two names stand in one list, where their order says nothing."""
    first, last = sorted((one.span, other.span), key=lambda span: span.start)
    between = tokens[first.stop : last.start]
    return all(token.kind is Kind.NAME or fold(token.text) in _LISTING for token in between)


def is_passive(held: Alignment) -> bool:
    """Whether only one of the two says by whom something is done, so that names may have changed places."""

    def count(tokens: Sequence[Token]) -> int:
        return sum(
            fold(token.text) in _PASSIVE and any(one.capital for one in tokens[place + 1 : place + 4])
            for place, token in enumerate(tokens)
        )

    return count(held.claim) != count(held.quotes)
