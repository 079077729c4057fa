"""What is in a Slack workspace: people, channels, messages, views, and what only one person sees."""

from __future__ import annotations

import copy
import itertools
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from bot.platforms._slack.manifest import EVENTS, SCOPES

BOT_TOKEN, APP_TOKEN = "xoxb-of-the-tests", "xapp-of-the-tests"
SIGNING_SECRET = "the-signing-secret-of-the-tests"
CLIENT_ID, CLIENT_SECRET = "1.1", "the-client-secret-of-the-tests"
TEAM, BOT = "T1", "UBOT"
APP = "A1"
_BEGAN = 1_700_040_600
"""When the first message is written: half past nine in the morning, UTC."""

Json = dict[str, Any]
T = TypeVar("T")


class RefusedError(Exception):
    """Slack's word for why it refuses, and what else it says."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.more = more


@dataclass
class Team:
    """A workspace that the app is installed in."""

    id: str
    token: str
    name: str
    bot: str
    bot_id: str
    organisation: str | None = None
    """The organisation that it belongs to, as `E1`."""
    removed: bool = False
    """Whether somebody has removed the app, so that its token works no more."""


@dataclass
class Channel:
    """A conversation. Without named members everybody is in a channel."""

    id: str
    name: str
    team: str = TEAM
    members: list[str] | None = None
    is_private: bool = False
    is_ext_shared: bool = False
    with_sabio: bool = True

    @property
    def kind(self) -> str:
        """`im`, `group` or `channel`, as events and scopes name it."""
        return "im" if self.id.startswith("D") else "group" if self.is_private else "channel"


@dataclass
class Trigger:
    """What an interaction allows the app to open, once, within three seconds."""

    id: str
    user: str
    team: str
    began: float = field(default_factory=time.monotonic)
    used: bool = False


@dataclass
class ResponseUrl:
    """Where the app may answer an interaction: five times, within thirty minutes."""

    id: str
    user: str
    channel: str
    team: str
    original: Json | None
    began: float = field(default_factory=time.monotonic)
    uses: int = 0


class Workspace:
    """The state, and how to look things up in it; nothing here checks what the app sends."""

    def __init__(self) -> None:
        self.people: dict[str, Json] = {}
        self.teams = {TEAM: Team(TEAM, BOT_TOKEN, "Acme", BOT, "B1")}
        self.channels: dict[str, Channel] = {}
        self.messages: dict[str, list[Json]] = defaultdict(list)
        """By channel, in the order that they were posted."""
        self.unseen: dict[str, list[Json]] = defaultdict(list)
        """By person, what nobody else sees."""
        self.views: dict[str, Json] = {}
        self.homes: dict[str, Json] = {}
        """By person."""
        self.modals: dict[str, list[Json]] = defaultdict(list)
        """By person, the topmost last."""
        self.streams: dict[tuple[str, str], Any] = {}
        """By channel and message: `streams.Stream`."""
        self.sessions: dict[tuple[str, str], Json] = {}
        """By channel and thread: the status, and the title."""
        self.prompts: dict[str, Json] = {}
        """By channel: what may be asked, as suggested."""
        self.groups: dict[str, Json] = {}
        self.triggers: dict[str, Trigger] = {}
        self.response_urls: dict[str, ResponseUrl] = {}
        self.codes: dict[str, str] = {}
        """What an installation ends with, and its team."""
        self.redirect_url = ""
        """Where an installation goes on, as the app's settings say."""
        self.calls: list[tuple[str, Mapping[str, Any]]] = []
        self.problems: list[str] = []
        """What real Slack would have refused or dropped, or what Sabio should not do."""
        self.scopes: list[str] = sorted(SCOPES)
        """What the app was allowed to do when it was installed."""
        self.events: list[str] = list(EVENTS)
        """What the app is told of."""
        self.stream_seconds = 300.0
        """How long a stream lives, however busy: https://github.com/slackapi/python-slack-sdk/issues/1859."""
        self.port = 0
        self._moments = itertools.count(1)

    def moment(self) -> str:
        """A new `ts`, after all others."""
        return f"{_BEGAN + next(self._moments)}.000100"

    def pass_time(self, minutes: int) -> None:
        """Let what comes be so much later than what was."""
        self._moments = itertools.count(next(self._moments) + 60 * minutes)

    def add_person(self, id_: str, email: str | None = None, **more: Any) -> str:
        """Somebody of this workspace, unless `more` (fields of `users.info`) says otherwise."""
        name = str(more.get("real_name", id_.title()))
        profile = {"real_name": name} | ({"email": email} if email else {})
        self.people[id_] = {"id": id_, "team_id": TEAM, "profile": profile, "locale": "en-US"} | more
        return id_

    def add_workspace(self, team: str, token: str, name: str | None = None, **more: Any) -> Team:
        """Another workspace that the app is installed in; `more` are fields of `Team`."""
        number = len(self.teams) + 1
        self.teams[team] = Team(team, token, name or team, f"{BOT}{number}", f"B{number}", **more)
        return self.teams[team]

    def add_group(self, id_: str, handle: str, users: Iterable[str]) -> str:
        """A user group, as `@it-admins`."""
        self.groups[id_] = {"id": id_, "handle": handle, "name": handle, "date_delete": 0, "users": [*users]}
        return id_

    def add_channel(self, id_: str, name: str | None = None, **more: Any) -> str:
        """A channel; `more` are fields of `Channel`."""
        self.channels[id_] = Channel(id_, name or id_.lower(), **more)
        return id_

    def channel(self, id_: str | None) -> Channel:
        """A conversation; one that nobody has named exists as soon as it is spoken of."""
        if id_ in self.people:
            id_ = self.direct(str(id_))
        if not id_ or id_[0] not in "CGD":
            raise RefusedError("channel_not_found")
        if id_ not in self.channels:
            self.add_channel(id_, members=[] if id_[0] == "D" else None, is_private=id_[0] == "G")
        return self.channels[id_]

    def place_of(self, team: Team, given: Mapping[str, Any]) -> Channel:
        """The conversation that a call of the app speaks of; refuses where the app is not in it."""
        channel = self.channel(given.get("channel"))
        if channel.team != team.id:
            raise RefusedError("channel_not_found")
        if not channel.with_sabio:
            raise RefusedError("not_in_channel")
        return channel

    def direct(self, user: str) -> str:
        """The conversation of a person with Sabio."""
        for channel in self.channels.values():
            if channel.kind == "im" and channel.members and user in channel.members:
                return channel.id
        team = self.people[user]["team_id"]
        return self.add_channel(f"D{user}", members=[user], team=team if team in self.teams else TEAM)

    def members(self, channel: Channel) -> list[str]:
        """Who is in a conversation, Sabio with them."""
        there = list(self.people) if channel.members is None else list(channel.members)
        return [*there, self.team_of(channel).bot] if channel.with_sabio else there

    def team_of(self, channel: Channel) -> Team:
        """The workspace that a conversation belongs to."""
        return self.teams.get(channel.team, self.teams[TEAM])

    def find(self, channel: str, ts: str | None) -> Json | None:
        """A message that stands in a conversation."""
        return next((one for one in self.messages[channel] if one["ts"] == ts), None)

    def add_trigger(self, user: str, team: str = TEAM) -> str:
        """A fresh `trigger_id`."""
        id_ = f"{self.moment()}.{len(self.triggers)}.trigger"
        self.triggers[id_] = Trigger(id_, user, team)
        return id_

    def add_response_url(self, user: str, channel: Channel, original: Json | None = None) -> str:
        """A fresh `response_url`."""
        id_ = f"R{len(self.response_urls) + 1}"
        self.response_urls[id_] = ResponseUrl(id_, user, channel.id, channel.team, original)
        return f"http://127.0.0.1:{self.port}/respond/{id_}"

    def whisper(self, user: str, channel: Channel, said: Mapping[str, Any]) -> Json:
        """Show a message to one person only."""
        named = {key: said[key] for key in ("text", "blocks", "thread_ts") if said.get(key)}
        team = self.team_of(channel)
        about = {"user": team.bot, "bot_id": team.bot_id, "ts": self.moment(), "channel": channel.id}
        message = {"type": "message", "is_ephemeral": True, **about, **identified(named)}
        self.unseen[user].append(message)
        return message

    def post(self, channel: Channel, said: Mapping[str, Any]) -> Json:
        """Show a message of the app to everybody in a conversation."""
        named = {key: said[key] for key in ("text", "blocks", "thread_ts", "metadata") if said.get(key)}
        team = self.team_of(channel)
        about = {"user": team.bot, "bot_id": team.bot_id, "ts": self.moment()}
        message = {"type": "message", **about, **identified(named)}
        self.messages[channel.id].append(message)
        return message


def identified(message: Mapping[str, Any]) -> Json:
    """A copy in which every block has a `block_id`, as Slack gives one to those without."""
    copied: Json = copy.deepcopy(dict(message))
    for number, block in enumerate(all_blocks(copied.get("blocks") or ())):
        block.setdefault("block_id", f"b{number}")
    return copied


def all_blocks(blocks: Iterable[Json]) -> Iterator[Json]:
    """Blocks, and those inside them."""
    for block in blocks:
        yield block
        yield from all_blocks(block.get("child_blocks") or ())


def await_(find: Callable[[], T | None], what: str, seconds: float = 30) -> T:
    """What `find` finds, as soon as it does; an error where that is not in time."""
    end = time.monotonic() + seconds
    while (found := find()) is None:
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        time.sleep(0.02)
    return found
