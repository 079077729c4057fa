"""Ways to hide a word in a Word file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import docx
from docx.enum.dml import MSO_THEME_COLOR
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.shared import Pt, RGBColor

from tests.ingest.hiding import after, before, canary
from tests.ingest.samples import saved

WHITE = RGBColor(255, 255, 255)
Trick = Callable[[Any, Any, str], None]
"""Called with the file, a paragraph of it and the word."""


def build(tricks: Iterable[str]) -> bytes:
    """A Word file of some tricks."""
    file = docx.Document()
    for trick in tricks:
        paragraph = file.add_paragraph(before(trick) + " ")
        (TRICKS.get(trick) or SHOWS[trick])(file, paragraph, canary(trick))
        file.add_paragraph(after(trick))
    return saved(file)


def formatted(change: Callable[[Any], None]) -> Trick:
    """Hides by the format of a run."""

    def trick(file: Any, paragraph: Any, word: str) -> None:
        change(paragraph.add_run(word))

    return trick


def styled(kind: WD_STYLE_TYPE, change: Callable[[Any], None], *, derived: bool = False) -> Trick:
    """Hides by a style of a run or paragraph, or by one that it is based on."""

    def trick(file: Any, paragraph: Any, word: str) -> None:
        style = file.styles.add_style(f"Style of {word}", kind)
        change(style)
        if derived:
            parent, style = style, file.styles.add_style(f"Other style of {word}", kind)
            style.base_style = parent
        if kind is WD_STYLE_TYPE.CHARACTER:
            paragraph.add_run(word, style=style)
        else:
            file.add_paragraph(word, style=style)

    return trick


def inserted(xml: str) -> Trick:
    """Hides by XML, in which `WORD` stands for the word, in the paragraph."""

    def trick(file: Any, paragraph: Any, word: str) -> None:
        names = nsdecls("w", "wp", "a") + ' xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml"'
        shapes = ' xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
        text = xml.replace("WORD", word)
        (wrapped,) = [parse_xml(f"<w:p {names}{shapes}>{text}</w:p>")]
        for child in list(wrapped):
            paragraph._p.append(child)

    return trick


def run_of(properties: str) -> Trick:
    return inserted(f"<w:r><w:rPr>{properties}</w:rPr><w:t>WORD</w:t></w:r>")


def table_row(properties: str) -> Trick:
    """Hides in a row of a table."""

    def trick(file: Any, paragraph: Any, word: str) -> None:
        table = file.add_table(2, 2)
        table.cell(0, 0).text, table.cell(0, 1).text = "left", "right"
        table.cell(1, 0).text = word
        row = table.rows[1]._tr.get_or_add_trPr()
        row.append(parse_xml(properties.replace("/>", f" {nsdecls('w')}/>")))

    return trick


def dark_cell(colour: RGBColor) -> Trick:
    """In a cell with a dark ground, in letters of a colour."""

    def trick(file: Any, paragraph: Any, word: str) -> None:
        table = file.add_table(1, 2)
        cell = table.cell(0, 0)
        cell._tc.get_or_add_tcPr().append(parse_xml(f'<w:shd {nsdecls("w")} w:val="clear" w:fill="1F4E79"/>'))
        cell.paragraphs[0].add_run(word).font.color.rgb = colour
        table.cell(0, 1).text = "a neighbour"

    return trick


def styled_table(row: int) -> Trick:
    """In white, in a row of a table whose style paints the first one dark."""

    def trick(file: Any, paragraph: Any, word: str) -> None:
        table = file.add_table(3, 2, style="Medium Shading 1 Accent 1")
        for cell in (cell for row in table.rows for cell in row.cells):
            cell.text = "plain"
        table.cell(row, 1).text = ""
        table.cell(row, 1).paragraphs[0].add_run(word).font.color.rgb = WHITE

    return trick


def dark_page(file: Any, paragraph: Any, word: str) -> None:
    file.element.insert(0, parse_xml(f'<w:background {nsdecls("w")} w:color="202020"/>'))
    file.settings.element.append(parse_xml(f"<w:displayBackgroundShape {nsdecls('w')}/>"))
    paragraph.add_run(word).font.color.rgb = WHITE


def label(file: Any, paragraph: Any, word: str) -> None:
    numbering = file.part.numbering_part.element
    numbering.insert(
        0,
        parse_xml(
            f'<w:abstractNum {nsdecls("w")} w:abstractNumId="990"><w:lvl w:ilvl="0"><w:start w:val="1"/>'
            f'<w:numFmt w:val="decimal"/><w:lvlText w:val="{word} %1."/><w:rPr><w:vanish/></w:rPr></w:lvl>'
            "</w:abstractNum>"
        ),
    )
    numbering.append(parse_xml(f'<w:num {nsdecls("w")} w:numId="990"><w:abstractNumId w:val="990"/></w:num>'))
    item = file.add_paragraph("numbered")
    item._p.get_or_add_pPr().append(
        parse_xml(f'<w:numPr {nsdecls("w")}><w:ilvl w:val="0"/><w:numId w:val="990"/></w:numPr>')
    )


def exact_line(file: Any, paragraph: Any, word: str) -> None:
    file.add_paragraph(word).paragraph_format.line_spacing = Pt(0.7)


def outdented(file: Any, paragraph: Any, word: str) -> None:
    file.add_paragraph(word).paragraph_format.left_indent = Pt(-1000)


def set_font(**values: Any) -> Callable[[Any], None]:
    def change(holder: Any) -> None:
        for name, value in values.items():
            setattr(holder.font, name, value)

    return change


def paint(colour: RGBColor) -> Callable[[Any], None]:
    return lambda holder: setattr(holder.font.color, "rgb", colour)


def white_style(file: Any) -> Any:
    style = file.styles.add_style("White", WD_STYLE_TYPE.PARAGRAPH)
    style.font.color.rgb = WHITE
    return style


TEXT_BOX = (
    "<w:r><w:drawing><wp:inline><wp:extent cx='1' cy='1'/><wp:docPr id='1' name='Box' hidden='1'/><a:graphic>"
    "<a:graphicData uri='http://schemas.microsoft.com/office/word/2010/wordprocessingShape'><wps:wsp>"
    "<wps:txbx><w:txbxContent><w:p><w:r><w:t>WORD</w:t></w:r></w:p></w:txbxContent></wps:txbx></wps:wsp>"
    "</a:graphicData></a:graphic></wp:inline></w:drawing></w:r>"
)
TRICKS: dict[str, Trick] = {
    "white": formatted(paint(WHITE)),
    "nearly white": formatted(paint(RGBColor(0xFE, 0xFD, 0xF8))),
    "white by a run's style": styled(WD_STYLE_TYPE.CHARACTER, paint(WHITE)),
    "white by a paragraph's style": styled(WD_STYLE_TYPE.PARAGRAPH, paint(WHITE)),
    "white by the style below": styled(WD_STYLE_TYPE.PARAGRAPH, paint(WHITE), derived=True),
    "the theme's paper": formatted(
        lambda run: setattr(run.font.color, "theme_color", MSO_THEME_COLOR.BACKGROUND_1)
    ),
    "the colour of its cell": dark_cell(RGBColor(0x1F, 0x4E, 0x79)),
    "white below a dark row": styled_table(2),
    "half a point": formatted(set_font(size=Pt(0.5))),
    "a point by style": styled(WD_STYLE_TYPE.PARAGRAPH, set_font(size=Pt(1))),
    "vanished": formatted(set_font(hidden=True)),
    "vanished by a run's style": styled(WD_STYLE_TYPE.CHARACTER, set_font(hidden=True)),
    "vanished by a paragraph's style": styled(WD_STYLE_TYPE.PARAGRAPH, set_font(hidden=True), derived=True),
    "deleted": inserted('<w:del w:id="1" w:author="A"><w:r><w:delText>WORD</w:delText></w:r></w:del>'),
    "moved away": inserted('<w:moveFrom w:id="2" w:author="A"><w:r><w:t>WORD</w:t></w:r></w:moveFrom>'),
    "a comment": inserted("<!-- WORD -->"),
    "a field's code": inserted("<w:r><w:instrText>WORD</w:instrText></w:r>"),
    "squeezed": run_of('<w:w w:val="1"/>'),
    "off its line": run_of('<w:position w:val="3000"/>'),
    "no fill": run_of("<w14:textFill><w14:noFill/></w14:textFill>"),
    "seen through": run_of(
        '<w14:textFill><w14:solidFill><w14:srgbClr w14:val="000000"><w14:alpha w14:val="100000"/>'
        "</w14:srgbClr></w14:solidFill></w14:textFill>"
    ),
    "black on black": run_of('<w:color w:val="000000"/><w:highlight w:val="black"/>'),
    "a hidden text box": inserted(TEXT_BOX),
    "a hidden row": table_row("<w:hidden/>"),
    "a row without height": table_row('<w:trHeight w:val="1" w:hRule="exact"/>'),
    "a line without height": exact_line,
    "off the page": outdented,
    "a list's label": label,
}
SHOWS: dict[str, Trick] = {
    "white on a dark cell": dark_cell(WHITE),
    "white in a dark row": styled_table(0),
    "white on a dark page": dark_page,
    "white on a marker": run_of('<w:color w:val="FFFFFF"/><w:highlight w:val="darkBlue"/>'),
    "white by style, black again": lambda file, paragraph, word: paint(RGBColor(0, 0, 0))(
        file.add_paragraph(style=white_style(file)).add_run(word)
    ),
    "inserted": inserted('<w:ins w:id="1" w:author="A"><w:r><w:t>WORD</w:t></w:r></w:ins>'),
    "moved here": inserted('<w:moveTo w:id="1" w:author="A"><w:r><w:t>WORD</w:t></w:r></w:moveTo>'),
    "hidden on the web alone": run_of("<w:webHidden/>"),
    "not vanished": run_of('<w:vanish w:val="0"/>'),
    "grey": formatted(paint(RGBColor(0xA0, 0xA0, 0xA0))),
    "small print": formatted(set_font(size=Pt(4))),
    "a footnote's size": run_of('<w:vertAlign w:val="superscript"/>'),
}
