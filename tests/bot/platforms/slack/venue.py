"""Slack as a `Venue`."""

from __future__ import annotations

import html
import re
from contextlib import AbstractContextManager
from typing import Any

from bot.platforms._slack import answers, commands
from ingest.knowledge import KnowledgeBase
from tests.bot.platforms.slack.conftest import connected, shown
from tests.contracts.platforms import CHANNEL, Cited, Place, Venue
from tests.slack import BOT, FakeSlack
from tests.slack.blocks import is_whole
from tests.slack.delivery import Delivery
from tests.slack.marks import marks_of
from tests.slack.workspace import await_

_PLACE = re.compile(r"((?:\[\d+\])+) <(https?://[^|>]+)\|[^>]*>\n")
"""As `[1][2] <https://…|Title>`; the quotes stand below, in order."""
_NUMBER, _QUOTE = re.compile(r"\d+"), re.compile(r"“(.*)”")


class SlackVenue(Venue):
    """The channel `general`, and everybody's own conversation with Sabio. What was said is its event."""

    answers, commands = answers, commands

    def __init__(self, slack: FakeSlack) -> None:
        self._slack = slack
        slack.add_person("UEVE", "eve@partner.com", is_restricted=True)
        slack.add_channel("C1", "general", members=["UANA", "ULUIS"])

    def running(self, kb: KnowledgeBase) -> AbstractContextManager[object]:
        return connected(kb, self._slack)

    def ask(self, who: str, text: str, place: Place, after: Any = None) -> Any:
        user, channel = f"U{who.upper()}", "C1" if place is CHANNEL else f"D{who.upper()}"
        event = self._slack.write(
            user,
            f"<@{BOT}> {text}" if place is CHANNEL else text,
            channel,
            thread=_thread(after) if after else None,
        )
        _heard(self._slack.deliver(event))
        return event

    def replies(self, said: Any) -> list[str]:
        return [html.unescape(shown(one)) for one in self._messages(said)]

    def read(self, said: Any, words: str = "") -> str:
        def whole() -> str | None:
            replies = self._messages(said)
            text = "\n".join(self.replies(said))
            return text if replies and all(map(is_whole, replies)) and words in text else None

        return await_(whole, f"{words!r} is said")

    def cited(self, said: Any) -> list[Cited]:
        found = []
        for reply in self._messages(said):
            _, *groups = _PLACE.split(shown(reply))
            for numbers, url, words in zip(groups[::3], groups[1::3], groups[2::3], strict=True):
                for number, quote in zip(_NUMBER.findall(numbers), _QUOTE.findall(words), strict=False):
                    found.append(Cited(int(number), url, quote))
        return found

    def acting(self, said: Any) -> list[str]:
        own = {one.url for one in self.cited(said)}
        marks = [mark for reply in self._messages(said) for _, mark in marks_of(reply)]
        return [mark for mark in marks if not any(mark.startswith(f"<{url}|") for url in own)]

    def deliver_again(self, said: Any) -> None:
        _heard(self._slack.deliver(said))

    def edit(self, said: Any, text: str) -> None:
        mention = f"<@{BOT}> " if said["channel"] == "C1" else ""
        _heard(self._slack.edit(said["user"], said["ts"], mention + text, said["channel"]))

    def remove(self, said: Any) -> None:
        _heard(self._slack.delete(said["user"], said["ts"], said["channel"]))

    def judge(self, who: str, said: Any, *, up: bool, comment: str = "") -> None:
        user, [reply] = f"U{who.upper()}", self._messages(said)
        before = len(self._slack.private(user))
        self._slack.click(user, reply, "vote", value="positive" if up else "negative")
        if not up:
            form = self._slack.await_modal(user, until=lambda view: view["callback_id"] == "feedback")
            self._slack.submit(user, form, {"reason": "outdated", "comment": comment})
        await_(lambda: self._slack.private(user)[before:] or None, "thanks")

    def _messages(self, said: Any) -> list[dict[str, Any]]:
        replies = self._slack.replies(_thread(said), said["channel"])
        return [one for one in replies if float(one["ts"]) > float(said["ts"])]


def _thread(said: Any) -> str:
    return str(said.get("thread_ts") or said["ts"])


def _heard(delivery: Delivery) -> None:
    assert delivery.acknowledged.wait(10), f"it is not acknowledged: {delivery.payload}"
