"""What Slack's documentation says a message or a view may hold, and what a person sees of it.

https://docs.slack.dev/reference/block-kit/blocks, and where it is silent, the issue that tells.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.slack.elements import BLOCKS as KNOWN
from tests.slack.elements import MARKDOWN, WrongError, check_plain, check_rich_text
from tests.slack.marks import marks_of

__all__ = ["is_whole", "marks_of", "problem_of", "problem_of_view", "text_of", "texts_of"]

BLOCKS, VIEW_BLOCKS = 50, 100
TEXT = 40_000
TOTAL = 13_200
"""Of all texts of a message: https://github.com/slackapi/bolt-js/issues/2509."""
_PLACES = {"message": BLOCKS, "modal": VIEW_BLOCKS, "home": VIEW_BLOCKS}


def problem_of(message: Mapping[str, Any]) -> str | None:
    """Why Slack would refuse a message, as `error: which part`; None: it would not."""
    if not message.get("text"):
        return "no_text: notifications and screen readers need it beside blocks"
    if len(message["text"]) > TEXT:
        return "msg_too_long: text"
    return problem_of_blocks(message.get("blocks") or [])


def problem_of_blocks(blocks: Sequence[Any], place: str = "message") -> str | None:
    """Why Slack would refuse blocks in a message, a modal or the Home tab."""
    if not isinstance(blocks, Sequence) or isinstance(blocks, str):
        return "invalid_blocks_format: no list"
    if len(blocks) > _PLACES[place]:
        return f"invalid_blocks: {len(blocks)} blocks"
    try:
        for block in blocks:
            check(block, place)
        _check_ids(blocks)
    except WrongError as error:
        return f"invalid_blocks: {error}"
    texts = [text for block in blocks for text in texts_of(block)]
    marked = sum(len(block["text"]) for block in blocks if block["type"] == "markdown")
    if marked > MARKDOWN:
        return f"msg_blocks_too_long: {marked} characters of markdown"
    if place == "message" and sum(map(len, texts)) > TOTAL:
        return "msg_blocks_too_long: all blocks"
    return None


def problem_of_view(view: Mapping[str, Any]) -> str | None:
    """Why Slack would refuse a modal or a Home tab: https://docs.slack.dev/surfaces/modals."""
    kind = view.get("type")
    if kind not in ("modal", "home"):
        return f"invalid_arguments: a view of type {kind}"
    try:
        if kind == "modal":
            check_plain(view.get("title"), 24, "title")
        for name in {"submit", "close"} & view.keys():
            check_plain(view[name], 24, name)
    except WrongError as error:
        return f"invalid_arguments: {error}"
    inputs = any(block.get("type") == "input" for block in view.get("blocks") or ())
    if kind == "modal" and inputs and not view.get("submit"):
        return "invalid_arguments: inputs and no submit"
    for name, most in (("private_metadata", 3_000), ("callback_id", 255), ("external_id", 255)):
        if len(view.get(name) or "") > most:
            return f"invalid_arguments: {name} of more than {most} characters"
    if not view.get("blocks"):
        return "invalid_arguments: no blocks"
    return problem_of_blocks(view["blocks"], kind)


def check(block: Any, place: str = "message") -> None:
    """Raise `WrongError` for a block that does not belong there, or is not as documented."""
    kind = block.get("type") if isinstance(block, Mapping) else None
    if kind not in KNOWN:
        raise WrongError(f"{kind} is no block")
    if len(block.get("block_id") or "") > 255:
        raise WrongError(f"{kind}: block_id of more than 255 characters")
    KNOWN[kind](block, place)


def text_of(message: Mapping[str, Any]) -> str:
    """All that a message or a view shows, a line a text."""
    shown = [text for block in message.get("blocks") or () for text in texts_of(block)]
    title = [message["title"]["text"]] if isinstance(message.get("title"), Mapping) else []
    return "\n".join([*title, *shown])


def texts_of(part: Any) -> Iterator[str]:
    """The texts of a block or a part of one, in order, with those inside it."""
    if isinstance(part, list):
        for one in part:
            yield from texts_of(one)
    elif isinstance(part, Mapping):
        if part.get("type") == "rich_text":
            yield check_rich_text(part)
            return
        for name in _SHOWN:
            value = part.get(name)
            if isinstance(value, str) and name in ("text", "title"):
                yield value
            elif isinstance(value, Mapping | list):
                yield from texts_of(value)


_SHOWN = (
    "title", "rich_text_title", "subtitle", "text", "label", "description", "fields", "elements", "accessory",
    "child_blocks", "tasks", "details", "output", "sources", "element", "placeholder", "options", "hint",
    "positive_button", "negative_button", "rows",
)  # fmt: skip


def _check_ids(blocks: Sequence[Mapping[str, Any]]) -> None:
    ids = [one["block_id"] for one in _all(blocks) if one.get("block_id")]
    if len(ids) != len(set(ids)):
        raise WrongError("a block_id stands twice")


def _all(blocks: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for block in blocks:
        yield block
        yield from _all(block.get("child_blocks") or ())


def is_whole(message: Mapping[str, Any]) -> bool:
    """Whether a reply says all that it is to say: no stream, and no message that asks for patience."""
    said = any(block["type"] in ("section", "markdown") for block in message.get("blocks") or ())
    return said and message.get("streaming_state") != "in_progress"
