"""An answer as Slack shows it: blocks, and the same as text for notifications and screen readers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from bot import wording
from bot.messages import Answer, Citation, Outcome

SECTION = 3_000
"""Characters of a section's text at most: https://docs.slack.dev/reference/block-kit/blocks/section-block/"""
BLOCKS = 50
"""Of a message at most."""
TOTAL = 12_000
"""Characters of all blocks; above some 13,000 Slack says `msg_blocks_too_long`, and nowhere why."""
_QUOTE = 300
"""Characters of a quote that are shown; the link leads to the rest."""

Block = dict[str, Any]


def escape(text: str) -> str:
    """Text that Slack shows as it is: no mention, no channel, no link can come of it."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # Without a letter before them these marks format; a word joiner (U+2060) keeps them what they are.
    return re.sub(r"(?<!\w)([*_~`])(?=\S)|(?<=\S)([*_~`])(?!\w)", "\u2060\\g<0>\u2060", text)


def render(answer: Answer) -> tuple[str, list[Block]]:
    """The text of a reply and its blocks, within Slack's limits: what does not fit is left out from the end,
    sources last."""
    lines = answer.text.split("\n")
    said = [_section(part) for part in _parts(map(escape, lines))]
    further = [_context(line) for line in _sources(answer)]
    blocks, left = [], TOTAL
    for block in [*said, *further][:BLOCKS]:
        left -= _length(block)
        if left < 0:
            break
        blocks.append(block)
    return escape(answer.text)[:SECTION], blocks


def notice(said: str) -> tuple[str, list[Block]]:
    """One of Sabio's own sentences as a reply, as `render` gives an answer."""
    text = escape(said)
    return text, [_section(text)]


def _parts(lines: Iterator[str]) -> Iterator[str]:
    """Lines put together into as few parts as fit a section each."""
    part = ""
    for line in lines:
        for piece in _pieces(line):
            if part and len(part) + 1 + len(piece) > SECTION:
                yield part
                part = ""
            part = f"{part}\n{piece}" if part else piece
    if part:
        yield part


def _pieces(line: str) -> Iterator[str]:
    """A line in pieces that fit, cut between words."""
    while len(line) > SECTION:
        at = line.rfind(" ", 1, SECTION) if " " in line[1:SECTION] else SECTION
        yield line[:at]
        line = line[at:].lstrip()
    yield line


def _sources(answer: Answer) -> Iterator[str]:
    if answer.citations:
        for one in answer.citations:
            yield _source(one, answer.language)
    elif answer.outcome is Outcome.NOT_FOUND:
        yield from (_link(one.title, one.url) for one in answer.suggestions if one.url)


def _source(citation: Citation, language: str) -> str:
    """`[1] Title › Heading (3 March 2026, Ana): "the quote"`, the title a link to the place."""
    heading = [part for part in citation.heading if part != citation.title]
    place = _link(" › ".join([citation.title, *heading]), citation.url)
    day = citation.updated_at and wording.date(citation.updated_at, language)
    about = ", ".join(escape(part) for part in (day, citation.author) if part)
    quote = (
        citation.quote if len(citation.quote) <= _QUOTE else citation.quote[:_QUOTE].rsplit(" ", 1)[0] + " …"
    )
    quote = " ".join(quote.split())
    return f"[{citation.number}] {place}{f' ({about})' if about else ''}: “{escape(quote)}”"


def _link(title: str, url: str | None) -> str:
    """A link with a title; only the web's own addresses, and nothing that would end the link early."""
    shown = escape(title).replace("|", "¦")
    if not url or not re.match(r"https?://", url) or re.search(r"[\s<>|]", url):
        return shown
    return f"<{url.replace('&', '&amp;')}|{shown}>"


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _context(text: str) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text[:SECTION], "verbatim": True}]}


def _length(block: Block) -> int:
    elements: Sequence[Block] = block.get("elements") or [block["text"]]
    return sum(len(one["text"]) for one in elements)
