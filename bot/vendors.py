"""What vendors tell in the pieces of a reply: tokens that they counted, and whether it is whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum

from bot.messages import Tokens


class Ending(Enum):
    """How a vendor says that a reply ended."""

    UNKNOWN = "unknown"
    """It does not say, in a way that is known here."""
    WHOLE = "whole"
    CUT = "cut"
    """Not yet ended, or ended for another reason than that all was said."""


# How vendors call what they count: OpenAI, Anthropic, Bedrock, Ollama, Gemini.
_IN = ("prompt_tokens", "input_tokens", "inputTokens", "prompt_eval_count", "prompt_token_count")
_OUT = ("completion_tokens", "output_tokens", "outputTokens", "eval_count", "candidates_token_count")
_AROUND = ("usage", "usage_metadata", "metadata", "message")


def count_tokens(raw: object, asked: int, length: int) -> Tokens:
    """The tokens that a vendor's own piece of a reply tells of; none where it does not, or tells nonsense."""
    found = _told(raw)
    return Tokens(_plausible(found.in_, asked), _plausible(found.out, length))


def _told(raw: object) -> Tokens:
    found = Tokens(_number(raw, _IN), _number(raw, _OUT))
    for name in _AROUND:
        inner = _part(raw, name)
        if inner is not None and not isinstance(inner, str):
            found = found.most(_told(inner))
    return found


def _plausible(count: int, estimate: int) -> int:
    # What is counted is paid for and capped: a server that tells of millions must not use up the day's
    # budget.
    return count if 0 <= count <= 20 * estimate + 10_000 else 0


def _number(raw: object, names: Iterable[str]) -> int:
    values = (_part(raw, name) for name in names)
    return max((value for value in values if isinstance(value, int)), default=0)


def ending_of(raw: object) -> Ending | None:
    """How a reply of OpenAI's protocol stands; None for what says nothing about it."""
    choices = _part(raw, "choices")
    if not isinstance(choices, list) or not choices:
        return None
    return Ending.WHOLE if _part(choices[0], "finish_reason") == "stop" else Ending.CUT


def _part(raw: object, name: str) -> object:
    return raw.get(name) if isinstance(raw, Mapping) else getattr(raw, name, None)
