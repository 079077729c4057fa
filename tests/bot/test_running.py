"""`sabio serve` is in each chat platform whose tokens are there, and says what is missing for the others."""

import json
import os
import signal
import time
import urllib.request

import pytest

from bot import running
from bot.check import run_checks
from tests.sabio_child import Child
from tests.services.server import free_ports
from tests.slack import APP_TOKEN, BOT, BOT_TOKEN, CLIENT_ID, CLIENT_SECRET, FakeSlack
from tests.slack.blocks import is_whole

pytestmark = pytest.mark.usefixtures("loopback")


@pytest.fixture
def slack():
    with FakeSlack() as slack:
        slack.add_person("UANA", "ana@acme.com")
        yield slack


def serve(config, slack, more="", **tokens):
    with config.open("a") as file:
        file.write(f'slack: {{api_url: "{slack.api_url}", {more}}}\n')
    return Child(config, "serve", "--port", "0", module="bot.__main__", **tokens)


def await_words(child, words, seconds=40):
    end = time.monotonic() + seconds
    while words not in child.said():
        assert time.monotonic() < end, child.said()
        time.sleep(0.05)


def test_with_both_tokens_it_answers_until_it_is_told_to_stop(own_company, slack):
    with serve(own_company, slack, SLACK_BOT_TOKEN=BOT_TOKEN, SLACK_APP_TOKEN=APP_TOKEN) as child:
        await_words(child, "Slack: @sabio in Acme.")
        asked, _ = slack.say("UANA", f"<@{BOT}> How many days of holiday does everybody have?")
        assert "24 days" in str(slack.await_reply(asked, until=is_whole))
        assert child.stop() == 0
        assert "xoxb" not in child.said()
        assert "unused" not in child.said()  # what Bolt says of a token in the environment
    assert slack.problems == []


@pytest.mark.parametrize(
    ("tokens", "told"),
    [
        ({}, "Slack: not connected; SLACK_BOT_TOKEN and SLACK_APP_TOKEN are not set."),
        ({"SLACK_BOT_TOKEN": BOT_TOKEN}, "Slack: not connected; SLACK_APP_TOKEN is not set."),
    ],
)
def test_a_token_that_is_missing_is_named_and_the_rest_goes_on(own_company, slack, tokens, told):
    with serve(own_company, slack, **tokens) as child:
        await_words(child, told)
        assert child.alive
        assert child.stop() == 0


def test_without_its_redis_it_is_ready_to_answer_all_the_same(own_company, slack):
    """Else a proxy would bring it no questions, for the sake of what only workers need."""
    [port] = free_ports(1)
    with own_company.open("a") as file:
        file.write(f'queue: "redis://127.0.0.1:{port}/0"\n')
    with serve(own_company, slack) as child:
        with urllib.request.urlopen(f"http://127.0.0.1:{child.port()}/readyz", timeout=30) as answer:
            told = json.load(answer)
        assert told["ready"]
        assert "Redis" in told["checks"].pop("queue")
        assert told["checks"] == {"ledger": "ok", "index": "ok"}
        assert child.stop() == 0


def test_an_app_of_several_workspaces_is_told_where_to_install_it(own_company, slack, monkeypatch):
    tokens = {"SLACK_APP_TOKEN": APP_TOKEN, "SLACK_CLIENT_SECRET": CLIENT_SECRET}
    with serve(own_company, slack, f"oauth: {{client_id: '{CLIENT_ID}', teams: [T1]}}", **tokens) as child:
        await_words(child, "Slack: installed nowhere yet; /slack/install installs it in a workspace.")
        assert child.stop() == 0
        assert CLIENT_SECRET not in child.said()
    for name, value in tokens.items():
        monkeypatch.setenv(name, value)
    [finding] = [one for one in run_checks(own_company, None) if one.subject == "slack"]
    assert finding.message == "not installed in the workspace T1 yet"
    assert "/slack/install?team=T1" in finding.fix


def test_a_token_that_slack_refuses_ends_it_with_the_name_of_the_variable(own_company, slack):
    with serve(own_company, slack, SLACK_BOT_TOKEN="xoxb-old", SLACK_APP_TOKEN=APP_TOKEN) as child:
        await_words(child, "Slack refuses the token in SLACK_BOT_TOKEN (invalid_auth)")
        assert child.ended() == 2
        assert "xoxb-old" not in child.said()
        assert "Traceback" not in child.said()


def test_sigterm_may_come_at_any_moment():
    before = signal.getsignal(signal.SIGTERM)
    try:
        stopped = running._stop_on_sigterm()
        with stopped._cond:  # as in the moment in which a wait begins or ends
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGTERM)
        assert stopped.wait(10)
    finally:
        signal.signal(signal.SIGTERM, before)
