"""Row 19 of the reliability contract, for Teams: a sync asked for twenty times at once runs twice at most.

By mention, alone and by the buttons of cards, mixed, while a worker carries it out; whoever asked is told how
it ended, and who may not ask is told so.
"""

import threading

import pytest

from ingest.ledger.tables import events, requests
from tests.bot.platforms.teams.conftest import rows
from tests.contract.chats import await_done
from tests.contract.chats_teams import read
from tests.contract.test_presses import PRESSES, base, runs_of
from tests.slack.workspace import await_
from workers import loop

__all__ = ["base"]

BUTTON = {"sabio": "command", "text": "sync wiki"}
"""What stands behind the button of a card that starts a sync."""


@pytest.fixture(autouse=True)
def _look_often(monkeypatch):
    monkeypatch.setattr("bot.platforms._teams.commands.LOOK", 0.3)


def press(chat, person, room, card):
    """Ask for a sync in each of the ways by turns, all at once: what Sabio was told."""
    told = []
    for number in range(PRESSES):
        match number % 4:
            case 0:
                told.append(chat.ask(person, room, "sync wiki"))
            case 1:
                told.append(chat.ask(person, person, "sync wiki"))
            case _:  # the same card again and again, as an impatient hand does
                told.append(chat.teams.press(person, card, BUTTON).activity)
    return told


def test_a_sync_that_is_asked_for_twenty_times_at_once_runs_twice_at_most(teams_chat, base):
    admin = teams_chat.person("admin")
    room = teams_chat.room("team", admin)
    before = runs_of(base)
    stopped, all_in = threading.Event(), threading.Event()
    base.connectors["wiki"].fail_with(on_scan=lambda _: all_in.wait(60))  # a source that takes its time
    working = threading.Thread(target=loop.keep_current, args=(base, stopped))
    with teams_chat.serving(base):
        [card] = teams_chat.answers(teams_chat.ask(admin, admin, "sources"))
        working.start()
        try:
            told = press(teams_chat, admin, room, card)
            await_(lambda: len(rows(base, events)) > PRESSES or None, "all presses are kept")
            all_in.set()
            await_done(base, PRESSES + 1, seconds=120)
        finally:
            all_in.set()
            stopped.set()
            working.join()
    assert 1 <= runs_of(base) - before <= 2
    replies = [teams_chat.teams.replies(one) for one in told]
    assert [len(there) for there in replies] == [2] * PRESSES, "how far it is, and that it has ended"
    for reports, farewell in replies:
        assert read([reports]).startswith("wiki is synced."), read([reports])
        assert read([farewell]).startswith("wiki is synced. "), read([farewell])


def test_whoever_may_not_sync_starts_none_and_is_told_so_each_time(teams_chat, base):
    luis = teams_chat.person("luis")
    room = teams_chat.room("team", luis)
    before = runs_of(base)
    with teams_chat.serving(base):
        card = teams_chat.teams.write(luis, "as if it were a card", room)
        told = press(teams_chat, luis, room, card)
        await_done(base, PRESSES)
    refusals = [read(teams_chat.teams.replies(one)) for one in told]
    assert [one for one in refusals if "only" not in one.lower()] == []
    assert [len(teams_chat.teams.replies(one)) for one in told] == [1] * PRESSES
    assert runs_of(base) == before
    assert rows(base, requests) == []
