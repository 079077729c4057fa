"""The manifest that a workspace's own Sabio app is made from, at https://api.slack.com/apps."""

from __future__ import annotations

import json
from typing import Any

import yaml

EVENTS = (
    "agent_session_stopped",
    "app_home_opened",
    "app_mention",
    "app_uninstalled",
    "message.channels",
    "message.groups",
    "message.im",
    "tokens_revoked",
)
SCOPES = {
    "app_mentions:read": "hear that somebody mentions it",
    "assistant:write": "be an agent: suggest questions, and show that it can be stopped",
    "channels:history": "hear what is asked without a mention: in threads that it is part of, or with"
    " `answer: auto`",
    "channels:read": "know who is in a channel, and so what everyone there may read",
    "chat:write": "answer",
    "commands": "take `/sabio`, and “Ask Sabio about this”",
    "groups:history": "the same as `channels:history` in private channels",
    "groups:read": "the same as `channels:read` in private channels",
    "im:history": "read what is written to it directly",
    "im:write": "write to people directly: to an admin how a sync goes, to an owner what nobody could answer",
    "usergroups:read": "know who is in a user group that the settings name",
    "users:read": "tell guests from colleagues, and know people's languages",
    "users:read.email": "know what a person may read",
}
"""What the bot is allowed to do, and what for: no more than it needs."""
COMMAND, SHORTCUT = "/sabio", "ask_about"
"""The slash command, and the id of the message shortcut."""


def manifest(url: str | None = None) -> dict[str, Any]:
    """The manifest: of Socket Mode, or for what is posted to where Sabio is reached, as
    `https://sabio.acme.com`."""
    base = url.rstrip("/") if url else None
    address = {"request_url": f"{base}/slack/events"} if base else {}
    return {
        "display_information": {
            "name": "Sabio",
            "description": "Answers from the company's own documents, word for word, or says that it cannot.",
            "background_color": "#1f3a5f",
        },
        "features": {
            "agent_view": {
                "agent_description": "Answers questions from the company's own documents, with the words and"
                " places that each sentence rests on.",
                "suggested_prompts": [
                    {"title": "What can you do?", "message": "What can you do?"},
                    {"title": "¿Qué puedes hacer?", "message": "¿Qué puedes hacer?"},
                ],
            },
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": "Sabio", "always_online": True},
            "shortcuts": [
                {
                    "name": "Ask Sabio about this",
                    "type": "message",
                    "callback_id": SHORTCUT,
                    "description": "Answers privately what a message asks",
                }
            ],
            "slash_commands": [
                {
                    "command": COMMAND,
                    "description": "Ask privately, or give a command",
                    "usage_hint": "ask … | sources | sync … | help",
                    "should_escape": False,
                    **({"url": f"{base}/slack/events"} if base else {}),
                }
            ],
        },
        "oauth_config": {
            **({"redirect_urls": [f"{base}/slack/oauth_redirect"]} if base else {}),
            "scopes": {"bot": sorted(SCOPES)},
        },
        "settings": {
            "event_subscriptions": {**address, "bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": True, **address},
            "org_deploy_enabled": False,
            "socket_mode_enabled": not base,
            "token_rotation_enabled": False,
        },
    }


def as_text(url: str | None = None, *, json_: bool = False) -> str:
    """The manifest as Slack's page takes it: YAML, or JSON."""
    if json_:
        return json.dumps(manifest(url), indent=2, ensure_ascii=False)
    return yaml.safe_dump(manifest(url), sort_keys=False, allow_unicode=True).rstrip()
