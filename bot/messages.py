"""The nouns of the way out, the same for every chat platform: who asks, what is answered, with what proof."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ingest.documents import Readers


class Outcome(StrEnum):
    """How a question ended. There is no sixth way, and none is dressed as another."""

    ANSWERED = "answered"
    PARTIAL = "partial"
    """Something was found that speaks to the question, with less certainty or less than all of it."""
    NOT_FOUND = "not_found"
    NOT_ALLOWED = "not_allowed"
    """The asker may read an answer, but not everyone in the conversation may."""
    UNAVAILABLE = "unavailable"
    """Something is broken; nothing is said about whether there is an answer."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks. The platform has verified all of it, or left it out."""

    email: str | None = None
    name: str | None = None
    groups: Readers = frozenset()
    """Principals of groups that the platform itself keeps, as `group:slack/editors`."""
    external: bool = False
    """A guest, or somebody of another company."""
    language: str = "en"
    """A locale, as `es_MX`: of Sabio's own sentences to them, where there is no question whose language
    counts."""


@dataclass(frozen=True, slots=True)
class Message:
    """What a person says to Sabio, on any platform."""

    text: str
    person: Person
    platform: str = "terminal"
    audience: Readers | None = None
    """The principals that everyone in the conversation has; None when only the asker reads the reply."""
    outsiders: bool = False
    """Guests, or people of other companies, read along: they are told what external sources say only."""
    thread: str | None = None
    """The conversation that it is part of, as the platform names it; None for a question by itself."""
    id: str | None = None
    """The platform's name of the message: it stays when the message is edited and comes again."""
    sources: frozenset[str] | None = None
    """The sources that are answered from; None: all."""
    tone: str | None = None
    """How a language model should sound; None: as the settings say."""
    floor: float | None = None
    """It was not said to Sabio: an answer that is less sure than this is not given, and nothing is kept."""


@dataclass(frozen=True, slots=True)
class Button:
    """Something that a person may do about a notice by pressing it."""

    label: str
    command: str
    """What they could as well have written, as `sync wiki --full`."""
    confirm: str | None = None
    """What they are asked before it is done; None: nothing."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What Sabio says that is no answer: the result of a command, how far it has come, a polite no."""

    title: str
    lines: tuple[str, ...] = ()
    buttons: tuple[Button, ...] = ()
    done: bool = True
    """False: it goes on, and there will be another in place of this one."""


@dataclass(frozen=True, slots=True)
class Citation:
    """The place that a claim rests on, with its words."""

    number: int
    source: str
    document: str
    """The connector's id, as a path or page id."""
    title: str
    url: str | None
    heading: tuple[str, ...]
    page: int | None
    quote: str
    """Stands verbatim in a passage that was published when the question was answered."""
    updated_at: datetime | None
    author: str | None
    language: str
    translation: str | None = None
    """The quote in the question's language, made by a machine; only where the two differ."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence of an answer and the numbers of the citations it rests on."""

    text: str
    citations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A page that may help where nothing was found that answers."""

    title: str
    url: str | None
    source: str
    document: str
    quote: str
    """Its nearest passage's words, shown as such."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """Something that was considered and not shown, and the rule that kept it out."""

    text: str
    rule: str


@dataclass(frozen=True, slots=True)
class Tokens:
    """What language models read and wrote, in their own tokens."""

    in_: int = 0
    out: int = 0

    def __add__(self, other: Tokens) -> Tokens:
        return Tokens(self.in_ + other.in_, self.out + other.out)

    def most(self, other: Tokens) -> Tokens:
        """The larger count of each: vendors tell them in parts, or again and again."""
        return Tokens(max(self.in_, other.in_), max(self.out, other.out))


@dataclass(frozen=True, slots=True)
class Answer:
    """The reply to a question."""

    outcome: Outcome
    language: str
    text: str
    claims: tuple[Claim, ...] = ()
    citations: tuple[Citation, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()
    notes: tuple[str, ...] = ()
    """What the reader should know besides: a source whose last sync failed, a page that is old."""
    model: str | None = None
    """The language model that wrote the claims, as `provider:model`; None for quotations."""
    tokens: Tokens = Tokens()
    """What all that it was asked for this answer took."""
    reference: str = ""
    seconds: float = 0.0
    confidence: float = field(default=0.0, compare=False)
    """The estimated chance, 0 to 1, that the claims hold the answer."""
