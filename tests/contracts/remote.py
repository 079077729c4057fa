"""What every connector of a system on the web promises beside `ConnectorContract`: it waits, it ends, it
never takes a part for the whole, and it tells nobody its secrets."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.errors import ConfigError, UnavailableError
from ingest.connectors import _http
from tests.contracts.connector import STEPS, ConnectorContract, Step, World
from tests.ingest.connectors.web import Asked, Relay, Said


class RemoteWorld(World):
    """A system on the web, behind a relay that can go wrong. `options` name the relay's address."""

    secret: str
    """What must never be told: a part of the options."""
    credentials: str
    """An option that whoever revoked them has to look at, as errors name it."""
    trashes = True
    """Whether what is deleted can be brought back, and archived things exist."""

    def __init__(self, place: Path, port: int) -> None:
        """`port` is where the system itself listens."""
        super().__init__(place)
        self.relay = Relay(port)
        self.relay.__enter__()

    def close(self) -> None:
        """End it."""
        self.relay.__exit__()

    def break_down(self) -> None:
        """Nothing is said any more."""
        self.relay.interfere = lambda _: Said(502)

    def revoke(self) -> None:
        """Let the credentials be worth nothing from now on."""
        raise NotImplementedError

    def trash(self, entry_id: str) -> None:
        """Put a document where people of the system do not see it any more: archive, bin."""
        raise NotImplementedError

    def restore(self, entry_id: str) -> None:
        """Bring it back."""
        raise NotImplementedError


class RemoteContract(ConnectorContract):
    """Inherit this for a system on the web."""

    @pytest.fixture(autouse=True)
    def _hurried(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_http, "_LONGEST_PAUSE", 0.02)

    @pytest.fixture
    def world(self, tmp_path: Path) -> Iterator[RemoteWorld]:
        world = self.make_world(tmp_path)
        yield world
        world.close()

    def make_world(self, place: Path) -> RemoteWorld:
        raise NotImplementedError

    @pytest.fixture
    def listed(self, world: RemoteWorld) -> Mapping[str, bytes]:
        """Documents of a system that was asked once before."""
        return {world.create(f"page{n}.md", body): body for n, body in enumerate([b"one", b"two", b"six"])}

    @pytest.mark.parametrize("status", [429, 503])
    def test_it_comes_back_when_it_is_told_to_and_not_before(self, world, listed, status) -> None:
        asked_to_wait: list[float] = []

        def wait(asked: Asked) -> Said | None:
            if asked_to_wait or len(world.relay.asked) < 2:
                return None
            asked_to_wait.append(asked.moment)
            return Said(status, b"{}", {"Retry-After": "1"})

        world.relay.interfere = wait
        assert set(world.scan()) == set(listed)
        [moment] = asked_to_wait
        later = [asked.moment for asked in world.relay.asked if asked.moment > moment]
        assert later
        assert min(later) - moment >= 1

    @pytest.mark.parametrize("said", [Said(500), Said(502), Said(504)], ids=lambda said: str(said.status))
    def test_a_fault_that_passes_costs_nothing(self, world, listed, said) -> None:
        world.relay.interfere = lambda _: said if len(world.relay.asked) % 3 == 1 else None
        assert set(world.scan()) == set(listed)

    def test_a_reply_that_is_cut_is_asked_for_again(self, world, listed) -> None:
        def cut(asked: Asked) -> Said | None:
            if len(world.relay.asked) % 2:
                return None
            whole = world.relay.pass_on(asked)
            return Said(whole.status, whole.body, whole.headers, cut=len(whole.body) > 1)

        world.relay.interfere = cut
        assert set(world.scan()) == set(listed)

    def test_wherever_a_listing_breaks_off_it_is_an_error_and_not_a_shorter_listing(self, world, listed):
        world.scan()
        for kept in count():
            world.relay.asked.clear()
            broken: list[Asked] = []

            def break_off(asked: Asked, kept: int = kept, broken: list[Asked] = broken) -> Said | None:
                if len(world.relay.asked) <= kept:
                    return None
                broken.append(asked)
                return Said(502)

            world.relay.interfere = break_off
            try:
                whole = world.scan()
            except UnavailableError:
                assert broken
            else:
                break
        assert kept > 0
        assert broken == []
        assert set(whole) == set(listed)

    def test_revoked_credentials_are_a_person_s_matter_and_stay_secret(self, world, listed, caplog) -> None:
        [*entries] = world.scan().values()
        world.revoke()
        for attempt in (world.scan, lambda: world.connector().fetch(entries[0])):
            with pytest.raises(ConfigError, match=world.credentials) as told:
                attempt()
            said = "".join(traceback.format_exception_only(told.value)) + caplog.text
            assert world.secret not in said

    def test_its_secrets_are_in_no_error_and_no_log(self, world, listed, caplog) -> None:
        caplog.set_level("DEBUG")
        connector = world.connector()
        assert world.secret not in f"{connector!r} {connector}"
        for said in (Said(400), Said(401), Said(403), Said(404), Said(418), Said(502), Said(200, b"<p>no")):
            world.relay.interfere = lambda _, said=said: said
            with pytest.raises((ConfigError, UnavailableError)) as told:
                world.scan()
            assert world.secret not in str(told.value)
        assert world.secret not in caplog.text

    def test_what_was_put_away_is_listed_no_more_and_comes_back_as_the_document_that_it_was(
        self, world, listed
    ) -> None:
        if not world.trashes:
            return
        away = min(listed)
        before = world.scan()[away]
        world.trash(away)
        assert set(world.scan()) == set(listed) - {away}
        world.restore(away)
        assert set(world.scan()) == set(listed)
        assert world.read(world.connector().fetch(world.scan()[away]).data) == listed[away]
        assert world.scan()[away].title == before.title

    @settings(
        max_examples=6,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.differing_executors],
    )
    @given(st.lists(STEPS, max_size=15))
    def test_after_any_history_fetching_what_changed_gives_what_is_there(self, steps: list[Step]) -> None:
        self.check_history(steps)

    @pytest.mark.contract
    @settings(max_examples=1_000, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(STEPS, max_size=25))
    def test_after_a_thousand_histories_nothing_is_missing_or_extra(self, steps: list[Step]) -> None:
        self.check_history(steps)
