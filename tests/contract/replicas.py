"""Several real `sabio serve` processes over one ledger, of which some are killed while they answer."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import yaml

from ingest.ledger import reading
from tests.contract.chats import await_done
from tests.contract.test_kills import write_pages
from tests.sabio_child import Child
from tests.slack.workspace import await_
from tests.sync_child import SOURCE, keep_ledger, open_folder

REPLICAS = 3
PEOPLE = 200
PAGES = 5

T = TypeVar("T")


class Replicas:
    """The processes; each is killed by its pid."""

    def __init__(self, config: Path, route: Callable[[int], None]) -> None:
        """`route` is told the port of one that is alive, as what stands before several of them would be."""
        self._config, self._told = config, route
        self._there = [self._start() for _ in range(REPLICAS)]
        self._route()

    def kill_one(self) -> None:
        """Kill the oldest, and start another."""
        self._there.pop(0).kill()
        self._route()
        self._there.append(self._start())

    def end(self) -> None:
        """Kill them all."""
        for replica in self._there:
            replica.kill()

    def _start(self) -> Child:
        return Child(self._config, "serve", "--port", "0")

    def _route(self) -> None:
        self._told(self._there[0].port())


@contextmanager
def replicas(
    data: Path, route: Callable[[int], None], *, ledger: str, index: str, **settings: Any
) -> Iterator[Replicas]:
    """Processes that know a few pages. `settings` are those of the chat platform."""
    keep_ledger(data, ledger, index)
    write_pages(data, PAGES, "first")
    source = {"name": SOURCE, "type": "folder", "path": "./docs", "readers": ["everyone"]}
    told = {"data": "./var", "ledger": ledger, "index": index, "translation": "none", "sources": [source]}
    config = data / "sabio.yaml"
    config.write_text(yaml.safe_dump(told | settings | {"log": {"level": "info"}}))
    running = Replicas(config, route)
    try:
        await_(lambda: knows_everything(data) or None, "the first sync", 60)
        yield running
    finally:
        running.end()


def knows_everything(data: Path) -> bool:
    with open_folder(data) as kb, kb.ledger.read() as ledger:
        return len(reading.published_documents(ledger)) == PAGES


def question(number: int) -> str:
    return f"Page {number % PAGES} part 1, first?"


def deliver_and_kill(
    running: Replicas, count: int, kills: int, deliver: Callable[[int], T], acknowledged: Callable[[T], Any]
) -> None:
    """Deliver so many events one to four times each, and kill a process after every so many."""
    chance = random.Random(5)
    for number in range(count):
        deliveries = [deliver(number) for _ in range(chance.randint(1, 4))]
        if number % (count // kills) == count // kills - 1:
            acknowledged(deliveries[0])
            running.kill_one()
        elif number % 5 == 4:
            time.sleep(0.1)


def kept(data: Path, count: int) -> list[Any]:
    """The events in the ledger, as soon as so many are there and none is left to be answered."""
    with open_folder(data) as kb:
        return list(await_done(kb, count, 120))
