"""Modals and the Home tab: views.open, views.push, views.update, views.publish."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from tests.slack.blocks import problem_of_view
from tests.slack.methods import method
from tests.slack.workspace import APP, Json, RefusedError, Team, Workspace, identified

PATIENCE = 3.0
"""Seconds that a `trigger_id` is good for: https://docs.slack.dev/interactivity/handling-user-interaction."""


@method("views.open")
def open_(slack: Workspace, team: Team, given: Mapping[str, Any]) -> Json:
    """Open a modal for whoever has just done something."""
    view = _checked(given.get("view"), "modal")
    user = _spend(slack, given.get("trigger_id"))
    made = make(slack, team, view)
    slack.modals[user] = [made]
    return {"view": made}


@method("views.push")
def push(slack: Workspace, team: Team, given: Mapping[str, Any]) -> Json:
    """Put a modal on top of another."""
    view = _checked(given.get("view"), "modal")
    user = _spend(slack, given.get("trigger_id"))
    if len(slack.modals[user]) >= 3:
        raise RefusedError("push_limit_reached")
    made = make(slack, team, view)
    slack.modals[user].append(made)
    return {"view": made}


@method("views.update")
def update(slack: Workspace, team: Team, given: Mapping[str, Any]) -> Json:
    """Change a view that is there."""
    view = _checked(given.get("view"), None)
    known = [one for one in slack.views.values() if one.get("external_id")]
    old = slack.views.get(str(given.get("view_id"))) or next(
        (one for one in known if one["external_id"] == given.get("external_id")), None
    )
    if old is None:
        raise RefusedError("not_found")
    _check_hash(old, given)
    return {"view": replace(slack, team, old, view)}


@method("views.publish")
def publish(slack: Workspace, team: Team, given: Mapping[str, Any]) -> Json:
    """Show somebody their Home tab."""
    view = _checked(given.get("view"), "home")
    user = given.get("user_id")
    if user not in slack.people:
        raise RefusedError("user_not_found")
    old = slack.homes.get(user)
    if old is not None:
        _check_hash(old, given)
        return {"view": replace(slack, team, old, view)}
    slack.homes[user] = make(slack, team, view)
    return {"view": slack.homes[user]}


def make(slack: Workspace, team: Team, view: Mapping[str, Any]) -> Json:
    """A new view, as Slack tells of it."""
    id_ = f"V{len(slack.views) + 1}"
    made: Json = {"private_metadata": "", "callback_id": "", "external_id": "", "submit": None, "close": None}
    made |= identified(view)
    made |= {"id": id_, "root_view_id": id_, "previous_view_id": None, "team_id": team.id, "app_id": APP,
             "bot_id": team.bot_id, "state": {"values": {}}, "hash": slack.moment()}  # fmt: skip
    slack.views[id_] = made
    return made


def replace(slack: Workspace, team: Team, old: Json, view: Mapping[str, Any]) -> Json:
    """Another content for a view: it stays the same to whoever knows its id."""
    new = make(slack, team, view)
    del slack.views[new["id"]]
    kept = {"id": old["id"], "root_view_id": old["root_view_id"]}
    old.clear()
    old.update(new | kept)
    return old


def _checked(view: Any, kind: str | None) -> Mapping[str, Any]:
    if not isinstance(view, Mapping) or (kind and view.get("type") != kind):
        raise RefusedError("invalid_arguments", errors=[f"no {kind or 'view'}"])
    if problem := problem_of_view(view):
        raise RefusedError(problem.partition(":")[0], errors=[problem])
    return view


def _check_hash(old: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    if given.get("hash") and given["hash"] != old["hash"]:
        raise RefusedError("hash_conflict")


def _spend(slack: Workspace, id_: Any) -> str:
    trigger = slack.triggers.get(str(id_))
    if trigger is None:
        raise RefusedError("invalid_trigger_id")
    if trigger.used:
        raise RefusedError("exchanged_trigger_id")
    if time.monotonic() - trigger.began > PATIENCE:
        raise RefusedError("expired_trigger_id")
    trigger.used = True
    return trigger.user
