"""Who reads along decides what is said: looked up at every question, and cautious where it is not known."""

import pytest

from ingest.ledger.tables import questions
from tests.bot.platforms.slack.conftest import BANDS, HOLIDAY, connected, rows, shown
from tests.slack import BOT
from tests.slack.blocks import is_whole

pytestmark = pytest.mark.usefixtures("loopback")

SECRET = "41,000"


def asked(slack, user, text, channel="C1"):
    """What everybody in the channel is shown."""
    ts, _ = slack.say(user, f"<@{BOT}> {text}", channel)
    return shown(slack.await_reply(ts, channel, until=is_whole))


def change(kb, source=None, **settings):
    """Change settings, or one source's where it is named."""
    if source:
        changed = [
            one.model_copy(update=settings) if one.name == source else one for one in kb.settings.sources
        ]
        settings = {"sources": changed}
    kb.settings = kb.settings.model_copy(update=settings)


def test_a_channel_is_told_what_all_of_its_members_may_read_for_as_long_as_they_are_these(own_kb, slack):
    slack.add_person("UPIA", "pia@acme.com")
    change(own_kb, groups={"hr": frozenset({"user:ana@acme.com", "user:pia@acme.com"})})
    slack.add_channel("G1", "hr-only", members=["UANA", "UPIA"], is_private=True)
    slack.add_channel("C2", "hr-too", members=["UPIA", "UANA"])
    with connected(own_kb, slack):
        assert SECRET in asked(slack, "UANA", BANDS, "G1")
        assert SECRET in asked(slack, "UPIA", BANDS, "C2")
        slack.channels["G1"].members.append("ULUIS")
        assert "not everyone here may read it" in asked(slack, "UANA", BANDS, "G1")
        slack.channels["G1"].members.remove("ULUIS")
        assert SECRET in asked(slack, "UANA", BANDS, "G1")


def test_bots_in_a_channel_read_along_as_little_as_sabio_does(own_kb, socket_slack):
    slack = socket_slack
    slack.add_person("UROBOT", None, is_bot=True)
    slack.add_channel("G1", "hr-only", members=["UANA", "UROBOT"], is_private=True)
    with connected(own_kb, slack):
        assert SECRET in asked(slack, "UANA", BANDS, "G1")


def test_who_is_in_a_user_group_of_slacks_may_read_what_that_group_may(own_kb, socket_slack):
    slack = socket_slack
    slack.add_group("S1", "people-team", ["UANA", "ULUIS"])
    slack.add_person("UPIA", "pia@acme.com")
    change(own_kb, groups={"hr": frozenset({"group:slack/people-team"})})
    slack.add_channel("G1", "hr-only", members=["UANA", "ULUIS"], is_private=True)
    with connected(own_kb, slack):
        assert SECRET in asked(slack, "ULUIS", BANDS, "D2")
        assert SECRET in asked(slack, "ULUIS", BANDS, "G1")
        assert SECRET not in asked(slack, "UPIA", BANDS, "D3")


def test_large_and_shared_channels_are_told_what_everyone_may_read(own_kb, socket_slack):
    slack = socket_slack
    change(own_kb, groups={"hr": frozenset({"user:ana@acme.com", "user:luis@acme.com"})})
    slack.add_channel("C2", "partners", is_ext_shared=True, members=["UANA", "ULUIS"])
    slack.add_channel("C3", "small", members=["UANA"])
    with connected(own_kb, slack, members=2):  # Sabio is a member as well
        assert SECRET not in asked(slack, "UANA", BANDS)  # Ana, Luis and Sabio
        assert "24 days" in asked(slack, "UANA", HOLIDAY)
        assert SECRET in asked(slack, "UANA", BANDS, "C3")
        assert SECRET not in asked(slack, "UANA", BANDS, "C2")
        assert "24 days" not in asked(slack, "UANA", HOLIDAY, "C2")


def test_where_a_guest_reads_along_only_sources_that_are_marked_for_guests_are_spoken_of(own_kb, slack):
    slack.add_person("UGUEST", "guest@partner.com", is_restricted=True)
    with connected(own_kb, slack):
        hidden = asked(slack, "UANA", HOLIDAY)
        assert "24 days" not in hidden
        assert asked(slack, "UANA", HOLIDAY, "D1").count("24 days") > 0
        assert "full members of this workspace only" in asked(slack, "UGUEST", HOLIDAY)
    change(own_kb, "handbook", external=True)
    with connected(own_kb, slack):
        assert "24 days" in asked(slack, "UANA", HOLIDAY)
        assert "24 days" in asked(slack, "UGUEST", HOLIDAY)
        assert "24 days" in asked(slack, "UGUEST", HOLIDAY, "D3")
        assert SECRET not in asked(slack, "UGUEST", BANDS, "D3")
        assert SECRET not in asked(slack, "UANA", BANDS)


@pytest.mark.parametrize(
    ("method", "error"),
    [
        ("conversations.members", "internal_error"),
        ("conversations.info", "channel_not_found"),
        ("conversations.members", "fetch_members_failed"),
    ],
)
def test_members_that_cannot_be_found_out_count_as_anybody(own_kb, socket_slack, method, error):
    slack = socket_slack
    slack.add_channel("G1", "hr-only", members=["UANA"], is_private=True)
    with connected(own_kb, slack):
        slack.answer_next(method, error)
        assert SECRET not in asked(slack, "UANA", BANDS, "G1")
        assert SECRET in asked(slack, "UANA", BANDS, "G1")


def test_what_was_asked_by_whom_is_kept_with_the_outcome_that_they_saw(own_kb, socket_slack):
    slack = socket_slack
    with connected(own_kb, slack):
        asked(slack, "UANA", BANDS)
    [kept] = rows(own_kb, questions)
    assert (kept.person, kept.outcome, SECRET in str(kept.answer)) == ("ana@acme.com", "not_allowed", False)
