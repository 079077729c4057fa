"""Teams as a `Venue`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from bot.platforms._teams import answers, commands
from ingest.knowledge import KnowledgeBase
from tests.bot.platforms.teams.conftest import connected
from tests.contracts.platforms import CHANNEL, Cited, Place, Venue
from tests.slack.workspace import await_
from tests.teams import FakeTeams
from tests.teams.checks import citations_of, is_whole, text_of
from tests.teams.marks import marks_of

_FORMAT = re.compile(r"(?<!\\)[*`_~]")


class TeamsVenue(Venue):
    """The channel `general` of a team, and everybody's own chat with Sabio."""

    answers, commands = answers, commands

    def __init__(self, teams: FakeTeams) -> None:
        self._teams = teams
        teams.add_person("eve", "eve@partner.com", role="guest")

    def running(self, kb: KnowledgeBase) -> AbstractContextManager[object]:
        return connected(kb, self._teams)

    def ask(self, who: str, text: str, place: Place, after: Any = None) -> Any:
        said, delivery = self._teams.say(who, text, "general" if place is CHANNEL else None, thread=after)
        delivery.wait()
        return said

    def replies(self, said: Any) -> list[str]:
        return [text_of(one) for one in self._teams.replies(said)]

    def read(self, said: Any, words: str = "") -> str:
        def whole() -> str | None:
            replies = self._teams.replies(said)
            text = "\n".join(map(text_of, replies))
            ended = any(map(is_whole, replies)) and not any(one.get("streaming") for one in replies)
            return text if ended and words in text else None

        return await_(whole, f"{words!r} is said")

    def cited(self, said: Any) -> list[Cited]:
        return [
            Cited(number, one["url"], one["abstract"])
            for reply in self._teams.replies(said)
            for number, one in citations_of(reply).items()
        ]

    def acting(self, said: Any) -> list[str]:
        texts = [reply.get("text") or "" for reply in self._teams.replies(said)]
        return [mark for text in texts for mark in [*marks_of(text), *_FORMAT.findall(text)]]

    def deliver_again(self, said: Any) -> None:
        self._teams.deliver(said).wait()

    def edit(self, said: Any, text: str) -> None:
        self._teams.edit(said, text).wait()

    def remove(self, said: Any) -> None:
        self._teams.delete(said).wait()

    def judge(self, who: str, said: Mapping[str, Any], *, up: bool, comment: str = "") -> None:
        [reply] = self._teams.replies(said)
        self._teams.judge(who, reply, "like" if up else "dislike", comment).wait()
