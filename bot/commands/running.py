"""Carrying a command out, for whom that is allowed: decided here, from the settings, for every platform."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from bot.audience import principals_for
from bot.commands import holds, looking
from bot.commands.asked import MOST, Asked, Followed
from bot.commands.explaining import why
from bot.commands.grammar import INDEX, Command, named, nearest
from bot.commands.syncing import sync
from bot.messages import Button, Notice, Person
from config.errors import ConfigError, SabioError, UnavailableError
from config.sections import SourceSettings
from ingest.knowledge import KnowledgeBase
from ingest.ledger import now
from ingest.permissions import principals_of

_OPEN_TO_ALL = ("help", "sources")

log = logging.getLogger("bot")


def is_admin(kb: KnowledgeBase, person: Person) -> bool:
    """Whether the settings name a person, a group of theirs or their domain among `admins`.

    Nobody from outside is one. What everybody counts as makes nobody one, so somebody without a verified
    e-mail is one only by a group that the platform vouches for.
    """
    if person.external:
        return False
    own = principals_for(kb, person) - principals_of(None, kb.settings.groups)
    return not own.isdisjoint(kb.settings.admins)


def run(
    kb: KnowledgeBase, command: Command, person: Person, language: str, asked_at: datetime | None = None
) -> Notice | Followed:
    """Carry a command out, if the person may: what came of it, or what is to be followed until it is over.

    `asked_at` is when the platform received the command: carried out again with the same, as after a crash,
    it starts no second sync. Whatever happens there is a reply.
    """
    asked = Asked(kb, command, person, language, asked_at or now())
    try:
        return _run(asked)
    except UnavailableError as error:
        log.info("%s could not be carried out: %s", command.name, error)
        return asked.notice("unavailable", [asked.say("because", reason=str(error))])
    except ConfigError as error:
        log.error("%s could not be carried out: %s", command.name, error)  # noqa: TRY400 - no trace needed
        return asked.notice("misconfigured", [asked.say("because", reason=each) for each in error.problems])
    except SabioError as error:
        return asked.notice("refused", [asked.say("because", reason=str(error))])
    except Exception:
        log.exception("%s failed", command.name)
        return asked.notice("internal")


def _run(asked: Asked) -> Notice | Followed:
    command, admin = asked.command, is_admin(asked.kb, asked.person)
    if command.name == "help":
        return looking.help_(asked, admin=admin)
    if not admin and command.name not in _OPEN_TO_ALL:
        log.info("%s is refused to somebody who is no admin", command.name)
        return _refusal(asked)
    if command.name == "sources":
        return looking.sources(asked, admin=admin)
    log.info("%s carries out: %s %s", asked.by or "somebody", command.name, command.about)
    if command.name in _ALONE:
        return _ALONE[command.name](asked)
    found = asked.kb.sources()
    if command.about and command.about != INDEX:
        found = named(asked.kb, command.about)
        if not found:
            return _unknown(asked)
    return _ABOUT[command.name](asked, found)


def _sync(asked: Asked, sources: list[SourceSettings]) -> Notice | Followed:
    if not sources:
        return asked.notice("no_sources")
    return sync(asked, [source.name for source in sources])


_ALONE: dict[str, Callable[[Asked], Notice | Followed]] = {
    "status": looking.status,
    "why": why,
    "feedback": looking.feedback,
}
_ABOUT: dict[str, Callable[[Asked, list[SourceSettings]], Notice | Followed]] = {
    "sync": _sync,
    "confirm": holds.confirm,
    "accept": holds.accept,
    "discard": holds.discard,
    "quarantine": looking.quarantine,
}


def _refusal(asked: Asked) -> Notice:
    whom = "ask_operator" if asked.kb.settings.admins else "no_admins"
    return asked.notice("admins_only", [asked.say(whom), asked.say("you_may")])


def _unknown(asked: Asked) -> Notice:
    """That there is no such source, with the one that was probably meant first."""
    command, configured = asked.command, asked.kb.sources()
    near = nearest(asked.kb, command.about)
    configured.sort(key=lambda one: one is not near)
    shown = asked.labels(configured[:MOST]) or "–"
    more = [asked.say("more", count=len(configured) - MOST)] if len(configured) > MOST else []
    verb = {"sync": "sync", "quarantine": "quarantine"}.get(command.name, f"sync {command.name}")
    written = f"{verb} {near.name}{' --full' * command.full}" if near else ""
    buttons = [Button(asked.say("meant", command=written), written)] if near and verb == "sync" else []
    title = asked.say("unknown_source", source=command.about)
    return Notice(title, (asked.say("configured", sources=shown), *more), tuple(buttons))
