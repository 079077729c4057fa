"""What Sabio says that is no answer, as Slack shows it: a title, lines below it, and buttons."""

from __future__ import annotations

from bot.messages import Button, Notice
from bot.platforms._slack.markup import (
    ROW,
    SECTION,
    Block,
    Room,
    actions,
    bold,
    button,
    cut,
    escape,
    plain,
    section,
    split,
)
from bot.wording import say

_SHORT = 30
"""Characters of a button in a question: https://docs.slack.dev/reference/block-kit/composition-objects/confirmation-dialog-object"""


def render_notice(notice: Notice, language: str = "en") -> tuple[str, list[Block]]:
    """The text of a notice and its blocks, within Slack's limits: lines are left out from the end, buttons
    never."""
    lines = [bold(notice.title), *map(escape, notice.lines)]
    buttons = [command(*one, language) for one in enumerate(notice.buttons)]
    room = Room()
    rows = room.take(actions(buttons[at : at + ROW]) for at in range(0, len(buttons), ROW))
    said = room.take(map(section, split(lines)))
    return cut("\n".join([escape(notice.title), *lines[1:]]), SECTION), [*said, *rows]


def command(number: int, pressed: Button, language: str) -> Block:
    """A button that stands for a command; with what it asks first where that cannot be taken back."""
    shown = button(pressed.label, f"command:{number}", pressed.command)
    if pressed.confirm is None:
        return shown
    asked = {
        "title": plain(pressed.label, 100),
        "text": plain(pressed.confirm, 300),
        "confirm": plain(pressed.label, _SHORT),
        "deny": plain(say("cancel", language), _SHORT),
        "style": "danger",
    }
    return {**shown, "style": "danger", "confirm": asked}
