"""Makes the files that the parsing tests read: good, locked, damaged and hostile ones."""

import functools
import io
import re
import subprocess
import sys
import zipfile

PARAGRAPH = ("Trips are booked at least two weeks before they begin, through the travel desk. " * 4).strip()


@functools.cache
def docx():
    import docx as word

    file = word.Document()
    file.core_properties.title, file.core_properties.author = "Vacaciones", "Ana"
    file.add_heading("Vacaciones", 0)
    file.add_heading("Días", 1)
    file.add_paragraph("Cada persona tiene veintitrés días. Se piden antes.")
    file.add_paragraph("Máximo tres noches")
    file.add_paragraph("Necesitas:")
    file.add_paragraph("un ordenador", style="List Bullet")
    file.add_paragraph("con cargador", style="List Bullet 2")
    file.add_heading("Tabla", 2)
    _fill(file.add_table(3, 2), [("Años", "Días"), ("0-3", "22"), ("4+", "25\no más")])
    return saved(file)


@functools.cache
def pptx():
    import pptx as powerpoint

    file = powerpoint.Presentation()
    slide = file.slides.add_slide(file.slide_layouts[1])
    slide.shapes.title.text = "Plan 2026"
    slide.placeholders[1].text = "First point\nSecond point"
    slide.notes_slide.notes_text_frame.text = "Say hello to everybody."
    slide = file.slides.add_slide(file.slide_layouts[5])
    slide.shapes.title.text = "Budget"
    _fill(slide.shapes.add_table(2, 2, 0, 0, 900_000, 900_000).table, [("Item", "EUR"), ("Chairs", "500")])
    return saved(file)


@functools.cache
def xlsx():
    import datetime

    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Fees"
    for row in (
        (None, "Service", "Fee", "Since"),
        (None, "Start", 10.0, datetime.datetime(2026, 1, 31)),  # noqa: DTZ001 (Excel knows no zones)
        (None, "Stop", 5.5, "two\nlines"),
    ):
        sheet.append(row)
    hidden = book.create_sheet("Old")
    hidden["A1"], hidden.sheet_state = "hidden", "hidden"
    notes = book.create_sheet("Notes")
    notes["A1"], notes["A3"], notes["B3"], notes["A4"], notes["B4"] = "One note", "x", "y", 1, 2
    return saved(book)


@functools.cache
def pdf(encrypt=None):
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate, Table

    styles = getSampleStyleSheet()
    body, heading = styles["BodyText"], styles["Heading1"]
    buffer = io.BytesIO()
    SimpleDocTemplate(buffer, title="Travel policy", author="Bob", encrypt=encrypt).build(
        [
            Paragraph("1. Booking", heading),
            Paragraph(PARAGRAPH, body),
            Paragraph("Economy class only", body, bulletText="•"),
            Paragraph("No taxis", body, bulletText="•"),
            Table([["Country", "Per diem"], ["Spain", "53 EUR"], ["France", "60 EUR"]]),
            PageBreak(),
            Paragraph("2. Expenses", heading),
            Paragraph("Receipts are kept by the com-<br/>pany.", body),
            PageBreak(),
            Paragraph("The end.", body),
        ],
        onFirstPage=_running_head,
        onLaterPages=_running_head,
    )
    return buffer.getvalue()


def _running_head(canvas, document):
    canvas.drawString(72, 810, "ACME internal")
    canvas.drawString(300, 20, f"Page {document.page}")


@functools.cache
def scanned_pdf(scale=1):
    """One page of text and one that is a picture of text; `scale` makes that page larger, not its picture."""
    from PIL import Image, ImageDraw, ImageFont
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas

    picture = Image.new("L", (1000, 300), 255)
    ImageDraw.Draw(picture).text(
        (40, 100), "Leave is three weeks long.", font=ImageFont.load_default(60), fill=0
    )
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    canvas.drawString(72, 700, "A page of letters.")
    canvas.showPage()
    canvas.setPageSize((600 * scale, 800 * scale))
    canvas.drawImage(ImageReader(picture), 50 * scale, 500 * scale, 500 * scale, 150 * scale)
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()


GUIDE = (
    "---\ntitle: Guía\n---\n# Guía\n\n## Uso\n\nTexto de la guía.\n\n- uno\n- dos\n\n"
    "| a | b |\n|---|---|\n| 1 | 2 |\n"
)
NOTED = "Trips are booked early.[^1]\n\n[^1]: At least two weeks before.\n"


@functools.cache
def converted(kind, text=GUIDE):
    """Markdown as pandoc writes it in another format; of an rtf there is only one."""
    if kind == "rtf":
        return rb"{\rtf1\ansi{\b T\'edtulo}\par Texto de la gu\'eda.\par}"
    import pypandoc

    pandoc = pypandoc.get_pandoc_path()
    done = subprocess.run(
        [pandoc, "--from", "markdown", "--to", kind, "--output=-"],
        input=text.encode(),
        capture_output=True,
        check=True,
    )
    return done.stdout


def locked_pdf():
    return pdf(encrypt="secret")


def locked_office():
    """What Office makes of a docx with a password: an OLE container with the encrypted package in it."""
    return (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + bytes(1000)
        + "EncryptedPackage".encode("utf-16-le")
        + bytes(1000)
    )


def locked_zip():
    """An xlsx whose parts are flagged as encrypted, in the local headers and in the directory."""
    data = bytearray(xlsx())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(mark)
        while at >= 0:
            data[at + offset] |= 1
            at = data.find(mark, at + 4)
    return bytes(data)


def flipped(data):
    """The same archive with the middle of its main part overwritten."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        part = archive.getinfo("word/document.xml")
    start = part.header_offset + 60
    return data[:start] + bytes(200) + data[start + 200 :]


def archive(parts):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in parts.items():
            file.writestr(name, data)
    return buffer.getvalue()


def with_part(data, name, part):
    """The same archive with one part more, or with another content of one."""
    with zipfile.ZipFile(io.BytesIO(data)) as old:
        parts = {entry: old.read(entry) for entry in old.namelist()}
    return archive({**parts, name: part})


def without_part(data, name):
    """The same Office file with one part less."""
    with zipfile.ZipFile(io.BytesIO(data)) as old:
        parts = {entry: old.read(entry) for entry in old.namelist() if entry != name}
    parts["_rels/.rels"] = re.sub(f"<Relationship [^>]*{name}[^>]*>".encode(), b"", parts["_rels/.rels"])
    return archive(parts)


def with_properties(name):
    """A file of the format that `name` ends with, with a title, an author and the date of its last change."""
    kind = name.rpartition(".")[2]
    told = (
        "<dc:title>Guía de viajes</dc:title><dc:creator>Ana Ruiz</dc:creator>"
        '<dcterms:modified xsi:type="dcterms:W3CDTF">2026-03-01T09:30:00Z</dcterms:modified>'
    )
    names = (
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    )
    if kind == "odt":
        office = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
        told = told.replace('dcterms:modified xsi:type="dcterms:W3CDTF"', "dc:date")
        told = told.replace("dcterms:modified", "dc:date")
        part = f'<o:document-meta xmlns:o="{office}" {names}><o:meta>{told}</o:meta></o:document-meta>'
        return with_part(converted("odt"), "meta.xml", part)
    core = "http://schemas.openxmlformats.org/package/2006/metadata/core-properties"
    data = {"docx": docx, "pptx": pptx, "xlsx": xlsx}[kind]()
    return with_part(
        data, "docProps/core.xml", f'<c:coreProperties xmlns:c="{core}" {names}>{told}</c:coreProperties>'
    )


def sheet(rows):
    """A workbook of one sheet."""
    import openpyxl

    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    return saved(book)


def run_isolated(program):
    """Run a program in a fresh interpreter; its complaint becomes the test's."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _fill(table, rows):
    for row, cells in enumerate(rows):
        for column, text in enumerate(cells):
            table.cell(row, column).text = text


def saved(file):
    buffer = io.BytesIO()
    file.save(buffer)
    return buffer.getvalue()


def lines_pdf(pages, lines):
    """Pages whose lines differ by their numbers alone, as forms and logs do; with a page number below."""
    from reportlab.pdfgen.canvas import Canvas

    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    for page in range(1, pages + 1):
        for line in range(lines):
            canvas.drawString(72, 720 - 40 * line, f"Entry {page}.{line} of the log.")
        canvas.drawString(300, 20, f"Page {page}")
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def booklet_pdf(pages):
    """Chapters with heads that differ on left and right pages, and two kinds of page numbers."""
    from reportlab.pdfgen.canvas import Canvas

    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    for page in range(1, pages + 1):
        canvas.setFont("Helvetica", 10)
        canvas.drawString(72, 815, f"Handbook · {'left' if page % 2 else 'right'} · {page}")
        canvas.setFont("Helvetica-Bold", 18)
        canvas.drawString(72, 700, f"Chapter {page}")
        canvas.setFont("Helvetica", 10)
        canvas.drawString(72, 670, f"What is said on page {page}.")
        canvas.drawString(300, 20, f"Page {page}" if page % 2 else f"{page} / {pages}")
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()
