"""Each number, date, unit, name and address of a claim stands in what it cites."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.facts import Date, Kind, Token, fold
from bot.facts.names import are_cognate, are_related, initials
from bot.facts.units import unit_of
from bot.proof.alignment import Alignment, same
from bot.proof.cited import Cited
from bot.proof.placing import is_point_in_time
from bot.proof.replacing import is_contested, unclaimed_names


def missing_fact(held: Alignment, cited: Cited) -> str | None:
    """What of a claim's facts nothing cited has, in words."""
    for token in held.claim:
        if token.kind is Kind.NUMBER and (rule := _missing_number(token, held, cited)):
            return rule
        if token.kind is Kind.DATE and not _has_date(token, cited):
            return f"its quote does not have the date {token.text}"
        if token.kind is Kind.CODE and not token.keys & cited.keys:
            return f"its quote does not have {token.text}"
    for phrase in names(held.claim):
        for token in phrase:
            if not _has_name(token, phrase, held, cited):
                return f"its quote does not have the name {token.text}"
    return None


def names(tokens: Sequence[Token]) -> list[list[Token]]:
    """The names, each as its words."""
    found: list[list[Token]] = []
    last = -2
    for place, token in enumerate(tokens):
        if token.kind is not Kind.NAME:
            continue
        if place == last + 1 and not token.parted:
            found[-1].append(token)
        else:
            found.append([token])
        last = place
    return found


def _missing_number(token: Token, held: Alignment, cited: Cited) -> str | None:
    amount = token.amount
    if amount is None or amount.weak or any(same(token, one) for one in cited.said if one.dates):
        return None
    there = [one for one in (*cited.quotes, *cited.original) if one.amount and amount.agrees(one.amount)]
    if not there and not _has_unclaimed(held, token):
        there = [one for one in cited.around if one.amount and amount.agrees(one.amount)]
    if not there:
        return f"its quote does not have the number {token.text}"
    if any(one.amount and amount.counts_as(one.amount) and _has_unit(token, one, cited) for one in there):
        return None
    return f"its quote does not have the number {token.text} of this unit"


def _has_unclaimed(held: Alignment, token: Token) -> bool:
    """Whether the quotes have a number of the same sort that the claim has not."""
    counted = (place for place, other in enumerate(held.quotes) if other.counted)
    claimed = set().union(*held.matches)
    return any(
        is_point_in_time(held.quotes[place]) == is_point_in_time(token) and place not in claimed
        for place in counted
    )


def _has_unit(token: Token, other: Token, cited: Cited) -> bool:
    """Whether the unit that a claim gives to a number which has none in the quote stands elsewhere there."""
    if token.amount is None or other.amount is None or not token.amount.units or other.amount.units:
        return True
    return any(unit_of(fold(one.text)) & token.amount.units for one in (*cited.said, *cited.asked))


def _has_date(token: Token, cited: Cited) -> bool:
    """Whether a date stands there, if in parts: its year may be in the title."""
    if token.keys & cited.keys:
        return True
    for mine in token.dates:
        if mine.month is None and mine.year is not None and _has_value(mine.year, cited):
            return True
        for other in cited.said:
            for theirs in other.dates:
                if mine.agrees(theirs) and _has_rest(
                    mine.parts().keys() - theirs.parts().keys(), mine, cited
                ):
                    return True
    return False


def _has_rest(names_: Iterable[str], date: Date, cited: Cited) -> bool:
    return all(
        any(getattr(theirs, name) == getattr(date, name) for other in cited.said for theirs in other.dates)
        or (name == "year" and _has_value(getattr(date, name), cited))
        for name in names_
    )


def _has_value(value: float, cited: Cited) -> bool:
    return any(one.amount is not None and float(value) in one.amount.values for one in cited.said)


def _has_name(token: Token, phrase: Sequence[Token], held: Alignment, cited: Cited) -> bool:
    word = fold(token.text)
    if token.keys & cited.quoted or any(are_related(word, other) for other in cited.words):
        return True
    if cited.original and any(are_cognate(word, other) for other in cited.words):
        return True
    if _abbreviates(token, phrase, cited) or _is_rendered(phrase, cited):
        return True
    if any(token.keys & one.keys for one in cited.around):
        return not (unclaimed_names(held) if held.close else is_contested(held, token))
    return _is_asked(token, held, cited)


def _abbreviates(token: Token, phrase: Sequence[Token], cited: Cited) -> bool:
    """Whether a name stands there as its initials, or the initials as the name."""
    if token.text.isupper() and len(token.text) > 1:
        letters, words = fold(token.text), [fold(one.text) for one in cited.said]
        return any(
            initials(words[start : start + count]) == letters
            for start in range(len(words))
            for count in range(len(letters), len(letters) + 4)
        )
    whole = initials([fold(one.text) for one in phrase])
    return len(phrase) > 1 and any(one.text.isupper() and fold(one.text) == whole for one in cited.said)


def _is_rendered(phrase: Sequence[Token], cited: Cited) -> bool:
    """Whether the original has a name of common words, such as "Middle Ages", in its own language."""
    there = {key for one in cited.original for key in one.keys}
    made = [one for one in cited.render(" ".join(one.text for one in phrase)) if one.content]
    return bool(made) and 2 * sum(bool(one.keys & there) for one in made) > len(made)


def _is_asked(token: Token, held: Alignment, cited: Cited) -> bool:
    """Whether a name may be taken from the question: the page has it, and no other stands in its place."""
    asked = any(token.keys & one.keys for one in cited.asked)
    return asked and cited.mentions(token.text) and not is_contested(held, token)
