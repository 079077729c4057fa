"""An answer that people see grow, and what becomes of it where Teams does not stream or ends it early."""

import pytest

from bot.platforms import _deliveries
from bot.platforms._teams import reply
from ingest.ledger.tables import events, questions
from tests.bot.platforms.slack.slowly import CORRIDORS, DOGS, WEDNESDAYS, Slowly, word_by
from tests.bot.platforms.teams.conftest import HOLIDAY, connected, eventually, rows, settled, shown
from tests.teams.checks import citations_of, is_whole

pytestmark = pytest.mark.usefixtures("loopback")


@pytest.fixture
def model(own_kb, monkeypatch):
    monkeypatch.setattr(reply, "FLUSH", 0.05)
    return word_by(own_kb, Slowly())


def grown(teams, said, words=WEDNESDAYS):
    return teams.await_reply(said, until=lambda one: words in shown(one))


def whole(teams, said):
    return teams.await_reply(said, until=lambda one: is_whole(one) and CORRIDORS in shown(one))


@pytest.mark.parametrize("place", ["general", "lunch", None])
def test_each_sentence_is_shown_as_soon_as_it_is_checked(own_kb, teams, model, place):
    with connected(own_kb, teams):
        said, _ = teams.say("ana", DOGS, place)
        first = teams.await_reply(said, until=lambda one: "I am looking for it …" in shown(one))
        assert first.get("streaming", False) is (place is None)
        assert model.begun.wait(20)
        model.say_more()
        half = grown(teams, said)
        assert CORRIDORS not in shown(half)
        assert not is_whole(half)
        model.say_more()
        last = whole(teams, said)
        settled(own_kb)
    assert last["id"] == first["id"]
    assert set(citations_of(last)) == {1, 2}
    assert len(teams.replies(said)) == 1


def test_an_answer_that_ends_otherwise_than_it_was_streamed_takes_its_place(
    own_kb, teams, model, monkeypatch
):
    """As one that turned out to be less sure, of which that is said first: Teams would refuse it."""
    monkeypatch.setattr(reply, "claim_text", lambda text, numbers: f"So: {text} [{numbers[0]}]")
    with connected(own_kb, teams):
        said, _ = teams.say("ana", DOGS)
        model.say_more()
        first = grown(teams, said, "So: ")
        model.say_more()
        last = whole(teams, said)
        settled(own_kb)
    assert last["id"] == first["id"]
    assert "So: " not in shown(last)
    assert len(teams.replies(said)) == 1


def test_who_presses_stop_is_told_no_more(own_kb, teams, model):
    with connected(own_kb, teams):
        said, _ = teams.say("ana", DOGS)
        model.say_more()
        grown(teams, said)
        teams.stop("ana")
        model.say_more()
        settled(own_kb)
        assert [CORRIDORS in shown(one) for one in teams.replies(said)] == [False]
        teams.edit(said, HOLIDAY)
        teams.await_reply(said, until=lambda one: is_whole(one) and "24 days" in shown(one))
        settled(own_kb)
    assert len(teams.replies(said)) == 1


def test_a_stream_that_teams_has_ended_for_its_age_is_followed_by_the_whole_answer(own_kb, teams, model):
    with connected(own_kb, teams):
        said, _ = teams.say("ana", DOGS)
        model.say_more()
        grown(teams, said)
        teams.expire("ana")
        model.say_more()
        last = whole(teams, said)
        settled(own_kb)
    assert WEDNESDAYS in shown(last)
    assert len(teams.replies(said)) == 1


@pytest.mark.parametrize(("status", "code"), [(403, "ContentStreamNotAllowed"), (400, "BadRequest")])
def test_where_teams_does_not_stream_a_message_is_posted_at_once_and_filled(
    own_kb, teams, model, status, code
):
    teams.answer_next("send", status, code)
    with connected(own_kb, teams):
        said, _ = teams.say("ana", DOGS)
        first = teams.await_reply(said, until=lambda one: True)
        assert (shown(first), "streaming" in first) == ("I am looking for it …", False)
        model.say_more(2)
        last = whole(teams, said)
        settled(own_kb)
    assert last["id"] == first["id"]
    assert len(teams.replies(said)) == 1


def test_of_two_questions_in_one_chat_at_once_one_is_streamed(own_kb, teams, model):
    with connected(own_kb, teams):
        first, _ = teams.say("ana", DOGS)
        teams.await_reply(first, until=lambda one: one.get("streaming"))
        second, _ = teams.say("ana", DOGS)
        assert "streaming" not in teams.await_reply(second, until=lambda one: True)
        model.say_more(4)
        for said in (first, second):
            whole(teams, said)
        settled(own_kb)
    assert [len(teams.replies(said)) for said in (first, second)] == [1, 1]


@pytest.mark.parametrize("place", ["lunch", None])
def test_what_is_edited_while_it_is_answered_is_answered_as_it_is_now(own_kb, teams, model, place):
    with connected(own_kb, teams):
        said, _ = teams.say("ana", DOGS, place)
        model.say_more()
        grown(teams, said)
        teams.edit(said, HOLIDAY)
        again = teams.await_reply(said, until=lambda one: is_whole(one) and "24 days" in shown(one))
        model.say_more()
        assert model.ended.wait(20)
        settled(own_kb)
    assert WEDNESDAYS not in shown(again)
    assert len(teams.replies(said)) == 1
    assert [row.text for row in rows(own_kb, questions)] == [HOLIDAY]


@pytest.mark.parametrize("place", ["lunch", None])
def test_what_is_removed_while_it_is_answered_leaves_no_message(own_kb, teams, model, place):
    with connected(own_kb, teams):
        said, _ = teams.say("ana", DOGS, place)
        model.say_more()
        grown(teams, said)
        teams.delete(said).wait()
        settled(own_kb)
        model.say_more()
        assert model.ended.wait(20)
        eventually(lambda: teams.replies(said) == [])
    assert rows(own_kb, questions) == []


@pytest.mark.parametrize("place", ["general", None])
def test_a_throttled_addition_is_made_up_for_by_the_next(own_kb, teams, model, place):
    with connected(own_kb, teams):
        said, _ = teams.say("ana", DOGS, place)
        teams.await_reply(said, until=lambda one: True)
        eventually(lambda: rows(own_kb, events)[0].reply)
        teams.answer_next("send" if place is None else "update", 429, "TooManyRequests")
        model.say_more()
        grown(teams, said)
        model.say_more()
        whole(teams, said)
        settled(own_kb)
    assert len(teams.replies(said)) == 1


@pytest.mark.parametrize("place", ["general", None])
def test_an_addition_under_way_does_not_come_after_the_end(own_kb, teams, model, monkeypatch, place):
    """Each addition takes longer than the next sentence: the last message is the whole one."""
    monkeypatch.setattr(_deliveries, "LOOK", 0.1)
    teams.slowly = 0.3
    with connected(own_kb, teams):
        said, _ = teams.say("ana", DOGS, place)
        model.say_more(2)
        whole(teams, said)
        settled(own_kb)
        [last] = teams.replies(said)
        assert is_whole(last)
    assert teams.problems == []
