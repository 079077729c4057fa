"""One file in, its document out: which reader a file needs, and what no reader is given."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable, Sequence
from importlib import import_module

from config.errors import DocumentError
from ingest.documents import Content, Document

Reader = Callable[[Content, Sequence[str]], Document]

# Format -> the module of this package that reads it, by a function of the format's name.
_READERS = {
    "md": "markdown", "html": "markup",
    "txt": "plain", "csv": "plain", "xml": "plain", "eml": "plain",
    "docx": "office", "pptx": "office", "xlsx": "office",
    "odt": "converted", "rtf": "converted", "epub": "converted",
    "pdf": "pdf",
}  # fmt: skip

_ENDINGS = {
    "markdown": "md", "mdx": "md", "mdown": "md", "htm": "html", "xhtml": "html", "text": "txt", "log": "txt",
    "tsv": "csv", "tab": "csv", "docm": "docx", "dotx": "docx", "pptm": "pptx", "ppsx": "pptx",
    "xlsm": "xlsx",
}  # fmt: skip

_MEDIA_TYPES = {
    "text/markdown": "md", "text/x-markdown": "md", "text/html": "html", "application/xhtml+xml": "html",
    "text/plain": "txt", "text/csv": "csv", "text/tab-separated-values": "csv", "text/xml": "xml",
    "application/xml": "xml", "message/rfc822": "eml", "application/pdf": "pdf",
    "application/rtf": "rtf", "text/rtf": "rtf", "application/epub+zip": "epub",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}  # fmt: skip

_XML = (".xml", ".rels", ".xhtml", ".html", ".opf", ".ncx")
_ARCHIVES = {"docx", "pptx", "xlsx", "odt", "epub"}
# Written as text, these may be nothing but a title on purpose: a redirect, a page of the navigation.
_PAGES = {"md", "html"}
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def read(content: Content, languages: Sequence[str] = ("en", "es"), unpacked_mb: int = 500) -> Document:
    """Parse one file in this very process. For anything but tests, use `Parsers`.

    Raises `DocumentError` with a reason for people.
    """
    kind = identify(content)
    if kind in _ARCHIVES:
        check_archive(content.data, kind, unpacked_mb * 1_000_000)
    reader: Reader = getattr(import_module(f"ingest.parsing.{_READERS[kind]}"), f"read_{kind}")
    try:
        document = reader(content, languages)
    except (DocumentError, MemoryError):
        raise
    except RecursionError as error:
        raise DocumentError("it is nested too deeply to be read") from error
    except Exception as error:  # parsers raise whatever a broken file makes them stumble over
        raise DocumentError(f"not a readable {kind} file: {_first_line(error)}") from error
    if not document.sections and (document.title is None or kind not in _PAGES):
        raise DocumentError("nothing to read in it")
    return document


def identify(content: Content) -> str:
    """The format of a file: by its first bytes where they tell, else by its name, else by its media type.

    Raises `DocumentError` for formats that are not read.
    """
    data = content.data
    if not data.strip(b"\0 \t\r\n"):
        raise DocumentError("the file is empty")
    if b"%PDF-" in data[:1024]:
        return "pdf"
    if data.startswith(_OLD_OFFICE):
        raise DocumentError(_explain_old_office(data))
    if data.startswith(b"{\\rtf"):
        return "rtf"
    named = _named(content)
    if data.startswith(b"PK\x03\x04"):
        return _identify_archive(data, named)
    if named in _ARCHIVES or named in {"pdf", "rtf"}:
        if _looks_like_html(data):
            return "html"
        raise DocumentError(
            f"not a {named} file: its first bytes are those of something else, or it is damaged"
        )
    if named in _READERS:
        return "html" if named == "txt" and _looks_like_html(data) else str(named)
    return _identify_text(content, named)


def check_archive(data: bytes, kind: str, limit: int) -> None:
    """Refuse an archive that is damaged, locked, or would unpack to over `limit` bytes; unpacks nothing."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if any(entry.flag_bits & 1 for entry in entries):
                raise DocumentError(f"the {kind} file is protected by a password")
            hostile = any(_climbs(entry) or _declares_entities(archive, entry) for entry in entries)
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError) as error:
        raise DocumentError(f"not a {kind} file: the zip is damaged ({error})") from error
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > limit:
        raise DocumentError(
            f"the {kind} file would unpack to {unpacked / 1e6:.0f} MB, more than {limit / 1e6:.0f} MB; "
            "raise `parsing.max_mb` to read it"
        )
    swollen = any(entry.file_size > max(1_000_000, 200 * entry.compress_size) for entry in entries)
    # XML is held in memory as one tree, at about ten times its size.
    text = sum(entry.file_size for entry in entries if entry.filename.endswith(_XML))
    if hostile:
        raise DocumentError(
            f"the {kind} file has parts that no Office program writes, which looks like an attack"
        )
    if swollen or text > limit / 5 or len(entries) > 20_000:
        raise DocumentError(f"the {kind} file unpacks to far more than its size, which looks like an attack")


def _climbs(entry: zipfile.ZipInfo) -> bool:
    """Whether a part would be unpacked outside of its folder. Nothing is; but no honest file asks for it."""
    return entry.filename.startswith("/") or ".." in entry.filename.replace("\\", "/").split("/")


def _declares_entities(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bool:
    """Whether a part of XML brings entities of its own: no Office program writes them, bombs are."""
    if not entry.filename.endswith(_XML):
        return False
    with archive.open(entry) as part:
        return b"<!ENTITY" in part.read(4096)


def _named(content: Content) -> str | None:
    ending = content.name.rpartition(".")[2].lower() if "." in content.name else ""
    ending = _ENDINGS.get(ending, ending)
    if ending in _READERS:
        return ending
    media_type = content.media_type.partition(";")[0].strip().lower()
    return _MEDIA_TYPES.get(media_type, ending or None)


def _identify_archive(data: bytes, named: str | None) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
            mimetype = archive.read("mimetype")[:80].strip() if "mimetype" in names else b""
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError) as error:
        raise DocumentError(f"not a {named or 'readable'} file: the zip is damaged ({error})") from error
    for part, kind in (("word/", "docx"), ("ppt/", "pptx"), ("xl/", "xlsx")):
        if any(name.startswith(part) for name in names):
            return kind
    if mimetype == b"application/epub+zip":
        return "epub"
    if mimetype.startswith(b"application/vnd.oasis.opendocument.text"):
        return "odt"
    if named in _ARCHIVES:
        raise DocumentError(f"not a {named} file: the zip is damaged or holds something else")
    raise DocumentError("archives are not read; put the files themselves into the source")


def _identify_text(content: Content, named: str | None) -> str:
    text = content.media_type.startswith("text/") or content.media_type.startswith("application/octet-stream")
    sample = content.data[:8192]
    if not text or b"\0" in sample:
        raise DocumentError(f"files of this kind are not read: .{named or content.media_type}")
    return "html" if _looks_like_html(sample) else "txt"


def _looks_like_html(data: bytes) -> bool:
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return head.startswith((b"<!doctype html", b"<html", b"<head", b"<body")) or b"<html" in head[:400]


def _explain_old_office(data: bytes) -> str:
    # Names inside the OLE container are UTF-16; a locked docx, xlsx or pptx is one such container.
    if "EncryptedPackage".encode("utf-16-le") in data:
        return "the file is protected by a password"
    return "it is in an old binary Office format (doc, xls, ppt, msg); save it as docx, xlsx, pptx or eml"


def _first_line(error: Exception) -> str:
    words = str(error).strip().partition("\n")[0][:200]
    return f"{type(error).__name__}: {words}" if words else type(error).__name__
