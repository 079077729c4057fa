"""What a Confluence that stands in for a real one holds, and who may read it by its own rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any


@dataclass
class Space:
    """`readers` are e-mails, names of groups and `anonymous`."""

    id: str
    key: str
    kind: str = "global"
    status: str = "current"
    readers: set[str] = field(default_factory=set)
    roles: set[str] = field(default_factory=set)
    """Who else may read, in the Cloud."""
    told: bool = True
    """Whether the bot may see its permissions."""


@dataclass
class Thing:
    """A page, post, attachment or folder. `readers`: who is named by restrictions; none: no restriction."""

    id: str
    kind: str
    space: Space
    title: str
    body: bytes = b""
    parent: Thing | None = None
    status: str = "current"
    version: int = 1
    readers: set[str] = field(default_factory=set)
    told: bool = True
    """Whether the bot may see its restrictions."""
    seen: bool = True
    """Whether the bot may see it at all."""
    indexed: bool = True
    """Whether the search finds it."""
    media_type: str = "application/pdf"


class Wiki:
    """What there is. Groups hold people, and in a Data Center groups."""

    def __init__(self) -> None:
        self._numbers = count(101)
        self.spaces: dict[str, Space] = {}
        self.things: dict[str, Thing] = {}
        self.groups: dict[str, set[str]] = {}
        self.hidden: set[str] = set()
        """People who hide their e-mail."""
        self.unseen_groups: set[str] = set()
        """Groups whose members the bot may not see."""

    def add_space(self, key: str, *readers: str, **more: Any) -> Space:
        space = self.spaces[key] = Space(str(next(self._numbers)), key, readers=set(readers), **more)
        return space

    def add(
        self, kind: str, space: Space, title: str, body: bytes = b"", parent: Thing | None = None, **more: Any
    ) -> Thing:
        number = f"{'att' if kind == 'attachment' else ''}{next(self._numbers)}"
        thing = self.things[number] = Thing(number, kind, space, title, body, parent, **more)
        return thing

    def remove(self, thing: Thing) -> None:
        """For good; what lies in it goes to what it lay in, as in Confluence."""
        for other in list(self.things.values()):
            if other.parent is thing and other.kind == "attachment":
                self.remove(other)
            elif other.parent is thing:
                other.parent = thing.parent
        del self.things[thing.id]

    def below(self, above: Thing) -> list[Thing]:
        """The files of a page."""
        return [one for one in self.things.values() if one.parent is above and one.kind == "attachment"]

    def people(self) -> Iterator[str]:
        """Everybody who is named anywhere."""
        named = [one.readers for one in (*self.spaces.values(), *self.things.values())]
        yield from sorted({one for some in (*named, *self.groups.values()) for one in some if "@" in one})

    def may_read(self, person: str, thing: Thing) -> bool:
        """Whether people see it in their browser: by its space, and by the word of each thing above it."""
        here: Thing | None = thing
        while here is not None:
            if here.readers and not self._is_named(person, here.readers):
                return False
            here = here.parent
        return "anonymous" in thing.space.readers or self._is_named(person, thing.space.readers)

    def _is_named(self, person: str, readers: set[str], depth: int = 0) -> bool:
        if person in readers or depth > 5:
            return person in readers
        return any(self._is_named(person, self.groups.get(one, set()), depth + 1) for one in readers)
