"""A company with one source of every kind, each as real as it can be here, for tests of all together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ingest.connectors import known_types
from ingest.permissions import may_read, principals_of
from tests.contracts.connector import World
from tests.contracts.permitting import PEOPLE, PermittingWorld
from tests.ingest.connectors.dav_servers import WsgiDav
from tests.ingest.connectors.test_confluence import CloudWorld, DataCenterWorld
from tests.ingest.connectors.test_folder import Folder
from tests.ingest.connectors.test_gdrive import DriveWorld
from tests.ingest.connectors.test_git import Git
from tests.ingest.connectors.test_mediawiki import WikiWorld
from tests.ingest.connectors.test_notion import NotionWorld
from tests.ingest.connectors.test_s3 import BucketWorld, Moto
from tests.ingest.connectors.test_sharepoint import GraphWorld
from tests.ingest.connectors.test_webdav import WsgiDavWorld
from tests.services.fixtures import here
from tests.services.mediawiki import MediaWiki

READERS = (["user:ana@acme.com"], ["domain:acme.com"], ["user:luis@acme.com", "user:zoe@other.org"])
"""Of sources whose system knows none, one after the other."""


class Source:
    """One of them."""

    def __init__(self, name: str, world: World, readers: Sequence[str]) -> None:
        self.name, self.world, self._readers = name, world, frozenset(readers)

    @property
    def options(self) -> dict[str, object]:
        """As in a configuration."""
        given = dict(self.world.options())
        for option in ("credentials", "path", "repository"):  # which are paths
            if option in given:
                given[option] = str(self.world.place / str(given[option]))
        if "roots" in given:
            given["roots"] = {root: sorted(self._readers) for root in given["roots"]}  # type: ignore[attr-defined]
        elif not isinstance(self.world, PermittingWorld):
            given["readers"] = sorted(self._readers)
        return {"name": self.name, "type": self.world.type, **given}

    def may_read(self, person: str, document: str) -> bool:
        """By the system's own rules, or by the configuration where it has none."""
        if isinstance(self.world, PermittingWorld):
            return self.world.may_read(person, document)
        return may_read(principals_of(person, {}), self._readers)


@contextmanager
def company(place: Path) -> Iterator[dict[str, Source]]:
    """Its sources by name, without a document yet; ended at the end."""
    with ExitStack() as stack:

        def folder(name: str) -> Path:
            made = place / name
            made.mkdir()
            return made

        wiki = here(lambda: MediaWiki.start(folder("wiki"), private=False))
        stack.callback(wiki.drop)
        moto = here(Moto)
        stack.callback(moto.close)
        dav = here(lambda: WsgiDav(folder("dav")))
        stack.callback(dav.close)
        worlds: dict[str, World] = {
            "folder": Folder(folder("a")),
            "git": Git(folder("b")),
            "mediawiki": WikiWorld(folder("c"), wiki),
            "s3": BucketWorld(folder("d"), moto),
            "webdav": WsgiDavWorld(folder("e"), dav, False),
            "notion": NotionWorld(folder("f")),
            "confluence": CloudWorld(folder("g")),
            "datacenter": DataCenterWorld(folder("h")),
            "gdrive": DriveWorld(folder("i")),
            "sharepoint": GraphWorld(folder("j")),
        }
        for world in worlds.values():
            stack.callback(world.close)
        assert {world.type for world in worlds.values()} == set(known_types()), "a kind of source is missing"
        yield {
            name: Source(name, world, READERS[number % len(READERS)])
            for number, (name, world) in enumerate(worlds.items())
        }


def readable(sources: Mapping[str, Source], made: Mapping[int, tuple[str, str]]) -> dict[str, set[int]]:
    """By person, the numbers of the documents that they may read; `made` says which is which."""
    return {
        person: {number for number, (name, id_) in made.items() if sources[name].may_read(person, id_)}
        for person in PEOPLE
    }
