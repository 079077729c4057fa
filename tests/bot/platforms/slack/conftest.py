"""A workspace, and Sabio in it."""

from contextlib import contextmanager

import pytest

from bot.platforms.slack import Slack
from config.chat import SlackSettings
from config.errors import UnavailableError
from ingest.ledger import inbox
from ingest.ledger.tables import events
from tests.slack import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, FakeSlack
from tests.slack.blocks import is_whole, text_of
from tests.slack.workspace import await_
from workers.event_loop import EventLoop
from workers.web import WebServer

HOLIDAY = "How many days of holiday does everybody have?"
BANDS = "Where does band three start?"


@contextmanager
def workspace():
    with FakeSlack() as slack:
        slack.add_person("UANA", "ana@acme.com")
        slack.add_person("ULUIS", "luis@acme.com", locale="es-ES")
        yield slack
    assert slack.problems == []


@pytest.fixture(params=["socket", "http"])
def slack(request):
    """A workspace that delivers its events in one of the two ways."""
    with workspace() as slack:
        slack.mode = request.param
        yield slack


@pytest.fixture
def socket_slack():
    """A workspace that delivers its events over connections."""
    with workspace() as slack:
        slack.mode = "socket"
        yield slack


@contextmanager
def connected(kb, slack, **changed):
    given = {"mode": slack.mode, "api_url": slack.api_url, "bot_token": BOT_TOKEN}
    given |= {"app_token": APP_TOKEN} if slack.mode == "socket" else {"signing_secret": SIGNING_SECRET}
    kb.settings = kb.settings.model_copy(update={"slack": SlackSettings.model_validate(given | changed)})
    with EventLoop(24) as loop:
        sabio = Slack(kb, loop)
        with served(loop, sabio) as port:
            if slack.mode == "http":
                slack.post_to(f"http://127.0.0.1:{port}/slack/events")
            sabio.start()
            yield port
            # Who clicks and leaves would be told that it failed.
            done = [one for one in slack.deliveries if one.kind != "events_api"]
            eventually(lambda: all(one.failed or one.took is not None for one in done))


@contextmanager
def served(loop, sabio):
    """A platform, and the port at which it is told of things; to be started, and stopped at the end."""
    server = WebServer(loop, "127.0.0.1", 0, sabio.routes)
    try:
        yield server.start()[1]
    finally:
        sabio.stop()
        server.stop()


def fail_to_keep(monkeypatch):
    """A list: for each thing that is put in it, the ledger once does not keep what came."""
    receive, failing = inbox.receive, []

    def broken(*given):
        if failing:
            failing.pop()
            raise UnavailableError("the ledger is down")
        return receive(*given)

    monkeypatch.setattr(inbox, "receive", broken)
    return failing


def shown(message):
    """What people read of a message, without the marks that keep it from acting."""
    return text_of(message).replace("\\", "").replace("\u2060", "")


def is_answer(message):
    """Whether it is an answer as a whole, with what can be done about it."""
    return is_whole(message) and any(block["type"] == "actions" for block in message["blocks"])


def called(slack, method):
    """How often Sabio has called a method."""
    return sum(name == method for name, _ in slack.calls)


def eventually(holds):
    """Wait until a condition holds."""
    await_(lambda: holds() or None, "what is waited for")


def settled(kb):
    """Wait until nothing that was received is left to be answered."""
    eventually(lambda: (kept := rows(kb, events)) and all(row.done_at for row in kept))


def rows(kb, table):
    with kb.ledger.read() as ledger:
        return ledger.execute(table.select()).all()
