"""The vectors of what questions are weighed against are made once, as long as there is room for them."""

from itertools import cycle

import pytest

from ingest import encoding
from ingest.encoding import Encoder
from ingest.translation import NoTranslator
from tests.doubles import HashEmbedder
from tests.ingest.test_encoding import Dictionary, English


def vectors(encoder, *texts, language="en", pivot=None):
    return encoder.vectors(texts, [language] * len(texts), [pivot] * len(texts))


@pytest.fixture
def model():
    return HashEmbedder()


@pytest.fixture
def encoder(model):
    return Encoder(model, NoTranslator())


def test_vectors_are_those_of_passages_in_the_order_given(encoder):
    texts = ["dogs may come", "cats may not", "dogs may come"]
    wanted = [each.vector.tolist() for each in encoder.passages(texts, ["en"] * 3)]
    assert [vector.tolist() for vector in vectors(encoder, *texts)] == wanted
    assert [vector.tolist() for vector in vectors(encoder, *reversed(texts))] == wanted[::-1]


def test_a_text_is_embedded_once_however_often_it_is_asked_for(model, encoder):
    vectors(encoder, "dogs", "dogs", "cats")
    vectors(encoder, "cats", "birds")
    assert model.embedded == ["dogs", "cats", "birds"]


def test_nothing_asked_for_is_nothing_embedded(model, encoder):
    assert vectors(encoder) == []
    assert model.embedded == []


def test_the_same_text_in_another_language_or_with_a_translation_is_another():
    model = English()
    encoder = Encoder(model, Dictionary())
    vectors(encoder, "pan", language="en")
    vectors(encoder, "pan", language="es", pivot="bread")
    vectors(encoder, "pan", language="es", pivot="loaf")
    assert model.read == ["pan", "bread", "loaf"]


def test_there_is_room_for_so_much_and_what_was_not_asked_for_longest_goes(model, monkeypatch):
    monkeypatch.setattr(encoding, "REMEMBERED", 3 * 4 * model.dimension)
    encoder = Encoder(model, NoTranslator())
    vectors(encoder, "a", "b", "c")
    vectors(encoder, "a")
    vectors(encoder, "d")
    model.embedded.clear()
    vectors(encoder, "a", "c", "d", "b")
    assert model.embedded == ["b"]


def test_more_texts_than_there_is_room_for_are_embedded_all_the_same(model, monkeypatch):
    monkeypatch.setattr(encoding, "REMEMBERED", 4 * model.dimension)
    found = vectors(Encoder(model, NoTranslator()), "a", "b", "c")
    assert [vector.tolist() for vector in found] == [model.question(text).tolist() for text in "abc"]


def test_a_text_whose_translation_failed_is_tried_again():
    model, dictionary = English(), Dictionary()
    encoder = Encoder(model, dictionary)
    answers = cycle([None, "dogs may come"])
    dictionary.translate = lambda texts, *_: [next(answers)] * len(texts)
    for _ in range(3):
        vectors(encoder, "los perros pueden venir", language="es")
    assert model.read == ["los perros pueden venir", "dogs may come"]
