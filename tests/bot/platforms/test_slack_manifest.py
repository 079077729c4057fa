"""The app that Sabio asks a workspace for: what it uses, and nothing else."""

import json
import re
from pathlib import Path

import yaml

from bot.platforms import slack
from bot.platforms._slack_manifest import EVENTS, SCOPES, as_text, manifest

ROOT = Path(__file__).parents[3]
# As the page of each method and event says, below https://docs.slack.dev/reference.
NEEDED = {
    "app_mention": {"app_mentions:read"},
    "message.channels": {"channels:history"},
    "message.groups": {"groups:history"},
    "message.im": {"im:history"},
    "auth_test": set(),
    "apps_connections_open": set(),  # by the other token
    "chat_postMessage": {"chat:write"},
    "chat_update": {"chat:write"},
    "conversations_replies": {"channels:history", "groups:history", "im:history"},
    "users_info": {"users:read", "users:read.email"},  # the latter for the profile's address
}


def test_the_scopes_are_those_of_the_events_and_of_what_is_called():
    files = Path(slack.__file__).parent.glob("*slack*.py")
    texts = [file.read_text(encoding="utf-8") for file in files]
    called = {name for text in texts for name in re.findall(r"self\._client\.(\w+)\(", text)}
    assert called | set(EVENTS) == NEEDED.keys()
    assert set(SCOPES) == set().union(*NEEDED.values())


def test_each_scope_is_explained_in_the_documentation():
    page = (ROOT / "docs" / "slack.md").read_text(encoding="utf-8")
    for scope in SCOPES:
        assert re.search(rf"^\| .*`{scope}`", page, re.MULTILINE), scope


def test_it_can_be_printed_as_yaml_and_as_json():
    assert yaml.safe_load(as_text()) == json.loads(as_text(json_=True)) == manifest()


def test_no_address_is_asked_for_unless_there_is_one():
    assert manifest()["settings"]["socket_mode_enabled"]
    assert "http" not in as_text()
    posted = manifest("https://sabio.acme.com/")["settings"]
    assert posted["event_subscriptions"]["request_url"] == "https://sabio.acme.com/slack/events"
    assert not posted["socket_mode_enabled"]
