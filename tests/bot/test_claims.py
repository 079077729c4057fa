"""What a model writes is read line by line; small strays are understood, large ones are told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.claims import Missing, Quoted, Refused, Said, Stray, read_lines

WELL = """QUOTE 2: Everybody has 24 days of holiday a year.
SAY: You have 24 days of holiday a year.
QUOTE 1: Up to five days may be taken
QUOTE 3: until 31 March
SAY: Five of them may be taken until 31 March.
MISSING: whether public holidays count
"""
READ = [
    Said("You have 24 days of holiday a year.", (Quoted(2, "Everybody has 24 days of holiday a year."),)),
    Said(
        "Five of them may be taken until 31 March.",
        (Quoted(1, "Up to five days may be taken"), Quoted(3, "until 31 March")),
    ),
    Missing("whether public holidays count"),
]


def test_a_reply_in_the_form_asked_for_is_sentences_with_their_quotes():
    assert list(read_lines([WELL])) == READ


@given(st.lists(st.integers(1, 30), max_size=40))
def test_it_is_the_same_in_whatever_pieces_it_arrives(lengths):
    pieces, rest = [], WELL
    for length in lengths:
        pieces.append(rest[:length])
        rest = rest[length:]
    assert list(read_lines([*pieces, rest])) == READ


def test_a_sentence_is_told_as_soon_as_its_line_has_ended():
    def pieces():
        yield "QUOTE 1: words\nSAY: First.\nQUO"
        raise AssertionError("the first sentence was complete")

    assert next(read_lines(pieces())) == Said("First.", (Quoted(1, "words"),))


@pytest.mark.parametrize(
    "line",
    [
        "SAY: Dogs may come.",
        "- SAY: Dogs may come.",
        "**SAY:** Dogs may come.",
        "say : Dogs may come. [1]",
        "> SAY: Dogs may come. [1, 2]",
        "`SAY`: **Dogs may come.**",
        "DI: Dogs may come.",
    ],
)
def test_bullets_bold_type_and_markers_are_no_part_of_a_sentence(line):
    assert list(read_lines([f"QUOTE 1: may come\n{line}\n"])) == [
        Said("Dogs may come.", (Quoted(1, "may come"),))
    ]


@pytest.mark.parametrize("words", ['"may come"', "“may come”", "«may come»", "'may come'", '*"may come"*'])
def test_quotation_marks_around_a_quote_are_not_quoted(words):
    [said] = read_lines([f"QUOTE [1]: {words}\nSAY: Dogs may come."])
    assert said.quotes == (Quoted(1, "may come"),)


def test_quotes_may_follow_their_sentence_in_all_of_a_reply():
    reply = "SAY: First.\nQUOTE 1: one\nSAY: Second.\nQUOTE 2: two\nQUOTE 3: three\n"
    assert list(read_lines([reply])) == [
        Said("First.", (Quoted(1, "one"),)),
        Said("Second.", (Quoted(2, "two"), Quoted(3, "three"))),
    ]


def test_a_sentence_without_quotes_takes_none_from_another():
    reply = "QUOTE 1: one\nSAY: First.\nSAY: Second."
    assert [line.quotes for line in read_lines([reply])] == [(Quoted(1, "one"),), ()]


@pytest.mark.parametrize("reply", ["NONE", "none.", "\n**NONE**\n", "```\nNONE\n```"])
def test_a_refusal_is_read_as_one(reply):
    assert list(read_lines([reply])) == [Refused()]


@pytest.mark.parametrize(
    "reply", ["I think that dogs may come.", '{"answer": "yes"}', "SAY Dogs may come", "NONE of them may"]
)
def test_what_is_not_in_the_form_is_told_as_such(reply):
    assert list(read_lines([reply])) == [Stray(reply)]


def test_a_quote_that_no_sentence_follows_proves_nothing():
    assert list(read_lines(["QUOTE 1: words", "\n", "QUOTE 2: more"])) == []


@given(st.text())
def test_no_reply_is_too_odd_to_be_read(reply):
    assert all(line for line in read_lines([reply]))
