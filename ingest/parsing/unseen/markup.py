"""HTML (pages, Markdown's own tags, mails, e-books): what a browser does not show, by attributes and by CSS.

The tree is looked at from its root down, as inheritance goes. What hides a whole element (`display: none`,
off the screen, no size) takes it out; what hides letters (their colour, size, visibility) takes out text
alone, for an element inside may show again. Sheets that the page only names are not fetched: where those
paint a dark ground, text that the page itself makes white is taken for hidden.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ingest.parsing.unseen.boxes import pixels, shows_nothing
from ingest.parsing.unseen.colours import from_css, from_hex
from ingest.parsing.unseen.css import Declarations, Sheet, media_holds
from ingest.parsing.unseen.looks import SMALLER, Look, painted, style_of
from ingest.parsing.unseen.selectors import name_of
from ingest.parsing.unseen.trees import take_out

_UNDRAWN = {
    "script", "style", "noscript", "template", "noframes", "noembed", "datalist", "progress", "meter",
    "title",
}  # fmt: skip
_ROWS = {"tr", "tbody", "thead", "tfoot"}
_OWN_LOOK = {*SMALLER, "html", "body"}
_MARKS = {"hidden", "aria-hidden", "popover", "class", "open"}
_TELLING = (
    "boolean(//@style|//@hidden|//@aria-hidden|//@color|//@bgcolor|//@text|//@popover|//bdo/@dir|//dialog|//rp"
    "|//img/@width|//img/@height|//small//small|//sub//sub|//sup//sup)"
)
"""What there must be for anything to be hidden where there is no style sheet, but for some classes."""
_MARKED = {"dialog", "rp"}
_NONE: Mapping[str, str] = {}
_FOR_SCREEN_READERS = {"sr-only", "visually-hidden", "visuallyhidden", "screen-reader-text", "d-none"}
"""Names by which style sheets that are elsewhere hide text: Bootstrap's, HTML5 Boilerplate's, WordPress's."""
_CONTROLS = ("aria-controls", "popovertarget")


def remove_unseen(tree: Any, sheets: Iterable[str] = ()) -> bool:
    """Take what is not shown out of a page; `sheets` are style sheets that apply besides its own.

    Returns whether there was anything.
    """
    sheet = Sheet([*sheets, *_own_sheets(tree)])
    gone = [one for one in tree.iter(*("{*}" + name for name in _UNDRAWN)) if not _is_in_head(one)]
    # XHTML has a namespace, which these paths do not name.
    told = sheet or "}" in tree.tag or tree.xpath(_TELLING) or any(map(_is_aside, tree.xpath("//@class")))
    changed = False
    if told:
        page = _Page(tree, sheet)
        changed = page.clear()
        gone += page.gone
    for one in gone:  # now that nobody asks any more which child of its parent an element is
        take_out(one)
    return changed or bool(gone)


def _is_in_head(element: Any) -> bool:
    parent = element.getparent()
    return parent is not None and name_of(parent) == "head"


def _own_sheets(tree: Any) -> list[str]:
    styles = tree.iter("{*}style", "style")
    return [one.text or "" for one in styles if media_holds(one.get("media", ""))]


class _Page:
    """One tree, looked through once."""

    def __init__(self, tree: Any, sheet: Sheet) -> None:
        self._tree = tree
        self._sheet = sheet
        self._changed = False
        self.gone: list[Any] = []
        """Elements that are not drawn at all."""
        self._opened: set[str] = set()
        """Ids of what a click opens."""
        self._tabs = False
        self._known: dict[tuple[int, str, Declarations], tuple[Look, Look, Mapping[str, str]]] = {}
        """What declarations make of a look, by its identity: many elements have the same."""

    def clear(self) -> bool:
        """Empty text that does not show, and find what is to go. Returns whether any text was changed."""
        self._find_controls()
        waiting = [(self._tree, Look())]
        while waiting:
            element, around = waiting.pop()
            look = self._look(element, around)
            if look is None:
                self.gone.append(element)
                continue
            if not look.shows or look.turned:
                self._change_letters(element, look)
            waiting += [(child, look) for child in element if isinstance(child.tag, str)]
        return self._changed

    def _find_controls(self) -> None:
        """What a control that is shown itself opens by a click is seen, though it is closed."""
        for control in self._tree.xpath("//*[@aria-controls or @popovertarget or @role='tab']"):
            chain = [control, *control.iterancestors()]
            if not any(self._look(one, Look()) is None for one in chain):
                self._tabs = self._tabs or control.get("role") == "tab"
                self._opened.update(*((control.get(name) or "").split() for name in _CONTROLS))

    def _change_letters(self, element: Any, look: Look) -> None:
        """Empty an element's own text where it does not show; mark it where it is shown backwards."""
        for holder, name in [(element, "text"), *((child, "tail") for child in element)]:
            text = getattr(holder, name)
            if text and text.strip():
                self._changed = True
                setattr(holder, name, f"{look.turned}{text}\u202c" if look.shows else " ")

    def _look(self, element: Any, around: Look) -> Look | None:
        """How an element is drawn within what is around it; `None` for what is not drawn at all."""
        name = name_of(element)
        if name == "head":
            return around
        attributes = element.keys()
        declared = self._sheet.declared(element, element.get("style") or "")
        if attributes:
            declared = (*_presented(element, name), *declared)
        look, style = self._drawn(name, declared, around) if declared or name in SMALLER else (around, _NONE)
        if name == "img" and _is_pixel(element, style):
            return None
        hidden = bool(style) and shows_nothing(style)
        if hidden or (
            (name in _MARKED or not _MARKS.isdisjoint(attributes)) and _is_marked_hidden(element, name, style)
        ):
            if not self._is_opened(element):
                return None
            look = replace(look, visible=True, opacity=around.opacity)
        elif not look.visible and self._is_opened(element):
            look = replace(look, visible=True)
        if style.get("visibility") == "collapse" and name in _ROWS:
            return None
        return look

    def _is_opened(self, element: Any) -> bool:
        return element.get("id") in self._opened or (self._tabs and element.get("role") == "tabpanel")

    def _drawn(self, name: str, declared: Declarations, around: Look) -> tuple[Look, Mapping[str, str]]:
        key = (id(around), name if name in _OWN_LOOK else "", declared)
        if key not in self._known:
            own, custom = style_of(declared, around.custom)
            look = painted(around if custom is around.custom else replace(around, custom=custom), own, name)
            self._known[key] = (around, look, own)
        return self._known[key][1:]


def _presented(element: Any, name: str) -> list[tuple[str, str]]:
    """What HTML's own attributes say of how an element looks."""
    told = [("color", element.get("color")), ("background-color", element.get("bgcolor"))]
    if name == "body":
        told.append(("color", element.get("text")))
    if name == "bdo" and element.get("dir"):
        told += [("unicode-bidi", "bidi-override"), ("direction", element.get("dir").lower())]
    return [(property_, _as_css(value)) for property_, value in told if value]


def _as_css(value: str) -> str:
    """An attribute's colour, which may lack its `#`."""
    return f"#{value}" if from_hex(value) and not from_css(value) else value


def _is_marked_hidden(element: Any, name: str, style: Mapping[str, str]) -> bool:
    shown = style.get("display") not in {None, ""}
    return (
        (element.get("hidden") is not None and not shown)
        or element.get("aria-hidden") == "true"
        or _is_aside(element.get("class") or "")
        or (name == "dialog" and element.get("open") is None and not shown)
        or (element.get("popover") is not None and not shown)
        or (name == "rp" and any(map(str.isalnum, element.text or "")))
    )


def _is_aside(classes: str) -> bool:
    """Whether classes are those of text for screen readers alone."""
    if _FOR_SCREEN_READERS.isdisjoint(classes.split()):
        return False
    # Bootstrap shows it again on larger screens.
    return not re.search(r"\bd-(?:sm|md|lg|xl)-(?!none)", classes)


def _is_pixel(element: Any, style: Mapping[str, str]) -> bool:
    """Whether a picture is too small to be seen, as those are that count readers."""
    sizes = [pixels(style.get(side) or element.get(side)) for side in ("width", "height")]
    return any(size is not None and size <= 1 for size in sizes)
