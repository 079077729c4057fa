"""What a source lists of its drives: of each file an entry, of each folder two containers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from ingest.connectors._rules import Rules
from ingest.connectors._sharepoint import Graph, Place
from ingest.connectors._sharepoint_account import Json
from ingest.connectors._sharepoint_readers import (
    LIKE_ABOVE,
    UNTOLD,
    Access,
    Holder,
    Kind,
    Principals,
    read_access,
)
from ingest.connectors._sharepoint_tree import Tree, is_document, is_file, parent_of
from ingest.connectors._tokens import RefusedError
from ingest.connectors._tree import read_media_type, read_title
from ingest.documents import Container, Entry, Listed, Readers


@dataclass(frozen=True, slots=True)
class _Found:
    """A file or folder that is to be listed."""

    place: Place
    item: Json
    access: Access


@dataclass(frozen=True, slots=True)
class Facts:
    """What of a look is worth telling."""

    site_groups: frozenset[str]
    """The names of those groups of sites that may read something."""
    is_open_inside: bool
    """Whether something may be read by all of the organization."""
    closed: tuple[str, ...]
    """The drives that nobody may read as a whole, as far as is told."""


class Look:
    """One look at some drives: first all are walked, then it says what is listed."""

    def __init__(self, graph: Graph, source: str, rules: Rules, *, marks: bool) -> None:
        """`marks` says whether only what Graph marks is asked for its readers."""
        self._graph, self._source, self._rules, self._marks = graph, source, rules, marks
        self._found: list[_Found] = []

    def walk(self, place: Place, tree: Tree, items: Iterable[Json]) -> None:
        """Look at some items of a drive, and ask who may read them. Raises as `Connector.scan`."""
        kept = [item for item in items if "deleted" not in item and self._is_kept(place, tree, item)]
        asked = [item["id"] for item in kept if not self._marks or {"root", "shared"} & item.keys()]
        told = dict(zip(asked, self._graph.permissions(place, asked), strict=True))
        moment = datetime.now(UTC)
        for item in kept:
            said = told.get(item["id"])
            if isinstance(said, RefusedError) and said.status == 404:
                continue  # gone meanwhile, which the next look tells
            if isinstance(said, RefusedError) and (said.status != 403 or "root" in item):
                raise self._graph.explained(said, "permissions") from said
            if isinstance(said, RefusedError):
                access = UNTOLD
            else:
                access = LIKE_ABOVE if said is None else read_access(said, place.site, moment)
            self._found.append(_Found(place, item, access))

    def groups(self) -> dict[str, str]:
        """The groups that may read something, with their titles."""
        return {one.key: one.title or one.key for one in self._holders() if one.kind is Kind.GROUP}

    def facts(self) -> Facts:
        """What is worth telling."""
        closed = [one.place.title for one in self._found if "root" in one.item and not one.access.holders]
        return Facts(
            site_groups=frozenset(title for key, title in self.groups().items() if "/" in key),
            is_open_inside=any(one.kind is Kind.INSIDERS for one in self._holders()),
            closed=tuple(closed),
        )

    def listed(self, insiders: Readers) -> list[Listed]:
        """What is listed of it. `insiders` are all of the organization. Raises as `Connector.scan`."""
        people = self._graph.people(one.key for one in self._holders() if one.kind is Kind.PERSON)
        principals = Principals(self._source, people, insiders)
        return [one for found in self._found for one in _listed(found, principals.of(found.access.holders))]

    def _holders(self) -> frozenset[Holder]:
        return frozenset().union(*(found.access.holders or () for found in self._found))

    def _is_kept(self, place: Place, tree: Tree, item: Json) -> bool:
        if not is_file(item):
            return "package" not in item
        path = tree.path(item) if is_document(item) else None
        return path is not None and self._rules.ignored(f"{place.library}/{path}") is None


def _listed(found: _Found, readers: Readers | None) -> Iterator[Listed]:
    """What has the readers of its folder lies in the folder's first container, and what has others in its
    second, of which nothing is said: both go when the folder goes."""
    item, drive = found.item, found.place.id
    id_, above = f"{drive}/{item['id']}", parent_of(item)
    apart = f"{drive}/{above}/" if above else None
    parent = f"{drive}/{above}" if above and found.access.inherits else apart
    if is_file(item):
        yield _entry(item, id_, parent, readers)
    else:
        name = str(item.get("name") or "")
        yield Container(id_, name, readers, parent)
        yield Container(f"{id_}/", name, None, apart)


def _entry(item: Json, id_: str, parent: str | None, readers: Readers | None) -> Entry:
    changed = item.get("lastModifiedDateTime")
    name = str(item["name"])
    return Entry(
        id=id_,
        # The former is of the body alone, and the logs of libraries need not tell it:
        # https://learn.microsoft.com/en-us/graph/api/driveitem-delta#remarks
        revision=str(item.get("cTag") or item.get("eTag") or changed),
        title=read_title(name),
        media_type=read_media_type(name),
        url=item.get("webUrl"),
        updated_at=datetime.fromisoformat(changed).astimezone(UTC) if changed else None,
        author=((item.get("lastModifiedBy") or {}).get("user") or {}).get("displayName"),
        readers=readers,
        size=item.get("size"),
        parent=parent,
    )
