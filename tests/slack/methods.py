"""The methods of the Web API, by name, and who may call them: https://docs.slack.dev/reference/methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.platforms._slack.manifest import SCOPES
from tests.slack.workspace import APP_TOKEN, Json, RefusedError, Team, Workspace

Do = Callable[[Workspace, Team, Mapping[str, Any]], Json]


@dataclass(frozen=True)
class Method:
    """What is done, and the scope that it takes: `{kind}` stands for the kind of the conversation."""

    do: Do
    scope: str | None


METHODS: dict[str, Method] = {}
WITHOUT_TOKEN = {"oauth.v2.access"}
_SCOPE_KINDS = {"channel": "channels", "group": "groups", "im": "im"}
_MET = set(
    "account_inactive bad_client_secret cant_delete_message cant_update_message channel_not_found"  # noqa: SIM905
    " expired_trigger_id hash_conflict invalid_auth invalid_code message_not_found"
    " message_not_in_streaming_state missing_scope no_such_subteam not_allowed_token_type not_found"
    " not_in_channel stopped_by_user streaming_state_conflict thread_not_found user_not_found"
    " user_not_in_channel users_not_found".split()
)
"""What every app meets one day; other refusals are mistakes in what it sends."""


def method(name: str, scope: str | None = None) -> Callable[[Do], Do]:
    """Makes a function a method of the Web API."""

    def add(do: Do) -> Do:
        METHODS[name] = Method(do, scope)
        return do

    return add


def call(slack: Workspace, name: str, token: str, given: Mapping[str, Any]) -> Json:
    """What Slack answers, `ok` or not. What an app should never send is among the problems afterwards."""
    try:
        if name in WITHOUT_TOKEN:
            return {"ok": True, **METHODS[name].do(slack, next(iter(slack.teams.values())), given)}
        team = _team_of(slack, name, token)
        if name not in METHODS:
            raise RefusedError("unknown_method")
        _check_scope(slack, METHODS[name].scope, given)
        return {"ok": True, **METHODS[name].do(slack, team, given)}
    except RefusedError as error:
        said = str(error)
        unasked = said == "missing_scope" and error.more["needed"] not in SCOPES
        if said not in _MET or unasked:
            told = error.more.get("errors") or error.more.get("needed") or ""
            slack.problems.append(f"{said}: {name} {told}".rstrip())
        return {"ok": False, "error": said, **error.more}


def _team_of(slack: Workspace, name: str, token: str) -> Team:
    first = next(iter(slack.teams.values()))
    bots = {team.token: team for team in slack.teams.values()}
    if name == "apps.connections.open" and token == APP_TOKEN:
        return first
    if name != "apps.connections.open" and token in bots:
        if bots[token].removed:
            raise RefusedError("account_inactive")
        return bots[token]
    raise RefusedError("not_allowed_token_type" if token in {APP_TOKEN, *bots} else "invalid_auth")


def _check_scope(slack: Workspace, scope: str | None, given: Mapping[str, Any]) -> None:
    if scope is None:
        return
    if "{kind}" in scope:
        scope = scope.replace("{kind}", _SCOPE_KINDS[slack.channel(given.get("channel")).kind])
    if scope not in slack.scopes:
        raise RefusedError("missing_scope", needed=scope, provided=",".join(slack.scopes))
