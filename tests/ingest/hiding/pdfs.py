"""Ways to hide a word in a PDF."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable

from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.colors import Color, black, white
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from tests.ingest.hiding import after, before, canary

Trick = Callable[[Canvas, str], None]
"""Called with a page between two that show, and the word."""
PLACE = (72, 500)


def build(tricks: Iterable[str]) -> bytes:
    """A PDF of some tricks, each on a page of its own between two lines that show."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    for trick in tricks:
        canvas.drawString(72, 700, before(trick))
        canvas.saveState()
        (TRICKS.get(trick) or SHOWS[trick])(canvas, canary(trick))
        canvas.restoreState()
        canvas.drawString(72, 300, after(trick))
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def layered(word: str, *, on: bool) -> bytes:
    """A page whose second line, and a form with a third, stand in a layer that is on or off."""
    text = "BT /F1 12 Tf 72 %d Td (%s) Tj ET"
    lines = [
        text % (700, before(word)),
        "/OC /L BDC",
        text % (680, word),
        "EMC /F Do",
        text % (640, after(word)),
    ]
    form = text % (660, word)
    off = "" if on else "/OFF[6 0 R]"
    return _file(
        f"<</Type/Catalog/Pages 2 0 R/OCProperties<</OCGs[6 0 R]/D<</Order[]{off}>>>>>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>"
        "/Properties<</L 6 0 R>>/XObject<</F 7 0 R>>>>>>",
        _stream("", " ".join(lines)),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        "<</Type/OCG/Name(Layer)>>",
        _stream(
            "/Type/XObject/Subtype/Form/BBox[0 0 600 800]/OC 6 0 R/Resources<</Font<</F1 5 0 R>>>>", form
        ),
    )


def _stream(told: str, data: str) -> str:
    return f"<<{told}/Length {len(data)}>>stream\n{data}\nendstream"


def _file(*objects: str) -> bytes:
    """A PDF of these objects; reportlab knows no layers."""
    data, places = "%PDF-1.5\n", []
    for number, one in enumerate(objects, start=1):
        places.append(len(data))
        data += f"{number} 0 obj{one}endobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    size = len(objects) + 1
    trailer = f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer<</Size {size}/Root 1 0 R>>"
    return f"{data}{trailer}startxref\n{len(data)}\n%%EOF".encode("latin-1")


def mode(number: int) -> Trick:
    """By how letters are drawn."""

    def trick(canvas: Canvas, word: str) -> None:
        text = canvas.beginText(*PLACE)
        text.setTextRenderMode(number)
        text.textLine(word)
        canvas.drawText(text)

    return trick


def painted(colour: Color, ground: Color | None = None) -> Trick:
    def trick(canvas: Canvas, word: str) -> None:
        if ground is not None:
            canvas.setFillColor(ground)
            canvas.rect(50, 480, 400, 50, stroke=0, fill=1)
        canvas.setFillColor(colour)
        canvas.drawString(*PLACE, word)

    return trick


def placed(x: float, y: float) -> Trick:
    return lambda canvas, word: canvas.drawString(x, y, word)


def sized(points: float) -> Trick:
    def trick(canvas: Canvas, word: str) -> None:
        canvas.setFont("Helvetica", points)
        canvas.drawString(*PLACE, word)

    return trick


def scaled(across: float, down: float) -> Trick:
    def trick(canvas: Canvas, word: str) -> None:
        canvas.translate(*PLACE)
        canvas.scale(across, down)
        canvas.drawString(0, 0, word)

    return trick


def below(cover: Callable[[Canvas], None]) -> Trick:
    def trick(canvas: Canvas, word: str) -> None:
        canvas.drawString(*PLACE, word)
        cover(canvas)

    return trick


def rectangle(colour: Color) -> Callable[[Canvas], None]:
    def cover(canvas: Canvas) -> None:
        canvas.setFillColor(colour)
        canvas.rect(50, 480, 400, 50, stroke=0, fill=1)

    return cover


def picture(shade: int, box: tuple[int, int, int, int] = (50, 450, 300, 100)) -> Callable[[Canvas], None]:
    """A picture of one shade of grey; left, bottom, width, height."""
    return lambda canvas: canvas.drawImage(ImageReader(Image.new("L", (200, 100), shade)), *box)


def page(*drawn: Callable[[Canvas], None]) -> bytes:
    """A page on which these draw, in their order."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    for draw in drawn:
        canvas.saveState()
        draw(canvas)
        canvas.restoreState()
    canvas.save()
    return buffer.getvalue()


def scan(shown: str, read: str) -> bytes:
    """A picture of a page with some words on it, and over them what a scanner's program read there."""
    picture_ = Image.new("L", (1190, 1684), 250)
    ImageDraw.Draw(picture_).text((144, 660), shown, font=ImageFont.load_default(24), fill=20)
    return page(
        lambda canvas: canvas.drawImage(ImageReader(picture_), 0, 0, 595, 842),
        lambda canvas: mode(3)(canvas, read),
    )


def clipped(canvas: Canvas, word: str) -> None:
    path = canvas.beginPath()
    path.rect(0, 0, 10, 10)
    canvas.clipPath(path, stroke=0, fill=0)
    canvas.drawString(*PLACE, word)


def seen_through(canvas: Canvas, word: str) -> None:
    canvas.setFillAlpha(0.01)
    canvas.drawString(*PLACE, word)


def in_a_form(canvas: Canvas, word: str) -> None:
    canvas.beginForm(word)
    canvas.setFillColor(white)
    canvas.drawString(*PLACE, word)
    canvas.endForm()
    canvas.doForm(word)


def away_by_its_form(canvas: Canvas, word: str) -> None:
    canvas.beginForm(word)
    canvas.drawString(*PLACE, word)
    canvas.endForm()
    canvas.translate(0, 5000)
    canvas.doForm(word)


def on_a_white_picture(canvas: Canvas, word: str) -> None:
    picture(255)(canvas)
    painted(white)(canvas, word)


def annotation(canvas: Canvas, word: str) -> None:
    canvas.textAnnotation(word, Rect=(72, 500, 90, 520))


def reading(canvas: Canvas, word: str) -> None:
    """Letters that are said to read otherwise."""
    canvas._code.append(f"/Span <</ActualText ({word})>> BDC")
    canvas.drawString(*PLACE, "x")
    canvas._code.append("EMC")


def undrawn_over_an_empty_scan(canvas: Canvas, word: str) -> None:
    picture(250, (0, 0, 600, 840))(canvas)
    mode(3)(canvas, word)


TRICKS: dict[str, Trick] = {
    "not drawn": mode(3),
    "used as a clip": mode(7),
    "white": painted(white),
    "nearly white": painted(Color(0.97, 0.98, 0.99)),
    "the colour below": painted(Color(0.1, 0.3, 0.5), Color(0.1, 0.3, 0.5)),
    "black on black": painted(black, black),
    "seen through": seen_through,
    "half a point": sized(0.5),
    "scaled to nothing": scaled(0.01, 0.01),
    "squeezed": scaled(0.01, 1),
    "above the page": placed(72, 3000),
    "left of the page": placed(-500, 500),
    "behind a white box": below(rectangle(white)),
    "behind a black box": below(rectangle(black)),
    "behind a picture": below(picture(128)),
    "white on a white picture": on_a_white_picture,
    "clipped away": clipped,
    "white in a form": in_a_form,
    "off the page by its form": away_by_its_form,
    "an annotation": annotation,
    "another reading": reading,
}


def on_a_page_upside_down(canvas: Canvas, word: str) -> None:
    canvas.setPageRotation(180)
    painted(white, Color(0.1, 0.2, 0.3))(canvas, word)
    canvas.setFillColor(Color(1, 1, 0, 0.3))
    canvas.rect(50, 480, 400, 50, stroke=0, fill=1)


def on_a_picture(colour: Color, shade: int) -> Trick:
    def trick(canvas: Canvas, word: str) -> None:
        picture(shade)(canvas)
        painted(colour)(canvas, word)

    return trick


def in_a_black_form(canvas: Canvas, word: str) -> None:
    canvas.beginForm(word)
    canvas.setFillColor(black)
    canvas.rect(50, 480, 400, 50, stroke=0, fill=1)
    canvas.setFillColor(white)
    canvas.drawString(*PLACE, word)
    canvas.endForm()
    canvas.doForm(word)


def within_a_clip(canvas: Canvas, word: str) -> None:
    path = canvas.beginPath()
    path.rect(60, 400, 400, 200)
    canvas.clipPath(path, stroke=0, fill=0)
    canvas.drawString(*PLACE, word)


def ligature(canvas: Canvas, word: str) -> None:
    canvas._code.append(f"/Span <</ActualText ({word})>> BDC")
    canvas.drawString(*PLACE, word[:-1])
    canvas._code.append("EMC")


SHOWS: dict[str, Trick] = {
    "white on a dark box": painted(white, Color(0.1, 0.3, 0.5)),
    "white on a dark picture": on_a_picture(white, 40),
    "black on a light picture": on_a_picture(black, 230),
    "white in a black form": in_a_black_form,
    "on a page upside down, highlighted": on_a_page_upside_down,
    "light grey": painted(Color(0.75, 0.75, 0.75)),
    "small print": sized(4),
    "drawn as outlines": mode(1),
    "within a clip": within_a_clip,
    "a ligature": ligature,
    "yellow": painted(Color(1, 1, 0)),
    "below a line": below(lambda canvas: canvas.line(50, 503, 400, 503)),
    "below a marker": below(rectangle(Color(1, 1, 0, 0.4))),
}
