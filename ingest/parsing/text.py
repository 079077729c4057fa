"""Bytes and strings: decoding what people save, and removing what nobody sees."""

from __future__ import annotations

import codecs
import re
from contextlib import suppress

from config.errors import DocumentError
from ingest.characters import visible

BULLET = re.compile(r"^\s*(?:[-*+•·◦‣–]|\(?\d{1,3}[.)]|[a-z][.)])\s+\S")
"""How a line begins that is a list item."""
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def decode(data: bytes, declared: str | None = None) -> str:
    """The text of a file, by its byte order mark, as declared, as UTF-8, or by the best guess, in this order.

    Raises `DocumentError` for what is not text at all.
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return data.decode(encoding, errors="replace")
    if b"\0" in data:
        raise DocumentError("it is not text, though its name says so: it contains zero bytes")
    if declared is not None:
        with suppress(LookupError, UnicodeDecodeError):  # declared wrongly, as often as not
            return data.decode(declared)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode(_guess(data), errors="replace")


def _guess(data: bytes) -> str:
    """The likeliest legacy encoding. Western European unless another script is clearly there."""
    from charset_normalizer import from_bytes

    best = from_bytes(data[:200_000]).best()
    western = best is None or all(
        alphabet.startswith(("Basic Latin", "Latin")) for alphabet in best.alphabets
    )
    return "cp1252" if western or best is None else best.encoding


def clean(text: str) -> str:
    """Without the characters that nobody sees; lines and spaces as they are."""
    return visible(text.replace("\r\n", "\n").replace("\r", "\n"))


def flat(text: str) -> str:
    """Cleaned, on one line, with single spaces."""
    return " ".join(clean(text).split())
