"""Ways to hide a word in a presentation."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from typing import Any

import pptx
from PIL import Image
from pptx.dml.color import RGBColor
from pptx.enum.dml import MSO_THEME_COLOR
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls
from pptx.util import Emu, Inches, Pt

from tests.ingest.hiding import after, before, canary
from tests.ingest.samples import saved

WHITE = RGBColor(255, 255, 255)
BLANK = 6
"""The layout without placeholders."""
Trick = Callable[[Any, Any, str], None]
"""Called with the file, a slide of it and the word."""


def build(tricks: Iterable[str]) -> bytes:
    """A presentation of some tricks, each on a slide of its own between two that show."""
    file = pptx.Presentation()
    for trick in tricks:
        box(new_slide(file), before(trick))
        slide = new_slide(file)
        (TRICKS.get(trick) or SHOWS[trick])(file, slide, canary(trick))
        box(new_slide(file), after(trick))
    return saved(file)


def new_slide(file: Any) -> Any:
    return file.slides.add_slide(file.slide_layouts[BLANK])


def box(slide: Any, text: str, left: float = 1, top: float = 1, width: float = 5, height: float = 1) -> Any:
    """A text box; lengths are inches."""
    shape = slide.shapes.add_textbox(*(Inches(length) for length in (left, top, width, height)))
    shape.text_frame.text = text
    return shape


def run_of(shape: Any) -> Any:
    return shape.text_frame.paragraphs[0].runs[0]


def formatted(change: Callable[[Any], None]) -> Trick:
    """Hides by the format of a run."""
    return lambda file, slide, word: change(run_of(box(slide, word)).font)


def placed(left: float, top: float, width: float = 5, height: float = 1) -> Trick:
    return lambda file, slide, word: box(slide, word, left, top, width, height) and None


def paint(colour: RGBColor) -> Callable[[Any], None]:
    return lambda font: setattr(font.color, "rgb", colour)


def hidden_slide(file: Any, slide: Any, word: str) -> None:
    box(slide, word)
    slide.notes_slide.notes_text_frame.text = f"Notes on {word}"
    slide.element.set("show", "0")


def hidden_shape(file: Any, slide: Any, word: str) -> None:
    box(slide, word)._element.nvSpPr.cNvPr.set("hidden", "1")


def hidden_group(file: Any, slide: Any, word: str) -> None:
    group = slide.shapes.add_group_shape([box(slide, word)])
    group._element.nvGrpSpPr.cNvPr.set("hidden", "1")


def group_off_the_slide(file: Any, slide: Any, word: str) -> None:
    group = slide.shapes.add_group_shape([box(slide, word)])
    group.left = Inches(40)


def filled(slide: Any, colour: RGBColor, left: float = 0.5, top: float = 0.5) -> Any:
    shape = slide.shapes.add_shape(1, Inches(left), Inches(top), Inches(8), Inches(3))
    shape.fill.solid()
    shape.fill.fore_color.rgb = colour
    return shape


def behind_a_shape(file: Any, slide: Any, word: str) -> None:
    box(slide, word)
    filled(slide, RGBColor(0x20, 0x60, 0x90))


def picture(colour: int) -> io.BytesIO:
    buffer = io.BytesIO()
    Image.new("L", (400, 300), colour).save(buffer, "PNG")
    buffer.seek(0)
    return buffer


def behind_a_picture(file: Any, slide: Any, word: str) -> None:
    box(slide, word)
    slide.shapes.add_picture(picture(90), 0, 0, Inches(9), Inches(6))


def white_on_a_white_picture(file: Any, slide: Any, word: str) -> None:
    slide.shapes.add_picture(picture(255), 0, 0, Inches(9), Inches(6))
    run_of(box(slide, word)).font.color.rgb = WHITE


def the_colour_of_its_shape(file: Any, slide: Any, word: str) -> None:
    shape = filled(slide, RGBColor(0x20, 0x60, 0x90))
    shape.text_frame.text = word
    run_of(shape).font.color.rgb = RGBColor(0x22, 0x61, 0x91)


def the_colour_beneath(file: Any, slide: Any, word: str) -> None:
    filled(slide, RGBColor(0x10, 0x10, 0x10))
    run_of(box(slide, word)).font.color.rgb = RGBColor(0, 0, 0)


def the_colour_of_its_cell(file: Any, slide: Any, word: str) -> None:
    table = slide.shapes.add_table(2, 2, Inches(1), Inches(1), Inches(4), Inches(1)).table
    cell = table.cell(1, 0)
    cell.text = word
    cell.fill.solid()
    cell.fill.fore_color.rgb = RGBColor(0x33, 0x33, 0x33)
    cell.text_frame.paragraphs[0].runs[0].font.color.rgb = RGBColor(0x33, 0x33, 0x33)


def black_on_a_black_slide(file: Any, slide: Any, word: str) -> None:
    slide.background.fill.solid()
    slide.background.fill.fore_color.rgb = RGBColor(0, 0, 0)
    run_of(box(slide, word)).font.color.rgb = RGBColor(0, 0, 0)


def white_by_the_shapes_style(file: Any, slide: Any, word: str) -> None:
    body = box(slide, word)._element.txBody
    body.insert(1, parse_xml(
        f"<a:lstStyle {nsdecls('a')}><a:lvl1pPr><a:defRPr><a:solidFill><a:schemeClr val='bg1'/></a:solidFill>"
        "</a:defRPr></a:lvl1pPr></a:lstStyle>"
    ))  # fmt: skip
    for old in body.findall("{*}lstStyle")[1:]:
        body.remove(old)


def white_by_the_layout(file: Any, slide: Any, word: str) -> None:
    layout = file.slide_layouts[5]
    own = file.slides.add_slide(layout)
    own.shapes.title.text = word
    (style,) = layout.placeholders[0]._element.iter("{*}lstStyle")
    style.append(parse_xml(
        f"<a:lvl1pPr {nsdecls('a')}><a:defRPr><a:solidFill><a:srgbClr val='FFFFFF'/></a:solidFill></a:defRPr>"
        "</a:lvl1pPr>"
    ))  # fmt: skip


def shrunk_to_nothing(file: Any, slide: Any, word: str) -> None:
    properties = box(slide, word).text_frame._txBody.bodyPr
    for old in list(properties):
        properties.remove(old)
    properties.append(parse_xml(f"<a:normAutofit {nsdecls('a')} fontScale='1000'/>"))


def filled_with(xml: str) -> Trick:
    """Hides by how the letters are filled."""

    def trick(file: Any, slide: Any, word: str) -> None:
        run_of(box(slide, word))._r.get_or_add_rPr().insert(
            0, parse_xml(xml.replace(">", f" {nsdecls('a')}>", 1).replace("/ xmlns", " xmlns", 1))
        )

    return trick


def white_notes(file: Any, slide: Any, word: str) -> None:
    frame = slide.notes_slide.notes_text_frame
    frame.text = word
    frame.paragraphs[0].runs[0].font.color.rgb = WHITE


TRICKS: dict[str, Trick] = {
    "white": formatted(paint(WHITE)),
    "nearly white": formatted(paint(RGBColor(0xF8, 0xFA, 0xFC))),
    "the theme's paper": formatted(
        lambda font: setattr(font.color, "theme_color", MSO_THEME_COLOR.BACKGROUND_1)
    ),
    "white by the shape's style": white_by_the_shapes_style,
    "white by the layout": white_by_the_layout,
    "white on a white picture": white_on_a_white_picture,
    "black on a black slide": black_on_a_black_slide,
    "the colour of its shape": the_colour_of_its_shape,
    "the colour beneath": the_colour_beneath,
    "the colour of its cell": the_colour_of_its_cell,
    "no fill": filled_with("<a:noFill></a:noFill>"),
    "seen through": filled_with(
        "<a:solidFill><a:srgbClr val='000000'><a:alpha val='0'/></a:srgbClr></a:solidFill>"
    ),
    "one point": formatted(lambda font: setattr(font, "size", Pt(1))),
    "shrunk to nothing": shrunk_to_nothing,
    "a hidden slide": hidden_slide,
    "a hidden shape": hidden_shape,
    "a hidden group": hidden_group,
    "left of the slide": placed(-9, 1),
    "below the slide": placed(1, 90),
    "a group off the slide": group_off_the_slide,
    "a shape without size": lambda file, slide, word: slide.shapes.add_textbox(
        Inches(1), Inches(1), Emu(0), Emu(0)
    ).text_frame.__setattr__("text", word),
    "behind a shape": behind_a_shape,
    "behind a picture": behind_a_picture,
    "white notes": white_notes,
}


def white_on(prepare: Callable[[Any], Any]) -> Trick:
    """White on what was drawn before."""

    def trick(file: Any, slide: Any, word: str) -> None:
        prepare(slide)
        run_of(box(slide, word)).font.color.rgb = WHITE

    return trick


def white_on_a_black_slide(file: Any, slide: Any, word: str) -> None:
    slide.background.fill.solid()
    slide.background.fill.fore_color.rgb = RGBColor(0, 0, 0)
    run_of(box(slide, word)).font.color.rgb = WHITE


def dark_design(file: Any, slide: Any, word: str) -> None:
    """A master whose paper is dark and whose ink is light, as dark themes are."""
    mapping = file.slide_master.element.find("{*}clrMap")
    for name, of in (("bg1", "dk1"), ("tx1", "lt1")):
        mapping.set(name, of)
    box(slide, word)


def a_shapes_own_white(file: Any, slide: Any, word: str) -> None:
    slide.shapes.add_shape(1, Inches(1), Inches(1), Inches(4), Inches(1)).text_frame.text = word


def white_header(file: Any, slide: Any, word: str) -> None:
    table = slide.shapes.add_table(2, 2, Inches(1), Inches(1), Inches(4), Inches(1)).table
    table.cell(0, 0).text = word
    table.cell(1, 0).text = "below"
    table.cell(0, 0).text_frame.paragraphs[0].runs[0].font.color.rgb = WHITE


def notes(file: Any, slide: Any, word: str) -> None:
    slide.notes_slide.notes_text_frame.text = word


def in_a_group(file: Any, slide: Any, word: str) -> None:
    slide.shapes.add_group_shape([filled(slide, RGBColor(0, 0, 90)), box(slide, word)])
    run_of(slide.shapes[-1].shapes[-1]).font.color.rgb = WHITE


def below_an_outline(file: Any, slide: Any, word: str) -> None:
    box(slide, word)
    filled(slide, WHITE).fill.background()


def white_on_the_layouts_band(file: Any, slide: Any, word: str) -> None:
    """As in the designs of companies: the layout draws a dark band, and makes the title on it white."""
    layout = file.slide_layouts[5]
    title = layout.placeholders[0]
    band = filled(slide, RGBColor(0, 40, 80))._element
    layout.shapes._spTree.insert(2, band)
    (style,) = title._element.iter("{*}lstStyle")
    style.append(parse_xml(
        f"<a:lvl1pPr {nsdecls('a')}><a:defRPr><a:solidFill><a:srgbClr val='FFFFFF'/></a:solidFill></a:defRPr>"
        "</a:lvl1pPr>"
    ))  # fmt: skip
    own = file.slides.add_slide(layout)
    own.shapes.title.text = word


def white_on_a_gradient(file: Any, slide: Any, word: str) -> None:
    shape = filled(slide, WHITE)
    shape.fill.gradient()
    for stop, colour in zip(shape.fill.gradient_stops, (WHITE, RGBColor(0, 0, 120)), strict=True):
        stop.color.rgb = colour
    run_of(box(slide, word)).font.color.rgb = WHITE


SHOWS: dict[str, Trick] = {
    "white on the layout's band": white_on_the_layouts_band,
    "white on a gradient": white_on_a_gradient,
    "white on a dark shape": white_on(lambda slide: filled(slide, RGBColor(0x20, 0x30, 0x60))),
    "white on a dark picture": white_on(
        lambda slide: slide.shapes.add_picture(picture(40), 0, 0, Inches(9), Inches(6))
    ),
    "white on a black slide": white_on_a_black_slide,
    "a dark design": dark_design,
    "a shape's own white": a_shapes_own_white,
    "a white header": white_header,
    "notes": notes,
    "in a group": in_a_group,
    "below an outline": below_an_outline,
    "partly off the slide": placed(8, 1),
    "grey": formatted(paint(RGBColor(0xA0, 0xA0, 0xA0))),
}
