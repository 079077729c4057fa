"""`sabio check` says whether Microsoft lets the bot in, and which setting is wrong where it does not."""

import pytest

from bot.check import run_checks
from bot.findings import Findings, Level
from bot.platforms._teams.check import check_teams
from config.settings import load_settings
from tests.teams.microsoft import APP, PASSWORD, TENANT, Microsoft, reached_instead_of_microsoft

OTHER = TENANT[:-1] + "0"
SET = f"app_id: {APP}, tenant_id: {TENANT}"


@pytest.fixture
def microsoft(loopback):
    with Microsoft() as microsoft, reached_instead_of_microsoft(microsoft):
        yield microsoft


@pytest.fixture
def look(tmp_path, data, monkeypatch):
    monkeypatch.delenv("TEAMS_APP_PASSWORD", raising=False)

    def look(teams, password=PASSWORD, more="", everything=False):
        config = tmp_path / "sabio.yaml"
        config.write_text(f"teams: {{{teams}}}\n{more}\n")
        if password:
            monkeypatch.setenv("TEAMS_APP_PASSWORD", password)
        if everything:
            found = run_checks(config, data)
        else:
            check_teams(found := Findings(), load_settings(config))
        return [
            (one.level, f"{one.message} {one.fix or ''}".strip()) for one in found if one.subject == "teams"
        ]

    return look


def test_where_nothing_is_set_nothing_is_wrong(look):
    assert look("", password=None, everything=True) == [(Level.OK, "not configured")]


def test_what_is_missing_is_named(look):
    [(level, said)] = look(SET, password=None, everything=True)
    assert level is Level.WARNING
    assert "TEAMS_APP_PASSWORD" in said
    assert "app_id" not in said


def test_right_credentials_are_signed_in(look, microsoft):
    assert look(SET, everything=True) == [(Level.OK, f"signed in as {APP}, of the tenant {TENANT}")]
    scopes = [body["scope"] for _, path, body in microsoft.asked if path.endswith("/token")]
    assert scopes == ["https://api.botframework.com/.default"]


def test_a_government_is_asked_in_its_own_cloud(look, microsoft):
    [(level, _)] = look(f"{SET}, cloud: government")
    assert level is Level.OK
    assert {path.partition("/")[0] for _, path, _ in microsoft.asked} == {"login.microsoftonline.us"}
    assert [body["scope"] for _, _, body in microsoft.asked if body] == [
        "https://api.botframework.us/.default"
    ]


@pytest.mark.parametrize(
    ("teams", "password", "says"),
    [
        (SET, "an-old-secret", "TEAMS_APP_PASSWORD"),
        (f"app_id: {APP}, tenant_id: {OTHER}", PASSWORD, "teams.tenant_id"),
    ],
)
def test_the_setting_that_is_wrong_is_named_and_nothing_secret(look, microsoft, teams, password, says):
    [(level, said)] = look(teams, password)
    assert level is Level.ERROR
    assert says in said
    assert "an-old-secret" not in said


def test_a_sign_in_that_cannot_be_reached_is_an_outage(look, microsoft):
    microsoft.broken["login.microsoftonline.com"] = (503, "text/html", "busy")
    [(level, said)] = look(SET)
    assert level is Level.ERROR
    assert "cannot be reached" in said


def test_graph_is_asked_only_where_groups_of_entra_are_named(look, microsoft):
    named = "admins: ['group:teams/5f0e2c1a-aaaa-4bbb-8ccc-a00000000009']"
    found = look(SET, more=named)
    assert (Level.OK, "Microsoft Graph tells who is in which group") in found
    asked = [path for _, path, _ in microsoft.asked if path.startswith("graph.microsoft.com/")]
    assert len(asked) == 1
    microsoft.permitted = False
    [*_, (level, said)] = look(SET, more=named)
    assert level is Level.ERROR
    assert "GroupMember.Read.All" in said


def test_development_is_warned_of(look):
    [(level, said)] = look("development: true", password=None)
    assert level is Level.WARNING
    assert "whoever" in said
