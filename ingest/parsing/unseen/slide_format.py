"""What a presentation says of how a slide's text and ground look: by the slide, its layout and its master."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ingest.parsing.unseen.colours import BLACK, WHITE, Colour
from ingest.parsing.unseen.pictures import Ground, Pictures
from ingest.parsing.unseen.theme import Scheme, drawn_colour, fill_of, fills_of, local, mapped, read_theme

P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_SAME = {"ctrTitle": "title", "subTitle": "body", None: "body", "obj": "body"}
_STYLE_OF = {"title": "titleStyle", "body": "bodyStyle"}


class Text(NamedTuple):
    """How a run is drawn."""

    colour: Colour | None = None
    size: float | None = None
    """Points."""
    ground: Colour | None = None
    """Its own, as a highlighter paints it."""
    outlined: Colour | None = None

    def within(self, around: Text) -> Text:
        """With what is not said here as it is around."""
        return Text(
            self.colour or around.colour,
            around.size if self.size is None else self.size,
            self.ground or around.ground,
            self.outlined or around.outlined,
        )


class Box(NamedTuple):
    """Units of Office's drawings, from the slide's upper left."""

    left: float
    top: float
    right: float
    bottom: float

    def holds(self, other: Box) -> bool:
        """Whether another is inside."""
        return self.left <= other.left and self.top <= other.top and self.reaches(other)

    def reaches(self, other: Box) -> bool:
        """Whether another ends no further to the right or below."""
        return self.right >= other.right and self.bottom >= other.bottom

    @property
    def middle(self) -> Box:
        """Its middle, as a box of no size."""
        across, down = (self.left + self.right) / 2, (self.top + self.bottom) / 2
        return Box(across, down, across, down)


class Looks:
    """The colours, placeholders and text styles that hold on one slide."""

    def __init__(self, slide: Any, presentation: Any, pictures: Pictures) -> None:
        """`slide` and `presentation` are python-pptx's."""
        layout = slide.slide_layout
        master = layout.slide_master
        self.parts = [slide.part, layout.part, master.part]
        self.trees = [slide.element, layout.element, master.element]
        """Of the slide, its layout and its master; the last is drawn first."""
        theme = next((one.target_part.blob for one in _relations(master.part, "theme")), None)
        self.scheme: Scheme = mapped(read_theme(theme), _mapping(self.trees))
        self._kept = [[one for one in tree.iter(f"{P}sp") if is_placeholder(one)] for tree in self.trees[1:]]
        self._chains: dict[Any, list[Any]] = {}
        self._texts: dict[tuple[Any, int], Text] = {}
        self._default = presentation.element.find(f"{P}defaultTextStyle")
        self.ground: Ground = self._background(pictures)

    def placeholders(self, shape: Any) -> list[Any]:
        """A shape's element and those of the layout and the master whose place it takes."""
        if shape not in self._chains:
            place = _place_of(shape)
            above = [] if place is None else _standing_in(self._kept[0], place.get("type"), place.get("idx"))
            kind = _place_of(above[0]) if above else place
            top = [] if kind is None else _standing_in(self._kept[1], kind.get("type"), None)
            self._chains[shape] = [shape, *above, *top]
        return self._chains[shape]

    def box(self, shape: Any) -> Box | None:
        """Where a shape says, or those say whose place it takes, that it is; `None` where nobody does."""
        for one in self.placeholders(shape):
            for frame in (*one.iterfind(f"*/{A}xfrm"), *one.iterchildren(f"{P}xfrm")):
                start, size = frame.find(f"{A}off"), frame.find(f"{A}ext")
                if start is not None and size is not None:
                    left, top = int(start.get("x")), int(start.get("y"))
                    return Box(left, top, left + int(size.get("cx")), top + int(size.get("cy")))
        return None

    def fill(self, shape: Any) -> Ground | None:
        """What a shape is filled with: nothing (empty), one colour or several; `None` for a picture."""
        for one in self.placeholders(shape):
            properties = next(one.iterchildren(f"{P}spPr"), None)
            if properties is not None and properties.find(f"{A}grpFill") is not None:
                groups = [group.find(f"{P}grpSpPr") for group in one.iterancestors(f"{P}grpSp")]
                properties = next((group for group in groups if fills_of(group, self.scheme)), None)
            if properties is not None:
                fills = fills_of(properties, self.scheme)
                if fills is not None or properties.find(f"{A}blipFill") is not None:
                    return fills
        reference = shape.find(f"{P}style/{A}fillRef")
        if reference is None or reference.get("idx") == "0":
            return []
        colour = drawn_colour(reference, self.scheme)
        return [] if colour is None else [colour]

    def text(self, shape: Any, level: int) -> Text:
        """How text of a shape is drawn at a level (from 0) where it does not say so itself."""
        if (shape, level) not in self._texts:
            self._texts[shape, level] = self._text(shape, level)
        return self._texts[shape, level]

    def _text(self, shape: Any, level: int) -> Text:
        name = f"{A}lvl{level + 1}pPr"
        found = Text()
        chain = self.placeholders(shape)
        for one in chain:
            styles = one.iterfind(f"{P}txBody/{A}lstStyle/{name}/{A}defRPr")
            found = found.within(next((self.run(style) for style in styles), Text()))
        reference = shape.find(f"{P}style/{A}fontRef")
        if reference is not None:
            found = found.within(Text(colour=drawn_colour(reference, self.scheme)))
        place = _place_of(shape)
        kind = "" if place is None else _SAME.get(place.get("type"), place.get("type"))
        styles = self.trees[2].find(f"{P}txStyles/{P}{_STYLE_OF.get(kind or '', 'otherStyle')}")
        for holder in (styles if kind else None, self._default):
            style = None if holder is None else holder.find(f"{name}/{A}defRPr")
            found = found.within(self.run(style))
        return found.within(Text(colour=self.scheme.get("tx1", BLACK), size=18.0))

    def run(self, properties: Any) -> Text:
        """What run properties (`a:rPr`, `a:defRPr`) set."""
        if properties is None:
            return Text()
        size, line = properties.get("sz"), properties.find(f"{A}ln")
        marker = properties.find(f"{A}highlight")
        return Text(
            colour=fill_of(properties, self.scheme),
            size=float(size) / 100 if size else None,
            ground=None if marker is None else drawn_colour(marker, self.scheme),
            outlined=None if line is None else fill_of(line, self.scheme),
        )

    def _background(self, pictures: Pictures) -> Ground:
        for part, tree in zip(self.parts, self.trees, strict=True):
            holder = tree.find(f"{P}cSld/{P}bg")
            for one in () if holder is None else holder:
                if local(one) == "bgRef":
                    return [drawn_colour(one, self.scheme) or WHITE]
                picture = one.find(f"{A}blipFill/{A}blip")
                if picture is not None:
                    return pictures.ground(part, picture, [WHITE])
                return fills_of(one, self.scheme) or [WHITE]
        return [WHITE]


def table_grounds(table: Any, scheme: Scheme) -> Iterator[tuple[Any, Colour | None]]:
    """The cells of a table (`a:tbl`) and what each is filled with, itself or by the table's style."""
    properties = table.find(f"{A}tblPr")
    styled = properties is not None and properties.find(f"{A}tableStyleId") is not None
    for number, row in enumerate(table.iterfind(f"{A}tr")):
        header = styled and number == 0 and properties.get("firstRow") in {"1", "true"}
        for cell in row.iterfind(f"{A}tc"):
            own = cell.find(f"{A}tcPr")
            fill = None if own is None else fill_of(own, scheme)
            # The styles that PowerPoint brings along paint the first row in the theme's first accent.
            yield cell, scheme.get("accent1") if fill is None and header else fill


def _relations(part: Any, kind: str) -> list[Any]:
    return [one for one in part.rels.values() if one.reltype.endswith("/" + kind)]


def _mapping(trees: Sequence[Any]) -> Mapping[str, str]:
    """The names of colours, as the slide, else its layout, else its master gives them."""
    for tree in trees:
        for one in tree.iterfind(f"{P}clrMapOvr/{A}overrideClrMapping"):
            return dict(one.attrib)
    given = trees[-1].find(f"{P}clrMap")
    return {} if given is None else dict(given.attrib)


def _place_of(shape: Any) -> Any:
    """What says of a shape that it is a placeholder; `None` for others."""
    return shape.find(f"{P}nvSpPr/{P}nvPr/{P}ph")


def is_placeholder(shape: Any) -> bool:
    """Whether a shape of a layout or a master only keeps a place."""
    return _place_of(shape) is not None


def _standing_in(shapes: Sequence[Any], kind: str | None, number: str | None) -> list[Any]:
    """The one of some placeholders that has the number, or else is of the kind; at most one."""
    for shape in shapes:
        place = _place_of(shape)
        own = place.get("type")
        if place.get("idx") == number if number is not None else _SAME.get(own, own) == _SAME.get(kind, kind):
            return [shape]
    return []
