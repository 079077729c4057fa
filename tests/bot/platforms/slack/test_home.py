"""Sabio's own place in Slack: its Home tab, with what may be done there, and the conversation with it."""

import threading

import pytest

from bot.platforms._slack import commands
from ingest.ledger.tables import events, runs
from tests.bot.platforms.slack.conftest import HOLIDAY, connected, eventually, rows, settled, shown
from tests.slack import BOT
from tests.slack.blocks import is_whole
from workers import loop

pytestmark = pytest.mark.usefixtures("loopback")


@pytest.fixture
def own_kb(own_kb):
    """Ana runs it."""
    own_kb.settings = own_kb.settings.model_copy(update={"admins": frozenset({"user:ana@acme.com"})})
    return own_kb


def asked(slack, user):
    ts, _ = slack.say(user, f"<@{BOT}> {HOLIDAY}")
    slack.await_reply(ts, until=is_whole)


def home(slack, user):
    slack.homes.pop(user, None)
    slack.open_home(user)
    return slack.await_home(user, until=lambda view: True)


def test_home_shows_each_person_what_is_theirs_in_their_language(own_kb, slack):
    with connected(own_kb, slack):
        asked(slack, "UANA")
        mine, other = home(slack, "UANA"), home(slack, "ULUIS")
    assert all(word in shown(mine) for word in ("handbook", "salaries", HOLIDAY, "Re-sync"))
    assert all(word in shown(other) for word in ("handbook", "Tus últimas preguntas", "Lo que sé"))
    assert not any(word in shown(other) for word in ("salaries", HOLIDAY, "Resincronizar", "Cómo va todo"))


def test_a_button_at_home_does_what_the_command_does_and_tells_of_it_directly(own_kb, slack, monkeypatch):
    monkeypatch.setattr(loop, "LOOK", 0.02)
    monkeypatch.setattr(commands, "LOOK", 0.05)
    stopped = threading.Event()
    working = threading.Thread(target=loop.keep_current, args=(own_kb, stopped))
    working.start()
    try:
        with connected(own_kb, slack):
            view = home(slack, "UANA")
            published = view["hash"]
            slack.click("UANA", view, "command:0", value="sync handbook")
            slack.await_posted("DUANA", until=lambda one: "is synced" in shown(one))
            settled(own_kb)
            slack.await_home("UANA", until=lambda one: one["hash"] != published)
    finally:
        stopped.set()
        working.join()
    assert [one.get("thread_ts") for one in slack.posted("DUANA")] == [None, None]
    assert "ana@acme.com" in {row.asked_by for row in rows(own_kb, runs)}


def test_the_conversation_with_it_offers_what_can_be_asked_and_again_in_their_language(own_kb, slack):
    with connected(own_kb, slack):
        for user in ("UANA", "ULUIS"):
            asked(slack, user)
        slack.open_home("ULUIS", "messages")
        eventually(lambda: "DULUIS" in slack.prompts)
    offered = [one["message"] for one in slack.prompts["DULUIS"]["prompts"]]
    assert offered == [HOLIDAY, "¿Qué puedes hacer?"]
    assert "DUANA" not in slack.prompts
    assert len(rows(own_kb, events)) == 2
