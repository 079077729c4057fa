"""What a command looks like. Whatever is not one as a whole is a question: no question may be swallowed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from config.sections import SourceSettings
from ingest.knowledge import KnowledgeBase

_SPELLINGS = {
    "sync": "sync, resync, re-sync, sincroniza, sincronizar, resincroniza, resincronizar",
    "confirm": "confirm, confirma, confirmar",
    "accept": "accept, acepta, aceptar",
    "discard": "discard, descarta, descartar",
    "status": "status, estado",
    "sources": "sources, fuentes",
    "why": "why, porque",
    "quarantine": "quarantine, cuarentena",
    "feedback": "feedback, opiniones",
    "help": "help, ayuda",
}
_WORDS = {word: name for name, words in _SPELLINGS.items() for word in words.split(", ")}
_DECISIONS = ("confirm", "accept", "discard")
_ABOUT_A_SOURCE = ("sync", *_DECISIONS, "quarantine")
# Phones and Slack make one long dash of the two short ones.
_FULL = {"--full", "—full", "–full", "full", "--completa", "—completa", "–completa", "completa"}
_ALL = {"all", "todo", "todas"}
_SEEN_TO = {"done", "hecho", "hecha"}
INDEX = "index"
"""Stands where a source's name does, for the index that golden questions hold."""
_INDEX = {INDEX, "indice"}

_WHY_TWO_WORDS = re.compile(r"por\s+qu[eé]\b", re.IGNORECASE)
_REFERENCE = re.compile(r"[0-9a-f]{10}")
_ADDRESS = re.compile(r"https?://\S+")
_QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’", "«": "»", "„": "“"}
_EDGES = " \t\r\n`.!"
_LONGEST = 500
_LIKE = 0.75
"""How like a word must be to one that is known, as difflib counts, to be taken for a slip."""


@dataclass(frozen=True, slots=True)
class Command:
    """What somebody wants done."""

    name: str
    """`sync`, `confirm`, `accept`, `discard`, `status`, `sources`, `why`, `quarantine`, `feedback` or
    `help`."""
    about: str = ""
    """The source as it was written (empty: all, or whichever it is about), what `why` asks about, or the
    reference of the answer whose `feedback` was seen to."""
    full: bool = False

    @property
    def private(self) -> bool:
        """Whether the reply is for whoever asked alone, also where others read along: it tells of documents
        and questions, which not everybody there may read."""
        return self.name in {"status", "why", "quarantine", "feedback", "help"}


def read(kb: KnowledgeBase, text: str, *, slash: bool = False) -> Command | None:
    """The command that a text is, written after a mention or a slash; None: it is a question.

    A source is named by its name, label or type, nearly at least. `slash`: the text follows a slash, where a
    single word that names no source is more likely a mistake than something to look for.
    """
    text = _WHY_TWO_WORDS.sub("porque", text.strip(_EDGES), count=1)
    if len(text) > _LONGEST:
        return None
    first, *rest = text.split() or [""]
    name = _WORDS.get(fold(first))
    if name == "why":
        subject = _subject(kb, text.partition(first)[2].strip())
        return Command(name, subject) if subject else None
    if name is None or "?" in text or "¿" in text:
        return None
    if name == "sync" and rest and (decision := _WORDS.get(fold(rest[0]))) in _DECISIONS:
        name, rest = str(decision), rest[1:]
    if name == "feedback" and len(rest) == 2 and fold(rest[0]) in _SEEN_TO:
        return Command(name, rest[1]) if _REFERENCE.fullmatch(rest[1]) else None
    if name not in _ABOUT_A_SOURCE:
        return None if rest else Command(name)
    return _about_a_source(kb, name, rest, slash=slash)


def _about_a_source(kb: KnowledgeBase, name: str, words: Sequence[str], *, slash: bool) -> Command | None:
    kept = [word for word in words if name != "sync" or fold(word) not in _FULL]
    command, about = Command(name, full=len(kept) < len(words)), " ".join(kept)
    if not about or (name == "sync" and fold(about) in _ALL):
        return command
    if name in _DECISIONS and fold(about) in _INDEX and not named(kb, about):
        return replace(command, about=INDEX)
    meant = bool(named(kb, about) or nearest(kb, about)) or (slash and len(kept) == 1)
    return replace(command, about=about) if meant else None


def _subject(kb: KnowledgeBase, words: str) -> str | None:
    """What `why` may be asked about: an answer's reference, anything in quotation marks, a document by its
    address or as `source/path`. More would be taken from questions that begin with it."""
    if len(words) > 2 and _QUOTES.get(words[0]) == words[-1] and words[-1] not in words[1:-1]:
        return words[1:-1].strip() or None
    source, _, path = words.partition("/")
    known = source in kb.connectors and path and " " not in path and "?" not in path
    if known or _REFERENCE.fullmatch(words) or _ADDRESS.fullmatch(words):
        return words
    return None


def suggest(kb: KnowledgeBase, text: str) -> str | None:
    """What was perhaps meant by a text that is no command: the same with its first word spelled right, if
    that is one. `synk wiki` gives `sync wiki`."""
    if len(text) > _LONGEST or read(kb, text) is not None:
        return None
    first, *rest = text.strip(_EDGES).split() or [""]
    near = get_close_matches(fold(first), _WORDS, 1, _LIKE)
    meant = " ".join([*near, *rest])
    return meant if near and read(kb, meant) else None


def named(kb: KnowledgeBase, words: str) -> list[SourceSettings]:
    """The configured sources that are called that: the one of that name, else those of that label, else those
    of that type. Neither case nor accents matter."""
    wanted = fold(words)
    for called in ("name", "label", "type"):
        if found := [one for one in kb.settings.sources if fold(getattr(one, called) or "") == wanted]:
            return found
    return []


def nearest(kb: KnowledgeBase, words: str) -> SourceSettings | None:
    """The configured source whose name or label is nearly that."""
    by_name = {fold(each): one for one in kb.settings.sources for each in (one.label or "", one.name)}
    near = get_close_matches(fold(words), [each for each in by_name if each], 1, _LIKE)
    return by_name[near[0]] if near else None


def fold(text: str) -> str:
    """A text without case and accents."""
    parts = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in parts if not unicodedata.combining(letter)).casefold()
