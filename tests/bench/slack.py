"""How soon Slack is told that a question arrived, and its asker, when 200 are asked at the same moment.

A real `sabio serve` on 10,000 chunks, with Bolt, in both of its modes. The Slack is that of the tests, on
loopback, and shares the machine. Slack gives three seconds: https://docs.slack.dev/apis/events-api.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import yaml

from tests.bench.made_up import CONFIG, forget_events, questions
from tests.bench.tables import Cell, show
from tests.sabio_child import Child
from tests.slack import APP_TOKEN, BOT, BOT_TOKEN, SIGNING_SECRET, FakeSlack
from tests.slack.blocks import is_whole
from tests.slack.workspace import await_

AT_ONCE = 200
GOAL = 100.0
"""Milliseconds to the acknowledgement, for 99 of 100."""
MODES = {"socket": "Socket Mode", "http": "HTTP"}
COMMAND = "python -m tests.bench slack"
PATIENCE = 120.0
"""Seconds for all answers."""


def report() -> None:
    """Print p50, p99 and the longest of each wait, in each mode."""
    rows: list[tuple[Cell, ...]] = []
    for mode, name in MODES.items():
        acknowledged, heard, answered = _measure(mode)
        rows.append(_row(f"{name}: acknowledged", acknowledged, GOAL))
        rows.append(_row(f"{name}: first sign in the thread", heard, None))
        rows.append(_row(f"{name}: answered", answered, None))
    show(
        f"{AT_ONCE} questions at once, each by somebody else; every one answered once",
        COMMAND,
        ("", "p50 ms", "p99 ms", "longest ms", "goal: p99 at most"),
        rows,
    )


def _row(name: str, seconds: Sequence[float], goal: float | None) -> tuple[Cell, ...]:
    milliseconds = 1_000 * np.asarray(seconds)
    low, high = np.percentile(milliseconds, (50, 99))
    figures = [f"{one:,.0f}" for one in (low, high, milliseconds.max())]
    return (name, *figures, f"{goal:.0f}" if goal else None)


def _measure(mode: str) -> tuple[list[float], list[float], list[float]]:
    """Seconds to the acknowledgement, to the first sign, and to the whole answer, of each question."""
    with _served(mode) as slack, _uncollected():
        first: dict[str, float] = {}
        whole: dict[str, float] = {}
        asked = dict(enumerate(questions(AT_ONCE)))
        written = [slack.write(f"U{number}", f"<@{BOT}> {text}") for number, text in asked.items()]
        began = time.monotonic()
        deliveries = [slack.deliver(event) for event in written]

        def all_answered() -> bool | None:
            moment = time.monotonic() - began
            for reply in list(slack.messages["C1"]):
                thread = reply.get("thread_ts")
                if thread is not None:
                    first.setdefault(thread, moment)
                    if is_whole(reply):
                        whole.setdefault(thread, moment)
            return len(whole) == AT_ONCE or None

        await_(all_answered, "every question answered", PATIENCE)
        again = [one for one in deliveries if len(one.envelopes) > 1]
        doubled = [event["ts"] for event in written if len(slack.replies(event["ts"])) != 1]
        if again or doubled or slack.problems:
            raise AssertionError(f"{len(again)} delivered again, {len(doubled)} doubled: {slack.problems}")
        return [float(one.took or 0) for one in deliveries], list(first.values()), list(whole.values())


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the pauses of this process, whose Slack shares it: collecting what it holds takes 100 ms."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def _served(mode: str) -> Iterator[FakeSlack]:
    """Sabio as `sabio serve` runs it, in a workspace of 200 people; it has answered one question."""
    forget_events()
    with FakeSlack() as slack:
        for number in range(AT_ONCE):
            slack.add_person(f"U{number}", f"person{number}@acme.com")
        with Child(_configure(slack, mode), "serve", "--port", "0", module="bot.__main__") as serving:
            if mode == "http":
                slack.post_to(f"http://127.0.0.1:{serving.port()}/slack/events")
            else:
                slack.await_connections(1)
            [warm] = questions(1)
            asked, _ = slack.say("U0", warm, "DU0")
            slack.await_reply(asked, "DU0", until=is_whole, seconds=120)
            yield slack


def _configure(slack: FakeSlack, mode: str) -> Path:
    settings = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    tokens = {"app_token": APP_TOKEN} if mode == "socket" else {"signing_secret": SIGNING_SECRET}
    settings["slack"] = {"mode": mode, "api_url": slack.api_url, "bot_token": BOT_TOKEN, **tokens}
    config = CONFIG.with_name(f"slack-{mode}.yaml")
    config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return config
