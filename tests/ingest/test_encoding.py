import hashlib
import shutil

import numpy as np
import pytest

from ingest.documents import embedded_text
from ingest.encoding import Encoder
from ingest.language import terms
from ingest.translation import NoTranslator, open_translator


class English:
    """An embedding model that gives each text a direction of its own and remembers what it read."""

    name, dimension, limit, languages = "english", 8, 256, frozenset({"en"})

    def __init__(self):
        self.read = []

    def count(self, text):
        return len(text.split())

    def documents(self, texts):
        self.read.extend(texts)
        return np.array([self.direction(text) for text in texts], dtype=np.float32).reshape(len(texts), 8)

    def question(self, text):
        self.read.append(text)
        return self.direction(text)

    def direction(self, text):
        floats = (
            np.frombuffer(hashlib.sha256(text.encode()).digest()[:8], dtype=np.uint8).astype(np.float32) + 1
        )
        return floats / np.linalg.norm(floats)


class Multilingual(English):
    name, languages = "multilingual", None


class Dictionary:
    """A translator of a few Spanish texts; what it does not know is left out."""

    name = "dictionary"

    def __init__(self):
        self.asked = []
        self.texts = {
            "¿Cuántos días de vacaciones tengo?": "How many days of holiday do I have?",
            "Vacaciones\nSon 23 días.": "Holidays\nThey are 23 days.",
        }

    def can(self, source, target):
        return (source, target) == ("es", "en")

    def translate(self, texts, source, target):
        self.asked.extend(texts)
        return [self.texts.get(text) for text in texts]

    def close(self):
        self.asked = []


@pytest.fixture
def encoder():
    return Encoder(English(), Dictionary())


# ---- passages ----


def test_a_passage_that_the_model_knows_is_taken_as_it_is(encoder):
    [encoded] = encoder.passages(["Holidays\n23 days."], ["en"])
    assert encoded.pivot is None
    assert encoded.terms == terms("Holidays 23 days", "en")
    assert np.array_equal(encoded.vector, encoder.embedder.direction("Holidays\n23 days."))


def test_a_spanish_passage_is_read_through_its_translation_and_keeps_its_own_terms(encoder):
    [encoded] = encoder.passages(["Vacaciones\nSon 23 días."], ["es"])
    assert encoded.pivot == "Holidays\nThey are 23 days."
    assert encoded.terms == terms("Vacaciones son 23 días", "es")
    assert encoded.pivot_terms == terms("Holidays they are 23 days", "en")
    assert np.array_equal(encoded.vector, encoder.embedder.direction("Holidays\nThey are 23 days."))


def test_a_passage_whose_translation_fails_is_embedded_as_it_is(encoder):
    [encoded] = encoder.passages(["Nadie lo tradujo."], ["es"])
    assert encoded.pivot is None
    assert encoded.terms == terms("Nadie lo tradujo", "es")
    assert encoder.embedder.read == ["Nadie lo tradujo."]


def test_a_translation_made_before_is_not_made_again(encoder):
    texts = ["Vacaciones\nSon 23 días.", "Otra cosa"]
    first, second = encoder.passages(texts, ["es", "es"], [None, "Another thing"])
    assert (first.pivot, second.pivot) == ("Holidays\nThey are 23 days.", "Another thing")
    assert encoder.translator.asked == texts[:1]


def test_languages_may_be_mixed_and_the_order_is_kept(encoder):
    texts = ["one", "Vacaciones\nSon 23 días.", "deux", "two"]
    encoded = encoder.passages(texts, ["en", "es", "fr", "en"])
    assert [each.pivot for each in encoded] == [None, "Holidays\nThey are 23 days.", None, None]
    assert encoder.embedder.read == ["one", "Holidays\nThey are 23 days.", "deux", "two"]


def test_no_passages_are_no_special_case(encoder):
    assert encoder.passages([], []) == []


# ---- questions ----


def test_a_question_in_another_language_asks_with_its_own_words_and_those_of_its_translation(encoder):
    question = encoder.question("¿Cuántos días de vacaciones tengo?")
    assert (question.language, question.known) == ("es", True)
    assert question.pivot == "How many days of holiday do I have?"
    assert set(question.terms) == set(terms("días vacaciones", "es") + terms("days holiday", "en"))
    assert np.array_equal(question.vector, encoder.embedder.direction(question.pivot))


def test_a_question_that_the_model_knows_asks_with_its_own_words(encoder):
    question = encoder.question("How many days of holiday do I get?")
    assert (question.language, question.known, question.pivot) == ("en", True, None)
    assert list(question.terms) == terms("days holiday", "en")
    assert encoder.translator.asked == []


def test_a_question_that_nothing_understands_says_so(encoder):
    question = encoder.question("Wie viele Urlaubstage habe ich?")
    assert (question.language, question.known, question.pivot) == ("de", False, None)


def test_the_language_of_a_question_may_be_given(encoder):
    assert encoder.question("menu", "es").language == "es"


def test_a_question_asked_again_is_not_embedded_again(encoder):
    for _ in range(3):
        encoder.question("How many days?")
    assert encoder.embedder.read == ["How many days?"]


def test_a_translation_that_failed_once_is_tried_again_with_the_next_question(encoder):
    assert not encoder.question("¿Quién aprueba los viajes?").known
    encoder.translator.texts = {"¿Quién aprueba los viajes?": "Who approves travel?"}
    assert encoder.question("¿Quién aprueba los viajes?").known


# ---- without a translator, and with a model that needs none ----


def test_without_a_translator_the_step_is_left_out():
    encoder = Encoder(English(), NoTranslator())
    [encoded] = encoder.passages(["Vacaciones\nSon 23 días."], ["es"])
    assert encoded.pivot is None
    assert not encoder.question("¿Cuántos días de vacaciones tengo?").known


def test_a_model_of_many_languages_is_never_translated_for():
    encoder = Encoder(Multilingual(), Dictionary())
    [encoded] = encoder.passages(["Vacaciones\nSon 23 días."], ["es"])
    question = encoder.question("¿Cuántos días de vacaciones tengo?")
    assert (encoded.pivot, question.pivot, question.known) == (None, None, True)
    assert encoder.translator.asked == []


def test_the_name_tells_apart_what_must_not_be_mixed():
    assert Encoder(English(), Dictionary()).name == "english-8-dictionary-es"
    assert Encoder(English(), NoTranslator()).name == "english-8"
    assert Encoder(Multilingual(), Dictionary()).name == "multilingual-8"


# ---- the real parts ----


def test_a_question_in_either_language_finds_the_passage_in_the_other(embedder):
    if shutil.which("apertium") is None or not open_translator("auto").can("es", "en"):
        pytest.skip("Apertium with eng-spa is not installed: `make system` installs it")
    encoder = Encoder(embedder, open_translator("apertium"))
    passages = [
        (embedded_text("Vacaciones", ["Días"], "Cada empleado tiene 23 días laborables al año."), "es"),
        (embedded_text("Gastos", ["Taxi"], "Los taxis se pagan con el recibo y sin aprobación."), "es"),
        (embedded_text("Printers", ["Toner"], "Ask the front desk for a new toner cartridge."), "en"),
        (embedded_text("Security", ["Passwords"], "Change your password every ninety days."), "en"),
    ]
    vectors = np.array([each.vector for each in encoder.passages(*zip(*passages, strict=True))])
    for question, place in (
        ("How many days of vacation do employees have?", 0),
        ("Can I pay for a taxi?", 1),
        ("¿Cada cuánto tengo que cambiar la contraseña?", 3),
    ):
        assert np.argmax(vectors @ encoder.question(question).vector) == place
    encoder.close()
