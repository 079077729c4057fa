"""Answers as Slack shows them: nothing in them acts, and nothing is longer than Slack takes."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages import Answer, Citation, Outcome, Suggestion
from bot.platforms._slack_blocks import SECTION, escape, render
from tests.slack.blocks import problem_of, text_of

CITED = Citation(
    1, "wiki", "a.md", "Holidays", "https://wiki.acme.com/a?x=1&y=2", ("Holidays", "Carrying over"), None,
    "Up to five days may be taken.", datetime(2026, 3, 3, tzinfo=UTC), "Ana", "en",
)  # fmt: skip
ANSWER = Answer(Outcome.ANSWERED, "en", "According to “Holidays”:\n- Up to five days. [1]", (), (CITED,))


def shown(answer):
    text, blocks = render(answer)
    message = {"text": text, "blocks": blocks}
    assert problem_of(message) is None
    return text_of(message)


def test_a_source_is_a_link_with_its_place_day_author_and_words():
    assert shown(ANSWER).split("\n")[-1] == (
        "[1] <https://wiki.acme.com/a?x=1&amp;y=2|Holidays › Carrying over> (3 March 2026, Ana):"
        " “Up to five days may be taken.”"
    )


@pytest.mark.parametrize("url", [None, "javascript:alert(1)", "https://a.com/|<!channel>", "file:///etc"])
def test_what_is_no_address_of_the_web_is_no_link(url):
    said = shown(replace(ANSWER, citations=(replace(CITED, url=url),)))
    assert "<" not in said
    assert "Holidays › Carrying over" in said


def test_where_nothing_was_found_the_nearest_pages_are_links():
    page = Suggestion("Dogs", "https://wiki.acme.com/dogs", "wiki", "dogs.md", "Dogs may come.")
    answer = Answer(Outcome.NOT_FOUND, "en", "I found no answer to that.", suggestions=(page,))
    assert shown(answer) == "I found no answer to that.\n<https://wiki.acme.com/dogs|Dogs>"


@pytest.mark.parametrize("text", ["<!channel>", "<@U1>", "<https://evil.com|here>", "a & b", "&lt;!here&gt;"])
def test_nothing_that_is_quoted_becomes_a_mention_or_a_link(text):
    said = escape(text)
    assert "<" not in said
    assert ">" not in said
    assert said.count("&") == sum(said.count(one) for one in ("&amp;", "&lt;", "&gt;"))


def test_marks_do_not_format_and_words_with_marks_inside_stay_as_they_are():
    assert escape("snake_case_name") == "snake_case_name"
    for text in ("*bold*", "_slanted_", "~struck~", "`code`"):
        assert escape(text) != text
        assert escape(text).replace("\u2060", "") == text


@given(st.lists(st.text("ab <&>\n", max_size=4_000), min_size=1, max_size=6), st.integers(0, 60))
def test_whatever_is_said_fits_and_what_fits_is_not_left_out(lines, sources):
    cited = tuple(replace(CITED, number=number + 1) for number in range(sources))
    text = "x" + "\n".join(lines)
    said = shown(replace(ANSWER, text=text, citations=cited))
    if len(escape(text)) < SECTION and not sources:
        assert "".join(said.split()) == "".join(escape(text).split())
