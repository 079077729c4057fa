"""Plain text, tables of text, XML and mail.

Text and mail go through unstructured. Its other two readers here were measured and left. `partition_csv`
reads cells that say NA or None as empty, writes line breaks as the letters \\n, refuses a file in which one
row is longer, parts a single column at a letter, and knows no UTF-16. `partition_xml` loses what follows an
element inside a paragraph ("Hello <b>bold</b> world") and puts the element before the words that lead to it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from email import message_from_bytes, policy
from email.message import EmailMessage, MIMEPart
from email.utils import parseaddr
from typing import Any

from lxml import etree

from config.errors import DocumentError
from ingest.documents import Content, Document, Kind, Section
from ingest.parsing.dates import read_date
from ingest.parsing.elements import prepare, to_outline
from ingest.parsing.markup import read_markup
from ingest.parsing.outline import Outline
from ingest.parsing.tables import join_rows
from ingest.parsing.text import BULLET, clean, decode, flat

_WORD = re.compile(r"\w{2,}")


def read_txt(content: Content, languages: Sequence[str]) -> Document:
    """Paragraphs are what empty lines separate; lines that start with a bullet or number are items."""
    return Document(text_sections(decode(content.data), languages))


def text_sections(text: str, languages: Sequence[str]) -> tuple[Section, ...]:
    """The paragraphs and items of plain text; wrapped lines are joined."""
    prepare()
    from unstructured.partition.text import partition_text

    return _gather(partition_text(text=text, paragraph_grouper=unwrap, languages=list(languages)))


def unwrap(text: str) -> str:
    """A text with each of its paragraphs and items on one line.

    unstructured's own grouping leaves short paragraphs cut at their line ends.
    """
    lines: list[str] = []
    for block in re.split(r"\n[ \t]*\n", clean(text).replace("\f", "\n\n")):
        for number, line in enumerate(block.strip("\n").split("\n")):
            if number == 0 or BULLET.match(line):
                lines.append(line)
            else:
                lines[-1] += " " + line
    return "\n".join(flat(line) for line in lines)


def _gather(elements: Iterable[Any]) -> tuple[Section, ...]:
    outline = Outline()
    to_outline(elements, outline)
    return outline.close()


def read_csv(content: Content, languages: Sequence[str]) -> Document:  # noqa: ARG001 (a reader's signature)
    """One table; the delimiter is the one that its first line holds most of."""
    text = clean(decode(content.data)).lstrip("\n")
    head = re.sub(r'"[^"\n]*"', "", text.partition("\n")[0])
    csv.field_size_limit(10_000_000)
    rows = join_rows(csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t|", key=head.count)))
    return Document((Section("\n".join(rows), Kind.TABLE),) if rows else ())


def read_xml(content: Content, languages: Sequence[str]) -> Document:  # noqa: ARG001 (a reader's signature)
    """The text of an XML file, one paragraph for each element that holds text of its own.

    Declared entities are refused: they are how a small file becomes gigabytes, or another file.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(content.data, parser)
    except etree.XMLSyntaxError as error:
        raise DocumentError(f"not well-formed XML: {error}") from error
    kinds = root.getroottree().docinfo.internalDTD
    if kinds is not None and next(kinds.iterentities(), None) is not None:
        raise DocumentError("the XML declares entities of its own, which looks like an attack")
    return Document(tuple(Section(text) for text in _passages(root)))


def read_eml(content: Content, languages: Sequence[str]) -> Document:
    """A mail: its subject is the title, its sender the author. Attachments are not read."""
    mail = message_from_bytes(content.data, policy=policy.default)
    if not isinstance(mail, EmailMessage) or not (mail["from"] or mail["subject"]):
        raise DocumentError("not a mail: it has neither a sender nor a subject")
    plain, page = mail.get_body(("plain",)), mail.get_body(("html",))
    if plain is None and page is None:
        raise DocumentError("the mail has no text in its body")
    sections = read_markup(_text_of(page)).sections if page is not None else ()
    if plain is not None and (page is None or _is_shown(_text_of(plain), sections)):
        sections = text_sections(_text_of(plain), languages)
    name, address = parseaddr(str(mail["from"] or ""))
    return Document(
        sections,
        title=flat(str(mail["subject"] or "")) or None,
        author=flat(name or address) or None,
        updated_at=read_date(str(mail["date"] or "")),
    )


def _text_of(part: MIMEPart) -> str:
    payload = part.get_payload(decode=True)
    return decode(payload, part.get_content_charset()) if isinstance(payload, bytes) else ""


def _is_shown(plain: str, page: Sequence[Section]) -> bool:
    """Whether every word of a mail's plain text stands in its page as well.

    Mail programs show the page; the plain text beside it is mostly made from it, and reads better.
    """
    shown = {word for section in page for word in _WORD.findall(section.text.lower())}
    return shown.issuperset(_WORD.findall(clean(plain).lower()))


def _passages(element: Any) -> Iterator[str]:
    """Texts of the innermost elements; one that mixes text and elements is taken whole."""
    mixed = [element.text, *(child.tail for child in element)]
    if any(part and part.strip() for part in mixed):
        yield flat("".join(element.itertext()))
        return
    for child in element:
        yield from _passages(child)
