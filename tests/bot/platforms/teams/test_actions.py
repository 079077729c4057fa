"""What the menu of a message offers in Teams: to ask what it asks, and why Sabio has said it."""

import time

import pytest

from bot.platforms._teams import answers, dialogs
from bot.platforms._teams.payloads import text_of as words_of
from ingest.ledger.tables import events, questions
from tests.bot.platforms.teams.conftest import BANDS, HOLIDAY, connected, rows, settled, shown
from tests.teams import APP
from tests.teams.checks import is_whole
from tests.teams.dialogs import text_of

pytestmark = pytest.mark.usefixtures("loopback")

PLACES = pytest.mark.parametrize("place", ["general", "lunch", None])


def pointed(teams, user, message, command, **more):
    """What somebody reads in the dialog that an entry of a message's menu opens."""
    return text_of(teams.point(user, message, command, **more).wait())


@PLACES
def test_what_a_message_asks_is_answered_to_whoever_points_at_it_alone(own_kb, teams, place):
    with connected(own_kb, teams):
        said = teams.write("luis" if place else "ana", BANDS, place, mention=False)
        assert "41,000" in pointed(teams, "ana", said, "ask")
        if place:
            assert "41,000" not in pointed(teams, "luis", said, "ask")
    assert teams.posted(place or "ana") == []
    assert rows(own_kb, events) == []
    assert {row.text for row in rows(own_kb, questions)} == {BANDS}


def test_a_mention_of_sabio_is_none_of_what_is_asked(own_kb, teams):
    with connected(own_kb, teams):
        said = teams.write("luis", HOLIDAY, "general")
        assert "24 days of holiday" in pointed(teams, "luis", said, "ask")
    assert [row.text for row in rows(own_kb, questions)] == [HOLIDAY]


@PLACES
def test_an_answer_is_explained_in_any_of_its_messages(own_kb, teams, place):
    with connected(own_kb, teams):
        said, _ = teams.say("ana", HOLIDAY, place)
        reply = teams.await_reply(said, until=is_whole)
        settled(own_kb)
        told = pointed(teams, "ana", reply, "why")
        assert told.startswith("Why this answer")
        assert "24 days" in told
        if place:
            assert "Por qué esta respuesta" in pointed(teams, "luis", reply, "why")


def test_what_is_no_answer_is_not_explained(own_kb, teams):
    with connected(own_kb, teams):
        said, _ = teams.say("ana", HOLIDAY, "general")
        reply = teams.await_reply(said, until=is_whole)
        settled(own_kb)
        elsewhere = {**reply, "conversation": {"id": teams.places["lunch"].id}}
        for message in (said, elsewhere):
            assert "no answer of mine" in pointed(teams, "ana", message, "why")
        assert "no answer of mine" in pointed(teams, "ana", reply, "why", id=None)


def test_an_explanation_shows_nothing_that_somebody_may_not_read(own_kb, teams):
    teams.add_group("hr", ["ana"])
    with connected(own_kb, teams):
        said, _ = teams.say("ana", BANDS, "hr")
        reply = teams.await_reply(said, until=is_whole)
        settled(own_kb)
        teams.places["hr"].members.append("luis")
        assert "41,000" in pointed(teams, "ana", reply, "why")
        assert "41,000" not in pointed(teams, "luis", reply, "why")


@pytest.mark.parametrize("command", ["ask", "why"])
@pytest.mark.parametrize(
    ("status", "code"), [(403, "BotNotInConversationRoster"), (404, "NotFound"), (400, "BadArgument")]
)
def test_where_sabio_is_not_in_a_conversation_it_says_so(own_kb, teams, command, status, code):
    with connected(own_kb, teams):
        said = teams.write("luis", HOLIDAY, "lunch", mention=False)
        teams.answer_next("member", status, code)
        assert "No formo parte de esta conversación" in pointed(teams, "luis", said, command)
    assert rows(own_kb, questions) == []


@pytest.mark.parametrize(
    ("command", "body"),
    [
        ("ask", {"contentType": "html", "content": '<attachment id="1"></attachment>'}),
        ("ask", {"contentType": "text", "content": " "}),
        ("ask", None),
        ("else", {"contentType": "text", "content": HOLIDAY}),
    ],
)
def test_what_has_no_words_or_is_not_offered_asks_nothing(own_kb, teams, command, body):
    with connected(own_kb, teams):
        said = teams.write("ana", "x", "lunch", mention=False)
        assert "no text that I could answer" in pointed(teams, "ana", said, command, body=body)
    assert rows(own_kb, questions) == []


def test_an_answer_that_takes_too_long_is_not_waited_for(own_kb, teams, monkeypatch):
    handle = answers.handle

    def slowly(*given):
        time.sleep(0.5)
        return handle(*given)

    monkeypatch.setattr(answers, "handle", slowly)
    monkeypatch.setattr(dialogs, "SECONDS", 0.1)
    with connected(own_kb, teams):
        said = teams.write("luis", HOLIDAY, "lunch", mention=False)
        assert "Inténtalo de nuevo" in pointed(teams, "luis", said, "ask")


def test_what_teams_does_not_tell_the_kind_of_is_a_conversation_of_several(own_kb, teams):
    """So it is where a message of a meeting is pointed at."""
    with connected(own_kb, teams):
        said = teams.write("ana", HOLIDAY, "lunch")
        del said["conversation"]["conversationType"]
        teams.deliver(said).wait()
        teams.await_reply(said, until=lambda one: is_whole(one) and "24 days" in shown(one))
        [kept] = rows(own_kb, events)
    assert kept.content["kind_of_place"] == "groupChat"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("<p>One &amp; two</p><p>three</p>", "One & two\nthree"),
        ('<div><at id="0">Sabio</at>&nbsp;how <at id="1">Luis</at>\n is?</div>', "how Luis is?"),
        ("a<br/>b<br>c", "a\nb\nc"),
        ("<script>alert(1)</script><style>p{}</style>seen", "seen"),
        ("&lt;at&gt;everyone&lt;/at&gt;", "<at>everyone</at>"),
        ("<b>unclosed <i>words", "unclosed words"),
        ("<" * 2000 + "x", "<" * 2000 + "x"),
        ("<div>" * 5000 + "deep", "deep"),
        ('<img alt="cat"><emoji alt="x"></emoji>', ""),
    ],
)
def test_the_words_of_a_message_are_read_whatever_its_html_is(content, words):
    mentions = [{"id": 0, "mentioned": {"application": {"id": APP}}}, {"id": 1, "mentioned": {"user": {}}}]
    payload = {"body": {"contentType": "html", "content": content}, "mentions": mentions}
    assert words_of(payload, APP) == words


def test_plain_words_stay_as_they_are():
    payload = {"body": {"contentType": "text", "content": "a <b> c"}}
    assert words_of(payload, None) == "a <b> c"
