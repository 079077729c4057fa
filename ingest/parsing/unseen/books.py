"""E-books: pages of XHTML with style sheets of their own, which pandoc does not know."""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from lxml import etree

from ingest.parsing.unseen.archives import parse, with_parts
from ingest.parsing.unseen.markup import remove_unseen

_PAGES = (".xhtml", ".html", ".htm", ".xml")


def without_unseen(data: bytes) -> bytes:
    """The same book without what its pages do not show; the very same bytes where they show all."""
    changed: dict[str, bytes] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = set(archive.namelist())
        for name in sorted(names):
            if not name.lower().endswith(_PAGES):
                continue
            try:
                page = parse(archive.read(name))
            except etree.XMLSyntaxError:
                continue  # pandoc refuses the book, or does not read the page
            sheets = [
                archive.read(one).decode(errors="replace") for one in _sheets(page, name) if one in names
            ]
            if remove_unseen(page, sheets):
                changed[name] = etree.tostring(page.getroottree(), xml_declaration=True, encoding="utf-8")
    return with_parts(data, changed)


def _sheets(page: Any, name: str) -> Iterator[str]:
    """The paths in the archive of the style sheets that a page links."""
    for link in page.iter("{*}link"):
        if "stylesheet" in (link.get("rel") or "") and link.get("href"):
            yield posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(link.get("href"))))
