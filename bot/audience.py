"""To whom, and from where: what a person counts as, what all who read along have in common, which sources
speak to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

from bot.messages import Person
from config.errors import UnavailableError
from config.settings import Settings
from ingest.documents import EVERYONE, Readers
from ingest.knowledge import KnowledgeBase


@dataclass(frozen=True, slots=True)
class Room:
    """Who reads along in a conversation."""

    audience: Readers | None
    """The principals that everyone there has; None where only the asker reads."""
    outsiders: bool = False
    """Whether a guest, or somebody of another company, is or may be among them."""


ALONE = Room(None)
"""The asker, and nobody else."""
ANYBODY = Room(frozenset({EVERYONE}), outsiders=True)
"""Where it cannot be found out who is there."""


def room_of(kb: KnowledgeBase, people: Sequence[Person], *, large: bool) -> Room:
    """The room of all who are there; where it is large, or cannot be found out what they may read, they are
    told what everyone may read."""
    try:
        audience = frozenset({EVERYONE}) if large else audience_of(kb, people)
    except UnavailableError:
        return ANYBODY
    return Room(audience, any(person.external for person in people))


def principals_for(kb: KnowledgeBase, person: Person) -> Readers:
    """Everything that a person counts as; of guests and other companies' people nothing but `everyone`.
    Raises as `KnowledgeBase.principals`."""
    if person.external:
        return frozenset({EVERYONE})
    return kb.principals(person.email, person.groups)


def names_groups(settings: Settings, platform: str) -> bool:
    """Whether anything is allowed to a group that a platform keeps, as `group:slack/editors`."""
    named = [settings.admins, *settings.groups.values(), *(one.readers or () for one in settings.sources)]
    kept = f"group:{platform}/"
    return any(principal.startswith(kept) for principals in named for principal in principals)


def audience_of(kb: KnowledgeBase, members: Sequence[Person]) -> Readers:
    """The principals that every one of them has, for `Message.audience`.

    What the audience may read each member may read. The other way round it is cautious: a page for Ana and
    Luis, by their names, is not shown to the two of them, for neither name is both of theirs. Ana alone is an
    audience with all that she has, and so as private as a direct message. Without any member that is known,
    it is `everyone`.
    """
    if not members:
        return frozenset({EVERYONE})
    return reduce(Readers.intersection, (principals_for(kb, person) for person in members))


def sources_for(
    kb: KnowledgeBase, named: frozenset[str] | None = None, *, external: bool
) -> frozenset[str] | None:
    """Those of the named sources (None: all) that may be told of; `external`: where guests, or people of
    other companies, ask or read along."""
    if not external:
        return named
    told = frozenset(source.name for source in kb.settings.sources if source.external)
    return told if named is None else told & named
