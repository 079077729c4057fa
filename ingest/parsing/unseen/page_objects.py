"""What pdfium says of the objects of a page: where they stand, and how they are drawn."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pypdfium2.raw as pdfium

TEXT, PATH, IMAGE, FORM = 1, 2, 3, 5
"""Kinds of objects."""
_DEPTH = 5
"""Forms within forms that are followed."""
# What pdfium writes its answers into: a page has thousands of objects, and a child reads one page at a time.
_SIDES = tuple(ctypes.c_float() for _ in range(4))
_PARTS = tuple(ctypes.c_uint() for _ in range(4))

Paint = tuple[int, int, int, int]
"""Red, green, blue and opacity, of 255."""


class Box(NamedTuple):
    """Points, from the page's lower left."""

    left: float
    bottom: float
    right: float
    top: float

    def meets(self, other: Box) -> bool:
        """Whether the two have anything in common."""
        across = self.left < other.right and other.left < self.right
        return across and self.bottom < other.top and other.bottom < self.top


class Drawn(NamedTuple):
    """An object of a page."""

    raw: Any
    kind: int
    box: Box
    nested: bool
    """Whether it stands in a form."""


def objects(page: Any) -> Iterator[Drawn]:
    """All objects in the order in which they are painted, those in forms after their form."""
    for place in range(pdfium.FPDFPage_CountObjects(page)):
        yield from _unfold(pdfium.FPDFPage_GetObject(page, place), None, 0)


def _unfold(raw: Any, matrix: npt.NDArray[np.float64] | None, depth: int) -> Iterator[Drawn]:
    kind = pdfium.FPDFPageObj_GetType(raw)
    yield Drawn(raw, kind, _bounds(raw, matrix), matrix is not None)
    if kind == FORM and depth < _DEPTH:
        own = _matrix(raw)
        inner = own if matrix is None else own @ matrix
        for place in range(pdfium.FPDFFormObj_CountObjects(raw)):
            yield from _unfold(pdfium.FPDFFormObj_GetObject(raw, place), inner, depth + 1)


def _bounds(raw: Any, matrix: npt.NDArray[np.float64] | None) -> Box:
    pdfium.FPDFPageObj_GetBounds(raw, *_SIDES)
    left, bottom, right, top = _SIDES
    box = Box(left.value, bottom.value, right.value, top.value)
    if matrix is None:
        return box
    corners = np.array([[x, y, 1.0] for x in (box.left, box.right) for y in (box.bottom, box.top)]) @ matrix
    return Box(*corners.min(axis=0)[:2].tolist(), *corners.max(axis=0)[:2].tolist())


def _matrix(raw: Any) -> npt.NDArray[np.float64]:
    found = pdfium.FS_MATRIX()
    pdfium.FPDFPageObj_GetMatrix(raw, found)
    return np.array([[found.a, found.b, 0.0], [found.c, found.d, 0.0], [found.e, found.f, 1.0]])


def switch(texts: Sequence[Drawn], *, on: bool) -> None:
    """Make texts part of the page, or not: what is off is neither painted nor read."""
    for text in texts:
        pdfium.FPDFPageObj_SetIsActive(text.raw, on)


def is_on(text: Drawn) -> bool:
    """Whether a text is part of the page; see `switch`."""
    on = ctypes.c_int()
    pdfium.FPDFPageObj_GetIsActive(text.raw, on)
    return bool(on.value)


def _stretch(raw: Any) -> tuple[float, float]:
    """How much a text is stretched along its line and across it."""
    found = _matrix(raw)
    return float(np.hypot(*found[0, :2])), float(np.hypot(*found[1, :2]))


def paint_of(raw: Any, *, outlined: bool = False) -> Paint:
    """The colour that an object is filled with, or outlined."""
    ask = pdfium.FPDFPageObj_GetStrokeColor if outlined else pdfium.FPDFPageObj_GetFillColor
    ask(raw, *_PARTS)
    red, green, blue, alpha = _PARTS
    return red.value, green.value, blue.value, alpha.value


def covers(one: Drawn) -> bool:
    """Whether an object covers what is in its box: pictures and shadings do, paths where they are filled."""
    if one.kind != PATH:
        return True
    mode, stroked = ctypes.c_int(), ctypes.c_int()
    pdfium.FPDFPath_GetDrawMode(one.raw, mode, stroked)
    return mode.value != 0


def is_layered(text: Drawn) -> bool:
    """Whether a text stands in something that a viewer may switch off."""
    name, length = (ctypes.c_ushort * 3)(), ctypes.c_ulong()
    for number in range(pdfium.FPDFPageObj_CountMarks(text.raw)):
        mark = pdfium.FPDFPageObj_GetMark(text.raw, number)
        pdfium.FPDFPageObjMark_GetName(mark, name, ctypes.sizeof(name), length)
        if bytes(name)[:4] == "OC".encode("utf-16-le") and length.value == 6:
            return True
    return False


def string_length(mark: Any, key: bytes) -> int:
    """Letters of a mark's string; 0 where it has none of that name."""
    length = ctypes.c_ulong()
    pdfium.FPDFPageObjMark_GetParamStringValue(mark, key, None, 0, length)
    return max(int(length.value) // 2 - 1, 0)


def size_of(text: Drawn) -> float:
    """A text's size on the page, in points; more than nothing."""
    size = ctypes.c_float()
    pdfium.FPDFTextObj_GetFontSize(text.raw, size)
    return max(size.value * min(_stretch(text.raw)), 0.01)


def is_clipped_away(text: Drawn) -> bool:
    """Whether a clip leaves nothing of a text's box, as far as its corners tell."""
    clip = pdfium.FPDFPageObj_GetClipPath(text.raw)
    for path in range(pdfium.FPDFClipPath_CountPaths(clip) if clip else 0):
        corners = [
            _point(clip, path, place) for place in range(pdfium.FPDFClipPath_CountPathSegments(clip, path))
        ]
        if not corners:
            continue
        across, down = zip(*corners, strict=True)
        box = text.box
        if not Box(min(across), min(down), max(across), max(down)).meets(box):
            return True
    return False


def _point(clip: Any, path: int, place: int) -> tuple[float, float]:
    x, y = ctypes.c_float(), ctypes.c_float()
    pdfium.FPDFPathSegment_GetPoint(pdfium.FPDFClipPath_GetPathSegment(clip, path, place), x, y)
    return x.value, y.value
