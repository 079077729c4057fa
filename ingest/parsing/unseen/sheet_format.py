"""The styles of an Excel file: how a cell's text is drawn, and on what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ingest.parsing.unseen.colours import Colour, from_hex
from ingest.parsing.unseen.theme import local, read_theme

# How sheets number a theme's colours ([ECMA-376] 18.8.3).
_THEME = ("lt1", "dk1", "lt2", "dk2", *(f"accent{number}" for number in range(1, 7)), "hlink", "folHlink")


class Look(NamedTuple):
    """How text is drawn; `None` is what is not said."""

    colour: Colour | None = None
    ground: Colour | None = None
    size: float | None = None
    """Points."""
    code: str = ""
    """The number format."""


class Styles:
    """The formats of one workbook."""

    def __init__(self, styles: Any, theme: bytes | None) -> None:
        """`styles` is the root of the part of that name, None where there is none."""
        self._theme = read_theme(theme)
        self._palette = _palette(styles)
        self.cells: Sequence[Look] = ()
        """By the number that cells name their format with."""
        self.differences: Sequence[Look] = ()
        """What conditional formats change."""
        if styles is None:
            return
        codes = {
            one.get("numFmtId"): one.get("formatCode") or ""
            for one in styles.iterfind("{*}numFmts/{*}numFmt")
        }
        fonts = [self.font(one) for one in styles.iterfind("{*}fonts/{*}font")]
        fills = [self._fill(one) for one in styles.iterfind("{*}fills/{*}fill")]
        self.cells = [
            _at(fonts, one.get("fontId"), Look())._replace(
                ground=_at(fills, one.get("fillId"), None), code=codes.get(one.get("numFmtId"), "")
            )
            for one in styles.iterfind("{*}cellXfs/{*}xf")
        ]
        self.differences = [self._difference(one) for one in styles.iterfind("{*}dxfs/{*}dxf")]

    def font(self, element: Any) -> Look:
        """What a font, or the properties of a run in a cell, say."""
        size = element.find("{*}sz")
        return Look(
            self.colour(element.find("{*}color")), size=None if size is None else float(size.get("val") or 11)
        )

    def colour(self, element: Any) -> Colour | None:
        """A colour; `None` for the one that the system writes in."""
        if element is None or element.get("auto") in {"1", "true"}:
            return None
        colour = None
        if element.get("theme") is not None:
            place = int(element.get("theme"))
            colour = self._theme.get(_THEME[place]) if place < len(_THEME) else None
        elif element.get("indexed") is not None:
            place = int(element.get("indexed"))
            colour = from_hex(self._palette[place]) if place < len(self._palette) else None
        elif element.get("rgb"):
            colour = from_hex(element.get("rgb")[-6:])  # its first byte, opacity, is not used
        tint = float(element.get("tint") or 0)
        if colour is None or not tint:
            return colour
        return colour.lit({"shade": 1 + tint} if tint < 0 else {"tint": 1 - tint})

    @property
    def header(self) -> Colour | None:
        """What Excel's own table styles paint the first row with."""
        return self._theme.get("accent1")

    def _fill(self, element: Any) -> Colour | None:
        for one in element:
            if local(one) == "gradientFill":
                return self.colour(one.find("{*}stop/{*}color"))
            kind = one.get("patternType")
            if kind == "solid" or (kind is None and one.find("{*}bgColor") is not None):
                shown = one.find("{*}fgColor") if kind else None
                return self.colour(one.find("{*}bgColor") if shown is None else shown)
            if kind not in {None, "none"}:
                return self.colour(one.find("{*}bgColor"))
        return None

    def _difference(self, element: Any) -> Look:
        font, fill, code = element.find("{*}font"), element.find("{*}fill"), element.find("{*}numFmt")
        look = Look() if font is None else self.font(font)
        return look._replace(
            ground=None if fill is None else self._fill(fill),
            code="" if code is None else code.get("formatCode") or "",
        )


def _palette(styles: Any) -> Sequence[str]:
    own = [] if styles is None else styles.findall("{*}colors/{*}indexedColors/{*}rgbColor")
    if own:
        return [(one.get("rgb") or "")[-6:] for one in own]
    from openpyxl.styles.colors import COLOR_INDEX  # type: ignore[import-untyped]

    return [digits[-6:] for digits in COLOR_INDEX]


def _at(values: Sequence[Any], place: str | None, other: Any) -> Any:
    number = int(place or 0)
    return values[number] if number < len(values) else other
