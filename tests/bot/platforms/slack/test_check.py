"""`sabio check` says whether Slack takes the tokens, and what the app may not do yet."""

import asyncio
from datetime import UTC, datetime

import pytest
from slack_sdk.oauth.installation_store import Installation

from bot.findings import Findings, Level
from bot.platforms._slack.check import check_slack
from bot.platforms._slack.installations import Installations
from config.chat import SlackOAuthSettings, SlackSettings
from ingest.ledger import Ledger
from tests.slack import APP_TOKEN, BOT_TOKEN, CLIENT_ID, CLIENT_SECRET, FakeSlack

pytestmark = pytest.mark.usefixtures("loopback")


@pytest.fixture
def slack():
    with FakeSlack() as slack:
        yield slack


@pytest.fixture
def ledger(tmp_path):
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db")
    yield ledger
    ledger.close()


def look(slack, ledger=None, **changed):
    given = {"api_url": slack.api_url, "bot_token": BOT_TOKEN, "app_token": APP_TOKEN} | changed
    found = Findings()
    check_slack(found, SlackSettings.model_validate(given), lambda: ledger)
    return [(one.level, f"{one.message} {one.fix or ''}".strip()) for one in found]


def test_an_app_with_all_that_it_needs_is_named(slack):
    assert look(slack) == [(Level.OK, "@sabio in Acme, with all scopes")]
    assert look(slack, mode="http", app_token=None) == [(Level.OK, "@sabio in Acme, with all scopes")]


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


def several(*teams):
    given = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "teams": teams}
    return {"bot_token": None, "oauth": SlackOAuthSettings.model_validate(given)}


def test_of_several_workspaces_each_is_looked_at_and_where_to_install_is_told(slack, ledger):
    for team, token in (("T2", "xoxb-2"), ("T3", "xoxb-3")):
        slack.add_workspace(team, token, f"Acme {team}")
        store = Installations(lambda: ledger, several("T2", "T3")["oauth"])
        store.prepare()
        made = Installation(app_id="A1", team_id=team, bot_token=token, user_id="U1", installed_at=at())
        asyncio.run(store.async_save(made))
    slack.teams["T3"].removed = True
    first, second, third = look(slack, ledger, **several("T1", "T2", "T3"))
    assert first[0] is Level.WARNING
    assert first[1].startswith("not installed in the workspace T1 yet open /slack/install?team=T1 of")
    assert second == (Level.OK, "@sabio in Acme T2, with all scopes")
    assert third[0] is Level.ERROR
    assert "refuses the token of the workspace T3 (account_inactive): install the app there again" in third[1]
    assert "xoxb" not in str([first, second, third])


def at():
    return datetime(2026, 11, 27, tzinfo=UTC).timestamp()


def test_before_anything_was_installed_no_table_is_needed(slack):
    empty = Ledger("sqlite://", migrate=False)
    [(level, message)] = look(slack, empty, **several("E1"))
    empty.close()
    assert level is Level.WARNING
    assert "not installed in any workspace yet" in message
