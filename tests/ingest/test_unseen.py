"""What looks as if it were hidden, and is seen, stays; and what is taken out spoils nothing around it.

What is hidden is taken out: tests/contract/test_hidden_text.py.
"""

from functools import cache

import pytest

from config.errors import DocumentError
from ingest.documents import Content, Kind, Section
from ingest.parsing.reading import read
from ingest.parsing.unseen.colours import WHITE, from_css
from tests.ingest import samples
from tests.ingest.hiding import (
    after,
    before,
    canary,
    open_document,
    pages,
    pdfs,
    rich_text,
    sheets,
    slides,
    word,
)

OCTETS = "application/octet-stream"
FORMATS = {
    "html": (pages.SHOWS, pages.build),
    "md": (pages.SHOWS, pages.build_markdown),
    "eml": (pages.SHOWS, pages.build_mail),
    "epub": (pages.SHOWS, pages.build_book),
    "docx": (word.SHOWS, word.build),
    "pptx": (slides.SHOWS, slides.build),
    "xlsx": (sheets.SHOWS, sheets.build),
    "pdf": (pdfs.SHOWS, pdfs.build),
    "odt": (open_document.SHOWS, open_document.build),
    "rtf": (rich_text.SHOWS, rich_text.build),
}
# They change how all of their file looks.
ALONE = {"white on a dark page", "a dark design", "white on the layout's band"}
EVERY = [pytest.param(name, one, id=f"{name}: {one}") for name, (ways, _) in FORMATS.items() for one in ways]


def sections(data, name):
    return read(Content(data.encode() if isinstance(data, str) else data, name, OCTETS)).sections


def texts(data, name):
    return [section.text for section in sections(data, name)]


@cache
def together(name):
    ways, build = FORMATS[name]
    return build([one for one in ways if one not in ALONE])


@cache
def text_of(name, way):
    data = FORMATS[name][1]([way]) if way in ALONE else together(name)
    return "\n".join(
        [*texts(data, f"a.{name}"), *(" ".join(one.heading) for one in sections(data, f"a.{name}"))]
    )


@pytest.mark.parametrize(("name", "way"), EVERY)
def test_what_people_see_is_read_however_it_is_done(name, way):
    text = text_of(name, "" if way not in ALONE else way)
    assert canary(way) in text
    assert before(way) in text
    assert after(way) in text


# Tables


def test_a_table_without_its_hidden_rows_and_columns_is_one_table():
    import openpyxl

    book = openpyxl.Workbook()
    for row in (("Name", "Salary", "Team"), ("Ana", 1, "HR"), ("Bo", 2, "IT"), ("Cy", 3, "IT")):
        book.active.append(row)
    book.active.column_dimensions["B"].hidden = True
    book.active.row_dimensions[3].hidden = True
    assert texts(samples.saved(book), "a.xlsx") == ["Name | Team\nAna | HR\nCy | IT"]


def test_a_hidden_cell_leaves_its_neighbours_below_their_headers():
    import openpyxl
    from openpyxl.styles import Font

    book = openpyxl.Workbook()
    for row in (("Name", "Salary", "Team"), ("Ana", 1, "HR")):
        book.active.append(row)
    book.active["B2"].font = Font(color="FFFFFFFF")
    assert texts(samples.saved(book), "a.xlsx") == ["Name | Salary | Team\nAna |  | HR"]
    page = "<table><tr><th>Name<th>Pay<th>Team<tr><td>Ana<td style='color:#fff'>1<td>HR</table>"
    assert texts(page, "a.html") == ["Name | Pay | Team\nAna |  | HR"]


def test_a_zero_that_is_shown_as_a_dash_is_a_zero_and_one_that_is_not_shown_is_nothing():
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["a", "b", "c", "d"])
    book.active.append([0, 0, 5, "x"])
    book.active["A2"].number_format = '0;-0;"-"'
    book.active["B2"].number_format = "0;-0;"
    book.active["C2"].number_format = "[<10];0"
    book.active["D2"].number_format = '0;0;0;"y"'
    assert texts(samples.saved(book), "a.xlsx") == ["a | b | c | d\n0 |  | 5 | "]


# Pages


def test_a_hidden_item_is_not_counted():
    page = "<ol><li>one<li style='display:none'>two<li>three</ol>"
    assert texts(page, "a.html") == ["1. one", "2. three"]


def test_the_attributes_that_kramdown_gives_a_text_hide_it():
    page = (
        'Seen.\n{: .wide}\n\nHidden.\n{: style="display: none"}\n\n'
        "A *hidden*{: style='color:white'} word.\n\n"
        "# Hidden\n{: hidden='hidden'}\n\nSeen too.\n"
    )
    assert sections(page, "a.md") == (Section("Seen."), Section("A word."), Section("Seen too."))


@pytest.mark.parametrize(
    "comment", ["{/* hidden */}", "{::comment}\nhidden\n{:/comment}", "[//]: # (hidden)"]
)
def test_comments_of_markdowns_dialects_are_not_read(comment):
    assert texts(f"Before.\n\n{comment}\n\nAfter.", "a.md") == ["Before.", "After."]


def test_comments_that_are_shown_as_code_are_read():
    page = "Write `{/* so */}` or ``<!-- so -->``, {/* not so */} please.\n"
    assert texts(page, "a.md") == ["Write {/* so */} or <!-- so -->, please."]


def test_what_an_element_turns_around_is_read_as_it_is_shown():
    assert texts("<p>a <bdo dir=rtl>yranac</bdo> b", "a.html") == ["a canary b"]


def test_a_page_that_is_dark_by_its_scheme_may_be_white_on_it():
    page = (
        "<html style='color-scheme: dark'><body><p>plain<p style='color:#fff'>white<p style='color:#000'>no"
    )
    assert texts(page, "a.html") == ["plain", "white"]


@pytest.mark.parametrize(
    ("selector", "hidden"),
    [
        ("p", "abcd"), (".x", "bc"), ("p.x.y", "c"), ("#d", "d"), ("[data-n]", "b"), ("[data-n='2']", "b"),
        ("[class~='y']", "c"), ("[class^='x']", "bc"), ("div > p", "abcd"), ("section p", ""),
        ("p + p", "bcd"), (".y ~ p", "d"), ("p:first-child", "a"), ("p:last-of-type", "d"),
        ("p:nth-child(2n)", "bd"), ("p:nth-last-child(1)", "d"), ("p:not(.x)", "ad"), (":is(#d, .y)", "cd"),
        ("p:hover", ""), ("p::before", ""), ("p:first-child:last-child", ""), (r".\78", "bc"),
        ("p:unknown(x)", ""), ("p,,.x", "abcd"), ("script + p", ""),
    ],
)  # fmt: skip
def test_a_style_sheet_hides_what_its_selectors_name(selector, hidden):
    page = (
        f"<style>{selector} {{ display: none }}</style><div><p>a</p><p class=x data-n=2>b</p>"
        "<p class='x y'>c</p><p id=d>d</p></div><b>end</b>"
    )
    shown = [letter for letter in "abcd" if letter not in hidden]
    assert texts(page, "a.html") == [*shown, "end"]


@pytest.mark.parametrize(
    "rules",
    [
        ".c { display: block } .c { display: none }",
        "p { display: block } .c { display: none }",
        ".c { display: none !important } #i { display: block }",
        "@layer base { .c { display: none } }",
        "@import 'x.css'; /* { */ .c { display: none }",
        "section { .c { display: none } }",
        ".c { display: none",
    ],
)
def test_the_rule_that_wins_decides(rules):
    page = f"<style>{rules}</style><p>a</p><section><p class=c id=i>hidden</p></section>"
    assert texts(page, "a.html") == ["a"]


@pytest.mark.parametrize(
    ("colour", "shows"),
    [
        ("#fff", False), ("#fefefe", False), ("white", False), ("rgb(255 255 255 / 50%)", False),
        ("hsl(0deg 0% 99%)", False), ("hwb(0 99% 0%)", False), ("lab(100 0 0)", False), ("#fff0", False),
        ("color(srgb 1 1 1)", False), ("rgba(0,0,0,0.05)", False), ("transparent", False), ("#ddd", True),
        ("yellow", True), ("rgb(80%, 80%, 80%)", True), ("hsl(60, 100%, 50%)", True),
    ],
)  # fmt: skip
def test_a_colour_shows_on_white_where_it_can_be_told_from_it(colour, shows):
    assert from_css(colour).shows_on(WHITE) is shows


# Mails


def mail(plain, page):
    import email.message

    made = email.message.EmailMessage()
    made["From"] = "ana@acme.example"
    made.set_content(plain)
    made.add_alternative(page, subtype="html")
    return bytes(made)


def test_the_plain_text_of_a_mail_is_read_only_where_its_page_shows_the_same():
    same = mail("Hello:\n\n- one\n", "<table><tr><td>Hello:<li>one</table>")
    assert sections(same, "a.eml") == (Section("Hello:"), Section("- one", Kind.ITEM))
    assert texts(mail("Hello.\n\nHidden.\n", "<p>Hello."), "a.eml") == ["Hello."]
    assert texts(mail("Hello.\n", "<p>Hello.<p style='display:none'>Hidden."), "a.eml") == ["Hello."]


def test_a_mail_in_a_character_set_that_nobody_knows_is_read():
    data = mail("Hola, año.", "<p>Hola, año.").replace(b'charset="utf-8"', b'charset="x-unheard-of"')
    assert texts(data, "a.eml") == ["Hola, año."]


# PDFs


@pytest.mark.parametrize("on", [True, False])
def test_a_layer_is_read_where_it_is_switched_on(on):
    text = " ".join(texts(pdfs.layered("canary", on=on), "a.pdf"))
    assert text.count("canary") == (2 if on else 0)
    assert before("canary") in text
    assert after("canary") in text


def test_what_a_scanner_read_is_read_and_what_stands_over_nothing_is_not():
    words = "Leave is three weeks long."
    assert texts(pdfs.scan(words, words), "a.pdf") == [words]
    with pytest.raises(DocumentError, match="nothing to read"):
        read(Content(pdfs.scan("", "A hidden order."), "a.pdf", OCTETS))


def test_of_two_texts_in_one_place_the_one_that_is_covered_is_not_read():
    data = pdfs.page(
        lambda canvas: canvas.drawString(72, 500, "Hidden below."),
        pdfs.picture(200),
        lambda canvas: canvas.drawString(72, 500, "Seen on top."),
    )
    assert texts(data, "a.pdf") == ["Seen on top."]


# Old ways of the formats


def test_letters_by_number_are_read_whole_from_rich_text():
    rtf = rb"{\rtf1\ansi\uc1 El a\u241?o, \u-10179?\u-8717? {\uc2\u8212--} y \b\u65?\b0\{\u123?}"
    assert texts(rtf, "a.rtf") == ["El año, 🗳 — y A{{"]


def test_text_that_was_inserted_while_changes_are_tracked_is_read():
    import docx
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    file = docx.Document()
    paragraph = file.add_paragraph("Leave is ")
    for kind, tag, days in (("del", "delText", "20"), ("ins", "t", "23")):
        paragraph._p.append(
            parse_xml(f"<w:{kind} {nsdecls('w')} w:id='1'><w:r><w:{tag}>{days}</w:{tag}></w:r></w:{kind}>")
        )
    paragraph.add_run(" days.")
    assert texts(samples.saved(file), "a.docx") == ["Leave is 23 days."]


# Files that are after our time


@pytest.mark.parametrize(
    "style",
    [
        "a" * 1_000_000,
        "[" + "é" * 60,
        ":is(" * 400,
        "{" * 20_000,
        "," * 100_000 + "{color:red}",
        "p{" + "".join(f"--v{n}:var(--v{n + 1}) var(--v{n + 1});" for n in range(60)) + "color:var(--v0)}",
        "p " * 12 + "{color:red}",
    ],
    ids=["no end", "brackets", "nesting", "braces", "commas", "variables", "steps"],
)
def test_a_style_sheet_that_is_made_to_be_slow_is_not(style):
    page = f"<style>{style}</style>" + "<p class=x>" * 10 + "text"
    assert texts(page, "a.html") == ["text"]


def test_texts_upon_texts_are_told_apart_in_a_few_looks():
    drawn = [lambda canvas: canvas.drawString(72, 500, "Below."), pdfs.picture(200)] * 30
    data = pdfs.page(*drawn, lambda canvas: canvas.drawString(72, 500, "Seen on top."))
    assert texts(data, "a.pdf") == ["Seen on top."]
