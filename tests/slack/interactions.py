"""What Slack tells an app when somebody types a command, clicks, submits or chooses a shortcut.

https://docs.slack.dev/reference/interaction-payloads, https://docs.slack.dev/interactivity.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from tests.slack import views
from tests.slack.blocks import problem_of, problem_of_view
from tests.slack.workspace import APP, Channel, Json, Team, Workspace, all_blocks

TOKEN = "the-old-verification-token"
_SELECTS = ("static_select", "radio_buttons", "overflow")


def command_payload(slack: Workspace, user: str, text: str, channel: Channel, command: str) -> Json:
    """The form of a slash command."""
    team = slack.team_of(channel)
    name = "directmessage" if channel.kind == "im" else channel.name
    return {"token": TOKEN, "team_id": team.id, "team_domain": team.name.lower(), "channel_id": channel.id,
            "channel_name": name, "user_id": user, "user_name": user.lower(), "command": command,
            "text": text, "api_app_id": APP, "is_enterprise_install": "false",
            "response_url": slack.add_response_url(user, channel),
            "trigger_id": slack.add_trigger(user, team.id)}  # fmt: skip


def click_payload(
    slack: Workspace, user: str, shown: Mapping[str, Any], action_id: str, value: str | None
) -> Json:
    """A click in a message, in one that only this person sees, or in a view."""
    now = _as_it_stands(slack, user, shown)
    block, element = _element(now, action_id, value)
    action = {"action_id": action_id, "block_id": block["block_id"], "type": element["type"],
              "action_ts": slack.moment(), **_chosen(element, value)}  # fmt: skip
    told: Json = {"type": "block_actions", "actions": [action]}
    if "root_view_id" in now:
        team = slack.teams[now["team_id"]]
        told |= {"container": {"type": "view", "view_id": now["id"]}, "view": copy.deepcopy(now)}
        return _about(slack, user, team) | told
    channel = _channel_of(slack, now)
    hidden = bool(now.get("is_ephemeral"))
    container = {"type": "message", "message_ts": now["ts"], "channel_id": channel.id, "is_ephemeral": hidden}
    if now.get("thread_ts"):
        container["thread_ts"] = now["thread_ts"]
    told |= {"container": container, "channel": {"id": channel.id, "name": channel.name},
             "state": {"values": {}}, "response_url": slack.add_response_url(user, channel, now)}  # fmt: skip
    if not hidden:  # of a message that one person sees Slack tells where it stands, and not what it says
        told["message"] = copy.deepcopy(now)
    return _about(slack, user, slack.team_of(channel)) | told


def shortcut_payload(slack: Workspace, user: str, message: Mapping[str, Any], callback_id: str) -> Json:
    """A shortcut chosen from the menu of a message."""
    channel = _channel_of(slack, message)
    told = {"type": "message_action", "callback_id": callback_id, "action_ts": slack.moment(),
            "message_ts": message["ts"], "message": copy.deepcopy(dict(message)),
            "channel": {"id": channel.id, "name": channel.name},
            "response_url": slack.add_response_url(user, channel)}  # fmt: skip
    return _about(slack, user, slack.team_of(channel)) | told


def submit_payload(slack: Workspace, user: str, view: Json, values: Mapping[str, Any]) -> Json:
    """A modal, filled in and sent: `values` by action_id. An input that must be filled is."""
    state: Json = {}
    inputs = [block for block in all_blocks(view["blocks"]) if block["type"] == "input"]
    unknown = values.keys() - {block["element"].get("action_id") for block in inputs}
    assert not unknown, f"no inputs {sorted(unknown)}"
    for block in inputs:
        element = block["element"]
        filled = _filled(element, values.get(element["action_id"]))
        empty = not any(filled[key] for key in filled.keys() - {"type"})
        assert not (empty and not block.get("optional")), f"{element['action_id']} must be filled"
        state[block["block_id"]] = {element["action_id"]: filled}
    view["state"] = {"values": state}
    view.pop("errors", None)
    told = {"type": "view_submission", "view": copy.deepcopy(view), "response_urls": []}
    return _about(slack, user, slack.teams[view["team_id"]]) | told


def closed_payload(slack: Workspace, user: str, view: Json) -> Json:
    """A modal that was closed, where the app wants to know."""
    told = {"type": "view_closed", "view": copy.deepcopy(view), "is_cleared": False}
    return _about(slack, user, slack.teams[view["team_id"]]) | told


def take_command_answer(slack: Workspace, user: str, channel: Channel, answer: Json) -> None:
    """Show what the acknowledgement of a command says."""
    if answer.get("text") or answer.get("blocks"):
        if problem := problem_of(answer):
            slack.problems.append(problem)
        elif answer.get("response_type") == "in_channel":
            slack.post(channel, answer)
        else:
            slack.whisper(user, channel, answer)


def take_click_answer(slack: Workspace, answer: Json) -> None:
    """Slack does not read the acknowledgement of a click."""
    if answer:
        slack.problems.append(f"the acknowledgement of a click is not read: {answer}")


def take_submit_answer(slack: Workspace, user: str, view: Json, answer: Json) -> None:
    """Do with a modal what the acknowledgement says: https://docs.slack.dev/surfaces/modals."""
    stack = slack.modals[user]
    match answer.get("response_action"):
        case "errors":
            ids = {block["block_id"] for block in view["blocks"] if block["type"] == "input"}
            if not answer.get("errors") or answer["errors"].keys() - ids:
                slack.problems.append(f"errors of no inputs: {answer.get('errors')}")
            view["errors"] = answer.get("errors")
        case "update" | "push" as action:
            if problem := problem_of_view(answer.get("view") or {}):
                slack.problems.append(problem)
            elif action == "update":
                views.replace(slack, slack.teams[view["team_id"]], view, answer["view"])
            else:
                stack.append(views.make(slack, slack.teams[view["team_id"]], answer["view"]))
        case "clear":
            stack.clear()
        case None:
            if view in stack:
                stack.remove(view)
        case unknown:
            slack.problems.append(f"response_action {unknown}")


def _about(slack: Workspace, user: str, team: Team) -> Json:
    return {"user": {"id": user, "username": user.lower(), "name": user.lower(), "team_id": team.id},
            "team": {"id": team.id, "domain": team.name.lower()}, "enterprise": None,
            "is_enterprise_install": False, "api_app_id": APP, "token": TOKEN,
            "trigger_id": slack.add_trigger(user, team.id)}  # fmt: skip


def _as_it_stands(slack: Workspace, user: str, shown: Mapping[str, Any]) -> Json:
    """A message or a view as the person sees it at this moment."""
    if "root_view_id" in shown:
        return slack.views[shown["id"]]
    everything = [*slack.unseen[user], *(one for there in slack.messages.values() for one in there)]
    found = next((one for one in everything if one["ts"] == shown["ts"]), None)
    assert found is not None, f"{user} does not see {shown['ts']} any more"
    return found


def _channel_of(slack: Workspace, message: Mapping[str, Any]) -> Channel:
    if message.get("channel"):
        return slack.channel(message["channel"])
    return slack.channel(next(id_ for id_, there in slack.messages.items() if message in there))


def _element(shown: Mapping[str, Any], action_id: str, value: str | None) -> tuple[Json, Json]:
    offered = list(_elements(shown))
    for block, element in offered:
        fixed = element.get("value")
        if element.get("action_id") == action_id and (value is None or fixed is None or fixed == value):
            return block, element
    raise AssertionError(f"no {action_id} {value or ''} among {[one['action_id'] for _, one in offered]}")


def _elements(shown: Mapping[str, Any]) -> Iterator[tuple[Json, Json]]:
    for block in all_blocks(shown.get("blocks") or ()):
        for element in [*block.get("elements", ()), block.get("accessory") or {}, block.get("element") or {}]:
            if element.get("action_id"):
                yield block, element


def _chosen(element: Mapping[str, Any], value: str | None) -> Json:
    if element["type"] == "feedback_buttons":
        sides = {"positive": element["positive_button"], "negative": element["negative_button"]}
        named = sides | {side["value"]: side for side in sides.values()}
        button = named[value or "positive"]
        return {"text": button["text"], "value": button["value"]}
    if element["type"] in _SELECTS:
        return {"selected_option": _option(element, value)}
    return {key: element[key] for key in ("text", "value") if key in element}


def _option(element: Mapping[str, Any], value: Any) -> Json:
    return next(one for one in element["options"] if one["value"] == value)


def _filled(element: Mapping[str, Any], value: Any) -> Json:
    kind = element["type"]
    match kind:
        case "static_select" | "radio_buttons":
            chosen = element.get("initial_option") if value is None else _option(element, value)
            return {"type": kind, "selected_option": chosen}
        case "checkboxes":
            return {"type": kind, "selected_options": [_option(element, one) for one in value or ()]}
        case "users_select":
            return {"type": kind, "selected_user": value or element.get("initial_user")}
        case _:
            most = element.get("max_length", 3_000)
            assert len(value or "") <= most, f"{element['action_id']} takes {most} characters"
            return {"type": kind, "value": element.get("initial_value") if value is None else value or None}
