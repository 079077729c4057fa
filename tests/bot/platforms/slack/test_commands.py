"""Commands, by slash, by mention and by buttons: for whom they are, and where the reply stands."""

import threading
from contextlib import contextmanager

import pytest

from bot.platforms import _deliveries
from bot.platforms._slack import commands
from config.errors import UnavailableError
from ingest.ledger import inbox
from ingest.ledger.tables import events, questions
from ingest.ledger.tables import runs as run_rows
from tests.bot.platforms.slack.conftest import (
    BANDS,
    HOLIDAY,
    connected,
    eventually,
    is_answer,
    rows,
    settled,
    shown,
)
from tests.slack import BOT, TEAM
from tests.slack.blocks import is_whole
from workers import loop

pytestmark = pytest.mark.usefixtures("loopback")


@pytest.fixture
def own_kb(own_kb, monkeypatch):
    """Ana runs it. Syncs are worked on where `working` says so."""
    monkeypatch.setattr(loop, "LOOK", 0.02)
    monkeypatch.setattr(commands, "LOOK", 0.05)
    own_kb.settings = own_kb.settings.model_copy(update={"admins": frozenset({"user:ana@acme.com"})})
    return own_kb


@contextmanager
def working(kb):
    stopped = threading.Event()
    thread = threading.Thread(target=loop.keep_current, args=(kb, stopped))
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def told(slack, user, text, channel="C1"):
    """What somebody is told who types a command."""
    before = len(slack.private(user))
    slack.command(user, text, channel)
    return shown(
        slack.await_private(user, until=lambda one: is_whole(one) and one in slack.private(user)[before:])
    )


def hold(kb, tmp_path, count=30):
    """Documents of the handbook whose removal waits for a person's word."""
    pages = tmp_path / "own" / "docs"
    for number in range(count):
        (pages / f"old-{number}.md").write_text(f"# Old {number}\n\nNote number {number}.\n")
    return pages


def test_a_question_by_slash_is_answered_for_whoever_asked_alone(own_kb, slack):
    with connected(own_kb, slack):
        for text in (f"ask {HOLIDAY}", f"pregunta {HOLIDAY}", HOLIDAY):
            assert "24 days" in told(slack, "UANA", text)
        assert "41,000" in told(slack, "UANA", f"ask {BANDS}")
        assert "41,000" not in told(slack, "ULUIS", BANDS)
    assert slack.posted() == []
    assert len(rows(own_kb, questions)) == 5


def test_what_is_no_question_and_no_command_is_met_with_help(own_kb, slack):
    with connected(own_kb, slack):
        for text in ("", "help", "ask"):
            assert "sync" in told(slack, "UANA", text)
        assert "Respondo a preguntas" in told(slack, "ULUIS", "ayuda")
        assert "`sync handbook`" in told(slack, "UANA", "synk handbook")
        assert "¿Querías decir `fuentes`?" in told(slack, "ULUIS", "fuente")
        assert "handbook" in told(slack, "ULUIS", "fuentes")
    assert slack.posted() == []
    assert rows(own_kb, questions) == []


def test_who_is_no_admin_is_told_so_politely_in_their_language(own_kb, slack):
    with connected(own_kb, slack):
        assert "solo quienes administran Sabio" in told(slack, "ULUIS", "sync handbook")
        ts, _ = slack.say("ULUIS", f"<@{BOT}> estado")
        assert "solo quienes administran" in shown(slack.await_reply(ts, until=is_whole))
    assert "luis@acme.com" not in {row.asked_by for row in rows(own_kb, run_rows)}


def test_members_of_a_user_group_are_admins_where_the_settings_say_so(own_kb, socket_slack):
    slack = socket_slack
    slack.add_group("S1", "it-admins", ["ULUIS"])
    changed = {"admins": frozenset({"group:slack/it-admins"})}
    own_kb.settings = own_kb.settings.model_copy(update=changed)
    with connected(own_kb, slack):
        assert "publicado" in told(slack, "ULUIS", "status")
        assert "only those who run Sabio" in told(slack, "UANA", "status")


def test_a_sync_by_slash_is_followed_directly_and_its_end_is_told(own_kb, slack):
    with working(own_kb), connected(own_kb, slack):
        assert "write to you directly" in told(slack, "UANA", "sync handbook")
        slack.await_posted("DUANA", until=lambda one: "is synced" in shown(one))
        settled(own_kb)
    progress, ended = slack.posted("DUANA")
    assert "handbook is synced." in shown(progress)
    assert shown(ended).startswith("handbook is synced. ")
    assert slack.posted() == []


def test_a_sync_by_mention_is_followed_in_its_thread(own_kb, slack):
    with working(own_kb), connected(own_kb, slack):
        ts, _ = slack.say("UANA", f"<@{BOT}> sync handbook")
        slack.await_reply(ts, until=lambda one: "is synced" in shown(one))
        settled(own_kb)
    assert ["is synced" in shown(one) for one in slack.replies(ts)] == [True, True]


def test_what_not_everybody_may_read_goes_to_the_admin_directly(own_kb, slack):
    with connected(own_kb, slack):
        for command in ("status", "quarantine", "help"):
            ts, _ = slack.say("UANA", f"<@{BOT}> {command}")
            said = shown(slack.await_reply(ts, until=is_whole))
            assert "told you directly" in said
            assert "broken.pdf" not in said
        assert any("broken.pdf" in shown(one) for one in slack.posted("DUANA"))
        direct, _ = slack.say("UANA", "status", "DUANA")
        assert "published" in shown(slack.await_reply(direct, "DUANA", until=is_whole))
        open_, _ = slack.say("UANA", f"<@{BOT}> sources")
        assert "handbook" in shown(slack.await_reply(open_, until=is_whole))


def test_removals_that_are_held_are_confirmed_by_a_button_that_asks_first(own_kb, socket_slack, tmp_path):
    slack, pages = socket_slack, hold(own_kb, tmp_path)
    with working(own_kb), connected(own_kb, slack):
        ts, _ = slack.say("UANA", f"<@{BOT}> sync handbook")
        slack.await_reply(ts, until=lambda one: "New: 3" in shown(one))
        for page in pages.glob("old-*.md"):
            page.unlink()
        ts, _ = slack.say("UANA", f"<@{BOT}> sync handbook")
        held = slack.await_reply(ts, until=lambda one: "30 documents" in shown(one) and one["blocks"][-1])
        settled(own_kb)
        [button] = [
            one
            for block in held["blocks"]
            for one in block.get("elements", ())
            if one.get("value") == "sync confirm handbook"
        ]
        assert "30" in button["confirm"]["text"]["text"]
        slack.click("ULUIS", held, button["action_id"], value=button["value"])
        slack.await_private("ULUIS", until=lambda one: "solo quienes administran" in shown(one))
        slack.click("UANA", held, button["action_id"], value=button["value"])
        slack.await_posted("DUANA", until=lambda one: "Removed: 30" in shown(one))
        settled(own_kb)


def test_after_a_kill_a_command_is_followed_on_and_no_second_sync_is_begun(own_kb, socket_slack, monkeypatch):
    """Killed after the sync was asked for and its message was posted, before either was noted as done."""
    slack = socket_slack
    monkeypatch.setattr(_deliveries, "LEASE", 0.5)
    monkeypatch.setattr(_deliveries, "LOOK", 0.1)
    with connected(own_kb, slack):
        slack.command("UANA", "sync handbook")
        slack.await_posted("DUANA", until=lambda one: "handbook" in shown(one))
        eventually(lambda: rows(own_kb, events)[0].reply)
        [kept] = rows(own_kb, events)
    with own_kb.ledger.write() as ledger:  # as it was left by a process that is no more
        ledger.execute(events.update().values(owner="elsewhere/1/1/killed", lease_until=None, reply=None))
    with working(own_kb), connected(own_kb, slack):
        slack.await_posted("DUANA", until=lambda one: "is synced" in shown(one))
        settled(own_kb)
    assert ["is synced" in shown(one) for one in slack.posted("DUANA")] == [True, True]
    begun = [row for row in rows(own_kb, run_rows) if row.asked_by == "ana@acme.com"]
    assert len(begun) == 1
    assert kept.id.startswith(f"slack:{TEAM}/command/")


def test_where_the_ledger_is_away_a_command_is_answered_in_words(own_kb, socket_slack, monkeypatch):
    slack = socket_slack
    with connected(own_kb, slack):
        ts, _ = slack.say("ULUIS", f"<@{BOT}> {HOLIDAY}")
        answer = slack.await_reply(ts, until=is_answer)
        settled(own_kb)

        def broken(*_):
            raise UnavailableError("the ledger is down")

        for name in ("receive", "note"):
            monkeypatch.setattr(inbox, name, broken)
        assert "Inténtalo de nuevo" in told(slack, "ULUIS", "sources")
        assert "Inténtalo de nuevo" in told(slack, "ULUIS", HOLIDAY)
        for count, action in enumerate(("vote", "why"), 3):
            slack.click("ULUIS", answer, action)
            eventually(lambda wanted=count: len(slack.private("ULUIS")) == wanted)
    assert all("Inténtalo de nuevo" in shown(one) for one in slack.private("ULUIS"))
