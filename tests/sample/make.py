"""Make the sample company's office files from their texts: `python -m tests.sample.make`.

Every `tests/sample/drive/AREA/NAME.docx.md` becomes `config/sample/drive/AREA/NAME.docx`, and so on for pptx,
xlsx, pdf and odt. Run by hand after a text was edited; the files made are kept in the repository. The same
texts and the same library versions make the same bytes.

The texts are a small Markdown: front matter, headings, paragraphs, bullets, numbered steps, tables, and `>`
for a slide's notes. In a workbook and a presentation each `##` is a sheet or a slide. A PDF whose front
matter says `scanned: true` is a picture of the page and nothing else.
"""

from __future__ import annotations

import io
import os
import random
import re
import subprocess
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import yaml

TEXTS = Path(__file__).parent / "drive"
DRIVE = Path(__file__).parents[2] / "config" / "sample" / "drive"


@dataclass(frozen=True)
class Block:
    """A stretch of a text: `kind` is heading, title, paragraph, item, step, note or table."""

    kind: str
    text: str = ""
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Paper:
    title: str
    author: str
    date: datetime
    scanned: bool
    blocks: tuple[Block, ...]

    def parts(self) -> list[tuple[str, list[Block]]]:
        """The blocks by the heading above them; what stands before the first heading is left out."""
        parts: list[tuple[str, list[Block]]] = []
        for block in self.blocks:
            if block.kind == "heading":
                parts.append((block.text, []))
            elif parts:
                parts[-1][1].append(block)
        return parts


MARKS = {"# ": "title", "## ": "heading", "- ": "item", "> ": "note"}


def read(path: Path) -> Paper:
    _, front, body = path.read_text("utf-8").split("---\n", 2)
    meta: dict[str, Any] = yaml.safe_load(front)
    blocks: list[Block] = []
    for line in filter(None, body.splitlines()):
        if line.startswith("|"):
            row = tuple(cell.strip() for cell in line.strip("|").split("|"))
            if set("".join(row)) <= set("- "):
                continue
            if blocks and blocks[-1].kind == "table":
                blocks[-1] = Block("table", rows=(*blocks[-1].rows, row))
            else:
                blocks.append(Block("table", rows=(row,)))
        elif mark := next((mark for mark in MARKS if line.startswith(mark)), None):
            blocks.append(Block(MARKS[mark], line.removeprefix(mark)))
        elif re.match(r"\d+\. ", line):
            blocks.append(Block("step", line.split(". ", 1)[1]))
        else:
            blocks.append(Block("paragraph", line))
    date = datetime.combine(meta["date"], time(9), UTC)
    return Paper(meta["title"], meta["author"], date, meta.get("scanned", False), tuple(blocks))


def docx(paper: Paper) -> bytes:
    import docx as word

    styles = {"item": "List Bullet", "step": "List Number", "heading": "Heading 1", "title": "Title"}
    document = word.Document()
    _sign(document.core_properties, paper)
    for block in paper.blocks:
        if block.kind == "table":
            table = document.add_table(rows=0, cols=len(block.rows[0]), style="Table Grid")
            for row in block.rows:
                for cell, text in zip(table.add_row().cells, row, strict=True):
                    cell.text = text
            document.add_paragraph()
        else:
            document.add_paragraph(block.text, style=styles.get(block.kind))
    return _saved(document, paper)


def pptx(paper: Paper) -> bytes:
    from pptx import Presentation
    from pptx.util import Cm

    deck = Presentation()
    _sign(deck.core_properties, paper)
    cover = deck.slides.add_slide(deck.slide_layouts[0])
    cover.shapes.title.text = paper.title
    cover.placeholders[1].text = f"{paper.author}, {paper.date:%d/%m/%Y}"
    for heading, blocks in paper.parts():
        tables = [block.rows for block in blocks if block.kind == "table"]
        slide = deck.slides.add_slide(deck.slide_layouts[5 if tables else 1])
        slide.shapes.title.text = heading
        for rows in tables:
            frame = slide.shapes.add_table(len(rows), len(rows[0]), Cm(2), Cm(5), Cm(21), Cm(2 * len(rows)))
            for i, row in enumerate(rows):
                for j, text in enumerate(row):
                    frame.table.cell(i, j).text = text
        if not tables:
            slide.placeholders[1].text = "\n".join(block.text for block in blocks if block.kind == "item")
        if notes := "\n".join(block.text for block in blocks if block.kind == "note"):
            slide.notes_slide.notes_text_frame.text = notes
    return _saved(deck, paper)


def xlsx(paper: Paper) -> bytes:
    from openpyxl import Workbook
    from openpyxl.styles import Font

    book = Workbook()
    book.remove(book.active)
    for heading, blocks in paper.parts():
        sheet = book.create_sheet(heading)
        for block in blocks:
            for row in block.rows:
                sheet.append([int(cell) if cell.isdecimal() else cell for cell in row])
        for cell in sheet[1]:
            cell.font = Font(bold=True)
            sheet.column_dimensions[cell.column_letter].width = 24
    book.properties.title, book.properties.creator = paper.title, paper.author
    book.properties.created = paper.date.replace(tzinfo=None)
    return _saved(book, paper)


def odt(paper: Paper, path: Path) -> bytes:
    program = ["pandoc", "--from=markdown", "--to=odt", "--output=-"]
    body = path.read_text("utf-8").split("---\n", 2)[2]
    made = subprocess.run(program, input=body.encode(), capture_output=True, check=True)
    return _still(made.stdout, paper)


def pdf(paper: Paper) -> bytes:
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.lib.units import cm
    from reportlab.platypus import ListFlowable, Paragraph, SimpleDocTemplate, Spacer, Table

    styles = getSampleStyleSheet()
    names = {"title": "Title", "heading": "Heading2"}
    story: list[Any] = []
    steps = 0
    for block in paper.blocks:
        steps = steps + 1 if block.kind == "step" else 0
        if block.kind == "table":
            grid = [("GRID", (0, 0), (-1, -1), 0.5, "#888888")]
            story += [Table(block.rows, style=grid, hAlign="LEFT"), Spacer(1, 0.4 * cm)]
        elif block.kind == "item":
            story.append(ListFlowable([Paragraph(block.text, styles["BodyText"])], bulletType="bullet"))
        elif block.kind == "step":
            story.append(Paragraph(f"{steps}. {block.text}", styles["BodyText"]))
        else:
            story.append(Paragraph(block.text, styles[names.get(block.kind, "BodyText")]))

    def number(canvas: Any, _: Any) -> None:
        canvas.setFont("Helvetica", 8)
        canvas.drawCentredString(A4[0] / 2, 1.2 * cm, f"{paper.title} · {canvas.getPageNumber()}")

    # reportlab takes the date in the file from here.
    os.environ["SOURCE_DATE_EPOCH"] = str(int(paper.date.timestamp()))
    out = io.BytesIO()
    page = SimpleDocTemplate(out, pagesize=A4, title=paper.title, author=paper.author)
    page.build(story, onFirstPage=number, onLaterPages=number)
    return out.getvalue()


def scan(paper: Paper) -> bytes:
    """A grey picture of an A4 page at 150 dots per inch, a little crooked and speckled, as from a copier."""
    import reportlab
    from PIL import Image, ImageDraw, ImageFont

    fonts = Path(reportlab.__file__).parent / "fonts"
    page = Image.new("L", (1240, 1754), 250)
    pen = ImageDraw.Draw(page)
    looks = {"title": ("VeraBd.ttf", 38), "heading": ("VeraBd.ttf", 26)}
    y, steps = 110, 0
    for block in paper.blocks:
        steps = steps + 1 if block.kind == "step" else 0
        font = ImageFont.truetype(
            str(fonts / looks.get(block.kind, ("Vera.ttf", 22))[0]),
            looks.get(block.kind, ("Vera.ttf", 22))[1],
        )
        lead = f"{steps}. " if steps else "- " if block.kind == "item" else ""
        y += 20 if block.kind == "heading" else 6
        for line in _wrapped(lead + block.text, font, 1000):
            pen.text((120, y), line, fill=35, font=font)
            y += round(font.size * 1.45)
    page = page.rotate(0.5, resample=Image.Resampling.BICUBIC, fillcolor=250)
    chance = random.Random(18)
    for _ in range(1500):
        page.putpixel((chance.randrange(1240), chance.randrange(1754)), chance.randrange(90, 200))
    out, moment = io.BytesIO(), paper.date.timetuple()
    page.save(
        out,
        "PDF",
        resolution=150,
        quality=55,
        title=paper.title,
        author=paper.author,
        creationDate=moment,
        modDate=moment,
    )
    return out.getvalue()


def _wrapped(text: str, font: Any, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _sign(properties: Any, paper: Paper) -> None:
    properties.title, properties.author = paper.title, paper.author
    properties.created = properties.modified = paper.date.replace(tzinfo=None)
    properties.comments = ""


def _saved(document: Any, paper: Paper) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return _still(out.getvalue(), paper)


def _still(archive: bytes, paper: Paper) -> bytes:
    """The same zip file with the paper's date in place of the clock's."""
    out = io.BytesIO()
    stamp = f"{paper.date:%Y-%m-%dT%H:%M:%SZ}".encode()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(out, "w") as new:
        for info in old.infolist():
            data = re.sub(
                rb"(<(?:dcterms:modified|dcterms:created|dc:date|meta:creation-date)\b[^>]*>)[^<]*",
                rb"\g<1>" + stamp,
                old.read(info),
            )
            # pandoc leaves the author out unless the page also prints it.
            data = data.replace(
                b"<dc:creator></dc:creator>", f"<dc:creator>{paper.author}</dc:creator>".encode()
            )
            still = zipfile.ZipInfo(info.filename, paper.date.timetuple()[:6])
            still.compress_type = info.compress_type
            new.writestr(still, data)
    return out.getvalue()


def make(path: Path) -> Path:
    """Write the office file that a text stands for; its path is returned."""
    paper = read(path)
    target = DRIVE / path.relative_to(TEXTS).with_suffix("")
    match target.suffix:
        case ".docx":
            data = docx(paper)
        case ".pptx":
            data = pptx(paper)
        case ".xlsx":
            data = xlsx(paper)
        case ".odt":
            data = odt(paper, path)
        case ".pdf":
            data = scan(paper) if paper.scanned else pdf(paper)
        case other:
            raise SystemExit(f"{path}: nothing here makes {other} files")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    return target


if __name__ == "__main__":
    for text in sorted(TEXTS.rglob("*.md")):
        made = make(text)
        print(f"{made.relative_to(DRIVE)}: {made.stat().st_size:,} bytes")  # noqa: T201
