"""Ways to hide a word in an OpenDocument text."""

from __future__ import annotations

from collections.abc import Iterable

from tests.ingest.hiding import after, before, canary
from tests.ingest.samples import archive

_NAMES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in (
        ("office", "office"), ("style", "style"), ("text", "text"), ("table", "table"), ("draw", "drawing"),
        ("fo", "xsl-fo-compatible"), ("svg", "svg-compatible"),
    )
)  # fmt: skip
_LO = 'xmlns:loext="urn:org:documentfoundation:names:experimental:office:xmlns:loext:1.0"'


def style(name: str, family: str, properties: str, parent: str = "") -> str:
    below = f' style:parent-style-name="{parent}"' if parent else ""
    return f'<style:style style:name="{name}" style:family="{family}"{below}>{properties}</style:style>'


def letters(told: str) -> str:
    return f"<style:text-properties {told}/>"


STYLES = "".join(
    (
        style("White", "text", letters('fo:color="#ffffff"')),
        style("Nearly", "text", letters('fo:color="#fbfbfb"')),
        style("Tiny", "text", letters('fo:font-size="0.5pt"')),
        style("Small", "text", letters('fo:font-size="5%"')),
        style("Hidden", "text", letters('text:display="none"')),
        style("Clear", "text", letters('fo:color="#000000" loext:opacity="0%"')),
        style("Thin", "text", letters('style:text-scale="1%"')),
        style("Raised", "text", letters('style:text-position="super 1%"')),
        style("Marked", "text", letters('fo:color="#202020" fo:background-color="#202020"')),
        style("WhiteBelow", "text", "", "White"),
        style("WhiteParagraph", "paragraph", letters('fo:color="#ffffff"')),
        style("Flat", "paragraph", '<style:paragraph-properties fo:line-height="0.01in"/>'),
        style("Away", "paragraph", '<style:paragraph-properties fo:margin-left="-20in"/>'),
        style("Dark", "table-cell", '<style:table-cell-properties fo:background-color="#1f4e79"/>'),
        style("DarkText", "text", letters('fo:color="#1f4e79"')),
        style("DarkParagraph", "paragraph", '<style:paragraph-properties fo:background-color="#1f4e79"/>'),
    )
)


def span(name: str) -> str:
    return f'<text:p>SEEN <text:span text:style-name="{name}">WORD</text:span></text:p>'


SEEN = "<text:p>SEEN</text:p>"
ROWS = "<table:table><table:table-column table:number-columns-repeated='2'/>{}</table:table>"
ROW = (
    "<table:table-row{told}><table:table-cell{look}><text:p>{text}</text:p></table:table-cell>"
    "<table:table-cell><text:p>plain</text:p></table:table-cell></table:table-row>"
)


def cell(name: str) -> str:
    text = f"<text:span text:style-name='{name}'>WORD</text:span>"
    return SEEN + ROWS.format(ROW.format(told="", look=" table:style-name='Dark'", text=text))


def in_paragraph(xml: str) -> str:
    return f"<text:p>SEEN {xml}</text:p>"


TRICKS: dict[str, str] = {
    "white": span("White"),
    "nearly white": span("Nearly"),
    "white by the style below": span("WhiteBelow"),
    "white by its paragraph": SEEN + '<text:p text:style-name="WhiteParagraph">WORD</text:p>',
    "the colour of its marker": span("Marked"),
    "the colour of its cell": cell("DarkText"),
    "the colour of its paragraph": SEEN + '<text:p text:style-name="DarkParagraph">'
    '<text:span text:style-name="DarkText">WORD</text:span></text:p>',
    "half a point": span("Tiny"),
    "a share of a point": span("Small"),
    "raised to nothing": span("Raised"),
    "squeezed": span("Thin"),
    "hidden letters": span("Hidden"),
    "seen through": span("Clear"),
    "a line without height": SEEN + '<text:p text:style-name="Flat">WORD</text:p>',
    "off the page": SEEN + '<text:p text:style-name="Away">WORD</text:p>',
    "a hidden section": SEEN + "<text:section text:name='s' text:display='none'><text:p>WORD</text:p>"
    "</text:section>",
    "a hidden paragraph": SEEN + "<text:p><text:hidden-paragraph text:is-hidden='true'/>WORD</text:p>",
    "hidden text": in_paragraph("<text:hidden-text text:is-hidden='true'>WORD</text:hidden-text>"),
    "a hidden field": in_paragraph(
        "<text:user-field-get text:name='f' text:display='none'>WORD</text:user-field-get>"
    ),
    "a deleted change": in_paragraph("<text:change text:change-id='c'/>"),
    "a comment": in_paragraph("<office:annotation><text:p>WORD</text:p></office:annotation>"),
    "a hidden row": SEEN + ROWS.format(
        ROW.format(told="", look="", text="a")
        + ROW.format(told=" table:visibility='collapse'", look="", text="WORD")
    ),
}  # fmt: skip
SHOWS: dict[str, str] = {
    "white on a dark cell": cell("White"),
    "white on a dark paragraph": SEEN + '<text:p text:style-name="DarkParagraph">'
    '<text:span text:style-name="White">WORD</text:span></text:p>',
    "blue": span("DarkText"),
}


def build(tricks: Iterable[str]) -> bytes:
    """A file of some tricks."""
    body, changes = [], []
    for trick in tricks:
        word = canary(trick)
        way = (TRICKS.get(trick) or SHOWS[trick]).replace("SEEN", before(trick)).replace("WORD", word)
        body.append(way + f"<text:p>{after(trick)}</text:p>")
        if trick == "a deleted change":
            changes.append(word)
    deleted = "".join(
        "<text:tracked-changes><text:changed-region text:id='c'><text:deletion><office:change-info/>"
        f"<text:p>{word}</text:p></text:deletion></text:changed-region></text:tracked-changes>"
        for word in changes
    )
    content = (
        f"<office:document-content {_NAMES} {_LO} office:version='1.3'><office:automatic-styles>{STYLES}"
        f"</office:automatic-styles><office:body><office:text>{deleted}{''.join(body)}</office:text>"
        "</office:body></office:document-content>"
    )
    manifest = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
    return archive(
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "content.xml": content,
            "styles.xml": f"<office:document-styles {_NAMES}><office:styles/></office:document-styles>",
            "META-INF/manifest.xml": f"<m:manifest xmlns:m='{manifest}'/>",
        }
    )
