"""What Sabio itself says, in Spanish and in English. Everything else in an answer is quoted."""

from __future__ import annotations

from datetime import datetime

_MONTHS = {
    "en": "January February March April May June July August September October November December".split(),  # noqa: SIM905
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre".split(),  # noqa: SIM905
}

_SENTENCES = {
    "according_to": {
        "en": "According to “{title}”:",
        "es": "Según «{title}»:",
    },
    "according_to_dated": {
        "en": "According to “{title}” ({date}):",
        "es": "Según «{title}» ({date}):",
    },
    "maybe": {
        "en": "This is the nearest I found; it may not answer all of your question.",
        "es": "Esto es lo más cercano que he encontrado; puede que no responda a toda la pregunta.",
    },
    "not_found": {
        "en": "I found no answer to that in what I can read here.",
        "es": "No he encontrado respuesta a eso en lo que puedo leer aquí.",
    },
    "nearest": {
        "en": "The nearest pages:",
        "es": "Las páginas más cercanas:",
    },
    "page": {
        "en": "- {title}: “{quote}”",
        "es": "- {title}: “{quote}”",
    },
    "whom": {
        "en": "{author} wrote the nearest one and may know.",
        "es": "{author} escribió la más cercana y quizá lo sepa.",
    },
    "not_allowed": {
        "en": "There is an answer, but not everyone here may read it. Ask me privately.",
        "es": "Hay una respuesta, pero no todas las personas de aquí pueden leerla. Pregúntame en privado.",
    },
    "unavailable": {
        "en": "I cannot answer right now: {reason}. This says nothing about whether there is an answer."
        " (Reference {reference}.)",
        "es": "Ahora mismo no puedo responder: {reason}. Esto no dice nada sobre si hay respuesta."
        " (Referencia {reference}.)",
    },
    "translated": {
        "en": "(automatic translation: {text})",
        "es": "(traducción automática: {text})",
    },
    "broken_source": {
        "en": "The last sync of {source} failed, so it may be out of date.",
        "es": "La última sincronización de {source} falló; puede no estar al día.",
    },
    "restored_source": {
        "en": "Nothing is answered from {source} until it has been synced: a backup was restored.",
        "es": "No se responde de {source} hasta sincronizarla: se restauró una copia de seguridad.",
    },
    "misconfigured": {
        "en": "something in Sabio's configuration must be changed by whoever runs it",
        "es": "quien administra Sabio debe cambiar algo en su configuración",
    },
    "internal": {
        "en": "something went wrong inside Sabio",
        "es": "algo ha fallado dentro de Sabio",
    },
    "empty_question": {
        "en": "Ask me something, for example: how many days of holiday do I have?",
        "es": "Pregúntame algo, por ejemplo: ¿cuántos días de vacaciones tengo?",
    },
}


def say(key: str, language: str, **values: str) -> str:
    """One of Sabio's own sentences, in the language of the question where it has it, else in English.

    It is one line, whatever white space the values bring: a title cannot pass for a line of the answer.
    """
    said = _SENTENCES[key]
    one_line = {name: " ".join(value.split()) for name, value in values.items()}
    return said.get(language, said["en"]).format(**one_line)


def date(moment: datetime, language: str) -> str:
    """A day in words, as `3 March 2026`."""
    months = _MONTHS.get(language, _MONTHS["en"])
    of = " de " if language == "es" else " "
    return f"{moment.day}{of}{months[moment.month - 1]}{of}{moment.year}"
