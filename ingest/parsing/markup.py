"""HTML (also what Markdown, odt, rtf, epub and mail become): the tree read as sections.

unstructured's `partition_html` was measured and left. It loses the ids of headings, the numbers of steps,
folded `<details>`, what stands outside `<main>` and all text nested deeper than 256; it parts terms from
their definitions and shifts cells below a merged one; it reads hidden text aloud; and it takes seven times
as long (7 ms a page).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from lxml import html

from ingest.documents import Content, Document, Kind, Section
from ingest.parsing.dates import read_date
from ingest.parsing.tables import read_table
from ingest.parsing.text import clean, decode, flat
from ingest.parsing.unseen.markup import remove_unseen

_DROPPED = {
    "script", "style", "noscript", "template", "head", "iframe", "object", "embed", "svg", "math", "canvas",
    "audio", "video", "select", "input", "textarea", "datalist", "nav", "map",
}  # fmt: skip
_DROPPED_CLASSES = {"headerlink", "mw-editsection", "footnote-back", "sr-only-focusable"}
_INLINE = {
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "button", "cite", "code", "data", "del", "dfn", "em",
    "font", "i", "ins", "kbd", "label", "mark", "nobr", "q", "rb", "rp", "rt", "ruby", "s", "samp", "small",
    "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
}  # fmt: skip
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_CHARSET = re.compile(rb"""<(?:meta|\?xml)[^>]*(?:charset|encoding)\s*=\s*["']?([\w.:-]+)""", re.IGNORECASE)
# Names and properties of `<meta>`, best first: HTML's own, Dublin Core's, Open Graph's.
_AUTHOR = ("author", "dc.creator", "dcterms.creator", "article:author")
_DATE = (
    "article:modified_time", "og:updated_time", "dcterms.modified", "last-modified", "date", "dcterms.date",
    "dc.date", "article:published_time",
)  # fmt: skip
_BREAK = "\x1e"
"""Stands for `<br>`; line ends of the source itself are only spaces."""
_BULLETS = "-*+"
"""By depth: an item's text starts with its bullet, so the bullet itself tells how deep it hangs."""


def read_html(content: Content, languages: Sequence[str]) -> Document:  # noqa: ARG001 (a reader's signature)
    """An HTML page. Its title is the first `h1`, else `<title>`."""
    tree = _parse(decode(content.data, _declared_encoding(content.data)))
    remove_unseen(tree)
    return read_tree(tree)


def read_markup(text: str) -> Document:
    """The sections of HTML without a head, as mails and other readers have it."""
    tree = parse_markup(text)
    remove_unseen(tree)
    return read_tree(tree)


def parse_markup(text: str) -> html.HtmlElement:
    """The tree of a page without a head."""
    return _parse(f"<html><body>{text}</body></html>")


def _parse(text: str) -> html.HtmlElement:
    # Encoded again because lxml would believe a `<meta charset>` even of text that is decoded already.
    # Without `huge_tree` it drops in silence what is nested deeper than 256.
    parser = html.HTMLParser(
        encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=True
    )
    return html.document_fromstring(text.encode("utf-8", errors="replace"), parser=parser)


def _declared_encoding(data: bytes) -> str | None:
    found = _CHARSET.search(data[:2048])
    return found[1].decode("ascii") if found else None


def read_tree(tree: html.HtmlElement, slug: Callable[[str], str] | None = None) -> Document:
    """The sections of a page of which all is seen.

    `slug` makes the anchors of headings that have no id of their own.
    """
    reader = _Reader(slug)
    body = tree.find("body")
    reader.read(tree if body is None else body)
    told = _metadata(tree)
    return Document(
        tuple(reader.sections),
        title=reader.title or flat(tree.xpath("string(//head/title)")) or None,
        author=next(filter(None, (told.get(name) for name in _AUTHOR)), None),
        updated_at=next(filter(None, (read_date(told.get(name)) for name in _DATE)), None),
    )


def _metadata(tree: html.HtmlElement) -> dict[str, str]:
    """What `<meta>` elements say, by name or property; of several with one name the first."""
    told: dict[str, str] = {}
    for meta in tree.iter("meta"):
        name = meta.get("name") or meta.get("property") or meta.get("http-equiv") or ""
        if text := flat(meta.get("content") or ""):
            told.setdefault(name.lower(), text)
    return told


class _Reader:
    """One walk over one tree."""

    def __init__(self, slug: Callable[[str], str] | None) -> None:
        self.sections: list[Section] = []
        self.title: str | None = None
        self._slug = slug
        self._slugs: dict[str, int] = {}
        self._headings: list[tuple[int, str, str | None]] = []
        self._inline: list[str] = []
        self._alts: list[str] = []
        self._lead: tuple[str, Kind] | None = None  # bullet or term that opens the next block
        self._numbers: list[int | None] = []  # of the open lists: the last number, None for bullets
        self._loose_anchor: str | None = None  # `<a name>` before its heading, as older wikis write it

    def read(self, element: html.HtmlElement) -> None:
        self._walk(element)
        self._flush()

    def _walk(self, element: html.HtmlElement) -> None:
        self._inline.append(element.text or "")
        for child in element:
            self._visit(child)
            self._inline.append(child.tail or "")

    def _visit(self, element: html.HtmlElement) -> None:
        tag = element.tag
        if not isinstance(tag, str) or _is_furniture(element):
            return
        if tag in _INLINE:
            self._visit_inline(element, tag)
        elif tag == "br":
            self._inline.append(_BREAK)
        elif tag == "img":
            self._alts.append(element.get("alt") or "")
        else:
            self._flush()
            self._visit_block(element, tag)
            self._flush()

    def _visit_inline(self, element: html.HtmlElement, tag: str) -> None:
        if len(element) == 1 and {tag, element[0].tag} == {"a", "sup"}:
            return  # the mark of a footnote
        if tag in {"a", "span"} and not (element.text_content() or "").strip():
            self._loose_anchor = element.get("id") or element.get("name") or self._loose_anchor
        self._walk(element)

    def _visit_block(self, element: html.HtmlElement, tag: str) -> None:
        if tag in _HEADINGS:
            self._open_heading(element, _HEADINGS[tag])
        elif tag in {"ul", "ol", "menu"}:
            self._read_list(element, ordered=tag == "ol")
        elif tag == "li":
            self._read_item(element)
        elif tag == "pre":
            self._emit(clean(_verbatim(element)).strip("\n"), Kind.CODE)
        elif tag == "table":
            self._read_table(element)
        elif tag == "dt":
            term = ", ".join(filter(None, (self._pending_term(), flat(self._text(element)))))
            self._lead = (f"{term}: ", Kind.TEXT) if term else None
        elif tag == "dl":
            self._walk(element)
            self._flush()
            self._emit_pending_term()
        else:
            self._walk(element)

    def _open_heading(self, element: html.HtmlElement, level: int) -> None:
        text = flat(self._text(element)).strip("¶ ")
        if not text:
            return
        self._lead = None
        self._headings = [heading for heading in self._headings if heading[0] < level]
        self._headings.append((level, text, self._anchor_of(element, text)))
        self._loose_anchor = None
        if self.title is None and level == 1:
            self.title = text

    def _anchor_of(self, element: html.HtmlElement, text: str) -> str | None:
        found = (
            element.get("id") or next(iter(element.xpath(".//@id | .//a/@name")), None) or self._loose_anchor
        )
        parent = element.getparent()
        if (
            not found
            and parent is not None
            and parent[0] is element
            and parent.tag in {"section", "div", "article"}
        ):
            found = parent.get("id")
        if found or self._slug is None:
            return str(found) if found else None
        name = self._slug(text)
        count = self._slugs.get(name, 0)
        self._slugs[name] = count + 1
        return f"{name}-{count}" if count else name

    def _read_list(self, element: html.HtmlElement, *, ordered: bool) -> None:
        self._emit_pending_term()
        start = element.get("start") or ""
        self._numbers.append((int(start) if start.isdecimal() else 1) - 1 if ordered else None)
        self._walk(element)
        self._flush()
        self._numbers.pop()
        self._lead = None

    def _read_item(self, element: html.HtmlElement) -> None:
        if not self._numbers:
            self._numbers.append(None)
        number = self._numbers[-1]
        if number is None:
            mark = _BULLETS[min(len(self._numbers), len(_BULLETS)) - 1]
        else:
            self._numbers[-1] = number + 1
            outer = [str(above) for above in self._numbers[:-1] if above]
            mark = ".".join([*outer, str(number + 1)]) + "."
        self._lead = (f"{mark} ", Kind.ITEM)
        self._walk(element)
        self._flush()
        self._lead = None

    def _read_table(self, element: html.HtmlElement) -> None:
        table = read_table(element, self._text)
        if table is None:  # laid out by a table, not tabulated
            self._walk(element)
            return
        self._emit(flat(table.caption), Kind.TEXT)
        self._emit("\n".join(table.lines), Kind.TABLE)

    def _text(self, element: html.HtmlElement) -> str:
        """All visible text of an element in one string, blocks and breaks kept apart by spaces."""
        parts = [element.text or ""]
        for child in element:
            if isinstance(child.tag, str) and not _is_furniture(child):
                gap = "" if child.tag in _INLINE else " "
                parts += [gap, self._text(child), gap]
            parts.append(child.tail or "")
        text = "".join(parts)
        return text if text.strip() or element.tag != "img" else element.get("alt") or ""

    def _flush(self) -> None:
        text = "".join(self._inline)
        if not text.strip():
            text = " ".join(self._alts)
        self._inline, self._alts = [], []
        for line in _lines(text):
            self._emit(line, Kind.TEXT)

    def _emit(self, text: str, kind: Kind) -> None:
        if not text.strip():
            return
        if self._lead is not None and kind is Kind.TEXT:
            mark, kind = self._lead
            text, self._lead = mark + text, None
        anchors = [anchor for _, _, anchor in self._headings if anchor]
        heading = tuple(text for _, text, _ in self._headings)
        self.sections.append(Section(text, kind, heading, anchors[-1] if anchors else None))
        self._loose_anchor = None

    def _pending_term(self) -> str:
        return self._lead[0].removesuffix(": ") if self._lead and self._lead[1] is Kind.TEXT else ""

    def _emit_pending_term(self) -> None:
        if term := self._pending_term():
            self._lead = None
            self._emit(f"{term}:", Kind.TEXT)


def _is_furniture(element: html.HtmlElement) -> bool:
    """Whether an element is seen, and says nothing of its page's subject."""
    return (
        element.tag in _DROPPED
        or element.get("role") == "navigation"
        or bool(_DROPPED_CLASSES & set((element.get("class") or "").split()))
    )


def _verbatim(element: html.HtmlElement) -> str:
    for line_break in element.iter("br"):
        line_break.tail = "\n" + (line_break.tail or "")
    return str(element.text_content())


def _lines(text: str) -> list[str]:
    """The blocks of a stretch with `<br>`: a line that goes on in small letters belongs to the one before."""
    lines: list[str] = []
    broken = False
    for part in text.split(_BREAK):
        line = flat(part)
        if not line:
            continue
        if lines and broken and line[0].islower():
            lines[-1] += " " + line
        else:
            lines.append(line)
        broken = True
    return lines
