"""Whether a document is the one that was meant, and whether words are those that were expected."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.golden import Golden
from bot.messages import Citation, Suggestion
from bot.quoting import normalise
from ingest.documents import document_id

Keys = tuple[str, str, str, str]
"""What a document may be called by: its source, its path or id there, its address, the ledger's id."""
_MARKS = re.compile(r"\]\([^)\s]*\)|[\W_]+")


def is_one_of(expected: Sequence[str], keys: Keys) -> bool:
    """Whether a document is one of those named: by id, address, path, or `source/path`, or the end of a path.

    A question file may count its paths from another folder than the source does, above or below.
    """
    names, entry = names_of(keys), keys[1]
    wanted = [one.partition("#")[0] if "://" in one else one for one in expected]
    return any(one in names or one.endswith("/" + entry) or entry.endswith("/" + one) for one in wanted)


def names_of(keys: Keys) -> set[str]:
    """The whole names of a document."""
    source, entry, url, document = keys
    return {entry, f"{source}/{entry}", url, url.partition("#")[0], document} - {""}


def keys_of(place: Citation | Suggestion) -> Keys:
    """The document that an answer leads to."""
    return place.source, place.document, place.url or "", document_id(place.source, place.document)


def bare(text: str) -> str:
    """Words alone: golden answers are copied from sources with their markup, quotes have none."""
    return " ".join(_MARKS.sub(" ", normalise(text)).split())


def has_expected(golden: Golden, quotes: Sequence[str]) -> bool:
    """Whether one of the quotes has one of the answers to a question, from word boundary to word boundary."""
    spans = [f" {words} " for words in map(bare, golden.answer_spans) if words]
    said = [f" {bare(quote)} " for quote in quotes] if spans else []
    return any(span in quote for span in spans for quote in said)
