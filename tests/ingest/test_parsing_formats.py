"""Every format, made here with the libraries that write it, and every way that a file can be bad."""

import email.message
import shutil

import pytest

from config.errors import DocumentError, SabioError
from ingest.documents import Content, Document, Kind, Section
from ingest.parsing import Limits, Parsers
from ingest.parsing.reading import read
from tests.ingest import samples

OCTETS = "application/octet-stream"


@pytest.fixture(scope="module")
def parsers():
    with Parsers(Limits(seconds=120, processes=1)) as opened:
        yield opened


@pytest.fixture
def parse(parsers):
    """Parses as the product does: in a child, where the network is off and writing is refused."""

    def parse(name, data, media_type=OCTETS):
        (result,) = parsers.parse([Content(data, name, media_type)])
        if isinstance(result, SabioError):
            raise result
        return result

    return parse


def texts(document):
    return [section.text for section in document.sections]


def test_word_keeps_headings_lists_and_tables(parse):
    document = parse("leave.docx", samples.docx())
    assert (document.title, document.author) == ("Vacaciones", "Ana")
    above = ("Vacaciones", "Días")
    assert document.sections == (
        Section("Cada persona tiene veintitrés días. Se piden antes.", heading=above),
        Section("Máximo tres noches", heading=above),
        Section("Necesitas:", heading=above),
        Section("- un ordenador", Kind.ITEM, above),
        Section("* con cargador", Kind.ITEM, above),
        Section("Años | Días\n0-3 | 22\n4+ | 25 o más", Kind.TABLE, (*above, "Tabla")),
    )


def test_notes_of_a_word_file_stand_at_its_end(parse):
    assert texts(parse("a.docx", samples.converted("docx", samples.NOTED))) == [
        "Trips are booked early.",
        "At least two weeks before.",
    ]


def test_notes_of_an_odt_stand_at_its_end_and_their_marks_stick_to_no_word(parse):
    assert texts(parse("a.odt", samples.converted("odt", samples.NOTED))) == [
        "Trips are booked early.",
        "1. At least two weeks before.",
    ]


@pytest.mark.parametrize("name", ["a.docx", "a.pptx", "a.xlsx", "a.odt"])
def test_properties_give_title_author_and_date(parse, name):
    document = parse(name, samples.with_properties(name))
    assert (document.title, document.author) == ("Guía de viajes", "Ana Ruiz")
    assert document.updated_at.isoformat() == "2026-03-01T09:30:00+00:00"


@pytest.mark.parametrize("name", ["a.docx", "a.pptx", "a.xlsx"])
def test_a_file_without_properties_has_neither_author_nor_date(name):
    data = samples.without_part(samples.with_properties(name), "docProps/core.xml")
    document = read(Content(data, name, OCTETS))
    assert (document.author, document.updated_at) == (None, None)


def test_a_plain_paragraph_that_repeats_a_heading_is_no_heading():
    import docx

    file = docx.Document()
    file.add_heading("Leave", 1)
    file.add_paragraph("Ask early.")
    file.add_paragraph("Leave")
    document = read(Content(samples.saved(file), "a.docx", OCTETS))
    assert document.sections == (
        Section("Ask early.", heading=("Leave",)),
        Section("Leave", heading=("Leave",)),
    )


def test_slides_keep_titles_numbers_and_notes(parse):
    document = parse("plan.pptx", samples.pptx())
    assert document.sections == (
        Section("First point", heading=("Plan 2026",), page=1),
        Section("Second point", heading=("Plan 2026",), page=1),
        Section("Say hello to everybody.", heading=("Plan 2026",), page=1),
        Section("Item | EUR\nChairs | 500", Kind.TABLE, ("Budget",), page=2),
    )


def test_sheets_keep_names_computed_values_and_separate_tables(parse):
    document = parse("fees.xlsx", samples.xlsx())
    fees = "Service | Fee | Since\nStart | 10 | 2026-01-31\nStop | 5.5 | two lines"
    assert document.sections == (
        Section(fees, Kind.TABLE, ("Fees",), page=1),
        Section("One note", heading=("Notes",), page=3),
        Section("x | y\n1 | 2", Kind.TABLE, ("Notes",), page=3),
    )


def test_pdf_keeps_pages_paragraphs_items_and_rows(parse):
    document = parse("travel.pdf", samples.pdf())
    assert (document.title, document.author) == ("Travel policy", "Bob")
    booking, expenses = ("1. Booking",), ("2. Expenses",)
    assert [(s.text, s.kind, s.heading, s.page) for s in document.sections] == [
        (samples.PARAGRAPH, Kind.TEXT, booking, 1),
        ("• Economy class only", Kind.ITEM, booking, 1),
        ("• No taxis", Kind.ITEM, booking, 1),
        ("Country | Per diem\nSpain | 53 EUR\nFrance | 60 EUR", Kind.TABLE, booking, 1),
        ("Receipts are kept by the company.", Kind.TEXT, expenses, 2),
        ("The end.", Kind.TEXT, expenses, 3),
    ]


def test_pages_that_look_alike_keep_their_text_and_lose_only_their_page_numbers(parse):
    document = parse("log.pdf", samples.lines_pdf(pages=4, lines=2))
    assert texts(document) == [f"Entry {page}.{line} of the log." for page in (1, 2, 3, 4) for line in (0, 1)]


def test_running_heads_and_feet_are_dropped_and_spoil_no_heading(parse):
    document = parse("booklet.pdf", samples.booklet_pdf(pages=4))
    assert [(section.heading, section.text) for section in document.sections] == [
        ((f"Chapter {page}",), f"What is said on page {page}.") for page in (1, 2, 3, 4)
    ]


def test_two_pages_and_one_lose_their_feet_too(parse):
    for pages in (1, 2):
        document = parse("booklet.pdf", samples.booklet_pdf(pages))
        feet = [text for text in texts(document) if "Handbook" in text]
        assert feet == (
            ["Handbook · left · 1"] if pages == 1 else ["Handbook · left · 1", "Handbook · right · 2"]
        )
        assert not {"Page 1", "2 / 2"} & set(texts(document))


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="needs tesseract")
def test_a_scanned_page_as_large_as_a_wall_fits_into_memory(parse):
    assert "three weeks" in parse("wall.pdf", samples.scanned_pdf(scale=20)).sections[-1].text


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="needs tesseract")
def test_scanned_pages_are_read_by_tesseract_and_others_are_not(parse):
    document = parse("scan.pdf", samples.scanned_pdf())
    assert [section.page for section in document.sections] == [1, 2]
    assert "three weeks" in document.sections[1].text


def test_scanned_pages_without_tesseract_name_what_is_missing(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(DocumentError, match="needs tesseract"):
        read(Content(samples.scanned_pdf(), "scan.pdf", "application/pdf"))


def test_rich_text_is_read_by_pandoc(parse):
    assert texts(parse("a.rtf", samples.converted("rtf"))) == ["Título", "Texto de la guía."]


@pytest.mark.parametrize("kind", ["odt", "epub"])
def test_what_pandoc_reads_keeps_its_structure(parse, kind):
    document = parse(f"guide.{kind}", samples.converted(kind))
    assert document.title == "Guía"
    assert [(s.text, s.kind) for s in document.sections if s.heading[-1:] == ("Uso",)] == [
        ("Texto de la guía.", Kind.TEXT),
        ("- uno", Kind.ITEM),
        ("- dos", Kind.ITEM),
        ("a | b\n1 | 2", Kind.TABLE),
    ]


@pytest.mark.parametrize("kind", ["odt", "epub", "rtf"])
def test_without_pandoc_its_formats_name_it(monkeypatch, kind):
    data = samples.converted(kind)
    monkeypatch.setattr("ingest.parsing.converted.find_pandoc", lambda: None)
    with pytest.raises(DocumentError, match="needs pandoc"):
        read(Content(data, f"a.{kind}", OCTETS))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_csv_is_one_table_whatever_separates_its_cells(delimiter):
    rows = [["Name", "Role"], ["Ana", "Boss"], ["Bo", '"Two\nlines"']]
    data = "\r\n".join(delimiter.join(row) for row in rows).encode("utf-16")
    assert read(Content(data, "a.csv", "text/csv")).sections == (
        Section("Name | Role\nAna | Boss\nBo | Two lines", Kind.TABLE),
    )


def test_cells_keep_what_they_say_even_if_it_looks_like_nothing():
    rows = [["Code", "Zone"], ["007", "NA"], ["1.10", "None"]]
    table = (Section("Code | Zone\n007 | NA\n1.10 | None", Kind.TABLE),)
    assert read(Content("\n".join(map(",".join, rows)).encode(), "a.csv", "text/csv")).sections == table
    (sheet,) = read(Content(samples.sheet(rows), "a.xlsx", OCTETS)).sections
    assert sheet.text == table[0].text


def test_rows_of_unequal_length_and_single_columns_are_read():
    assert texts(read(Content(b"a;b\n1;2\n3;4;5\n", "a.csv", "text/csv"))) == ["a | b\n1 | 2\n3 | 4 | 5"]
    assert texts(read(Content(b"Alpha\nBeta, or gamma\nDelta\n", "a.csv", "text/csv")))[0].startswith("Alpha")


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("a.md", "---\ntitle: Moved\nredirect_to: /b\n---\n"),
        ("a.md", "# Moved\n"),
        ("a.html", "<html><head><title>Moved</title><meta http-equiv=refresh content='0; /b'></head></html>"),
    ],
)
def test_a_page_that_is_only_a_title_is_a_document_without_text(parse, name, body):
    document = parse(name, body.encode())
    assert (document.title, document.sections) == ("Moved", ())


def test_plain_text_is_paragraphs_and_items():
    text = "Una línea\nque sigue.\n\nLista:\n- uno\n  y medio\n2) dos\n"
    document = read(Content(text.encode(), "a.txt", "text/plain"))
    assert texts(document) == ["Una línea que sigue.", "Lista:", "- uno y medio", "2) dos"]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("El año que viene habrá más días de vacaciones, según la dirección.", "cp1252"),
        ("Отпуск согласуется с руководителем не позднее чем за две недели.", "cp1251"),
        ("休暇は二週間前までに申請してください。よろしくお願いします。", "shift_jis"),
        ("Vacaciones: veintitrés días", "utf-8-sig"),
    ],
)
def test_text_in_older_encodings_is_read(text, encoding):
    assert texts(read(Content(text.encode(encoding), "a.txt", "text/plain"))) == [text]


def test_xml_gives_the_text_of_its_elements():
    xml = "<?xml version='1.0'?><r><!-- no --><p>Hello <b>bold</b> world</p><q><s>Other</s></q></r>"
    assert texts(read(Content(xml.encode(), "a.xml", "application/xml"))) == ["Hello bold world", "Other"]


def test_a_mail_has_subject_sender_and_date():
    mail = email.message.EmailMessage()
    mail["From"], mail["Subject"] = "Ana Ruiz <ana@acme.example>", "Reunión"
    mail["Date"] = "Mon, 02 Nov 2026 10:00:00 +0100"
    mail.set_content("Hola:\n\n- uno\n- dos\n")
    mail.add_alternative("<table><tr><td>Hola:<ul><li>uno<li>dos</ul></table>", subtype="html")
    document = read(Content(bytes(mail), "a.eml", "message/rfc822"))
    assert (document.title, document.author) == ("Reunión", "Ana Ruiz")
    assert document.updated_at.isoformat() == "2026-11-02T09:00:00+00:00"
    assert texts(document) == ["Hola:", "- uno", "- dos"]


def test_a_mail_in_html_alone_is_read_as_html():
    mail = email.message.EmailMessage()
    mail["From"] = "ana@acme.example"
    mail.set_content("<ul><li>uno</li></ul>", subtype="html")
    assert texts(read(Content(bytes(mail), "a.eml", "message/rfc822"))) == ["- uno"]


def test_the_bytes_of_a_mislabelled_file_decide(parse):
    page = b"<!DOCTYPE html><html><body><p>I am a page.</p></body></html>"
    assert texts(parse("report.docx", page)) == ["I am a page."]
    assert texts(parse("noname", page, "text/plain")) == ["I am a page."]
    assert parse("report.docx", samples.pdf()).sections[0].page == 1
    assert parse("table.docx", samples.xlsx()).sections[0].heading == ("Fees",)


def test_unknown_text_is_read_as_text_and_unknown_bytes_are_refused():
    assert texts(read(Content(b"key = value", "settings.conf", OCTETS))) == ["key = value"]
    with pytest.raises(DocumentError, match=r"files of this kind are not read: \.png"):
        read(Content(b"\x89PNG\r\n\x1a\n\0\0", "a.png", "image/png"))


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.md", b" \n", "the file is empty"),
        ("a.md", b"<!-- nothing -->", "nothing to read in it"),
        ("a.html", b"<html><head></head><body><nav>Home</nav></body></html>", "nothing to read in it"),
        ("a.txt", b"text\0text", "it is not text"),
        ("a.docx", b"this is no zip", "not a docx file"),
        ("a.docx", samples.docx()[:5000], "the zip is damaged"),
        ("a.docx", samples.flipped(samples.docx()), "the zip is damaged"),
        ("a.pdf", b"%PDF-1.7\nbroken", "not a readable PDF: it is damaged"),
        ("a.pdf", samples.locked_pdf(), "the PDF is protected by a password"),
        ("a.docx", samples.locked_office(), "the file is protected by a password"),
        ("a.xlsx", samples.locked_zip(), "the xlsx file is protected by a password"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "save it as docx"),
        ("a.zip", samples.archive({"a.txt": b"x"}), "archives are not read"),
        ("a.xml", b"<a><b></a>", "not well-formed XML"),
        ("a.eml", b"just words", "not a mail"),
    ],
)
def test_a_bad_file_gets_a_reason_that_a_person_understands(parse, name, data, reason):
    with pytest.raises(DocumentError, match=reason):
        parse(name, data)


def test_an_entity_that_names_a_file_brings_nothing_of_it(parse, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("top secret")
    xml = f"<?xml version='1.0'?><!DOCTYPE r [<!ENTITY x SYSTEM 'file://{secret}'>]><r><p>Open.</p><p>&x;</p></r>"
    with pytest.raises(DocumentError, match="declares entities"):
        parse("a.xml", xml.encode())
    page = f"<html><body><p>Open.</p><object data='file://{secret}'></object><p>&x;</p></body></html>"
    assert "top secret" not in " ".join(texts(parse("a.html", page.encode())))


@pytest.mark.parametrize("name", ["../../escaped", "word/../../escaped", "/tmp/escaped", "..\\escaped"])
def test_an_archive_that_climbs_out_of_its_folder_is_refused(name):
    with pytest.raises(DocumentError, match="looks like an attack"):
        read(Content(samples.with_part(samples.docx(), name, b"x"), "a.docx", OCTETS))


def test_the_seam_where_unstructured_would_download_its_model_is_still_there():
    """`ingest.parsing.elements.prepare` replaces these two; if they move, it must move with them."""
    samples.run_isolated(
        "from ingest.parsing.elements import prepare; prepare()\n"
        "from unstructured.nlp import tokenize\n"
        "assert callable(tokenize._load_spacy_model) and tokenize._get_nlp.cache_clear\n"
        "def refuse(*_): raise SystemExit('downloads')\n"
        "tokenize._install_spacy_model = refuse\n"
        "from unstructured.partition.text_type import sentence_count\n"
        "assert sentence_count('One sentence. And another one.') == 2\n"
        "assert tokenize._get_nlp() is tokenize._get_nlp()\n"
    )


def test_no_format_downloads_anything_even_where_the_network_is_there():
    samples.run_isolated(
        "import sys\n"
        "events = {'socket.connect', 'socket.getaddrinfo', 'socket.sendto', 'urllib.Request'}\n"
        "def watch(event, args):\n"
        "    if event in events: raise SystemExit(f'{event} {args}')\n"
        "sys.addaudithook(watch)\n"
        "from ingest.documents import Content\n"
        "from ingest.parsing.reading import read\n"
        "from tests.ingest import samples\n"
        "mail = b'Subject: x\\n\\nA mail. Yes.'\n"
        "files = {'a.txt': b'One line. Another.', 'a.eml': mail, 'a.docx': samples.docx(),\n"
        "         'a.pptx': samples.pptx()}\n"
        "assert all(read(Content(data, name, '')).sections for name, data in files.items())\n"
    )


def test_the_parent_never_imports_what_reads_files():
    samples.run_isolated(
        "import sys\nfrom ingest.parsing import Parsers\n"
        "with Parsers() as parsers: pass\n"
        "heavy = {'unstructured', 'lxml', 'docx', 'pypdfium2', 'spacy'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )


def test_a_document_survives_the_pipe_unchanged(parse):
    content = Content("# Añ\u2028o\n\nTexto « » 🙂\n".encode(), "a.md", "text/markdown")
    assert parse("a.md", content.data) == read(content)
    assert isinstance(read(content), Document)
