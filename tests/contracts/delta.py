"""What every connector promises that can be asked for what changed."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.connectors import Connector
from ingest.documents import Listed
from ingest.listing import merged
from ingest.permissions import effective
from tests.contracts.permitting import PermittingWorld

Step = tuple[str, int, bytes]
STEPS = st.tuples(
    st.sampled_from(["create", "edit", "rename", "delete", "trash", "restore", "disturb", "look"]),
    st.integers(0, 10_000),
    st.sampled_from([b"one", b"two", b"six"]),
)


class DeltaWorld(PermittingWorld):
    """A system that tells what changed."""

    def expire(self) -> None:
        """Let the system forget what happened before now, so that older cursors are worth nothing."""
        raise NotImplementedError


class Follower:
    """Whoever listed a source once, and asks for changes since."""

    def __init__(self, connector: Connector) -> None:
        self.cursor = connector.cursor()
        self.listing: list[Listed] = list(connector.scan())

    def look(self, connector: Connector) -> bool:
        """Ask for changes; False where they are not known any more, and all was listed anew."""
        assert self.cursor is not None
        changes = connector.changes(self.cursor)
        if changes is None:
            self.__init__(connector)  # type: ignore[misc]
            return False
        self.listing, self.cursor = merged(self.listing, changes), changes.cursor
        return True

    def held(self) -> set[tuple[str, str, str, str | None]]:
        """What is known of which document; who may read is looked up apart, as often as anything changes."""
        entries = effective(self.listing, {})
        return {(entry.id, entry.revision, entry.title, entry.url) for entry in entries}


class DeltaContract:
    """Inherit this beside `PermissionContract`."""

    def make_world(self, place: Path) -> DeltaWorld:
        raise NotImplementedError

    def test_where_nothing_changed_nothing_is_listed(self, world: DeltaWorld) -> None:
        world.create("handbook/page.md", b"text")
        follower = Follower(world.connector())
        changes = world.connector().changes(follower.cursor or "")
        assert changes is not None
        assert (list(changes.listed), set(changes.gone)) == ([], set())

    def test_a_cursor_that_is_lost_leads_to_a_whole_listing(self, world: DeltaWorld) -> None:
        world.create("page.md", b"text")
        follower = Follower(world.connector())
        gone = world.create("other.md", b"text")
        world.delete(gone)
        world.create("third.md", b"text")
        world.expire()
        assert not follower.look(world.connector())
        assert follower.held() == Follower(world.connector()).held()
        world.create("fourth.md", b"text")
        assert follower.look(world.connector())
        assert follower.held() == Follower(world.connector()).held()

    def test_what_changes_while_a_source_is_listed_is_seen_by_the_next_look(self, world: DeltaWorld) -> None:
        made = world.create("page.md", b"one")
        connector = world.connector()
        follower = Follower(connector)
        follower.cursor = world.connector().cursor()
        world.edit(made, b"two")
        assert follower.look(connector)
        assert follower.held() == Follower(world.connector()).held()

    @settings(
        max_examples=8,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.differing_executors],
    )
    @given(st.lists(STEPS, max_size=20))
    def test_after_any_history_following_changes_ends_where_a_listing_does(self, steps: list[Step]) -> None:
        self.check_changes(steps)

    @pytest.mark.contract
    @settings(max_examples=1_000, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(STEPS, max_size=20))
    def test_after_a_thousand_histories_following_changes_ends_where_a_listing_does(
        self, steps: list[Step]
    ) -> None:
        self.check_changes(steps)

    def check_changes(self, steps: list[Step]) -> None:
        """Do these steps; whoever looks holds what a listing holds: 0 missing, 0 extra."""
        with tempfile.TemporaryDirectory() as place:
            world = self.make_world(Path(place))
            try:
                made, away = [world.create("handbook/first.md", b"one")], list[str]()
                follower = Follower(world.connector())
                for number, (step, which, data) in enumerate([*steps, ("look", 0, b"")]):
                    chosen = made[which % len(made)]
                    if step == "create":
                        made.append(world.create(f"page{number}.md", data))
                    elif step == "edit":
                        world.edit(chosen, data)
                    elif step == "rename":
                        world.rename(chosen, f"handbook/moved{number}.md")
                    elif step == "disturb":
                        world.disturb(which)
                    elif step == "restore" and away:
                        made.append(away.pop(which % len(away)))
                        world.restore(made[-1])
                    elif step in {"delete", "trash"} and len(made) > 1:
                        made.remove(chosen)
                        if step == "delete":
                            world.delete(chosen)
                        else:
                            world.trash(chosen)
                            away.append(chosen)
                    elif step == "look":
                        assert follower.look(world.connector())
                        assert follower.held() == Follower(world.connector()).held()
            finally:
                world.close()
