"""The colours of pictures that text stands on, or behind."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from ingest.parsing.unseen.colours import WHITE, Colour

_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}embed"
_KEPT = 128
"""Pixels along each side of what is kept of a picture."""
_SAMPLES = 16
"""Points along each side that are looked at."""
_LARGEST = 50_000_000
"""Pixels. Unpacked, a picture takes four bytes for each."""

Ground = Sequence[Colour]
"""What is behind a text, at one point or at several. Empty where it cannot be known."""


class Pictures:
    """The pictures of one presentation, each unpacked once."""

    def __init__(self) -> None:
        self._small: dict[Any, Any] = {}

    def ground(self, part: Any, blip: Any, behind: Ground, window: Sequence[float] = (0, 0, 1, 1)) -> Ground:
        """The colours of a picture (`a:blip` of python-pptx's `part`) over what is behind it.

        `window` is the place that is looked at: left, top, right, bottom as shares of the picture.
        """
        id_ = blip.get(_RELATION)
        if id_ not in part.rels or part.rels[id_].is_external:
            return []
        picture = part.related_part(id_)
        if picture.partname not in self._small:
            self._small[picture.partname] = _shrink(picture.blob)
        small = self._small[picture.partname]
        if small is None:
            return []
        left, top, right, bottom = (min(max(share, 0.0), 1.0) * _KEPT for share in window)
        box = (min(left, _KEPT - 1), min(top, _KEPT - 1), max(right, left + 1), max(bottom, top + 1))
        points = small.resize((_SAMPLES, _SAMPLES), box=tuple(map(int, box))).tobytes()
        beneath = behind[0] if behind else WHITE
        return [
            Colour(red, green, blue, alpha / 255).over(beneath)
            for red, green, blue, alpha in zip(*(points[part::4] for part in range(4)), strict=True)
        ]


def _shrink(data: bytes) -> Any:
    """A small copy of a picture; `None` for what Pillow does not know, such as EMF, and for giants."""
    # Pillow comes with python-pptx, which reads pictures with it.
    from pptx.parts.image import PIL_Image  # type: ignore[attr-defined]

    try:
        with PIL_Image.open(io.BytesIO(data)) as image:
            if image.width * image.height > _LARGEST:
                return None
            image.draft("RGB", (_KEPT, _KEPT))
            return image.convert("RGBA").resize((_KEPT, _KEPT))
    except (OSError, ValueError, SyntaxError):
        return None
