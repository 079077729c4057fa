"""The App Home, for people and for those who run Sabio."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.models.views import View

from bot.explaining import Freshness
from bot.home import AskedBefore, Health, Home, KnownSource, Waiting
from bot.messages import Button, Outcome
from bot.platforms._slack.home import home_view
from tests.slack.blocks import marks_of, problem_of_view, text_of

NOW = datetime.now(UTC)
FRESH = Freshness("Handbook", "fresh", NOW - timedelta(hours=3, minutes=1))
HOME = Home("en", (KnownSource("handbook", FRESH, None, None),), (), None)
HELD = Waiting(
    "30 are held", (Button("Remove", "sync confirm wiki", "Sure?"), Button("Keep", "sync discard wiki"))
)
HEALTH = Health(("serve",), "local", (), (), 0, (), 0)
ADMIN = Home(
    "en",
    (KnownSource("handbook", FRESH, 12, Button("Re-sync", "sync handbook")),),
    (AskedBefore("Where is <!channel>?", Outcome.NOT_FOUND, NOW - timedelta(days=2, minutes=1)),),
    dataclasses.replace(
        HEALTH,
        troubles=("Wiki: away",),
        waiting=(HELD,),
        quarantined=7,
        unread=("a.pdf: damaged",),
        feedback=1,
    ),
)


def shown(home):
    view = home_view(home)
    assert problem_of_view(view) is None
    View(**view).validate_json()
    return text_of(view)


def buttons_in(view):
    rows = [block.get("elements", [block.get("accessory")]) for block in view["blocks"]]
    return [one for row in rows for one in row if one and one["type"] == "button"]


def test_a_person_sees_how_to_ask_what_is_known_and_that_they_asked_nothing():
    said = shown(HOME)
    assert "Ask me anything" in said
    assert "Handbook: last synced 3 hours ago" in said
    assert "You have not asked anything yet." in said
    assert "How things stand" not in said
    assert buttons_in(home_view(HOME)) == []


def test_a_person_without_any_source_is_told_so():
    assert "Nothing yet that you may read." in shown(dataclasses.replace(HOME, sources=()))


def test_earlier_questions_stand_with_how_they_ended():
    assert "• Where is &lt;!channel&gt;? (No answer found, 2 days ago)" in shown(ADMIN)


def test_an_admin_sees_what_is_wrong_and_what_waits():
    said = shown(ADMIN)
    for part in ("At work: serve", "⚠️ Wiki: away", "7 documents could not be read", "• a.pdf: damaged",
                 "and 6 more", "1 note of feedback is open", "⚠️ 30 are held", "12 documents"):  # fmt: skip
        assert part in said
    assert "Nothing is wrong." not in said
    assert "Nothing is wrong." in shown(dataclasses.replace(ADMIN, health=HEALTH))


def test_an_admins_buttons_stand_for_commands():
    confirm, discard, resync = buttons_in(home_view(ADMIN))
    assert [one["value"] for one in (confirm, discard, resync)] == [
        "sync confirm wiki", "sync discard wiki", "sync handbook",
    ]  # fmt: skip
    assert confirm["confirm"]["text"]["text"] == "Sure?"
    assert all(one["action_id"].startswith("command:") for one in (confirm, discard, resync))


@pytest.mark.parametrize("home", [HOME, ADMIN])
def test_a_home_is_told_in_spanish_as_well(home):
    said = shown(dataclasses.replace(home, language="es"))
    assert "Handbook: última sincronización hace 3 horas" in said


@given(st.text("ab<!@>&*[](\n", min_size=1, max_size=5_000).filter(str.strip), st.integers(0, 150))
def test_however_much_there_is_a_home_fits_acts_on_nobody_and_holds_come_first(text, count):
    freshness = Freshness(text, "late", NOW)
    many = dataclasses.replace(
        ADMIN,
        sources=tuple(KnownSource(f"{n}", freshness, n, Button(text, f"sync {n}")) for n in range(count)),
        questions=tuple(AskedBefore(text, Outcome.PARTIAL, NOW) for _ in range(8)),
        health=dataclasses.replace(HEALTH, waiting=(HELD,), troubles=(text,) * 9, unread=(text,) * 5),
    )
    view = home_view(many)
    assert problem_of_view(view) is None
    assert marks_of(view) == []
    assert buttons_in(view)[0]["value"] == "sync confirm wiki"
