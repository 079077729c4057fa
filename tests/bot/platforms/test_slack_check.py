"""`sabio check` says whether Slack takes the tokens, and what the app may not do yet."""

import pytest

from bot.findings import Findings, Level
from bot.platforms._slack_check import check_slack
from config.sections import SlackSettings
from tests.slack import APP_TOKEN, BOT_TOKEN, FakeSlack

pytestmark = pytest.mark.usefixtures("loopback")


@pytest.fixture
def slack():
    with FakeSlack() as slack:
        yield slack


def look(slack, **changed):
    given = {"api_url": slack.api_url, "bot_token": BOT_TOKEN, "app_token": APP_TOKEN} | changed
    found = Findings()
    check_slack(found, SlackSettings.model_validate(given))
    return [(one.level, one.message) for one in found]


def test_an_app_with_all_that_it_needs_is_named(slack):
    assert look(slack) == [(Level.OK, "@sabio in Acme, with all scopes")]


def test_a_scope_that_is_missing_is_named_with_what_it_is_for_and_what_to_do(slack):
    slack.scopes.remove("users:read.email")
    [(level, message)] = look(slack)
    assert level is Level.ERROR
    assert "`users:read.email` (know what a person may read)" in message
    assert "install the app again" in message


def test_a_scope_too_many_is_warned_of(slack):
    slack.scopes.append("files:read")
    assert [level for level, _ in look(slack)] == [Level.WARNING, Level.OK]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"bot_token": "xoxb-old"}, "SLACK_BOT_TOKEN"),
        ({"app_token": "xapp-old"}, "SLACK_APP_TOKEN"),
        ({"api_url": "http://127.0.0.1:9/api/"}, "cannot be reached"),
    ],
)
def test_what_stands_in_the_way_is_told_and_nothing_secret(slack, changed, told):
    [(level, message)] = look(slack, **changed)
    assert level is Level.ERROR
    assert told in message
    assert "old" not in message
