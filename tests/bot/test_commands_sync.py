"""Syncs that are asked for in a chat: coalesced, followed to their end, and what is held decided about."""

import threading
from datetime import timedelta

import pytest
import yaml
from sqlalchemy import select

from bot.commands import Command, read, run
from bot.messages import Notice, Person
from config.errors import UnavailableError
from config.settings import load_settings
from ingest import rebuilding, sync
from ingest.knowledge import KnowledgeBase
from ingest.ledger import golden, now, requests, runs
from ingest.ledger.golden import Verdict
from ingest.ledger.owners import new_owner
from ingest.ledger.tables import runs as run_rows
from tests.doubles import MemoryConnector, open_base
from workers import loop

ADMIN, LUIS, ANA = Person("admin@acme.com"), Person("luis@acme.com"), Person("ana@acme.com")
PRESSES = 20


@pytest.fixture
def kb(own_company, monkeypatch):
    monkeypatch.setattr(loop, "LOOK", 0.02)
    own_company.write_text(own_company.read_text() + "admins: [admin@acme.com, luis@acme.com]\n")
    with KnowledgeBase(load_settings(own_company, environ={})) as kb:
        yield kb


@pytest.fixture
def ledger(request):
    """SQLite, unless a test names PostgreSQL as well."""
    wanted = getattr(request, "param", "sqlite")
    return wanted if wanted == "sqlite" else request.getfixturevalue("postgres_ledger")


@pytest.fixture
def base(tmp_path, monkeypatch, ledger):
    """Sources in memory."""
    monkeypatch.setattr(loop, "LOOK", 0.02)
    (tmp_path / "docs").mkdir()
    folder = {"type": "folder", "path": str(tmp_path / "docs"), "readers": ["everyone"]}
    with open_base(tmp_path / "var", {"wiki": folder, "drive": folder}, ledger=ledger) as kb:
        admins = frozenset({"user:admin@acme.com", "user:luis@acme.com"})
        kb.settings = kb.settings.model_copy(update={"admins": admins})
        for name in ("wiki", "drive"):
            fill(kb, name, 27)
        yield kb


def fill(kb, name, count):
    source = kb.connectors[name] = MemoryConnector(name=name)
    for number in range(count):
        source.edit(f"page {number}", text=f"{name} text {number}.", title=f"{name} {number}")
    return source


class Working:
    """`sabio serve` without the rest of it, for as long as the block runs."""

    def __init__(self, kb):
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=loop.keep_current, args=(kb, self.stopped))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.thread.join()


def give(kb, text, person=ADMIN, language="en", at=None):
    command = read(kb, text)
    assert command is not None, text
    return run(kb, command, person, language, at)


def follow(followed, seen=None, pause=0.01):
    """Look until it is over: the last notice."""
    for _ in range(12_000):
        notice = followed.look()
        if seen is not None and (not seen or seen[-1] != notice):
            seen.append(notice)
        if notice.done:
            return notice
        threading.Event().wait(pause)
    raise AssertionError(f"it never ended: {notice}")


def syncs(kb, source="wiki"):
    with kb.ledger.read() as ledger:
        query = select(run_rows).where(run_rows.c.source == source, run_rows.c.kind == "sync")
        return ledger.execute(query.order_by(run_rows.c.started_at)).all()


def sync_now(kb, source, **options):
    run_id = sync.scan(kb, source, **options)
    while sync.work(kb, [source], new_owner()):
        pass
    return sync.finish(kb, run_id)


def hold_removals(kb, source="wiki", kept=5):
    """A sync that finds most pages gone."""
    sync_now(kb, source)
    for name in list(kb.connectors[source].pages)[kept:]:
        del kb.connectors[source].pages[name]
    assert sync_now(kb, source)["outcome"] == "held"


def test_a_sync_is_followed_from_the_request_to_the_report(kb):
    new = kb.settings.folder / "docs" / "cats.md"
    new.write_text("# Cats\n\nCats stay at home.\n", encoding="utf-8")
    (kb.settings.folder / "docs" / "dogs.md").unlink()
    followed = give(kb, "sync handbook")
    first = followed.look()
    assert (first.title, first.done) == ("Syncing handbook …", False)
    assert first.lines[0] == "It is asked for, and begins in a moment."
    assert "`sabio serve`" in first.lines[1]
    seen = []
    with Working(kb):
        last = follow(followed, seen)
    assert last.title == "handbook is synced."
    assert last.lines[0].startswith("New: ")
    assert " · removed: 1 · " in last.lines[0]
    assert "Proof of removal: 0 passages of what was removed can still be cited." in last.lines
    assert "1 document could not be read" in last.lines
    assert [button.command for button in last.buttons] == ["quarantine handbook"]
    assert followed.farewell() == f"{last.title} {last.lines[0]}"
    assert not any("cats" in line.lower() for notice in seen for line in notice.lines)


def test_without_a_source_every_source_is_synced_in_one_notice_with_a_line_each(kb):
    followed = give(kb, "sincroniza", language="es")
    assert followed.look().title == "Sincronizando 2 fuentes…"
    with Working(kb):
        last = follow(followed)
    assert last.title == followed.farewell() == "2 de 2 fuentes están sincronizadas."
    assert {line.partition(":")[0] for line in last.lines} == {"handbook", "salaries"}


def test_progress_counts_documents_and_says_what_stands_in_the_way(base):
    followed = give(base, "sync wiki")
    sync.scan(base, "wiki")
    assert followed.look().lines == ("0 of 27 documents",)
    with base.ledger.write() as ledger:
        runs.follow_run(ledger, syncs(base)[0].id, trouble="the index is down")
    assert followed.look().lines == ("0 of 27 documents · waits: the index is down",)
    sync.work(base, ["wiki"], new_owner())
    assert followed.look().lines[0].startswith("16 of 27 documents")


def test_a_sync_behind_another_says_since_when_and_for_whom_that_one_goes_on(base):
    first = give(base, "sync wiki", LUIS)
    sync.scan(base, "wiki")
    mine, joined = give(base, "sync wiki"), give(base, "sync wiki", LUIS)
    clock = syncs(base)[0].started_at.strftime("%H:%M")
    assert mine.look().lines[0] == (
        f"It is being synced already (since {clock}, asked for by luis@acme.com); yours begins after that."
    )
    with Working(base):
        assert follow(first).title == follow(mine).title == "wiki is synced."
        follow(joined)
    assert len(syncs(base)) == 2


def test_a_request_that_waits_already_is_joined_and_serves_both(base):
    give(base, "sync wiki", LUIS)
    mine = give(base, "sync wiki --full")
    assert "asked for by luis@acme.com); yours is the same one." in mine.look().lines[0]
    with Working(base):
        follow(mine)
    assert [run.full for run in syncs(base)] == [True]


def test_a_command_that_is_carried_out_again_after_a_crash_starts_nothing_new(base):
    at = now()
    give(base, "sync wiki", at=at)
    again = give(base, "sync wiki", at=at)
    sync_now(base, "wiki")
    after_the_end = give(base, "sync wiki", at=at)
    assert follow(again) == follow(after_the_end)
    assert len(syncs(base)) == 1
    with base.ledger.read() as ledger:
        assert requests.waiting(ledger) == {}


def test_a_run_that_does_less_than_was_asked_for_is_not_enough(base):
    at = now()
    sync_now(base, "wiki")
    give(base, "sync wiki --full", at=at)
    with base.ledger.read() as ledger:
        assert requests.waiting(ledger)["wiki"].full


def test_a_run_that_another_one_takes_over_is_followed_in_that_one(base):
    followed = give(base, "sync wiki")
    sync.scan(base, "wiki")
    with base.ledger.write() as ledger:
        ledger.execute(run_rows.update().values(seen_at=now() - timedelta(hours=1)))
    sync_now(base, "wiki")
    assert [run.state for run in syncs(base)] == ["failed", "done"]
    assert follow(followed).title == "wiki is synced."


def test_a_sync_that_failed_says_why_and_can_be_tried_again(base):
    def fail(_count):
        raise UnavailableError("the wiki is down")

    base.connectors["wiki"].fail_with(on_scan=fail)
    followed = give(base, "sync wiki")
    with pytest.raises(UnavailableError):
        sync.scan(base, "wiki")
    last = follow(followed)
    assert (last.title, last.lines) == ("wiki could not be synced.", ("Reason: the wiki is down",))
    assert [button.command for button in last.buttons] == ["sync wiki"]


def test_a_sync_that_nobody_begins_is_followed_for_a_while_only(base, monkeypatch):
    followed = give(base, "sync wiki")
    assert not followed.look().done
    monkeypatch.setattr("bot.commands.syncing.now", lambda: now() + timedelta(minutes=16))
    last = followed.look()
    assert last.done
    assert last.title == "The sync of wiki is asked for, but has not begun."


def test_a_ledger_that_is_down_for_a_moment_ends_no_following(base, monkeypatch):
    followed = give(base, "sync wiki")
    with monkeypatch.context() as broken:

        def fail():
            raise UnavailableError("the ledger is down")

        broken.setattr(base.ledger, "read", fail)
        away = followed.look()
        assert not away.done
        assert away.lines == ("I cannot see how it goes on right now: the ledger is down",)
    sync_now(base, "wiki")
    assert followed.look().title == "wiki is synced."


@pytest.mark.parametrize("ledger", ["sqlite", "postgresql"], indirect=True)
@pytest.mark.parametrize("going_on", [False, True], ids=["idle", "going on"])
def test_twenty_presses_make_two_runs_at_most_and_twenty_honest_replies(base, going_on):
    """Row 19 of the reliability contract."""
    if going_on:
        sync.scan(base, "wiki")
    at, together, replies = now(), threading.Barrier(PRESSES + 1), []

    def press(person):
        together.wait()
        followed = give(base, "sync wiki", person, at=at)
        replies.append((followed.look(), follow(followed, pause=0.2)))

    people = [ADMIN, LUIS] * (PRESSES // 2)
    pressing = [threading.Thread(target=press, args=(person,)) for person in people]
    for thread in pressing:
        thread.start()
    with Working(base):
        together.wait()
        for thread in pressing:
            thread.join()
    assert len(replies) == PRESSES
    assert {last.title for _, last in replies} == {"wiki is synced."}
    assert all(first.lines for first, _ in replies)
    found = syncs(base)
    assert [run.started_at < at for run in found] == [True] * going_on + [False]
    assert found[-1].asked_by in {"admin@acme.com", "luis@acme.com"}


def test_twenty_presses_of_somebody_who_is_no_admin_make_no_run(base):
    refused = [give(base, "sync wiki", ANA) for _ in range(PRESSES)]
    assert {reply.title for reply in refused} == {"Sorry, only those who run Sabio here may do that."}
    with base.ledger.read() as ledger:
        assert requests.waiting(ledger) == {}
    assert syncs(base) == []


def test_workers_with_redis_are_told_once_that_something_was_asked_for(base, monkeypatch):
    told = []
    monkeypatch.setattr("bot.commands.syncing.hint", lambda _kb, sources: told.append(list(sources)))
    for _ in range(3):
        give(base, "sync")
    assert told == [["wiki", "drive"]]


def test_held_removals_are_offered_with_a_question_and_carried_out_when_confirmed(base):
    sync_now(base, "wiki")
    for name in list(base.connectors["wiki"].pages)[5:]:
        del base.connectors["wiki"].pages[name]
    followed = give(base, "sync wiki")
    sync_now(base, "wiki")
    held = follow(followed)
    assert held.title == "wiki is synced; something waits for your word."
    assert any(line.startswith("22 documents are not listed any more") for line in held.lines)
    confirm, discard = held.buttons
    assert (confirm.command, discard.command) == ("sync confirm wiki", "sync discard wiki")
    assert confirm.confirm.startswith("Remove 22 documents of wiki")
    followed = give(base, confirm.command)
    with Working(base):
        assert "Removed: 22" in follow(followed).lines[0]
    assert isinstance(give(base, confirm.command), Notice)
    assert len([run for run in syncs(base) if run.confirmed]) == 1


def test_a_confirmation_that_is_pressed_again_and_again_releases_the_brake_once(base):
    hold_removals(base)
    at = now()
    presses = [give(base, "sync confirm", at=at) for _ in range(3)]
    sync_now(base, "wiki")
    presses.append(give(base, "sync confirm", at=at))
    assert {follow(one).title for one in presses} == {"wiki is synced."}
    assert give(base, "sync confirm").title == "Nothing of that waits for a word."
    with base.ledger.read() as ledger:
        assert requests.waiting(ledger) == {}
    assert [run.confirmed for run in syncs(base)] == [False, False, True]


def test_a_confirmation_joins_the_run_that_carries_the_removals_out_already(base):
    hold_removals(base)
    give(base, "sync confirm wiki", LUIS)
    sync.scan(base, "wiki")
    late = give(base, "sync confirm wiki")
    with base.ledger.read() as ledger:
        assert requests.waiting(ledger) == {}
    with Working(base):
        assert "Removed: 22" in follow(late).lines[0]


def test_documents_that_are_kept_stay_published_until_a_next_scan_misses_them_again(base):
    hold_removals(base)
    kept = give(base, "sync discard wiki")
    assert kept.title == "22 documents of wiki are kept."
    assert not give(base, "status").buttons
    assert give(base, "status").title == "27 documents are published"
    assert syncs(base)[-1].state == "done"
    assert sync_now(base, "wiki")["held"] == 22


def test_keeping_them_takes_back_a_confirmation_that_has_not_begun(base):
    hold_removals(base)
    give(base, "sync confirm wiki")
    give(base, "sync discard wiki", LUIS)
    assert sync_now(base, "wiki")["removed"] == 0


def test_keeping_them_while_they_are_removed_is_too_late(base):
    hold_removals(base)
    give(base, "sync confirm wiki")
    said = []

    def discard(count):
        if not count:
            said.append(give(base, "sync discard wiki").title)

    base.connectors["wiki"].fail_with(on_scan=discard)
    assert sync_now(base, "wiki")["removed"] == 22
    assert said == ["Too late: a sync that removes them is under way."]


def test_a_sync_of_several_sources_says_in_its_title_that_one_of_them_waits_for_a_word(base):
    hold_removals(base)
    sync_now(base, "drive")
    followed = give(base, "sync")
    with Working(base):
        last = follow(followed)
    assert last.title == followed.farewell()
    assert last.title == "2 of 2 sources are synced; something waits for your word."
    assert [button.confirm is None for button in last.buttons] == [False, True]


def test_where_several_sources_hold_something_it_is_asked_which(base):
    for name in ("wiki", "drive"):
        hold_removals(base, name)
    for text in ("sync confirm", "sync discard"):
        which = give(base, text)
        assert which.title == "Several sources wait for a word. Which one?"
        assert len(which.lines) == 2
        assert len(which.buttons) == 4
    assert give(base, "sync discard drive").title == "22 documents of drive are kept."


@pytest.fixture
def gated(own_company, monkeypatch):
    """A company with golden questions, whose handbook is held because of them."""
    settings = yaml.safe_load(own_company.read_text())
    settings |= {"admins": ["admin@acme.com"], "evaluation": {"questions": "questions.jsonl"}}
    own_company.write_text(yaml.safe_dump(settings))
    verdict = Verdict({"recall@5": 1.0}, {"recall@5": 0.5}, ["recall@5 fell from 1 to 0.5"], ["Dogs?"])
    with KnowledgeBase(load_settings(own_company, environ={})) as kb:
        with kb.ledger.write() as ledger:
            asked = golden.claim_asking(ledger, "me", ["handbook", "salaries"], 60)
            assert golden.conclude(ledger, "me", {"handbook": asked["handbook"]}, verdict)
        yield kb


def test_a_source_that_golden_questions_hold_is_told_of_and_accepted(gated):
    status = give(gated, "status")
    assert any("recall@5 fell from 1 to 0.5" in line for line in status.lines)
    [accept] = status.buttons
    assert accept.command == "sync accept handbook"
    assert accept.confirm
    discarded = give(gated, "sync discard handbook")
    assert discarded.lines[0].startswith("What golden questions hold cannot be discarded")
    assert give(gated, "sync confirm handbook").title == "Nothing of that waits for a word."
    assert not isinstance(give(gated, accept.command), Notice)
    with gated.ledger.read() as ledger:
        assert golden.hold(ledger, "handbook") is None
        assert requests.waiting(ledger)["handbook"].by == "admin@acme.com"
    assert give(gated, "sync accept").title == "Nothing of that waits for a word."


@pytest.fixture
def held_index(kb):
    """A new index that golden questions said no to."""
    verdict = Verdict({}, {}, ["recall@5 fell from 1 to 0.5"])
    with pytest.raises(rebuilding.HeldError):
        rebuilding.rebuild(kb, examine=lambda _name: verdict)
    return rebuilding.held_index(kb)[0].name


def test_an_index_that_is_held_is_accepted_in_the_background(kb, held_index):
    status = give(kb, "status")
    commands = [button.command for button in status.buttons]
    assert commands == ["sync accept index", "sync discard index"]
    followed = give(kb, "sync accept index")
    last = follow(followed)
    assert last.title == followed.farewell()
    assert last.title.startswith("The new index is in use; 0 chunks")
    assert kb.ledger.collection() == held_index
    assert give(kb, "sync accept index").title == "No new index waits for a word."


def test_an_index_that_is_held_is_removed_when_discarded(kb, held_index):
    assert give(kb, "descartar índice", language="es").title == "El índice nuevo se ha eliminado."
    assert rebuilding.held_index(kb) is None


def test_an_index_that_cannot_be_accepted_says_why(kb, held_index, monkeypatch):
    def fail(_kb):
        raise UnavailableError("the index is being made anew by another process already")

    monkeypatch.setattr("bot.commands.holds.accept_rebuild", fail)
    last = follow(give(kb, "sync accept index"))
    assert last.title == "The new index could not be put into use."
    assert last.lines[0].startswith("Reason: the index is being made anew")


def test_every_button_holds_a_command_that_is_read(base):
    hold_removals(base)
    for notice in (give(base, "status"), give(base, "quarantine"), give(base, "sources")):
        for button in notice.buttons:
            assert isinstance(read(base, button.command), Command), button.command
