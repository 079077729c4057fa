"""Excel's number formats: whether one shows a value at all, and in which colour."""

from __future__ import annotations

import re
from functools import lru_cache

from ingest.parsing.unseen.colours import Colour, from_css, from_hex

_PART = re.compile(r'"[^"]*"?|\\.|_.|\*.|\[[^\]]*\]|;|.', re.DOTALL)
_PLACE = re.compile(r"[0#?@]|general|[dmyhsebg]", re.IGNORECASE)
"""Places for a digit, a text, or a part of a date."""
_ELAPSED = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_CONDITION = re.compile(r"\[[<>=]")
_NUMBERED = {"color1": "000000", "color2": "FFFFFF"}


def hides(code: str, value: object) -> bool:
    """Whether a format such as `;;;` shows nothing of a value.

    A number may be shown as a word, as a zero is by a dash; a text for which another stands is not shown.
    """
    section = _section(code, value) if code else None
    if section is None or _shows(section):
        return False
    return isinstance(value, str) or not _says(section)


def may_hide(code: str) -> bool:
    """Whether there may be a value that a format shows nothing of."""
    sections = _split(code) if code else ()
    empty = any(not _shows(one) and not _says(one) for one in sections)
    return empty or (len(sections) > 3 and not _shows(sections[3]))


def inks(code: str) -> list[Colour]:
    """The colours that a format writes in, whatever the value."""
    found = (_ink(section) for section in (_split(code) if "[" in code else ()))
    return [colour for colour in found if colour is not None]


def ink(code: str, value: object) -> Colour | None:
    """The colour that a format such as `[White]General` writes a value in, before the cell's own."""
    return _ink(_section(code, value) or "") if "[" in code else None


def _ink(section: str) -> Colour | None:
    for name in re.findall(r"\[([a-z]+ ?\d*)\]", section.lower()):
        colour = from_hex(_NUMBERED.get(name.replace(" ", ""), "")) or from_css(name)
        if colour is not None:
            return colour
    return None


def _section(code: str, value: object) -> str | None:
    """The part of a format that holds for a value; `None` where the value is shown as it is."""
    sections = _split(code)
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        if len(sections) >= 4:
            return sections[3]
        return sections[-1] if "@" in sections[-1] else None
    if any(_CONDITION.search(one) for one in sections):
        return next(filter(_shows, sections), sections[0])
    below = isinstance(value, int | float) and value < 0
    zero = isinstance(value, int | float) and value == 0
    place = 1 if below else 2 if zero and len(sections) > 2 else 0
    return sections[min(place, len(sections) - 1)]


@lru_cache(maxsize=1000)
def _split(code: str) -> tuple[str, ...]:
    sections = [""]
    for part in _PART.findall(code):
        if part == ";":
            sections.append("")
        else:
            sections[-1] += part
    return tuple(sections)


@lru_cache(maxsize=1000)
def _shows(section: str) -> bool:
    plain = "".join(
        part for part in _PART.findall(section) if part[0] not in '"\\_*[' or _ELAPSED.fullmatch(part)
    )
    return bool(_PLACE.search(plain))


@lru_cache(maxsize=1000)
def _says(section: str) -> bool:
    """Whether a section writes something, whatever the value."""
    return any(
        part.strip('"\\').strip() for part in _PART.findall(section) if part[0] not in "_*[" and part != ";"
    )
