"""What every connector promises that says who may read: nobody reads who may not read at the source."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.connectors import Connector
from ingest.documents import Entry, Readers
from ingest.permissions import effective, flattened, may_read, principals_of
from tests.contracts.remote import RemoteWorld

ANA, LUIS, EVA, ZOE = "ana@acme.com", "luis@acme.com", "eva@acme.com", "zoe@other.org"
PEOPLE = (ANA, LUIS, EVA, ZOE)


class PermittingWorld(RemoteWorld):
    """A system that says who may read.

    What is created may be read by the members of one group, who are Ana and Luis, by way of what it lies in;
    Eva and Zoe may read nothing at first.
    """

    def may_read(self, person: str, entry_id: str) -> bool:
        """Whether the system itself would show it to that person: its own rules, worked out apart."""
        raise NotImplementedError

    def close_to_all_but(self, person: str, entry_id: str, *, above: bool) -> None:
        """Let nobody else read a document, by what is said of it, or (`above`) of what it lies in."""
        raise NotImplementedError

    def join(self, person: str) -> None:
        """Take a person into the group, by way of a group in it where there are such."""
        raise NotImplementedError

    def leave(self, person: str) -> None:
        """Take a person out of the group."""
        raise NotImplementedError

    def disturb(self, number: int) -> None:
        """Change something about who may read, chosen by a number: of a document, a container, a group."""
        raise NotImplementedError


def readers(connector: Connector) -> dict[str, set[str]]:
    """Who of the people may read which document, by what a connector says."""
    listed = list(connector.permissions())
    groups = flattened({group.principal: group.members for group in connector.groups()})
    entries: list[Entry] = effective(listed, groups)
    who = {person: principals_of(person, {}, _belongs_to(person, groups)) for person in PEOPLE}
    return {
        entry.id: {person for person in PEOPLE if may_read(who[person], entry.readers)} for entry in entries
    }


def _belongs_to(person: str, groups: dict[str, Readers]) -> Readers:
    alone = principals_of(person, {})
    return frozenset(group for group, members in groups.items() if members & alone)


def truth(world: PermittingWorld) -> dict[str, set[str]]:
    """The same, by what the system says."""
    listed = [one.id for one in world.connector().scan() if isinstance(one, Entry)]
    return {id_: {person for person in PEOPLE if world.may_read(person, id_)} for id_ in listed}


Step = tuple[str, int]
STEPS = st.tuples(
    st.sampled_from(["disturb", "disturb", "disturb", "create", "trash", "sync"]), st.integers(0, 10_000)
)


class PermissionContract:
    """Inherit this beside `RemoteContract` for a system that says who may read."""

    def make_world(self, place: Path) -> PermittingWorld:
        raise NotImplementedError

    def test_who_may_read_is_who_may_read_at_the_source(self, world: PermittingWorld) -> None:
        made = world.create("handbook/leave.md", b"text")
        assert readers(world.connector()) == {made: {ANA, LUIS}} == truth(world)

    @pytest.mark.parametrize("above", [False, True])
    def test_what_is_closed_is_closed_to_the_others(self, world: PermittingWorld, above: bool) -> None:
        made = world.create("handbook/leave.md", b"text")
        before = world.scan()[made].revision
        world.close_to_all_but(ANA, made, above=above)
        assert readers(world.connector())[made] == {ANA} == truth(world)[made]
        if above:
            assert world.scan()[made].revision == before, "a body is fetched for who may read it"

    def test_whoever_joins_and_leaves_a_group_may_read_and_may_not(self, world: PermittingWorld) -> None:
        made = world.create("handbook/leave.md", b"text")
        world.join(EVA)
        assert readers(world.connector())[made] == {ANA, LUIS, EVA}
        world.leave(LUIS)
        assert readers(world.connector())[made] == {ANA, EVA} == truth(world)[made]

    def test_who_is_unknown_to_the_source_may_read_nothing(self, world: PermittingWorld) -> None:
        world.create("page.md", b"text")
        assert {entry.readers is not None for entry in world.scan().values()} == {True}
        stranger = principals_of("nobody@nowhere.net", {})
        assert not any(may_read(stranger, entry.readers) for entry in world.scan().values())

    @settings(
        max_examples=8,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.differing_executors],
    )
    @given(st.lists(STEPS, max_size=20))
    def test_after_any_history_its_readers_are_the_source_s(self, steps: list[Step]) -> None:
        self.check_readers(steps)

    @pytest.mark.contract
    @settings(max_examples=1_000, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(STEPS, max_size=20))
    def test_after_a_thousand_histories_its_readers_are_the_source_s(self, steps: list[Step]) -> None:
        self.check_readers(steps)

    def check_readers(self, steps: list[Step]) -> None:
        """Do these steps, and hold the connector's readers against the source's whenever one looks."""
        with tempfile.TemporaryDirectory() as place:
            world = self.make_world(Path(place))
            try:
                made = [world.create("handbook/first.md", b"one"), world.create("second.md", b"two")]
                for number, (step, which) in enumerate([*steps, ("sync", 0)]):
                    if step == "create":
                        made.append(world.create(f"handbook/{number}.md", b"three"))
                    elif step == "trash" and len(made) > 1:
                        world.trash(made.pop(which % len(made)))
                    elif step == "disturb":
                        world.disturb(which)
                    else:
                        assert readers(world.connector()) == truth(world)
            finally:
                world.close()
