"""Nobody is told a word that they, or others in the conversation, may not read: wherever words come out."""

import json
import random

import pytest

from bot import ranking
from bot.answering import answer, inspect
from bot.door import handle
from bot.messages import Message, Outcome, Person
from bot.platforms._answers import answer_as_json, hits_as_json
from bot.retrieval import retrieve
from bot.why import explain
from config.errors import UnavailableError
from ingest.documents import EVERYONE
from ingest.permissions import principals_of
from tests.doubles import Page, open_base
from workers.local import sync_sources

ALL = frozenset({EVERYONE})
HR = "ana@acme.com"
OPEN = Page("dogs may come to the office on fridays", title="Dogs")
SECRET = Page(
    "band three earns canary thousand euros a year",
    title="Canary bands",
    readers=frozenset({"group:hr"}),
    author="Canary Author",
    url="https://wiki/canary",
)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    with open_base(tmp_path_factory.mktemp("guarded"), memory=["wiki"]) as kb:
        vars(kb)["settings"] = kb.settings.model_copy(update={"groups": {"hr": frozenset({f"user:{HR}"})}})
        kb.connectors["wiki"].pages.update({"dogs": OPEN, "bands": SECRET})
        sync_sources(kb, ["wiki"])
        yield kb


@pytest.fixture(params=["everything is answered", "nothing is answered"])
def extreme(request, monkeypatch):
    """The two ways to show most: quotes of whatever was found, and suggestions of it."""
    bar = -1.0 if request.param == "everything is answered" else 2.0
    monkeypatch.setattr(ranking, "SURE", bar)
    monkeypatch.setattr(ranking, "MAYBE", bar)


def everything_said(reply):
    return json.dumps(answer_as_json(reply), default=str).lower()


def test_who_may_not_read_a_page_sees_no_word_of_it(guarded, extreme):
    reply = answer(guarded, "how many euros does band three earn?", ALL)
    assert reply.outcome in (Outcome.ANSWERED, Outcome.NOT_FOUND)
    assert "canary" not in everything_said(reply)


def test_who_may_read_it_gets_it(guarded, extreme):
    reply = answer(
        guarded, "how many euros does band three earn?", principals_of(HR, guarded.settings.groups)
    )
    assert "canary" in everything_said(reply)


def test_a_conversation_with_somebody_who_may_not_read_the_answer_is_told_to_ask_privately(
    guarded, monkeypatch
):
    monkeypatch.setattr(ranking, "MAYBE", 0.0)
    monkeypatch.setattr(ranking, "confidence", _sure_of("canary"))
    asker = principals_of(HR, guarded.settings.groups)
    reply = answer(guarded, "how many euros does band three earn?", asker, ALL)
    assert reply.outcome is Outcome.NOT_ALLOWED
    assert reply.text == "There is an answer, but not everyone here may read it. Ask me privately."
    assert (reply.claims, reply.citations, reply.suggestions, reply.dropped) == ((), (), (), ())
    assert "canary" not in everything_said(reply)
    spanish = answer(guarded, "¿Cuántos euros earns band three?", asker, ALL)
    assert spanish.text.startswith("Hay una respuesta")


def _sure_of(word):
    """Confidence in what has a word, and in nothing else."""
    return lambda found, ranked, encoder: 0.99 if ranked and word in ranked[0].unit.quote else -1.0


def test_who_may_not_read_the_answer_privately_is_not_told_that_there_is_one(guarded, monkeypatch):
    monkeypatch.setattr(ranking, "confidence", _sure_of("canary"))
    reply = answer(guarded, "how many euros does band three earn?", ALL, ALL)
    assert reply.outcome is Outcome.NOT_FOUND


def test_an_audience_sees_what_all_of_it_may_read_although_the_asker_may_read_more(guarded, extreme):
    asker = principals_of(HR, guarded.settings.groups)
    reply = answer(guarded, "dogs fridays euros band three", asker, ALL)
    assert "canary" not in everything_said(reply)
    assert {one.document for one in (*reply.citations, *reply.suggestions)} <= {"dogs"}


def test_an_audience_that_has_more_than_the_asker_does_not_lend_it_to_the_asker(guarded, extreme):
    everything = ALL | {"group:hr"}
    assert "canary" not in everything_said(answer(guarded, "euros band three", ALL, everything))


def test_an_audience_with_nothing_in_common_is_shown_nothing(guarded, extreme):
    reply = answer(guarded, "dogs fridays", principals_of(HR, {}), frozenset({"group:other"}))
    assert (reply.citations, reply.suggestions) == ((), ())


def test_that_a_private_page_tips_the_scales_does_not_make_a_public_answer_a_private_one(
    guarded, monkeypatch
):
    def tipped(found, ranked, encoder):
        return 0.99 if {one.passage.entry for one in found.passages} == {"dogs", "bands"} else -1.0

    monkeypatch.setattr(ranking, "confidence", tipped)
    asker = principals_of(HR, guarded.settings.groups)
    reply = answer(guarded, "dogs may come to the office on fridays", asker, ALL)
    assert reply.outcome is Outcome.NOT_FOUND


def test_a_ledger_that_goes_down_midway_is_unavailable_and_not_not_found(guarded, monkeypatch):
    index = guarded.collection().index
    search = index.search

    def search_and_lose_the_ledger(*given):
        def away():
            raise UnavailableError("the ledger is away")

        monkeypatch.setattr(guarded.ledger, "read", away)
        return search(*given)

    monkeypatch.setattr(index, "search", search_and_lose_the_ledger)
    with pytest.raises(UnavailableError, match="the ledger is away"):
        answer(guarded, "dogs fridays", ALL)


# Contract row 1 in its quick form: people, nested groups, canaries in every field that could tell them.

PEOPLE = [f"p{number}@acme.com" for number in range(20)]
GROUPS = {
    **{f"team{number}": frozenset(f"user:{one}" for one in PEOPLE[number::5]) for number in range(5)},
    "north": frozenset({"group:team0", "group:team1"}),
    "south": frozenset({"group:team2", "user:p3@acme.com"}),
    "lead": frozenset({"group:north", "group:south"}),
    "loop": frozenset({"group:loop", "group:team4"}),
    "none": frozenset(),
}
TOPICS = [
    "dogs",
    "hotels",
    "holidays",
    "salaries",
    "parking",
    "laptops",
    "visitors",
    "fire",
    "coffee",
    "travel",
]


def canary_page(number, chance):
    groups = sorted(GROUPS)
    readers = frozenset(
        chance.choice([f"group:{chance.choice(groups)}", f"user:{chance.choice(PEOPLE)}", "domain:other.com"])
        for _ in range(chance.randint(0, 2))
    )
    mark, topic = f"canary{number:03}", TOPICS[number % len(TOPICS)]
    return Page(
        f"# {mark} rules\nthe rule for {topic} is {mark} \nabout {topic} ask {mark} first",
        title=f"{mark} {topic}",
        readers=readers or None,
        url=f"https://wiki/{mark}",
        author=f"Author {mark}",
    )


@pytest.fixture(scope="module")
def canaries(tmp_path_factory):
    chance = random.Random(1)
    with open_base(tmp_path_factory.mktemp("canaries"), memory=["wiki"]) as kb:
        vars(kb)["settings"] = kb.settings.model_copy(update={"groups": GROUPS})
        pages = kb.connectors["wiki"].pages
        pages.update({f"canary{number:03}": canary_page(number, chance) for number in range(100)})
        pages.update({topic: Page(f"everybody may read about {topic}", title=topic) for topic in TOPICS})
        sync_sources(kb, ["wiki"])
        yield kb


def hidden_from(kb, principals):
    return {
        name
        for name, page in kb.connectors["wiki"].pages.items()
        if not (page.readers and page.readers & principals)
    }


def leaks(said, hidden):
    return sorted(name for name in hidden if name in said)


def test_nobody_is_told_a_word_that_they_may_not_read_in_answers_searches_and_explanations(canaries, extreme):
    shown = 0
    for person in (*PEOPLE, "stranger@other.com", None):
        principals = principals_of(person, GROUPS)
        hidden = hidden_from(canaries, principals)
        assert len(hidden) > 20
        for topic in TOPICS[:: 2 if person else 1]:
            question = f"what is the rule for {topic}, and whom to ask?"
            said = everything_said(handle(canaries, Message(question, Person(person))))
            found = retrieve(canaries, question, principals, limit=100)
            said += json.dumps(hits_as_json(found), default=str) + str(found.dropped)
            assert leaks(said, hidden) == []
            shown += said.count("canary")
        decision = explain(canaries, f"the rule for {TOPICS[0]}", person).question
        assert leaks(str(decision), hidden) == []
    assert shown > 1000


def test_why_tells_nobody_what_somebody_else_was_answered(guarded, extreme):
    question = "what does band three earn, in euros?"
    handle(guarded, Message(question, Person(HR)))
    assert "canary" in str(explain(guarded, question)).lower()
    assert "canary" not in str(explain(guarded, question, "luis@acme.com")).lower()


def test_in_a_conversation_with_an_outsider_nobody_is_told_what_only_they_may_read(canaries, extreme):
    hidden = hidden_from(canaries, ALL)
    for person in PEOPLE[:8]:
        for topic in TOPICS[:5]:
            message = Message(f"what is the rule for {topic}?", Person(person), audience=ALL)
            assert leaks(everything_said(handle(canaries, message)), hidden) == []


def test_an_inspection_asks_the_index_for_nothing_that_the_person_may_not_read(canaries, monkeypatch):
    index, asked = canaries.collection().index, []
    search = index.search
    monkeypatch.setattr(index, "search", lambda *given: (asked.append(given[2]), search(*given))[1])
    inspect(canaries, "the rule for dogs", principals_of(PEOPLE[0], GROUPS))
    assert set(asked) == {principals_of(PEOPLE[0], GROUPS)}
