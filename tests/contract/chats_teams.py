"""Microsoft Teams, as the contract is held on it: people, places, what they do there, and what is seen."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import select

from ingest.knowledge import KnowledgeBase
from ingest.ledger.tables import events
from tests.bot.platforms.teams.conftest import connected
from tests.slack.workspace import await_
from tests.teams import TENANT, FakeTeams
from tests.teams.cards import actions_of, cards_of
from tests.teams.checks import is_whole, text_of
from tests.teams.delivery import Delivery
from tests.teams.tenant import Json

OUTSIDERS = ("colleague", "guest", "anonymous", "other tenant", "nameless", "shared channel")
"""Who may be in a conversation and not read what the others may; in a shared channel nobody tells who is."""
OTHER_TENANT = TENANT[:-1] + "0"
_STREAMS = "two streams in one chat"
_SIGNS: Mapping[str, Json] = {
    "guest": {"role": "guest"},
    "anonymous": {"role": "anonymous"},
    "other tenant": {"tenant": OTHER_TENANT},
    "nameless": {"email": None, "userPrincipalName": None},
}


class TeamsChat:
    """A tenant, and Sabio in it. A place is called by its name; the one of a person alone as that person."""

    name = "teams"

    def __init__(self, teams: FakeTeams) -> None:
        self.teams = teams
        self._kb: KnowledgeBase

    @contextmanager
    def serving(self, kb: KnowledgeBase) -> Iterator[int]:
        """Sabio, connected: the port where it takes what is posted."""
        self._kb = kb
        with connected(kb, self.teams) as port:
            yield port

    # People and places

    def person(self, name: str, kind: str = "colleague") -> str:
        """Somebody new, `NAME@acme.com`, of one of the kinds in `OUTSIDERS`."""
        return self.teams.add_person(name, **({"email": f"{name}@acme.com"} | _SIGNS.get(kind, {})))

    def room(self, name: str, *people: str, kind: str = "colleague") -> str:
        """A channel of these people and Sabio; `kind` of the last of them, who should not read along."""
        if kind == "shared channel":
            return self.teams.add_channel(name, people[:-1], type="shared")
        return self.teams.add_channel(name, people)

    def group(self, name: str, *people: str) -> str:
        """A chat of several people, and Sabio with them."""
        return self.teams.add_group(name, people)

    # What they do

    def ask(self, person: str, place: str, text: str, **more: Any) -> Json:
        """Somebody asks: the message that they wrote."""
        return self.teams.say(person, text, place, **more)[0]

    def press(self, person: str, message: Json, title: str) -> Delivery:
        """Somebody presses the button of a card that is called so."""
        [data] = [one["data"] for one in actions_of(cards_of(message)) if one.get("title") == title]
        return self.teams.press(person, message, data)

    # What is seen

    def answers(self, asked: Json, seconds: float = 60) -> list[Json]:
        """All that is replied to a message, when nothing more is done about it."""
        await_(lambda: self._is_done(asked) or None, f"{asked['id']} is answered", seconds)
        return self.teams.replies(asked)

    def _is_done(self, asked: Json) -> bool:
        id_ = f"teams:{TENANT}/{asked['conversation']['id']}/{asked['id']}"
        with self._kb.ledger.read() as ledger:
            return ledger.scalar(select(events.c.done_at).where(events.c.id == id_)) is not None

    def shown_in(self, place: str) -> str:
        """All that was ever sent to a place, streamed, changed and removed texts included, as one text."""
        ids = (self.teams.places[place].id, self.teams.places[place].team)
        said = [given for name, given in list(self.teams.calls) if name in ("send", "update")]
        calls = [one["body"] for one in said if one["conversation"].partition(";")[0] in ids]
        return json.dumps([calls, self.teams.posted(place)], ensure_ascii=False)

    def sent(self) -> list[Json]:
        """Everything that shows anybody anything: messages, and the dialogs that open."""
        said = [given["body"] for name, given in list(self.teams.calls) if name in ("send", "update")]
        return [*said, *(one.answer for one in list(self.teams.deliveries) if one.answer)]

    def streams_left(self) -> int:
        """How often a chat had a second stream, and no complaint any more: of the first one nobody could tell
        who should have ended it, for Teams' answer was lost or its process killed."""
        complaints = self.teams.problems
        left = complaints.count(_STREAMS)
        complaints[:] = [one for one in complaints if one != _STREAMS]
        return left


def read(messages: list[Json]) -> str:
    """What people read of several messages."""
    return "\n".join(map(text_of, messages))


def whole_of(messages: list[Json]) -> list[Json]:
    """Those that are no request for patience."""
    return [one for one in messages if is_whole(one)]


@contextmanager
def tenant() -> Iterator[TeamsChat]:
    """A tenant with nobody in it yet, which has nothing to complain of at the end."""
    with FakeTeams() as teams:
        yield TeamsChat(teams)
    assert teams.problems == [], teams.problems[:9]
