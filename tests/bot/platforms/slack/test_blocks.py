"""Answers as Slack shows them: nothing in them acts, and nothing is longer than Slack takes."""

import html
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from slack_sdk.models.blocks import Block

from bot.messages import Answer, Citation, Claim, Outcome, Suggestion
from bot.platforms._slack.blocks import head, notice, render, streamed, tail
from bot.platforms._slack.markup import SECTION, cut, escape, link, markdown, split
from tests.slack.blocks import marks_of, problem_of, text_of

CITED = Citation(
    1, "wiki", "a.md", "Holidays", "https://wiki.acme.com/a?x=1&y=2", ("Holidays", "Carrying over"), 3,
    "Up to five days may be taken.", datetime(2026, 3, 3, tzinfo=UTC), "Ana", "en",
)  # fmt: skip
PAGE = Suggestion("Dogs", "https://wiki.acme.com/dogs", "wiki", "dogs.md", "Dogs may come.")
ANSWER = Answer(
    Outcome.ANSWERED, "en", "According to “Holidays”:\n- Up to five days. [1]",
    (Claim("Up to five days.", (1,)),), (CITED,), reference="0123456789",
)  # fmt: skip
NOT_FOUND = Answer(
    Outcome.NOT_FOUND, "en",
    "I found no answer to that in what I can read here.\nThe nearest pages:\n- Dogs: “Dogs may come.”\n"
    "Ana wrote the nearest one and may know.",
    suggestions=(PAGE,), reference="0123456789",
)  # fmt: skip
# What people may put into titles and pages to make Slack do something.
NASTY = [
    "<!channel>",
    "<@U1>",
    "<https://evil.com|here>",
    "[here](https://evil.com)",
    "&lt;!here&gt;",
    "*a* _b_",
]
HOSTILE = st.lists(
    st.one_of(
        st.sampled_from([*NASTY, "<", ">", "&", "|", "](", "\n", "`", "~~", "@channel", " ", "#"]),
        st.text(st.characters(exclude_categories=["Cc", "Cs"])),
    ),
    max_size=8,
).map("".join)


def shown(answer, **offered):
    text, blocks = render(answer, **offered)
    message = {"text": text, "blocks": blocks}
    assert problem_of(message) is None
    for block in Block.parse_all(blocks):
        block.validate_json()
    return text_of(message)


def buttons_of(answer, **offered):
    return {
        one["action_id"]: one
        for block in tail(answer, **offered)
        for one in block.get("elements", ())
        if "action_id" in one
    }


def test_what_is_said_stands_first_and_its_items_are_marked():
    assert head(ANSWER)[0]["text"]["text"] == "According to “Holidays”:\n• Up to five days. [1]"


def test_a_source_is_a_link_with_its_place_its_words_its_page_day_and_author():
    [container] = [block for block in tail(ANSWER) if block["type"] == "container"]
    assert container["title"]["text"] == "1 source"
    assert container["default_collapsed"]
    [source] = container["child_blocks"]
    place, words, about = source["text"]["text"].split("\n")
    assert place == "[1] <https://wiki.acme.com/a?x=1&amp;y=2|Holidays › Carrying over>"
    assert words == "“Up to five days may be taken.”"
    assert about.startswith("p. 3 · updated 3 March 2026 (")
    assert about.endswith("ago) · Ana")


def test_how_old_a_page_is_is_told_in_the_readers_language():
    moment = datetime.now(UTC) - timedelta(days=3, minutes=1)
    said = shown(replace(ANSWER, language="es", citations=(replace(CITED, updated_at=moment),)))
    assert "1 fuente" in said
    assert "(hace 3 días)" in said


def test_quotes_from_the_same_place_stand_together():
    other = replace(CITED, number=2, quote="Ask before February.", translation="Pide antes de febrero.")
    elsewhere = replace(CITED, number=3, document="b.md", title="Leave", heading=())
    said = shown(replace(ANSWER, citations=(CITED, other, elsewhere)))
    assert "2 sources" in said
    assert "[1][2] <" in said
    assert "“Ask before February.”\n(automatic translation: Pide antes de febrero.)" in said


def test_more_sources_than_a_container_takes_are_in_several():
    cited = tuple(replace(CITED, number=n, document=f"{n}.md", url=None) for n in range(1, 14))
    said = shown(replace(ANSWER, citations=cited))
    assert "Sources 1 to 10 of 13" in said
    assert "Sources 11 to 13 of 13" in said
    assert "[13] Holidays" in said


@pytest.mark.parametrize("url", [None, "javascript:alert(1)", "https://a.com/|<!channel>", "file:///etc"])
def test_what_is_no_address_of_the_web_is_no_link(url):
    said = shown(replace(ANSWER, citations=(replace(CITED, url=url),)))
    assert "<" not in said
    assert "Holidays › Carrying over" in said


def test_where_nothing_was_found_the_nearest_pages_are_links_and_stand_once():
    said = shown(NOT_FOUND)
    assert said.startswith(
        "I found no answer to that in what I can read here.\nAna wrote the nearest one and may know.\n"
        "The nearest pages:\n• <https://wiki.acme.com/dogs|Dogs>: “Dogs may come.”"
    )
    assert said.count("Dogs may come") == 1


def test_where_it_was_not_all_other_pages_are_named():
    partial = replace(ANSWER, outcome=Outcome.PARTIAL, suggestions=(PAGE,))
    assert "See also: <https://wiki.acme.com/dogs|Dogs>" in shown(partial)
    assert "See also" not in shown(replace(partial, outcome=Outcome.ANSWERED))


def test_an_answer_can_be_voted_on_and_explained_by_its_reference():
    found = buttons_of(ANSWER)
    assert found.keys() == {"vote", "why"}
    assert found["vote"]["positive_button"]["value"] == "up:0123456789"
    assert found["vote"]["negative_button"]["value"] == "down:0123456789"
    assert found["why"]["value"] == "0123456789"


def test_what_else_can_be_done_depends_on_how_it_ended():
    assert {"privately", "share"} < buttons_of(ANSWER, hidden=True, share=True).keys()
    assert "expert" not in buttons_of(ANSWER, expert=True)
    assert "expert" in buttons_of(NOT_FOUND, expert=True)
    assert "expert" not in buttons_of(NOT_FOUND)
    hint = Answer(Outcome.NOT_ALLOWED, "en", "There is an answer.", reference="0123456789")
    assert buttons_of(hint).keys() == {"privately", "why"}


def test_small_talk_and_outages_have_nothing_to_press():
    assert tail(Answer(Outcome.ANSWERED, "en", "You're welcome!", reference="0123456789")) == []
    outage = Answer(Outcome.UNAVAILABLE, "en", "I cannot answer right now.", reference="0123456789")
    assert tail(outage) == []
    assert shown(outage) == "⚠️ I cannot answer right now."


def test_a_models_words_are_told_from_quotations():
    said = "Written by a language model"
    assert said in shown(replace(ANSWER, model="openai:gpt"))
    assert said not in shown(ANSWER)


@pytest.mark.parametrize("text", NASTY)
def test_nothing_that_is_quoted_becomes_a_mention_or_a_link(text):
    said = escape(text)
    assert "<" not in said
    assert ">" not in said
    assert said.count("&") == sum(said.count(one) for one in ("&amp;", "&lt;", "&gt;"))


def test_marks_do_not_format_and_words_with_marks_inside_stay_as_they_are():
    assert escape("snake_case_name") == markdown("snake_case_name") == "snake_case_name"
    for text in ("*bold*", "_slanted_", "~struck~", "`code`", "> said"):
        assert escape(text) != text
        assert html.unescape(escape(text).replace("\u2060", "")) == text


@given(HOSTILE)
def test_what_is_streamed_reads_as_it_was_and_formats_nothing(text):
    line = " ".join(text.split())
    [paragraph, inside, _] = (
        MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown(f"{line}."))
    )
    assert paragraph.type == "paragraph_open"
    assert {one.type for one in inside.children} <= {"text", "text_special"}
    assert "".join(one.content for one in inside.children).replace("\u2060", "") == f"{line}.".replace(
        "\u2060", ""
    )


def test_a_sentence_is_streamed_with_its_numbers():
    assert streamed(Claim("Up to *five* days.", (1, 2))) == r"Up to \*five\* days. \[1\]\[2\]"
    assert streamed(Claim("2026. Ask Ana.", ())) == r"2026\. Ask Ana."


@settings(max_examples=1000)
@given(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
def test_no_title_name_quote_or_answer_acts(title, author, quote, text):
    cited = replace(
        CITED, title=title, heading=(title, author), author=author, quote=quote, translation=title
    )
    page = Suggestion(title, "https://wiki.acme.com/a", "wiki", "a.md", quote)
    for outcome in Outcome:
        answer = replace(ANSWER, outcome=outcome, text=f"x{text}", citations=(cited,), suggestions=(page,))
        said, blocks = render(answer, expert=True, share=True, hidden=True)
        message = {"text": said, "blocks": blocks}
        assert problem_of(message) is None
        marks = [mark for _, mark in marks_of(message)]
        assert all(mark.startswith("<https://wiki.acme.com/a") for mark in marks), marks


@given(st.lists(st.text("ab <&>*\n", max_size=4_000), min_size=1, max_size=6), st.integers(0, 60))
def test_whatever_is_said_fits_and_what_fits_is_not_left_out(lines, sources):
    cited = tuple(replace(CITED, number=n + 1, document=f"{n}.md") for n in range(sources))
    text = "x" + "\n".join(lines)
    answer = replace(ANSWER, text=text, citations=cited)
    shown(answer)
    said = "".join(block["text"]["text"] for block in head(answer))
    if len(escape(text)) < SECTION:
        assert "".join(said.split()) == "".join(escape(text).split())
    assert "why" in buttons_of(answer) or not sources


@given(st.text("ab &<>*|", max_size=300), st.integers(20, 60))
def test_nothing_is_cut_inside_of_a_link_or_an_entity(text, most):
    line = f"{escape(text)} {link('a b', 'https://a.com/')} {escape(text)}"
    parts = list(split([line], most))
    assert all(0 < len(part) <= most for part in parts)
    assert "".join("".join(parts).split()) == "".join(line.split())
    for part in [*parts, cut(line, most)]:
        left = part.replace("<https://a.com/|a b>", "")
        assert left.count("&") == sum(left.count(one) for one in ("&amp;", "&lt;", "&gt;"))
        assert "<" not in left


def test_a_long_sentence_of_sabios_own_is_split():
    text, blocks = notice("word " * 2_000)
    assert problem_of({"text": text, "blocks": blocks}) is None
    assert len(blocks) == 4
