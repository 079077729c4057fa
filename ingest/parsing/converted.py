"""Formats that pandoc turns into HTML first: odt, rtf, epub.

unstructured has them converted by pandoc as well, but loses on the way what pandoc knew: of an odt (made a
docx) the footnotes, the author and the date, of an rtf title and author, of an epub those and the numbers of
steps, with terms parted from their definitions. An odt takes it twice as long.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import replace

from lxml import html

from config.errors import DocumentError
from ingest.documents import Content, Document
from ingest.parsing.dates import read_date
from ingest.parsing.markup import read_tree
from ingest.parsing.properties import read_properties
from ingest.parsing.text import flat
from ingest.parsing.unseen import books, open_document, rich_text


def read_odt(content: Content, languages: Sequence[str]) -> Document:  # noqa: ARG001 (a reader's signature)
    """OpenDocument text."""
    shown = open_document.without_unseen(content.data)
    document, told = _convert(shown, "odt"), read_properties(content.data)
    return replace(
        document,
        title=told.title or document.title,
        author=told.author or document.author,
        updated_at=told.updated_at or document.updated_at,
    )


def read_rtf(content: Content, languages: Sequence[str]) -> Document:  # noqa: ARG001 (a reader's signature)
    """Rich Text Format."""
    return _convert(rich_text.without_unseen(content.data), "rtf")


def read_epub(content: Content, languages: Sequence[str]) -> Document:  # noqa: ARG001 (a reader's signature)
    """An electronic book."""
    return _convert(books.without_unseen(content.data), "epub")


def find_pandoc() -> str | None:
    """The path of pandoc: the one on PATH, or the one that the pypandoc wheel carries."""
    import pypandoc  # type: ignore[import-untyped]

    try:
        return str(pypandoc.get_pandoc_path())
    except OSError:
        return None


def _convert(data: bytes, kind: str) -> Document:
    pandoc = find_pandoc()
    if pandoc is None:
        raise DocumentError(f"reading {kind} files needs pandoc, which is not installed")
    done = subprocess.run(
        [pandoc, "--from", kind, "--to", "html", "--sandbox", "--wrap=none", "--standalone"],
        input=data,
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().partition("\n")[0][:200]
        if "memory" in said or "heap" in said:
            raise MemoryError
        raise DocumentError(f"not a readable {kind} file: pandoc says {said!r}")
    tree = html.document_fromstring(done.stdout, parser=html.HTMLParser(encoding="utf-8", no_network=True))
    title = author = ""
    updated_at = None
    for header in tree.xpath("//header[@id='title-block-header']"):  # what pandoc makes of the metadata
        title = flat(header.findtext("h1") or "")
        author = flat(", ".join(header.xpath("p[@class='author']/text()")))
        updated_at = read_date(flat(header.xpath("string(p[@class='date'])")))
        header.drop_tree()
    for own in tree.xpath("//head/title | //head/style"):  # pandoc's: where the file has no title, a hyphen
        own.drop_tree()
    document = read_tree(tree)
    # Anchors are pandoc's own: nothing that opens the file knows them.
    sections = tuple(replace(section, anchor=None) for section in document.sections)
    return Document(sections, title=title or document.title, author=author or None, updated_at=updated_at)
