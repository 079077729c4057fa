"""PDF: letters that leave no ink on their page, whatever the reason.

pdfium gives every letter of a file. How a text is drawn is looked at first: filled or not, in which colour,
how large, where, and what was painted below and above it. Where that leaves a doubt (a picture, a layer, a
clip, something painted over it) the page is painted twice, with those texts and without: what makes no
difference is not seen. Letters that are not drawn stay where they are what a scanner read in its picture.

Texts that are not seen are switched off in the page, and pdfium's text leaves them out.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pypdfium2.raw as pdfium

from ingest.parsing.unseen import TINY
from ingest.parsing.unseen.colours import WHITE, Colour
from ingest.parsing.unseen.page_objects import (
    FORM,
    IMAGE,
    PATH,
    TEXT,
    Box,
    Drawn,
    Paint,
    covers,
    is_clipped_away,
    is_layered,
    is_on,
    objects,
    paint_of,
    size_of,
    string_length,
    switch,
)

_UNDRAWN = {3, 7}
"""Text render modes (ISO 32000, 9.3.6) that paint nothing."""
_OUTLINED = {1, 5}
_SCAN = 0.5
"""Share of a page that a scan covers at least."""
_GRID = 50
_CHECKED = 100
"""Pages whose scan is held against its reading. The rest is believed, as unpacking a scan takes longer than
all else of a page."""
_LARGEST = 4000
"""Pixels of a painted page, one a point where it is not larger than this."""
_STAIN = 16
"""Of 255 in red, green or blue: less than `Colour.shows_on` asks for, as thin strokes are painted pale."""
_CONTRAST = 48
"""The same between the paper and the ink that a scanner took for a word."""
_GROUPS = 8
"""Texts that stand in one place and may be seen through one another; of more, nothing can be made out."""
_LETTER = 0.15
"""Of its size: as narrow as letters are."""
_WHITE = (255, 255, 255, 255)
_LAYERS = re.compile(rb"/(?:O|#4[fF])(?:C|#43)|/ObjStm")
"""What a file has that has parts which viewers switch off, or may have, as its objects are compressed."""


class Ink:
    """What is seen of the pages of one PDF."""

    def __init__(self, data: bytes) -> None:
        self._layered = _LAYERS.search(data) is not None
        self._scans = 0

    def hide_unseen(self, page: Any) -> None:
        """Switch off the texts of a page (pypdfium2's) that nobody sees, before its text is asked for."""
        drawn = list(objects(page.raw))
        if any(one.kind == TEXT for one in drawn):
            looked = _Page(page, drawn, layered=self._layered)
            self._scans += looked.clear(believed=self._scans >= _CHECKED)


class _Page:
    def __init__(self, page: Any, drawn: Sequence[Drawn], *, layered: bool) -> None:
        self._page = page
        self._layered = layered
        self._texts = [one for one in drawn if one.kind == TEXT]
        self._places = [place for place, one in enumerate(drawn) if one.kind == TEXT]
        self._painted = [(place, one) for place, one in enumerate(drawn) if one.kind not in {TEXT, FORM}]
        self._paper = Box(*page.get_bbox())
        self._scanned = (
            _share([one.box for _, one in self._painted if one.kind == IMAGE], self._paper) > _SCAN
        )

    def clear(self, *, believed: bool) -> bool:
        """Switch off what is not seen; `believed` is whether a scanner's readings are left unchecked.

        Returns whether there are such readings that stay.
        """
        gone: list[Drawn] = []
        doubtful: list[Drawn] = []
        undrawn: list[Drawn] = []
        self._forget_readings()
        below, above = self._neighbours()
        for number, text in enumerate(self._texts):
            mode = pdfium.FPDFTextObj_GetTextRenderMode(text.raw)
            if text.box.top == text.box.bottom:
                continue  # only spaces
            if mode in _UNDRAWN:
                undrawn.append(text)
            elif not self._paper.meets(text.box) or _is_tiny(text):
                gone.append(text)
            elif above[number] or self._is_doubtful(text, mode, below[number]):
                doubtful.append(text)
        switch(gone, on=False)
        hidden = [*undrawn, *self._without_ink(doubtful)]
        made_up = self._not_read_by_a_scanner(hidden, believed=believed) if self._scanned else hidden
        switch(made_up, on=False)
        return len(made_up) < len(hidden)

    def _forget_readings(self) -> None:
        """Take from texts what they are said to read (`/ActualText`) where they have no room for it."""
        rooms: dict[int, list[Any]] = {}
        for text in self._texts:
            for number in range(pdfium.FPDFPageObj_CountMarks(text.raw)):
                mark = pdfium.FPDFPageObj_GetMark(text.raw, number)
                if length := string_length(mark, b"ActualText"):
                    address = ctypes.cast(mark, ctypes.c_void_p).value or 0
                    known = rooms.setdefault(address, [length, 0.0, text, mark])
                    reach = max(text.box.right - text.box.left, text.box.top - text.box.bottom)
                    known[1] += reach / size_of(text)
        for length, room, text, mark in rooms.values():
            if length * _LETTER > room:
                pdfium.FPDFPageObjMark_RemoveParam(text.raw, mark, b"ActualText")

    def _neighbours(self) -> tuple[list[Drawn | None], list[bool]]:
        """For each text, what was painted last right below it, and whether something was painted over it."""
        below: list[Drawn | None] = [None] * len(self._texts)
        above = [False] * len(self._texts)
        if not self._painted:
            return below, above
        texts = np.array([text.box for text in self._texts])
        places = np.array(self._places)
        across, down = (texts[:, 0] + texts[:, 2]) / 2, (texts[:, 1] + texts[:, 3]) / 2
        height = texts[:, 3] - texts[:, 1]
        for place, one in self._painted:
            left, bottom, right, top = one.box
            over = (left <= across) & (across <= right) & (bottom <= down) & (down <= top)
            for number in np.flatnonzero(over):
                if places[number] > place:
                    below[number] = one if covers(one) else below[number]
                elif top - bottom > height[number] / 2 and covers(one):
                    above[number] = True
        return below, above

    def _is_doubtful(self, text: Drawn, mode: int, below: Drawn | None) -> bool:
        if (self._layered and (text.nested or is_layered(text))) or is_clipped_away(text):
            return True
        ground: Paint | None = _WHITE
        if below is not None:
            ground = paint_of(below.raw) if below.kind == PATH else None
        return ground is None or not _shows(paint_of(text.raw, outlined=mode in _OUTLINED), ground)

    def _without_ink(self, texts: Sequence[Drawn]) -> list[Drawn]:
        """Those of some texts that the page looks the same without. They are switched off."""
        if not texts:
            return []
        groups = _apart(texts)
        kept = {id(text) for group in groups for text in group}
        found = [text for text in texts if id(text) not in kept]
        switch(found, on=False)
        whole = self._picture()
        for group in groups:
            switch(group, on=False)
            without = self._picture()
            for text in group:
                one, other = self._window(whole, text.box), self._window(without, text.box)
                if one.size and np.abs(one.astype(np.int16) - other).max() > _STAIN:
                    switch([text], on=True)
                else:
                    found.append(text)
        return found

    def _not_read_by_a_scanner(self, texts: Sequence[Drawn], *, believed: bool) -> list[Drawn]:
        """Those of some texts that no scanner read: no ink is below, or most of the page's text is drawn."""
        if not texts or 2 * len(texts) < len(self._texts):
            return list(texts)
        if believed:
            switch(texts, on=True)
            return []
        # What is seen of other texts is no ink of the scan.
        asked = {id(text) for text in texts}
        seen = [text for text in self._texts if is_on(text) and id(text) not in asked]
        switch([*seen, *texts], on=False)
        scan = self._picture()
        read = [text for text in texts if np.ptp(self._window(scan, text.box), axis=(0, 1)).max() > _CONTRAST]
        switch([*seen, *read], on=True)
        kept = {id(text) for text in read}
        return [text for text in texts if id(text) not in kept]

    def _picture(self) -> npt.NDArray[np.uint8]:
        scale = min(1.0, _LARGEST / max(*self._page.get_size(), 1.0))
        pixels: npt.NDArray[np.uint8] = self._page.render(scale=scale).to_numpy()[:, :, :3]
        return pixels

    def _window(self, pixels: npt.NDArray[Any], box: Box) -> npt.NDArray[Any]:
        """The pixels of a box, whichever way the page is turned."""
        height, width = pixels.shape[:2]
        across, down = ctypes.c_int(), ctypes.c_int()
        ends = []
        for x, y in ((box.left, box.bottom), (box.right, box.top)):
            pdfium.FPDF_PageToDevice(self._page.raw, 0, 0, width, height, 0, x, y, across, down)
            ends.append((across.value, down.value))
        (left, right), (top, bottom) = (sorted(side) for side in zip(*ends, strict=True))
        # At least one pixel, also of what stands at the very edge.
        top, left = (min(max(start - 1, 0), size - 1) for start, size in ((top, height), (left, width)))
        return pixels[top : max(bottom + 2, top + 1), left : max(right + 2, left + 1)]


def _share(boxes: Sequence[Box], paper: Box) -> float:
    """The share of a page that boxes cover, as a grid laid over it tells."""
    covered = np.zeros((_GRID, _GRID), dtype=bool)
    width, height = max(paper.right - paper.left, 1.0), max(paper.top - paper.bottom, 1.0)
    for box in boxes:
        left, right = (round((side - paper.left) / width * _GRID) for side in (box.left, box.right))
        bottom, top = (round((side - paper.bottom) / height * _GRID) for side in (box.bottom, box.top))
        covered[max(bottom, 0) : max(top, 0), max(left, 0) : max(right, 0)] = True
    return float(covered.mean())


def _apart(texts: Sequence[Drawn]) -> list[list[Drawn]]:
    """Texts in groups of which none has two that stand in the same place.

    Where there are too many in one place, those that were painted first are in none.
    """
    last_first = list(reversed(texts))
    boxes = np.array([text.box for text in last_first])
    heights = boxes[:, 3] - boxes[:, 1]
    chosen = np.full(len(texts), _GROUPS)
    groups: list[list[Drawn]] = [[] for _ in range(_GROUPS)]
    for place, text in enumerate(last_first):
        others = boxes[:place]
        across = np.minimum(others[:, 2], text.box.right) - np.maximum(others[:, 0], text.box.left)
        down = np.minimum(others[:, 3], text.box.top) - np.maximum(others[:, 1], text.box.bottom)
        # Lines may reach a little into one another.
        shared = (across > 0) & (down > 0.25 * np.minimum(heights[:place], heights[place]))
        taken = set(chosen[:place][shared].tolist())
        free = next((number for number in range(_GROUPS) if number not in taken), None)
        if free is not None:
            chosen[place] = free
            groups[free].append(text)
    return [group for group in groups if group]


def _is_tiny(text: Drawn) -> bool:
    """Whether a text's letters are too small, or too narrow, to be made out."""
    box = text.box
    if min(box.right - box.left, box.top - box.bottom) > 2 * TINY:
        return False
    return size_of(text) <= TINY


@lru_cache(maxsize=4096)
def _shows(paint: Paint, ground: Paint) -> bool:
    ink, paper = (Colour(*part[:3], part[3] / 255) for part in (paint, ground))
    return ink.shows_on(paper.over(WHITE))
