"""PDF files: pages to lines to paragraphs, by where the letters stand.

pdfium reads the letters. unstructured's `fast` strategy was measured and left: it parts tables into their
cells, joins headings and items with the paragraph below, writes bullets as `(cid:127)`, does not mend words
divided at line ends, takes nine times as long (40 ms a page) and 470 MB where this needs 60.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import pypdfium2

from config.errors import DocumentError
from ingest.documents import Content, Document, Kind
from ingest.parsing.ocr import read_picture
from ingest.parsing.outline import Outline
from ingest.parsing.plain import text_sections
from ingest.parsing.tables import join_rows
from ingest.parsing.text import BULLET, flat
from ingest.parsing.unseen.ink import Ink

_MARK = re.compile(r"[^\w\s]|\w{1,3}[.)]")
"""A bullet or number, which stands far from its text without being a cell."""
_MARGIN = 0.1
"""Share of a page's height."""
_PAGE_NUMBER = re.compile(
    r"\W*(?:page|pág(?:ina|\.)?|p\.)?\s*(\d{1,5})\s*(?:(?:/|of|de)\s*\d{1,5})?\W*", re.IGNORECASE
)
_LARGEST = 4000
"""Pixels. Scans are shown to tesseract at 200 dpi, pages as large as walls at less."""
_RECTANGLE = pypdfium2.raw.FS_RECTF()
"""What pdfium writes its answer into: pages have thousands of letters, and are read one by one."""
_SENTENCE_END = (".", "!", "?", ":", ";", "…", "。", "！", "？")
_OFFICE_TITLE = re.compile(
    r"^(microsoft (word|powerpoint|excel) - .*|untitled|sin título|document\d*|\(anonymous\))$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class _Line:
    """A printed line; lengths are points, measured from the page's lower left."""

    cells: tuple[str, ...]
    """The line, cut where gaps are too wide to be spaces."""
    left: float
    right: float
    top: float
    bottom: float
    marginal: bool = False
    """Whether it stands where running heads and page numbers stand."""

    @property
    def text(self) -> str:
        return " ".join(self.cells)

    @property
    def size(self) -> float:
        return max(self.top - self.bottom, 1.0)


def read_pdf(content: Content, languages: Sequence[str]) -> Document:
    """A PDF with its page numbers. Pages without letters are read by tesseract.

    Headings are lines in larger print; running heads and feet and page numbers are left out.
    """
    try:
        pdf = pypdfium2.PdfDocument(content.data)
    except pypdfium2.PdfiumError as error:
        raise DocumentError(_explain(error)) from error
    outline = Outline()
    try:
        ink = Ink(content.data)
        pages = [_lines(page, ink) for page in pdf]
        furniture = _repeated(pages)
        pages = [
            [line for line in page if not _is_furniture(line, number, furniture)]
            for number, page in enumerate(pages, start=1)
        ]
        levels = _heading_levels(pages)
        for number, lines in enumerate(pages, start=1):
            if lines:
                _read_page(lines, number, levels, outline)
            elif _has_picture(pdf[number - 1]):
                for section in text_sections(read_picture(_render(pdf[number - 1]), languages), languages):
                    outline.add(section.text, section.kind, number)
        properties = pdf.get_metadata_dict()
    finally:
        pdf.close()
    title = flat(properties.get("Title", ""))
    return Document(
        outline.close(),
        title=(title if title and not _OFFICE_TITLE.match(title) else None) or outline.title,
        author=flat(properties.get("Author", "")).removeprefix("(anonymous)") or None,
        updated_at=_time(properties.get("ModDate") or properties.get("CreationDate") or ""),
    )


def _lines(page: Any, ink: Ink) -> list[_Line]:
    """The lines of a page in the order of the file, which is nearly always the order of reading."""
    ink.hide_unseen(page)
    letters = page.get_textpage()
    text = letters.get_text_range()
    height = page.get_height()
    lines: list[_Line] = []
    start = 0
    for raw in text.split("\r\n"):
        stop = start + len(raw.rstrip())
        first = start + len(raw) - len(raw.lstrip())
        if first < stop:
            left, _, _, _ = _box(letters, first)
            _, bottom, right, top = _box(letters, stop - 1)
            cells = tuple(_cells(letters, text, first, stop, top - bottom))
            marginal = bottom > (1 - _MARGIN) * height or top < _MARGIN * height
            lines.append(_Line(cells, left, right, top, bottom, marginal))
        start += len(raw) + 2
    return [line for line in lines if line.text]


def _cells(letters: Any, text: str, start: int, stop: int, size: float) -> Iterator[str]:
    """The line from `start` to `stop`, cut at gaps wider than a space can be."""
    begun = start
    for index in range(start + 1, stop - 1):
        if text[index] != " " or _MARK.fullmatch(text[start:index]):
            continue
        begins, _, ends, _ = _box(letters, index)
        gap = _box(letters, index + 1)[0] - _box(letters, index - 1)[2]
        # A space without width is not in the file: pdfium put it where the letters stand apart.
        if gap > (1.2 if ends > begins else 0.8) * size:
            yield _words(text[begun:index])
            begun = index
    yield _words(text[begun:stop])


def _box(letters: Any, index: int) -> tuple[float, float, float, float]:
    """Left, bottom, right, top of a letter, as large as its font is; with less ado than pypdfium2 makes."""
    if not pypdfium2.raw.FPDFText_GetLooseCharBox(letters.raw, index, _RECTANGLE):
        raise pypdfium2.PdfiumError("a letter of the page has no place")
    return _RECTANGLE.left, _RECTANGLE.bottom, _RECTANGLE.right, _RECTANGLE.top


def _words(text: str) -> str:
    """Words divided at line ends joined again: the hyphen goes where small letters follow."""
    joined = re.sub("\ufffe\\s*(?=(\\w))", lambda found: "" if found[1].islower() else "-", text)
    return flat(joined.replace("\ufffe", "-"))


def _read_page(lines: Sequence[_Line], page: int, levels: dict[int, int], outline: Outline) -> None:
    block: list[_Line] = []
    for line in lines:
        if block and not _continues(block, line, levels):
            _add(block, page, levels, outline)
            block = []
        block.append(line)
    _add(block, page, levels, outline)


def _continues(block: Sequence[_Line], line: _Line, levels: dict[int, int]) -> bool:
    """Whether a line belongs to the paragraph, heading or table of the lines before it."""
    above = block[-1]
    if round(above.size) != round(line.size) and (round(above.size) in levels or round(line.size) in levels):
        return False
    if len(above.cells) > 1 or len(line.cells) > 1:
        return len(above.cells) > 1 and len(line.cells) > 1
    gap = above.bottom - line.top
    if gap > 0.6 * line.size or gap < -1.5 * line.size or BULLET.match(line.text):
        return False
    widest = max(part.right for part in block) - block[0].left
    ended_early = above.right - block[0].left < 0.8 * widest or (
        len(block) == 1 and line.right > above.right * 1.15
    )
    return not (above.text.endswith(_SENTENCE_END) and ended_early)


def _add(block: Sequence[_Line], page: int, levels: dict[int, int], outline: Outline) -> None:
    text = _words("".join(line.text if line.text.endswith("\ufffe") else line.text + " " for line in block))
    level = levels.get(round(block[0].size))
    if level is not None and len(text) <= 150:
        outline.open(level, text, page)
    elif len(block) > 1 and len(block[0].cells) > 1:
        outline.add("\n".join(join_rows([line.cells for line in block])), Kind.TABLE, page)
    else:
        outline.add(text, Kind.ITEM if BULLET.match(text) else Kind.TEXT, page)


def _render(page: Any) -> Any:
    scale = min(200 / 72, _LARGEST / max(*page.get_size(), 1.0))
    return page.render(scale=scale).to_pil()


def _heading_levels(pages: Sequence[Sequence[_Line]]) -> dict[int, int]:
    """Print sizes (rounded points) that are headings, and their levels: clearly larger than most text."""
    letters: Counter[int] = Counter()
    for page in pages:
        for line in page:
            letters[round(line.size)] += len(line.text)
    if not letters:
        return {}
    body = letters.most_common(1)[0][0]
    large = sorted((size for size in letters if size >= 1.15 * body + 0.5), reverse=True)
    return {size: level for level, size in enumerate(large, start=1)}


def _is_furniture(line: _Line, page: int, repeated: set[tuple[str, int]]) -> bool:
    found = _PAGE_NUMBER.fullmatch(line.text)
    return line.marginal and (_shape(line) in repeated or (found is not None and int(found[1]) == page))


def _repeated(pages: Sequence[Sequence[_Line]]) -> set[tuple[str, int]]:
    """Shapes of marginal lines that stand at the same height of several pages: left and right may differ."""
    counts = Counter(shape for page in pages for shape in {_shape(line) for line in page if line.marginal})
    return {shape for shape, count in counts.items() if count > max(1, 0.4 * len(pages))}


def _shape(line: _Line) -> tuple[str, int]:
    return re.sub(r"\d+", "0", line.text), round(line.bottom / 4)


def _has_picture(page: Any) -> bool:
    """Whether a page without letters shows something: an image, or letters drawn as outlines."""
    kinds = (pypdfium2.raw.FPDF_PAGEOBJ_IMAGE, pypdfium2.raw.FPDF_PAGEOBJ_PATH)
    shapes = [item.type for item in islice(page.get_objects(filter=kinds, max_depth=3), 50)]
    return kinds[0] in shapes or len(shapes) == 50


def _explain(error: Exception) -> str:
    if "password" in str(error).lower():
        return "the PDF is protected by a password"
    return f"not a readable PDF: it is damaged ({error})"


def _time(text: str) -> datetime | None:
    """A PDF's own notation, as D:20261123154329+01'00'."""
    found = re.match(r"D:(\d{14})(?:(Z)|([+-]\d{2})'?(\d{2}))?", text)
    if not found:
        return None
    zone = f"{found[3]}{found[4]}" if found[3] else "+0000"
    try:
        return datetime.strptime(found[1] + zone, "%Y%m%d%H%M%S%z").astimezone(UTC)
    except ValueError:
        return None
