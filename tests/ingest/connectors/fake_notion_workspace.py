"""What people do in a workspace of Notion that tests make up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

Json = dict[str, Any]

_NAMESPACE = UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
_START = datetime(2026, 3, 1, 9, 0, 20, tzinfo=UTC)


@dataclass
class Thing:
    """A page, database, data source or block."""

    id: str
    object: str
    kind: str
    above: str | None
    """What it lies in; None at the top of the workspace."""
    title: str = ""
    content: Json = field(default_factory=dict)
    properties: Json = field(default_factory=dict)
    below: list[str] = field(default_factory=list)
    trashed: bool = False
    hidden: bool = False
    """Whether the connection was taken away from it."""
    made: datetime = _START
    edited: datetime = _START
    editor: str = "ana"


class Workspace:
    """Pages, databases and blocks in each other, and what of it is shared with the connection."""

    def __init__(self) -> None:
        self.things: dict[str, Thing] = {}
        self.shared: set[str] = set()
        self.people: dict[str, str] = {"ana": "Ana García", "luis": "Luis Soto"}
        self.clock = _START
        self.files: dict[str, bytes] = {}
        """Those that were uploaded, by path."""
        self._made = 0

    def add_page(self, title: str, above: str | None = None, **properties: Json) -> str:
        """A page in a page, in a block, at the top, or as a row of a data source."""
        page = self._add("page", "page", above, title=title)
        page.properties = {"Name": {"id": "title", "type": "title", "title": rich(title)}, **properties}
        return page.id

    def add_database(self, title: str, above: str | None = None, sources: int = 1) -> tuple[str, ...]:
        """A database and its data sources."""
        database = self._add("database", "database", above, title=title)
        names = [title if number == 0 else f"{title} {number}" for number in range(sources)]
        made = [self._add("data_source", "data_source", database.id, title=name).id for name in names]
        return (database.id, *made)

    def add_block(self, above: str, kind: str, **content: Any) -> str:
        """A block in a page or a block."""
        made = self._add("block", kind, above, content=content)
        self.touch(made.id)
        return made.id

    def add_text(self, above: str, text: str, kind: str = "paragraph") -> str:
        return self.add_block(above, kind, rich_text=rich(text))

    def add_file(self, above: str, name: str, data: bytes, kind: str = "file") -> str:
        made = self.add_block(above, kind, type="file", name=name)
        self.put_file(made, name, data)
        return made

    def put_file(self, block: str, name: str, data: bytes) -> None:
        """Upload another file to a block."""
        path = f"/secure/{uuid5(_NAMESPACE, f'{block}{len(self.files)}')}/{name}"
        self.files[path] = data
        self.things[block].content |= {"path": path, "name": name}

    def write(self, page: str, *blocks: tuple[str, Json]) -> None:
        """Replace what a page says, and nothing else in it."""
        thing = self.things[page]
        for block in [one for one in thing.below if self.things[one].object == "block"]:
            self.erase(block)
        kept, thing.below = thing.below, []
        for kind, content in blocks:
            self.add_block(page, kind, **content)
        thing.below += kept
        self.touch(page)

    def rename(self, page: str, title: str) -> None:
        self.things[page].title = title
        self.things[page].properties["Name"]["title"] = rich(title)
        self.touch(page)

    def move(self, thing: str, above: str | None) -> None:
        one = self.things[thing]
        if one.above:
            self.things[one.above].below.remove(thing)
        one.above = above
        if above:
            self.things[above].below.append(thing)

    def erase(self, thing: str) -> None:
        """For ever, with all below it."""
        one = self.things.pop(thing)
        for below in one.below:
            self.erase(below)
        if one.above in self.things:
            self.things[one.above].below.remove(thing)

    def share(self, thing: str) -> None:
        self.shared.add(thing)

    def touch(self, thing: str, by: str = "ana") -> None:
        """Note an edit: of this, and of the page that it is in."""
        while True:
            one = self.things[thing]
            one.edited, one.editor = self.clock, by
            if one.object != "block" or one.above is None:
                return
            thing = one.above

    def pass_time(self, **time: float) -> None:
        self.clock += timedelta(**time)

    def up(self, thing: str) -> Iterator[str]:
        """Itself, and what it lies in, up to the top."""
        here: str | None = thing
        while here is not None:
            yield here
            here = self.things[here].above

    def person(self, key: str) -> str:
        return str(uuid5(_NAMESPACE, f"person {key}"))

    def _add(self, object_: str, kind: str, above: str | None, **more: Any) -> Thing:
        self._made += 1  # the same ids in the same order, each time
        made = str(uuid5(_NAMESPACE, f"thing {self._made}"))
        thing = Thing(made, object_, kind, above, made=self.clock, edited=self.clock, **more)
        self.things[made] = thing
        if above is not None:
            self.things[above].below.append(made)
        return thing


def rich(text: str, **more: Any) -> list[Json]:
    """Rich text, in pieces as Notion keeps it."""
    pieces = [text[n : n + 2000] for n in range(0, len(text), 2000)]
    return [
        {"type": "text", "text": {"content": one, "link": None}, "plain_text": one, "href": None, **more}
        for one in pieces
    ]


def mention(kind: str, id_: str, text: str) -> list[Json]:
    """Rich text that names a person or a page."""
    return [
        {"type": "mention", "mention": {"type": kind, kind: {"id": id_}}, "plain_text": text, "href": None}
    ]
