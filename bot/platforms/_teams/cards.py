"""Adaptive Cards, where words alone do not do: what can be done about an answer, notices with buttons, forms.

https://adaptivecards.io/explorer; Teams takes version 1.5 of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from bot.explaining import Explained
from bot.feedback import LONGEST
from bot.messages import Answer, Notice, Outcome, Suggestion
from bot.wording import ago, say
from ingest.ledger import now

Json = dict[str, Any]

_LABEL = 60
_ACTIONS = 6
"""In one row; Teams leaves out what is more."""


def below(answer: Answer, *, expert: bool = False) -> Json | None:
    """What stands below what is no answer: the nearest pages, and what can be done about it. `expert`: it can
    be passed on to one."""
    language = answer.language
    pages = list(_pages(answer.suggestions, language)) if answer.outcome is Outcome.NOT_FOUND else []
    if not (pages or expert) and answer.outcome is not Outcome.NOT_ALLOWED:
        return None
    buttons = [_dialog(say("why_button", language), "why", answer.reference)]
    if answer.outcome is Outcome.NOT_ALLOWED:
        buttons.insert(0, _dialog(say("privately_button", language), "privately", answer.reference))
    if expert:
        buttons.insert(0, _dialog(say("expert_button", language), "expert", answer.reference))
    return _card(pages, buttons)


def notice(said: Notice) -> Json:
    """What Sabio says that is no answer: a title, lines, and buttons that stand for commands."""
    buttons = [
        {
            "type": "Action.Submit",
            "title": one.label[:_LABEL],
            "data": {"sabio": "command", "text": one.command},
            **({"style": "destructive"} if one.confirm else {}),
        }
        if one.confirm is None
        else {
            "type": "Action.ShowCard",
            "title": one.label[:_LABEL],
            "card": _card(
                [_own(one.confirm)],
                [
                    {
                        "type": "Action.Submit",
                        "title": one.label[:_LABEL],
                        "style": "destructive",
                        "data": {"sabio": "command", "text": one.command},
                    }
                ],
            ),
        }
        for one in said.buttons
    ]
    return _card([_own(said.title, weight="Bolder"), *map(_own, said.lines)], buttons)


def _pages(suggestions: Iterable[Suggestion], language: str) -> Iterator[Json]:
    for number, one in enumerate(suggestions):
        if not number:
            yield _text(say("nearest", language), weight="Bolder")
        link = {"selectAction": {"type": "Action.OpenUrl", "url": one.url, "title": one.title[:200]}}
        yield {
            "type": "Container",
            **(link if _is_link(one.url) else {}),
            "items": [
                _text(one.title, color="Accent" if _is_link(one.url) else "Default"),
                _text(f"“{one.quote[:300]}”", isSubtle=True, spacing="None"),
            ],
        }


def said(text: str) -> Json:
    """One of Sabio's own sentences."""
    return _card([_own(text)], [])


def whole(answer: Answer) -> Json:
    """An answer with the places that it rests on, for a dialog."""
    blocks = [_text(line) for line in answer.text.split("\n") if line.strip()]
    for one in answer.citations:
        place = f"[{one.number}] {one.title}: “{one.quote}”"
        opens = {"selectAction": {"type": "Action.OpenUrl", "url": one.url}} if _is_link(one.url) else {}
        blocks.append({"type": "Container", "items": [_text(place, isSubtle=True)], **opens})
    return _card(blocks, [])


def explanation(explained: Explained) -> Json:
    """Why an answer says what it says."""
    language = explained.language
    lines = [
        say(
            "why_asked",
            language,
            outcome=say(f"outcome_{explained.outcome}", language),
            ago=ago(explained.asked_at, language, now()),
        ),
    ]
    if explained.certainty is not None:
        lines.append(say(f"certainty_{explained.certainty}", language))
    blocks = [_text(line) for line in lines]
    for claim in explained.claims:
        blocks.append(_text(claim.text, weight="Bolder", separator=True))
        blocks += [
            _text(f"[{one.number}] {one.title}: “{one.quote}”", isSubtle=True)
            for one in explained.citations
            if one.number in claim.citations
        ]
    return _card(blocks, [])


def expert_form(reference: str, question: str, where: str, language: str, name: str) -> Json:
    """What will be posted, and where, before it is; `name` comes back with it, and is that of this form."""
    note = {
        "type": "Input.Text",
        "id": "note",
        "label": say("expert_note", language),
        "isMultiline": True,
        "maxLength": LONGEST,
    }
    body = [
        _text(say("expert_where", language, where=where)),
        {"type": "Container", "style": "emphasis", "items": [_text(question)]},
        note,
        _text(say("expert_consent", language), isSubtle=True),
    ]
    data = {"sabio": "expert", "reference": reference, "form": name}
    return _card(body, [{"type": "Action.Submit", "title": say("expert_submit", language), "data": data}])


def _is_link(url: str | None) -> bool:
    return bool(url and re.fullmatch(r"https?://\S+", url))


def _dialog(title: str, what: str, reference: str) -> Json:
    """A button that opens a dialog, which only whoever presses it sees."""
    data = {"msteams": {"type": "task/fetch"}, "sabio": what, "reference": reference}
    return {"type": "Action.Submit", "title": title, "data": data}


def _text(text: str, **more: Any) -> Json:
    return {"type": "TextBlock", "text": escape(text), "wrap": True, **more}


def _own(text: str, **more: Any) -> Json:
    """One of Sabio's own sentences, in which `words` to be written stand out; cards know no code."""
    block = _text(text, **more)
    return block | {"text": re.sub(r"`([^`\n]+)`", r"**\1**", block["text"])}


def escape(text: str) -> str:
    """Text that a card shows as it is: it reads a little Markdown."""
    text = re.sub(r"<(?=[^\s<>])", "<\u2060", text)  # a tag, a mention, or an address in angle brackets
    text = re.sub(r"[\\*_\[\]]", r"\\\g<0>", text)
    return re.sub(r"(?m)^(\s*)([-+]|\d+\.)(?=\s)", r"\1\\\2", text)


def _card(body: list[Json], actions: list[Json]) -> Json:
    if len(actions) > _ACTIONS:
        rows = [actions[begin : begin + _ACTIONS] for begin in range(0, len(actions), _ACTIONS)]
        body, actions = [*body, *({"type": "ActionSet", "actions": row} for row in rows)], []
    card: Json = {
        "type": "AdaptiveCard",
        "$schema": "https://adaptivecards.io/schemas/adaptive-card.json",
        "version": "1.5",
        "body": body,
    }
    return card | ({"actions": actions} if actions else {})
