"""How a browser draws text: what an element's declarations make of the look that it inherits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from ingest.parsing.unseen import TINY
from ingest.parsing.unseen.boxes import pixels, share
from ingest.parsing.unseen.colours import BLACK, WHITE, Colour, colours_in, from_css
from ingest.parsing.unseen.css import Declarations

_SIZES = {
    "xx-small": 9.0, "x-small": 10.0, "small": 13.0, "medium": 16.0, "large": 18.0, "x-large": 24.0,
    "xx-large": 32.0, "xxx-large": 48.0, "initial": 16.0,
}  # fmt: skip
_RELATIVE = {"smaller": 0.83, "larger": 1.2}
_FONT_SIZE = re.compile(
    r"(?:^|\s)([\d.]+(?:[a-z]+|%)|0(?=[\s/])|(?:x*-)?(?:small|large)|smaller|larger|medium)\s*(?:/|\s)"
)
_VARIABLE = re.compile(r"var\(\s*(--[\w-]+)\s*(?:,((?:[^()]|\([^()]*\))*))?\)")
_LONGEST = 1000
"""Letters. A value that grows beyond this is made of itself, or after our memory."""
_INDENT = -500.0
"""Pixels. How headings are moved out of a box that shows a picture in their place."""
_WIDTH = 1000.0
"""Pixels that a box is taken to be wide."""
_SIDES = ("top", "right", "bottom", "left")
SMALLER = {"small", "sub", "sup"}
"""Elements that browsers draw in a smaller size."""
_TURNED = {"rtl": "\u202e", "ltr": "\u202d"}


@dataclass(frozen=True)
class Look:
    """How the text of an element is drawn, as far as elements within inherit it."""

    colour: Colour = BLACK
    ground: Colour = WHITE
    size: float = 16.0
    """Pixels."""
    opacity: float = 1.0
    visible: bool = True
    indented: bool = False
    """Whether its text is moved out of its box."""
    turned: str = ""
    """The override of its direction, U+202D or U+202E."""
    custom: Mapping[str, str] = field(default_factory=dict)
    """Custom properties (`--name`)."""

    @cached_property
    def shows(self) -> bool:
        """Whether there is anything to be seen of text that is drawn so."""
        ink = self.colour._replace(opacity=self.colour.opacity * self.opacity)
        return self.visible and not self.indented and self.size * 0.75 > TINY and ink.shows_on(self.ground)


def style_of(declared: Declarations, custom: Mapping[str, str]) -> tuple[dict[str, str], Mapping[str, str]]:
    """Declarations as properties and values, and the custom properties that hold in their element.

    Shorthands are what they set; `custom` are those that hold around it.
    """
    own = {name: value for name, value in declared if name.startswith("--")}
    custom = {**custom, **own} if own else custom
    style: dict[str, str] = {}
    for name, value in declared:
        if not name.startswith("--"):
            _declare(style, name, _resolve(value, custom))
    return style, custom


def painted(look: Look, style: Mapping[str, str], name: str) -> Look:
    """A look with an element's declarations."""
    if name in SMALLER:
        look = replace(look, size=look.size * 0.83)
    if not style:
        return look
    inks = colours_in(style.get("background-color", ""))
    filled = inks[-1] if inks and "gradient" not in style["background-color"] else inks[0] if inks else None
    colour = _ink(style.get("-webkit-text-fill-color")) or _ink(style.get("color")) or look.colour
    ground = look.ground
    if filled and style.get("background-clip") == "text":
        colour = filled
    elif filled:
        ground = filled.over(ground)
    if style.get("color-scheme") == "dark" and name in {"html", "body"}:
        colour, ground = (colour if "color" in style else WHITE), (ground if filled else BLACK)
    shadows = colours_in(style.get("text-shadow", ""))
    if shadows and not colour.shows_on(ground):
        colour = shadows[0]
    turned = _TURNED.get(style.get("direction", ""), "")
    return replace(
        look,
        colour=colour,
        ground=ground,
        size=_size(style.get("font-size"), look.size),
        opacity=look.opacity * min(share(style.get("opacity")), 1.0),
        visible=style["visibility"] in {"visible", "initial"} if _sets(style, "visibility") else look.visible,
        indented=_is_indented_away(style, look.indented),
        turned=turned if style.get("unicode-bidi", "").endswith("override") else look.turned,
    )


def _is_indented_away(style: Mapping[str, str], around: bool) -> bool:
    indent = pixels(style.get("text-indent"), whole=_WIDTH)
    if indent is None:
        return around
    return indent <= _INDENT or (indent >= _WIDTH and "hidden" in style.get("overflow", ""))


def _sets(style: Mapping[str, str], name: str) -> bool:
    return style.get(name, "inherit") not in {"inherit", "unset", ""}


def _ink(value: str | None) -> Colour | None:
    return BLACK if value == "initial" else from_css(value or "")


def _size(value: str | None, around: float) -> float:
    if value in _SIZES:
        return _SIZES[value]
    if value in _RELATIVE:
        return around * _RELATIVE[value]
    size = pixels(value, whole=around, em=around)
    return around if size is None or size < 0 else size


def _declare(style: dict[str, str], name: str, value: str) -> None:
    """Note a declaration; shorthands as what they set."""
    if name == "background":
        style["background-color"] = value
        if "text" in value.split():
            style["background-clip"] = "text"
    elif name == "background-image":
        style["background-color"] = value + " " + style.get("background-color", "")
    elif name == "font" and (found := _FONT_SIZE.search(value)):
        style["font-size"] = found[1]
    elif name in {"margin", "inset"} and value:
        sides = (value.split() * 4)[:4] if len(value.split()) != 3 else [*value.split(), value.split()[1]]
        style.update(
            zip((f"{name}-{side}" if name == "margin" else side for side in _SIDES), sides, strict=True)
        )
    else:
        style[name.removeprefix("-webkit-") if name.endswith(("-clip", "clip-path")) else name] = value


def _resolve(value: str, custom: Mapping[str, str]) -> str:
    for _ in range(8):  # one may be made of others
        if "var(" not in value or len(value) > _LONGEST:
            break
        value = _VARIABLE.sub(lambda found: custom.get(found[1], found[2] or "").strip().lower(), value)
    return value
