"""What a person could ask: questions of colleagues that they would be answered as well."""

from __future__ import annotations

from datetime import timedelta

from bot import wording
from bot.audience import principals_for
from bot.messages import Person
from ingest.documents import document_id
from ingest.knowledge import KnowledgeBase
from ingest.ledger import asking, confirming, now, reading
from ingest.ledger.scanning import readers_of
from ingest.permissions import may_read

LATELY = timedelta(days=90)
LONGEST = 120
"""Characters of a question that is short enough to be offered."""
_LOOKED_AT = 50


def suggested_prompts(kb: KnowledgeBase, person: Person, limit: int = 4) -> list[str]:
    """Up to so many questions that a person could ask, best first; where there are fewer, what always works.

    They are those that at least two people asked lately and were answered, from documents that this person
    may read at this moment, every one of them: nobody learns what a colleague asked alone, nor that there is
    something which they may not read. Guests are offered none of them. Raises `UnavailableError`.
    """
    asked = [] if person.external else _answerable(kb, person)
    # Sorting leaves what is in the person's language, and what is not, in their order.
    asked.sort(key=lambda one: one.language != person.language.partition("_")[0])
    always = wording.say("prompt_abilities", person.language)
    return [*(one.text for one in asked[: limit - 1]), always]


def _answerable(kb: KnowledgeBase, person: Person) -> list[asking.Often]:
    principals = principals_for(kb, person)
    with kb.ledger.read() as ledger:
        often = [
            one for one in asking.often_asked(ledger, now() - LATELY, _LOOKED_AT) if len(one.text) <= LONGEST
        ]
        held = confirming.look(ledger, kb.connectors, kb.knowing).held
        published = reading.published_documents(
            ledger, {document_id(*cited) for one in often for cited in one.cited}
        )
    answering = kb.connectors.keys() - held
    readable = {
        row.id
        for row in published
        if row.source in answering and may_read(principals, readers_of(row.readers))
    }
    return [one for one in often if readable.issuperset(document_id(*cited) for cited in one.cited)]
