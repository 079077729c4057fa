"""Ways to hide a word in HTML, and the formats that carry it: pages, Markdown, mails and e-books."""

from __future__ import annotations

import email.message
from collections.abc import Iterable

import lxml.etree
import lxml.html

from tests.ingest.hiding import after, before, canary
from tests.ingest.samples import archive


def styled(style: str) -> str:
    return f'<p style="{style}">WORD</p>'


def by_sheet(rule: str, page: str = "<p class='CLASS'>WORD</p>") -> str:
    """By a style sheet of the page, whose rules are for `CLASS`."""
    return f"<style>{rule}</style>{page}"


TABLE = "<table><tr><td>a</td><td>b</td></tr><tr>{}</tr></table>"
TRICKS: dict[str, str] = {
    "white": styled("color: #fff"),
    "white by name": styled("color:WHITE"),
    "nearly white": styled("color: rgb(250, 251, 252)"),
    "white by hue": styled("color: hsl(120, 50%, 100%)"),
    "white by lightness": styled("color: oklch(0.99 0 0)"),
    "white by an old tag": '<font color="white">WORD</font>',
    "white by an escape": styled(r"c\6f lor: white"),
    "transparent": styled("color: transparent"),
    "nearly transparent": styled("color: rgba(0, 0, 0, .02)"),
    "the colour of its box": styled("background: #123456; color: #133557"),
    "the colour of the box around": '<div style="background:navy"><p style="color:#000082">WORD</p></div>',
    "white by a class": by_sheet(".CLASS { color: white }"),
    "white by a variable": by_sheet(":root { --ink: #ffffff } .CLASS { color: var(--ink) }"),
    "white on large screens": by_sheet("@media (min-width: 600px) { .CLASS { color: white } }"),
    "white by a nested rule": by_sheet(
        "div { & .CLASS { color: white } }", "<div><p class='CLASS'>WORD</p></div>"
    ),
    "no size": styled("font-size: 0"),
    "one pixel": styled("font: 1px/1 Arial"),
    "a share of nothing": '<div style="font-size:2px"><p style="font-size:90%">WORD</p></div>',
    "tiny by a class": by_sheet("p.CLASS { font-size: .5pt }"),
    "not displayed": styled("display: none"),
    "not displayed by a class": by_sheet(".CLASS { display: none !important }"),
    "not displayed by a place": by_sheet(
        "section p:nth-child(2) { display: none }", "<section><p>.</p><p>WORD</p></section>"
    ),
    "not visible": styled("visibility: hidden"),
    "opaque to nobody": styled("opacity: 0"),
    "faint in faint": '<div style="opacity:.2"><p style="opacity:.1">WORD</p></div>',
    "filtered": styled("filter: opacity(0%)"),
    "the hidden attribute": "<p hidden>WORD</p>",
    "hidden from readers": '<p aria-hidden="true">WORD</p>',
    "for screen readers": '<span class="sr-only">WORD</span>',
    "off the screen": styled("position: absolute; left: -9999px"),
    "above the screen": styled("position: fixed; top: -300vh"),
    "indented away": styled("text-indent: -999em"),
    "indented to the right": styled("text-indent: 100%; white-space: nowrap; overflow: hidden"),
    "one pixel, bold": styled("font: 700 1px Arial"),
    "turned sideways": styled("transform: rotateY(90deg)"),
    "moved away": styled("transform: translateX(-5000px)"),
    "scaled away": styled("transform: scale(0)"),
    "clipped": styled("position: absolute; clip: rect(0, 0, 0, 0)"),
    "clipped by a path": styled("clip-path: inset(50%)"),
    "a box of no height": styled("max-height: 0; overflow: hidden"),
    "a box of a pixel": styled("width: 1px; height: 1px; overflow: hidden"),
    "hidden from Outlook": styled("mso-hide: all"),
    "a comment": "<!-- WORD -->",
    "a template": "<template><p>WORD</p></template>",
    "without scripts": "<noscript>WORD</noscript>",
    "a script": "<script>WORD</script>",
    "a closed dialog": "<dialog>WORD</dialog>",
    "a picture of a pixel": '<p>.</p><img src="x.png" width="1" height="1" alt="WORD">',
    "a hidden row": "<table><tr><td>a</td><td>b</td></tr><tr hidden><td>WORD</td><td>c</td></tr></table>",
    "a hidden cell": TABLE.format("<td style='display:none'>WORD</td><td>c</td><td>d</td>"),
    "a white cell": TABLE.format("<td style='color:#fff'>WORD</td><td>c</td>"),
    "hidden in code": "<pre>code <span style='display:none'>WORD</span></pre>",
    "hidden in a heading": "<h3>Heading <span style='font-size:0'>WORD</span></h3><p>.</p>",
    "opened by nothing that is seen": "<button hidden aria-controls='c'>x</button>"
    "<div id='c' hidden>WORD</div>",
}  # fmt: skip
SHOWS: dict[str, str] = {
    "white on a dark box": styled("background: #222; color: #fff"),
    "white on a dark row": "<table><tr bgcolor='#1f4e79'><th><font color='white'>WORD</font></th><th>b</th>"
    "</tr></table>",
    "white on a gradient": "<div style='background: linear-gradient(90deg, #123, #456)'>"
    "<b style='color:#fff'>WORD</b></div>",
    "dark by a variable": by_sheet(".CLASS { --g: #111; background: var(--g); color: #eee }"),
    "shown again": "<div style='visibility:hidden'><p style='visibility:visible'>WORD</p></div>",
    "large again": "<div style='font-size:0'><p style='font-size:16px'>WORD</p></div>",
    "hidden in print": by_sheet("@media print { .CLASS { display: none } }"),
    "hidden on small screens": by_sheet("@media (max-width: 600px) { .CLASS { display: none } }"),
    "white at night": by_sheet("@media (prefers-color-scheme: dark) { .CLASS { color: white } }"),
    "hidden below a pointer": by_sheet(".CLASS:hover { display: none }"),
    "overruled": by_sheet(".CLASS { display: none } p.CLASS { display: block }"),
    "a gradient for letters": styled(
        "background: linear-gradient(red, blue); background-clip: text; color: transparent"
    ),
    "a shadow for letters": styled("color: transparent; text-shadow: 0 0 1px #000"),
    "grey": styled("color: #999"),
    "small print": styled("font-size: 6px"),
    "a little to the left": styled("position: relative; left: -20px"),
    "bold": styled("font: italic 700 16px/1.2 Arial"),
    "two columns": styled("float: left; margin-left: -100%"),
    "folded": "<details><summary>more</summary><p>WORD</p></details>",
    "an accordion": "<button aria-controls='a'>open</button><div id='a' hidden>WORD</div>",
    "a tab": "<div role='tab'>tab</div><div role='tabpanel' hidden>WORD</div>",
}  # fmt: skip


def way(trick: str) -> str:
    """The HTML of a way."""
    word = canary(trick)
    return (TRICKS.get(trick) or SHOWS[trick]).replace("WORD", word).replace("CLASS", f"c-{word}")


def build(tricks: Iterable[str]) -> bytes:
    """A page of some tricks."""
    body = "\n".join(f"<p>{before(one)}</p>\n{way(one)}\n<p>{after(one)}</p>" for one in tricks)
    return f"<!DOCTYPE html><html><head><title>Page</title></head><body>{body}</body></html>".encode()


def build_markdown(tricks: Iterable[str]) -> bytes:
    """The same within Markdown."""
    return "\n\n".join(f"{before(one)}\n\n{way(one)}\n\n{after(one)}" for one in tricks).encode()


def build_mail(tricks: Iterable[str]) -> bytes:
    """A mail that is such a page."""
    mail = email.message.EmailMessage()
    mail["From"], mail["Subject"] = "Ana <ana@acme.example>", "News"
    mail.set_content(build(tricks).decode(), subtype="html", cte="base64")
    return bytes(mail)


def build_book(tricks: Iterable[str]) -> bytes:
    """An e-book of one such page; what its style sheets say is in a file of its own."""
    return book(build(tricks).decode())


def book(text: str) -> bytes:
    """An e-book of one page of HTML, whose style sheets become a file."""
    page = lxml.html.document_fromstring(text)
    styles = list(page.iter("style"))
    sheet = "\n".join(style.text or "" for style in styles)
    for style in styles:
        style.drop_tree()
    page.head.append(page.makeelement("link", rel="stylesheet", href="../look/style.css"))
    page.set("xmlns", "http://www.w3.org/1999/xhtml")
    container = "urn:oasis:names:tc:opendocument:xmlns:container"
    return archive(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": f"<container version='1.0' xmlns='{container}'><rootfiles><rootfile "
            "full-path='book/all.opf' media-type='application/oebps-package+xml'/></rootfiles></container>",
            "book/all.opf": "<package xmlns='http://www.idpf.org/2007/opf' version='3.0' "
            "unique-identifier='i'><metadata xmlns:dc='http://purl.org/dc/elements/1.1/'>"
            "<dc:identifier id='i'>b</dc:identifier><dc:title>Book</dc:title><dc:language>en</dc:language>"
            "</metadata><manifest>"
            "<item id='p' href='text/page.xhtml' media-type='application/xhtml+xml'/>"
            "<item id='s' href='look/style.css' media-type='text/css'/></manifest>"
            "<spine><itemref idref='p'/></spine></package>",
            "book/text/page.xhtml": lxml.etree.tostring(page, encoding="unicode"),
            "book/look/style.css": sheet,
        }
    )
