"""Notices as Slack shows them: a title, lines, and buttons that stand for commands."""

from hypothesis import example, given
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block

from bot.messages import Button, Notice
from bot.platforms._slack.notices import render_notice
from tests.slack.blocks import marks_of, problem_of, text_of


def shown(notice, language="en"):
    text, blocks = render_notice(notice, language)
    message = {"text": text, "blocks": blocks}
    assert problem_of(message) is None
    for block in Block.parse_all(blocks):
        block.validate_json()
    return message


def test_a_notice_has_a_bold_title_and_its_lines():
    message = shown(Notice("Wiki & co is synced", ("new: 3", "removed: 1")))
    assert text_of(message) == "*Wiki &amp; co is synced*\nnew: 3\nremoved: 1"
    assert message["text"] == "Wiki &amp; co is synced\nnew: 3\nremoved: 1"


def test_a_button_stands_for_what_could_as_well_have_been_written():
    message = shown(Notice("Held", buttons=(Button("Keep", "discard wiki"), Button("Again", "sync wiki"))))
    keep, again = message["blocks"][-1]["elements"]
    assert (keep["action_id"], keep["value"], keep["text"]["text"]) == ("command:0", "discard wiki", "Keep")
    assert (again["action_id"], again["value"]) == ("command:1", "sync wiki")
    assert "style" not in keep


def test_what_cannot_be_taken_back_is_asked_about_first():
    message = shown(Notice("Held", buttons=(Button("Eliminar", "confirm wiki", "¿Eliminar 30?"),)), "es")
    [remove] = message["blocks"][-1]["elements"]
    asked = {name: part["text"] for name, part in remove["confirm"].items() if name != "style"}
    assert remove["style"] == "danger"
    assert asked == {
        "title": "Eliminar", "text": "¿Eliminar 30?", "confirm": "Eliminar", "deny": "Cancelar",
    }  # fmt: skip


@example("many", [], ["Keep"] * 60)
@given(
    st.text(min_size=1).filter(str.strip),
    st.lists(st.text("ab <!@>&*[](\n", max_size=6_000), max_size=9),
    st.lists(st.text(min_size=1).filter(str.strip), max_size=30),
)
def test_whatever_is_told_fits_acts_on_nobody_and_leaves_no_button_out(title, lines, labels):
    buttons = tuple(Button(label, "sync", label) for label in labels)
    message = shown(Notice(f"x{title}", tuple(lines), buttons))
    assert marks_of(message) == []
    rows = [block for block in message["blocks"] if block["type"] == "actions"]
    assert sum(len(block["elements"]) for block in rows) == len(labels)
