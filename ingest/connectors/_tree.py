"""What every source made of files and folders shares: ids, titles, media types and addresses of paths."""

from __future__ import annotations

import mimetypes
import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from string import Formatter
from urllib.parse import quote

# Types that the standard library does not know, or that it knows only on some machines.
_MEDIA_TYPES = {
    "adoc": "text/asciidoc",
    "csv": "text/csv",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "eml": "message/rfc822",
    "epub": "application/epub+zip",
    "htm": "text/html",
    "html": "text/html",
    "json": "application/json",
    "markdown": "text/markdown",
    "md": "text/markdown",
    "mdx": "text/markdown",
    "msg": "application/vnd.ms-outlook",
    "odp": "application/vnd.oasis.opendocument.presentation",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odt": "application/vnd.oasis.opendocument.text",
    "org": "text/org",
    "pdf": "application/pdf",
    "ppt": "application/vnd.ms-powerpoint",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "rst": "text/x-rst",
    "rtf": "application/rtf",
    "text": "text/plain",
    "tsv": "text/tab-separated-values",
    "txt": "text/plain",
    "xhtml": "application/xhtml+xml",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xml": "application/xml",
    "yaml": "application/yaml",
    "yml": "application/yaml",
}

_BROKEN = re.compile("[\udc80-\udcff\ufffd]")
_ESCAPED = re.compile("\ufffd([0-9a-f]{2})")


def encode_path(raw: bytes) -> str:
    """A path's bytes as text that can be stored as UTF-8: itself, where it is UTF-8.

    A byte that is not is written as U+FFFD and two hexadecimal digits, and so are the bytes of U+FFFD itself,
    which makes it reversible.
    """
    text = raw.decode("utf-8", "surrogateescape")
    return _BROKEN.sub(
        lambda found: "".join(f"\ufffd{byte:02x}" for byte in found[0].encode("utf-8", "surrogateescape")),
        text,
    )


def decode_path(text: str) -> bytes:
    """The bytes that `encode_path` was given."""
    restored = _ESCAPED.sub(lambda found: chr(int(found[1], 16) + 0xDC00), text)
    return restored.encode("utf-8", "surrogateescape")


def top_folder(path: str) -> str | None:
    """The first folder of a path, as `handbook/`; None for what is in none."""
    folder, slash, _ = path.partition("/")
    return folder + slash if slash else None


def read_title(path: str) -> str:
    """A title from an id, for documents that give none: the file's name for people to read.

    Underscores and dashes become spaces (not between digits: `2024-03`); index pages are called by
    their folder.
    """
    *folders, name = path.split("/")
    stem = name.rpartition(".")[0] or name
    if folders and stem.casefold() in {"index", "readme", "_index"}:
        stem = folders[-1]
    words = re.sub(r"(?<!\d)[-_]+|[-_]+(?!\d)", " ", _ESCAPED.sub("\ufffd", stem))
    title = " ".join("".join(" " if unicodedata.category(c) == "Cc" else c for c in words).split())
    return unicodedata.normalize("NFC", title) or name


def read_media_type(path: str) -> str:
    """The media type that a path's ending stands for."""
    ending = path.rsplit("/", 1)[-1].rpartition(".")[2].casefold()
    known = _MEDIA_TYPES.get(ending) or _standard_types.types_map[True].get(f".{ending}")
    return known or "application/octet-stream"


# Without the machine's own lists, so that a file has the same type everywhere.
_standard_types = mimetypes.MimeTypes()


def read_time(seconds: float) -> datetime | None:
    """A time since 1970 in UTC; None where it is no date that a calendar knows."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def check_pattern(pattern: str, known: tuple[str, ...]) -> str:
    """The pattern of an address again. Raises `ValueError` for braces that are none of the `known` words."""
    words = ", ".join(f"{{{word}}}" for word in known)
    try:
        fields = [field for _, field, _, _ in Formatter().parse(pattern) if field is not None]
    except ValueError as error:
        raise ValueError(f"has a brace too many or too few; it may hold {words}") from error
    for field in fields:
        if field not in known:
            raise ValueError(f"holds {{{field}}}, which is not known; it may hold {words}")
    return pattern


def fill_pattern(pattern: str, path: str, more: Mapping[str, str] | None = None) -> str:
    """The address of a path: `{path}`, `{stem}` (without its ending), `{name}` and `more`, URL-quoted."""
    folders, slash, name = path.rpartition("/")
    stem = folders + slash + (name.rpartition(".")[0] or name)
    words = {"path": path, "stem": stem, "name": name, **(more or {})}
    return pattern.format(**{word: quote(decode_path(text), safe="/") for word, text in words.items()})
