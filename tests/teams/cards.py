"""Adaptive Cards, as far as Teams shows them: https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-reference."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.teams.marks import marks_of

CARD = "application/vnd.microsoft.card.adaptive"
_ELEMENTS = {
    "TextBlock", "RichTextBlock", "Image", "Container", "ColumnSet", "Column", "FactSet", "ActionSet",
    "Input.Text", "Input.ChoiceSet", "Table",
}  # fmt: skip
_ACTIONS = {"Action.Submit", "Action.OpenUrl", "Action.ShowCard", "Action.Execute", "Action.ToggleVisibility"}
_MOST_ACTIONS = 6
_TEXTS = ("title", "text", "label", "placeholder", "value")
_INSIDE = ("body", "items", "columns", "actions", "card", "selectAction", "facts", "choices")


def problems_of(card: Any) -> Iterator[str]:
    """Everything that is wrong with a card."""
    if not isinstance(card, Mapping) or card.get("type") != "AdaptiveCard":
        yield "a card that is no AdaptiveCard"
        return
    if not re.fullmatch(r"1\.[0-5]", str(card.get("version"))):
        yield f"a card of version {card.get('version')}"
    if not card.get("body") and not card.get("actions"):
        yield "an empty card"
    yield from _inside(card, top=True)


def _inside(card: Mapping[str, Any], *, top: bool) -> Iterator[str]:
    if not top and len(str(card)) > 28_000:
        yield "a card in a card of more than 28 KB"
    for element in card.get("body") or ():
        yield from _element(element)
    actions = card.get("actions") or ()
    if len(actions) > _MOST_ACTIONS:
        yield f"a card with {len(actions)} actions"
    for action in actions:
        yield from _action(action)


def _element(element: Any) -> Iterator[str]:
    kind = element.get("type") if isinstance(element, Mapping) else None
    if kind not in _ELEMENTS:
        yield f"{kind} is no element of a card"
        return
    if kind == "TextBlock":
        if not str(element.get("text") or "").strip():
            yield "a TextBlock without text"
        yield from (f"a mark in a card: {mark}" for mark in marks_of(str(element.get("text") or "")))
    if kind == "Input.Text" and not (element.get("id") and element.get("label")):
        yield "an Input.Text without a name or a label"
    if kind == "Container" and not element.get("items"):
        yield "an empty Container"
    if "selectAction" in element:
        yield from _action(element["selectAction"], titled=False)
    for name in ("items", "columns"):
        for one in element.get(name) or ():
            yield from _element(one)
    for one in element.get("actions") or ():
        yield from _action(one)


def _action(action: Any, *, titled: bool = True) -> Iterator[str]:
    kind = action.get("type") if isinstance(action, Mapping) else None
    if kind not in _ACTIONS:
        yield f"{kind} is no action of a card"
        return
    if titled and not action.get("title"):
        yield f"{kind} without a title"
    if kind == "Action.OpenUrl" and not re.fullmatch(r"https?://\S+", str(action.get("url"))):
        yield f"Action.OpenUrl to {action.get('url')}"
    if kind == "Action.Submit" and not isinstance(action.get("data"), Mapping):
        yield "Action.Submit without data"
    if kind == "Action.ShowCard":
        yield from problems_of(action.get("card"))


def cards_of(message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The cards of a message."""
    return [one["content"] for one in message.get("attachments") or () if one.get("contentType") == CARD]


def texts_of(part: Any) -> Iterator[str]:
    """The texts of a card or a part of one, in order, with those inside it."""
    if isinstance(part, list):
        for one in part:
            yield from texts_of(one)
    elif isinstance(part, Mapping):
        yield from (str(part[name]) for name in _TEXTS if isinstance(part.get(name), str))
        for name in _INSIDE:
            yield from texts_of(part.get(name))


def actions_of(part: Any) -> Iterator[Mapping[str, Any]]:
    """The actions that somebody can press in a card, those behind others too."""
    if isinstance(part, list):
        for one in part:
            yield from actions_of(one)
    elif isinstance(part, Mapping):
        if str(part.get("type")).startswith("Action."):
            yield part
        for name in _INSIDE:
            yield from actions_of(part.get(name))
