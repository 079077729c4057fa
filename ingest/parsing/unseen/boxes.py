"""Boxes of which nothing is seen, nor of what is in them: by what CSS says of one element."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_LENGTH = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s*([a-z]+|%)?")
_PIXELS = {
    "px": 1.0, "pt": 4 / 3, "pc": 16.0, "cm": 37.8, "mm": 3.78, "q": 0.945, "in": 96.0, "rem": 16.0,
    "vw": 12.8, "vh": 8.0, "vmin": 8.0, "vmax": 12.8, "lh": 20.0,
}  # fmt: skip
_EMS = {"em": 1.0, "ex": 0.5, "ch": 0.5}
_WIDTH, _HEIGHT = 1280.0, 1000.0
"""Pixels of the screen that is looked at."""
_FAR = 1000.0
"""Pixels to the left or above: what is moved this far is off the screen."""
_FARTHER = 5000.0
"""Pixels to the right or below, where a page may be scrolled to."""
_SLIVER = 1.0
"""Pixels. What is meant for screen readers is left one pixel: they do not read an empty box."""
_FAINT = 0.06
"""Opacity at which nothing can be made out any more."""
_CALL = re.compile(r"([\w-]+)\(([^()]*)\)")
_NONE_SHOWN = re.compile(
    r"rect\((?:\s*[01]?(?:px)?\s*[, ]){3}\s*[01]?(?:px)?\s*\)|inset\(\s*(?:5\d|[6-9]\d|100)(?:\.\d+)?%\s*\)"
    r"|circle\(\s*0\D[^)]*\)|circle\(\s*0\s*\)|polygon\([\s0px%,]*\)"
)


def pixels(text: str | None, whole: float = 0.0, em: float = 16.0) -> float | None:
    """A length in pixels, a percentage being one of `whole`; `None` for `auto` and whatever is no length."""
    found = _LENGTH.fullmatch((text or "").strip())
    if not found:
        return None
    number, unit = float(found[1]), found[2] or "px"
    if unit == "%":
        return number * whole / 100
    size = _PIXELS.get(unit) or em * _EMS.get(unit, 0.0)
    return number * size if size else None


def shows_nothing(style: Mapping[str, str]) -> bool:
    """Whether an element with these declarations is not drawn, nor anything that is in it."""
    return (
        style.get("display") == "none"
        or style.get("content-visibility") == "hidden"
        or style.get("mso-hide") == "all"
        or share(style.get("opacity")) <= _FAINT
        or bool(_NONE_SHOWN.search(style.get("clip", "") + " " + style.get("clip-path", "")))
        or any(name == "opacity" and share(value) <= _FAINT for name, value in _calls(style.get("filter")))
        or share(style.get("zoom")) <= _FAINT
        or _is_cut(style)
        or _is_away(style)
        or _is_transformed_away(style)
    )


def share(text: str | None) -> float:
    """A number or a percentage as a share of 1; 1 for whatever is neither."""
    number = pixels(text, whole=1.0)
    return 1.0 if number is None else number


def _calls(text: str | None) -> list[tuple[str, str]]:
    return _CALL.findall(text or "")


def _is_cut(style: Mapping[str, str]) -> bool:
    """Whether the box is too small for a letter, and cuts off what does not fit."""
    return any(
        (length := pixels(style.get(name), whole=100.0)) is not None
        and length <= _SLIVER
        and _cuts(style.get(f"overflow-{axis}") or style.get("overflow", ""))
        for axis, names in (("y", ("height", "max-height")), ("x", ("width", "max-width")))
        for name in names
    )


def _cuts(overflow: str) -> bool:
    return bool({"hidden", "clip", "scroll", "auto"} & set(overflow.split()))


def _is_away(style: Mapping[str, str]) -> bool:
    # Columns are put beside one another by margins of a whole width.
    margins = [style.get(name, "") for name in ("margin-left", "margin-top")]
    moved = [pixels(margin) for margin in margins if "%" not in margin]
    if style.get("position", "static") != "static":
        moved += [pixels(style.get("left"), _WIDTH), pixels(style.get("top"), _HEIGHT)]
        away = pixels(style.get("right"), _WIDTH), pixels(style.get("bottom"), _HEIGHT)
        moved += [-length for length in away if length is not None]
    return any(_is_far(one) for one in moved)


def _is_far(moved: float | None) -> bool:
    return moved is not None and (moved <= -_FAR or moved >= _FARTHER)


def _is_transformed_away(style: Mapping[str, str]) -> bool:
    calls = _calls(style.get("transform"))
    calls += [(name, style[name]) for name in ("scale", "translate") if name in style]
    return any(_moves_away(name, re.split(r"[\s,]+", inside.strip())) for name, inside in calls)


def _moves_away(name: str, values: Sequence[str]) -> bool:
    """Whether a function of `transform` leaves nothing to be seen."""
    if name.startswith("scale"):
        return any(abs(share(value)) <= _FAINT for value in values)
    if name.startswith("matrix"):
        return abs(share(values[0])) <= _FAINT
    if name in {"rotatex", "rotatey"}:
        return values[0] in {"90deg", "-90deg", "270deg", ".25turn", "0.25turn"}
    return name.startswith("translate") and any(_is_far(pixels(value, _WIDTH)) for value in values)
