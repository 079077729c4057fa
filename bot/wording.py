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
    "old_source": {
        "en": "The last sync of {source} was on {date}, longer ago than its schedule allows.",
        "es": "La última sincronización de {source} fue el {date}, hace más de lo que permite su horario.",
    },
    "model_away": {
        "en": "The language model did not answer, so this is quoted word for word.",
        "es": "El modelo de lenguaje no respondió; esto son citas literales.",
    },
    "model_broke_off": {
        "en": "The language model broke off, so this may not be all.",
        "es": "El modelo de lenguaje se interrumpió; puede que falte algo.",
    },
    "model_misconfigured": {
        "en": "The language model is not set up right, so this is quoted word for word.",
        "es": "El modelo de lenguaje está mal configurado; esto son citas literales.",
    },
    "spent": {
        "en": "The budget of the language model is used up for today, so this is quoted word for word.",
        "es": "El presupuesto de hoy del modelo de lenguaje se ha agotado; esto son citas literales.",
    },
    "disagree": {
        "en": "These pages do not say the same: {pages}.",
        "es": "Estas páginas no dicen lo mismo: {pages}.",
    },
    "link": {
        "en": "(link: see the source)",
        "es": "(enlace: véase la fuente)",
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
    "too_many": {
        "en": "you have asked {count} questions within a minute; please wait a little",
        "es": "has hecho {count} preguntas en un minuto; espera un poco, por favor",
    },
    "busy": {
        "en": "many people are asking at this moment; please try again in a minute",
        "es": "hay mucha gente preguntando en este momento; inténtalo de nuevo en un minuto",
    },
    "greeting": {
        "en": "Hello! Ask me anything about what our documents say; I show the words that I rest on.",
        "es": "¡Hola! Pregúntame lo que quieras sobre lo que dicen nuestros documentos; muestro las palabras"
        " en que me baso.",
    },
    "thanks": {"en": "You're welcome!", "es": "¡De nada!"},
    "goodbye": {"en": "Goodbye!", "es": "¡Hasta luego!"},
    "abilities": {
        "en": "I answer questions from our own documents ({sources}). Each sentence shows the words that it"
        " rests on and where they stand, and if I find no answer, I say so. Ask for example: how many days of"
        " holiday do I have?",
        "es": "Respondo a preguntas con nuestros propios documentos ({sources}). Cada frase muestra las"
        " palabras en que se basa y dónde están, y si no encuentro respuesta, lo digo. Pregunta por ejemplo:"
        " ¿cuántos días de vacaciones tengo?",
    },
    "looking": {"en": "I am looking for it …", "es": "Lo estoy buscando…"},
    "colleagues_only": {
        "en": "I answer full members of this workspace only, not guests or people of other companies.",
        "es": "Solo respondo a miembros plenos de este espacio, no a invitados ni a otras empresas.",
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
