"""Plain text, tables of text, XML and mail."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from datetime import UTC
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any

from lxml import etree

from config.errors import DocumentError
from ingest.documents import Content, Document, Kind, Section
from ingest.parsing.markup import read_markup
from ingest.parsing.tables import join_rows
from ingest.parsing.text import clean, decode, flat

BULLET = re.compile(r"^\s*(?:[-*+•·◦‣–]|\(?\d{1,3}[.)]|[a-z][.)])\s+\S")


def read_txt(content: Content, languages: Sequence[str]) -> Document:  # noqa: ARG001 (a reader's signature)
    """Paragraphs are what empty lines separate; lines that start with a bullet or number are items."""
    return Document(tuple(text_sections(decode(content.data))))


def text_sections(text: str) -> Iterator[Section]:
    """The paragraphs and items of plain text; wrapped lines are joined."""
    for block in re.split(r"\n[ \t]*\n", clean(text).replace("\f", "\n\n")):
        lines: list[str] = []
        for line in block.split("\n"):
            if not lines or BULLET.match(line):
                lines.append(line)
            else:
                lines[-1] += " " + line
        for line in lines:
            if joined := flat(line):
                yield Section(joined, Kind.ITEM if BULLET.match(line) else Kind.TEXT)


def read_csv(content: Content, languages: Sequence[str]) -> Document:  # noqa: ARG001 (a reader's signature)
    """One table; the delimiter is told from the first lines."""
    text = clean(decode(content.data))
    sample = "\n".join(text.split("\n")[:20])
    try:
        dialect: type[csv.Dialect] | csv.Dialect = csv.Sniffer().sniff(sample, delimiters=",;\t|")
    except csv.Error:  # a single column, or too little to tell by
        dialect = csv.excel_tab if "\t" in sample else csv.excel
    csv.field_size_limit(10_000_000)
    rows = join_rows(csv.reader(io.StringIO(text, newline=""), dialect))
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


def read_eml(content: Content, languages: Sequence[str]) -> Document:  # noqa: ARG001 (a reader's signature)
    """A mail: its subject is the title, its sender the author. Attachments are not read."""
    mail = message_from_bytes(content.data, policy=policy.default)
    if not isinstance(mail, EmailMessage) or not (mail["from"] or mail["subject"]):
        raise DocumentError("not a mail: it has neither a sender nor a subject")
    body = mail.get_body(preferencelist=("plain", "html"))
    if body is None:
        raise DocumentError("the mail has no text in its body")
    text = body.get_content()
    read = (
        read_markup(text) if body.get_content_type() == "text/html" else Document(tuple(text_sections(text)))
    )
    name, address = parseaddr(str(mail["from"] or ""))
    sent = mail["date"].datetime if mail["date"] else None
    return Document(
        read.sections,
        title=flat(str(mail["subject"] or "")) or None,
        author=flat(name or address) or None,
        updated_at=(sent if sent.tzinfo else sent.replace(tzinfo=UTC)).astimezone(UTC) if sent else None,
    )


def _passages(element: Any) -> Iterator[str]:
    """Texts of the innermost elements; one that mixes text and elements is taken whole."""
    mixed = [element.text, *(child.tail for child in element)]
    if any(part and part.strip() for part in mixed):
        yield flat("".join(element.itertext()))
        return
    for child in element:
        yield from _passages(child)
