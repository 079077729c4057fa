"""Files made to hurt who opens them: they ask for gigabytes, for other files, or for the network.

Run as a program, it parses all of them as the product does and prints what became of each, as JSON.
"""

import argparse
import io
import json
import random
import resource
import sys
import zipfile
import zlib

from config.errors import DocumentError
from ingest.documents import Content
from ingest.parsing import Limits, Parsers
from tests.ingest import samples

_OFFICE = "urn:oasis:names:tc:opendocument:xmlns"
_ENTITY = '<?xml version="1.0"?><!DOCTYPE r [{}]><r><p>Open.</p><p>&x;</p></r>'


def hostile_files(target, address):
    """Pairs of name and bytes. `target` is a file to be read or written over, `address` one to be called."""
    climbing = "../" * 20 + target.lstrip("/")
    stranger = f'<!ENTITY x SYSTEM "file://{target}">'
    caller = f'<!ENTITY x SYSTEM "http://{address}/x">'
    return [
        *_archives(climbing),
        *_xml(stranger, caller),
        *_sheets(),
        *_pdfs(),
        *_texts(),
        ("spaces.odt", _odt('<text:p><text:s text:c="2000000000"/></text:p>')),
        ("deep.odt", _odt("<text:list><text:list-item>" * 40_000 + "</text:list-item></text:list>" * 40_000)),
    ]


def _archives(climbing):
    empty = {f"{number}": b"" for number in range(20_001)}
    return [
        ("zeros.docx", samples.with_part(samples.docx(), "word/media/image.png", bytes(60_000_000))),
        ("wide.docx", samples.with_part(samples.docx(), "word/document.xml", b"<w:p/>" * 20_000_000)),
        ("many.epub", samples.archive({"mimetype": b"application/epub+zip", **empty})),
        ("climbing.docx", samples.with_part(samples.docx(), climbing, b"x")),
        ("climbing.epub", samples.with_part(samples.converted("epub"), climbing, b"x")),
    ]


def _xml(stranger, caller):
    doublings = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    laughs = _ENTITY.format(f'<!ENTITY e0 "ha">{doublings}<!ENTITY x "&e9;">')
    long = _ENTITY.format(f'<!ENTITY x "{"ha" * 50_000}">').replace("&x;", "&x;" * 50_000)
    picture = f"<!DOCTYPE svg [{stranger}]><svg xmlns='http://www.w3.org/2000/svg'><text>&x;</text></svg>"
    return [
        ("laughs.xml", laughs.encode()),
        ("laughs.docx", samples.with_part(samples.docx(), "word/document.xml", laughs)),
        ("laughs.xlsx", samples.with_part(samples.xlsx(), "xl/sharedStrings.xml", laughs)),
        ("long.xml", long.encode()),
        ("stranger.xml", _ENTITY.format(stranger).encode()),
        ("caller.xml", _ENTITY.format(caller).encode()),
        ("stranger.docx", samples.with_part(samples.docx(), "word/document.xml", _ENTITY.format(stranger))),
        ("picture.svg", picture.encode()),
    ]


def _sheets():
    """Both are plausible archives: what makes them large is the meaning of their parts."""
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    repeated = f"<sst {space}><si><t>{_noise(30_000)}</t></si></sst>"
    cells = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 60_001))
    far = "".join(f'<row r="{n}"><c r="XFD{n}"><v>{n}</v></c></row>' for n in range(1, 40_001))
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    book = samples.with_part(samples.sheet([["x"]]), "xl/sharedStrings.xml", repeated)
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        types = archive.read("[Content_Types].xml").decode()
    told = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'
    book = samples.with_part(book, "[Content_Types].xml", types.replace("</Types>", told))

    def sheet(rows):
        part = f"<worksheet {space}><sheetData>{rows}</sheetData></worksheet>"
        return samples.with_part(book, "xl/worksheets/sheet1.xml", part)

    return [("repeated.xlsx", sheet(cells)), ("far.xlsx", sheet(far))]


def _pdfs():
    letters, dots = _squeeze(b"BT (A) Tj ET " * 80_000, 400), _squeeze(bytes(10_000_000), 90)
    image = (
        b"/Type /XObject /Subtype /Image /Width 30000 /Height 30000 /BitsPerComponent 8 "
        b"/ColorSpace /DeviceGray /Filter /FlateDecode"
    )
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R /Resources "
    loop = b"<< /Type /Pages /Kids [2 0 R 2 0 R 2 0 R] /Count 900000000 >>"
    return [
        ("letters.pdf", _pdf(page + b"<< >> >>", _stream(b"/Filter /FlateDecode", letters))),
        (
            "dots.pdf",
            _pdf(
                page + b"<< /XObject << /I 5 0 R >> >> >>",
                _stream(b"", b"600 0 0 800 0 0 cm /I Do"),
                _stream(image, dots),
            ),
        ),
        ("loop.pdf", _pdf(page + b"<< >> >>", _stream(b"", b""), pages=loop)),
    ]


def _texts():
    mail = b"Subject: x\nContent-Type: multipart/mixed; boundary=b0\n\n"
    for depth in range(3_000):
        mail += b"--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n" % (depth, depth + 1)
    row = "<tr>" + "<td colspan=200>a" * 400
    return [
        ("deep.html", b"<div>" * 300_000 + b"<p>deep</p>"),
        ("spans.html", f"<table>{row * 2_000}</table>".encode()),
        ("nested.eml", mail),
    ]


def _odt(body):
    names = f'xmlns:office="{_OFFICE}:office:1.0" xmlns:text="{_OFFICE}:text:1.0"'
    text = f"<!--{_noise(20_000)}--><office:body><office:text>{body}</office:text></office:body>"
    return samples.with_part(
        samples.converted("odt"),
        "content.xml",
        f"<office:document-content {names}>{text}</office:document-content>",
    )


def _squeeze(block, times):
    packer = zlib.compressobj(1)
    return b"".join(packer.compress(block) for _ in range(times)) + packer.flush()


def _noise(size):
    """Text that does not compress, always the same."""
    return random.Random(1).randbytes(size // 2).hex()


def _stream(told, data):
    return b"<< %s /Length %d >> stream\n%s\nendstream" % (told, len(data), data)


def _pdf(page, *streams, pages=b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"):
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", pages, page, *streams]
    out, offsets = io.BytesIO(b"%PDF-1.7\n"), []
    out.seek(0, io.SEEK_END)
    for number, body in enumerate(objects, start=1):
        offsets.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.write(b"".join(b"%010d 00000 n \n" % offset for offset in offsets))
    out.write(b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start))
    return out.getvalue()


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("target")
    arguments.add_argument("address")
    arguments.add_argument("--seconds", type=float)
    given = arguments.parse_args()
    files = hostile_files(given.target, given.address)
    limits = Limits(seconds=given.seconds) if given.seconds else Limits()
    with Parsers(limits) as parsers:
        results = parsers.parse([Content(data, name, _media_type(name)) for name, data in files])
    outcomes = {
        name: str(result) if isinstance(result, DocumentError) else None
        for (name, _), result in zip(files, results, strict=True)
    }
    # Kilobytes on Linux, of the largest child, and of the largest program that one started and waited for.
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    json.dump({"outcomes": outcomes, "peak": peak}, sys.stdout)


def _media_type(name):
    return "image/svg+xml" if name.endswith(".svg") else "application/octet-stream"


if __name__ == "__main__":
    main()
