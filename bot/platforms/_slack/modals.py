"""The views that open over a conversation: what was wrong with an answer, whom to ask, and why it says so."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from bot.explaining import Explained, Freshness
from bot.feedback import LONGEST, Reason
from bot.platforms._slack.blocks import place_lines, places
from bot.platforms._slack.markup import (
    SECTION,
    VIEW_BLOCKS,
    VIEW_TOTAL,
    Block,
    Room,
    bold,
    context,
    cut,
    divider,
    escape,
    plain,
    quotation,
    section,
    split,
)
from bot.wording import ago, say
from ingest.ledger import now

FEEDBACK = "feedback"
EXPERT = "expert"
_TITLE = 24
"""Characters of a view's title and buttons: https://docs.slack.dev/reference/views/modal-views"""
_LABEL = 2_000

View = dict[str, Any]


def feedback_form(reference: str, language: str, **kept: str) -> View:
    """What was wrong with an answer: a reason, and what it should say. `kept` comes back with it."""
    options = [{"text": plain(say(f"reason_{name}", language)), "value": name.value} for name in Reason]
    chosen = {"type": "radio_buttons", "action_id": "reason", "options": options}
    return _view(
        FEEDBACK,
        language,
        title="feedback_title",
        submit="send",
        kept={"reference": reference, **kept},
        blocks=[
            _input("reason", say("feedback_reason", language), chosen),
            _text("comment", say("feedback_comment", language)),
            context(escape(say("feedback_readers", language))),
        ],
    )


def read_feedback(view: Mapping[str, Any]) -> tuple[str, Reason, str]:
    """The reference, the reason, and the comment, which may be empty."""
    chosen = _value(view, "reason").get("selected_option") or {}
    reason = Reason(chosen["value"]) if chosen.get("value") in set(Reason) else Reason.OTHER
    return kept_in(view)["reference"], reason, _written(view, "comment")


def expert_form(reference: str, question: str, where: str, language: str, **kept: str) -> View:
    """What will be posted, and where, before it is: `where` as people call it, as `#ask-hr`."""
    return _view(
        EXPERT,
        language,
        title="expert_title",
        submit="expert_submit",
        kept={"reference": reference, **kept},
        blocks=[
            section(escape(say("expert_where", language, where=where))),
            section(cut(quotation(question), SECTION)),
            _text("note", say("expert_note", language)),
            context(escape(say("expert_consent", language))),
        ],
    )


def read_expert(view: Mapping[str, Any]) -> tuple[str, str]:
    """The reference of the question and what the asker added, which may be empty. Sent, it is consent."""
    return kept_in(view)["reference"], _written(view, "note")


def kept_in(view: Mapping[str, Any]) -> dict[str, str]:
    """What a form was opened with, the reference included."""
    kept: dict[str, str] = json.loads(view["private_metadata"])
    return kept


def explanation(explained: Explained) -> View:
    """Why an answer says what it says."""
    language = explained.language
    room = Room(VIEW_BLOCKS, VIEW_TOTAL)
    return {
        "type": "modal",
        "title": plain(say("why_title", language), _TITLE),
        "close": plain(say("close", language), _TITLE),
        "blocks": room.take(_explained(explained, language)),
    }


def problem(said: str, language: str) -> View:
    """That something cannot be shown, where a view was wanted."""
    return {
        "type": "modal",
        "title": plain(say("why_title", language), _TITLE),
        "close": plain(say("close", language), _TITLE),
        "blocks": [section(part) for part in split([escape(said)])],
    }


def _explained(one: Explained, language: str) -> Iterator[Block]:
    if one.question is not None:
        yield from map(section, split([bold(one.question)]))
    outcome = say(f"outcome_{one.outcome}", language)
    facts = [say("why_asked", language, outcome=outcome, ago=ago(one.asked_at, language, now()))]
    if one.certainty:
        facts.append(say(f"certainty_{one.certainty}", language))
    if one.model:
        facts.append(say("by_model", language, model=one.model))
    elif one.claims:
        facts.append(say("by_quotation", language))
    if one.hidden:
        facts.append(say("why_hidden", language, count=one.hidden))
    yield from map(section, split(map(escape, facts)))
    yield from _claims(one, language)
    if one.dropped:
        said = [say("why_dropped", language, count=sum(one.dropped.values()))]
        said += [f"• {say(f'dropped_{kind}', language, count=n)}" for kind, n in one.dropped.items()]
        yield divider()
        yield from map(section, split(map(escape, said)))
    if one.sources:
        yield divider()
        lines = [
            bold(say("why_freshness", language)),
            *(escape(fresh(each, language)) for each in one.sources),
        ]
        yield from map(section, split(lines))


def _claims(one: Explained, language: str) -> Iterator[Block]:
    """Each sentence, and the places that it rests on with their words."""
    told: set[int] = set()
    for claim in one.claims:
        yield divider()
        numbers = "".join(f"[{number}]" for number in claim.citations)
        yield from map(section, split([f"{escape(claim.text)} {numbers}"]))
        rests_on = [each for each in one.citations if each.number in set(claim.citations) - told]
        told |= set(claim.citations)
        for place in places(rests_on):
            yield from map(context, split(place_lines(place, language)))


def fresh(one: Freshness, language: str) -> str:
    """How a source stands, in a line: `Handbook: last synced 3 hours ago`."""
    if one.synced_at is None:
        return say("source_never", language, source=one.label)
    return say(f"source_{one.state}", language, source=one.label, ago=ago(one.synced_at, language, now()))


def _view(
    name: str, language: str, *, title: str, submit: str, kept: Mapping[str, str], blocks: list[Block]
) -> View:
    return {
        "type": "modal",
        "callback_id": name,
        "private_metadata": json.dumps(kept),
        "title": plain(say(title, language), _TITLE),
        "submit": plain(say(submit, language), _TITLE),
        "close": plain(say("cancel", language), _TITLE),
        "blocks": blocks,
    }


def _text(name: str, label: str) -> Block:
    """A field for more than a line, which may stay empty."""
    field = {"type": "plain_text_input", "action_id": name, "multiline": True, "max_length": LONGEST}
    return {**_input(name, label, field), "optional": True}


def _input(name: str, label: str, element: Block) -> Block:
    return {"type": "input", "block_id": name, "label": plain(label, _LABEL), "element": element}


def _value(view: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = view["state"]["values"].get(name, {}).get(name) or {}
    return found


def _written(view: Mapping[str, Any], name: str) -> str:
    return str(_value(view, name).get("value") or "").strip()[:LONGEST]
