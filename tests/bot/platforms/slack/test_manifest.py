"""The app that Sabio asks a workspace for: what it uses, and nothing else."""

import json
import re
from pathlib import Path

import pytest
import yaml

from bot.platforms import slack
from bot.platforms._slack.manifest import EVENTS, SCOPES, as_text, manifest

ROOT = Path(__file__).parents[4]
KINDS = ("channels", "groups")
READ = {f"{kind}:read" for kind in KINDS}
HISTORY = {f"{kind}:history" for kind in (*KINDS, "im")}
# As the page of each method says, https://docs.slack.dev/reference/methods/chat.postMessage and so on.
CALLED = {
    "agents_sessions_setStatus": {"chat:write"},
    "apps_connections_open": set(),  # by the other token
    "assistant_threads_setSuggestedPrompts": {"assistant:write"},
    "auth_test": set(),
    "chat_appendStream": {"chat:write"},
    "chat_delete": {"chat:write"},
    "chat_postMessage": {"chat:write"},
    "chat_startStream": {"chat:write"},
    "chat_stopStream": {"chat:write"},
    "chat_update": {"chat:write"},
    "conversations_history": HISTORY,
    "conversations_info": READ,  # never asked of the conversation with a person
    "conversations_members": READ,
    "conversations_open": {"im:write"},
    "conversations_replies": HISTORY,
    "usergroups_list": {"usergroups:read"},
    "users_info": {"users:read", "users:read.email"},  # the latter for the profile's address
    "users_list": {"users:read", "users:read.email"},
    "users_lookupByEmail": {"users:read.email"},
    "views_open": set(),
    "views_publish": set(),
}
# As the page of each event says, https://docs.slack.dev/reference/events/app_mention and so on.
HEARD = {
    "agent_session_stopped": {"chat:write"},
    "app_home_opened": set(),
    "app_mention": {"app_mentions:read"},
    "app_uninstalled": set(),
    "message.channels": {"channels:history"},
    "message.groups": {"groups:history"},
    "message.im": {"im:history"},
    "tokens_revoked": set(),
}
# https://docs.slack.dev/reference/app-manifest, and the schema at https://github.com/slackapi/manifest-schema;
# 139, as 140 is refused: https://github.com/mastra-ai/mastra/pull/16093; and the agent's description is
# counted in bytes: https://github.com/agentconnect-md/agentconnect/pull/291.
KEYS = {
    "": "display_information features oauth_config settings",
    "display_information": "name description background_color",
    "features": "agent_view app_home bot_user shortcuts slash_commands",
    "features.agent_view": "agent_description suggested_prompts",
    "features.agent_view.suggested_prompts": "title message",
    "features.app_home": "home_tab_enabled messages_tab_enabled messages_tab_read_only_enabled",
    "features.bot_user": "display_name always_online",
    "features.shortcuts": "name type callback_id description",
    "features.slash_commands": "command description usage_hint should_escape url",
    "oauth_config": "redirect_urls scopes",
    "oauth_config.scopes": "bot",
    "settings": "event_subscriptions interactivity org_deploy_enabled socket_mode_enabled"
    " token_rotation_enabled",
    "settings.event_subscriptions": "request_url bot_events",
    "settings.interactivity": "is_enabled request_url",
}
LONGEST = {
    "display_information.name": 35,
    "display_information.description": 139,
    "features.agent_view.agent_description": 300,
    "features.bot_user.display_name": 80,
    "features.shortcuts.name": 24,
    "features.shortcuts.callback_id": 255,
    "features.shortcuts.description": 150,
    "features.slash_commands.command": 32,
    "features.slash_commands.description": 2_000,
    "features.slash_commands.usage_hint": 1_000,
}
MOST = {"features.agent_view.suggested_prompts": 4, "features.shortcuts": 10, "features.slash_commands": 50}
URL = "https://sabio.acme.com"


def parts(part, path=""):
    """Every object and every list of a manifest, with where it stands."""
    yield path, part
    if isinstance(part, dict):
        for key, value in part.items():
            yield from parts(value, f"{path}.{key}".lstrip("."))
    elif isinstance(part, list):
        for value in part:
            yield from parts(value, path)


def texts_of(module):
    folder = Path(slack.__file__).parent
    return [file.read_text(encoding="utf-8") for file in [folder / "slack.py", *folder.glob(module)]]


def test_the_scopes_are_those_of_the_events_and_of_what_is_called():
    called = {
        name
        for text in texts_of("_slack/*.py")
        for name in re.findall(r"(?:client|_client\([^()]*\))\.([a-z]+_\w+)\(", text)
    }
    assert called == CALLED.keys()
    assert set(EVENTS) == HEARD.keys()
    needed = set().union(*CALLED.values(), *HEARD.values())
    assert set(SCOPES) == needed | {"commands"}  # of the slash command and the shortcut


def test_each_event_is_listened_to():
    texts = "\n".join(texts_of("_slack/*.py"))
    for event in EVENTS:
        name, _, place = event.partition(".")
        assert f'"{name}"' in texts
        assert place in ("", "channels", "groups", "im")


def test_each_scope_is_explained_in_the_documentation():
    page = (ROOT / "docs" / "slack.md").read_text(encoding="utf-8")
    table = dict(re.findall(r"^\| `([\w:.]+)` \| (.+?) \|", page, re.MULTILINE))
    assert {scope: table.get(scope) for scope in SCOPES} == SCOPES


@pytest.mark.parametrize("url", [None, URL])
def test_it_is_what_slacks_documentation_describes(url):
    for path, part in parts(manifest(url)):
        if isinstance(part, dict):
            assert part.keys() <= set(KEYS[path].split()), path
        elif isinstance(part, list):
            assert len(part) == len({str(one) for one in part}) <= MOST.get(path, 100)
        elif isinstance(part, str):
            assert 0 < len(part.encode()) <= LONGEST.get(path, 255), path
    assert re.fullmatch("#[0-9a-f]{6}", manifest(url)["display_information"]["background_color"])


def test_whatever_it_offers_is_switched_on():
    features = manifest()["features"]
    assert features["app_home"]["home_tab_enabled"]
    assert features["app_home"]["messages_tab_enabled"]
    assert not features["app_home"]["messages_tab_read_only_enabled"]
    assert manifest()["settings"]["interactivity"]["is_enabled"]
    [command], [shortcut] = features["slash_commands"], features["shortcuts"]
    assert (command["command"], shortcut["type"], shortcut["callback_id"]) == (
        "/sabio",
        "message",
        "ask_about",
    )
    assert not command["should_escape"]  # what is typed is the question
    settings = manifest()["settings"]
    assert not settings["token_rotation_enabled"]  # such tokens end after hours, and nothing renews them
    assert not settings["org_deploy_enabled"]


def test_it_can_be_printed_as_yaml_and_as_json():
    assert yaml.safe_load(as_text()) == json.loads(as_text(json_=True)) == manifest()
    assert "¿Qué puedes hacer?" in as_text()
    assert "¿Qué puedes hacer?" in as_text(json_=True)


def test_no_address_is_asked_for_unless_there_is_one():
    assert manifest()["settings"]["socket_mode_enabled"]
    assert "http" not in as_text()
    posted = manifest(f"{URL}/")
    addresses = [
        posted["settings"]["event_subscriptions"]["request_url"],
        posted["settings"]["interactivity"]["request_url"],
        posted["features"]["slash_commands"][0]["url"],
    ]
    assert addresses == [f"{URL}/slack/events"] * 3
    assert posted["oauth_config"]["redirect_urls"] == [f"{URL}/slack/oauth_redirect"]
    assert not posted["settings"]["socket_mode_enabled"]
