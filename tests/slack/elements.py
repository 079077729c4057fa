"""What each block and each element may hold: https://docs.slack.dev/reference/block-kit."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

MARKDOWN = 12_000
_STATES = ("pending", "in_progress", "complete", "error")
_LEVELS = (None, "default", "info", "warning", "error", "success")
_INSIDE = ("actions", "context", "divider", "header", "image", "section", "table", "video")
"""Of a container: what the documentation names and Slack's validator takes too, as
https://docs.rs/slack-morphism/2.31.0/slack_morphism/prelude/struct.SlackContainerBlock.html says."""


class WrongError(Exception):
    """What is wrong with a block."""


def check_text(part: Any, most: int, what: str, kinds: Sequence[str] = ("plain_text", "mrkdwn")) -> None:
    """A text object that is not empty and not too long."""
    kind = part.get("type") if isinstance(part, Mapping) else None
    if kind not in kinds:
        raise WrongError(f"{what}: {kind} where {' or '.join(kinds)} belongs")
    check_string(part.get("text"), most, what)


def check_plain(part: Any, most: int, what: str) -> None:
    """A `plain_text` object."""
    check_text(part, most, what, ("plain_text",))


def check_string(value: Any, most: int, what: str) -> None:
    """A string that is not empty and not too long."""
    if not isinstance(value, str) or not value.strip():
        raise WrongError(f"{what} is empty")
    if len(value) > most:
        raise WrongError(f"{what} of {len(value)} characters, {most} at most")


def check_rich_text(block: Any) -> str:
    """The text of a `rich_text` block; raises where it is none."""
    if not isinstance(block, Mapping) or block.get("type") != "rich_text":
        raise WrongError("no rich_text")
    texts = []
    for part in block.get("elements") or ():
        for one in part.get("elements") or ():
            inner = one.get("elements", [one])
            texts += [piece.get("text") or piece.get("url", "") for piece in inner]
    if not "".join(texts).strip():
        raise WrongError("rich_text is empty")
    return "".join(texts)


def _check_many(parts: Any, most: int, what: str) -> Sequence[Any]:
    if not isinstance(parts, Sequence) or isinstance(parts, str) or not 1 <= len(parts) <= most:
        raise WrongError(f"{what}: between 1 and {most}")
    return parts


def _check_elements(parts: Sequence[Any], kinds: Mapping[str, Callable[[Any], None]], what: str) -> None:
    for part in parts:
        kind = str(part.get("type") if isinstance(part, Mapping) else None)
        if kind not in kinds:
            raise WrongError(f"{what}: {kind} does not belong there")
        kinds[kind](part)
    ids = [part["action_id"] for part in parts if part.get("action_id")]
    if len(ids) != len(set(ids)):
        raise WrongError(f"{what}: an action_id stands twice")


# Elements


def _actionable(element: Mapping[str, Any]) -> None:
    if "action_id" in element:
        check_string(element["action_id"], 255, "action_id")
    if confirm := element.get("confirm"):
        check_plain(confirm.get("title"), 100, "confirm.title")
        check_text(confirm.get("text"), 300, "confirm.text")
        check_plain(confirm.get("confirm"), 30, "confirm.confirm")
        check_plain(confirm.get("deny"), 30, "confirm.deny")


def _button(element: Mapping[str, Any]) -> None:
    _actionable(element)
    check_plain(element.get("text"), 75, "button")
    if "value" in element:
        check_string(element["value"], 2_000, "button.value")
    if "url" in element:
        check_string(element["url"], 3_000, "button.url")
        if not re.match(r"https?://", element["url"]):
            raise WrongError("button.url is no address of the web")
    if element.get("style") not in (None, "primary", "danger"):
        raise WrongError(f"button.style {element['style']}")
    if len(element.get("accessibility_label") or "") > 75:
        raise WrongError("button.accessibility_label of more than 75 characters")


def _icon_button(element: Mapping[str, Any]) -> None:
    _actionable(element)
    check_string(element.get("icon"), 50, "icon_button.icon")
    check_plain(element.get("text"), 75, "icon_button")


def _feedback_buttons(element: Mapping[str, Any]) -> None:
    _actionable(element)
    for name in ("positive_button", "negative_button"):
        button = element.get(name) or {}
        check_plain(button.get("text"), 75, name)
        check_string(button.get("value"), 2_000, f"{name}.value")


def _choice(most: int) -> Callable[[Any], None]:
    def check(element: Mapping[str, Any]) -> None:
        _actionable(element)
        options = _check_many(element.get("options"), most, f"{element['type']}.options")
        for option in options:
            check_text(option.get("text"), 75, "option")
            check_string(option.get("value"), 150, "option.value")
        first = element.get("initial_option")
        if first and first not in options:
            raise WrongError("initial_option is none of the options")
        if placeholder := element.get("placeholder"):
            check_plain(placeholder, 150, "placeholder")

    return check


def _plain_text_input(element: Mapping[str, Any]) -> None:
    _actionable(element)
    if placeholder := element.get("placeholder"):
        check_plain(placeholder, 150, "placeholder")
    if not 0 < element.get("max_length", 3_000) <= 3_000:
        raise WrongError("plain_text_input.max_length")


def _users_select(element: Mapping[str, Any]) -> None:
    _actionable(element)


def _image(element: Mapping[str, Any]) -> None:
    check_string(element.get("image_url"), 3_000, "image_url")
    check_string(element.get("alt_text"), 2_000, "alt_text")


def _url_source(element: Mapping[str, Any]) -> None:
    check_string(element.get("url"), 3_000, "source.url")
    check_string(element.get("text"), 3_000, "source.text")


_CHOICES: dict[str, Callable[[Any], None]] = {
    "static_select": _choice(100),
    "radio_buttons": _choice(10),
    "checkboxes": _choice(10),
    "overflow": _choice(5),
    "users_select": _users_select,
}
_INPUTS = {**{name: _CHOICES[name] for name in _CHOICES if name != "overflow"},
           "plain_text_input": _plain_text_input}  # fmt: skip
_TEXTS: dict[str, Callable[[Any], None]] = {
    "plain_text": lambda one: check_text(one, 3_000, "context"),
    "mrkdwn": lambda one: check_text(one, 3_000, "context"),
    "image": _image,
}

# Blocks


def _section(block: Mapping[str, Any], place: str) -> None:
    if "text" in block:
        check_text(block["text"], 3_000, "section")
    if "fields" in block:
        for one in _check_many(block["fields"], 10, "section.fields"):
            check_text(one, 2_000, "field")
    if not {"text", "fields"} & block.keys():
        raise WrongError("section: neither text nor fields")
    if accessory := block.get("accessory"):
        _check_elements([accessory], {"button": _button, "image": _image, **_CHOICES}, "accessory")


def _context(block: Mapping[str, Any], place: str) -> None:
    _check_elements(_check_many(block.get("elements"), 10, "context"), _TEXTS, "context")


def _actions(block: Mapping[str, Any], place: str) -> None:
    _check_elements(
        _check_many(block.get("elements"), 25, "actions"), {"button": _button, **_CHOICES}, "actions"
    )


def _context_actions(block: Mapping[str, Any], place: str) -> None:
    if place != "message":
        raise WrongError(f"context_actions in a {place}")
    known = {"feedback_buttons": _feedback_buttons, "icon_button": _icon_button}
    _check_elements(_check_many(block.get("elements"), 5, "context_actions"), known, "context_actions")


def _header(block: Mapping[str, Any], place: str) -> None:
    check_plain(block.get("text"), 150, "header")


def _markdown(block: Mapping[str, Any], place: str) -> None:
    if place != "message":
        raise WrongError(f"markdown in a {place}")
    check_string(block.get("text"), MARKDOWN, "markdown")


def _container(block: Mapping[str, Any], place: str) -> None:
    if "rich_text_title" in block:
        check_rich_text(block["rich_text_title"])
    else:
        check_plain(block.get("title"), 150, "container.title")
    if "subtitle" in block:
        check_text(block["subtitle"], 150, "container.subtitle")
    if block.get("width") not in (None, "narrow", "standard", "wide", "full"):
        raise WrongError(f"container.width {block['width']}")
    if block.get("default_collapsed") and not block.get("is_collapsible"):
        raise WrongError("container: default_collapsed and not is_collapsible")
    if block.get("has_header_divider") and block.get("is_collapsible"):
        # https://github.com/slackapi/node-slack-sdk/pull/2721
        raise WrongError("container: has_header_divider and is_collapsible")
    for child in _check_many(block.get("child_blocks"), 10, "container.child_blocks"):
        kind = child.get("type") if isinstance(child, Mapping) else None
        if kind not in _INSIDE:
            raise WrongError(f"container: {kind} does not belong there")
        BLOCKS[kind](child, place)


def _task_card(block: Mapping[str, Any], place: str) -> None:
    check_string(block.get("task_id"), 255, "task_id")
    check_string(block.get("title"), 3_000, "task.title")
    if block.get("status") not in _STATES:
        raise WrongError(f"task.status {block.get('status')}")
    for name in {"details", "output"} & block.keys():
        check_rich_text(block[name])
    for source in block.get("sources") or ():
        _url_source(source)


def _plan(block: Mapping[str, Any], place: str) -> None:
    check_string(block.get("title"), 3_000, "plan.title")
    for task in block.get("tasks") or ():
        _task_card(task, place)


def _alert(block: Mapping[str, Any], place: str) -> None:
    check_text(block.get("text"), 200, "alert")
    if block.get("level") not in _LEVELS:
        raise WrongError(f"alert.level {block['level']}")


def _input(block: Mapping[str, Any], place: str) -> None:
    if place != "modal":
        raise WrongError(f"input in a {place}")
    check_plain(block.get("label"), 2_000, "label")
    if "hint" in block:
        check_plain(block["hint"], 2_000, "hint")
    _check_elements([block.get("element")], _INPUTS, "input")


def _table(block: Mapping[str, Any], place: str) -> None:
    for row in _check_many(block.get("rows"), 100, "table.rows"):
        for cell in _check_many(row, 20, "table row"):
            if cell.get("type") not in ("raw_text", "raw_number", "rich_text"):
                raise WrongError(f"table: {cell.get('type')} does not belong there")


def _rich_text(block: Mapping[str, Any], place: str) -> None:
    check_rich_text(block)


def _divider(block: Mapping[str, Any], place: str) -> None:
    if extra := block.keys() - {"type", "block_id"}:
        raise WrongError(f"divider: {', '.join(sorted(extra))}")


BLOCKS: dict[str, Callable[[Mapping[str, Any], str], None]] = {
    "section": _section, "context": _context, "actions": _actions, "context_actions": _context_actions,
    "divider": _divider, "header": _header, "markdown": _markdown, "container": _container, "plan": _plan,
    "task_card": _task_card, "alert": _alert, "input": _input, "rich_text": _rich_text, "table": _table,
    "image": lambda block, place: _image(block),
}  # fmt: skip
