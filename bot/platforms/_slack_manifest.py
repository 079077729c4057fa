"""The manifest that a workspace's own Sabio app is made from, at https://api.slack.com/apps."""

from __future__ import annotations

import json
from typing import Any

import yaml

EVENTS = ("app_mention", "message.channels", "message.groups", "message.im")
SCOPES = {
    "app_mentions:read": "hear that somebody mentions it",
    "channels:history": "hear what is asked on in a thread that it is part of",
    "chat:write": "answer",
    "groups:history": "the same as `channels:history` in private channels",
    "im:history": "read what is written to it directly",
    "users:read": "tell guests from colleagues, and know people's languages",
    "users:read.email": "know what a person may read",
}
"""What the bot is allowed to do, and what for: no more than `slack.py` needs."""


def manifest(url: str | None = None) -> dict[str, Any]:
    """The manifest: of Socket Mode, or for events that are posted to where Sabio is reached, as
    `https://sabio.acme.com`."""
    address = {"request_url": url.rstrip("/") + "/slack/events"} if url else {}
    return {
        "display_information": {
            "name": "Sabio",
            "description": "Answers from the company's own documents, word for word, or says that it cannot.",
            "background_color": "#1f3a5f",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": False,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": "Sabio", "always_online": True},
        },
        "oauth_config": {"scopes": {"bot": sorted(SCOPES)}},
        "settings": {
            "event_subscriptions": {**address, "bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": False},
            "org_deploy_enabled": False,
            "socket_mode_enabled": not url,
            "token_rotation_enabled": False,
        },
    }


def as_text(url: str | None = None, *, json_: bool = False) -> str:
    """The manifest as Slack's page takes it: YAML, or JSON."""
    if json_:
        return json.dumps(manifest(url), indent=2)
    return yaml.safe_dump(manifest(url), sort_keys=False, allow_unicode=True).rstrip()
