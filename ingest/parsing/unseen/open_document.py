"""OpenDocument text: hidden sections, paragraphs, fields and rows, tiny and colourless text, comments.

pandoc reads most of it aloud, and knows neither colours nor sizes. So the file is given to it without.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from lxml import etree

from ingest.parsing.unseen import TINY
from ingest.parsing.unseen.archives import parse, with_parts
from ingest.parsing.unseen.boxes import pixels, share
from ingest.parsing.unseen.colours import BLACK, WHITE, Colour, from_hex
from ingest.parsing.unseen.theme import local
from ingest.parsing.unseen.trees import take_out

_NAMES = {
    "fo": "urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0",
    "style": "urn:oasis:names:tc:opendocument:xmlns:style:1.0",
    "text": "urn:oasis:names:tc:opendocument:xmlns:text:1.0",
    "table": "urn:oasis:names:tc:opendocument:xmlns:table:1.0",
}
# What names the style of an element, and the family it is of.
_FAMILIES = {
    "p": ("text", "paragraph"), "h": ("text", "paragraph"), "span": ("text", "text"), "a": ("text", "text"),
    "section": ("text", "section"), "table": ("table", "table"), "table-cell": ("table", "table-cell"),
    "table-row": ("table", "table-row"),
}  # fmt: skip
_DROPPED = {"tracked-changes", "annotation", "annotation-end", "forms", "script"}
_FAR = 500.0
"""Pixels to the left of the text."""
_THIN = 0.05
"""Of a letter's width."""


def _name(prefixed: str) -> str:
    prefix, _, name = prefixed.partition(":")
    return f"{{{_NAMES[prefix]}}}{name}"


_HIDDEN, _DISPLAY, _VISIBILITY = map(_name, ("text:is-hidden", "text:display", "table:visibility"))
_GROUND, _COLOUR, _SIZE, _MARGIN = map(
    _name, ("fo:background-color", "fo:color", "fo:font-size", "fo:margin-left")
)
_AUTOMATIC, _RAISED, _SCALE = map(
    _name, ("style:use-window-font-color", "style:text-position", "style:text-scale")
)
_HEIGHTS = (_name("fo:line-height"), _name("style:row-height"))


@dataclass(frozen=True, slots=True)
class _Look:
    colour: Colour | None = None
    """`None`: one that shows is chosen."""
    ground: Colour = WHITE
    size: float = 12.0
    """Points."""
    hidden: bool = False

    @property
    def shows(self) -> bool:
        seen = self.colour is None or self.colour.shows_on(self.ground)
        return seen and not self.hidden and self.size > TINY


def without_unseen(data: bytes) -> bytes:
    """The same file without what is not shown; the very same bytes where all of it is."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names: list[str] = [name for name in ("styles.xml", "content.xml") if name in archive.namelist()]
        roots = {name: parse(archive.read(name)) for name in names}
    body = roots.get("content.xml")
    if body is None or not _Body(roots).clear(body):
        return data
    return with_parts(data, {"content.xml": etree.tostring(body, xml_declaration=True, encoding="utf-8")})


class _Body:
    def __init__(self, roots: Mapping[str, Any]) -> None:
        self._styles: dict[tuple[str, str], Any] = {}
        self._usual: dict[str, Any] = {}
        paper = None
        for root in roots.values():
            for style in root.iter(_name("style:style")):
                self._styles[style.get(_name("style:family")), style.get(_name("style:name"))] = style
            for style in root.iter(_name("style:default-style")):
                self._usual[style.get(_name("style:family"))] = style
            for page in root.iter(_name("style:page-layout-properties")):
                paper = paper or from_hex(page.get(_name("fo:background-color")))
        self._page = _Look(ground=paper or WHITE)

    def clear(self, root: Any) -> bool:
        changed = False
        waiting = [(root, self._usual_look())]
        while waiting:
            element, around = waiting.pop()
            look = self._look(element, around)
            if look is None:
                take_out(element)
                changed = True
                continue
            if not look.shows:
                for holder, name in [(element, "text"), *((child, "tail") for child in element)]:
                    if (getattr(holder, name) or "").strip():
                        setattr(holder, name, " ")
                        changed = True
            waiting += [(child, look) for child in element if isinstance(child.tag, str)]
        return changed

    def _usual_look(self) -> _Look:
        style = self._usual.get("paragraph")
        return self._page if style is None else _styled(self._page, style)

    def _look(self, element: Any, around: _Look) -> _Look | None:
        name = local(element)
        if name in _DROPPED or element.get(_DISPLAY) == "none" or element.get(_HIDDEN) == "true":
            return None
        if any(one.get(_HIDDEN) == "true" for one in element.iterchildren(_name("text:hidden-paragraph"))):
            return None
        if element.get(_VISIBILITY) in {"collapse", "filter"}:
            return None
        if name not in _FAMILIES:
            return around
        prefix, family = _FAMILIES[name]
        look = around
        for style in self._chain(family, element.get(_name(f"{prefix}:style-name"))):
            look = _styled(look, style)
        return look

    def _chain(self, family: str, name: str | None) -> list[Any]:
        """A style and those that it derives from, the outermost first."""
        chain: list[Any] = []
        while name and (style := self._styles.get((family, name))) is not None and style not in chain:
            chain.insert(0, style)
            name = style.get(_name("style:parent-style-name"))
        return chain


def _styled(look: _Look, style: Any) -> _Look:
    for properties in style:
        look = _in_block(look, properties)
        if local(properties) == "text-properties":
            look = _in_letters(look, properties)
    return look


def _in_block(look: _Look, properties: Any) -> _Look:
    """A look with the ground and the room that properties of any family give."""
    ground = from_hex(properties.get(_GROUND)) or look.ground
    heights = [pixels(properties.get(name), whole=100.0) for name in _HEIGHTS]
    flat = any(height is not None and height * 0.75 <= TINY for height in heights)
    away = (pixels(properties.get(_MARGIN)) or 0.0) <= -_FAR
    return replace(look, ground=ground, hidden=look.hidden or flat or away)


def _in_letters(look: _Look, properties: Any) -> _Look:
    """A look with what text properties say."""
    colour = from_hex(properties.get(_COLOUR)) or look.colour
    if properties.get(_AUTOMATIC) == "true":
        colour = None
    # LibreOffice's own, in a namespace of its versions.
    through = next((value for key, value in properties.attrib.items() if key.endswith("}opacity")), None)
    if through is not None:
        colour = (colour or BLACK)._replace(opacity=min(share(through), 1.0))
    around = look.size / 0.75
    size = pixels(properties.get(_SIZE), whole=around, em=around)
    raised = (properties.get(_RAISED) or "").split()
    size = (around if size is None else size) * (share(raised[1]) if len(raised) > 1 else 1.0)
    hidden = properties.get(_DISPLAY) == "none" or share(properties.get(_SCALE)) <= _THIN
    return replace(look, colour=colour, size=size * 0.75, hidden=look.hidden or hidden)
