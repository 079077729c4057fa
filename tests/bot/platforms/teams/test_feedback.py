"""What stands below an answer in Teams: thumbs with words, and dialogs that only who presses sees."""

import pytest

from bot.platforms._teams import activities, dialogs
from config.errors import UnavailableError
from ingest.ledger.tables import feedback
from tests.bot.platforms.teams.conftest import BANDS, HOLIDAY, connected, rows, settled, shown
from tests.teams import cards
from tests.teams.checks import is_whole

pytestmark = pytest.mark.usefixtures("loopback")


def asked(teams, text=HOLIDAY, user="ana", place="general"):
    """The reply to a question."""
    said, _ = teams.say(user, text, place)
    return teams.await_reply(said, until=is_whole)


def below(teams, text=BANDS, user="ana"):
    """The card below the reply to a question, with what can be done about it."""
    said, _ = teams.say(user, text, "general")
    return teams.await_reply(said, until=cards.cards_of)


def button(message, what):
    """What the button that opens a dialog says of itself."""
    found = (one.get("data") or {} for card in cards.cards_of(message) for one in cards.actions_of(card))
    return next(data for data in found if data.get("sabio") == what)


def dialog(answer):
    """What somebody reads in a dialog, which must be one that Teams shows."""
    task = answer["task"]
    assert task["type"] == "continue"
    card = task["value"]["card"]["content"]
    assert [*cards.problems_of(card)] == []
    return "\n".join([task["value"]["title"], *cards.texts_of(card)]).replace("\\", "")


@pytest.mark.parametrize("place", ["general", "lunch", None])
def test_a_thumb_up_is_kept(own_kb, teams, place):
    with connected(own_kb, teams):
        assert teams.judge("ana", asked(teams, place=place), "like").wait() == {}
    [kept] = rows(own_kb, feedback)
    assert (kept.person, kept.up) == ("ana@acme.com", True)


@pytest.mark.parametrize("as_json", [True, False])
def test_a_thumb_down_is_kept_with_what_was_written(own_kb, teams, as_json):
    with connected(own_kb, teams):
        answer = asked(teams)
        teams.judge("luis", answer, "dislike", "It is 25 now.", as_json=as_json).wait()
        teams.judge("ana", answer, "like").wait()
        teams.judge("ana", answer, "dislike").wait()
    kept = {row.person: (row.up, row.comment) for row in rows(own_kb, feedback)}
    assert kept == {"luis@acme.com": (False, "It is 25 now."), "ana@acme.com": (False, None)}


def test_what_is_judged_under_any_part_of_a_long_answer_is_about_it(own_kb, teams, monkeypatch):
    monkeypatch.setattr(activities, "LONGEST", 150)
    with connected(own_kb, teams):
        said, _ = teams.say("ana", HOLIDAY, "lunch")
        teams.await_reply(said, until=is_whole)
        settled(own_kb)
        parts = teams.replies(said)
        assert len(parts) > 1
        for user, part in zip(("ana", "luis"), (parts[0], parts[-1]), strict=True):
            teams.judge(user, part, "like").wait()
    assert [row.person for row in rows(own_kb, feedback)] == ["ana@acme.com", "luis@acme.com"]


def test_what_is_no_answer_or_elsewhere_cannot_be_judged(own_kb, teams):
    with connected(own_kb, teams):
        answer = asked(teams)
        for message in ({**answer, "id": "1"}, {**answer, "conversation": {"id": teams.places["ana"].id}}):
            assert teams.judge("ana", message, "dislike", "no").wait() == {}
    assert rows(own_kb, feedback) == []


def test_why_this_answer_tells_how_sure_it_is(own_kb, teams):
    with connected(own_kb, teams):
        answer = below(teams, "What is the wifi password of the dogs?", "luis")
        said = dialog(teams.press("luis", answer, button(answer, "why")).wait())
    assert "Por qué esta respuesta" in said


def test_what_a_channel_may_not_read_is_shown_to_those_who_may(own_kb, teams):
    with connected(own_kb, teams):
        answer = below(teams)
        data = button(answer, "privately")
        assert "41,000" in dialog(teams.press("ana", answer, data).wait())
        assert "41,000" not in dialog(teams.press("luis", answer, data).wait())
        settled(own_kb)
    assert "41,000" not in str(teams.posted("general"))


@pytest.mark.parametrize("data", [{"reference": "0000000000"}, {"sabio": "else"}])
def test_a_dialog_that_cannot_be_opened_says_why(own_kb, teams, data):
    with connected(own_kb, teams):
        answer = below(teams)
        pressed = button(answer, "privately") | data
        assert dialog(teams.press("luis", answer, pressed).wait()).strip()


def test_where_the_ledger_is_away_a_dialog_says_so_in_words(own_kb, teams, monkeypatch):
    with connected(own_kb, teams):
        answer = below(teams)
        settled(own_kb)

        def broken(*_, **__):
            raise UnavailableError("the ledger is down")

        monkeypatch.setattr(dialogs, "explain_answer", broken)
        said = dialog(teams.press("luis", answer, button(answer, "why")).wait())
        assert "Inténtalo de nuevo" in said
        assert "ledger" not in said


def test_what_is_unknown_is_answered_as_done(own_kb, teams):
    with connected(own_kb, teams):
        answer = asked(teams)
        assert teams.invoke("ana", answer, "composeExtension/query", {}).wait() == {}
        assert shown(answer)
