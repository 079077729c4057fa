"""Slack and Teams behave alike: the same promises, kept on both."""

import pytest

from tests.bot.platforms.slack.conftest import workspace
from tests.bot.platforms.slack.venue import SlackVenue
from tests.bot.platforms.teams.conftest import tenant
from tests.bot.platforms.teams.venue import TeamsVenue
from tests.contracts.platforms import PlatformContract

pytestmark = pytest.mark.usefixtures("loopback")


class TestSlack(PlatformContract):
    @pytest.fixture
    def venue(self, loopback):
        with workspace() as slack:
            slack.mode = "socket"
            yield SlackVenue(slack)


class TestTeams(PlatformContract):
    @pytest.fixture
    def venue(self, loopback):
        with tenant() as teams:
            yield TeamsVenue(teams)
