"""What can be quoted of a passage: its complete sentences, list items and table rows."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ingest.documents import Kind

# Words that end in a period without ending a sentence, in the languages that Sabio speaks.
_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof sr sra srta dra d dña ud uds lic ing arq st vs etc eg ie approx dept est fig no nos"  # noqa: SIM905
    " nos núm núms num art arts cap cf p pp pág págs vol ed inc ltd corp co jr ee uu jan feb mar apr jun jul"
    " aug sep sept oct nov dec ene abr ago dic av avda ext max máx min mín aprox ej gral admón".split()
)
_END = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s+[\"'“‘«(\[¿¡]*[A-ZÁÉÍÓÚÑÜ0-9])|[。！？]")
_CELLS = " | "


@dataclass(frozen=True, slots=True)
class Unit:
    """Something complete that a passage says, in the passage's own words."""

    quote: str
    """Verbatim from the passage."""
    context: str
    """What it needs to be understood: the table's header, the sentence that leads into the list."""
    kind: Kind
    line: int
    """Which line of the passage's text it stands in, from 0."""
    whole: bool
    """Whether it is all of that line."""

    @property
    def shown(self) -> str:
        """The unit as a sentence of an answer: a table row with the names of its columns."""
        if self.kind is not Kind.TABLE:
            return _without_bullet(self.quote)
        names, cells = self.context.split(_CELLS), self.quote.split(_CELLS)
        if len(names) != len(cells):
            return self.quote
        return "; ".join(
            f"{name}: {cell}" if name.strip() else cell
            for name, cell in zip(names, cells, strict=True)
            if cell.strip()
        )


def units(text: str) -> list[Unit]:
    """The units of a passage's text, in order."""
    found: list[Unit] = []
    lead, header = "", ""
    for number, line in enumerate(text.split("\n")):
        row, item = _CELLS in line, _is_item(line)
        if row and not header:
            header = line  # the columns' names are no statement
            continue
        if row:
            found.append(Unit(line, header, Kind.TABLE, number, whole=True))
            continue
        header = ""
        parts = sentences(line)
        kind, context = (Kind.ITEM, lead) if item else (Kind.TEXT, "")
        found += [Unit(part, context, kind, number, whole=len(parts) == 1) for part in parts]
        if parts and not item:
            lead = parts[-1] if parts[-1].endswith(":") else ""
    return found


def sentences(text: str) -> list[str]:
    """The sentences of a paragraph, each a verbatim part of it, in order."""
    found, start = [], 0
    for end in _END.finditer(text):
        word = re.split(r"[\s(]", text[start : end.start()])[-1].lower().strip("¿¡\"'“«")
        dotted = end.group().startswith(".") and (word in _ABBREVIATIONS or _is_initial(word))
        if dotted or (start == 0 and _is_bullet(text[: end.end()])):
            continue
        found.append(text[start : end.end()].strip())
        start = end.end()
    found.append(text[start:].strip())
    return [sentence for sentence in found if sentence]


def _is_initial(word: str) -> bool:
    """A single letter, or letters with periods between: `J`, `e.g`, `EE.UU`."""
    return bool(re.fullmatch(r"\w|(\w{1,2}\.)+\w{1,2}", word)) and not word.isdigit()


_BULLET = re.compile(r"\s*([-*•–◦▪]|\(?(\d{1,3}|[a-zA-Z])[.)])\s+")


def _is_item(line: str) -> bool:
    return bool(_BULLET.match(line))


def _is_bullet(text: str) -> bool:
    return bool(_BULLET.fullmatch(text + " "))


def _without_bullet(text: str) -> str:
    return _BULLET.sub("", text, count=1)
