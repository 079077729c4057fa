"""What is in a Microsoft Teams: people, chats, teams with channels, and the messages in them."""

from __future__ import annotations

import itertools
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.teams.microsoft import APP, TENANT

BOT = f"28:{APP}"
_BEGAN = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
"""When the first message is written."""

Json = dict[str, Any]


class RefusedError(Exception):
    """Why Teams refuses something: a status, its code and its words. `met`: by every app one day; other
    refusals are mistakes in what it sends."""

    def __init__(self, status: int, code: str, message: str = "", *, met: bool = True) -> None:
        super().__init__(f"{status} {code} {message}".rstrip())
        self.status, self.code, self.message, self.met = status, code, message, met


@dataclass
class Place:
    """A conversation: `personal`, `groupChat` or `channel`."""

    name: str
    """As tests call it."""
    kind: str
    id: str
    members: list[str]
    """Those who are in it; of a channel, in its team. Sabio is not among them, as in the real roster."""
    team: str | None = None
    more: Mapping[str, Any] = field(default_factory=dict)
    """Other fields of `channelData.channel`."""


@dataclass
class Stream:
    """A message that is being streamed."""

    message: Json
    began: datetime
    sequence: int = 1
    ended: str = ""
    """How it ended: `final`, `stopped`, `old`; empty while it runs."""


class Tenant:
    """The state, and how to look things up in it; nothing here checks what Sabio sends."""

    def __init__(self) -> None:
        self.people: dict[str, Json] = {}
        """By name: what the roster says of them, and their locale."""
        self.places: dict[str, Place] = {}
        self.messages: dict[str, list[Json]] = defaultdict(list)
        """By the id of the conversation without its thread, in the order that they were posted."""
        self.streams: dict[str, Stream] = {}
        self.problems: list[str] = []
        """What real Teams would have refused or shown raw, or what Sabio should not do."""
        self.calls: list[tuple[str, Json]] = []
        """What Sabio has asked for: `send`, `update`, `remove`, `member`, `members`."""
        self.stream_seconds = 120.0
        self.page = 200
        """Members that one page of a team has at most."""
        self._moments = itertools.count(1)

    def moment(self) -> datetime:
        """A new moment, after all others."""
        return _BEGAN + timedelta(seconds=next(self._moments))

    def add_person(
        self, name: str, email: str | None = None, *, role: str = "user", tenant: str = TENANT, **more: Any
    ) -> str:
        """Somebody; `more` are other fields of the roster's, and `locale`."""
        domain = (email or "@acme.com").partition("@")[2]
        principal = f"{name}_{domain}#EXT#@acme.onmicrosoft.com" if role == "guest" else email
        self.people[name] = {
            "id": f"29:1{name}",
            "name": name.title(),
            "aadObjectId": str(uuid.uuid5(uuid.NAMESPACE_DNS, name)),
            "email": email,
            "userPrincipalName": principal,
            "tenantId": tenant,
            "userRole": role,
            "locale": "en-US",
        } | more
        self.places[name] = Place(name, "personal", f"a:1{name}", [name])
        return name

    def add_group(self, name: str, members: Sequence[str]) -> str:
        """A chat of several people, Sabio with them."""
        self.places[name] = Place(name, "groupChat", f"19:{name}@thread.v2", [*members])
        return name

    def add_channel(self, name: str, members: Sequence[str], team: str | None = None, **more: Any) -> str:
        """A channel of a team that has these members, Sabio with them."""
        owner = f"19:{team or name}-team@thread.tacv2"
        self.places[name] = Place(name, "channel", f"19:{name}@thread.tacv2", [*members], owner, more)
        return name

    def place_of(self, id_: str) -> Place:
        """The conversation of that id, of a thread in it, or of its team."""
        bare = id_.partition(";")[0]
        for place in self.places.values():
            if bare in (place.id, place.team):
                return place
        raise RefusedError(404, "ConversationNotFound", "Conversation not found.")

    def person_of(self, id_: str) -> str:
        """The name of whoever has that id, or that Entra id."""
        for name, one in self.people.items():
            if id_ in (one["id"], one["aadObjectId"]):
                return name
        raise RefusedError(404, "MemberNotFoundInConversation", "Member not found.")

    def account(self, name: str) -> Json:
        """What the roster says of somebody."""
        return {key: value for key, value in self.people[name].items() if key != "locale" and value}

    def find(self, place: Place, id_: str) -> Json:
        """A message that stands in a conversation. Refuses where there is none."""
        for one in self.messages[place.id]:
            if one["id"] == id_:
                return one
        raise RefusedError(404, "ActivityNotFoundInConversation", "The activity was not found.")

    def replies(self, said: Mapping[str, Any]) -> list[Json]:
        """What Sabio has said to a message."""
        place = self.place_of(said["conversation"]["id"])
        return [one for one in self.messages[place.id] if one.get("replyToId") == said["id"]]

    def posted(self, place: str) -> list[Json]:
        """What Sabio has said in a conversation."""
        return [one for one in self.messages[self.places[place].id] if one["from"]["id"] == BOT]
