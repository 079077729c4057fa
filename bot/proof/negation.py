"""A claim denies what its quotes deny, and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from bot.facts import Token
from bot.facts.turns import COMPLEMENTARY
from bot.proof.alignment import Alignment
from bot.proof.cited import Cited

_REACH = 10
"""How many words a denial reaches in its clause."""
_REWRITTEN = 3
"""Words of content in a stretch of the quotes from which on the claim has rewritten it."""
_WHOLE = 0.85
"""From this share of the original's words of content on, a claim leaves out no clause of it."""
_JOINING = frozenset({"and", "or", "y", "o", "e", "u"})
_ENGLISH = frozenset({"not", "never", "cannot"})
_WITHOUT = frozenset({"without", "sin"})
_PREFIXES = ("un", "in", "im", "il", "ir", "non", "dis", "des", "a", "no")


def turned_negation(held: Alignment, cited: Cited) -> str | None:
    """A denial that only the claim has, or only its quotes."""
    return _between_shared_words(held, cited) or _added(held, cited) or _left_out(held, cited)


def _between_shared_words(held: Alignment, cited: Cited) -> str | None:
    """A denial put in, or left out, where claim and quote are the same all around."""
    added = [at for here, _ in held.gaps for at in here if held.claim[at].negative]
    left = [place for _, there in held.gaps for place in there if held.quotes[place].negative]
    # Where both have one, it may only stand elsewhere.
    if not held.close or bool(added) == bool(left) or _is_the_translations(held, cited, added=bool(added)):
        return None
    for here, there in held.gaps:
        mine, theirs = [held.claim[at] for at in here], [held.quotes[place] for place in there]
        if any(token.content or token.denying for token in (*mine, *theirs)) or _share_turn(mine, theirs):
            continue
        denied, quoted = _first_negative(mine), _first_negative(theirs)
        if (
            denied
            and not quoted
            and not _is_prefixed(held, [at for one in added for at in _heads(held.claim, one)])
        ):
            return f"its quote does not say “{denied.text}”"
        if quoted and not denied and not _is_whole_clause(held, there):
            return f"it leaves out “{quoted.text}” of its quote"
    return None


def _is_whole_clause(held: Alignment, there: range) -> bool:
    """Whether a stretch of the quotes that is left out is a clause of its own, as one in brackets."""
    clauses = {held.quotes[place].clause for place in there if held.quotes[place].negative}
    return all(place in there for place, token in enumerate(held.quotes) if token.clause in clauses)


def _added(held: Alignment, cited: Cited) -> str | None:
    """A denial of the claim that its quotes do not have."""
    for place, token in enumerate(held.claim):
        if not token.negative:
            continue
        if not _keeps_place(held, place) and not _is_denied_there(held, cited, place):
            return f"its quote does not say “{token.text}”"
        if _is_doubled(held, place):
            return f"it says “{token.text}” once more than its quote"
    return None


def _left_out(held: Alignment, cited: Cited) -> str | None:
    """A denial of the quotes where the claim says the same without one."""
    if _is_the_translations(held, cited, added=False):
        return None
    if _loses_denial(held, cited):
        return "it leaves out a denial of its quote"
    kept = {
        held.places[at] for at, token in enumerate(held.claim) if token.negative and _keeps_place(held, at)
    }
    for place, token in enumerate(held.quotes):
        if token.negative and place not in kept and _is_dropped(held, place):
            return f"it leaves out “{token.text}” of its quote"
    return None


# ---- what a negation denies ----


def _heads(tokens: Sequence[Token], place: int) -> list[int]:
    """What a negation denies: the next two words of content in its clause, else the one before."""
    return (
        _following(tokens, place, len(tokens))[:2]
        or [at for at in range(place) if tokens[at].clause == tokens[place].clause and tokens[at].content][
            -1:
        ]
    )


def _following(tokens: Sequence[Token], place: int, reach: int) -> list[int]:
    """Words after a negation, in its clause, that can be denied."""
    return [
        at
        for at in range(place + 1, min(place + reach + 1, len(tokens)))
        if tokens[at].clause == tokens[place].clause
        and (tokens[at].content or any(direction in COMPLEMENTARY for direction, _ in tokens[at].turns))
    ]


def _is_denied(tokens: Sequence[Token], place: int) -> bool:
    """Whether a negation reaches a word: one before it in its clause, or after it and no "and" between."""
    clause = tokens[place].clause
    for at, token in enumerate(tokens):
        if token.negative and token.clause == clause:
            between = tokens[place + 1 : at]
            if at <= place or not any(one.keys & _JOINING for one in between):
                return True
    return False


def _keeps_place(held: Alignment, place: int) -> bool:
    """Whether a negation denies the same word as that of the quote which it comes from."""
    there = held.places[place]
    if there < 0:
        return False
    mine, theirs = _heads(held.claim, place)[:1], _heads(held.quotes, there)[:1]
    if not mine or not theirs:
        return mine == theirs
    # Or another word for it: then neither is aligned.
    return held.places[mine[0]] == theirs[0] or (held.places[mine[0]] < 0 and theirs[0] not in held.back)


# ---- denials of the claim ----


def _is_denied_there(held: Alignment, cited: Cited, place: int) -> bool:
    """Whether the quotes deny what the claim denies at a place."""
    heads = _heads(held.claim, place)
    aligned = [held.places[at] for at in heads if held.places[at] >= 0]
    matched = aligned or [there for at in heads for there in held.matches[at]]
    if heads and held.places[heads[0]] < 0 and held.matches[heads[0]]:
        matched = sorted(held.matches[heads[0]])  # it is said elsewhere
    if any(_is_denied(held.quotes, there) for there in matched) or _is_prefixed(held, heads):
        return True
    around = _around(held, place)
    if any(token.denying and at not in held.back for at, token in around):
        return True
    if not aligned and any(token.negative for _, token in around):
        return True
    return _is_the_translations(held, cited, added=True)


def _around(held: Alignment, place: int) -> Sequence[tuple[int, Token]]:
    """The quotes' tokens in the clauses that have most words of the claim's clause."""
    clause = held.claim[place].clause
    shared = Counter(
        held.quotes[there].clause
        for at, token in enumerate(held.claim)
        if token.clause == clause and token.content
        for there in held.matches[at]
    )
    most = max(shared.values(), default=0)
    clauses = {each for each, count in shared.items() if 2 * count > most}
    return [(at, token) for at, token in enumerate(held.quotes) if token.clause in clauses]


def _is_prefixed(held: Alignment, heads: Iterable[int]) -> bool:
    """Whether a quote says by a prefix what the claim denies: "unpaid" for "not paid"."""
    roots = [key[:5] for at in heads for key in held.claim[at].keys if len(key) > 3]
    return any(
        key.startswith(prefix) and key.startswith(root, len(prefix))
        for token in held.quotes
        for key in token.keys
        for prefix in _PREFIXES
        for root in roots
    )


def _is_doubled(held: Alignment, place: int) -> bool:
    """Whether a clause denies twice, as English cannot without saying the opposite, and its quotes do not."""
    clause = held.claim[place].clause
    mine = [token for token in held.claim if token.negative and token.clause == clause]
    if len(mine) < 2 or not any(token.keys & _ENGLISH for token in mine):
        return False
    around = _around(held, place)
    return bool(around) and sum(token.negative for _, token in around) < len(mine)


# ---- denials of the quotes ----


def _is_dropped(held: Alignment, place: int) -> bool:
    """Whether the claim states what the quote denies at a place."""
    denied = _following(held.quotes, place, _REACH) or _heads(held.quotes, place)
    moved = [at for at in range(len(held.claim)) if denied and _is_same_word(held, at, denied[0])]
    if moved and denied[0] not in held.back:
        return not any(_says_no(held.claim, at) for at in moved)  # said, but elsewhere
    if not held.close:
        return not _is_doubly_denied(held, place) and _is_stated(held, denied)
    gap = next((pair for pair in held.gaps if place in pair[1]), (range(0), range(0)))
    here, there = gap
    if not here and any(held.quotes[at].content for at in there if at > place):
        return False  # left out together with what it denies
    claimed = [held.back[at] for at in denied if at in held.back]
    if not claimed:
        return _is_gap_turned(held, place, here)
    rewritten = sum(held.quotes[at].content for at in there) >= _REWRITTEN
    if rewritten and any(not _is_denied(held.quotes, other) for other in held.matches[claimed[0]]):
        return False  # it stands there without a denial as well
    return not _says_no(held.claim, claimed[0])


def _says_no(tokens: Sequence[Token], place: int) -> bool:
    """Whether the clause of a word denies something, be it without a negation."""
    clause = tokens[place].clause
    return any((token.negative or token.denying) and token.clause == clause for token in tokens)


def _is_same_word(held: Alignment, at: int, place: int) -> bool:
    """Whether two words are the same and not only synonyms."""
    shared = held.claim[at].keys & held.quotes[place].keys
    return place in held.matches[at] and any(":" not in key for key in shared)


def _is_doubly_denied(held: Alignment, place: int) -> bool:
    """Whether the clause denies something "without" something, which may be said without any denial."""
    clause = [token for token in held.quotes if token.clause == held.quotes[place].clause]
    return sum(token.negative for token in clause) > 1 and any(token.keys & _WITHOUT for token in clause)


def _is_stated(held: Alignment, denied: Sequence[int]) -> bool:
    """Whether a clause of the claim has several words of what is denied, and denies nothing."""
    shared = Counter(
        held.claim[at].clause
        for at, there in enumerate(held.matches)
        if held.claim[at].content and not there.isdisjoint(denied)
    )
    told = [clause for clause, count in shared.items() if count >= min(len(denied), 2)]
    return any(
        not any((token.negative or token.denying) and token.clause == clause for token in held.claim)
        for clause in told
    )


def _is_gap_turned(held: Alignment, place: int, here: range) -> bool:
    """Whether other words stand for what is denied, without a denial, and its clause was not left out."""
    clause = held.quotes[place].clause
    if all(held.quotes[at].clause != clause for at in held.back):
        return False
    said = any(held.claim[at].turns or (held.claim[at].content and not held.matches[at]) for at in here)
    return said and not any(held.claim[at].negative or held.claim[at].denying for at in here)


# ---- machine translations, which lose denials and put them in ----


def _is_the_translations(held: Alignment, cited: Cited, *, added: bool) -> bool:
    """Whether a difference may be the translation's, since the claim denies as often as the original."""
    if not cited.original:
        return False
    if not added:
        return _count(held.claim) >= _count(cited.original)
    mine, theirs, translated = (
        _count(tokens) + _count_denying(tokens) for tokens in (held.claim, cited.original, held.quotes)
    )
    return translated < theirs and mine <= theirs


def _loses_denial(held: Alignment, cited: Cited) -> bool:
    """Whether the original denies more than a claim that says all of it, whatever its translation does."""
    if not held.close or not cited.original:
        return False
    mine, theirs = (sum(token.content for token in tokens) for tokens in (held.claim, cited.original))
    whole = mine >= _WHOLE * theirs
    return whole and _count(held.claim) + _count_denying(held.claim) < _count(cited.original)


def _count(tokens: Sequence[Token]) -> int:
    """How many clauses deny something: Spanish says it several times in one."""
    return len({token.clause for token in tokens if token.negative})


def _count_denying(tokens: Sequence[Token]) -> int:
    return sum(token.denying for token in tokens)


def _first_negative(tokens: Iterable[Token]) -> Token | None:
    return next((token for token in tokens if token.negative), None)


def _share_turn(mine: Sequence[Token], theirs: Sequence[Token]) -> bool:
    return any(one.turns & other.turns for one in mine for other in theirs)
