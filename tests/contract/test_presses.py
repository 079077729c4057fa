"""Row 19 of the reliability contract: a sync that is asked for twenty times at once runs once, at most twice.

By mention, by slash and by button, mixed, while a worker carries it out; whoever asked is told how it ended,
and who may not ask is told so.
"""

import threading
from collections import Counter

import pytest
from sqlalchemy import select

from ingest.ledger.tables import events, requests, runs
from tests.bot.platforms.slack.conftest import rows
from tests.contract.chats import await_done, read, settle
from tests.doubles import MemoryConnector, open_base
from tests.slack.workspace import await_
from workers import loop
from workers.local import sync_sources

PRESSES = 20


@pytest.fixture
def base(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "LOOK", 0.05)
    monkeypatch.setattr("bot.platforms._slack.commands.LOOK", 0.3)
    folder = {"type": "folder", "path": str(tmp_path), "readers": ["everyone"]}
    with open_base(tmp_path / "var", {"wiki": folder}) as kb:
        kb.connectors["wiki"] = MemoryConnector(name="wiki")
        settle(kb, admins=frozenset({"user:admin@acme.com"}))
        for number in range(40):
            kb.connectors["wiki"].edit(f"page{number}", text=f"Page {number}.", title=f"Page {number}")
        sync_sources(kb, ["wiki"])
        yield kb


def press(chat, person, room, home):
    """Ask for a sync in each of the ways by turns, all at once: the messages that were written."""
    written = []
    for number in range(PRESSES):
        match number % 4:
            case 0:
                written.append((chat.ask(person, room, "sync wiki"), room))
            case 1:
                chat.order(person, room, "sync wiki")
            case 2:
                alone = chat.alone(person)
                written.append((chat.ask(person, alone, "sync wiki"), alone))
            case 3 if home:
                chat.press(person, home, "command:0")
            case 3:
                chat.order(person, room, "sync")
    return written


def runs_of(kb):
    with kb.ledger.read() as ledger:
        return len(ledger.execute(select(runs).where(runs.c.kind == "sync")).all())


def test_a_sync_that_is_asked_for_twenty_times_at_once_runs_twice_at_most(chat, base):
    admin, room = chat.person("admin"), chat.room("team", "UADMIN")
    before = runs_of(base)
    stopped, all_in = threading.Event(), threading.Event()
    base.connectors["wiki"].fail_with(on_scan=lambda _: all_in.wait(60))  # a source that takes its time
    working = threading.Thread(target=loop.keep_current, args=(base, stopped))
    with chat.serving(base):
        chat.slack.open_home(admin)
        home = chat.slack.await_home(admin, until=lambda view: "command:0" in str(view))
        working.start()
        try:
            press(chat, admin, room, home)
            await_(lambda: len(rows(base, events)) >= PRESSES or None, "all presses are kept")
            all_in.set()
            await_done(base, PRESSES, seconds=120)
        finally:
            all_in.set()
            stopped.set()
            working.join()
    assert 1 <= runs_of(base) - before <= 2
    told = [one for place in (room, chat.alone(admin)) for one in chat.slack.posted(place)]
    said = Counter(read(one).partition("\n")[0] for one in told)
    reports, farewells = said.pop("*wiki is synced.*"), [*said]
    assert reports == PRESSES, said
    assert all(one.startswith("wiki is synced. ") for one in farewells), said
    assert said.total() == PRESSES
    heard = [read(one) for one in chat.slack.private(admin)]
    assert len(heard) == PRESSES // 4, heard  # by slash; whose progress is shown in the conversation


def test_whoever_may_not_sync_starts_none_and_is_told_so_each_time(chat, base):
    luis, room = chat.person("luis"), chat.room("team", "ULUIS")
    before = runs_of(base)
    with chat.serving(base):
        written = press(chat, luis, room, None)
        await_done(base, PRESSES)
        asides = [read(one) for one in chat.slack.private(luis)]
    replies = [read(one) for asked, place in written for one in chat.replies(asked, place)]
    assert len(replies) + len(asides) == PRESSES
    refusals = [one for one in [*replies, *asides] if "only" in one.lower()]
    assert len(refusals) == PRESSES, [*replies, *asides]
    assert runs_of(base) == before
    assert rows(base, requests) == []
