"""The page of the fake: what a person sees of their Slack, and what they do in it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.platforms._slack.manifest import manifest
from tests.slack.streams import is_running
from tests.slack.workspace import Channel, Json

if TYPE_CHECKING:
    from tests.slack.fake import FakeSlack

FILES = Path(__file__).parent / "page"
_MEDIA = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
_LONGEST = 5.0
"""Seconds that a look may wait for something new."""


def add_routes(app: web.Application, slack: FakeSlack) -> None:
    """Serve the page, what it shows, and what is done in it."""

    async def open_page(request: web.Request) -> web.StreamResponse:
        if request.match_info["user"] not in slack.people:
            raise web.HTTPNotFound(text="nobody of that name")
        return _file("index.html")

    async def look(request: web.Request) -> web.StreamResponse:
        end = time.monotonic() + _LONGEST
        while True:
            body = json.dumps(shown_to(slack, request.match_info["user"]))
            version = hashlib.sha256(body.encode()).hexdigest()[:16]
            if version != request.query.get("since") or time.monotonic() > end or slack.closing:
                return web.Response(text=f'{{"version": "{version}", "state": {body}}}',
                                    content_type="application/json")  # fmt: skip
            await asyncio.sleep(0.1)

    async def do(request: web.Request) -> web.StreamResponse:
        given = await request.json()
        try:
            # In a thread: what is done waits for this very loop.
            await asyncio.to_thread(act, slack, request.match_info["user"], given)
        except AssertionError as error:
            return web.json_response({"error": str(error)})
        return web.json_response({})

    async def static(request: web.Request) -> web.StreamResponse:
        return _file(request.match_info["name"])

    app.router.add_get("/client/{user}", open_page)
    app.router.add_get("/client/{user}/state", look)
    app.router.add_post("/client/{user}/do", do)
    app.router.add_get("/page/{name}", static)


def shown_to(slack: FakeSlack, user: str) -> Json:
    """All that a person sees."""
    team = slack.teams.get(slack.people[user]["team_id"], next(iter(slack.teams.values())))
    slack.direct(user)
    known = {id_: person["profile"]["real_name"] for id_, person in slack.people.items()}
    bots = {one.bot: "Sabio" for one in slack.teams.values()} | {"USLACKBOT": "Slackbot"}
    named = {one.id: one.name for one in slack.channels.values()}
    app = manifest()
    features = app.get("features", {})
    places = [one for one in list(slack.channels.values()) if user in slack.members(one)]
    return {
        "me": user,
        "locale": slack.people[user]["locale"],
        "team": team.name,
        "bot": team.bot,
        "bots": list(bots),
        "names": named | known | bots,
        "about": app["display_information"]["description"],
        "channels": [_place(slack, user, one) for one in places],
        "home": slack.home(user),
        "modals": list(slack.modals[user]),
        "commands": [one["command"] for one in features.get("slash_commands", [{"command": "/sabio"}])],
        "shortcuts": [one for one in features.get("shortcuts", []) if one.get("type") == "message"],
    }


def act(slack: FakeSlack, user: str, given: Mapping[str, Any]) -> None:
    """Do what a person does on the page."""
    deeds: dict[str, Callable[[], object]] = {
        "say": lambda: _say(slack, user, given),
        "command": lambda: slack.command(user, given["text"], given["channel"], given["command"]),
        "click": lambda: slack.click(user, _meant(slack, user, given), given["action"], value=given["value"]),
        "shortcut": lambda: slack.shortcut(user, _meant(slack, user, given), given["action"]),
        "submit": lambda: slack.submit(user, slack.views[given["view"]], given["values"]),
        "dismiss": lambda: slack.dismiss(user),
        "edit": lambda: slack.edit(user, given["ts"], given["text"], given["channel"]),
        "delete": lambda: slack.delete(user, given["ts"], given["channel"]),
        "home": lambda: slack.open_home(user, given["tab"]),
        "stop": lambda: slack.stop_session(user, given["channel"], given["thread"]),
    }
    deeds[given["do"]]()


def _place(slack: FakeSlack, user: str, channel: Channel) -> Json:
    there = [dict(one) for one in slack.messages[channel.id]]
    for message in there:
        message["streaming"] = is_running(slack, channel.id, message["ts"])
        message.pop("metadata", None)
    hidden = [one for one in slack.unseen[user] if one["channel"] == channel.id]
    sessions = {thread: one for (id_, thread), one in slack.sessions.items() if id_ == channel.id}
    return {
        "id": channel.id,
        "name": channel.name,
        "kind": channel.kind,
        "shared": channel.is_ext_shared,
        "members": len(slack.members(channel)),
        "messages": sorted([*there, *hidden], key=lambda one: str(one["ts"])),
        "sessions": sessions,
        "prompts": slack.prompts.get(channel.id) or (_usual_prompts() if channel.kind == "im" else None),
    }


def _usual_prompts() -> Json | None:
    """What the manifest suggests to ask."""
    usual = manifest()["features"].get("agent_view", {}).get("suggested_prompts")
    return {"title": "", "prompts": usual} if usual else None


def _say(slack: FakeSlack, user: str, given: Mapping[str, Any]) -> None:
    """As real Slack tells of it: a message that mentions Sabio in a channel is two events."""
    event = slack.write(user, given["text"], given["channel"], thread=given.get("thread"))
    for one in slack.as_told(event):
        slack.deliver(one)


def _meant(slack: FakeSlack, user: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
    if given.get("view"):
        return slack.views[given["view"]]
    everything = [*slack.unseen[user], *slack.messages[given["channel"]]]
    return next(one for one in everything if one["ts"] == given["ts"])


def _file(name: str) -> web.Response:
    file = FILES / Path(name).name
    if not file.is_file():
        raise web.HTTPNotFound
    return web.Response(text=file.read_text(encoding="utf-8"), content_type=_MEDIA[file.suffix])
