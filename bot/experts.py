"""Questions that nothing answered, passed on to a person: for whom that is done, and who may know.

The same for every chat platform; where such a question goes, and how, is each one's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row

from bot.messages import Answer, Outcome, Person
from bot.wording import say
from config.errors import DeniedError
from config.settings import Settings
from ingest.ledger import asking


def may_be_passed_on(answer: Answer, person: Person) -> bool:
    """Whether whoever asked is offered to ask somebody else: nothing was found, and they are no outsider."""
    return answer.outcome is Outcome.NOT_FOUND and not person.external


def question_of(ledger: Connection, reference: str, person: Person) -> Row[Any]:
    """The question of that reference, as it was kept. Raises `DeniedError`, in their language, for everybody
    but the person who asked it."""
    asked = asking.find_question(ledger, reference)
    if asked is None or asked.id != reference or not person.email or asked.person != person.email:
        raise DeniedError(say("expert_only_asker", person.language))
    return asked


def nearest_sources(asked: Row[Any]) -> list[str]:
    """The sources of the pages that were nearest to a question which nothing answered, the nearest first."""
    if asked.outcome != Outcome.NOT_FOUND:
        return []
    return [one["source"] for one in asked.answer.get("suggestions", ())]


def owner_among(settings: Settings, sources: Iterable[str]) -> str | None:
    """The e-mail of the `owner` of the first of these sources that has one; None where none has."""
    owners = {source.name: source.owner for source in settings.sources}
    return next((owner for source in sources if (owner := owners.get(source))), None)
