"""Greetings, thanks and "what can you do": told from questions, for a short reply without a search."""

from __future__ import annotations

import re

from bot.quoting import normalise

_PHRASES = {
    "greeting": (
        "hi, hello, hey, howdy, greetings, good morning, good afternoon, good evening, good day, how "
        "are you, how are you doing, what's up, hola, buenas, buenas tardes, buenas noches, buenos "
        "días, qué tal, cómo estás"
    ),
    "thanks": (
        "thanks, thank you, many thanks, thx, cheers, that helps, that helped, great, perfect, awesome, "
        "nice, cool, ok, okay, well done, got it, gracias, muchas gracias, mil gracias, te lo "
        "agradezco, vale, genial, perfecto, estupendo, de acuerdo, entendido"
    ),
    "goodbye": ("bye, bye bye, goodbye, see you, see you later, adiós, hasta luego, hasta mañana, chao"),
    "abilities": (
        "what can you do, what can you do for me, who are you, what are you, what do you do, what do "
        "you know, how do you work, how can you help, how can you help me, help, help me, ayuda, qué "
        "puedes hacer, qué sabes hacer, en qué puedes ayudarme, en qué me puedes ayudar, cómo puedes "
        "ayudarme, quién eres, qué eres, cómo funcionas, qué sabes"
    ),
}
_FILLERS = (
    "sabio, please, por favor, there, team, all, everyone, everybody, a todos, so much, very much, "
    "a lot, again, today, for your help, for the help, por tu ayuda, por la ayuda, hoy, and, y"
)
_LONGEST = 80


def _words(text: str) -> str:
    return " ".join(re.findall(r"[\w']+", normalise(text)))


_KIND = {_words(phrase): kind for kind, phrases in _PHRASES.items() for phrase in phrases.split(",")} | {
    _words(phrase): "" for phrase in _FILLERS.split(",")
}
_MOST = max(len(phrase.split()) for phrase in _KIND)


def kind_of(text: str) -> str | None:
    """`greeting`, `thanks`, `goodbye` or `abilities` for a message that is nothing else; None for a question.

    Of several the last counts: "Hi! What can you do?" asks for something.
    """
    if len(text) > _LONGEST:
        return None
    words, kind = _words(text).split(), ""
    while words:
        lengths = range(min(_MOST, len(words)), 0, -1)
        length = next((each for each in lengths if " ".join(words[:each]) in _KIND), 0)
        if not length:
            return None
        kind = _KIND[" ".join(words[:length])] or kind
        words = words[length:]
    return kind or None
