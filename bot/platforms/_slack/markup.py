"""Slack's markup and the blocks that all is shown with: text that cannot act, within Slack's limits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

SECTION = 3_000
"""Characters of a section's text at most: https://docs.slack.dev/reference/block-kit/blocks/section-block/"""
BLOCKS = 50
"""Of a message at most, 100 of a view: https://docs.slack.dev/reference/block-kit/blocks"""
VIEW_BLOCKS = 100
VIEW_TOTAL = 60_000
"""Characters of a view's texts; Slack takes 250 kB: https://docs.slack.dev/reference/methods/views.publish"""
TOTAL = 12_000
"""Characters of all blocks; above some 13,000 Slack says `msg_blocks_too_long`, and nowhere why."""
LABEL = 75
"""Characters of a button's label: https://docs.slack.dev/reference/block-kit/block-elements/button-element/"""
ROW = 25
"""Buttons of a row: https://docs.slack.dev/reference/block-kit/blocks/actions-block"""
VALUE = 2_000
"""Characters of what a button stands for."""
_ADDRESS = 2_000
"""Characters of an address that is made a link; longer ones are no use to anybody, and would not fit."""
_TITLE = 300
"""Characters of a link's title."""

Block = dict[str, Any]

# A link, an entity and a mark that was taken its meaning are not to be parted.
_UNITS = re.compile("<[^<>]*>|&(?:amp|lt|gt);|\u2060[*_~`]\u2060|.", re.DOTALL)
_WORDS = re.compile("\\s+|(?:<[^<>]*>|[^\\s<]|<)+")


def escape(text: str) -> str:
    """Text that Slack shows as it is: no mention, no channel, no link can come of it."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = text.replace("](", "]\u2060(")  # of no meaning here, but perhaps where somebody pastes it
    # A line that begins with this mark, written so as well, would be shown as a quotation.
    text = re.sub(r"(?m)^([^\S\n]*)(?=&gt;)", "\\1\u2060", text)
    # Without a letter before them these marks format; a word joiner (U+2060) keeps them what they are.
    return re.sub(r"(?<!\w)([*_~`])(?=\S)|(?<=\S)([*_~`])(?!\w)", "\u2060\\g<0>\u2060", text)


def markdown(text: str) -> str:
    """The same for what Slack reads as Markdown: what is streamed, and `markdown` blocks.

    Slack documents `\\` before a mark as what takes its meaning
    (https://docs.slack.dev/reference/block-kit/blocks/markdown-block). It reads its own `<!channel>` and
    `<@U1>` there as well, which `&lt;` prevents: an entity is shown as its sign and not looked at again
    (https://github.com/PostHog/posthog/pull/95054). `&` is an entity too, so that a quoted `&lt;` stays
    one. Marks that have no meaning where they stand stay bare, as in `snake_case`, so that the text still
    reads right where it is shown raw, in a notification.
    """
    text = re.sub(r"[\\`*\[\]|]|(?<![^\W_])_|_(?![^\W_])", r"\\\g<0>", text)
    # Not among the marks documented for `\`: a word joiner parts two of them, which would strike out.
    text = text.replace("~~", "~\u2060~").replace("~~", "~\u2060~")
    text = re.sub(r"(?m)^([^\S\n]*)([#+-])", r"\1\\\2", text)
    text = re.sub(r"(?m)^(\s*\d+)([.)])", r"\1\\\2", text)
    text = re.sub(r"(?m)^([^\S\n]*)(=+\s*$)", "\\1\u2060\\2", text)  # would make a heading of the line above
    text = re.sub(r"(?m)^[ \t]+", "", text)  # four spaces would make code of it
    text = re.sub(r"(?<!\w)@(?=\w)", "@\u2060", text).replace("](", "]\u2060(")
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def link(title: str, url: str | None) -> str:
    """A link with a title; only the web's own addresses, and nothing that would end the link early."""
    shown = cut(escape(title).replace("|", "¦"), _TITLE)
    address = (url or "").replace("&", "&amp;")
    if (
        not 0 < len(address) <= _ADDRESS
        or not re.match(r"https?://\S", address)
        or re.search(r"[\s<>|]", address)
    ):
        return shown
    return f"<{address}|{shown}>"


def bold(text: str) -> str:
    """Text that is shown bold, as it is otherwise."""
    shown = escape(" ".join(text.split()))
    return f"*{shown}*" if shown else ""


def quotation(text: str) -> str:
    """What a person wrote, escaped and set off as their words."""
    return "\n".join(f"> {line}" for line in escape(text).split("\n") if line.strip())


def cut(text: str, most: int) -> str:
    """Escaped text of at most that many characters, ended between words where it is cut."""
    if len(text) <= most:
        return text
    return f"{next(_pieces(text, most - 2))} …"


def split(lines: Iterable[str], most: int = SECTION) -> Iterator[str]:
    """Escaped lines put together into as few parts as hold them, of at most that many characters each."""
    part = ""
    for line in lines:
        for piece in _pieces(line, most):
            if part and len(part) + 1 + len(piece) > most:
                yield part
                part = ""
            part = f"{part}\n{piece}" if part else piece
    if part:
        yield part


def _pieces(line: str, most: int) -> Iterator[str]:
    """An escaped line in pieces that fit, cut between words, and never inside of a link or an entity."""
    piece = ""
    for word in _WORDS.findall(line):
        for unit in [word] if len(word) <= most else _UNITS.findall(word):
            if piece and len(piece) + len(unit) > most:
                yield piece.rstrip()
                piece = ""
            piece += unit if piece or not unit.isspace() else ""
    yield piece


def mrkdwn(text: str) -> Block:
    """A text object of what was escaped."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def plain(text: str, most: int = LABEL) -> Block:
    """A text object without any markup, which needs no escaping: a label, a title."""
    text = " ".join(text.split())
    return {"type": "plain_text", "text": text if len(text) <= most else text[: most - 1].rstrip() + "…"}


def section(text: str, button: Block | None = None) -> Block:
    """A paragraph of escaped text, with a button beside it."""
    return {"type": "section", "text": mrkdwn(text)} | ({"accessory": button} if button else {})


def context(text: str) -> Block:
    """A small grey line of escaped text."""
    return {"type": "context", "elements": [mrkdwn(cut(text, SECTION))]}


def header(text: str) -> Block:
    """A heading, of at most 150 characters."""
    return {"type": "header", "text": plain(text, 150)}


def divider() -> Block:
    """A line across."""
    return {"type": "divider"}


def button(label: str, action: str, value: str, **more: object) -> Block:
    """A button; `action` is what names it among its neighbours, `value` what it stands for."""
    return {"type": "button", "text": plain(label), "action_id": action, "value": value[:VALUE], **more}


def actions(buttons: Sequence[Block]) -> Block:
    """A row of buttons."""
    return {"type": "actions", "elements": list(buttons)}


def texts_of(block: Mapping[str, Any]) -> Iterator[str]:
    """Every text that a block shows, of the blocks in it as well."""
    for key, value in block.items():
        if key == "text" and isinstance(value, str):
            yield value
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, Mapping):
                yield from texts_of(part)


def length(block: Mapping[str, Any]) -> int:
    """Characters of all texts of a block."""
    return sum(map(len, texts_of(block)))


class Room:
    """What is left of a message's or a view's limits. What does not fit closes it: nothing later is taken."""

    def __init__(self, blocks: int = BLOCKS, total: int = TOTAL) -> None:
        self._blocks, self._total = blocks, total

    def take(self, blocks: Iterable[Block]) -> list[Block]:
        """Those that fit, from the first on."""
        taken = []
        for block in blocks:
            self._blocks, self._total = self._blocks - 1, self._total - length(block)
            if self._blocks < 0 or self._total < 0:
                self._blocks = 0
                break
            taken.append(block)
        return taken
