"""PowerPoint: hidden slides and shapes, shapes off their slide or behind others, tiny and colourless runs.

unstructured and python-pptx read all of them, and know of no colours. What is behind a text is its shape's
fill, else what was drawn there before, pictures included, else the slide's ground.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from ingest.parsing.unseen import TINY
from ingest.parsing.unseen.colours import BLACK, WHITE, Colour
from ingest.parsing.unseen.pictures import Ground, Pictures
from ingest.parsing.unseen.slide_format import A, Box, Looks, P, Text, is_placeholder, table_grounds
from ingest.parsing.unseen.theme import local
from ingest.parsing.unseen.trees import take_out

_ON, _OFF = {"1", "true"}, {"0", "false"}
_POINT = 12700
"""Units of Office's drawings."""
_SHAPES = {"sp", "pic", "graphicFrame", "grpSp", "cxnSp"}


class _Drawn(NamedTuple):
    """A shape as it stands on the slide."""

    shape: Any
    box: Box | None
    """`None` where its place is not known."""
    part: Any
    """Where its pictures are."""


def remove_unseen(presentation: Any) -> bool:
    """Take what is not shown out of a python-pptx presentation; hidden slides stay, emptied.

    Returns whether there was anything.
    """
    pictures = Pictures()
    cleared = [_Slide(slide, presentation, pictures).clear() for slide in presentation.slides]
    return any(cleared)


class _Slide:
    def __init__(self, slide: Any, presentation: Any, pictures: Pictures) -> None:
        self._slide = slide
        self._size = Box(0, 0, presentation.slide_width or 1, presentation.slide_height or 1)
        self._pictures = pictures
        self._looks = Looks(slide, presentation, pictures)
        self._moves = slide.element.find(f"{P}timing") is not None

    def clear(self) -> bool:
        """Take out what is not shown of the slide and its notes. Returns whether there was anything."""
        if self._slide.element.get("show") in _OFF:
            return self._empty()
        drawn = list(self._places(self._slide.shapes.element, self._slide.part))
        gone = [one for number, one in enumerate(drawn) if self._is_gone(one, drawn[number + 1 :])]
        below = self._scenery()
        cleared = [
            self._clear_text(one, [*below, *drawn[:number]])
            for number, one in enumerate(drawn)
            if one not in gone
        ]
        for one in gone:
            take_out(one.shape)
        if self._slide.has_notes_slide:
            notes = self._slide.notes_slide.element.iter(f"{P}txBody")
            cleared += [self._clear_body(None, one, [WHITE]) for one in notes]
        return bool(gone) or any(cleared)

    def _scenery(self) -> list[_Drawn]:
        """What the master and the layout draw below the slide's own shapes."""
        slide, layout, _ = self._looks.trees
        levels: list[int] = []
        if slide.get("showMasterSp") not in _OFF:
            levels = [1] if layout.get("showMasterSp") in _OFF else [2, 1]
        found: list[_Drawn] = []
        for level in levels:
            shapes = self._looks.trees[level].find(f"{P}cSld/{P}spTree")
            found += self._places(
                [one for one in shapes if not is_placeholder(one)], self._looks.parts[level]
            )
        return found

    def _places(self, holder: Any, part: Any) -> Iterator[_Drawn]:
        """The shapes in a holder with their places in its measure, those of groups too; hindmost first."""
        for shape in holder:
            kind = local(shape)
            if kind in _SHAPES and kind != "grpSp":
                yield _Drawn(shape, self._looks.box(shape), part)
            elif kind == "grpSp":
                move = _move(shape, self._looks.box(shape))
                for drawn in self._places(shape, part):
                    yield drawn._replace(box=move(drawn.box))

    def _empty(self) -> bool:
        trees = [self._slide.shapes.element]
        if self._slide.has_notes_slide:
            trees.append(self._slide.notes_slide.shapes.element)
        shapes = [one for tree in trees for one in tree if local(one) in _SHAPES]
        for one in shapes:
            take_out(one)
        return bool(shapes)

    def _is_gone(self, drawn: _Drawn, later: Sequence[_Drawn]) -> bool:
        box = drawn.box
        if any(_is_hidden(one) for one in [drawn.shape, *drawn.shape.iterancestors()]):
            return True
        if box is None or (drawn.shape.find(f"{P}txBody") is None and not _has_table(drawn.shape)):
            return False
        outside = (
            box.right <= 0 or box.bottom <= 0 or box.left >= self._size.right or box.top >= self._size.bottom
        )
        nothing = box.right - box.left <= _POINT and box.bottom - box.top <= _POINT
        # Where shapes come and go, what is behind one may be seen before it comes.
        covered = not self._moves and any(self._covers(other, box) for other in later)
        return outside or nothing or covered

    def _covers(self, other: _Drawn, box: Box) -> bool:
        """Whether a shape that is drawn later leaves nothing of a box to be seen."""
        if other.box is None or not other.box.holds(box):
            return False
        over = [self._painted(other, box, [one]) for one in (BLACK, WHITE)]
        return bool(over[0]) and over[0] == over[1]

    def _painted(self, drawn: _Drawn, box: Box, behind: Ground) -> Ground | None:
        """What a shape paints behind (or over) a box; `None` for nothing."""
        if drawn.box is None or not drawn.box.holds(box.middle):
            return None
        if local(drawn.shape) == "sp" and (fills := self._looks.fill(drawn.shape)) is not None:
            return [_laid_over(fill, behind)[0] for fill in fills] or None
        blip = next(drawn.shape.iter(f"{A}blip"), None)
        if blip is None:
            return None
        left, top, right, bottom = drawn.box
        starts, sizes = (left, top) * 2, ((right - left) or 1, (bottom - top) or 1) * 2
        window = [(place - start) / size for place, start, size in zip(box, starts, sizes, strict=True)]
        return self._pictures.ground(drawn.part, blip, behind, window)

    def _clear_text(self, drawn: _Drawn, earlier: Sequence[_Drawn]) -> bool:
        element = drawn.shape
        if local(element) not in {"sp", "graphicFrame"}:
            return False
        ground: Ground = self._looks.ground
        if drawn.box is not None:
            for one in [*earlier, drawn]:
                painted = self._painted(one, drawn.box, ground)
                ground = ground if painted is None else painted
        if local(element) == "sp":
            return self._clear_body(element, element.find(f"{P}txBody"), ground)
        cleared = [
            self._clear_body(element, cell.find(f"{A}txBody"), _laid_over(fill, ground))
            for table in element.iter(f"{A}tbl")
            for cell, fill in table_grounds(table, self._looks.scheme)
        ]
        return any(cleared)

    def _clear_body(self, shape: Any | None, body: Any, ground: Ground) -> bool:
        if body is None:
            return False
        fit = body.find(f"{A}bodyPr/{A}normAutofit")
        scale = float(fit.get("fontScale") or 100_000) / 100_000 if fit is not None else 1.0
        changed = False
        for paragraph in body.iterfind(f"{A}p"):
            properties = paragraph.find(f"{A}pPr")
            level = int(properties.get("lvl") or 0) if properties is not None else 0
            around = Text() if shape is None else self._looks.text(shape, level)
            for run in paragraph.iterchildren(f"{A}r", f"{A}fld"):
                own = self._looks.run(run.find(f"{A}rPr"))
                # A master that paints its texts white knows the picture behind them, where we do not.
                behind = ground or ([] if own.colour is None else [WHITE])
                if _is_unseen(own.within(around), scale, behind):
                    take_out(run)
                    changed = True
        return changed


def _laid_over(fill: Colour | None, ground: Ground) -> Ground:
    return ground if fill is None else [fill.over(one) for one in ground or [WHITE]]


def _is_hidden(element: Any) -> bool:
    return any(one.get("hidden") in _ON for one in element.iterfind(f"*/{P}cNvPr"))


def _is_unseen(text: Text, scale: float, ground: Ground) -> bool:
    if text.size is not None and text.size * scale <= TINY:
        return True
    behind = ground if text.ground is None else [text.ground]
    inks = [ink for ink in (text.colour, text.outlined) if ink is not None]
    shown = [any(ink.shows_on(one) for ink in inks) for one in behind]
    return bool(inks) and bool(shown) and 4 * sum(shown) < len(shown)


def _has_table(shape: Any) -> bool:
    return next(shape.iter(f"{A}tbl"), None) is not None


def _move(group: Any, box: Box | None) -> Callable[[Box | None], Box | None]:
    """From a group's own measure to that of what it stands in."""
    inner = group.find(f"{P}grpSpPr/{A}xfrm")
    start, size = (None, None) if inner is None else (inner.find(f"{A}chOff"), inner.find(f"{A}chExt"))
    if box is None or start is None or size is None:
        return lambda _: None
    across = (box.right - box.left) / (int(size.get("cx")) or 1)
    down = (box.bottom - box.top) / (int(size.get("cy")) or 1)
    left, top = box.left - int(start.get("x")) * across, box.top - int(start.get("y")) * down

    def move(inside: Box | None) -> Box | None:
        if inside is None:
            return None
        return Box(
            left + inside.left * across,
            top + inside.top * down,
            left + inside.right * across,
            top + inside.bottom * down,
        )

    return move
