"""Row 23 of the reliability contract: events that come twice, to processes that are killed after taking one.

Real `sabio serve` processes with Bolt, each to be killed by its pid: over Socket Mode, and by signed posts to
whichever of them a proxy finds alive.
"""

import random
import time

import pytest
import yaml

from ingest.ledger.tables import events
from tests.contract.conftest import EMBEDDED
from tests.contract.test_kills import write_pages
from tests.sabio_child import Child
from tests.slack import APP_TOKEN, BOT, BOT_TOKEN, SIGNING_SECRET, FakeSlack
from tests.slack.blocks import is_whole
from tests.sync_child import SOURCE, keep_ledger, open_folder

pytestmark = pytest.mark.usefixtures("loopback")

REPLICAS = 3
PEOPLE = 200


@pytest.fixture
def slack():
    with FakeSlack() as slack:
        for number in range(PEOPLE):
            slack.add_person(f"U{number}", f"person{number}@acme.com")
        yield slack
    assert slack.problems == []


def configure(data, slack, mode, *, ledger, index):
    keep_ledger(data, ledger, index)
    source = {"name": SOURCE, "type": "folder", "path": "./docs", "readers": ["everyone"]}
    config = data / "sabio.yaml"
    tokens = {"app_token": APP_TOKEN} if mode == "socket" else {"signing_secret": SIGNING_SECRET}
    slack_ = {"mode": mode, "api_url": slack.api_url, "bot_token": BOT_TOKEN, **tokens}
    settings = {"data": "./var", "ledger": ledger, "index": index, "translation": "none", "slack": slack_}
    config.write_text(yaml.safe_dump(settings | {"sources": [source], "log": {"level": "info"}}))
    return config


class Replicas:
    """Processes that answer, of which Slack reaches those that are alive."""

    def __init__(self, config, slack, mode) -> None:
        self._config, self._slack, self._mode = config, slack, mode
        self._there = [self._start() for _ in range(REPLICAS)]
        if mode == "socket":
            slack.await_connections(REPLICAS)
        self._route()

    def kill_one(self) -> None:
        """Kill the oldest, and start another."""
        self._there.pop(0).kill()
        self._route()
        self._there.append(self._start())

    def end(self) -> None:
        for replica in self._there:
            replica.kill()

    def _start(self):
        return Child(self._config, "serve", "--port", "0")

    def _route(self) -> None:
        """Have Slack post to one that is alive, as what stands before several of them would."""
        if self._mode == "http":
            self._slack.post_to(f"http://127.0.0.1:{self._there[0].port()}/slack/events")


def answer_each_once(data, slack, mode, engines, count, kills):
    """Deliver events one to four times each, and kill a replica now and then: each has one reply."""
    write_pages(data, 5, "first")
    replicas = Replicas(configure(data, slack, mode, **engines), slack, mode)
    chance = random.Random(5)
    try:
        asked = []
        for number in range(count):
            event = slack.write(f"U{number % PEOPLE}", f"<@{BOT}> Page {number % 5} part 1, first?")
            asked.append(event["ts"])
            deliveries = [slack.deliver(event) for _ in range(chance.randint(1, 4))]
            if number % (count // kills) == count // kills - 1:
                deliveries[0].acknowledged.wait(10)
                replicas.kill_one()
            elif number % 5 == 4:
                time.sleep(0.1)
        replied = [slack.await_reply(one, until=is_whole, seconds=240) for one in asked]
        with open_folder(data) as kb, kb.ledger.read() as ledger:
            rows = ledger.execute(events.select()).all()
    finally:
        replicas.end()
    assert len(replied) == count
    assert [one for one in asked if len(slack.replies(one)) != 1] == [], "answered twice"
    assert len(rows) == count


def test_each_event_is_answered_once_however_often_it_comes_and_whoever_is_killed(tmp_path, slack, engines):
    answer_each_once(tmp_path, slack, "socket", engines, 40, kills=2)


def test_what_is_posted_is_answered_once_as_well(tmp_path, slack):
    answer_each_once(tmp_path, slack, "http", EMBEDDED, 30, kills=2)


@pytest.mark.contract
def test_two_thousand_events_are_answered_once_each(tmp_path, slack, engines):
    answer_each_once(tmp_path, slack, "socket", engines, 2_000, kills=20)
