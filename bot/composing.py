"""From drafts that were checked to the answer that is shown: citations, text, notes, nearest pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property

from bot import wording
from bot.agreement import Dispute
from bot.messages import Answer, Citation, Claim, Dropped, Outcome, Suggestion
from bot.plain import hosts_of, longest_plain, plain
from bot.quoting import normalise
from bot.ranking import Ranked
from bot.retrieval import Found
from bot.sentences import units
from bot.verification import Draft, Evidence
from ingest.knowledge import KnowledgeBase
from ingest.ledger import runs
from workers.schedule import is_late

SUGGESTIONS = 5


class StoppedError(Exception):
    """Nobody wants the answer any more: what is told of sentences raises it, `door.handle` passes it on."""


Show = Callable[[Claim, Sequence[Citation]], None]
"""Is told of each claim as soon as it was checked, with the citations that it is the first to need."""


@dataclass
class Composer:
    """Puts one answer together, claim by claim. `hosts` are those whose addresses may be shown."""

    kb: KnowledgeBase
    found: Found
    ranked: Sequence[Ranked]
    confidence: float
    show: Show | None = None
    claims: list[Claim] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)
    _numbers: dict[tuple[str, str], int] = field(default_factory=dict)

    @property
    def language(self) -> str:
        """The question's: the answer has the same."""
        return self.found.question.language

    @cached_property
    def hosts(self) -> frozenset[str]:
        """Those of the found pages themselves, and those that the operator named."""
        addresses = [one.passage.url for one in self.found.passages]
        return hosts_of(addresses) | frozenset(self.kb.settings.answers.link_hosts)

    def broken_rule(self, draft: Draft) -> str | None:
        """That nothing may be shown of a draft, or of one of its quotes; None for one that can be."""
        left = [longest_plain(one.quote, self.hosts) for one in draft.evidence]
        whole = all(any(map(str.isalnum, text)) for text in [plain(draft.text, self.hosts), *left])
        return None if whole else "nothing of it may be shown: it is an address or markup"

    def say(self, draft: Draft, translation: str | None = None) -> None:
        """Add a checked draft to the answer."""
        before = len(self.citations)
        numbers = [self._cite(one, translation) for one in draft.evidence]
        claim = Claim(self.plain(draft.text), tuple(dict.fromkeys(numbers)))
        self.claims.append(claim)
        if self.show is not None:
            self.show(claim, self.citations[before:])

    def quote(self, drafts: Sequence[Draft]) -> None:
        """Add checked quotations; those in another language with a translation."""
        for draft, translation in zip(drafts, self._translations(drafts), strict=True):
            self.say(draft, translation)

    def plain(self, text: str) -> str:
        """Text on one line, without what a chat would act on."""
        return " ".join(plain(text, self.hosts, wording.say("link", self.language)).split())

    def disputed(self, dispute: Dispute | None) -> list[str]:
        """The note that pages do not say the same, with their dates."""
        if dispute is None:
            return []
        named = [
            f"“{self.plain(page.title)}”"
            + (f" ({wording.date(page.updated_at, self.language)})" if page.updated_at else "")
            for page in dispute.pages
        ]
        return [wording.say("disagree", self.language, pages=", ".join(named))]

    def _cite(self, evidence: Evidence, translation: str | None) -> int:
        passage = evidence.passage
        key = (passage.chunk.id, normalise(evidence.quote))
        if key not in self._numbers:
            self._numbers[key] = len(self._numbers) + 1
            citation = Citation(
                number=self._numbers[key],
                source=passage.source,
                document=passage.entry,
                title=self.plain(passage.title),
                url=passage.url,
                heading=tuple(map(self.plain, passage.chunk.heading)),
                page=passage.chunk.page,
                quote=longest_plain(evidence.quote, self.hosts),
                updated_at=passage.updated_at,
                author=passage.author and self.plain(passage.author),
                language=passage.chunk.language,
                translation=translation and self.plain(translation),
            )
            self.citations.append(citation)
        return self._numbers[key]

    def _translations(self, drafts: Sequence[Draft]) -> list[str | None]:
        spoken = [draft.evidence[0].passage.chunk.language for draft in drafts]
        translations: list[str | None] = [None] * len(drafts)
        for foreign in sorted(set(spoken) - {self.language}):
            places = [place for place, each in enumerate(spoken) if each == foreign]
            texts = [drafts[place].text for place in places]
            made = self.kb.encoder.translator.translate(texts, foreign, self.language)
            for place, translation in zip(places, made, strict=True):
                translations[place] = translation
        return translations

    def answer(
        self,
        outcome: Outcome,
        dropped: Sequence[Dropped],
        notes: Sequence[str] = (),
        *,
        written: bool = False,
    ) -> Answer:
        """The answer that the claims make; `written` by a model, in sentences that follow each other."""
        cited = {(one.source, one.document) for one in self.citations}
        notes = [*notes, *self._notes({source for source, _ in cited})]
        lines = [] if outcome is Outcome.ANSWERED else [wording.say("maybe", self.language)]
        lines += self._prose() if written else self._quotations()
        others = [one for one in self.suggestions() if (one.source, one.document) not in cited]
        return self._made(
            outcome, [*lines, *notes], dropped, others[: SUGGESTIONS - min(len(cited), 2)], notes
        )

    def not_found(self, dropped: Sequence[Dropped], notes: Sequence[str] = ()) -> Answer:
        """That nothing was found which answers, with the nearest pages and whom to ask."""
        nearest = self.suggestions()
        notes = [*notes, *self._notes({one.source for one in nearest})]
        lines = [wording.say("not_found", self.language)]
        if nearest:
            lines.append(wording.say("nearest", self.language))
            lines += [wording.say("page", self.language, title=one.title, quote=one.quote) for one in nearest]
            author = self.found.passages[0].passage.author
            if author:
                lines.append(wording.say("whom", self.language, author=self.plain(author)))
        self.claims, self.citations = [], []
        return self._made(Outcome.NOT_FOUND, [*lines, *notes], dropped, nearest, notes)

    def suggestions(self) -> list[Suggestion]:
        """The nearest pages, each once, with the words of it that come nearest."""
        best: dict[str, str] = {}
        for one in self.ranked:
            best.setdefault(one.passage.passage.document, one.unit.quote)
        found: dict[str, Suggestion] = {}
        for scored in self.found.passages:
            passage = scored.passage
            if passage.document in found:
                continue
            words = best.get(passage.document) or next((unit.quote for unit in units(passage.text)), "")
            found[passage.document] = Suggestion(
                self.plain(passage.title),
                passage.url,
                passage.source,
                passage.entry,
                longest_plain(words, self.hosts),
            )
            if len(found) == SUGGESTIONS:
                break
        return list(found.values())

    def _made(
        self,
        outcome: Outcome,
        lines: Sequence[str],
        dropped: Sequence[Dropped],
        suggestions: Sequence[Suggestion],
        notes: Sequence[str],
    ) -> Answer:
        return Answer(
            outcome,
            self.language,
            "\n".join(lines),
            tuple(self.claims),
            tuple(self.citations),
            tuple(Dropped(plain(one.text, ()), plain(one.rule, ())) for one in dropped),
            tuple(suggestions),
            tuple(notes),
            confidence=self.confidence,
        )

    def _prose(self) -> list[str]:
        said = [
            f"{claim.text} {''.join(f'[{number}]' for number in claim.citations)}" for claim in self.claims
        ]
        return [" ".join(said)]

    def _quotations(self) -> list[str]:
        lines, above = [], None
        for claim in self.claims:
            citation = self.citations[claim.citations[0] - 1]
            if (citation.source, citation.document) != above:
                above = (citation.source, citation.document)
                lines.append(self._frame(citation))
            lines.append(f"- {claim.text} [{citation.number}]")
            if citation.translation:
                lines[-1] += " " + wording.say("translated", self.language, text=citation.translation)
        return lines

    def _frame(self, citation: Citation) -> str:
        if citation.updated_at is None:
            return wording.say("according_to", self.language, title=citation.title)
        day = wording.date(citation.updated_at, self.language)
        return wording.say("according_to_dated", self.language, title=citation.title, date=day)

    def _notes(self, sources: Set[str]) -> list[str]:
        """What to know of the sources: the last sync failed, or is older than the schedule allows."""
        said: list[tuple[str, str, str]] = []
        settings, moment = self.kb.settings, datetime.now(UTC)
        with self.kb.ledger.read() as ledger:
            synced = runs.latest(ledger)
        schedules = {source.name: settings.schedule(source) for source in settings.sources}
        for name in sorted(sources & synced.keys()):
            began_at = synced[name].get("began_at")
            if synced[name]["state"] == "failed":
                said.append(("broken_source", name, ""))
            elif began_at and is_late(schedules.get(name, "weekly"), began_at, settings.sync, moment):
                said.append(("old_source", name, wording.date(began_at, self.language)))
        said += [("restored_source", name, "") for name in sorted(self.found.restored)]
        said += [("aged_source", name, "") for name in sorted(self.found.aged)]
        labels = {source.name: source.label or source.name for source in settings.sources}
        return [
            wording.say(words, self.language, source=labels.get(name, name), date=day)
            for words, name, day in said
        ]


def said_of(answer: Answer) -> list[str]:
    """The lines of an answer's text without the nearest pages of `not_found`, for a platform that shows those
    in its own way."""
    below: set[str] = set()
    if answer.outcome is Outcome.NOT_FOUND and answer.suggestions:
        language = answer.language
        pages = [
            wording.say("page", language, title=one.title, quote=one.quote) for one in answer.suggestions
        ]
        below = {wording.say("nearest", language), *pages}
    return [line for line in answer.text.split("\n") if line not in below]


def with_note(answer: Answer, note: str) -> Answer:
    """An answer with one more thing that the reader should know."""
    return replace(answer, text=f"{answer.text}\n{note}", notes=(*answer.notes, note))
