"""How many people one Sabio answers: locust's people ask in a Slack on loopback, which shares the machine.

Each asks, reads and thinks for 5 to 15 seconds (`tests/load`). On 10,000 made-up chunks, embedded; over
Socket Mode, so that Slack shares the events out where there are several processes.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import yaml

from tests.bench.made_up import CONFIG, MOST_ASKED, forget_events, questions
from tests.bench.processes import memory_of, processor_of
from tests.bench.tables import Cell, show, tell
from tests.load.running import ask, fetch, run_locust, slack
from tests.sabio_child import Child
from tests.slack import APP_TOKEN, BOT_TOKEN

PEOPLE = (25, 50, 100, 150)
SECONDS = 60
COMMAND = "python -m tests.bench load"


def report() -> None:
    """Print, for each number of people and of processes, what they waited for and what it took."""
    rows = [_measure(people, processes) for processes in (1, 2) for people in PEOPLE]
    show(
        f"People who each ask about every ten seconds, in Slack, for {SECONDS} s",
        COMMAND,
        (
            *("processes", "people", "answers a second", "p50 ms", "p95 ms", "acknowledged: p95 ms"),
            *("failed", "processors used", "GB, all processes"),
        ),
        rows,
    )


def _measure(people: int, processes: int) -> tuple[Cell, ...]:
    tell(f"{people} people, {processes} of `sabio serve` …")
    with tempfile.TemporaryDirectory() as folder, slack(people) as (asking, api):
        with _serving(api, processes) as serving:
            for number in range(4 * processes):  # every process loads its model before anything is timed
                ask(asking, number, *questions(1))
            before = sum(processor_of(one.pid) for one in serving)
            told = run_locust(Path(folder), asking, questions(MOST_ASKED), people=people, seconds=SECONDS)
            used = (sum(processor_of(one.pid) for one in serving) - before) / SECONDS
            memory = sum(memory_of(one.pid)[0] for one in serving)
        if problems := json.loads(fetch(f"{asking}/problems")):
            raise AssertionError(problems)
    answered = [row for name, row in told.items() if name.startswith("answered")]
    rate = sum(float(row["Requests/s"]) for row in answered)
    failed = sum(int(row["Failure Count"]) for row in told.values() if row["Name"] != "Aggregated")
    whole = told["answered: channel"]
    return (
        *(processes, people, f"{rate:.1f}", int(whole["50%"]), int(whole["95%"])),
        *(int(told["acknowledged"]["95%"]), failed, f"{used:.2f}", f"{memory / 1e6:.2f}"),
    )


@contextmanager
def _serving(api: str, processes: int) -> Iterator[list[Child]]:
    """Sabio as `sabio serve` runs it, so many times on the same data, connected to that Slack."""
    forget_events()
    settings = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    settings["slack"] = {"api_url": api, "bot_token": BOT_TOKEN, "app_token": APP_TOKEN}
    config = CONFIG.with_name("load.yaml")
    config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    with ExitStack() as ended:
        yield [
            ended.enter_context(Child(config, "serve", "--port", "0", module="bot.__main__"))
            for _ in range(processes)
        ]
