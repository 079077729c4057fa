"""What Slack's documentation says a message may hold: https://docs.slack.dev/reference/block-kit/blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

SECTION, CONTEXT, BLOCKS, ELEMENTS, TOTAL, TEXT = 3_000, 3_000, 50, 10, 13_200, 40_000


def problem_of(message: Mapping[str, Any]) -> str | None:
    """Why Slack would refuse a message, as `error: which part`; None: it would not."""
    if not message.get("text"):
        return "no_text: notifications and screen readers need it beside blocks"
    if len(message["text"]) > TEXT:
        return "msg_too_long: text"
    blocks = message.get("blocks") or []
    if len(blocks) > BLOCKS:
        return f"invalid_blocks: {len(blocks)} blocks"
    if sum(len(text) for block in blocks for text in texts_of(block)) > TOTAL:
        return "msg_blocks_too_long: all blocks"
    return next((f"invalid_blocks: {wrong}" for wrong in map(_wrong, blocks) if wrong), None)


def texts_of(block: Mapping[str, Any]) -> Iterator[str]:
    """The texts of a block, in order."""
    for part in [block.get("text"), *block.get("elements", ())]:
        if isinstance(part, Mapping) and isinstance(part.get("text"), str):
            yield part["text"]


def text_of(message: Mapping[str, Any]) -> str:
    """All that a message shows, a line a text."""
    return "\n".join(text for block in message.get("blocks") or () for text in texts_of(block))


def _wrong(block: Mapping[str, Any]) -> str | None:
    texts = list(texts_of(block))
    match block.get("type"):
        case "section" if len(texts) == 1:
            most = SECTION
        case "context" if 1 <= len(texts) <= ELEMENTS:
            most = CONTEXT
        case kind:
            return f"{kind}"
    if any(not 1 <= len(text) <= most for text in texts):
        return f"{block['type']} of {max(map(len, texts))} characters"
    return None
