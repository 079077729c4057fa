"""The marks in a message that notify people or cover an address with words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_MRKDWN = re.compile(r"<(?:[!@#][^<>\s][^<>]*|[^<>|\s]+\|[^<>]*)>")
_MARKDOWN = re.compile(r"(?<!\\)\[[^\]\n]*(?<!\\)\]\([^)\s]+[^)\n]*\)")


def marks_of(message: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Every `<!…>`, `<@…>`, `<#…>`, `<url|label>` and markdown `[label](url)`, with the path of its text."""
    return [
        (path, mark[0])
        for path, text in _strings(message, "")
        for pattern in (_MRKDWN, _MARKDOWN)
        for mark in pattern.finditer(text)
    ]


def _strings(part: Any, path: str) -> Iterator[tuple[str, str]]:
    """All strings that are texts, each with where it stands, as `blocks.0.text`."""
    if isinstance(part, Mapping):
        for name, value in part.items():
            if name in ("metadata", "private_metadata", "value", "url", "ts", "thread_ts"):
                continue
            if part.get("type") == "plain_text" and name == "text":
                continue
            yield from _strings(value, f"{path}.{name}".lstrip("."))
    elif isinstance(part, list):
        for number, one in enumerate(part):
            yield from _strings(one, f"{path}.{number}".lstrip("."))
    elif isinstance(part, str):
        yield path, part
