"""Who greets or thanks is not searched for; who asks, is."""

import pytest

from bot.smalltalk import kind_of


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        (
            "greeting",
            ["Hi!", "hello Sabio", "Good morning, everyone", "¡Hola!", "Buenos días", "Hi there 👋"],
        ),
        (
            "thanks",
            ["Thanks!", "thank you so much", "ok, thanks", "¡Muchas gracias!", "Genial, gracias", "👍 great"],
        ),
        ("goodbye", ["bye", "Thanks, bye!", "Hasta mañana", "adiós"]),
        (
            "abilities",
            ["What can you do?", "Hi! What can you do?", "help", "¿Qué puedes hacer?", "¿Quién eres?"],
        ),
    ],
)
def test_small_talk_is_told_by_its_kind(kind, texts):
    assert {text: kind_of(text) for text in texts} == dict.fromkeys(texts, kind)


@pytest.mark.parametrize(
    "question",
    [
        "Hi, how many days of holiday do I have?",
        "Thanks, and in Spain?",
        "What can you do if the VPN fails?",
        "Help desk hours",
        "Hola, ¿cuántos días de vacaciones tengo?",
        "¿Qué puedes hacer con la tarjeta de empresa?",
        "who are you talking to when the fire alarm rings",
        "the",
        "",
        "?",
    ],
)
def test_a_question_is_a_question_however_politely_it_begins(question):
    assert kind_of(question) is None
