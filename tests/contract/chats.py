"""The chat platforms that the contract is held on, each behind the same few verbs.

A test of a promise speaks of people, places, questions and what is seen; what it is of Slack's that these are
made of stands here. `kb.settings` of a base are changed with `settle`, before anybody is served.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import select

from ingest.knowledge import KnowledgeBase
from ingest.ledger.tables import events
from tests.bot.platforms.slack.conftest import connected
from tests.slack import BOT, TEAM, FakeSlack
from tests.slack.blocks import is_whole, text_of
from tests.slack.delivery import Delivery
from tests.slack.workspace import Json, await_

OUTSIDERS = ("colleague", "guest", "single-channel guest", "stranger", "shared channel", "unconfirmed")
"""Who may be in a conversation and not read what the others may."""


def settle(kb: KnowledgeBase, **changed: Any) -> None:
    """Change the settings of an open base; `limits` are lifted, so that no question has to wait for them."""
    limits = kb.settings.limits.model_copy(update={"questions_per_minute": 100_000, "at_once": 64})
    kb.settings = kb.settings.model_copy(update={"limits": limits} | changed)


class SlackChat:
    """A Slack workspace, over Socket Mode or by posts, and Sabio in it."""

    name = "slack"

    def __init__(self, slack: FakeSlack, mode: str) -> None:
        self.slack = slack
        slack.mode = mode
        self._kb: KnowledgeBase

    @contextmanager
    def serving(self, kb: KnowledgeBase, **settings: Any) -> Iterator[int]:
        """Sabio, connected: the port where it takes what is posted."""
        self._kb = kb
        with connected(kb, self.slack, **settings) as port:
            yield port

    # People and places

    def person(self, name: str, kind: str = "colleague") -> str:
        """Somebody new, `NAME@acme.com`, of one of the kinds in `OUTSIDERS`."""
        signs: dict[str, Json] = {
            "guest": {"is_restricted": True},
            "single-channel guest": {"is_ultra_restricted": True},
            "stranger": {"team_id": "T9", "is_stranger": True},
            "shared channel": {"team_id": "T9"},
            "unconfirmed": {"is_email_confirmed": False},
        }
        return self.slack.add_person(f"U{name.upper()}", f"{name}@acme.com", **signs.get(kind, {}))

    def room(self, name: str, *people: str, kind: str = "colleague") -> str:
        """A conversation of these people and Sabio; `kind` of the one who should not read along."""
        shared = kind in ("stranger", "shared channel")
        return self.slack.add_channel(
            f"C{name.upper()}", name, members=[*people], is_private=True, is_ext_shared=shared
        )

    def alone(self, person: str) -> str:
        """The conversation of somebody with Sabio."""
        return self.slack.direct(person)

    # What they do

    def ask(self, person: str, place: str, text: str, *, mentioned: bool = True) -> str:
        """Somebody asks: the message that they wrote."""
        if place.startswith("D"):
            return self.slack.say(person, text, place)[0]
        if mentioned:
            return self.slack.say(person, f"<@{BOT}> {text}", place)[0]
        return self.slack.say(person, text, place, type="message", channel_type="group")[0]

    def order(self, person: str, place: str, text: str) -> Delivery:
        """Somebody gives a command, or asks, so that nobody else sees it."""
        return self.slack.command(person, text, place)

    def press(self, person: str, message: Json, button: str) -> Delivery:
        """Somebody presses a button below a message."""
        return self.slack.click(person, message, button)

    # What is seen

    def answer(self, asked: str, place: str, seconds: float = 60) -> Json:
        """What is replied to a message, when nothing more is done about it."""
        await_(lambda: self._is_done(asked, place) or None, f"{asked} is answered", seconds)
        return self.slack.await_reply(asked, place, until=is_whole, seconds=1)

    def _is_done(self, asked: str, place: str) -> bool:
        named = select(events.c.done_at).where(events.c.id == f"slack:{TEAM}/{place}/{asked}")
        with self._kb.ledger.read() as ledger:
            return ledger.scalar(named) is not None

    def aside(self, person: str, until: Callable[[Json], bool] = lambda _: True, seconds: float = 60) -> Json:
        """What is told to somebody where nobody else sees it, as soon as it is whole and as wanted."""
        return self.slack.await_private(
            person, until=lambda one: is_whole(one) and until(one), seconds=seconds
        )

    def replies(self, asked: str, place: str) -> list[Json]:
        """All that is replied to a message."""
        return self.slack.replies(asked, place)

    def shown_in(self, place: str) -> str:
        """All that was ever sent to a place, streamed, edited and deleted texts included, as one text."""
        told = ("chat.", "agents.", "assistant.")
        calls = [given for name, given in list(self.slack.calls) if name.startswith(told)]
        sent = [given for given in calls if _place(given) == place]
        return json.dumps([sent, self.slack.posted(place)], ensure_ascii=False)

    def sent(self) -> list[Json]:
        """Every call of Sabio's that shows anybody anything, and what people were shown in private."""
        calls = [
            dict(given) for name, given in list(self.slack.calls) if name.startswith(("chat.", "views."))
        ]
        return [*calls, *(one for there in list(self.slack.unseen.values()) for one in there)]


def _place(given: Any) -> str:
    return str(given.get("channel") or given.get("channel_id"))


def read(message: Json) -> str:
    """What people read of a message."""
    return text_of(message).replace("\\", "").replace("\u2060", "")


def await_done(kb: KnowledgeBase, count: int = 0, seconds: float = 60) -> Sequence[Any]:
    """The events that came, when they are `count` at least and none is left to be answered."""

    def done() -> Sequence[Any] | None:
        with kb.ledger.read() as ledger:
            rows = ledger.execute(events.select()).all()
        return rows if len(rows) >= count and all(row.done_at for row in rows) else None

    return await_(done, f"{count} events answered", seconds)
