"""What Teams shows as a dialog, and what people do in one.

https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/task-modules/task-modules-bots
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.teams import cards
from tests.teams.marks import marks_of

INVOKES = frozenset({"task/fetch", "task/submit", "composeExtension/fetchTask"})
"""What is answered with a dialog."""


def problems_of(name: str, answer: Any) -> Iterator[str]:
    """What is wrong with the answer to an invoke of that name."""
    if name not in INVOKES or (answer == {} and name == "task/submit"):
        return
    task = answer.get("task") if isinstance(answer, Mapping) else None
    kind, value = (task.get("type"), task.get("value")) if isinstance(task, Mapping) else (None, None)
    if kind == "message" and isinstance(value, str) and value.strip():
        yield from (f"a mark in a dialog's message: {mark}" for mark in marks_of(value))
    elif kind == "continue" and isinstance(value, Mapping) and value.get("title"):
        card = value.get("card") or {}
        if card.get("contentType") != cards.CARD:
            yield f"a dialog with {card.get('contentType')}"
        yield from cards.problems_of(card.get("content"))
    else:
        yield f"{name} is answered with no dialog: {answer}"


def text_of(answer: Mapping[str, Any]) -> str:
    """What somebody reads in a dialog, its title with it."""
    task = answer["task"]
    if task["type"] == "message":
        return str(task["value"])
    said = [task["value"]["title"], *cards.texts_of(task["value"]["card"]["content"])]
    return re.sub(r"\\(.)", r"\1", "\n".join(said)).replace("\u2060", "")


def form_of(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the button of a form in a dialog says of itself."""
    [action] = cards.actions_of(answer["task"]["value"]["card"]["content"])
    data: Mapping[str, Any] = action["data"]
    return data
