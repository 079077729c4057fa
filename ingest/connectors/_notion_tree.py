"""Pages of Notion below those that an administrator names, each with the readers of the nearest above it.

A page may lie in another page, in a block of it (a column, a toggle), or in a data source of a database,
which may lie in a page as well. Links to pages, linked views of databases and copies of synced blocks are
none of these, so every page lies in one place, and is found once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from config.errors import ConfigError, DocumentError, UnavailableError
from ingest.connectors._notion import Json, Notion, RefusedError, is_away
from ingest.connectors._notion_text import Block, is_closed, plain, walk
from ingest.documents import Readers

_UNTITLED = "Untitled"
"""As Notion calls what has no title."""
_READINGS = 3
"""How often a page is read anew when a block leaves it while it is read."""
_HIGHEST = 100
"""How many places above a root are looked at."""
_NAMED = 25
"""So many pages and people does a property name, and none after them:
https://developers.notion.com/reference/retrieve-a-page#limits."""
_LINKED = ("linked database", "any data sources accessible")
"""What Notion's refusals say of a linked view, for which its API has no kind of its own."""


@dataclass(frozen=True)
class Place:
    """Where to look: a `page`, a `database` or a `data_source`."""

    kind: str
    id: str
    readers: Readers | None
    said: Json = field(default_factory=dict)
    """What Notion said of it when it was found."""
    above: tuple[str, ...] = ()
    """The titles of what it lies in, from the nearest root on."""


@dataclass(frozen=True)
class Page:
    """A page as it was read."""

    id: str
    trail: tuple[str, ...]
    """The titles from the nearest root down to its own."""
    readers: Readers | None
    said: Json
    properties: Mapping[str, Json]
    blocks: tuple[Block, ...]


class Tree:
    """What one scan walks through. A page or database for whose titles `skips` is true is not looked at, nor
    is what lies in it."""

    def __init__(self, source: str, notion: Notion, skips: Callable[[tuple[str, ...]], bool]) -> None:
        self._source, self._notion, self._skips = source, notion, skips
        self._seen: set[str] = set()
        self.unseen: list[str] = []
        """Places of which there is a trace, and that are not shown to the connection: what they lie in."""
        self.trashed: list[str] = []
        """The roots that are in the trash."""

    def below(self, roots: Mapping[str, Readers]) -> Iterator[Page]:
        """The pages below the roots, and those that are roots. Raises as a connector's `scan`."""
        starts = [self._found(root, readers) for root, readers in roots.items()]
        self.trashed = [start.id for start in starts if self._is_trashed(start.said)]
        for start in starts:
            if start.id not in self.trashed:
                yield from self._walk(start, roots)

    def everything(self, readers: Readers | None) -> Iterator[Page]:
        """All pages that the connection was given, found by what is at the top of them. Raises as `scan`."""
        said = [one for one in self._notion.found() if not is_away(one)]
        known = {one["id"] for one in said}
        tops: list[Place] = []
        others: list[Place] = []
        for one in sorted(said, key=lambda one: str(one["id"])):
            place = _as_place(one, readers)
            # A data source lies in a database, of which the search says nothing but what that lies in.
            kind, above = _named(one.get("database_parent") or one.get("parent"))
            is_top = kind == "workspace" or (kind != "block_id" and above not in known)
            (tops if is_top else others).append(place)
        # Most of the others lie below the tops, and are found there. Those that are not lie in something
        # that is not shown to the connection, or that the search does not know yet.
        for place in [*tops, *others]:
            yield from self._walk(place, {})

    # Where to begin

    def _found(self, root: str, readers: Readers) -> Place:
        """A root, of which only the id is known."""
        linked = False
        for kind, ask in self._asks().items():
            try:
                return Place(kind, root, readers, ask(root))
            except DocumentError:
                continue
            except RefusedError as error:
                linked = linked or _is_linked(error)
        why = (
            "it is a linked view; name the database that it shows"
            if linked
            else "add the connection to it in Notion (`•••`, Connections), or take it out of `roots`"
        )
        raise ConfigError(f"source {self._source}: roots: {root} is not shown to the connection: {why}")

    def _is_trashed(self, said: Json) -> bool:
        """Whether a root, or what it lies in as far as that can be seen, is in the trash."""
        asks = {f"{kind}_id": ask for kind, ask in self._asks().items()} | {"block_id": self._notion.block}
        for _ in range(_HIGHEST):
            if is_away(said):
                return True
            kind, above = _named(said.get("parent"))
            if kind not in asks:
                return False
            try:
                said = asks[kind](above)
            except (DocumentError, RefusedError):
                return False
        return False

    def _asks(self) -> dict[str, Callable[[str], Json]]:
        notion = self._notion
        return {"page": notion.page, "database": notion.database, "data_source": notion.data_source}

    # Down from there

    def _walk(self, start: Place, roots: Mapping[str, Readers]) -> Iterator[Page]:
        looks = {"page": self._page, "database": self._database, "data_source": self._data_source}
        waiting = [start]
        while waiting:
            place = waiting.pop()
            if place.id in self._seen or (place.id in roots and place is not start):
                continue  # a root is walked on its own, with its own readers
            self._seen.add(place.id)
            try:
                found, below = looks[place.kind](place)
            except DocumentError as error:
                if place.id in roots:
                    raise UnavailableError(
                        f"source {self._source}: {place.id} went away while it was listed ({error})"
                    ) from error
                self.unseen.append(" / ".join(place.above) or place.id)
                continue
            if found is not None:
                yield found
            waiting += reversed(below)

    def _page(self, place: Place) -> tuple[Page | None, list[Place]]:
        properties = whole_properties(self._notion, place.said)
        trail = (*place.above, _title(place.said, properties))
        if self._skips(trail):
            return None, []
        blocks = read_blocks(self._source, self._notion, place.id)
        below = [
            Place(block.kind.removeprefix("child_"), block.said["id"], place.readers, block.said, trail)
            for block in walk(blocks)
            if block.kind in {"child_page", "child_database"}
        ]
        return Page(place.id, trail, place.readers, place.said, properties, blocks), below

    def _database(self, place: Place) -> tuple[None, list[Place]]:
        try:
            said = self._notion.database(place.id)
        except RefusedError as error:
            if not _is_linked(error):
                raise
            raise DocumentError(str(error)) from error
        trail = (*place.above, _name(said))
        if is_away(said) or self._skips(trail):
            return None, []
        if not said.get("data_sources"):
            raise DocumentError(f"{place.id} shows no data source")
        own = []
        for listed in said["data_sources"]:
            try:
                source = self._notion.data_source(listed["id"])
            except DocumentError:
                self.unseen.append(" / ".join(trail))
                continue
            # A database may show what is of another, whose rows have the readers of their own place.
            if _parent_database(source) == place.id:
                own.append(Place("data_source", source["id"], place.readers, source, trail))
        return None, own

    def _data_source(self, place: Place) -> tuple[None, list[Place]]:
        trail = place.above or (_name(place.said),)
        if is_away(place.said) or self._skips(trail):
            return None, []
        rows = [row for row in self._notion.rows(place.id) if not is_away(row)]
        return None, [_as_place(row, place.readers, trail) for row in rows]


def read_blocks(source: str, notion: Notion, page: str) -> tuple[Block, ...]:
    """The blocks of a page, with all that is in them. Raises `DocumentError` where the page is gone, and
    `UnavailableError` where it keeps changing."""
    for _ in range(_READINGS):
        top = list(notion.blocks(page))
        try:
            return _with_below(notion, top, {page})
        except DocumentError:  # a block went away meanwhile, perhaps to a place that was read before
            continue
    raise UnavailableError(f"source {source}: the page {page} keeps changing while it is read")


def _with_below(notion: Notion, listed: list[Json], seen: set[str]) -> tuple[Block, ...]:
    found = []
    for said in listed:
        if said["id"] in seen or is_away(said):
            continue
        seen.add(said["id"])
        opens = said.get("has_children") and not is_closed(said)
        found.append(Block(said, _with_below(notion, list(notion.blocks(said["id"])), seen) if opens else ()))
    return tuple(found)


def whole_properties(notion: Notion, said: Json) -> dict[str, Json]:
    """The properties of a page, each with all of its values. Raises `DocumentError` where it is gone."""
    found = dict(said.get("properties") or {})
    for name, property_ in found.items():
        kind = property_.get("type")
        if kind in {"title", "rich_text", "people"}:
            named = [one for one in property_[kind] or () if kind == "people" or one.get("mention")]
            if len(named) >= _NAMED:
                found[name] = property_ | {kind: notion.values(said["id"], property_["id"])}
    return found


def _as_place(said: Json, readers: Readers | None, above: tuple[str, ...] = ()) -> Place:
    """Where a page is, or the database that a data source is part of."""
    if said["object"] == "data_source":
        return Place("database", _parent_database(said) or said["id"], readers, said, above)
    return Place("page", said["id"], readers, said, above)


def _named(parent: Json | None) -> tuple[str, str]:
    """What something lies in: `page_id`, `block_id`, `workspace`… and which one."""
    kind = str((parent or {}).get("type"))
    return kind, str((parent or {}).get(kind))


def _parent_database(said: Json) -> str | None:
    return (said.get("parent") or {}).get("database_id")


def _is_linked(error: RefusedError) -> bool:
    return any(words in str(error) for words in _LINKED)


def _title(said: Json, properties: Mapping[str, Json]) -> str:
    if said.get("type") == "child_page":
        return " ".join(str(said["child_page"].get("title") or "").split()) or _UNTITLED
    titles = [one["title"] for one in properties.values() if one.get("type") == "title"]
    return plain(titles[0] if titles else ()) or _UNTITLED


def _name(said: Json) -> str:
    return plain(said.get("title") or ()) or _UNTITLED
