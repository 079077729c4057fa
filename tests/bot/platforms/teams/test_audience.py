"""Who reads along decides what is said: looked up at every question, and cautious where it is not known."""

import pytest

from ingest.ledger.tables import questions
from tests.bot.platforms.slack.test_audience import SECRET, change
from tests.bot.platforms.teams.conftest import BANDS, HOLIDAY, connected, rows, shown
from tests.teams.checks import is_whole

pytestmark = pytest.mark.usefixtures("loopback")


def asked(teams, user, text, place="general"):
    """What everybody in a conversation is shown."""
    said, _ = teams.say(user, text, place)
    return shown(teams.await_reply(said, until=is_whole))


def test_a_conversation_is_told_what_all_of_its_members_may_read_for_as_long_as_they_are_these(own_kb, teams):
    teams.add_person("pia", "pia@acme.com")
    change(own_kb, groups={"hr": frozenset({"user:ana@acme.com", "user:pia@acme.com"})})
    teams.add_channel("hr-only", ["ana", "pia"])
    teams.add_group("hr-too", ["pia", "ana"])
    with connected(own_kb, teams):
        for place in ("hr-only", "hr-too"):
            assert SECRET in asked(teams, "ana", BANDS, place)
            teams.places[place].members.append("luis")
            assert "not everyone here may read it" in asked(teams, "ana", BANDS, place)
            teams.places[place].members.remove("luis")
            assert SECRET in asked(teams, "pia", BANDS, place)


def test_every_page_of_the_members_counts(own_kb, teams):
    names = [teams.add_person(f"p{number}", f"p{number}@acme.com") for number in range(60)]
    change(own_kb, groups={"hr": frozenset(f"user:{name}@acme.com" for name in names)})
    teams.add_channel("many", names)
    teams.page = 50
    with connected(own_kb, teams):
        assert SECRET in asked(teams, "p1", BANDS, "many")
        teams.places["many"].members.append("luis")
        assert SECRET not in asked(teams, "p1", BANDS, "many")
    assert teams.called("members") == 4


def test_large_and_shared_channels_are_told_what_everyone_may_read(own_kb, teams):
    change(own_kb, groups={"hr": frozenset({"user:ana@acme.com", "user:luis@acme.com"})})
    teams.add_channel("partners", ["ana", "luis"], type="shared")
    teams.add_channel("small", ["ana"])
    with connected(own_kb, teams, members=1):
        assert SECRET not in asked(teams, "ana", BANDS)
        assert "24 days" in asked(teams, "ana", HOLIDAY)
        assert SECRET in asked(teams, "ana", BANDS, "small")
        assert SECRET not in asked(teams, "ana", BANDS, "partners")
        assert "24 days" not in asked(teams, "ana", HOLIDAY, "partners")


@pytest.mark.parametrize("changed", [{"role": "guest"}, {"role": "anonymous"}, {"tenant": "another"}])
def test_guests_and_people_of_other_tenants_are_told_that_they_are_not_answered(own_kb, teams, changed):
    teams.add_person("eve", "eve@partner.com", **changed)
    teams.places["general"].members.append("eve")
    with connected(own_kb, teams):
        for place in (None, "general"):
            said = asked(teams, "eve", HOLIDAY, place)
            assert "24 days" not in said
            assert "full members of this workspace only" in said
    assert [row.outcome for row in rows(own_kb, questions)] == ["not_allowed"] * 2


def test_where_a_guest_reads_along_only_sources_that_are_marked_for_guests_are_spoken_of(own_kb, teams):
    teams.add_person("eve", "eve@partner.com", role="guest")
    teams.places["general"].members.append("eve")
    with connected(own_kb, teams):
        assert "24 days" not in asked(teams, "ana", HOLIDAY)
        assert "24 days" in asked(teams, "ana", HOLIDAY, None)
    change(own_kb, "handbook", external=True)
    with connected(own_kb, teams):
        assert "24 days" in asked(teams, "ana", HOLIDAY)
        assert "24 days" in asked(teams, "eve", HOLIDAY)
        assert "24 days" in asked(teams, "eve", HOLIDAY, None)
        assert SECRET not in asked(teams, "eve", BANDS, None)
        assert SECRET not in asked(teams, "ana", BANDS)


@pytest.mark.parametrize("status", [403, 404])
def test_members_that_cannot_be_found_out_count_as_anybody(own_kb, teams, status):
    teams.add_channel("hr-only", ["ana"])
    with connected(own_kb, teams):
        teams.answer_next("members", status)
        assert SECRET not in asked(teams, "ana", BANDS, "hr-only")
        assert SECRET in asked(teams, "ana", BANDS, "hr-only")


def test_who_has_no_address_is_nobody(own_kb, teams):
    teams.add_person("kim", None, userPrincipalName=None)
    teams.add_person(
        "lee", "ana@acme.com", userPrincipalName="lee_acme.com#EXT#@acme.onmicrosoft.com", role="guest"
    )
    with connected(own_kb, teams):
        assert SECRET not in asked(teams, "kim", BANDS, None)
        assert SECRET not in asked(teams, "lee", BANDS, None)


def test_who_is_in_a_group_of_entras_may_read_what_that_group_may(own_kb, teams):
    change(own_kb, groups={"hr": frozenset({"group:teams/g-1"})})
    group = {"id": "g-1", "displayName": "People team"}
    teams.microsoft.groups[teams.people["luis"]["aadObjectId"]] = [group]
    teams.add_group("alone", ["luis"])
    with connected(own_kb, teams):
        assert SECRET in asked(teams, "luis", BANDS, None)
        assert SECRET in asked(teams, "luis", BANDS, "alone")
        assert SECRET not in asked(teams, "ana", BANDS, None)
        assert SECRET not in asked(teams, "luis", BANDS)
