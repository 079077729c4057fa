"""What Word's properties and styles say of how text looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ingest.parsing.unseen.colours import CLEAR, WHITE, Colour, from_css, from_hex
from ingest.parsing.unseen.theme import fill_of, local, mapped, read_theme

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
Marks = Mapping[str, Any]
"""What is known of a format: `vanish`, `size` (points), `thin`, `cut`, `colour` (None: Word chooses one that
shows) and `ground`."""

# Names of theme colours in Word's own elements.
_THEME_NAMES = {
    "dark1": "dk1", "light1": "lt1", "dark2": "dk2", "light2": "lt2", "background1": "bg1", "text1": "tx1",
    "background2": "bg2", "text2": "tx2", "hyperlink": "hlink", "followedHyperlink": "folHlink",
}  # fmt: skip
_OFF = {"0", "false", "off", "none"}
_THIN = 5
"""Percent of a letter's width."""
_RAISED = 1000
"""Half-points above or below its line, where a letter is off its page."""
_OUTDENTED = -7200
"""Twips (five inches) to the left of the text."""
SLIVER = 40
"""Twips (two points): the height of a line or row that cuts off what is in it."""


def value_of(properties: Any, name: str) -> str | None:
    """The `w:val` of a property; `None` where it is not set."""
    one = None if properties is None else properties.find(W + name)
    return None if one is None else one.get(f"{W}val")


def number_of(text: str | None) -> float | None:
    """A number as Word writes it."""
    try:
        return float((text or "").rstrip("%"))
    except ValueError:
        return None


class Formats:
    """The styles and colours of one Word file."""

    def __init__(self, file: Any) -> None:
        """`file` is python-docx's document."""
        relations = {one.reltype.rpartition("/")[2]: one for one in file.part.rels.values()}
        theme = relations["theme"].target_part.blob if "theme" in relations else None
        self._scheme = mapped(read_theme(theme), {})
        root = file.styles.element
        self._styles = {one.get(f"{W}styleId"): one for one in root.iterchildren(f"{W}style")}
        self._known: dict[tuple[str, str, str], Marks] = {}
        self.page = self._page_colour(file)
        self.usual = next((id_ for id_, one in self._styles.items() if _is_usual(one)), None)
        """The style of paragraphs that name none."""
        self.default = self.of_run(root.find(f"{W}docDefaults/{W}rPrDefault/{W}rPr"))

    def of_run(self, properties: Any) -> Marks:
        """What run properties (`w:rPr`) set."""
        marks: dict[str, Any] = {}
        for one in () if properties is None else properties:
            name, value = local(one), one.get(f"{W}val")
            number = number_of(value)
            if name == "vanish":
                marks["vanish"] = value not in _OFF
            elif name == "color":
                marks["colour"] = self._colour(one, "color", value)
            elif name == "textFill":
                marks["colour"] = self._text_fill(one, marks.get("colour"))
            elif name == "sz" and number is not None:
                marks["size"] = number / 2
            elif name == "w" and number is not None:
                marks["thin"] = number <= _THIN
            elif name == "position" and number is not None:
                marks["cut"] = abs(number) >= _RAISED
            elif name == "shd":
                marks["ground"] = self.shade(one)
            elif name == "highlight" and value not in _OFF:
                marks["ground"] = from_css("#808000" if value == "darkYellow" else value or "")
        return marks

    def of_paragraph(self, properties: Any) -> Marks:
        """What paragraph properties (`w:pPr`) set for all of the paragraph."""
        marks: dict[str, Any] = {}
        for one in () if properties is None else properties:
            name = local(one)
            if name == "shd":
                marks["ground"] = self.shade(one)
            elif name == "spacing" and one.get(f"{W}lineRule") == "exact":
                marks["flat"] = (number_of(one.get(f"{W}line")) or SLIVER + 1) <= SLIVER
            elif name == "ind":
                left = number_of(one.get(f"{W}left") or one.get(f"{W}start")) or 0.0
                marks["away"] = left <= _OUTDENTED
        return marks

    def of_style(self, style: str | None, kind: str, part: str = "") -> Marks:
        """What a style and those that it is based on set.

        `kind` is `rPr` for runs, `pPr` for paragraphs, `tcPr` for cells; `part` is that of a table
        (`firstRow`…) for which a table's style says something of its own.
        """
        if style is None or style not in self._styles:
            return {}
        key = (style, kind, part)
        if key not in self._known:
            self._known[key] = {}  # ends circles
            element = self._styles[style]
            below = self.of_style(value_of(element, "basedOn"), kind, part)
            holders = [element] if not part else element.iterchildren(f"{W}tblStylePr")
            for holder in holders:
                if not part or holder.get(f"{W}type") == part:
                    below = {**below, **self._own(holder, kind)}
            self._known[key] = below
        return self._known[key]

    def shade(self, element: Any) -> Colour:
        """The colour of a shading (`w:shd`); the page's where it says that there is none."""
        solid = element.get(f"{W}val") == "solid"
        colour = self._colour(
            element, "color" if solid else "fill", element.get(W + ("color" if solid else "fill"))
        )
        return colour or self.page

    def fill(self, holder: Any) -> Colour | None:
        """What a shape's properties fill it with."""
        return fill_of(holder, self._scheme)

    def _own(self, holder: Any, kind: str) -> Marks:
        properties = holder.find(W + kind)
        if kind == "rPr":
            return self.of_run(properties)
        if kind == "pPr":
            return self.of_paragraph(properties)
        shade = None if properties is None else properties.find(f"{W}shd")
        return {} if shade is None else {"ground": self.shade(shade)}

    def _colour(self, element: Any, kind: str, digits: str | None) -> Colour | None:
        """A colour by its theme's name, which Word believes before its digits."""
        theme = f"{W}theme" + {"color": "Color", "fill": "Fill"}[kind]
        changes = f"{W}theme" + {"color": "", "fill": "Fill"}[kind]
        name = element.get(theme) or ""
        colour = self._scheme.get(_THEME_NAMES.get(name, name))
        if colour is None:
            return from_hex(digits)
        shares = {change: element.get(changes + change.title()) for change in ("tint", "shade")}
        return colour.lit({change: int(share, 16) / 255 for change, share in shares.items() if share})

    def _text_fill(self, element: Any, colour: Colour | None) -> Colour | None:
        fill = fill_of(element, self._scheme)
        if fill is None or fill == CLEAR:
            return fill or colour
        # In these elements alone, alpha is the share that is seen through ([MS-DOCX] 2.6.1).
        through = next(
            (float(next(iter(one.attrib.values()))) for one in element.iterfind(".//{*}alpha")), 0.0
        )
        return fill._replace(opacity=1 - through / 100_000)

    def _page_colour(self, file: Any) -> Colour:
        """The page's own colour, which Word shows where the settings say so."""
        background = file.element.find(f"{W}background")
        if background is None or file.settings.element.find(f"{W}displayBackgroundShape") is None:
            return WHITE
        return self._colour(background, "color", background.get(f"{W}color")) or WHITE


def table_parts(row: int, rows: int, column: int, columns: int, look: Mapping[str, bool]) -> Sequence[str]:
    """The parts of a styled table that a cell belongs to, those that win last."""
    parts = [""]
    first_row, first_column = row == 0 and look["firstRow"], column == 0 and look["firstColumn"]
    if not look["noVBand"]:
        parts.append("band1Vert" if (column - look["firstColumn"]) % 2 == 0 else "band2Vert")
    if not look["noHBand"]:
        parts.append("band1Horz" if (row - look["firstRow"]) % 2 == 0 else "band2Horz")
    if first_column:
        parts.append("firstCol")
    if column == columns - 1 and look["lastColumn"]:
        parts.append("lastCol")
    if first_row:
        parts.append("firstRow")
    if row == rows - 1 and look["lastRow"]:
        parts.append("lastRow")
    if first_row and first_column:
        parts.append("nwCell")
    return parts


def _is_usual(style: Any) -> bool:
    return style.get(f"{W}type") == "paragraph" and style.get(f"{W}default") in {"1", "true"}
