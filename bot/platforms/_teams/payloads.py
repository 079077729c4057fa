"""The message that somebody points at in Teams, as Teams describes it: its text, without what is Teams' own.

https://learn.microsoft.com/microsoftteams/platform/messaging-extensions/how-to/action-commands/create-task-module
"""

from __future__ import annotations

from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any

_LINES = frozenset(
    {"blockquote", "br", "div", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "table"}
    | {"td", "th", "tr", "ul"}
)
"""What begins and ends a line."""
_SILENT = frozenset({"attachment", "script", "style", "template", "title"})
"""What nobody sees the words of."""


def text_of(payload: Mapping[str, Any], app: str | None) -> str:
    """The words of a message, without mentions of the bot that is `app`; empty where it has none."""
    body = payload.get("body") or {}
    content = str(body.get("content") or "")
    if body.get("contentType") == "html":
        reader = _Reader(_mentions_of(payload, app))
        reader.feed(content)
        reader.close()
        content = "".join(reader.words)
    lines = (" ".join(line.split()) for line in content.split("\n"))
    return "\n".join(filter(None, lines))


def _mentions_of(payload: Mapping[str, Any], app: str | None) -> frozenset[str]:
    """The ids of the mentions of an app."""
    found = set()
    for one in payload.get("mentions") or ():
        mentioned = (one.get("mentioned") or {}).get("application") or {}
        if app and str(mentioned.get("id") or "").lower() == app:
            found.add(str(one.get("id")))
    return frozenset(found)


class _Reader(HTMLParser):
    """Takes the words of HTML, whatever is wrong with it; `left_out` are mentions by their ids."""

    def __init__(self, left_out: frozenset[str]) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._left_out = left_out
        self._silent: str | None = None
        """The element whose words are being left out."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A line may begin, or what is not shown."""
        if tag in _LINES:
            self.words.append("\n")
        if self._silent is None and (
            tag in _SILENT or (tag == "at" and dict(attrs).get("id") in self._left_out)
        ):
            self._silent = tag

    def handle_endtag(self, tag: str) -> None:
        """The same the other way round."""
        if tag in _LINES:
            self.words.append("\n")
        if tag == self._silent:
            self._silent = None

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - as it asks
        """As `<br/>`, in which nothing is."""
        if tag in _LINES:
            self.words.append("\n")

    def handle_data(self, data: str) -> None:
        """Words, in which a line's end is a blank."""
        if self._silent is None:
            self.words.append(data.replace("\n", " "))
