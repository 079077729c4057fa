"""What every connector promises. A connector's test inherits `ConnectorContract` and gives it a `World`."""

from __future__ import annotations

import tempfile
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.errors import ConfigError, DocumentError, UnavailableError
from ingest.connectors import Connector, connect
from ingest.documents import Entry
from ingest.permissions import effective, flattened

NAMES = (
    "plain.md",
    "with space.md",
    "año nuevo.md",
    "100%.md",
    "a#b?c.md",
    "{curly}.md",
    "deep/er/page.html",
    "日本語.txt",
)


class World(ABC):
    """A system that a test can change, and the connector that reads it."""

    type: str
    """The word in the configuration."""
    renames_keep_ids = False
    keeps_old_versions = False
    """Whether a listed revision can still be fetched after the document changed or went."""
    has_urls = True
    tells_time = True
    names = NAMES
    """Paths that it can hold, as hard as they come."""
    media_type = "text/markdown"
    """That of `handbook/annual_leave.md`."""

    def __init__(self, place: Path) -> None:
        """`place` is an empty folder that this world may fill."""
        self.place = place

    @abstractmethod
    def options(self) -> Mapping[str, object]:
        """The connector's options but its name."""

    def body(self, words: str) -> bytes:
        """A body of these words, as hard as it can hold them."""
        return f"{words}\r\n\0".encode()

    def read(self, fetched: bytes) -> bytes:
        """The body again that something was made of."""
        return fetched

    def pattern(self, entry_id: str) -> str:
        """What `include` and `exclude` call a document."""
        return entry_id

    @abstractmethod
    def create(self, path: str, data: bytes) -> str:
        """Make a document at a path like `handbook/leave.md`; returns the id that a scan should give it."""

    @abstractmethod
    def edit(self, entry_id: str, data: bytes) -> None:
        """Replace a document's body."""

    @abstractmethod
    def rename(self, entry_id: str, path: str) -> str:
        """Give a document another path; returns its id from then on."""

    @abstractmethod
    def delete(self, entry_id: str) -> None:
        """Remove a document."""

    @abstractmethod
    def break_down(self) -> None:
        """Make the system unreachable."""

    def close(self) -> None:
        """End what it started."""
        return

    def connector(self, **more: object) -> Connector:
        """A fresh connector, as every run makes one."""
        options = {"name": "world", "readers": ["everyone"], **self.options(), **more}
        return connect(self.type, options, self.place, self.place / "state")

    def scan(self, **more: object) -> dict[str, Entry]:
        """A whole listing by id, each id once, with who may read what by all that was listed."""
        connector = self.connector(**more)
        listing = list(connector.scan())
        assert len({one.id for one in listing}) == len(listing), "an id was listed twice"
        groups = flattened({group.principal: group.members for group in connector.groups()})
        return {entry.id: entry for entry in effective(listing, groups)}


Step = tuple[str, int, bytes]
# Bodies of one length and few values: the edits that cheap revisions miss.
STEPS = st.tuples(
    st.sampled_from(["create", "edit", "rename", "delete", "sync"]),
    st.integers(0, 7),
    st.sampled_from([b"one", b"two", b"six"]),
)


class ConnectorContract:
    """Inherit this, and make `make_world` return your system."""

    def make_world(self, place: Path) -> World:
        raise NotImplementedError

    @pytest.fixture
    def world(self, tmp_path: Path) -> World:
        return self.make_world(tmp_path)

    def test_a_document_is_listed_with_what_a_citation_needs(self, world: World) -> None:
        made = world.create("handbook/annual_leave.md", b"# Leave\n")
        entry = world.scan()[made]
        assert entry.title
        assert "\n" not in entry.title
        assert entry.media_type == world.media_type
        assert entry.revision
        if world.has_urls:
            assert urlsplit(entry.url or "").scheme
            assert " " not in (entry.url or "")
        if world.tells_time:
            assert entry.updated_at is not None
            assert entry.updated_at.utcoffset() == timedelta(0)

    def test_every_name_keeps_its_own_id_and_its_exact_bytes(self, world: World) -> None:
        bodies = {world.create(name, world.body(name)): world.body(name) for name in world.names}
        entries = world.scan()
        assert set(entries) == set(bodies)
        connector = world.connector()
        fetched = {entry.id: world.read(connector.fetch(entry).data) for entry in entries.values()}
        assert fetched == bodies
        urls = [entry.url for entry in entries.values()]
        assert not world.has_urls or len(set(urls)) == len(urls)
        for entry_id in entries:
            assert entry_id.encode("utf-8")

    def test_an_unchanged_document_keeps_its_revision(self, world: World) -> None:
        for name in world.names:
            world.create(name, b"same")
        assert world.scan() == world.scan()

    def test_an_edit_changes_that_revision_and_no_other(self, world: World) -> None:
        edited, other = world.create("edited.md", b"before"), world.create("other.md", b"before")
        before = world.scan()
        connector = world.connector()
        assert world.read(connector.fetch(before[edited]).data) == b"before"
        world.edit(edited, b"behind")
        after = world.scan()
        assert after[edited].revision != before[edited].revision
        assert after[other].revision == before[other].revision
        assert world.read(world.connector().fetch(after[edited]).data) == b"behind"

    def test_a_deleted_document_is_listed_no_more(self, world: World) -> None:
        kept, gone = world.create("kept.md", b"1"), world.create("gone.md", b"2")
        world.scan()
        world.delete(gone)
        assert set(world.scan()) == {kept}

    def test_a_renamed_document_keeps_or_changes_its_id_as_declared(self, world: World) -> None:
        before = world.create("old.md", b"text")
        world.scan()
        after = world.rename(before, "new.md")
        assert set(world.scan()) == {after}
        assert (after == before) is world.renames_keep_ids
        assert world.read(world.connector().fetch(world.scan()[after]).data) == b"text"

    def test_a_document_that_vanished_after_the_scan_is_that_document_s_error(self, world: World) -> None:
        gone = world.create("gone.md", b"text")
        world.create("kept.md", b"text")
        entry = world.scan()[gone]
        world.delete(gone)
        if world.keeps_old_versions:
            assert world.read(world.connector().fetch(entry).data) == b"text"
        else:
            with pytest.raises(DocumentError, match="gone"):
                world.connector().fetch(entry)

    def test_a_document_above_the_limit_is_that_document_s_error(self, world: World) -> None:
        made = world.create("large.md", b"x" * 2_001)
        with pytest.raises(DocumentError, match="max_mb"):
            world.connector(max_mb=0.002).fetch(world.scan()[made])

    def test_a_system_that_is_down_is_an_error_and_not_an_empty_listing(self, world: World) -> None:
        made = world.create("page.md", b"text")
        entry = world.scan()[made]
        world.break_down()
        with pytest.raises((UnavailableError, ConfigError)):
            world.scan()
        if not world.keeps_old_versions:
            with pytest.raises((UnavailableError, ConfigError)):
                world.connector().fetch(entry)

    def test_readers_come_from_the_configuration_where_the_source_says_nothing(self, world: World) -> None:
        if world.connector().knows_readers:
            return  # what it says is in `PermissionContract`
        made = world.create("page.md", b"text")
        assert world.scan(readers=["group:hr"])[made].readers == frozenset({"group:hr"})
        assert world.scan(readers=None)[made].readers is None

    def test_include_and_exclude_are_obeyed_and_explained(self, world: World) -> None:
        one, two = world.create("one.md", b"1"), world.create("two.md", b"2")
        first, second = world.pattern(one), world.pattern(two)
        assert set(world.scan(exclude=[first])) == {two}
        assert set(world.scan(include=[first])) == {one}
        assert set(world.scan(include=[first, second], exclude=second)) == {one}
        assert "exclude" in (world.connector(exclude=[first]).ignored(first) or "")
        assert world.connector(exclude=[first]).ignored(second) is None
        assert "include" in (world.connector(include=[first]).ignored(second) or "")

    def test_an_unknown_option_is_refused_with_the_nearest_known_one(self, world: World) -> None:
        with pytest.raises(ConfigError, match="'exclude'") as refused:
            world.connector(exclud=["x"], max_mb=-1)
        assert len(refused.value.problems) == 2

    # Each connector's class runs this one test, which is what hypothesis calls differing executors.
    @settings(
        max_examples=20,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.differing_executors],
    )
    @given(st.lists(STEPS, max_size=25))
    def test_after_any_history_fetching_what_changed_gives_what_is_there(self, steps: list[Step]) -> None:
        """A reader who fetches only new revisions always holds the system's own state: 0 missing, 0 extra."""
        self.check_history(steps)

    def check_history(self, steps: list[Step]) -> None:
        """Do these steps, and hold what a reader has against the truth whenever one syncs."""
        with tempfile.TemporaryDirectory() as place:
            world = self.make_world(Path(place))
            try:
                truth = {world.create("first.md", b"one"): b"one"}
                held: dict[str, tuple[str, bytes]] = {}
                for number, (step, which, data) in enumerate([*steps, ("sync", 0, b"")]):
                    chosen = sorted(truth)[which % len(truth)]
                    if step == "create":
                        truth[world.create(f"page{number}.md", data)] = data
                    elif step == "edit":
                        world.edit(chosen, data)
                        truth[chosen] = data
                    elif step == "rename":
                        body = truth.pop(chosen)
                        truth[world.rename(chosen, f"moved{number}.md")] = body
                    elif step == "delete" and len(truth) > 1:
                        world.delete(chosen)
                        del truth[chosen]
                    elif step == "sync":
                        held = _follow(world, held)
                        assert {entry_id: body for entry_id, (_, body) in held.items()} == truth

            finally:
                world.close()


def _follow(world: World, held: Mapping[str, tuple[str, bytes]]) -> dict[str, tuple[str, bytes]]:
    """One sync of a reader who trusts revisions: keeps what has an old one, fetches the rest."""
    connector = world.connector()
    return {
        entry.id: held[entry.id]
        if entry.id in held and held[entry.id][0] == entry.revision
        else (entry.revision, world.read(connector.fetch(entry).data))
        for entry in connector.scan()
        if isinstance(entry, Entry)
    }
