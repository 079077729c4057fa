"""A Slack whose people ask when they are told to, over HTTP: `python -m tests.load.slack --people 50`.

`POST /ask` with `{"person": 7, "text": "…", "where": "channel"}` (or `direct`, or `thread`: on below that
person's last question) answers when Sabio's whole reply is there, with the seconds that each step took:
`{"acknowledged", "first", "answered", "deliveries"}`; with status 504 and what was missing where it takes too
long. Everything that Sabio sends is checked as in tests; `GET /problems` has what was wrong with it.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from dataclasses import dataclass, field

from aiohttp import web

from tests.slack import BOT, FakeSlack
from tests.slack.blocks import is_whole
from tests.slack.delivery import Delivery

CHANNELS = 20
"""Channels that people share."""
LOOK = 0.01


@dataclass
class Office:
    """A Slack, its people's last threads, and how they ask."""

    slack: FakeSlack
    patience: float
    """Seconds to the whole answer."""
    last: dict[int, tuple[str, str]] = field(default_factory=dict)
    """By person: the conversation and the thread."""

    async def ask(self, request: web.Request) -> web.Response:
        """One person asks, and reads the reply."""
        told = await request.json()
        person, where = int(told["person"]), told["where"]
        channel, thread = self.last.get(person, (f"D{person}", None)) if where == "thread" else (None, None)
        channel = channel or (f"D{person}" if where == "direct" else f"C{person % CHANNELS + 1}")
        text = told["text"] if channel.startswith("D") else f"<@{BOT}> {told['text']}"
        before = len(self.slack.messages[channel])
        began = time.monotonic()
        written, delivery = await asyncio.to_thread(
            self.slack.say, f"U{person}", text, channel, thread=thread
        )
        self.last[person] = (channel, thread or written)
        return await self._read(delivery, channel, thread or written, before, began)

    async def _read(
        self, delivery: Delivery, channel: str, thread: str, before: int, began: float
    ) -> web.Response:
        first = None
        while (passed := time.monotonic() - began) < self.patience:
            # Those after the question: what stands further up answers an earlier one.
            new = self.slack.messages[channel][before:]
            replies = [one for one in new if one["user"] == BOT and one.get("thread_ts") == thread]
            first = passed if first is None and replies else first
            if any(map(is_whole, replies)) and delivery.took is not None:
                steps = {"acknowledged": delivery.took, "first": first, "answered": passed}
                return web.json_response({**steps, "deliveries": len(delivery.envelopes)})
            await asyncio.sleep(LOOK)
        missing = "acknowledgement" if delivery.took is None else "sign" if first is None else "whole answer"
        return web.json_response({"error": f"no {missing} within {self.patience:g} s"}, status=504)

    async def problems(self, _request: web.Request) -> web.Response:
        """What was wrong with what Sabio sent."""
        return web.json_response(self.slack.problems)


async def serve(given: argparse.Namespace) -> None:
    """Run it until it is ended; says at its start where it takes questions, and where Sabio calls it."""
    with FakeSlack(port=given.slack_port) as slack:
        for number in range(given.people):
            slack.add_person(f"U{number}", f"person{number}@acme.com")
        for number in range(CHANNELS):
            slack.add_channel(f"C{number + 1}", f"channel-{number + 1}")
        if given.url:
            slack.post_to(given.url)
        office, app = Office(slack, given.patience), web.Application()
        app.router.add_post("/ask", office.ask)
        app.router.add_get("/problems", office.problems)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", given.port).start()
        sys.stdout.write(f"{runner.addresses[0][1]} {slack.api_url}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.load.slack", description=__doc__)
    parser.add_argument("--people", type=int, default=50, metavar="N")
    parser.add_argument("--patience", type=float, default=60, metavar="S", help="seconds to the whole answer")
    parser.add_argument("--port", type=int, default=0, metavar="N", help="where it takes questions")
    parser.add_argument("--slack-port", type=int, default=0, metavar="N", help="where Sabio calls it")
    parser.add_argument("--url", metavar="URL", help="deliver there, signed; else over Socket Mode")
    asyncio.run(serve(parser.parse_args()))
