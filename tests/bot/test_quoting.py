"""Whether a quote stands in a text: word for word, whatever its case, its typography and its white space."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.quoting import normalise, stands_in

TEXT = "Employees can't carry over more than 1,024.50 hours — non-refundable tickets cost 5 % from 10:30 on."

WORD = st.text("abcdefghijklmnopqrstuvwxyzáéíóúñüABCÑ'-", min_size=1, max_size=8).filter(
    lambda word: word.strip("'-") == word
)
NUMBER = st.integers(0, 99_999).map(lambda number: f"{number:,}")
TOKENS = st.lists(WORD | NUMBER, min_size=3, max_size=15)


@st.composite
def cut_texts(draw):
    """A text as its words, and the part of them that is quoted."""
    tokens = draw(TOKENS)
    first = draw(st.integers(0, len(tokens) - 1))
    return tokens, tokens[first : draw(st.integers(first + 1, len(tokens)))]


def has_run(tokens, run):
    same = [normalise(token) for token in tokens]
    wanted = [normalise(token) for token in run]
    return any(same[place : place + len(wanted)] == wanted for place in range(len(same)))


@given(
    cut_texts(),
    st.sampled_from([" ", "  ", "\n", "\t ", "\u00a0"]),
    st.sampled_from("'’‘´"),
    st.sampled_from("-–‐‑—"),
)
def test_a_quote_stands_whatever_its_case_its_typography_and_its_white_space(cut, space, apostrophe, dash):
    tokens, quoted = cut
    quote = space.join(quoted).replace("'", apostrophe).replace("-", dash)
    for variant in (quote, quote.upper(), quote.lower(), quote.swapcase(), f" {quote}\n"):
        assert stands_in(variant, " ".join(tokens))


@given(cut_texts(), st.data())
def test_a_quote_with_another_word_in_it_does_not_stand(cut, data):
    tokens, quoted = cut
    place = data.draw(st.integers(0, len(quoted) - 1))
    assert not stands_in(" ".join([*quoted[:place], "Zürich", *quoted[place + 1 :]]), " ".join(tokens))


@given(cut_texts(), st.integers(0, 99_999))
def test_a_quote_with_another_number_in_it_does_not_stand(cut, number):
    tokens, quoted = cut
    places = [place for place, token in enumerate(quoted) if token[0].isdigit()]
    assume(places)
    changed = [*quoted[: places[0]], f"{number:,}", *quoted[places[0] + 1 :]]
    assume(not has_run(tokens, changed))
    assert not stands_in(" ".join(changed), " ".join(tokens))


@given(cut_texts(), st.booleans())
def test_a_quote_cut_inside_a_word_or_a_number_does_not_stand(cut, at_end):
    tokens, quoted = cut
    edge = quoted[-1] if at_end else quoted[0]
    assume(len(edge) > 1)
    part = edge[:-1] if at_end else edge[1:]
    cut_off = [*quoted[:-1], part] if at_end else [part, *quoted[1:]]
    # What is left of "can't" after its apostrophe is gone as well is no whole word either.
    assume(part.strip("'-,") == part and not has_run(tokens, cut_off))
    assert not stands_in(" ".join(cut_off), " ".join(tokens))


@pytest.mark.parametrize(
    "quote",
    [
        "Employees can",
        "24.50 hours",
        "more than 1",
        "more than 1,024",
        "refundable tickets",
        "from 10",
        "30 on",
        "carry over more than 1,024.50 hour",
        "",
        " \n",
    ],
)
def test_half_a_word_that_says_something_else_is_no_quote(quote):
    assert not stands_in(quote, TEXT)


@pytest.mark.parametrize(
    "quote",
    [
        "employees CAN´T carry over",
        "hours – non‑refundable",
        "tickets cost 5 %",
        "from 10:30 on",
        TEXT,
        "hours",
        "soft\u00adly spo\u200bken",
    ],
)
def test_typography_makes_no_difference(quote):
    assert stands_in(quote, f"{TEXT} Softly spoken.")


@given(st.text(max_size=60))
def test_a_text_stands_in_itself_however_odd_it_is(text):
    assert stands_in(text, text) == bool(normalise(text))
    assert normalise(normalise(text)) == normalise(text)
