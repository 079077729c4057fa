"""Commands, by message, by mention and by buttons: for whom they are, and how far they are."""

import pytest

from bot.platforms import _deliveries
from bot.platforms._teams import commands
from ingest.ledger.tables import events, questions
from ingest.ledger.tables import runs as run_rows
from tests.bot.platforms.slack.test_commands import hold
from tests.bot.platforms.teams.conftest import connected, eventually, rows, settled, shown
from tests.contracts.platforms import working
from tests.teams import cards
from tests.teams.checks import is_whole
from workers import loop

pytestmark = pytest.mark.usefixtures("loopback")


@pytest.fixture
def own_kb(own_kb, monkeypatch):
    """Ana runs it. Syncs are worked on where `working` says so."""
    monkeypatch.setattr(loop, "LOOK", 0.02)
    monkeypatch.setattr(commands, "LOOK", 0.05)
    own_kb.settings = own_kb.settings.model_copy(update={"admins": frozenset({"user:ana@acme.com"})})
    return own_kb


def told(teams, user, text, place=None):
    """What somebody is told who writes a command."""
    said, _ = teams.say(user, text, place)
    return shown(teams.await_reply(said, until=is_whole))


def pressed(teams, user, message, text):
    """The message that somebody makes by pressing a button, and its delivery."""
    found = [one for card in cards.cards_of(message) for one in cards.actions_of(card)]
    data = next(one["data"] for one in found if (one.get("data") or {}).get("text") == text)
    delivery = teams.press(user, message, data)
    delivery.wait()
    return delivery.activity


def test_what_everybody_may_ask_is_answered_in_their_language(own_kb, teams):
    with connected(own_kb, teams):
        assert "handbook" in told(teams, "ana", "sources", "general")
        assert "handbook" in told(teams, "luis", "fuentes")
        assert "Respondo a preguntas" in told(teams, "luis", "ayuda", "lunch")
    assert rows(own_kb, questions) == []


def test_who_is_no_admin_is_told_so_politely_in_their_language(own_kb, teams):
    with connected(own_kb, teams):
        for place in ("general", "lunch", None):
            assert "solo quienes administran Sabio" in told(teams, "luis", "sync handbook", place)
    assert "luis@acme.com" not in {row.asked_by for row in rows(own_kb, run_rows)}


@pytest.mark.parametrize("place", ["general", "lunch", None])
def test_a_sync_is_followed_where_it_was_asked_for_and_its_end_is_told(own_kb, teams, place):
    with working(own_kb), connected(own_kb, teams):
        said, _ = teams.say("ana", "sync handbook", place)
        teams.await_reply(said, until=lambda one: "is synced" in shown(one))
        settled(own_kb)
    progress, ended = teams.replies(said)
    assert "handbook is synced." in shown(progress)
    assert shown(ended).startswith("handbook is synced. ")


def test_what_not_everybody_may_read_is_told_to_an_admin_alone(own_kb, teams):
    with connected(own_kb, teams):
        for command in ("status", "quarantine"):
            said = told(teams, "ana", command, "general")
            assert "broken.pdf" not in said
            assert "published" not in said
        assert "broken.pdf" in told(teams, "ana", "quarantine")
        assert "published" in told(teams, "ana", "status")


def test_removals_that_are_held_are_confirmed_by_a_button_that_asks_first(own_kb, teams, tmp_path):
    pages = hold(own_kb, tmp_path)
    with working(own_kb), connected(own_kb, teams):
        said, _ = teams.say("ana", "sync handbook", "general")
        teams.await_reply(said, until=lambda one: "New: 3" in shown(one))
        for page in pages.glob("old-*.md"):
            page.unlink()
        said, _ = teams.say("ana", "sync handbook", "general")
        held = teams.await_reply(
            said, until=lambda one: "30 documents" in shown(one) and "Action" in str(one)
        )
        settled(own_kb)
        asking = next(one for one in cards.actions_of(cards.cards_of(held)[0]) if "card" in one)
        assert "30" in "".join(cards.texts_of(asking["card"]))
        refused = pressed(teams, "luis", held, "sync confirm handbook")
        assert "solo quienes administran" in shown(teams.await_reply(refused, until=is_whole))
        done = pressed(teams, "ana", held, "sync confirm handbook")
        teams.await_reply(done, until=lambda one: "Removed: 30" in shown(one))
        settled(own_kb)


def test_after_a_kill_a_command_is_followed_on_and_no_second_sync_is_begun(own_kb, teams, monkeypatch):
    """Killed after the sync was asked for and its message was posted, before either was noted as done."""
    monkeypatch.setattr(_deliveries, "LOOK", 0.1)
    with connected(own_kb, teams):
        said, _ = teams.say("ana", "sync handbook", "general")
        teams.await_reply(said, until=lambda one: "handbook" in shown(one))
        eventually(lambda: rows(own_kb, events)[0].reply)
    with own_kb.ledger.write() as ledger:  # as it was left by a process that is no more
        ledger.execute(events.update().values(owner="elsewhere/1/1/killed", lease_until=None))
    with working(own_kb), connected(own_kb, teams):
        teams.await_reply(said, until=lambda one: "is synced" in shown(one))
        settled(own_kb)
    assert ["is synced" in shown(one) for one in teams.replies(said)] == [True, True]
    begun = [row for row in rows(own_kb, run_rows) if row.asked_by == "ana@acme.com"]
    assert len(begun) == 1
