"""What is listed of a Confluence's spaces, and what of it could not be seen."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from config.errors import DocumentError, UnavailableError
from ingest.connectors._confluence import ATTACHMENT, BLOG, PAGE, Item, Space
from ingest.connectors._confluence_site import Site
from ingest.connectors._rules import Rules
from ingest.connectors._tree import read_media_type
from ingest.documents import EVERYONE, Container, Entry, Inheritance, Listed, Readers

_AT_ONCE = 8
"""Things about which more is asked at the same time."""
_MARKS = {BLOG: "blog/", ATTACHMENT: "attachment/"}
"""What the ids of documents begin with that are no pages."""
_UNKNOWN = "application/octet-stream"
_WITHOUT_TEXT = ("image/", "audio/", "video/", "font/")
_FEW = 3
"""Examples in a sentence."""


class Choice(NamedTuple):
    """What of a site is listed, as its options say."""

    source: str
    pages: Rules
    files: Rules | None
    """None: no attachments."""
    readers: Readers | None
    """Who may read a space that tells nothing."""
    names: bool = True
    """Whether authors are told by their names."""


class Unseen:
    """What a listing could not see, by what it is; for people, as `ENG` or `ENG/Title`."""

    def __init__(self) -> None:
        self.spaces: list[str] = []
        self.restrictions: list[str] = []
        self.above: list[str] = []

    def sentences(self) -> Iterator[str]:
        """What that means, and what to change."""
        if self.spaces:
            yield (
                f"who may read {_some(self.spaces, 'the space')} could not be seen, so `readers` says it;"
                " whoever `token` is of must be allowed to see the permissions of spaces, which in a Data"
                " Center is to administer them"
            )
        if self.restrictions:
            yield (
                f"nobody may read {_some(self.restrictions)}: their restrictions could not be seen; whoever"
                " `token` is of must be allowed to view these pages and their restrictions"
            )
        if self.above:
            yield (
                f"nobody may read {_some(self.above)}: what they lie in could not be seen, and may be"
                " restricted; whoever `token` is of must be allowed to view it"
            )


class Listing:
    """Lists spaces, one after the other."""

    def __init__(self, site: Site, choice: Choice) -> None:
        self._site, self._choice = site, choice
        self.unseen = Unseen()
        self.parts: dict[str, str] = {}
        """The space's key of each document that was listed."""

    def space(self, space: Space) -> Iterator[Listed]:
        """The space and all that is in it, with what is said of each thing alone."""
        readers = self._site.space_readers(space)
        if readers is None:
            self.unseen.spaces.append(space.key)
            readers = self._choice.readers
        yield Container(_above(space), space.title, readers)
        items = self._items(space)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for listed in pool.map(lambda item: self._looked_at(space, item), items.values()):
                yield from listed
        for item in items.values():
            if item.parent and item.parent[1] not in items:
                self.unseen.above.append(f"{space.key}/{item.title}")

    def _items(self, space: Space) -> dict[str, Item]:
        """The pages and posts of a space, and what they lie in, by id."""
        try:
            items = {item.id: item for item in self._site.items(space)}
        except DocumentError as error:
            raise UnavailableError(
                f"source {self._choice.source}: the space {space.key} went away while it was listed"
            ) from error
        waiting = list(items.values())
        while waiting:  # what no list named: folders, and pages that are archived
            lost = {item.parent for item in waiting if item.parent and item.parent[1] not in items}
            waiting = [found for kind, id_ in sorted(lost) if (found := self._site.above(kind, id_))]
            items |= {item.id: item for item in waiting}
        return items

    def _looked_at(self, space: Space, item: Item) -> list[Listed]:
        readers = self._site.restrictions(item)
        if readers is None:
            self.unseen.restrictions.append(f"{space.key}/{item.title}")
        above = entry_id(*item.parent) if item.parent else _above(space)
        document = item.current and item.kind in {PAGE, BLOG}
        if not document or self._choice.pages.ignored_here(f"{space.key}/{item.title}"):
            id_, title = entry_id(item.kind, item.id), item.title or item.kind
            found: list[Listed] = [Container(id_, title, readers, above, Inheritance.NARROWS)]
        else:
            # The body begins with the title.
            found = [self._entry(space, item, f"{item.version} {item.title}", readers, above)]
        return found + self._files(space, item) if document and item.has_files else found

    def _files(self, space: Space, item: Item) -> list[Listed]:
        """The attachments of a page or post; they are read by whoever may read that."""
        rules = self._choice.files
        if rules is None:
            return []
        try:
            listed = list(self._site.attachments(item))
        except DocumentError:  # it went away meanwhile, and they with it
            return []
        above, everyone = entry_id(item.kind, item.id), frozenset({EVERYONE})
        return [
            self._entry(space, one, one.version, everyone, above)
            for one in listed
            if one.current and rules.ignored_here(f"{space.key}/{one.title}") is None and _may_hold_text(one)
        ]

    def _entry(self, space: Space, item: Item, revision: str, readers: Readers | None, above: str) -> Entry:
        id_ = entry_id(item.kind, item.id)
        self.parts[id_] = space.key
        return Entry(
            id=id_,
            revision=revision,
            title=item.title,
            media_type=_media_type(item) if item.kind == ATTACHMENT else item.media_type,
            url=self._site.address_of(item),
            updated_at=item.changed,
            author=self._site.author_of(item) if self._choice.names else None,
            readers=readers,
            size=item.size,
            parent=above,
            inheritance=Inheritance.NARROWS,
        )


def entry_id(kind: str, number: str) -> str:
    """Pages are known by their number alone; of all else, the kind belongs to it."""
    return number if kind == PAGE else f"{_MARKS.get(kind, f'{kind}/')}{number}"


def named(entry: str) -> tuple[str, str]:
    """The kind and number of a document, by its id."""
    for kind, mark in _MARKS.items():
        if entry.startswith(mark):
            return kind, entry.removeprefix(mark)
    return PAGE, entry


def _above(space: Space) -> str:
    return f"space/{space.id}"


def _media_type(file: Item) -> str:
    """By its name, as everywhere; where that says nothing, as Confluence tells it."""
    by_name = read_media_type(file.title)
    return file.media_type if by_name == _UNKNOWN else by_name


def _may_hold_text(file: Item) -> bool:
    return not (read_media_type(file.title) == _UNKNOWN and file.media_type.startswith(_WITHOUT_TEXT))


def _some(names: list[str], called: str = "") -> str:
    """Some of many names, for a sentence."""
    few = sorted(names)
    told = ", ".join(few[:_FEW])
    more = f" and {len(few) - _FEW:,} more" if len(few) > _FEW else ""
    return f"{called} {told}{more}".strip()
