"""Which word of a claim comes from which word of its quotes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from bot.facts import Kind, Token

CLOSE = 0.6
"""From this share of its words in the quotes' order on, a claim is held against them word for word."""
_WEIGHTS = {Kind.LIGHT: 0.5, Kind.WORD: 2.0}
_FACT = 1.5
"""Less than a word: what two facts that were exchanged have between them is to hold its place, not they."""
_SYNONYM = 0.5
_TOGETHER = 0.4
"""For standing right after the word that is aligned before it."""
_REACH = 8
"""How many words on either side are the surroundings of a fact."""
_LIGHT = 0.3
"""What a word of grammar counts among them, beside a word of content."""
_BEYOND = 0.4
"""What a word counts beyond the end of a clause."""
_OTHER_SIDE = 0.5
"""What a word counts that stands after the one and before the other."""


def same(one: Token, other: Token) -> bool:
    """Whether two tokens say the same, be it in other notation."""
    if one.keys & other.keys:
        return one.amount is None or other.amount is None or one.amount.counts_as(other.amount)
    if one.dates and other.dates:
        return any(mine.agrees(theirs) for mine in one.dates for theirs in other.dates)
    if one.dates and other.amount:
        return _is_part(one, other)
    return bool(one.amount and other.dates) and _is_part(other, one)


def _is_part(date: Token, number: Token) -> bool:
    """Whether a number on its own may be the year or the day of a date."""
    if number.amount is None or (number.amount.units and number.amount.units != {"year"}):
        return False
    parts = [part for one in date.dates for part in (one.year, one.day) if part]
    return any(float(part) in number.amount.values for part in parts)


@dataclass(frozen=True, slots=True)
class Fact:
    """A number, a date or a name, of one or more tokens."""

    span: range
    counted: bool

    def text(self, tokens: Sequence[Token]) -> str:
        """As it stands."""
        return " ".join(tokens[place].text for place in self.span)


def facts_of(tokens: Sequence[Token]) -> list[Fact]:
    """The facts among the tokens, in order; the words of a name are one."""
    found: list[Fact] = []
    for place, token in enumerate(tokens):
        last = found[-1] if found else None
        if token.counted and not (token.amount and token.amount.weak):
            if last and not last.counted and last.span.stop == place and token.text.isupper():
                found[-1] = Fact(range(last.span.start, place + 1), counted=False)  # "Philip II"
            else:
                found.append(Fact(range(place, place + 1), counted=True))
        elif token.named:
            if last and not last.counted and last.span.stop == place and not token.parted:
                found[-1] = Fact(range(last.span.start, place + 1), counted=False)
            else:
                found.append(Fact(range(place, place + 1), counted=False))
    return found


@dataclass(frozen=True, slots=False, eq=False)
class Alignment:
    """A claim held against its quotes, word by word and in order."""

    claim: Sequence[Token]
    quotes: Sequence[Token]
    places: Sequence[int]
    """For each token of the claim, which of the quotes it comes from; -1 for none."""
    matches: Sequence[frozenset[int]]
    """For each token of the claim, all of the quotes that say the same."""

    @cached_property
    def back(self) -> dict[int, int]:
        """For tokens of the quotes, which of the claim came from them."""
        return {place: at for at, place in enumerate(self.places) if place >= 0}

    @cached_property
    def close(self) -> bool:
        """Whether the claim keeps so much of its quotes that it can be held against them word for word."""
        content = [place for token, place in zip(self.claim, self.places, strict=True) if token.content]
        return sum(place >= 0 for place in content) >= CLOSE * len(content)

    @cached_property
    def gaps(self) -> list[tuple[range, range]]:
        """Where the two part between words that they share: the claim's tokens there, and the quotes'."""
        found = []
        at, place = 0, 0
        pairs = sorted((here, there) for there, here in self.back.items())
        for here, there in [*pairs, (len(self.claim), len(self.quotes))]:
            if here > at or there > place:
                found.append((range(at, here), range(place, there)))
            at, place = here + 1, there + 1
        return found

    @cached_property
    def facts(self) -> dict[Fact, list[Fact]]:
        """The claim's facts, each with those of the quotes that are the same."""
        return {
            one: [other for other in self.quoted_facts if self._overlap(one, other)]
            for one in facts_of(self.claim)
        }

    @cached_property
    def quoted_facts(self) -> list[Fact]:
        """The quotes' facts."""
        return facts_of(self.quotes)

    def _overlap(self, one: Fact, other: Fact) -> bool:
        return any(not self.matches[at].isdisjoint(other.span) for at in one.span)

    def nearness(self, here: range, there: range, apart: frozenset[int] = frozenset()) -> float:
        """How alike the surroundings of a stretch of the claim and of one of the quotes are.

        Words that stand around both count by how close they stand, less beyond a clause and where they change
        sides. Those of the claim in `apart` do not count.
        """
        total = 0.0
        first, quoted = self.claim[here.start], self.quotes[there.start]
        for at in range(max(here.start - _REACH, 0), min(here.stop + _REACH, len(self.claim))):
            token = self.claim[at]
            if at in here or at in apart or token.sentence != first.sentence or not self.matches[at]:
                continue
            away, best = _distance(at, here), 0.0
            for place in self.matches[at]:
                other = _distance(place, there)
                if other and abs(other) <= _REACH and self.quotes[place].sentence == quoted.sentence:
                    side = 1.0 if (other > 0) == (away > 0) else _OTHER_SIDE
                    beyond = 1.0 if self.quotes[place].clause == quoted.clause else _BEYOND
                    best = max(best, side * beyond / abs(other))
            weight = (1.0 if token.content else _LIGHT) * (1.0 if token.clause == first.clause else _BEYOND)
            total += best / abs(away) * weight
        return total


def _distance(place: int, stretch: range) -> int:
    """How far a place is behind a stretch; negative before it, 0 within."""
    if place < stretch.start:
        return place - stretch.start
    return max(place - stretch.stop + 1, 0)


def align(claim: Sequence[Token], quotes: Sequence[Token]) -> Alignment:
    """The alignment that keeps the most of the claim, words of content first, in unbroken stretches."""
    matches = _matches(claim, quotes)
    width = len(quotes) + 1
    best = [0.0] * width
    ended = [-1.0] * width  # the value of the alignment whose last pair is this one
    steps: list[list[int]] = []  # 0: up, 1: left, 2: a pair, 3: a pair right after a pair
    for token, there in zip(claim, matches, strict=True):
        above, ended_above = best, ended
        best, ended, step = [0.0] * width, [-1.0] * width, [0] * width
        highest = 0.0
        for place in range(1, width):
            value, choice = above[place], 0
            if highest > value:
                value, choice = highest, 1
            if place - 1 in there:
                apart, along = above[place - 1], ended_above[place - 1] + _TOGETHER
                pair = 3 if along > apart else 2
                ended[place] = max(apart, along) + _weight(token, quotes[place - 1])
                if ended[place] > value:
                    value, choice = ended[place], pair
                step[place] = pair << 2
            best[place] = highest = value
            step[place] |= choice
        steps.append(step)
    return Alignment(claim, quotes, _trace(steps, width), matches)


def _weight(token: Token, other: Token) -> float:
    """What it counts to align two tokens: little where one is only a synonym of the other."""
    if token.turns and not any(":" not in key for key in token.keys & other.keys):
        return _SYNONYM
    return _WEIGHTS.get(token.kind, _FACT)


def _matches(claim: Sequence[Token], quotes: Sequence[Token]) -> list[frozenset[int]]:
    by_key: dict[str, list[int]] = {}
    counted = {place for place, token in enumerate(quotes) if token.counted}
    for place, token in enumerate(quotes):
        for key in token.keys:
            by_key.setdefault(key, []).append(place)
    found = []
    for token in claim:
        there = {place for key in token.keys for place in by_key.get(key, ())}
        if token.counted:
            there = {place for place in there | counted if same(token, quotes[place])}
        found.append(frozenset(there))
    return found


def _trace(steps: Sequence[Sequence[int]], width: int) -> list[int]:
    """Back from the last step: for each token of the claim its place, -1 for none."""
    places = [-1] * len(steps)
    at, place = len(steps), width - 1
    must = False
    while at > 0 and place > 0:
        step = steps[at - 1][place]
        choice = step >> 2 if must else step & 3
        if choice >= 2:
            places[at - 1] = place - 1
            at, place, must = at - 1, place - 1, choice == 3
        elif choice == 1:
            place -= 1
        else:
            at -= 1
    return places
