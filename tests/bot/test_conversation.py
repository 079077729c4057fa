"""Follow-ups stand alone: what they leave out is taken from what was asked before, and from nothing else."""

import pytest

from bot.conversation import complete, leans, stand_alone
from bot.door import handle
from bot.messages import Message, Outcome, Person, Tokens
from bot.writer import open_writer
from tests.models.behaviours import status
from tests.models.scripted import Extractive, Scripted

ANA, LUIS = Person("ana@acme.com"), Person("luis@acme.com")
HOLIDAYS = "How many days of holiday does everybody have?"


def ask(kb, text, person=ANA, thread="t1", **more):
    return handle(kb, Message(text, person, thread=thread, **more))


def standalone(kb, text, thread="t1", **more):
    return stand_alone(kb, Message(text, ANA, thread=thread, **more))[0]


@pytest.mark.parametrize(
    ("before", "question", "whole"),
    [
        (
            "How many days of holiday do I have in Ireland?",
            "And in Spain?",
            "How many days of holiday do I have in Spain?",
        ),
        (
            "¿Cuántos días de vacaciones hay en Madrid?",
            "¿Y en Bogotá?",
            "¿Cuántos días de vacaciones hay en Bogotá?",
        ),
        (
            "What is the limit for hotels in Dublin in summer?",
            "what about in winter?",
            "What is the limit for hotels in Dublin in winter?",
        ),
        ("When do dogs come to the office?", "And cats?", "When do dogs come to the office – cats?"),
        (
            "Who approves expenses?",
            "and how long does it take?",
            "Who approves expenses – how long does it take?",
        ),
        ("¿Quién aprueba los gastos?", "¿Y los viajes?", "¿Quién aprueba los gastos – los viajes?"),
        ("How do I get a laptop?", "Who approves that?", "How do I get a laptop – Who approves that?"),
    ],
)
def test_a_follow_up_takes_what_it_leaves_out_from_the_question_before(before, question, whole):
    assert complete(question, before) == whole


@pytest.mark.parametrize(
    "question",
    [
        "How many days of holiday do I have?",
        "What is the VPN needed for?",
        "¿Cuántos días de vacaciones tengo al año?",
        "¿Dónde está la oficina de Valencia?",
        "And how many days of parental leave do fathers get in Ireland?",
        "Is it allowed to bring dogs into the Dublin office on Fridays?",
        "¿Quién aprueba los gastos de los viajes?",
    ],
)
def test_a_question_that_is_complete_stays_as_it_is_whatever_came_before(question):
    assert not leans(question)
    assert complete(question, "Who won the table tennis cup?") == question


def test_a_follow_up_is_answered_from_what_the_question_before_was_about(own_kb):
    assert ask(own_kb, "When may dogs come to the office?").outcome is Outcome.ANSWERED
    reply = ask(own_kb, "And where are they on a lead?")
    assert "on a lead in corridors" in reply.text


def test_several_people_share_a_conversation_and_its_subject(own_kb):
    ask(own_kb, HOLIDAYS, LUIS)
    assert standalone(own_kb, "And in Spain?") == f"{HOLIDAYS.rstrip('?')} – in Spain?"


def test_what_is_asked_elsewhere_is_no_part_of_the_conversation(own_kb):
    ask(own_kb, HOLIDAYS, thread="t1")
    assert standalone(own_kb, "And in Spain?", thread="t2") == "And in Spain?"
    assert standalone(own_kb, "And in Spain?", thread=None) == "And in Spain?"
    assert standalone(own_kb, "And in Spain?", platform="slack") == "And in Spain?"


def test_a_second_follow_up_rests_on_the_first_as_it_was_completed(own_kb):
    ask(own_kb, "How many days of holiday are there in Ireland?")
    ask(own_kb, "And in Spain?")
    assert standalone(own_kb, "And in Chile?") == "How many days of holiday are there in Chile?"


def test_a_new_subject_leaves_the_old_one_behind(own_kb):
    ask(own_kb, HOLIDAYS)
    assert standalone(own_kb, "What is the VPN needed for?") == "What is the VPN needed for?"
    reply = ask(own_kb, "What is the VPN needed for?")
    assert {citation.document for citation in reply.citations} == {"vpn.md"}


def test_an_edited_question_replaces_what_it_was_before(own_kb):
    ask(own_kb, "How many days of holiday are there in Ireland?", id="m1")
    ask(own_kb, "When may dogs come to the office in Ireland?", id="m1")
    assert standalone(own_kb, "And in Spain?") == "When may dogs come to the office in Spain?"
    # While it is asked again it is no follow-up of itself.
    assert standalone(own_kb, "And in Spain?", id="m1") == "And in Spain?"


def test_small_talk_is_answered_without_a_search_and_is_no_subject(own_kb):
    ask(own_kb, "How many days of holiday are there in Ireland?")
    thanks = ask(own_kb, "Thanks!")
    assert (thanks.text, thanks.citations, thanks.suggestions) == ("You're welcome!", (), ())
    assert standalone(own_kb, "And in Spain?") == "How many days of holiday are there in Spain?"


def test_a_model_words_the_question_and_sees_questions_alone_never_answers(own_kb, model_server):
    reply = ask(own_kb, "What does band three start at, in euros a year?")
    assert "41,000" in reply.text
    server = model_server(Scripted(["What does band four start at, in euros a year?"]))
    settings = own_kb.settings.model_copy(
        update={"llm": "openai-like:my-model", "llm_url": server.url, "llm_api_key": server.key}
    )
    writer = open_writer(settings)
    text, tokens = stand_alone(own_kb, Message("And band four?", ANA, thread="t1"), writer)
    writer.close()
    assert text == "What does band four start at, in euros a year?"
    assert tokens != Tokens()
    [request] = server.requests
    assert "band three" in str(request.messages)
    assert "41,000" not in str(request.messages)


def test_where_the_model_fails_the_rule_completes_the_question(own_kb, model_server):
    ask(own_kb, "How many days of holiday are there in Ireland?")
    server = model_server(Extractive(), status(500))
    settings = own_kb.settings.model_copy(
        update={"llm": "openai-like:my-model", "llm_url": server.url, "llm_api_key": server.key}
    )
    writer = open_writer(settings)
    text, _ = stand_alone(own_kb, Message("And in Spain?", ANA, thread="t1"), writer)
    writer.close()
    assert text == "How many days of holiday are there in Spain?"
