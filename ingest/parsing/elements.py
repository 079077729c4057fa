"""The seam to unstructured: it is started here, and its elements become sections here."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from ingest.documents import Kind
from ingest.parsing.markup import read_markup
from ingest.parsing.outline import Outline
from ingest.parsing.text import BULLET, clean, flat

# Read before unstructured is imported anywhere: it reports its use to its makers and prints a notice.
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("SCARF_NO_ANALYTICS", "1")
os.environ.setdefault("UNSTRUCTURED_DISABLE_NOTICE", "1")

_MODEL = "en_core_web_sm"
_SKIPPED = {"PageBreak", "PageNumber", "Footer", "Header", "Image"}


@cache
def prepare() -> None:
    """Make unstructured work without a network. Call it before any of its partition functions.

    At its first classification of a text, it downloads a spaCy model from a web site into the installed
    packages. Where that model is not installed, a blank pipeline that ends sentences at full stops takes its
    place: enough for telling paragraphs from titles.
    """
    from unstructured.nlp import tokenize

    if importlib.util.find_spec(_MODEL) is None:
        tokenize._load_spacy_model = _blank_model  # noqa: SLF001
        tokenize._get_nlp.cache_clear()  # noqa: SLF001


def _blank_model() -> Any:
    import spacy

    model = spacy.blank("en")
    model.add_pipe("sentencizer")
    return model


def to_outline(
    elements: Iterable[Any],
    outline: Outline,
    headings: Mapping[str, int] | None = None,
    page: int | None = None,
) -> None:
    """Add unstructured's elements to an outline.

    `headings` are the texts that the file itself marks as headings, with their levels. What unstructured
    takes for a title without that is a short paragraph, and stays text.
    """
    for element in elements:
        text = flat(element.text)
        if element.category in _SKIPPED or not text:
            continue
        if headings and element.category == "Title" and text in headings:
            outline.open(headings[text], text, page)
        elif element.category == "Table":
            _add_table(element, outline, page)
        elif element.category == "ListItem":
            bullet = "-*+"[min(element.metadata.category_depth or 0, 2)]
            outline.add(text if BULLET.match(text) else f"{bullet} {text}", Kind.ITEM, page)
        else:
            outline.add(text, Kind.TEXT, page)


def _add_table(element: Any, outline: Outline, page: int | None) -> None:
    markup = element.metadata.text_as_html
    sections = read_markup(clean(markup)).sections if markup else ()
    for section in sections:  # more than one if the table only lays out the page
        outline.add(section.text, section.kind, page)
    if not sections:
        outline.add(flat(element.text), Kind.TEXT, page)
