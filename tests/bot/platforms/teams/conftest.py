"""A tenant, and Sabio in it."""

from contextlib import contextmanager

import pytest

from bot.platforms.teams import Teams
from config.chat import TeamsSettings
from tests.bot.platforms.slack.conftest import eventually, fail_to_keep, rows, served, settled
from tests.teams import APP, PASSWORD, TENANT, FakeTeams
from tests.teams.checks import text_of
from workers.event_loop import EventLoop

__all__ = ["eventually", "fail_to_keep", "rows", "served", "settled"]

HOLIDAY = "How many days of holiday does everybody have?"
BANDS = "Where does band three start?"


@contextmanager
def tenant():
    """Ana of HR, and Luis, who reads Spanish; the channel `general`, and the group chat `lunch`."""
    with FakeTeams() as teams:
        teams.add_person("ana", "ana@acme.com")
        teams.add_person("luis", "luis@acme.com", locale="es-ES")
        teams.add_channel("general", ["ana", "luis"])
        teams.add_group("lunch", ["ana", "luis"])
        yield teams
    assert teams.problems == []


@pytest.fixture
def teams(loopback):
    with tenant() as teams:
        yield teams


@contextmanager
def connected(kb, teams, **changed):
    given = {"app_id": APP, "tenant_id": TENANT, "app_password": PASSWORD}
    kb.settings = kb.settings.model_copy(update={"teams": TeamsSettings.model_validate(given | changed)})
    with EventLoop(24) as loop:
        sabio = Teams(kb, loop)
        with served(loop, sabio) as port:
            teams.post_to(f"http://127.0.0.1:{port}/api/messages")
            sabio.start()
            yield port


def shown(message):
    """What people read of a message."""
    return text_of(message)
