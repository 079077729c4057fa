"""An answer in a model's words: every sentence with its quotes, or not shown; and never silence."""

import pytest

from bot.answering import answer, inspect, respond
from bot.door import handle
from bot.messages import Message, Outcome, Person
from bot.writer import open_writer
from ingest.documents import EVERYONE
from tests.models import behaviours as b
from tests.models.scripted import Extractive, Inventive, Scripted

QUESTION = "How many days of holiday does everybody have?"
ALL = frozenset({EVERYONE})
RIGHT = "QUOTE {n}: Everybody has 24 days of holiday a year.\nSAY: You have 24 days of holiday a year.\n"


class Reading(Scripted):
    """Gives its replies with `{n}` filled in: the number of the passage that has the words."""

    def __init__(self, *replies, words="24 days"):
        super().__init__(list(replies), repeat=True)
        self._words = words

    def __call__(self, messages):
        reply = super().__call__(messages)
        blocks = str(messages[1]["content"]).split("<passage ")[1:]
        number = next((place for place, block in enumerate(blocks, 1) if self._words in block), 0)
        return reply.replace("{n}", str(number))


@pytest.fixture
def ask(kb, model_server):
    """Answers a question with a model that does as the script says: the reply, and the server."""

    def ask(script, *behaviours, question=QUESTION, show=None, **settings):
        server = model_server(script, *behaviours)
        named = {"llm": "openai-like:my-model", "llm_url": server.url, "llm_api_key": server.key}
        kb.settings = original.model_copy(update={"llm_patience": 5.0, **named, **settings})
        writer = open_writer(kb.settings)
        try:
            return respond(kb, inspect(kb, question, ALL), writer, show), server
        finally:
            writer.close()

    original = kb.settings
    yield ask
    kb.settings = original


def test_a_verified_sentence_is_shown_with_the_citation_that_it_rests_on(ask):
    reply, _ = ask(Reading(RIGHT))
    assert reply.outcome is Outcome.ANSWERED
    assert reply.text == "You have 24 days of holiday a year. [1]"
    [citation] = reply.citations
    assert (citation.document, citation.quote) == (
        "holidays.md",
        "Everybody has 24 days of holiday a year.",
    )
    assert reply.model == "openai-like:my-model"
    assert reply.tokens.in_ > 100


def test_sentences_are_shown_one_by_one_while_the_model_writes(ask):
    shown = []
    second = (
        "QUOTE {n}: Up to five days may be taken until 31 March\nSAY: Five may be taken until 31 March.\n"
    )
    reply, _ = ask(
        Reading(RIGHT + second),
        show=lambda claim, citations: shown.append((claim.text, [one.number for one in citations])),
    )
    assert [text for text, _ in shown] == [claim.text for claim in reply.claims]
    assert shown[0] == ("You have 24 days of holiday a year.", [1])


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("QUOTE {n}: Everybody has 30 days\nSAY: You have 30 days.", "does not stand in the passage"),
        ("QUOTE {n}: Everybody has 24 days of holiday a year.\nSAY: You have 25 days.", "25"),
        ("QUOTE 99: Everybody has 24 days\nSAY: You have 24 days.", "passage 99"),
        ("SAY: You have 24 days.", "quotes nothing"),
        ("In my opinion you have 24 days.", "not in the form"),
    ],
)
def test_what_its_quotes_do_not_carry_is_dropped_with_the_rule_and_never_mended(ask, line, rule):
    reply, _ = ask(Reading(f"{RIGHT}{line}\n"))
    assert [claim.text for claim in reply.claims] == ["You have 24 days of holiday a year."]
    [dropped] = reply.dropped
    assert rule in dropped.rule
    assert reply.outcome is Outcome.PARTIAL  # one of two is not all of it


def test_a_model_that_invents_shows_nothing_and_nothing_is_found(ask):
    reply, _ = ask(Inventive())
    assert reply.outcome is Outcome.NOT_FOUND
    assert (reply.claims, reply.citations) == ((), ())
    assert reply.dropped
    assert reply.suggestions[0].document == "holidays.md"


def test_a_models_refusal_is_believed_however_near_the_page(ask):
    reply, _ = ask(Reading("NONE"))
    assert reply.outcome is Outcome.NOT_FOUND
    assert reply.suggestions


def test_a_part_of_the_answer_is_told_as_one_and_the_models_word_for_the_rest_is_not_shown(ask):
    reply, _ = ask(Reading(f"{RIGHT}MISSING: whether Mars counts as a holiday\n"))
    assert reply.outcome is Outcome.PARTIAL
    assert "Mars" not in reply.text


def test_a_reply_in_another_form_is_asked_for_once_more(ask):
    reply, server = ask(Reading("You have 24 days!", RIGHT))
    assert reply.outcome is Outcome.ANSWERED or reply.outcome is Outcome.PARTIAL
    assert reply.citations
    first, second = server.requests
    assert len(second.messages) == len(first.messages) + 2


@pytest.mark.parametrize("prose", ["You have 24 days!", '{"answer": 24}', "<html>"])
def test_a_model_that_will_not_keep_the_form_gives_way_to_quotation(ask, prose):
    reply, server = ask(Reading(prose))
    assert len(server.requests) == 2
    assert reply.outcome is Outcome.ANSWERED
    assert "Everybody has 24 days of holiday a year. [1]" in reply.text
    assert "word for word" in reply.notes[0]
    assert reply.model is None


@pytest.mark.parametrize(
    "failure", [b.hang, b.reset, b.status(503), b.status(429, 60), b.garbage, b.broken_json, b.empty]
)
def test_a_model_that_fails_gives_way_to_quotation_and_that_is_said(ask, failure):
    reply, _ = ask(Reading(RIGHT), failure, llm_patience=0.4)
    assert reply.outcome is Outcome.ANSWERED
    assert reply.citations
    assert reply.notes == ("The language model did not answer, so this is quoted word for word.",)


def test_a_wrong_key_gives_way_to_quotation_and_is_a_matter_for_whoever_runs_it(ask, caplog):
    reply, _ = ask(Reading(RIGHT), llm_api_key="wrong")
    assert reply.outcome is Outcome.ANSWERED
    assert "not set up right" in reply.notes[0]
    assert "check its API key" in caplog.text


def test_a_model_that_breaks_off_leaves_what_was_verified_and_that_is_said(ask):
    reply, _ = ask(Reading(RIGHT + "QUOTE {n}: Up to five days may" + " be taken" * 20), b.cut_after(40))
    assert [claim.text for claim in reply.claims] == ["You have 24 days of holiday a year."]
    assert reply.outcome is Outcome.PARTIAL
    assert "broke off" in reply.notes[0]


def test_half_a_sentence_never_passes_for_a_whole_one(ask):
    whole = "QUOTE {n}: Everybody has 24 days of holiday a year.\nSAY: Everybody has 24 days of holiday"
    reply, _ = ask(Reading(whole), b.out_of_tokens(18))
    assert "Everybody has 24 days of holiday" not in [claim.text for claim in reply.claims]
    assert reply.model is None  # it is quoted instead
    assert "Everybody has 24 days of holiday a year." in [claim.text for claim in reply.claims]


def test_where_nothing_was_found_that_has_to_do_with_it_no_model_is_asked(ask):
    reply, server = ask(Extractive(), question="Who painted the ceiling of the Sistine Chapel?")
    assert reply.outcome is Outcome.NOT_FOUND
    assert server.requests == []


def test_strict_verification_asks_about_each_sentence_and_drops_what_is_not_confirmed(ask):
    reply, server = ask(Reading(RIGHT, "YES"), verify="strict")
    assert reply.outcome is Outcome.ANSWERED
    assert "JUDGE" in str(server.requests[1].messages)
    reply, _ = ask(Reading(RIGHT, "NO"), verify="strict")
    assert reply.outcome is Outcome.NOT_FOUND
    assert "second look" in reply.dropped[0].rule


def test_the_prompt_has_tone_glossary_date_and_the_question_and_nothing_that_may_not_be_read(ask, tmp_path):
    glossary = tmp_path / "glossary.yaml"
    glossary.write_text("holiday: a paid day off\nzeppelin: an airship\n", encoding="utf-8")
    _, server = ask(Reading(RIGHT), tone="brief and friendly", glossary=glossary)
    said = str(server.requests[0].messages)
    assert "brief and friendly" in said
    assert "a paid day off" in said
    assert "airship" not in said
    assert QUESTION in said
    assert "41,000" not in said  # of the salaries, which not everybody may read
    assert server.requests[0].body.get("tools") is None


def test_a_glossary_that_cannot_be_read_keeps_nobody_from_an_answer(ask, tmp_path, caplog):
    glossary = tmp_path / "glossary.yaml"
    glossary.write_text("- not\n- a mapping\n", encoding="utf-8")
    reply, _ = ask(Reading(RIGHT), glossary=glossary)
    assert reply.outcome is Outcome.ANSWERED
    assert "word: meaning" in caplog.text


def test_in_a_conversation_with_others_the_model_sees_what_all_of_them_may_read(own_kb, model_server):
    server = model_server(Reading("NONE"))
    named = {"llm": "openai-like:my-model", "llm_url": server.url, "llm_api_key": server.key}
    own_kb.settings = own_kb.settings.model_copy(update={**named, "llm_patience": 5.0})
    writer = open_writer(own_kb.settings)
    hr = frozenset({EVERYONE, "group:hr", "user:ana@acme.com"})
    reply = answer(own_kb, "What does band three start at, in euros a year?", hr, ALL, writer=writer)
    writer.close()
    assert reply.outcome is Outcome.NOT_ALLOWED
    assert all("41,000" not in str(request.messages) for request in server.requests)


def test_the_door_counts_what_a_question_took_and_quotes_when_the_budget_is_used_up(own_kb, model_server):
    server = model_server(Reading(RIGHT))
    named = {"llm": "openai-like:my-model", "llm_url": server.url, "llm_api_key": server.key}
    spend = own_kb.settings.spend.model_copy(update={"per_person": 0.0001})
    own_kb.settings = own_kb.settings.model_copy(update={**named, "llm_patience": 5.0, "spend": spend})
    ana, luis = Person("ana@acme.com"), Person("luis@acme.com")
    assert handle(own_kb, Message(QUESTION, ana)).model == "openai-like:my-model"
    capped = handle(own_kb, Message(QUESTION, ana))
    assert (capped.model, capped.outcome) == (None, Outcome.ANSWERED)
    assert "budget" in capped.notes[-1]
    assert handle(own_kb, Message(QUESTION, luis)).model == "openai-like:my-model"
    assert len(server.requests) == 2


def test_a_real_small_model_is_asked_and_whatever_it_says_nothing_unverified_is_shown(own_kb, small_model):
    # SmolLM2 of 135 million parameters: this is about the wiring, not about the answer.
    named = {"llm": f"openai-like:{small_model.model}", "llm_url": small_model.url}
    named |= {"llm_api_key": small_model.key, "llm_patience": 60.0, "llm_options": {"max_tokens": 24}}
    own_kb.settings = own_kb.settings.model_copy(update=named)
    reply = handle(own_kb, Message(QUESTION, Person()))
    assert reply.outcome in (Outcome.ANSWERED, Outcome.PARTIAL, Outcome.NOT_FOUND)
    assert reply.tokens.in_ > 100
    assert reply.tokens.out > 0
    assert all(claim.citations for claim in reply.claims)
