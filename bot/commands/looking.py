"""The commands that tell: `help`, `sources`, `status`, `quarantine`, `feedback`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bot import feedback as opinions
from bot import wording
from bot.audience import sources_for
from bot.commands.asked import MOST, Asked
from bot.commands.syncing import accept_button, removal_buttons
from bot.messages import Button, Notice
from bot.status import SourceStatus, Status, status_of
from config.sections import SourceSettings
from ingest.holding import hold_of
from ingest.ledger.runs import OPEN

_HELP = ("sources", "help")
_HELP_FOR_ADMINS = ("sync", "hold", "status", "quarantine", "why", "feedback")
_BUTTONS = 5
"""Of one kind; where there are more, the words do."""


def help_(asked: Asked, *, admin: bool) -> Notice:
    """What may be written besides questions."""
    words = (*_HELP, *_HELP_FOR_ADMINS) if admin else _HELP
    return asked.notice("help", [asked.say(f"help_{word}") for word in words])


def sources(asked: Asked, *, admin: bool) -> Notice:
    """What is answered from and how fresh it is; who runs Sabio sees counts and schedules as well. Guests see
    the sources that may be told of to them."""
    told = sources_for(asked.kb, external=asked.person.external)
    shown = [one for one in status_of(asked.kb).sources if one.type and (told is None or one.name in told)]
    lines = []
    for one in shown:
        said = [
            asked.say("synced_at", time=asked.clock(one.synced_at)) if one.synced_at else asked.say("never")
        ]
        if admin:
            said += [asked.say("documents", count=one.documents), f"{one.name}: {one.type}, {one.schedule}"]
        lines.append(asked.say("of_source", source=one.label, said=" · ".join(said)))
    return Notice(asked.say("sources", count=len(shown)), tuple(asked.cut(lines)))


def status(asked: Asked) -> Notice:
    """How everything stands: a line a source, what waits for a person's word, who is at work, the index."""
    found = status_of(asked.kb)
    lines = asked.cut([_standing(asked, one) for one in found.sources])
    buttons: list[Button] = []
    for one in found.sources[:MOST]:
        if one.held and one.type:
            buttons += removal_buttons(asked, one.name, one.held)
    with asked.kb.ledger.read() as ledger:
        for one in found.sources:
            if hold := hold_of(asked.kb.settings, ledger, one.name):
                said = asked.say("worse", fell="; ".join(hold.verdict.fell))
                lines.append(asked.say("of_source", source=one.label, said=said))
                buttons.append(accept_button(asked, one.name))
    lines += [_processes(asked, found), asked.say("index", name=found.collection or "–")]
    if found.held_index:
        lines.append(asked.say("index_held", reason=found.held_index))
        buttons += [
            asked.button("accept_index", "sync accept index"),
            asked.button("discard_index", "sync discard index"),
        ]
    documents = sum(one.documents for one in found.sources if one.type)
    return Notice(asked.say("status", count=documents), tuple(lines), tuple(buttons))


def _standing(asked: Asked, one: SourceStatus) -> str:
    said = [asked.say("documents", count=one.documents), _last(asked, one)]
    said += [
        asked.say(key, count=count)
        for key, count in (
            ("pending", one.pending),
            ("unread", len(one.quarantined)),
            ("held_short", one.held),
        )
        if count
    ]
    if one.type is None:
        said.append(asked.say("not_configured"))
    elif one.due:
        said.append(asked.say("due"))
    elif one.due_at:
        said.append(asked.say("due_at", time=asked.clock(one.due_at)))
    return asked.say("of_source", source=one.label, said=" · ".join(said))


def _last(asked: Asked, one: SourceStatus) -> str:
    run = one.last_run
    if run is None:
        return asked.say("never")
    if run.outcome in OPEN:
        return asked.say("going_on", time=asked.clock(run.started_at))
    time = asked.clock(run.finished_at or run.started_at)
    if run.outcome == "failed":
        return asked.say("last_failed", time=time, reason=run.error or "")
    return asked.say("synced_at", time=time)


def _processes(asked: Asked, found: Status) -> str:
    kinds = Counter(one.kind for one in found.processes)
    shown = ", ".join(f"{kind} × {count}" if count > 1 else kind for kind, count in sorted(kinds.items()))
    return asked.say("processes", processes=shown) if shown else asked.say("nobody_works")


def quarantine(asked: Asked, named: Sequence[SourceSettings]) -> Notice:
    """The documents that could not be read, and why."""
    names = {source.name for source in named}
    found = [one for one in status_of(asked.kb).sources if one.name in names]
    lines = [
        asked.say(
            "unread_one",
            document=f"{one.name}/{each.document}",
            reason=each.reason,
            since=wording.date(each.since, asked.language),
        )
        for one in found
        for each in one.quarantined
    ]
    again = [
        Button(
            asked.say("read_again", source=one.label),
            f"sync {one.name} --full",
            asked.say("read_again_sure", source=one.label),
        )
        for one in found
        if one.quarantined
    ]
    return Notice(asked.say("quarantine", count=len(lines)), tuple(asked.cut(lines)), tuple(again[:_BUTTONS]))


def feedback(asked: Asked) -> Notice:
    """The complaints about answers that nobody has seen to; or that those of one answer have been."""
    if reference := asked.command.about:
        return Notice(asked.say("feedback_closed", count=opinions.close(asked.kb, reference, asked.by)))
    found = opinions.queue(asked.kb)
    lines = []
    for one in found:
        said = [wording.say(f"reason_{one.reason}", asked.language)] if one.reason else []
        said += [one.comment] if one.comment else []
        said.append(wording.date(one.given_at, asked.language))
        lines.append(
            asked.say("complaint", reference=one.reference, question=one.question, said=" · ".join(said))
        )
    references = list(dict.fromkeys(one.reference for one in found))[:_BUTTONS]
    buttons = [
        button
        for each in references
        for button in (
            Button(asked.say("why", reference=each), f"why {each}"),
            Button(asked.say("seen_to", reference=each), f"feedback done {each}"),
        )
    ]
    return Notice(asked.say("feedback", count=len(found)), tuple(asked.cut(lines)), tuple(buttons))
