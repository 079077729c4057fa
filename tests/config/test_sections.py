"""Sections that hold sections: a source's owner, Slack's channels and its several workspaces."""

import pytest

from config.errors import ConfigError
from config.settings import load_settings

SOURCES = "sources: [{name: wiki, type: folder}, {name: drive, type: folder}]\n"
OAUTH = "slack: {oauth: {client_id: '1.2', teams: [T012, E0345]}}"


@pytest.fixture
def load(tmp_path):
    """Loads a configuration written out as text."""

    def load(text, **environ):
        file = tmp_path / "sabio.yaml"
        file.write_text(text, encoding="utf-8")
        return load_settings(file, environ={"SABIO_SECRETS_DIR": str(tmp_path / "secrets"), **environ})

    return load


@pytest.fixture
def problems(load):
    """What is wrong with a configuration, without the name of the file."""

    def problems(text, **environ):
        with pytest.raises(ConfigError) as caught:
            load(text, **environ)
        return [problem.rpartition("sabio.yaml")[2] for problem in caught.value.problems]

    return problems


# --- sources ---


def test_a_source_is_for_colleagues_only_and_nobodys_unless_it_says_otherwise(load):
    wiki, drive = load(
        "sources: [{name: wiki, type: t}, {name: drive, type: t, external: true, owner: Ana@Acme.com}]"
    ).sources
    assert (wiki.external, wiki.owner) == (False, None)
    assert (drive.external, drive.owner) == (True, "ana@acme.com")
    assert drive.options == {}


def test_an_owner_is_a_person(load, problems):
    assert (
        load("sources: [{name: a, type: t, owner: 'user:ana@acme.com'}]").sources[0].owner == "ana@acme.com"
    )
    [problem] = problems("sources:\n  - name: a\n    type: t\n    owner: the team")
    assert problem == ", line 4: `sources.a.owner`: expected an e-mail, as `ana@acme.com`, saw `the team`"


# --- channels ---


def test_a_channel_has_its_sources_its_tone_and_a_say_over_what_is_answered(load):
    slack = load(
        SOURCES + "slack:\n"
        "  channels:\n"
        "    C0123: {sources: [wiki], tone: brief, answer: auto, confidence: 0.7}\n"
        "    '#help-it': {}\n"
        "  expert_channel: '#experts'\n"
        "  members: 50\n"
    ).slack
    special, plain = slack.channels["C0123"], slack.channels["help-it"]
    assert (special.sources, special.tone, special.answer, special.confidence) == (
        {"wiki"}, "brief", "auto", 0.7,
    )  # fmt: skip
    assert (plain.sources, plain.tone, plain.answer, plain.confidence) == (None, None, "mention", 0.8)
    assert (slack.expert_channel, slack.members) == ("experts", 50)


def test_without_a_word_channels_are_all_alike(load):
    slack = load("").slack
    assert (slack.channels, slack.expert_channel, slack.members, slack.oauth) == ({}, None, 200, None)


@pytest.mark.parametrize(
    ("channel", "problem"),
    [
        (
            "{sources: [wiky]}",
            ", line 2: `slack`: `channels.C1.sources`: `wiky` is not a source; did you mean `wiki`?",
        ),
        (
            "{sources: [wiki, zulu, drove]}",
            ", line 2: `slack`: `channels.C1.sources`: `drove` is not a source; did you mean `drive`?,"
            " and `channels.C1.sources`: `zulu` is not a source",
        ),
        (
            "{sorces: [wiki]}",
            ", line 2: `slack.channels.C1.sorces` is not a setting;"
            " did you mean `slack.channels.C1.sources`?",
        ),
        ("{sources: wiki}", ", line 2: `slack.channels.C1.sources`: expected a list, saw `wiki`"),
        (
            "{answer: always}",
            ", line 2: `slack.channels.C1.answer`: expected 'mention' or 'auto', saw `always`",
        ),
        (
            "{confidence: 80}",
            ", line 2: `slack.channels.C1.confidence`: expected less than or equal to 1, saw `80`",
        ),
        ("8", ", line 2: `slack.channels.C1`: expected `name: value` pairs, saw `8`"),
    ],
)
def test_a_mistake_in_a_channel_is_named_with_its_place_and_its_repair(problems, channel, problem):
    assert problems(f"{SOURCES}slack: {{channels: {{C1: {channel}}}}}") == [problem]


def test_a_channel_without_any_source_is_refused(problems):
    [problem] = problems(SOURCES + "slack: {channels: {C1: {sources: []}}}")
    assert problem.startswith(", line 2: `slack.channels.C1.sources`: ")


def test_the_experts_channel_of_teams_is_named_by_its_id(load, problems):
    channel = "19:9f8E_7d-1@thread.tacv2"
    assert load("").teams.expert_channel is None
    assert load(f"teams: {{expert_channel: '{channel}'}}").teams.expert_channel == channel
    expected = (
        ", line 1: `teams.expert_channel`: expected the id of a channel, as `19:9f8e7d@thread.tacv2`, which"
        " stands in Teams' *Get link to channel* after `/channel/`, saw `{}`"
    )
    for given in ("#experts", f"{channel};messageid=1", "19:lunch@thread.v2"):
        assert problems(f"teams: {{expert_channel: '{given}'}}") == [expected.format(given)]
    link = "https://teams.microsoft.com/l/channel/19%3A9f8E_7d-1%40thread.tacv2/Experts?groupId=1"
    [problem] = problems(f"teams: {{expert_channel: '{link}'}}")
    assert problem == expected.format(link) + f"; did you mean `{channel}`?"


# --- several workspaces ---


def test_the_client_secret_comes_from_where_slacks_own_tools_look_and_is_never_printed(load):
    settings = load(OAUTH, SLACK_CLIENT_SECRET="canary-1234")
    assert settings.slack.oauth.client_secret == "canary-1234"
    assert settings.slack.oauth.teams == {"T012", "E0345"}
    assert "canary" not in repr(settings)
    assert "canary-1234" in settings.secrets
    written = load("slack: {oauth: {client_id: '1', client_secret: canary-5, teams: [T01]}}")
    assert "canary-5" in written.secrets


def test_a_client_secret_alone_makes_no_app_of_several_workspaces(load):
    assert load("", SLACK_CLIENT_SECRET="canary-1234").slack.oauth is None


@pytest.mark.parametrize(
    ("oauth", "problem"),
    [
        ("{client_id: '1'}", "`slack.oauth.teams` is missing"),
        ("{teams: [T01]}", "`slack.oauth.client_id` is missing"),
        (
            "{client_id: '1', teams: [acme]}",
            "`slack.oauth.teams[1]`: expected the id of a Slack workspace, as `T0123ABCD`, saw `acme`",
        ),
        (
            "{client_id: '1', teams: [T01], client_secrets: x}",
            "`slack.oauth.client_secrets` is not a setting; did you mean `slack.oauth.client_secret`?",
        ),
    ],
)
def test_who_may_install_the_app_has_to_be_said(problems, oauth, problem):
    assert problems(f"slack: {{oauth: {oauth}}}") == [f", line 1: {problem}"]


def test_an_app_that_nobody_may_install_is_refused(problems):
    [problem] = problems("slack: {oauth: {client_id: '1', teams: []}}")
    assert problem.startswith(", line 1: `slack.oauth.teams`: ")


@pytest.mark.parametrize(
    ("slack", "missing"),
    [
        ("{}", ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"]),
        ("{mode: http}", ["SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"]),
        ("{bot_token: xoxb-1, app_token: xapp-1}", []),
        ("{oauth: {client_id: '1', teams: [T01]}}", ["SLACK_CLIENT_SECRET", "SLACK_APP_TOKEN"]),
        (
            "{mode: http, oauth: {client_id: '1', teams: [T01]}}",
            ["SLACK_CLIENT_SECRET", "SLACK_SIGNING_SECRET"],
        ),
        ("{mode: http, signing_secret: s, oauth: {client_id: '1', client_secret: c, teams: [T01]}}", []),
    ],
)
def test_what_is_missing_to_connect_is_named_by_its_variable(load, slack, missing):
    assert load(f"slack: {slack}").slack.missing == missing
