"""What a text says to a machine is what it says to a person."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.characters import visible
from ingest.documents import Document, Entry, Section
from tests.ingest.hiding import letters, writing

# Characters that hide and show, near enough to one another to make all pairs.
MIXED = st.text(
    st.sampled_from(
        [*"ab1# \n", *"ی‌‍क्", "👩", "🏴", "🏽", "⃣", "\u180a", "\u180b", "\u1820", "\ufe0e", "\ufe0f", "\u200b"]
        + [
            "\u202e",
            "\u202d",
            "\u202c",
            "\ufff9",
            "\ufffa",
            "\ufffb",
            "\x1b",
            "[",
            "8",
            "m",
            "\u00ad",
            "\u2800",
        ]
        + [chr(0xE0000 + ord(letter)) for letter in "gbengsct"]
        + ["\U000e007f", "\U000e0101"]
    )
)


@pytest.mark.parametrize("text", writing.TEXTS.values(), ids=writing.TEXTS)
def test_what_people_write_stays_as_it_is(text):
    assert visible(text) == text


@pytest.mark.parametrize("trick", letters.TRICKS)
def test_what_only_machines_read_is_dropped(trick):
    hide, seen = letters.TRICKS[trick]
    assert visible(f"Before {hide('canary')} after") == f"Before {seen('canary')} after"


@pytest.mark.parametrize(("text", "seen"), writing.HYPHENATED.items())
def test_places_where_a_word_may_be_divided_are_not_part_of_it(text, seen):
    assert visible(text) == seen


def test_what_is_shown_backwards_is_read_as_it_is_shown():
    assert visible("a \u202eyranac\u202c b") == "a canary b"
    assert visible("\u202ee\u0301a\u202c") == "ae\u0301"
    assert visible("\u202eשלום\u202c") == "שלום"
    assert visible("\u202dשלום\u202c") == "םולש"


def test_what_a_terminal_is_told_is_no_text_and_what_it_conceals_is_not_seen():
    assert visible("\x1b[31mred\x1b[0m \x1b[8mhidden\x1b[28m shown \x9b1mbold") == "red  shown bold"


def test_blanks_that_are_no_spaces_are_spaces():
    assert visible("a\u2800b\u3164c") == "a b c"


@given(MIXED | st.text())
def test_what_came_through_once_comes_through_unchanged(text):
    once = visible(text)
    assert visible(once) == once


@given(st.text(st.characters(categories=["L", "M", "N", "P", "S", "Zs"])))
def test_no_letter_that_has_a_shape_is_lost(text):
    """Only marks without a shape, and blanks, are not what they were."""
    shapeless = {"\u034f", "\u115f", "\u1160", "\u17b4", "\u17b5", "\u2800", "\u3164", "\uffa0"}
    left = [letter for letter in text if letter not in shapeless and not _is_selector(letter)]
    kept = [letter for letter in visible(text) if letter != " " and not _is_selector(letter)]
    assert kept == [letter for letter in left if letter != " "]


def _is_selector(letter):
    return "VARIATION SELECTOR" in unicodedata.name(letter, "")


@pytest.mark.parametrize("trick", letters.TRICKS)
def test_titles_headings_and_names_go_the_same_way_as_texts(trick):
    hide, seen = letters.TRICKS[trick]
    given_, shown = f"Leave {hide('canary')}", f"Leave {seen('canary')}"
    entry = Entry("1", "1", given_, "text/plain", author=given_)
    section = Section(given_, heading=("Top", given_))
    document = Document((section,), given_, given_)
    told = [entry.title, entry.author, section.text, section.heading[1], document.title, document.author]
    assert told == [shown] * 6


def test_the_id_of_an_entry_stays_what_its_source_calls_it():
    assert Entry("a\u200bb", "r\u200b", "t", "text/plain").id == "a\u200bb"
