"""Who and where: auth, users, user groups, conversations, installation."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from tests.slack.methods import method
from tests.slack.workspace import (
    APP,
    CLIENT_ID,
    CLIENT_SECRET,
    Channel,
    Json,
    RefusedError,
    Team,
    Workspace,
)

_YES = ("1", "true", True)


@method("apps.connections.open")
def open_connection(slack: Workspace, team: Team, given: Mapping[str, Any]) -> Json:
    """Where to connect to for Socket Mode."""
    return {"url": f"ws://127.0.0.1:{slack.port}/link?ticket={slack.moment()}"}


@method("auth.test")
def test(slack: Workspace, team: Team, given: Mapping[str, Any]) -> Json:
    """Who a token is."""
    return {"url": f"https://{team.name.lower()}.slack.com/", "team": team.name, "user": "sabio",
            "team_id": team.id, "user_id": team.bot, "bot_id": team.bot_id,
            "is_enterprise_install": False}  # fmt: skip


@method("oauth.v2.access")
def install(slack: Workspace, team: Team, given: Mapping[str, Any]) -> Json:
    """The token of a workspace, for the code that its admin came back with."""
    if (given.get("client_id"), given.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
        raise RefusedError("bad_client_secret")
    installed = slack.teams.get(slack.codes.pop(str(given.get("code")), ""))
    if installed is None:
        raise RefusedError("invalid_code")
    if installed.removed:
        installed.token, installed.removed = f"{installed.token}-again", False
    organisation = {"id": installed.organisation, "name": "All of Acme"} if installed.organisation else None
    return {"access_token": installed.token, "token_type": "bot", "scope": ",".join(slack.scopes),
            "bot_user_id": installed.bot, "app_id": APP, "team": {"id": installed.id, "name": installed.name},
            "enterprise": organisation, "is_enterprise_install": False,
            "authed_user": {"id": next(iter(slack.people), "U0")}}  # fmt: skip


@method("users.info", "users:read")
def user(slack: Workspace, team: Team, given: Mapping[str, Any]) -> Json:
    """Somebody; the address with a scope of its own."""
    person = _everybody(slack, team).get(given.get("user", ""))
    if person is None:
        raise RefusedError("user_not_found")
    return {"user": _shown(slack, person, locale=given.get("include_locale") in _YES)}


@method("users.list", "users:read")
def users(slack: Workspace, team: Team, given: Mapping[str, Any]) -> Json:
    """Everybody, bots with them, a page at a time."""
    there, cursor = _page(list(_everybody(slack, team).values()), given, 200)
    locale = given.get("include_locale") in _YES
    shown = [_shown(slack, person, locale=locale) for person in there]
    return {"members": shown, "response_metadata": {"next_cursor": cursor}}


def _everybody(slack: Workspace, team: Team) -> Json:
    bot = {"id": team.bot, "team_id": team.id, "is_bot": True, "profile": {"real_name": "Sabio"}}
    return {**slack.people, team.bot: bot}


@method("users.lookupByEmail", "users:read.email")
def user_by_email(slack: Workspace, team: Team, given: Mapping[str, Any]) -> Json:
    """Somebody of this workspace, by address."""
    for person in slack.people.values():
        if person["profile"].get("email") == given.get("email") and not person.get("deleted"):
            return {"user": _shown(slack, person)}
    raise RefusedError("users_not_found")


def _shown(slack: Workspace, person: Mapping[str, Any], *, locale: bool = False) -> Json:
    shown = dict(person) | {"profile": dict(person["profile"])}
    if not locale:
        shown.pop("locale", None)
    if "users:read.email" not in slack.scopes:
        shown["profile"].pop("email", None)
    return shown


@method("usergroups.list", "usergroups:read")
def groups(slack: Workspace, team: Team, given: Mapping[str, Any]) -> Json:
    """The user groups, their people only where asked for."""
    hidden = set() if given.get("include_users") in _YES else {"users"}
    shown = [{key: group[key] for key in group.keys() - hidden} for group in slack.groups.values()]
    return {"usergroups": shown}


@method("usergroups.users.list", "usergroups:read")
def group_users(slack: Workspace, team: Team, given: Mapping[str, Any]) -> Json:
    """Who is in a user group."""
    group = slack.groups.get(given.get("usergroup", ""))
    if group is None:
        raise RefusedError("no_such_subteam")
    return {"users": list(group["users"])}


@method("conversations.info", "{kind}:read")
def conversation(slack: Workspace, team: Team, given: Mapping[str, Any]) -> Json:
    """What a conversation is."""
    channel = _visible(slack, team, given)
    kind = {"im": channel.kind == "im", "group": channel.kind == "group", "channel": channel.kind != "im"}
    about = {"id": channel.id, "is_im": kind["im"], "is_private": channel.is_private or kind["im"],
             "is_group": kind["group"], "is_channel": kind["channel"], "is_mpim": False,
             "is_shared": channel.is_ext_shared, "is_ext_shared": channel.is_ext_shared,
             "is_archived": False, "is_member": channel.with_sabio}  # fmt: skip
    if kind["im"]:
        return {"channel": about | {"user": next(iter(channel.members or ()), None)}}
    about["name"] = channel.name
    if given.get("include_num_members") in _YES:
        about["num_members"] = len(slack.members(channel))
    return {"channel": about}


@method("conversations.members", "{kind}:read")
def members(slack: Workspace, team: Team, given: Mapping[str, Any]) -> Json:
    """Who is in a conversation, a page at a time."""
    there, cursor = _page(slack.members(_visible(slack, team, given)), given, 100)
    return {"members": there, "response_metadata": {"next_cursor": cursor}}


@method("conversations.replies", "{kind}:history")
def replies(slack: Workspace, team: Team, given: Mapping[str, Any]) -> Json:
    """A message and what stands in its thread, a page at a time."""
    channel = slack.place_of(team, given)
    there = [
        dict(one)
        for one in slack.messages[channel.id]
        if given.get("ts") in (one["ts"], one.get("thread_ts"))
    ]
    if not there:
        raise RefusedError("thread_not_found")
    oldest = str(given.get("oldest") or "0")
    there = [one for one in there if one["ts"] > oldest or one["ts"] == given["ts"]]
    return _history(there, given)


@method("conversations.history", "{kind}:history")
def history(slack: Workspace, team: Team, given: Mapping[str, Any]) -> Json:
    """What stands in a conversation outside of threads, the latest first, a page at a time."""
    channel, oldest = slack.place_of(team, given), str(given.get("oldest") or "0")
    there = [one for one in slack.messages[channel.id] if one.get("thread_ts") in (None, one["ts"])]
    return _history([dict(one) for one in reversed(there) if one["ts"] > oldest], given)


def _history(there: list[Json], given: Mapping[str, Any]) -> Json:
    if given.get("include_all_metadata") not in _YES:
        for message in there:
            message.pop("metadata", None)
    page, cursor = _page(there, given, 1_000)
    return {"messages": page, "has_more": bool(cursor), "response_metadata": {"next_cursor": cursor}}


@method("conversations.open", "im:write")
def direct(slack: Workspace, team: Team, given: Mapping[str, Any]) -> Json:
    """The conversation with one person."""
    users = given.get("users") or ""
    users = users if isinstance(users, list) else users.split(",")
    if len(users) != 1 or users[0] not in slack.people:
        raise RefusedError("user_not_found")
    return {"channel": {"id": slack.direct(users[0])}, "no_op": False, "already_open": False}


def _visible(slack: Workspace, team: Team, given: Mapping[str, Any]) -> Channel:
    """A conversation that the app may look at: private ones only from inside."""
    channel = slack.channel(given.get("channel"))
    if channel.team != team.id or (channel.is_private and not channel.with_sabio):
        raise RefusedError("channel_not_found")
    return channel


def _page(everything: list[Any], given: Mapping[str, Any], usual: int) -> tuple[list[Any], str]:
    """The page that a cursor names, and the cursor of the next, empty after the last."""
    cursor, limit = str(given.get("cursor") or "c0"), int(given.get("limit") or usual)
    if not cursor[1:].isdigit():
        raise RefusedError("invalid_cursor")
    if not 1 <= limit <= 1_000:
        raise RefusedError("invalid_limit")
    begin = int(cursor[1:])
    end = begin + limit
    return everything[begin:end], f"c{end}" if end < len(everything) else ""


def credentials(basic: str) -> Json:
    """What an app sends of itself instead of a token, in `Authorization: Basic …`."""
    try:
        id_, _, secret = base64.b64decode(basic, validate=True).decode().partition(":")
    except ValueError:
        return {}
    return {"client_id": id_, "client_secret": secret}
