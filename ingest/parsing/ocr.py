"""Letters out of pictures, by tesseract where it is installed."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from typing import Any

from config.errors import DocumentError

# tesseract names languages by ISO 639-3.
_NAMES = {
    "en": "eng",
    "es": "spa",
    "ca": "cat",
    "gl": "glg",
    "eu": "eus",
    "pt": "por",
    "fr": "fra",
    "de": "deu",
    "it": "ita",
}


def read_picture(picture: Any, languages: Sequence[str]) -> str:
    """The text of a picture (PIL), paragraphs separated by empty lines.

    Raises `DocumentError` when tesseract or every one of the languages is missing.
    """
    tesseract = shutil.which("tesseract")
    if tesseract is None:
        raise DocumentError(
            "it has pages without text (scans), and reading those needs tesseract, which is not installed"
        )
    wanted = [_NAMES.get(language, language) for language in languages]
    known = [name for name in wanted if name in _installed(tesseract)]
    if not known:
        raise DocumentError(
            f"it has scanned pages, and tesseract has none of the languages {', '.join(wanted)}"
        )
    png = io.BytesIO()
    picture.convert("L").save(png, "PNG")
    done = subprocess.run(
        [tesseract, "stdin", "stdout", "-l", "+".join(known), "--psm", "3"],
        input=png.getvalue(),
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2][:200]
        raise DocumentError(f"tesseract could not read a scanned page: {said}")
    return done.stdout.decode(errors="replace").replace("\f", "")


@cache
def _installed(tesseract: str) -> frozenset[str]:
    done = subprocess.run([tesseract, "--list-langs"], capture_output=True, check=True, text=True)
    return frozenset(done.stdout.split("\n")[1:])
