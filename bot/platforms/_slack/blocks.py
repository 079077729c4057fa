"""An answer as Slack shows it: blocks, and the same as text for notifications and screen readers.

A source lies in a `container`, which opens when somebody wants to see it; it takes at most ten blocks and
stands in messages only, while `alert` stands in views only: https://docs.slack.dev/blocks.json.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from bot.composing import said_of
from bot.messages import Answer, Citation, Claim, Outcome, Suggestion
from bot.platforms._slack.markup import (
    SECTION,
    Block,
    Room,
    actions,
    button,
    context,
    cut,
    escape,
    link,
    markdown,
    plain,
    section,
    split,
)
from bot.wording import ago, date, say
from ingest.ledger import now

CHILDREN = 10
"""Blocks of a container: https://docs.slack.dev/reference/block-kit/blocks/container-block"""
_QUOTE = 300
"""Characters of a quote that are shown; the link leads to the rest."""
_SIGNS = {Outcome.UNAVAILABLE: "⚠️ ", Outcome.NOT_ALLOWED: "🔒 "}


def render(
    answer: Answer, *, expert: bool = False, share: bool = False, hidden: bool = False
) -> tuple[str, list[Block]]:
    """The text of a reply and its blocks, within Slack's limits: what does not fit is left out from the end,
    sources last, buttons never.

    `expert`: somebody can be asked where nothing was found; `share`: it may be shown to the whole channel;
    `hidden`: the asker alone may see more.
    """
    first, last = _laid_out(answer, expert=expert, share=share, hidden=hidden)
    return cut(escape(answer.text), SECTION), [*first, *last]


def head(answer: Answer) -> list[Block]:
    """What is said, with `[n]`, and what else to know."""
    return _laid_out(answer)[0]


def tail(answer: Answer, *, expert: bool = False, share: bool = False, hidden: bool = False) -> list[Block]:
    """What stands below it, whether that was streamed or posted: the places, and what can be done."""
    return _laid_out(answer, expert=expert, share=share, hidden=hidden)[1]


def streamed(claim: Claim) -> str:
    """A checked sentence with its `[n]`, as it is added to a stream."""
    return markdown(f"{claim.text} {''.join(f'[{number}]' for number in claim.citations)}".rstrip())


def notice(said: str) -> tuple[str, list[Block]]:
    """One of Sabio's own sentences as a reply, as `render` gives an answer."""
    text = escape(said)
    return cut(text, SECTION), Room().take(map(section, split(text.split("\n"))))


def _laid_out(answer: Answer, **offered: bool) -> tuple[list[Block], list[Block]]:
    room = Room()
    last = room.take(_ways_on(answer, **offered))
    said = room.take(map(section, split(_lines(answer))))
    below = [*_sources(answer, room), *room.take(_pages(answer))]
    return said, [*below, *last]


def head_as_markdown(answer: Answer) -> str:
    """The same as `head`, as it ends a stream in which nothing was said yet."""
    return "\n".join(_lines(answer, markdown, "- "))


def _lines(answer: Answer, escaped: Callable[[str], str] = escape, bullet: str = "• ") -> Iterator[str]:
    """What is said, line by line, escaped; the nearest pages of `not_found` stand below, as links."""
    sign = _SIGNS.get(answer.outcome, "")
    for line in said_of(answer):
        item = line.startswith("- ")
        yield sign + (bullet if item else "") + escaped(line.removeprefix("- ") if item else line)
        sign = ""


def _sources(answer: Answer, room: Room) -> Iterator[Block]:
    """The places that an answer rests on, each once, in containers that are closed at first."""
    there = places(answer.citations)
    for start in range(0, len(there), CHILDREN):
        here = there[start : start + CHILDREN]
        title = say("sources", answer.language, count=len(there))
        if len(there) > CHILDREN:
            numbers = {"first": start + 1, "last": start + len(here), "total": len(there)}
            title = say("sources_part", answer.language, **numbers)
        around: Block = {
            "type": "container",
            "title": plain(title, 150),
            "is_collapsible": True,
            "default_collapsed": True,
        }
        # Slack does not say whether blocks in a container count; they do here.
        if room.take([around]) and (children := room.take(_place(one, answer.language) for one in here)):
            yield {**around, "child_blocks": children}


def places(citations: Sequence[Citation]) -> list[list[Citation]]:
    """Citations of the same place of the same document together, in order."""
    found: dict[object, list[Citation]] = {}
    for one in citations:
        found.setdefault((one.source, one.document, one.url, one.heading, one.page), []).append(one)
    return list(found.values())


def _place(group: Sequence[Citation], language: str) -> Block:
    """`[1] Title › Heading`, a link to the place; its words; and page, day and author."""
    return section(next(split(place_lines(group, language))))


def place_lines(group: Sequence[Citation], language: str) -> list[str]:
    """A place with the quotes from it, a line each, and what is known of its page."""
    first = group[0]
    heading = [part for part in first.heading if part != first.title]
    numbers = "".join(f"[{one.number}]" for one in group)
    lines = [f"{numbers} {link(' › '.join([first.title, *heading]), first.url)}"]
    for one in group:
        lines.append(f"“{quoted(one.quote)}”")
        if one.translation:
            lines.append(escape(say("translated", language, text=one.translation)))
    page = say("page_number", language, page=first.page) if first.page is not None else None
    about = [page, updated(first.updated_at, language), first.author]
    lines.append(" · ".join(escape(part) for part in about if part))
    return [line for line in lines if line]


def quoted(quote: str) -> str:
    """The words of a quote, escaped, on one line, and no more of them than help."""
    return cut(escape(" ".join(quote.split())), _QUOTE)


def updated(moment: datetime | None, language: str) -> str | None:
    """`updated 3 March 2026 (3 days ago)`: a message is read long after it was written."""
    if moment is None:
        return None
    return say("updated", language, date=date(moment, language), ago=ago(moment, language, now()))


def _pages(answer: Answer) -> Iterator[Block]:
    """Pages that may help: the nearest where nothing was found, others where it was not all."""
    pages = answer.suggestions
    if pages and answer.outcome is Outcome.NOT_FOUND:
        yield from map(section, split([escape(say("nearest", answer.language)), *map(_page, pages)]))
    elif pages and answer.outcome is Outcome.PARTIAL:
        links = ", ".join(link(one.title, one.url) for one in pages)
        yield context(say("see_also", answer.language, pages=links))


def _page(suggestion: Suggestion) -> str:
    words = f": “{quoted(suggestion.quote)}”" if suggestion.quote else ""
    return f"• {link(suggestion.title, suggestion.url)}{words}"


def _ways_on(
    answer: Answer, *, expert: bool = False, share: bool = False, hidden: bool = False
) -> Iterator[Block]:
    """Who worded it, and what the reader can do about it."""
    language, reference = answer.language, answer.reference
    if answer.model:
        yield context(escape(say("written_by_model", language)))
    sought = answer.citations or answer.outcome in (Outcome.NOT_FOUND, Outcome.NOT_ALLOWED)
    if not reference or not sought:
        return
    if answer.outcome is not Outcome.NOT_ALLOWED:
        yield _votes(reference, language)
    offered = {
        "privately": hidden or answer.outcome is Outcome.NOT_ALLOWED,
        "expert": expert and answer.outcome is Outcome.NOT_FOUND,
        "share": share,
        "why": True,
    }
    yield actions(
        [button(say(f"{name}_button", language), name, reference) for name, is_ in offered.items() if is_]
    )


def _votes(reference: str, language: str) -> Block:
    def vote(way: str) -> dict[str, Any]:
        return {
            "text": plain(say(f"vote_{way}", language)),
            "value": f"{way}:{reference}",
            "accessibility_label": say(f"vote_{way}_long", language),
        }

    buttons = {
        "type": "feedback_buttons",
        "action_id": "vote",
        "positive_button": vote("up"),
        "negative_button": vote("down"),
    }
    return {"type": "context_actions", "elements": [buttons]}
