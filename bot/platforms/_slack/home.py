"""The App Home, which a person sees when they open Sabio in Slack: https://docs.slack.dev/surfaces/app-home."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from bot.home import Health, Home, KnownSource
from bot.platforms._slack.markup import (
    VIEW_BLOCKS,
    VIEW_TOTAL,
    Block,
    Room,
    actions,
    context,
    divider,
    escape,
    header,
    section,
    split,
)
from bot.platforms._slack.modals import fresh
from bot.platforms._slack.notices import command
from bot.wording import ago, say
from ingest.ledger import now

_QUESTION = 150
"""Characters of a question that are shown."""
COMMAND = "/sabio ask"


def home_view(shown: Home) -> dict[str, Any]:
    """A person's home as a view."""
    room = Room(VIEW_BLOCKS, VIEW_TOTAL)
    return {"type": "home", "blocks": room.take(_numbered(_blocks(shown)))}


def _blocks(shown: Home) -> Iterator[Block]:
    language = shown.language
    yield section(escape(say("greeting", language)))
    yield context(escape(say("home_how_slack", language, command=COMMAND)))
    # What waits for a word comes first: a long list of sources must not take its place.
    if shown.health:
        yield from _waiting(shown.health, language)
        yield from _health(shown.health, language)
    yield from _questions(shown)
    yield divider()
    yield header(say("home_sources", language))
    if not shown.sources:
        yield context(escape(say("home_no_sources", language)))
    for source in shown.sources:
        yield _source(source, language)


def _source(source: KnownSource, language: str) -> Block:
    """A source with its freshness, and for those who look after it what it holds and a button."""
    said = [fresh(source.freshness, language)]
    if source.documents is not None:
        said.append(say("home_documents", language, count=source.documents))
    button = command(0, source.resync, language) if source.resync else None
    return section(escape(" · ".join(said)), button)


def _questions(shown: Home) -> Iterator[Block]:
    language, moment = shown.language, now()
    yield divider()
    yield header(say("home_questions", language))
    lines = []
    for one in shown.questions:
        text = " ".join(one.text.split())
        text = text if len(text) <= _QUESTION else f"{text[:_QUESTION].rsplit(' ', 1)[0]} …"
        outcome = say(f"outcome_{one.outcome}", language)
        lines.append(f"• {escape(text)} ({escape(outcome)}, {escape(ago(one.at, language, moment))})")
    yield from map(section, split(lines or [escape(say("home_no_questions", language))]))


def _waiting(health: Health, language: str) -> Iterator[Block]:
    if not health.waiting:
        return
    yield divider()
    yield header(say("home_holds", language))
    for one in health.waiting:
        yield from map(section, split([f"⚠️ {escape(one.said)}"]))
        yield actions([command(*each, language) for each in enumerate(one.buttons)])


def _health(health: Health, language: str) -> Iterator[Block]:
    yield divider()
    yield header(say("home_health", language))
    there = ", ".join(health.processes)
    lines = [
        say("home_processes", language, processes=there) if there else say("home_no_processes", language),
        say("home_index", language, index=health.index) if health.index else say("home_no_index", language),
        *(f"⚠️ {line}" for line in health.troubles),
    ]
    if health.quarantined:
        lines.append(say("home_quarantine", language, count=health.quarantined))
        lines += [f"• {line}" for line in health.unread]
        if (more := health.quarantined - len(health.unread)) > 0:
            lines.append(say("home_more", language, count=more))
    if health.feedback:
        lines.append(say("home_feedback", language, count=health.feedback))
    if there and health.index and not (health.troubles or health.quarantined or health.waiting):
        lines.append(say("home_well", language))
    yield from map(section, split(map(escape, lines)))


def _numbered(blocks: Iterable[Block]) -> Iterator[Block]:
    """Blocks whose buttons are told apart in the whole view, as Slack wants it of a view's `block_id`s."""
    for number, block in enumerate(blocks):
        yield {**block, "block_id": f"home:{number}"} if block["type"] in ("actions", "section") else block
