"""To whom, and from where: groups of the platform, guests, channels with settings, and who reads along."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answering import Venue, answer
from bot.audience import audience_of, principals_for, sources_for
from bot.door import handle
from bot.messages import Message, Outcome, Person
from bot.platforms._answers import answer_as_json
from config.settings import Settings
from ingest.documents import EVERYONE
from ingest.knowledge import KnowledgeBase
from ingest.permissions import may_read
from tests.models.scripted import Scripted
from workers.local import sync_sources

ALL = frozenset({EVERYONE})
ANA, LUIS = Person("ana@acme.com"), Person("luis@acme.com")
GUEST = Person("gina@other.com", external=True)
HOLIDAYS = "How many days of holiday does everybody have?"
BANDS = "What does band three start at, in euros a year?"


def everything_said(reply):
    return json.dumps(answer_as_json(reply), default=str)


@pytest.fixture
def opened(own_kb):
    """The company, with a say over its settings: `opened(handbook={"external": True}, groups=…)`."""

    def change(groups=None, **of_sources):
        sources = [one.model_copy(update=of_sources.get(one.name, {})) for one in own_kb.settings.sources]
        update = {"sources": tuple(sources)} | ({"groups": groups} if groups is not None else {})
        own_kb.settings = own_kb.settings.model_copy(update=update)
        return own_kb

    return change


# --- groups that the platform keeps ---


def test_a_member_of_a_platforms_group_reads_what_an_own_group_reads_that_holds_it(opened):
    kb = opened(groups={"hr": frozenset({"group:slack/S1"})})
    member = replace(LUIS, groups=frozenset({"group:slack/S1"}))
    assert {"group:slack/S1", "group:hr"} <= principals_for(kb, member)
    assert "41,000" in handle(kb, Message(BANDS, member)).text
    for other in (LUIS, replace(LUIS, groups=frozenset({"group:slack/S2"}))):
        assert "41,000" not in everything_said(handle(kb, Message(BANDS, other)))


# --- guests and people of other companies ---


@pytest.mark.parametrize("text", [HOLIDAYS, BANDS, "", "What can you do?", "hello"])
def test_a_guest_is_politely_refused_where_no_source_is_external(opened, text):
    reply = handle(opened(), Message(text, GUEST))
    assert reply.outcome is Outcome.NOT_ALLOWED
    assert (
        reply.text == "I answer full members of this workspace only, not guests or people of other companies."
    )
    assert (reply.citations, reply.suggestions, reply.dropped) == ((), (), ())


def test_a_guest_is_refused_in_the_questions_language(opened):
    reply = handle(opened(), Message("¿Cuántos días de vacaciones tiene todo el mundo?", GUEST))
    assert reply.text.startswith("Solo respondo a miembros plenos")


def test_a_guest_is_answered_from_what_everyone_may_read_of_an_external_source(opened):
    kb = opened(handbook={"external": True})
    reply = handle(kb, Message(HOLIDAYS, GUEST))
    assert reply.outcome is Outcome.ANSWERED
    assert "24 days" in reply.text
    abilities = handle(kb, Message("What can you do?", GUEST)).text
    assert "handbook" in abilities
    assert "salaries" not in abilities


def test_a_guest_counts_as_nothing_but_everyone_whatever_address_and_groups_they_have(opened):
    kb = opened(handbook={"external": True}, salaries={"external": True})
    for guest in (GUEST, replace(ANA, external=True), replace(GUEST, groups=frozenset({"group:hr"}))):
        assert principals_for(kb, guest) == ALL
        reply = handle(kb, Message(BANDS, guest))
        assert reply.outcome is not Outcome.NOT_ALLOWED
        assert "41,000" not in everything_said(reply)


def test_a_guest_in_a_channel_of_internal_sources_is_refused(opened):
    kb = opened(handbook={"external": True})
    message = Message(HOLIDAYS, GUEST, sources=frozenset({"salaries"}))
    assert handle(kb, message).outcome is Outcome.NOT_ALLOWED


def test_before_guests_who_read_along_only_external_sources_speak_and_the_asker_is_told_to_ask_privately(
    opened,
):
    kb = opened()
    message = Message(HOLIDAYS, ANA, audience=audience_of(kb, [ANA, GUEST]), outsiders=True)
    hidden = handle(kb, message)
    assert hidden.outcome is Outcome.NOT_ALLOWED
    assert "Ask me privately" in hidden.text
    assert "24 days" not in everything_said(hidden)
    assert "24 days" in handle(opened(handbook={"external": True}), message).text


def test_sources_that_outsiders_may_not_be_told_of_are_not_named_before_them(opened):
    message = Message("What can you do?", ANA, audience=ALL, outsiders=True)
    reply = handle(opened(), message)
    assert reply.outcome is Outcome.ANSWERED
    assert "handbook" not in reply.text
    assert "our own documents (…)" in reply.text


# --- the sources of a channel ---


def test_a_channel_is_answered_from_its_sources_only(opened):
    kb = opened()
    for sources, told in (({"handbook"}, True), ({"salaries"}, False), (set(), False), ({"gone"}, False)):
        reply = handle(kb, Message(HOLIDAYS, ANA, sources=frozenset(sources)))
        assert ("24 days" in everything_said(reply)) is told
        cited = {one.source for one in (*reply.citations, *reply.suggestions)}
        assert cited <= sources
        if not told:
            assert reply.outcome in {Outcome.NOT_FOUND, Outcome.PARTIAL}


def test_what_another_source_says_is_no_reason_to_send_somebody_to_a_private_talk(opened):
    kb = opened()
    asked = Message(BANDS, ANA, audience=audience_of(kb, [ANA, LUIS]))
    assert handle(kb, asked).outcome is Outcome.NOT_ALLOWED
    here = handle(kb, replace(asked, sources=frozenset({"handbook"})))
    assert here.outcome is Outcome.NOT_FOUND
    assert {one.source for one in here.suggestions} <= {"handbook"}


def test_a_source_that_contradicts_the_answer_is_not_heard_where_it_is_not_asked(opened):
    kb = opened()
    other = kb.settings.folder / "salaries" / "holidays.md"
    other.write_text("# Holidays\n\nEverybody has 30 days of holiday a year.\n", encoding="utf-8")
    sync_sources(kb, ["salaries"])
    assert "30 days" in everything_said(handle(kb, Message(HOLIDAYS, ANA)))
    reply = handle(kb, Message(HOLIDAYS, ANA, sources=frozenset({"handbook"})))
    assert "24 days" in reply.text
    assert "30 days" not in everything_said(reply)
    assert reply.notes == ()


def test_a_channels_tone_takes_the_place_of_the_common_one(opened, model_server):
    kb = opened()
    server = model_server(Scripted(["NONE"], repeat=True))
    named = {"llm": "openai-like:my-model", "llm_url": server.url, "llm_api_key": server.key}
    kb.settings = kb.settings.model_copy(update={"tone": "solemn", "llm_patience": 5.0, **named})
    for message in (Message(HOLIDAYS, ANA), Message(HOLIDAYS, ANA, tone="like a pirate")):
        handle(kb, message)
    first, second = (str(prompt[0]["content"]) for prompt in server.prompts)
    assert "Your tone: solemn." in first
    assert "Your tone: like a pirate." in second
    assert "solemn" not in second


def test_a_venue_that_shares_less_than_it_is_answered_from_hints_at_the_rest(kb):
    asked = (kb, HOLIDAYS, ALL, ALL)
    assert answer(*asked).outcome is Outcome.ANSWERED
    assert answer(*asked, venue=Venue(shared=frozenset({"salaries"}))).outcome is Outcome.NOT_ALLOWED


# --- who reads along ---


def test_an_audience_has_in_common_what_every_member_has(kb):
    assert audience_of(kb, [ANA, LUIS]) == {EVERYONE, "domain:acme.com"}
    assert audience_of(kb, [ANA, Person("eva@other.com")]) == ALL


def test_ana_alone_is_as_private_as_a_direct_message(kb):
    assert audience_of(kb, [ANA]) == principals_for(kb, ANA)
    assert "group:hr" in audience_of(kb, [ANA, ANA])


@pytest.mark.parametrize("members", [[], [Person()], [ANA, GUEST], [replace(ANA, external=True)]])
def test_nobody_known_and_guests_leave_what_everyone_may_read(kb, members):
    assert audience_of(kb, members) == ALL


ADDRESSES = ["ana@acme.com", "luis@acme.com", "eva@other.com", None]
NAMES = ["hr", "it", "all", "north"]
PRINCIPALS = [EVERYONE, "domain:acme.com", "group:slack/S1", "group:slack/S2"]
PRINCIPALS += [*(f"user:{one}" for one in ADDRESSES if one), *(f"group:{name}" for name in NAMES)]
SETS = st.frozensets(st.sampled_from(PRINCIPALS))
PEOPLE = st.builds(
    Person,
    st.sampled_from(ADDRESSES),
    groups=st.frozensets(st.sampled_from(["group:slack/S1", "group:slack/S2"])),
    external=st.booleans(),
)


def company_of(groups):
    """A knowledge base of which only the groups matter; nothing of it is opened."""
    return KnowledgeBase(Settings.model_construct(groups=groups, sources=()))


@given(st.dictionaries(st.sampled_from(NAMES), SETS), st.lists(PEOPLE, max_size=5), SETS)
def test_what_an_audience_may_read_each_member_may_read(groups, members, readers):
    company = company_of(groups)
    audience = audience_of(company, members)
    if may_read(audience, readers):
        assert all(may_read(principals_for(company, one), readers) for one in members)


@given(st.dictionaries(st.sampled_from(NAMES), SETS), st.lists(PEOPLE, min_size=1, max_size=5), PEOPLE)
def test_whoever_joins_never_adds_to_what_the_audience_may_read(groups, members, another):
    company = company_of(groups)
    assert audience_of(company, [*members, another]) <= audience_of(company, members)


def test_the_sources_that_outsiders_may_be_told_of_are_among_those_that_were_named(opened):
    kb = opened(handbook={"external": True})
    named = frozenset({"salaries", "handbook"})
    assert sources_for(kb, external=False) is None
    assert sources_for(kb, named, external=False) == named
    assert sources_for(kb, external=True) == sources_for(kb, named, external=True) == {"handbook"}
    assert sources_for(kb, frozenset({"salaries"}), external=True) == frozenset()
