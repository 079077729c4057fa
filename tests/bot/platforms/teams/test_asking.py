"""Sabio in Teams: people ask, and are answered; by the real Bot Framework stack, with its authentication."""

import asyncio
import threading
import time

import pytest

from bot.platforms._teams import answers
from bot.platforms._teams.connection import Conversation
from ingest.ledger.tables import events, questions
from tests.bot.platforms.teams.conftest import BANDS, HOLIDAY, connected, rows, settled, shown
from tests.contracts.platforms import long_answer
from tests.teams import TENANT
from tests.teams.checks import citations_of, is_whole, label_of

pytestmark = pytest.mark.usefixtures("loopback")

DAYS = "On which days may dogs come to the office?"


def answered(teams, said, words):
    return teams.await_reply(said, until=lambda one: is_whole(one) and words in shown(one))


def test_a_mention_in_a_channel_is_answered_in_its_thread_with_the_words_it_rests_on_and_a_link(
    own_kb, teams
):
    with connected(own_kb, teams):
        said, delivery = teams.say("ana", HOLIDAY, "general")
        reply = answered(teams, said, "Everybody has 24 days of holiday a year. [1]")
        delivery.wait()
    cited = citations_of(reply)[1]
    assert cited["url"].startswith("https://wiki.acme.com/holidays.md")
    assert "24 days" in cited["abstract"]
    assert label_of(reply)["additionalType"] == ["AIGeneratedContent"]
    assert reply["conversation"]["id"] == said["conversation"]["id"]
    assert delivery.took < 3
    [kept] = rows(own_kb, questions)
    assert (kept.person, kept.platform, kept.text) == ("ana@acme.com", "teams", HOLIDAY)
    assert kept.thread == f"teams:{TENANT}/{said['conversation']['id']}"


@pytest.mark.parametrize("place", ["general", "lunch", None])
def test_people_see_at_once_that_they_were_heard_in_their_own_language(own_kb, teams, monkeypatch, place):
    handle = answers.handle

    def slowly(*given):
        time.sleep(0.5)
        return handle(*given)

    monkeypatch.setattr(answers, "handle", slowly)
    with connected(own_kb, teams):
        said, _ = teams.say("luis", HOLIDAY, place)
        first = teams.await_reply(said, until=lambda one: not is_whole(one))
        assert shown(first) == "Lo estoy buscando…"
        assert first.get("streaming", False) is (place is None)
        answered(teams, said, "24 days")
        settled(own_kb)
    assert len(teams.replies(said)) == 1


def test_a_follow_up_stands_on_the_question_before(own_kb, teams):
    with connected(own_kb, teams):
        for place in (None, "lunch", "general"):
            said, _ = teams.say("ana", DAYS, place)
            answered(teams, said, "Wednesdays")
            again, _ = teams.say("ana", "And in corridors?", place, thread=said)
            answered(teams, again, "on a lead")


def test_in_a_thread_that_it_is_part_of_a_question_needs_no_mention_where_teams_tells_of_it(own_kb, teams):
    with connected(own_kb, teams):
        said, _ = teams.say("ana", DAYS, "general")
        answered(teams, said, "Wednesdays")
        for text in ("I see, thank you.", HOLIDAY):
            thread = said if "you" in text else None
            teams.say("luis", text, "general", thread=thread, mention=False)[1].wait()
        again, _ = teams.say("luis", "And in corridors?", "general", thread=said, mention=False)
        answered(teams, again, "on a lead")
        settled(own_kb)
    assert len(teams.posted("general")) == 2


def test_what_is_addressed_to_others_is_left_to_them(own_kb, teams):
    to_luis = {"type": "mention", "mentioned": {"id": "29:1luis", "name": "Luis"}, "text": "<at>Luis</at>"}
    with connected(own_kb, teams):
        said, _ = teams.say("ana", DAYS, "general")
        answered(teams, said, "Wednesdays")
        text = "<at>Luis</at> and in corridors?"
        for more in ({"entities": [to_luis]}, {"from": {"id": "28:another", "role": "bot"}}):
            teams.say("ana", text, "general", thread=said, mention=False, **more)[1].wait()
        settled(own_kb)
    assert len(rows(own_kb, events)) == 1


def test_a_mention_of_others_is_their_name_and_markup_is_none_of_the_question(own_kb, teams):
    text = "<at>Sabio</at> <p>How many days of holiday does <at>Luis</at> have &amp; why?</p>"
    with connected(own_kb, teams):
        said = teams.write("ana", "", "general")
        teams.deliver(said | {"text": text}).wait()
        teams.await_reply(said, until=is_whole)
    [kept] = rows(own_kb, questions)
    assert " ".join(kept.text.split()) == "How many days of holiday does Luis have & why?"


def test_an_edited_question_is_answered_anew_in_the_same_message(own_kb, teams):
    for place in ("general", "lunch", None):
        with connected(own_kb, teams):
            said, _ = teams.say("ana", HOLIDAY, place)
            first = answered(teams, said, "24 days")
            told = teams.edit(said, DAYS)
            again = answered(teams, said, "Wednesdays")
            settled(own_kb)
            teams.deliver(told.activity).wait()
            settled(own_kb)
        assert again["id"] == first["id"]
        assert "24 days" not in shown(again)
        assert len(teams.replies(said)) == 1
    assert [row.text for row in rows(own_kb, questions)] == [HOLIDAY, DAYS] * 3


def test_what_is_said_while_the_question_is_edited_is_not_left_behind(own_kb, teams, monkeypatch):
    """The nearest pages are a message of their own, and are on their way to Teams when the edit comes."""
    going, real = threading.Event(), Conversation.send

    async def slowly(there, activity):
        id_ = await real(there, activity)
        if activity.attachments:
            going.set()
            await asyncio.sleep(0.3)
        return id_

    monkeypatch.setattr(Conversation, "send", slowly)
    with connected(own_kb, teams):
        said, _ = teams.say("ana", "sauces", "general")
        assert going.wait(30)
        teams.edit(said, "sources").wait()
        assert "handbook" in shown(answered(teams, said, "answer from"))
        settled(own_kb)
    assert len(teams.replies(said)) == 1


def test_what_becomes_a_command_or_a_question_for_sabio_by_an_edit_is_one(own_kb, teams):
    with connected(own_kb, teams):
        said, _ = teams.say("ana", DAYS, "general", mention=False)
        teams.edit(said, f"{DAYS} Please!").wait()
        assert rows(own_kb, events) == []
        said, _ = teams.say("ana", "sauces", "general")
        teams.await_reply(said, until=is_whole)
        teams.edit(said, "sources")
        assert "handbook" in shown(answered(teams, said, "answer from"))
        settled(own_kb)
    assert len(teams.replies(said)) == 1


@pytest.mark.parametrize("place", ["general", "lunch", None])
def test_the_answer_to_what_is_removed_is_removed(own_kb, teams, place):
    with connected(own_kb, teams):
        said, _ = teams.say("ana", HOLIDAY, place)
        answered(teams, said, "24 days")
        teams.delete(said).wait()
        settled(own_kb)
    assert teams.replies(said) == []


def test_what_was_removed_before_sabio_heard_of_it_is_not_answered(own_kb, teams):
    with connected(own_kb, teams):
        said = teams.write("ana", HOLIDAY, "general")
        teams.delete(said).wait()
        teams.deliver(said).wait()
        settled(own_kb)
    assert teams.posted("general") == []


@pytest.mark.parametrize("place", ["general", "lunch", None])
def test_where_it_is_installed_it_says_hello_once_in_the_language_of_whoever_did(own_kb, teams, place):
    with connected(own_kb, teams):
        for _ in range(2):
            delivery = teams.install("luis", place)
            delivery.wait()
            teams.deliver(delivery.activity).wait()
            settled(own_kb)
    said = teams.posted(place or "luis")
    assert len(said) == 2
    assert "¡Hola! Pregúntame lo que quieras" in shown(said[0])
    assert ("Mencióname" in shown(said[0])) is (place is not None)


@pytest.mark.parametrize("place", ["general", None])
def test_a_very_long_answer_takes_several_messages_of_which_each_has_its_citations(
    own_kb, teams, monkeypatch, place
):
    long = long_answer(45, "Whatever [is] said & <done>, it takes its time. " * 30)
    monkeypatch.setattr(answers, "handle", lambda *_: long)
    with connected(own_kb, teams):
        said, _ = teams.say("ana", HOLIDAY, place)
        settled(own_kb)
    parts = teams.replies(said)
    assert len(parts) > 3
    assert [number for part in parts for number in citations_of(part)] == [*range(1, 46)]
    assert all("Sentence" in shown(part).split(":")[0] for part in parts)
    whole = " ".join(shown(part) for part in parts)
    assert " ".join(whole.split()) == " ".join(long.text.split())


def test_only_the_asker_of_a_private_chat_reads_what_is_theirs(own_kb, teams):
    with connected(own_kb, teams):
        for user, may in (("ana", True), ("luis", False)):
            said, _ = teams.say(user, BANDS)
            assert ("41,000" in shown(teams.await_reply(said, until=is_whole))) is may
