"""Who a person is to the sources, who may read what a source lists, and whether somebody is among them.

Sets of principals are compared, never lists of people: whoever joins a group tomorrow may read then. Only
where two things must both allow somebody, and neither holds the other, are groups replaced by their members.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from ingest.documents import EVERYONE, Entry, Inheritance, Listed, Readers


def principals_of(
    email: str | None,
    groups: Mapping[str, Readers],
    belongs_to: Readers = frozenset(),
    aliases: Iterable[Readers] = (),
) -> Readers:
    """Everything that a person counts as.

    `email` must be verified by whoever passes it on; without one a person is only part of `everyone`.
    `groups` are the operator's own, name to members; a group may hold other groups, and those that somebody
    else keeps, as a source or a chat platform does: of these the person `belongs_to` some, which is verified
    as well. `aliases` are sets of `user:` principals of the same person.
    """
    found = {EVERYONE, *belongs_to}
    if email:
        address = email.strip().lower()
        own = f"user:{address}"
        found.add(own)
        found.update(*(one for one in aliases if own in one))
        name, _, domain = address.rpartition("@")
        if name and domain:
            found.add(f"domain:{domain}")
    while True:
        joined = {f"group:{name}" for name, members in groups.items() if members & found} - found
        if not joined:
            return frozenset(found)
        found |= joined


def may_read(principals: Readers, readers: Readers | None) -> bool:
    """Whether any of a person's principals is among the readers. Unknown readers are nobody."""
    return bool(readers and principals & readers)


def flattened(groups: Mapping[str, Readers]) -> dict[str, Readers]:
    """Groups by principal, each with the members of the groups in it as well as these themselves."""

    def reached(group: str) -> Readers:
        found: set[str] = set()
        waiting = [group]
        while waiting:
            further = groups.get(waiting.pop(), frozenset()) - found
            found |= further
            waiting += further
        return frozenset(found - {group})

    return {group: reached(group) for group in groups}


def effective(listing: Iterable[Listed], groups: Mapping[str, Readers]) -> list[Entry]:
    """The entries of a whole listing, each with who may read it by all that is above it.

    `groups` are flattened, by principal. What is unknown above widens nothing, and where it narrows, the
    entry's readers are unknown as well. What is above itself has nothing known above it.
    """
    listed = {one.id: one for one in listing}
    common = _Common(groups)
    known: dict[str, Readers | None] = {}
    for one in listed.values():
        # From the first above whose readers are known, or that has nothing above it, down to this one.
        for each in reversed(_ascent(one, listed, known)):
            known[each.id] = _combined(each, known.get(each.parent) if each.parent else None, common)
    return [one.read_by(known[one.id]) for one in listed.values() if isinstance(one, Entry)]


def chain_of(one: Listed, listed: Mapping[str, Listed]) -> list[Listed]:
    """A thing, what is above it, and so on to the last that is listed, each once."""
    return _ascent(one, listed, {})


def _ascent(one: Listed, listed: Mapping[str, Listed], known: Mapping[str, Readers | None]) -> list[Listed]:
    chain: dict[str, Listed] = {}
    here: Listed | None = one
    while here is not None and here.id not in chain and here.id not in known:
        chain[here.id] = here
        here = listed.get(here.parent) if here.parent else None
    return list(chain.values())


def _combined(one: Listed, above: Readers | None, common: _Common) -> Readers | None:
    if one.parent is None:
        return one.readers
    if one.inheritance is Inheritance.NARROWS:
        return None if one.readers is None or above is None else common(one.readers, above)
    return one.readers if above is None else above | (one.readers or frozenset())


class _Common:
    """Who is in both of two sets of principals, as a set of principals."""

    def __init__(self, groups: Mapping[str, Readers]) -> None:
        self._groups = groups
        self._call = lru_cache(maxsize=10_000)(self._both)  # most pages of a space are told the same

    def __call__(self, one: Readers, other: Readers) -> Readers:
        return one if one == other else self._call(one, other)

    def _both(self, one: Readers, other: Readers) -> Readers:
        return frozenset({*self._within(one, other), *self._within(other, one)})

    def _within(self, some: Readers, whole: Readers) -> Iterator[str]:
        """Of `some`, those that are in `whole` altogether; of the other groups, the members that are."""
        inside = self._with_members(whole)
        for principal in some:
            if _is_in(principal, inside):
                yield principal
            else:
                members = self._groups.get(principal, frozenset())
                yield from (member for member in members if _is_in(member, inside))

    def _with_members(self, principals: Readers) -> Readers:
        return principals.union(*(self._groups.get(one, frozenset()) for one in principals))


def _is_in(principal: str, inside: Readers) -> bool:
    if principal in inside or EVERYONE in inside:
        return True
    # An account that a source knows by a name of its own, `user:SOURCE/NAME`, is in no domain.
    domain = principal.rpartition("@")[2]
    return principal.startswith("user:") and "/" not in principal and f"domain:{domain}" in inside
