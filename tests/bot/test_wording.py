"""What Sabio says itself is said in both languages, about the same things."""

import re
from datetime import UTC, datetime

import pytest

from bot import wording
from bot.wording import _SENTENCES, date, say


@pytest.mark.parametrize("key", _SENTENCES)
def test_every_sentence_is_there_in_both_languages_with_the_same_values(key):
    said = _SENTENCES[key]
    assert said.keys() == {"en", "es"}
    assert set(re.findall(r"{(\w+)}", said["en"])) == set(re.findall(r"{(\w+)}", said["es"]))


def test_a_language_that_sabio_does_not_speak_is_answered_in_english():
    assert say("not_found", "fr") == say("not_found", "en")


def test_values_are_put_in_as_they_are_but_on_one_line():
    assert say("according_to", "en", title="A {b} “c”\n\n- d") == "According to “A {b} “c” - d”:"


def test_a_day_is_written_in_words():
    moment = datetime(2026, 3, 5, 23, 59, tzinfo=UTC)
    assert date(moment, "en") == "5 March 2026"
    assert date(moment, "es") == "5 de marzo de 2026"
    assert date(moment, "fr") == "5 March 2026"


def test_there_are_twelve_months_in_every_language():
    assert {len(months) for months in wording._MONTHS.values()} == {12}
