"""Word, PowerPoint and Excel files.

Word and PowerPoint go through unstructured. Its `partition_xlsx` was measured and left: cells that say NA or
None come back empty, line breaks as the letters \\n, dates with a midnight; hidden sheets are read aloud;
and it takes three times as long, holding a sheet several times over where openpyxl reads row by row.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from itertools import groupby
from typing import Any

from ingest.documents import Content, Document, Kind, Section
from ingest.parsing.elements import prepare, to_outline
from ingest.parsing.outline import Outline
from ingest.parsing.properties import read_properties
from ingest.parsing.tables import join_rows
from ingest.parsing.text import flat
from ingest.parsing.unseen import slides
from ingest.parsing.unseen.sheets import Book
from ingest.parsing.unseen.word import Word


def read_docx(content: Content, languages: Sequence[str]) -> Document:
    """Word, its notes at the end. It has no page numbers: pages exist only once it is laid out."""
    prepare()
    import docx
    from unstructured.partition.docx import partition_docx

    file = docx.Document(io.BytesIO(content.data))
    word = Word(file)
    data = _saved(file) if _clear_word(file, word) else content.data
    levels = (
        (part.text, _heading_level(part.style.name if part.style else None)) for part in file.paragraphs
    )
    headings = {flat(text): level for text, level in levels if level}
    elements = partition_docx(
        file=io.BytesIO(data),
        languages=list(languages),
        include_page_breaks=False,
        infer_table_structure=True,
    )
    outline = Outline()
    to_outline(elements, outline, headings)
    for note in _notes(file, word):
        outline.add(note)
    return _document(outline.close(), content, outline.title)


def _clear_word(file: Any, word: Word) -> bool:
    """Take out what Word does not show. Returns whether there was anything."""
    parts = [file.element]
    parts += [
        one.target_part.element for one in file.part.rels.values() if one.reltype.endswith("/numbering")
    ]
    cleared = [word.clear(part) for part in parts]
    return any(cleared)


def _saved(file: Any) -> bytes:
    buffer = io.BytesIO()
    file.save(buffer)
    return buffer.getvalue()


def _notes(file: Any, word: Word) -> Iterator[str]:
    """The foot- and endnotes of a Word file, which unstructured leaves out."""
    from docx.oxml import parse_xml
    from docx.oxml.ns import qn

    for relation in file.part.rels.values():
        if relation.reltype.endswith(("/footnotes", "/endnotes")):
            notes = parse_xml(relation.target_part.blob)
            word.clear(notes)
            for note in notes:
                if note.get(qn("w:type")) in {
                    None,
                    "normal",
                }:  # others are the lines that part notes from text
                    yield flat("".join(text.text or "" for text in note.iter(qn("w:t"))))


def read_pptx(content: Content, languages: Sequence[str]) -> Document:
    """PowerPoint: a slide's title is its heading, its number the page; speaker's notes end it as text."""
    prepare()
    import pptx
    from unstructured.partition.pptx import partition_pptx

    file = pptx.Presentation(io.BytesIO(content.data))
    data = _saved(file) if slides.remove_unseen(file) else content.data
    elements = partition_pptx(file=io.BytesIO(data), languages=list(languages), include_page_breaks=False)
    bodies = {
        page: list(slide) for page, slide in groupby(elements, key=lambda item: item.metadata.page_number)
    }
    outline = Outline()
    for number, slide in enumerate(file.slides, start=1):
        title = flat(slide.shapes.title.text_frame.text) if slide.shapes.title else ""
        if title:
            outline.open(1, title, number)
        body = [item for item in bodies.get(number, []) if flat(item.text) != title]
        to_outline(body, outline, page=number)
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame:
            for paragraph in slide.notes_slide.notes_text_frame.paragraphs:
                outline.add(flat(paragraph.text), page=number)
    return _document(outline.close(), content, outline.title)


def read_xlsx(content: Content, languages: Sequence[str]) -> Document:  # noqa: ARG001 (a reader's signature)
    """Excel: a sheet's name is its heading, its number the page; empty rows part one table from the next.

    Cells hold what Excel last computed. Hidden sheets, rows and columns are left out.
    """
    import openpyxl  # type: ignore[import-untyped]

    book = openpyxl.load_workbook(io.BytesIO(content.data), read_only=True, data_only=True)
    hidden = Book(content.data)
    sections: list[Section] = []
    for number, sheet in enumerate(book.worksheets, start=1):
        if sheet.sheet_state != "visible":
            continue
        heading = (flat(sheet.title),)
        for rows in _tables(hidden.unseen(sheet.title).shown(sheet.iter_rows(values_only=True))):
            lines = join_rows(rows)
            kind = Kind.TABLE if len(lines) > 1 else Kind.TEXT
            sections.append(Section("\n".join(lines), kind, heading, page=number))
    return _document(sections, content, None)


def _tables(rows: Iterable[Sequence[object]]) -> Iterator[list[list[str]]]:
    """Stretches of rows that are not empty, without the columns that are empty on their left."""
    for filled, stretch in groupby(rows, key=lambda row: any(cell not in (None, "") for cell in row)):
        if filled:
            table = [[_cell(value) for value in row] for row in stretch]
            first = min(next(column for column, cell in enumerate(row) if cell) for row in table)
            yield [row[first:] for row in table]


def _cell(value: object) -> str:
    """A value as people write it: whole numbers without a fraction, dates without midnight."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:.10g}"
    if isinstance(value, datetime):
        return str(value.date()) if value.time() == time() else value.isoformat(sep=" ", timespec="minutes")
    return value.isoformat() if isinstance(value, date) else flat(str(value))


def _heading_level(style: str | None) -> int | None:
    """1 for the style of the document's title, 2 and deeper for headings, whatever language Word speaks."""
    name = (style or "").lower()
    if name == "title":
        return 1
    number = name.removeprefix("heading ")
    return int(number) + 1 if number != name and number.isdecimal() else None


def _document(sections: Sequence[Section], content: Content, heading: str | None) -> Document:
    told = read_properties(content.data)
    return Document(tuple(sections), told.title or heading, told.author, told.updated_at)
