"""Row 23 of the reliability contract: events that come twice, to processes that are killed after taking one.

Real `sabio serve` processes with Bolt: over Socket Mode, and by signed posts to one that is alive.
"""

import pytest

from tests.contract.conftest import EMBEDDED
from tests.contract.replicas import PEOPLE, REPLICAS, deliver_and_kill, kept, question, replicas
from tests.slack import APP_TOKEN, BOT, BOT_TOKEN, SIGNING_SECRET, FakeSlack
from tests.slack.blocks import is_whole

pytestmark = pytest.mark.usefixtures("loopback")


@pytest.fixture
def slack():
    with FakeSlack() as slack:
        for number in range(PEOPLE):
            slack.add_person(f"U{number}", f"person{number}@acme.com")
        yield slack
    assert slack.problems == []


def answer_each_once(data, slack, mode, engines, count, kills):
    """Deliver events one to four times each, and kill a replica now and then: each has one reply."""
    tokens = {"app_token": APP_TOKEN} if mode == "socket" else {"signing_secret": SIGNING_SECRET}
    settings = {"mode": mode, "api_url": slack.api_url, "bot_token": BOT_TOKEN, **tokens}

    def route(port):
        if mode == "http":
            slack.post_to(f"http://127.0.0.1:{port}/slack/events")

    with replicas(data, route, slack=settings, **engines) as running:
        if mode == "socket":
            slack.await_connections(REPLICAS)
        written = [
            slack.write(f"U{number % PEOPLE}", f"<@{BOT}> {question(number)}") for number in range(count)
        ]
        deliver_and_kill(
            running,
            count,
            kills,
            lambda number: slack.deliver(written[number]),
            lambda one: one.acknowledged.wait(10),
        )
        asked = [event["ts"] for event in written]
        replied = [slack.await_reply(one, until=is_whole, seconds=240) for one in asked]
        rows = kept(data, count)
    assert len(replied) == count
    assert [one for one in asked if len(slack.replies(one)) != 1] == [], "answered twice"
    assert len(rows) == count


def test_each_event_is_answered_once_however_often_it_comes_and_whoever_is_killed(tmp_path, slack, engines):
    answer_each_once(tmp_path, slack, "socket", engines, 40, kills=2)


def test_what_is_posted_is_answered_once_as_well(tmp_path, slack):
    answer_each_once(tmp_path, slack, "http", EMBEDDED, 30, kills=2)


@pytest.mark.contract
@pytest.mark.parametrize("mode", ["socket", "http"])
def test_two_thousand_events_are_answered_once_each(tmp_path, slack, engines, mode):
    answer_each_once(tmp_path, slack, mode, engines, 2_000, kills=20)
