"""What Teams delivers is answered once, whatever goes wrong on the way."""

import threading

import pytest

from bot.platforms import _deliveries
from bot.platforms._teams import answers, reply
from ingest.knowledge import KnowledgeBase
from ingest.ledger import now
from ingest.ledger.tables import events, questions
from tests.bot.platforms.slack.slowly import CORRIDORS, DOGS, WEDNESDAYS, Slowly, word_by
from tests.bot.platforms.teams.conftest import (
    HOLIDAY,
    connected,
    eventually,
    fail_to_keep,
    rows,
    settled,
    shown,
)
from tests.teams.checks import is_whole

pytestmark = pytest.mark.usefixtures("loopback")


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    monkeypatch.setattr(_deliveries, "_RETRY", (0.1,))
    monkeypatch.setattr(_deliveries, "LOOK", 0.1)


def answered(teams, said):
    return teams.await_reply(said, until=lambda one: is_whole(one) and "24 days" in shown(one))


@pytest.mark.parametrize("place", ["general", "lunch", None])
def test_what_is_delivered_again_is_answered_once(own_kb, teams, place):
    with connected(own_kb, teams):
        said = teams.write("ana", HOLIDAY, place)
        for delivery in [teams.deliver(said) for _ in range(4)]:
            delivery.wait()
        answered(teams, said)
        teams.deliver(said).wait()
        settled(own_kb)
    assert len(teams.replies(said)) == 1
    assert len(rows(own_kb, questions)) == 1


def test_two_processes_share_what_is_delivered_to_both(own_kb, teams):
    with KnowledgeBase(own_kb.settings) as second, connected(own_kb, teams):
        others = teams.posts_to
        with connected(second, teams):
            asked = []
            for number in range(6):
                said = teams.write("ana", HOLIDAY, "general" if number % 2 else "lunch")
                for _ in range(2):
                    teams.deliver(said).wait()
                    others, teams.posts_to = teams.posts_to, others
                asked.append(said)
            for said in asked:
                answered(teams, said)
            settled(own_kb)
    assert [len(teams.replies(said)) for said in asked] == [1] * 6


@pytest.mark.parametrize("place", ["general", None])
def test_what_a_killed_process_left_is_answered_in_the_message_that_it_had_begun(
    own_kb, teams, monkeypatch, place
):
    """Killed while a sentence was there and the next one was not."""
    monkeypatch.setattr(reply, "FLUSH", 0.05)
    model = word_by(own_kb, Slowly())
    with connected(own_kb, teams):
        said, _ = teams.say("ana", DOGS, place)
        model.say_more()
        begun = teams.await_reply(said, until=lambda one: WEDNESDAYS in shown(one))
        [kept] = rows(own_kb, events)
        assert kept.reply
        teams.delete(said)
        model.say_more()
        settled(own_kb)
    there = teams.messages[teams.place_of(said["conversation"]["id"]).id]
    there[:] = [*(one for one in there if one["id"] != begun["id"]), said, begun]
    with own_kb.ledger.write() as ledger:  # as it was left by a process that is no more
        ledger.execute(events.delete().where(events.c.id != kept.id))
        left = {"owner": "elsewhere/1/1/killed", "lease_until": now(), "done_at": None, "reply": kept.reply}
        ledger.execute(events.update().values(**left))
    model.say_more(2)
    with connected(own_kb, teams):
        last = teams.await_reply(said, until=lambda one: is_whole(one) and CORRIDORS in shown(one))
        settled(own_kb)
    assert last["id"] == begun["id"]
    assert len(teams.replies(said)) == 1


@pytest.mark.parametrize("place", ["general", None])
@pytest.mark.parametrize("status", [412, 429, 502, 504])
def test_a_teams_that_throttles_or_fails_is_waited_for_and_the_answer_comes(own_kb, teams, place, status):
    headers = {"Retry_After": "1"} if status == 429 else {}
    teams.answer_next("send", status, **headers)
    teams.answer_next("member", 412)
    if place:
        teams.answer_next("update", status, **headers)
    with connected(own_kb, teams):
        said, _ = teams.say("ana", HOLIDAY, place)
        answered(teams, said)
        settled(own_kb)
    assert len(teams.replies(said)) == 1


@pytest.mark.parametrize("name", ["update", "member", "members"])
def test_an_answer_of_teams_that_is_lost_on_its_way_leads_to_no_second_message(own_kb, teams, name):
    teams.lose_answer(name)
    with connected(own_kb, teams):
        said, _ = teams.say("ana", HOLIDAY, "general")
        answered(teams, said)
        settled(own_kb)
    assert len(teams.replies(said)) == 1


@pytest.mark.parametrize(
    ("name", "status"), [("send", 403), ("update", 404), ("update", 403), ("member", 404)]
)
def test_where_the_message_or_the_conversation_is_gone_nothing_is_tried_for_ever(own_kb, teams, name, status):
    teams.answer_next(name, status, "ConversationNotFound")
    with connected(own_kb, teams):
        said, _ = teams.say("ana", HOLIDAY, "general")
        settled(own_kb)
        assert teams.called(name) == 1
    assert not any(map(is_whole, teams.replies(said)))


def test_a_message_is_not_acknowledged_before_it_is_kept(own_kb, teams, monkeypatch):
    fail_to_keep(monkeypatch).append(True)
    with connected(own_kb, teams):
        said, delivery = teams.say("ana", HOLIDAY, "general")
        answered(teams, said)
        delivery.wait()
    first, last = delivery.statuses
    assert first >= 500
    assert last == 200


def test_a_process_that_is_to_end_leaves_what_is_under_way_to_the_next(own_kb, teams, monkeypatch):
    monkeypatch.setattr(_deliveries, "GRACE", 0.1)
    monkeypatch.setattr(reply, "FLUSH", 0.05)
    model = word_by(own_kb, Slowly())
    with connected(own_kb, teams):
        said, _ = teams.say("ana", DOGS, "general")
        model.say_more()
        begun = teams.await_reply(said, until=lambda one: WEDNESDAYS in shown(one))
        late = teams.write("ana", HOLIDAY, "general")
        threading.Timer(0.5, model.say_more, [3]).start()
    with connected(own_kb, teams):
        teams.deliver(late).wait()
        last = teams.await_reply(said, until=lambda one: is_whole(one) and CORRIDORS in shown(one))
        answered(teams, late)
        settled(own_kb)
    assert last["id"] == begun["id"]
    assert [len(teams.replies(one)) for one in (said, late)] == [1, 1]


def test_after_our_mistakes_people_are_told_in_their_language(own_kb, teams, monkeypatch):
    monkeypatch.setattr(answers, "handle", lambda *_: 1 / 0)
    with connected(own_kb, teams):
        for place in ("general", None):
            said, _ = teams.say("luis", HOLIDAY, place)
            teams.await_reply(said, until=lambda one: "Lo estoy buscando" not in shown(one))
            settled(own_kb)
            [told] = teams.replies(said)
            assert "Ahora mismo" in shown(told)
            assert "division" not in shown(told)


def test_a_sign_in_that_fails_for_a_while_is_waited_for(own_kb, teams):
    teams.microsoft.refusal = {"error": "temporarily_unavailable"}
    with connected(own_kb, teams):
        said, delivery = teams.say("ana", HOLIDAY, "general")
        delivery.wait()
        eventually(lambda: rows(own_kb, events)[0].attempts > 1)
        teams.microsoft.refusal = None
        answered(teams, said)
        settled(own_kb)
    assert len(teams.replies(said)) == 1
