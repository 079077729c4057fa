"""The two pictures of the app, drawn here: a speech bubble with an opening quotation mark.

Sizes and colours: https://learn.microsoft.com/microsoftteams/platform/concepts/build-and-test/apps-package.
"""

from __future__ import annotations

import io

from PIL import Image, ImageDraw

Ink = str | tuple[int, ...]

BLUE = "#1f3a5f"
_WHITE, _NOTHING = (255, 255, 255, 255), (255, 255, 255, 0)
_FINE = 8
"""How much larger it is drawn than it is shown, so that its edges are smooth."""


def color() -> bytes:
    """192 pixels square: the bubble on the app's blue, within the middle that every shape of icon shows."""
    picture = Image.new("RGBA", (192 * _FINE,) * 2, BLUE)
    _bubble(ImageDraw.Draw(picture), 48 * _FINE, 96 * _FINE, _WHITE, BLUE, None)
    return _png(picture, 192)


def outline() -> bytes:
    """32 pixels square: white lines on nothing."""
    picture = Image.new("RGBA", (32 * _FINE,) * 2, _NOTHING)
    _bubble(ImageDraw.Draw(picture), 3 * _FINE, 26 * _FINE, _NOTHING, _WHITE, 2 * _FINE)
    return _png(picture, 32)


def _bubble(draw: ImageDraw.ImageDraw, edge: int, size: int, fill: Ink, ink: Ink, line: int | None) -> None:
    """A bubble of that size, that far from the edges, and a quotation mark in it."""
    right, bottom = edge + size, edge + size * 4 // 5
    tail = [
        (edge + size // 4, bottom - size // 20),
        (edge + size // 4, right),
        (edge + size // 2, bottom - size // 20),
    ]
    about = (edge, edge, right, bottom)
    if line:
        draw.polygon(tail, fill=ink)
        draw.rounded_rectangle(about, size // 5, fill=fill, outline=ink, width=line)
    else:
        draw.polygon(tail, fill=fill)
        draw.rounded_rectangle(about, size // 5, fill=fill)
    drop = size // 6
    for left in (edge + size * 7 // 24, edge + size * 13 // 24):
        top = edge + size * 7 // 20
        draw.ellipse((left, top, left + drop, top + drop), fill=ink)
        draw.polygon(
            [
                (left, top + drop // 2),
                (left + drop * 3 // 4, top - drop),
                (left + drop // 2, top + drop // 2),
            ],
            fill=ink,
        )


def _png(picture: Image.Image, size: int) -> bytes:
    written = io.BytesIO()
    picture.resize((size, size), Image.Resampling.BOX).save(written, "PNG", optimize=True)
    return written.getvalue()
