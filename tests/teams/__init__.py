"""A Microsoft Teams for tests, as far as Sabio uses it, on loopback: `with FakeTeams() as teams: …`."""

from tests.teams.delivery import Delivery
from tests.teams.fake import FakeTeams
from tests.teams.microsoft import APP, PASSWORD, TENANT
from tests.teams.tenant import BOT

__all__ = ["APP", "BOT", "PASSWORD", "TENANT", "Delivery", "FakeTeams"]
