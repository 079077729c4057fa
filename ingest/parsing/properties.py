"""What an Office or OpenDocument file says about itself: title, author, date.

Read here and not by python-docx, python-pptx and openpyxl: where a file says nothing, they answer with
themselves as the author and with the present moment as the date.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lxml import etree

from ingest.parsing.dates import read_date
from ingest.parsing.text import flat

_PARTS = ("docProps/core.xml", "meta.xml")
# Dublin Core, by local name. OpenDocument's `creator` is who changed the file last.
_AUTHOR = ("initial-creator", "creator")
_DATE = ("modified", "date", "created", "creation-date")


@dataclass(frozen=True, slots=True)
class Properties:
    """None is what the file does not say."""

    title: str | None = None
    author: str | None = None
    updated_at: datetime | None = None


def read_properties(data: bytes) -> Properties:
    """The properties of a zipped document. A damaged or missing part says nothing."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        part = next((name for name in _PARTS if name in archive.namelist()), None)
        if part is None:
            return Properties()
        try:
            root = etree.fromstring(
                archive.read(part), etree.XMLParser(resolve_entities=False, no_network=True)
            )
        except etree.XMLSyntaxError:
            return Properties()
    told = _texts(root)
    author = next(filter(None, (told.get(name) for name in _AUTHOR)), None)
    dates = (read_date(told.get(name)) for name in _DATE)
    return Properties(told.get("title"), author, next(filter(None, dates), None))


def _texts(root: Any) -> dict[str, str]:
    texts = ((element, flat(element.text or "")) for element in root.iter("{*}*"))
    return {etree.QName(element).localname: text for element, text in texts if text}
