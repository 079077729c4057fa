"""HTML made of elements, so that whatever stands in a text stays text."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, tostring  # nothing is parsed by it

Node = Element | str | None

# No browser shows these as what they are, and some change the order of what stands around them.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def tag(name: str, /, *children: Node, **attributes: str | float | None) -> Element:
    """An element. Texts are escaped when it is written; `None` among the children or attributes is left out.

    In the names of attributes, `_` at the end is dropped (`class_`) and stands for `-` elsewhere.
    """
    element = Element(name)
    for key, value in attributes.items():
        if value is not None:
            element.set(
                key.rstrip("_").replace("_", "-"), _clean(value if isinstance(value, str) else f"{value:g}")
            )
    last: Element | None = None
    for child in children:
        if isinstance(child, Element):
            element.append(child)
            last = child
        elif child is not None and last is None:
            element.text = (element.text or "") + _clean(child)
        elif child is not None and last is not None:
            last.tail = (last.tail or "") + _clean(child)
    return element


def page(title: str, style: str, *body: Node) -> str:
    """A whole document that needs nothing else, and may load nothing else."""
    allowed = "default-src 'none'; style-src 'unsafe-inline'"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=allowed),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", title),
        tag("style", style),
    )
    document = tag("html", head, tag("body", *body), lang="en")
    return "<!DOCTYPE html>\n" + tostring(document, encoding="unicode", method="html") + "\n"


def table(heads: list[tuple[str, str]], rows: list[Element]) -> Element:
    """A table; each head is its words and, perhaps, its column's class."""
    shown = (tag("th", head, class_=class_ or None, scope="col") for head, class_ in heads)
    return tag("table", tag("thead", tag("tr", *shown)), tag("tbody", *rows))


def _clean(text: str) -> str:
    return _UNSEEN.sub("\ufffd", text)
