"""The scripts: what each of them makes of a prompt, and that they understand the prompts that Sabio sends."""

import re

import pytest
from llama_index.core.llms import ChatMessage

from bot import prompts
from tests.bot.passages import make_passage
from tests.models.in_process import ScriptedLLM
from tests.models.reading import passages_of, question_of
from tests.models.scripted import Extractive, Inventive, Scripted

HOLIDAYS = make_passage(
    "Everybody has 24 days of holiday a year.\n- Up to five days may be carried over.", day=3
)
DOGS = make_passage("Dogs may come to the office on Fridays. The dog is on a lead.", document="dogs", day=4)


def messages_of(prompt):
    """A prompt of `bot.prompts` as it goes over the wire."""
    turns = [
        {"role": ("user", "assistant")[place % 2], "content": turn} for place, turn in enumerate(prompt.turns)
    ]
    return [{"role": "system", "content": prompt.system}, *turns]


def asked(question, *passages, language="en"):
    return messages_of(prompts.answering(question, language, passages))


def test_the_passages_and_the_question_of_a_prompt_are_read():
    messages = asked("¿Cuántos días?", HOLIDAYS, DOGS, language="es")
    first, second = passages_of(messages)
    assert (first.number, first.text) == (1, HOLIDAYS.text)
    assert (second.number, second.title, second.header["date"]) == (2, "Dogs", "2026-03-04")
    assert question_of(messages) == "¿Cuántos días?"


def test_they_are_read_in_a_prompt_that_asks_for_a_repair_too():
    messages = messages_of(prompts.answering("How many days?", "en", [DOGS]).then("Hm.", prompts.REPAIR))
    assert [passage.text for passage in passages_of(messages)] == [DOGS.text]
    assert question_of(messages) == "How many days?"


def test_a_fence_with_a_sign_in_its_title_and_a_message_in_parts_are_read():
    part = {"type": "text", "text": '<passage number="7" title="A > B &amp; C">\nText.\n</passage>\nWhat?'}
    [passage] = passages_of([{"role": "user", "content": [part]}])
    assert (passage.number, passage.title, passage.text) == (7, "A > B & C", "Text.")


def test_scripted_replies_are_given_in_turn_and_one_prompt_more_is_an_error():
    script = Scripted(["One.", iter(["Tw", "o."])])
    assert script(asked("First?")) == "One."
    assert list(script(asked("Second?"))) == ["Tw", "o."]
    assert [question_of(prompt) for prompt in script.prompts] == ["First?", "Second?"]
    with pytest.raises(AssertionError, match="2 replies were scripted"):
        script(asked("Third?"))


def test_the_last_scripted_reply_may_be_repeated():
    script = Scripted(["One.", "Two."], repeat=True)
    assert [script(asked("?")) for _ in range(4)] == ["One.", "Two.", "Two.", "Two."]


def test_extractive_quotes_the_sentence_that_answers():
    reply = Extractive()(asked("May I bring my dog to the office?", HOLIDAYS, DOGS))
    sentence = "Dogs may come to the office on Fridays."
    assert reply.splitlines()[:2] == [f"QUOTE 2: {sentence}", f"SAY: {sentence}"]


def test_extractive_quotes_list_items_without_their_bullets():
    reply = Extractive()(asked("How many days may be carried over?", HOLIDAYS))
    assert "QUOTE 1: Up to five days may be carried over." in reply.splitlines()


def test_extractive_reads_spanish_without_minding_accents_and_plurals():
    spanish = make_passage("Los perros pueden venir los viernes.", language="es")
    reply = Extractive()(asked("¿Qué viernes puede venir el perro?", spanish, language="es"))
    assert "SAY: Los perros pueden venir los viernes." in reply.splitlines()


@pytest.mark.parametrize(
    "question", ["Who painted the Mona Lisa?", "Is the dog allowed to fly abroad tomorrow?"]
)
def test_extractive_says_none_where_the_passages_do_not_answer(question):
    assert Extractive()(asked(question, HOLIDAYS, DOGS)) == "NONE"


def test_extractive_says_none_where_there_are_no_passages():
    assert Extractive()(asked("How many days?")) == "NONE"


@pytest.mark.parametrize(
    ("earlier", "follow_up", "alone"),
    [
        (
            ["How many days of holiday do I have?"],
            "And in Spain?",
            "How many days of holiday do I have, in Spain?",
        ),
        (
            ["¿Cuántos días de vacaciones tengo?"],
            "¿Y en España?",
            "¿Cuántos días de vacaciones tengo, en España?",
        ),
        (["How many days?"], "May the dog come to the office?", "May the dog come to the office?"),
        ([], "And in Spain?", "And in Spain?"),
    ],
)
def test_extractive_words_a_follow_up_so_that_it_stands_alone(earlier, follow_up, alone):
    assert Extractive()(messages_of(prompts.rewriting(follow_up, earlier))) == alone


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        ("You have 24 days of holiday a year.", "YES"),
        ("You have 42 days of holiday a year.", "NO"),
        ("The cafeteria serves fresh lentils every Thursday.", "NO"),
    ],
)
def test_extractive_judges_claims(claim, verdict):
    prompt = prompts.judging(claim, ["Everybody has 24 days of holiday a year."])
    assert Extractive()(messages_of(prompt)) == verdict


def test_extractive_learns_other_tasks():
    script = Extractive()
    script.tasks["TRANSLATE"] = lambda messages: messages[-1]["content"].upper()
    assert (
        script([{"role": "system", "content": "TRANSLATE this."}, {"role": "user", "content": "hi"}]) == "HI"
    )


def test_nothing_that_inventive_says_is_in_the_passages():
    lines = Inventive()(asked("How many days?", HOLIDAYS, DOGS)).splitlines()
    assert all(re.match(r"QUOTE \d+: .|SAY: .", line) for line in lines)
    said = [line.removeprefix("SAY: ") for line in lines if line.startswith("SAY: ")]
    assert len(said) > 10
    assert not [text for text in said if text in HOLIDAYS.text + DOGS.text]


def test_a_script_is_a_model_of_llama_index_without_a_socket():
    prompt = [
        ChatMessage(role="system", content="Be brief."),
        ChatMessage(role="user", content="How many days?"),
    ]
    script = Scripted(["SAY: 24 days."], repeat=True)
    llm = ScriptedLLM(script=script)
    pieces = list(llm.stream_chat(prompt))
    assert "".join(piece.delta for piece in pieces) == llm.chat(prompt).message.content == "SAY: 24 days."
    assert pieces[-1].raw == {"usage": {"prompt_tokens": 7, "completion_tokens": 4}}
    assert llm.complete("How many days?").text == "SAY: 24 days."
    assert [message["role"] for message in script.prompts[0]] == ["system", "user"]
