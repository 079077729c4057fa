"""What Sabio itself says, in the language of the question. Everything else in an answer is quoted.

The sentences are in `locales/`, one catalogue a language: `en.po` has them all, and what another does not
have is said in English. A regional catalogue (`es_MX.po`) needs only what differs from its language's.
"""

from __future__ import annotations

import io
import re
from datetime import datetime, timedelta
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import TYPE_CHECKING, Never

if TYPE_CHECKING:
    from babel import Locale
    from babel.messages import Catalog

LOCALES = Path(__file__).with_name("locales")
_LEAST, _YEAR = timedelta(seconds=1), timedelta(days=365)
# English that is of no country in particular: 3 March 2026, and 1,234.
_INTERNATIONAL = "en_001"


def say(key: str, language: str, *, count: int | None = None, **values: str | int) -> str:
    """One of Sabio's own sentences, in the language of the question where it has it, else in English.

    `language` is a code with or without a region (`es`, `es-MX`, `pt_BR`). `count` chooses the plural form of
    a sentence that speaks of `{count}` things; numbers are written as the language writes them. What is said
    is one line, whatever white space the values bring: a title cannot pass for a line of the answer.
    """
    sentences = _sentences(_names(language))
    said = sentences.gettext(key) if count is None else sentences.ngettext(key, key, count)
    filled = values if count is None else {**values, "count": count}
    return said.format(**{name: _on_a_line(value, language) for name, value in filled.items()})


def date(moment: datetime, language: str) -> str:
    """A day in words, as `3 March 2026`."""
    from babel.dates import format_date

    return format_date(moment, "long", _locale(language))


def ago(moment: datetime, language: str, now: datetime) -> str:
    """How long before `now` a moment was, in words and roughly: `3 days ago`; one to come is `in 3 days`."""
    from babel.dates import format_timedelta

    passed = moment - now if abs(moment - now) >= _LEAST else -_LEAST  # never "in 0 seconds"
    whole = 2 if abs(passed) > _YEAR else 1  # "11 months" is no year, and "18 months" are not two
    return format_timedelta(passed, threshold=whole, add_direction=True, locale=_locale(language))


def number(n: float, language: str) -> str:
    """A number as the language writes it: `12,345.6` or `12.345,6`, with three decimals at the most."""
    from babel.numbers import format_decimal

    return format_decimal(n, locale=_locale(language))


def read(path: Path) -> Catalog:
    """The sentences of one language, whose code is the file's name. `ValueError` says what is wrong where."""
    from babel.messages.pofile import PoFileError, read_po

    written = path.read_bytes()
    try:
        return read_po(io.StringIO(written.decode()), locale=path.stem, abort_invalid=True)
    except UnicodeDecodeError as error:
        line, wrong = written.count(b"\n", 0, error.start), "not UTF-8"
    except PoFileError as error:
        line, wrong = error.lineno, str(error).removesuffix(f" on {error.lineno}")
    raise ValueError(f"{path}, line {line + 1}: {wrong}")


class _Nothing(NullTranslations):
    """Where a sentence is looked for last: not even English has it, which is a mistake in the code."""

    def gettext(self, message: str) -> Never:
        raise KeyError(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> Never:  # noqa: ARG002
        raise KeyError(msgid1)


@cache
def _sentences(names: tuple[str, ...]) -> NullTranslations:
    """The catalogues of those names, each asked for what those before it do not have; read once."""
    if not names:
        return _Nothing()
    from babel.messages.mofile import write_mo

    compiled = io.BytesIO()
    write_mo(compiled, read(LOCALES / f"{names[0]}.po"))
    compiled.seek(0)
    sentences = GNUTranslations(compiled)
    sentences.add_fallback(_sentences(names[1:]))
    return sentences


@lru_cache(64)
def _names(language: str) -> tuple[str, ...]:
    """Which catalogues have a say, the nearest first: (`es_MX`, `es`, `en`) for `es-mx`, where they are."""
    there = _catalogues()
    near = [there[code] for code in _shortened(language) if code in there]
    return (*near, *(["en"] if "en" not in near else []))


@cache
def _catalogues() -> dict[str, str]:
    return {path.stem.lower(): path.stem for path in LOCALES.glob("*.po")}


def _shortened(language: str) -> list[str]:
    """`zh-Hant-TW` as `zh_hant_tw`, `zh_hant` and `zh`."""
    parts = re.split("[-_]", language.lower())
    return ["_".join(parts[:length]) for length in range(len(parts), 0, -1)]


@lru_cache(64)
def _locale(language: str) -> Locale:
    """How dates and numbers are written: as in the region, if Sabio speaks its language."""
    from babel import Locale, UnknownLocaleError

    codes = _shortened(language)
    if codes[-1] in _catalogues() and codes != ["en"]:
        for code in codes:
            try:
                return Locale.parse(code)
            except (UnknownLocaleError, ValueError):
                continue  # a region that nobody has heard of: as its language
    return Locale.parse(_INTERNATIONAL)


def _on_a_line(value: str | int, language: str) -> str:
    return number(value, language) if isinstance(value, int) else " ".join(value.split())
