"""What busy people do in Slack: ask, read the answer, think for ten seconds or so, and ask again.

Six of ten questions are asked in a channel, three directly, one below the person's last one. Beside locust's
own figures of whole replies there are those of each step: `acknowledged`, within Slack's three seconds or it
fails, and `first sign`. See `tests/load/__init__.py` for how it is run.
"""

from __future__ import annotations

import itertools
import json
import random
from pathlib import Path
from typing import Any

from locust import HttpUser, events, task

_numbers = itertools.count()
_questions: list[str] = []


@events.init_command_line_parser.add_listener
def _take_questions(parser: Any) -> None:
    parser.add_argument("--questions", metavar="FILE", required=True, help="golden questions: lines of JSON")
    parser.add_argument("--pause", type=float, default=10, metavar="S", help="seconds of thinking, ± a half")


@events.test_start.add_listener
def _read_questions(environment: Any, **_: Any) -> None:
    lines = Path(environment.parsed_options.questions).read_text(encoding="utf-8").splitlines()
    _questions[:] = [json.loads(line)["question"] for line in lines if line.strip()]


class Employee(HttpUser):
    """One person."""

    def wait_time(self) -> float:
        """Seconds until the next question."""
        return self.environment.parsed_options.pause * random.uniform(0.5, 1.5)

    def on_start(self) -> None:
        """Begin, not all at the same moment."""
        self.number = next(_numbers)
        self.wait()

    @task(6)
    def ask_in_a_channel(self) -> None:
        """A mention, for everybody to read."""
        self._ask("channel")

    @task(3)
    def ask_directly(self) -> None:
        """A message to Sabio alone."""
        self._ask("direct")

    @task(1)
    def ask_on(self) -> None:
        """Below the last question."""
        self._ask("thread")

    def _ask(self, where: str) -> None:
        asked = {"person": self.number, "text": random.choice(_questions), "where": where}
        with self.client.post("/ask", json=asked, name=f"answered: {where}", catch_response=True) as reply:
            told = reply.json() if reply.content else {"error": "the Slack of the test is not there"}
            if wrong := told.get("error"):
                reply.failure(wrong)
                return
        for step in ("acknowledged", "first"):
            late = told["deliveries"] > 1 and step == "acknowledged"
            events.request.fire(
                request_type="step",
                name=step,
                response_time=1_000 * told[step],
                response_length=0,
                exception=TimeoutError("not acknowledged within 3 s, so delivered again") if late else None,
                context={},
            )
