"""Blocks are checked as Slack checks them, and what people see of them can be asked for."""

import pytest

from tests.slack.blocks import marks_of, problem_of, text_of


def plain(text):
    return {"type": "plain_text", "text": text}


def section(text="x", **more):
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def button(text="Go", **more):
    return {"type": "button", "action_id": "go", "text": plain(text), **more}


def actions(*elements):
    return {"type": "actions", "elements": list(elements)}


def rich(text):
    part = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [part]}


def container(*blocks, **more):
    return {"type": "container", "title": plain("Sources"), "child_blocks": list(blocks), **more}


THUMBS = {
    "type": "feedback_buttons",
    "action_id": "vote",
    "positive_button": {"text": plain("Good"), "value": "up"},
    "negative_button": {"text": plain("Bad"), "value": "down"},
}
SOURCE = {"type": "url", "url": "https://a.com", "text": "A"}
TASK = {"type": "task_card", "task_id": "a", "title": "Reading", "status": "complete",
        "output": rich("3 pages"), "sources": [SOURCE]}  # fmt: skip
EVERYTHING = [
    {"type": "header", "text": plain("Answer")},
    {"type": "markdown", "text": "**Yes**, [1]"},
    section("One", fields=[plain("Two")], accessory=button("Three")),
    {"type": "divider"},
    {"type": "plan", "title": "Done", "tasks": [TASK]},
    container(section("A quote"), is_collapsible=True, default_collapsed=True, subtitle=plain("2")),
    {"type": "alert", "level": "warning", "text": plain("Old")},
    {"type": "context", "elements": [plain("Small")]},
    {"type": "context_actions", "elements": [THUMBS]},
    actions(button("Why", style="primary", value="1")),
    rich("Rich"),
]


def test_all_that_is_documented_is_taken_and_seen():
    message = {"text": "Yes", "blocks": EVERYTHING}
    assert problem_of(message) is None
    assert text_of(message).split("\n") == [
        "Answer", "**Yes**, [1]", "One", "Two", "Three", "Done", "Reading", "3 pages", "A", "Sources", "2",
        "A quote", "Old", "Small", "Good", "Bad", "Why", "Rich",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("block", "told"),
    [
        (section("x" * 3_001), "section of 3001"),
        (section(""), "section is empty"),
        (section(fields=[plain("x")] * 11), "fields"),
        (section(accessory=THUMBS), "feedback_buttons does not belong"),
        ({"type": "header", "text": plain("x" * 151)}, "header of 151"),
        ({"type": "header", "text": {"type": "mrkdwn", "text": "x"}}, "mrkdwn where plain_text"),
        (actions(*[button(action_id=f"a{number}") for number in range(26)]), "actions: between 1 and 25"),
        (actions(button(), button()), "action_id stands twice"),
        (actions(button("x" * 76)), "button of 76"),
        (actions(button(value="x" * 2_001)), "value of 2001"),
        (actions(button(action_id="x" * 256)), "action_id of 256"),
        (actions(button(url="javascript:alert(1)")), "no address"),
        (actions(button(style="big")), "style big"),
        (actions(button(confirm={"title": plain("Sure?")})), "confirm.text"),
        ({"type": "context_actions", "elements": [button()]}, "button does not belong"),
        ({"type": "context", "elements": []}, "between 1 and 10"),
        (container(), "between 1 and 10"),
        (container(*[section()] * 11), "between 1 and 10"),
        (container({"type": "markdown", "text": "x"}), "markdown does not belong"),
        (container(section(), default_collapsed=True), "not is_collapsible"),
        (container(section(), is_collapsible=True, has_header_divider=True), "has_header_divider"),
        ({"type": "plan", "title": "x", "tasks": [TASK | {"status": "soon"}]}, "status soon"),
        (TASK | {"output": "words"}, "no rich_text"),
        ({"type": "alert", "text": plain("x" * 201)}, "alert of 201"),
        (
            {"type": "input", "label": plain("x"), "element": {"type": "plain_text_input"}},
            "input in a message",
        ),
        ({"type": "picture"}, "picture is no block"),
    ],
)
def test_what_is_not_as_documented_is_named(block, told):
    problem = problem_of({"text": "x", "blocks": [block]})
    assert problem
    assert problem.startswith("invalid_blocks: ")
    assert told in problem


@pytest.mark.parametrize(
    ("blocks", "error"),
    [
        ([section("x")] * 51, "invalid_blocks"),
        ([section("x" * 2_900)] * 5, "msg_blocks_too_long"),
        ([{"type": "markdown", "text": "x" * 6_001}] * 2, "msg_blocks_too_long"),
        ([section(block_id="a"), section(block_id="a")], "invalid_blocks"),
        ("text", "invalid_blocks_format"),
    ],
)
def test_a_message_as_a_whole_has_limits_too(blocks, error):
    problem = problem_of({"text": "x", "blocks": blocks})
    assert problem
    assert problem.partition(":")[0] == error


@pytest.mark.parametrize(
    "mark",
    [
        "<!channel>",
        "<!subteam^S1>",
        "<@U1>",
        "<#C1|general>",
        "<https://a.com|here>",
        "[here](https://a.com)",
    ],
)
def test_what_notifies_or_covers_an_address_is_found_wherever_it_stands(mark):
    message = {"text": "x", "blocks": [container(section(f"Say {mark} now"))]}
    assert marks_of(message) == [("blocks.0.child_blocks.0.text.text", mark)]


def test_what_is_escaped_or_plain_is_no_mark():
    message = {
        "text": "&lt;!channel&gt; a < b > c",
        "blocks": [
            {"type": "header", "text": plain("<!channel>")},
            {"type": "markdown", "text": "\\[a\\](b) [1]"},
        ],
    }
    assert marks_of(message) == []
