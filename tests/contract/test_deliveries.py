"""Row 23 of the reliability contract: events that come twice, to processes that are killed after taking one.

Real `sabio serve` processes with Bolt over Socket Mode, each to be killed by its pid.
"""

import random
import time

import pytest
import yaml

from ingest.ledger.tables import events
from tests.contract.test_kills import write_pages
from tests.sabio_child import Child
from tests.slack import APP_TOKEN, BOT, BOT_TOKEN, FakeSlack
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


def configure(data, slack, *, ledger, index):
    keep_ledger(data, ledger, index)
    source = {"name": SOURCE, "type": "folder", "path": "./docs", "readers": ["everyone"]}
    config = data / "sabio.yaml"
    slack_ = {"api_url": slack.api_url, "bot_token": BOT_TOKEN, "app_token": APP_TOKEN}
    settings = {"data": "./var", "ledger": ledger, "index": index, "translation": "none", "slack": slack_}
    config.write_text(yaml.safe_dump(settings | {"sources": [source], "log": {"level": "info"}}))
    return config


def answer_each_once(data, slack, engines, count, kills):
    """Deliver events one to four times each, and kill a replica now and then: each has one reply."""
    write_pages(data, 5, "first")
    config = configure(data, slack, **engines)
    replicas = [Child(config, "serve", "--port", "0") for _ in range(REPLICAS)]
    chance = random.Random(5)
    try:
        slack.await_connections(REPLICAS)
        asked = []
        for number in range(count):
            event = slack.write(f"U{number % PEOPLE}", f"<@{BOT}> Page {number % 5} part 1, first?")
            asked.append(event["ts"])
            deliveries = [slack.deliver(event) for _ in range(chance.randint(1, 4))]
            if number % (count // kills) == count // kills - 1:
                deliveries[0].acknowledged.wait(10)
                replicas.pop(0).kill()
                replicas.append(Child(config, "serve", "--port", "0"))
            elif number % 5 == 4:
                time.sleep(0.1)
        replied = [
            slack.await_reply(one, until=lambda reply: "blocks" in reply, seconds=240) for one in asked
        ]
        with open_folder(data) as kb, kb.ledger.read() as ledger:
            rows = ledger.execute(events.select()).all()
    finally:
        for replica in replicas:
            replica.kill()
    assert len(replied) == count
    assert [one for one in asked if len(slack.replies(one)) != 1] == [], "answered twice"
    assert len(rows) == count


def test_each_event_is_answered_once_however_often_it_comes_and_whoever_is_killed(tmp_path, slack, engines):
    answer_each_once(tmp_path, slack, engines, 40, kills=2)


@pytest.mark.contract
def test_two_thousand_events_are_answered_once_each(tmp_path, slack, engines):
    answer_each_once(tmp_path, slack, engines, 2_000, kills=20)
