"""All that a person sees of an answer, wherever it is seen, and what of it is a link or a mention."""

from __future__ import annotations

import contextlib
import html
import io
import json
import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import asdict

from bot.door import handle
from bot.messages import Answer, Message
from bot.platforms._answers import print_answer
from bot.quoting import stands_in
from ingest.knowledge import KnowledgeBase

Seen = list[tuple[str, str]]
"""Where a text is seen, and the text; of JSON, the last word is its name there."""

# A link to some chat, browser or reader of Markdown: stricter than any of them alone.
_LINK = re.compile(
    r"(?:[a-z][a-z0-9+.-]+:)?[/\\]{2,}[\w\[%@]\S*|\bwww\.\w\S*"
    r"|\b(?:https?|ftp|wss|file|javascript|data|mailto|tel|sms|slack|msteams|ms-word|view-source|intent|blob"
    r"|x-evil):[\w/\\%@+]\S*"
    r"|(?:[\w-]+\.)+[^\W\d_]{2,}(?::\d+)?[/?\\]\S*|(?:\d+\.){3}\d+/[^\W\d]\S*",
    re.IGNORECASE,
)
_MARKUP = re.compile(
    r"!\[|\]\(|<[a-z!@#/?]|(?<![\w.])@(?:channel|here|everyone|all)\b|`{3}|~{3}"
    r"|^[\s>-]*\[[^\]]+\]:\s*(?:<[^<>\n]*>|[^\s<“]\S*)(?:\s+[\"'(].*)?$",
    re.IGNORECASE | re.MULTILINE,
)


def look(kb: KnowledgeBase, message: Message) -> tuple[Answer, Seen]:
    """Ask, and see: the sentences while they come, the answer in the terminal, and that as JSON."""
    streamed = []

    def show(claim, citations):
        streamed.append({"said": claim.text, "citations": [asdict(one) for one in citations]})

    reply = handle(kb, message, show)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        print_answer(reply)
    with contextlib.redirect_stdout(io.StringIO()) as as_json:
        print_answer(reply, json=True)
    seen = [("terminal", printed.getvalue())]
    seen += [(f"--json {name}", text) for name, text in _strings_in(json.loads(as_json.getvalue()))]
    seen += [(f"stream {name}", text) for name, text in _strings_in(streamed)]
    return reply, seen


def check_quotes(reply: Answer, texts: Collection[str]) -> None:
    """Each claim has quotes, and each quote stands in one of the texts."""
    numbers = {one.number for one in reply.citations}
    assert all(claim.citations and numbers.issuperset(claim.citations) for claim in reply.claims)
    for citation in reply.citations:
        assert any(stands_in(citation.quote, text) for text in texts), citation.quote


def signs_in(text: str, ours: str, pages: Collection[str] = ()) -> list[str]:
    """Every link, image, mention and masked link in a text, however it is read.

    Addresses of `pages` are none, nor are those of the host `ours` that lead nowhere else.
    """
    found = []
    for reading in _readings(text):
        found += [link for link in _LINK.findall(reading) if not _is_ours(link, ours, pages)]
        found += _MARKUP.findall(reading)
    return found


def _is_ours(link: str, ours: str, pages: Collection[str]) -> bool:
    link = link.rstrip(".,;:)]>}|”»’\"'")
    found = re.fullmatch(r"(?:(?:https?:)?//)?([a-z.]+)((?:[/?#].*)?)", link, re.IGNORECASE)
    elsewhere = found and re.search(r"[/\\]{2}|(%2f|%5c){2}", found[2], re.IGNORECASE)
    return link in pages or bool(found and found[1] == ours and not elsewhere)


def _readings(text: str) -> Iterator[str]:
    """A text as it stands, and as a chat may read it: without what is invisible, with entities resolved."""
    yield text
    text = "".join(letter for letter in html.unescape(text) if unicodedata.category(letter) != "Cf")
    yield re.sub("[\u034f\u180e\ufe00-\ufe0f]", "", unicodedata.normalize("NFKC", text))


def _strings_in(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _strings_in(inner, key)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _strings_in(inner, name)
    elif isinstance(value, str):
        yield name, value
