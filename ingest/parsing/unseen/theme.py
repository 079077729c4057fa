"""The colours of Office's drawing language: a theme's, and those that fills name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from lxml import etree

from ingest.parsing.unseen.colours import CLEAR, Colour, from_css, from_hex

Scheme = Mapping[str, Colour]
"""Colours by the names that shapes call them: `lt1`, `accent2`, `bg1`, `tx1`…"""

# Which of a theme's colours paper and ink are, where no master says otherwise.
MAPPING = {"bg1": "lt1", "tx1": "dk1", "bg2": "lt2", "tx2": "dk2"}
_OFFICE = {"lt1": "FFFFFF", "dk1": "000000", "lt2": "E7E6E6", "dk2": "44546A", "accent1": "4472C4"}
# Kinds of fills, and where their colours stand.
_INKS = {"solidFill": ".", "gradFill": "{*}gsLst/{*}gs", "pattFill": "{*}bgClr"}
_CHANGES = {"lumMod", "lumOff", "tint", "shade", "alpha"}


@lru_cache(maxsize=8)
def read_theme(part: bytes | None) -> Scheme:
    """The colours of a theme part; Office's own where there is none."""
    scheme = {name: colour for name, digits in _OFFICE.items() if (colour := from_hex(digits))}
    if part is None:
        return scheme
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    for one in etree.fromstring(part, parser).iterfind(".//{*}clrScheme/*"):
        if (colour := drawn_colour(one, {})) is not None:
            scheme[local(one)] = colour
    return scheme


def mapped(scheme: Scheme, mapping: Mapping[str, str]) -> Scheme:
    """A theme's colours with those names that a master gives them."""
    names = {**MAPPING, **mapping}
    return {**scheme, **{name: scheme[of] for name, of in names.items() if of in scheme}}


def drawn_colour(holder: Any, scheme: Scheme) -> Colour | None:
    """The colour that stands in an element (`a:solidFill`, `a:gs`); `None` where there is none."""
    for one in holder:
        name, value = local(one), _attribute(one, "val") or ""
        colour = {
            "srgbClr": lambda value=value: from_hex(value),
            "schemeClr": lambda value=value: scheme.get(value),
            "sysClr": lambda one=one: from_hex(_attribute(one, "lastClr")),
            "prstClr": lambda value=value: from_css(value.replace("dk", "dark").replace("lt", "light")),
            "scrgbClr": lambda one=one: _from_linear(one),
        }.get(name, lambda: None)()
        if colour is not None:
            return colour.lit(_changes(one))
    return None


def fills_of(holder: Any, scheme: Scheme) -> list[Colour] | None:
    """The colours of the fill that an element holds: none where it says so, of a gradient several.

    `None` where it says nothing, or shows a picture.
    """
    for one in holder:
        kind = local(one)
        if kind == "noFill":
            return []
        if kind in _INKS:
            found = [drawn_colour(ink, scheme) for ink in one.iterfind(_INKS[kind])]
            return [colour for colour in found if colour is not None] or None
    return None


def fill_of(holder: Any, scheme: Scheme) -> Colour | None:
    """The first colour of the fill that an element holds; clear where it says that there is none."""
    fills = fills_of(holder, scheme)
    return None if fills is None else next(iter(fills), CLEAR)


def local(element: Any) -> str:
    """An element's name without its namespace; empty for comments."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _attribute(element: Any, name: str) -> str | None:
    """An attribute by its local name: Word's drawings give theirs a namespace."""
    own = element.get(name)
    if own is not None:
        return str(own)
    return next((str(value) for key, value in element.attrib.items() if key.endswith("}" + name)), None)


def _changes(element: Any) -> dict[str, float]:
    found = {local(one): _attribute(one, "val") for one in element}
    return {name: float(value) / 100_000 for name, value in found.items() if name in _CHANGES and value}


def _from_linear(element: Any) -> Colour:
    red, green, blue = (
        255 * (float(_attribute(element, part) or 0) / 100_000) ** (1 / 2.2) for part in "rgb"
    )
    return Colour(red, green, blue)
