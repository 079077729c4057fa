"""The connector service, which a bot speaks to: https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-api-reference."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.teams import checks, streams
from tests.teams.microsoft import TENANT
from tests.teams.tenant import BOT, Json, Place, RefusedError, Tenant

Given = Mapping[str, Any]
"""What a call is about: `conversation`, and `activity`, `user`, `body` or `query` where it names them."""
Do = Callable[[Tenant, Given], tuple[int, Any]]
_SMALLEST_PAGE, _LARGEST_PAGE = 50, 500


def send(teams: Tenant, given: Given) -> tuple[int, Any]:
    """Say something in a conversation, as a reply where one is named."""
    place, body = teams.place_of(given["conversation"]), dict(given["body"])
    _check(teams, given["conversation"], body)
    begins = place.kind == "channel" and ";messageid=" not in given["conversation"]
    if begins and not str(given.get("activity")).startswith("f:"):  # which is no message: an installation
        teams.problems.append(f"a new thread in {place.name}")
    message = _kept(teams, given["conversation"], body)
    if given.get("activity"):
        message["replyToId"] = given["activity"]
    if info := streams.info_of(body):
        said = streams.take(teams, place, message, info)
        return (201 if "id" in said else 202), said
    if body["type"] == "message":
        teams.messages[place.id].append(message)
    elif body["type"] != "typing":
        raise RefusedError(400, "BadArgument", f"Unknown activity type {body['type']}", met=False)
    return 201, {"id": message["id"]}


def update(teams: Tenant, given: Given) -> tuple[int, Any]:
    """Put something in place of what Sabio has said."""
    place, body = teams.place_of(given["conversation"]), dict(given["body"])
    message = _own(teams, place, given["activity"])
    _check(teams, given["conversation"], body)
    if streams.info_of(body):
        teams.problems.append("streaminfo in an update")
    if body.get("type") != "message":
        raise RefusedError(400, "BadArgument", "Only a message can be updated.", met=False)
    if body.get("text") and body.get("attachments"):  # two messages in place of one
        words = "Activity resulted into multiple skype activities"
        raise RefusedError(400, "BadSyntax", words, met=False)
    for name in ("text", "attachments", "entities", "channelData"):
        message.pop(name, None)
    changed = {
        name: body[name] for name in ("text", "attachments", "entities", "channelData") if name in body
    }
    message.update(changed, edited=message.get("edited", 0) + 1)
    return 200, {"id": message["id"]}


def remove(teams: Tenant, given: Given) -> tuple[int, Any]:
    """Take back what Sabio has said."""
    place = teams.place_of(given["conversation"])
    message = teams.find(place, given["activity"])
    if message["from"]["id"] != BOT:
        raise RefusedError(403, "Forbidden", "Not the bot's own message.")
    teams.messages[place.id].remove(message)
    return 200, None


def member(teams: Tenant, given: Given) -> tuple[int, Any]:
    """Somebody who is in a conversation."""
    place, name = teams.place_of(given["conversation"]), teams.person_of(given["user"])
    if name not in place.members:
        raise RefusedError(404, "MemberNotFoundInConversation", "Member not found in conversation.")
    return 200, teams.account(name)


def members(teams: Tenant, given: Given) -> tuple[int, Any]:
    """Who is in a conversation, page by page in a team, and all at once in a chat."""
    place, query = teams.place_of(given["conversation"]), given["query"]
    if place.kind == "channel" and given["conversation"] != place.team:
        teams.problems.append(f"the members of {given['conversation']} instead of its team's")
    size = int(query.get("pageSize") or 200)
    if not _SMALLEST_PAGE <= size <= _LARGEST_PAGE:
        teams.problems.append(f"pages of {size} members")
    size = min(size, teams.page) if place.kind == "channel" else len(place.members)
    begin = int(query.get("continuationToken") or 0)
    page: Json = {"members": [teams.account(one) for one in place.members[begin : begin + size]]}
    if begin + size < len(place.members):
        page["continuationToken"] = str(begin + size)
    return 200, page


def create(teams: Tenant, given: Given) -> tuple[int, Any]:
    """Open the conversation with one person, or begin a thread in a channel; there are no other ways.

    https://github.com/microsoft/teams.net/blob/releases/v2/core/docs/CreateConversation-API-Behavior.md
    """
    body = given["body"]
    said, channel = (
        body.get("activity") or {},
        ((body.get("channelData") or {}).get("channel") or {}).get("id"),
    )
    if body.get("tenantId") != TENANT:
        raise RefusedError(403, "Forbidden", "The tenant is missing, or another.", met=False)
    if body.get("isGroup") and channel and said.get("type") == "message":
        return _begin(teams, channel, dict(said))
    if body.get("isGroup") or len(body.get("members") or ()) != 1:
        raise RefusedError(400, "BadSyntax", "Incorrect conversation creation parameters", met=False)
    return 201, {"id": teams.places[teams.person_of(body["members"][0]["id"])].id}


def _begin(teams: Tenant, channel: str, said: Json) -> tuple[int, Any]:
    place = teams.place_of(channel)
    if (place.kind, place.id) != ("channel", channel):
        raise RefusedError(400, "BadSyntax", f"{channel} is no channel", met=False)
    _check(teams, channel, said)
    message = _kept(teams, channel, said)
    message["conversation"]["id"] = f"{channel};messageid={message['id']}"
    teams.messages[place.id].append(message)
    return 201, {"id": message["conversation"]["id"], "activityId": message["id"]}


def _check(teams: Tenant, conversation: str, body: Json) -> None:
    teams.problems += checks.problems_of(body)
    named = (body.get("conversation") or {}).get("id")
    if named and named != conversation:
        teams.problems.append(f"said in {conversation}, and of {named}")
    if (body.get("from") or {}).get("id") not in (None, BOT):
        teams.problems.append(f"said as {body['from']['id']}")


def _kept(teams: Tenant, conversation: str, body: Json) -> Json:
    moment = teams.moment()
    about = {"id": str(int(moment.timestamp() * 1000)), "from": {"id": BOT, "name": "Sabio"}}
    return body | about | {"conversation": {"id": conversation}, "timestamp": moment.isoformat()}


def _own(teams: Tenant, place: Place, id_: str) -> Json:
    message = teams.find(place, id_)
    if message["from"]["id"] != BOT:
        raise RefusedError(403, "Forbidden", "Not the bot's own message.")
    if streams.running(teams, id_):
        raise RefusedError(403, "ContentStreamNotAllowed", "It is being streamed.")
    return message


WAYS: dict[str, tuple[str, str, Do]] = {
    "send": ("POST", "/v3/conversations/{conversation}/activities", send),
    "reply": ("POST", "/v3/conversations/{conversation}/activities/{activity}", send),
    "update": ("PUT", "/v3/conversations/{conversation}/activities/{activity}", update),
    "remove": ("DELETE", "/v3/conversations/{conversation}/activities/{activity}", remove),
    "members": ("GET", "/v3/conversations/{conversation}/pagedmembers", members),
    "member": ("GET", "/v3/conversations/{conversation}/members/{user}", member),
    "create": ("POST", "/v3/conversations", create),
}
"""By name: the method, the path, and what is done. A reply counts as `send`."""
