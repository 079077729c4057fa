"""Questions about a cell or a row, over the same tables in English and in Spanish.

`python -m tests.bench.rows`. The tables and the questions are ours; no weight was fitted on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import openpyxl

from bot.answering import Inspection, inspect
from bot.messages import Outcome
from ingest.documents import Kind
from tests.bench.bases import EVERYONE, STORE, make_base
from tests.bench.tables import Cell, show

COMMAND = "python -m tests.bench.rows"
Table = tuple[tuple[str | float, ...], ...]

LEAVE: dict[str, Table] = {
    "en": (
        ("Reason", "Paid days", "Who approves"),
        ("Marriage", 15, "People team"),
        ("Moving house", 2, "Line manager"),
        ("Death of a close relative", 4, "People team"),
        ("Medical appointment", 0.5, "Line manager"),
        ("Jury duty", 5, "Legal"),
        ("Birth of a child", 112, "People team"),
        ("Exams", 3, "Line manager"),
        ("Blood donation", 1, "Line manager"),
    ),
    "es": (
        ("Motivo", "Días retribuidos", "Quién autoriza"),
        ("Matrimonio", 15, "Personas"),
        ("Mudanza", 2, "Responsable directo"),
        ("Fallecimiento de un familiar", 4, "Personas"),
        ("Cita médica", 0.5, "Responsable directo"),
        ("Deber de jurado", 5, "Legal"),
        ("Nacimiento de un hijo", 112, "Personas"),
        ("Exámenes", 3, "Responsable directo"),
        ("Donación de sangre", 1, "Responsable directo"),
    ),
}
RATES = {
    "en": "Country,Hotel per night,Meals per day,Kilometre\nSpain,110 EUR,38 EUR,0.26 EUR\n"
    "France,140 EUR,45 EUR,0.30 EUR\nPortugal,95 EUR,35 EUR,0.24 EUR\nGermany,135 EUR,42 EUR,0.30 EUR\n"
    "Switzerland,210 CHF,70 CHF,0.70 CHF\nUnited Kingdom,160 GBP,40 GBP,0.45 GBP\n",
    "es": "País;Hotel por noche;Dietas por día;Kilómetro\nEspaña;110 EUR;38 EUR;0,26 EUR\n"
    "Francia;140 EUR;45 EUR;0,30 EUR\nPortugal;95 EUR;35 EUR;0,24 EUR\nAlemania;135 EUR;42 EUR;0,30 EUR\n"
    "Suiza;210 CHF;70 CHF;0,70 CHF\nReino Unido;160 GBP;40 GBP;0,45 GBP\n",
}
SUPPORT = {
    "en": "# Support\n\nTickets are answered by severity.\n\n"
    "| Severity | First reply | Solved within | Channel |\n|---|---|---|---|\n"
    "| Critical | 15 minutes | 4 hours | Phone |\n| High | 1 hour | 1 day | Phone or chat |\n"
    "| Normal | 8 hours | 5 days | Chat |\n| Low | 2 days | 20 days | E-mail |\n",
    "es": "# Soporte\n\nLas incidencias se atienden según su gravedad.\n\n"
    "| Gravedad | Primera respuesta | Resuelta en | Canal |\n|---|---|---|---|\n"
    "| Crítica | 15 minutos | 4 horas | Teléfono |\n| Alta | 1 hora | 1 día | Teléfono o chat |\n"
    "| Normal | 8 horas | 5 días | Chat |\n| Baja | 2 días | 20 días | Correo |\n",
}
PAGES = {
    "en": {
        "holidays.md": "# Holidays\n\nEverybody has 24 days of holiday a year. Moving between teams does not"
        " change them. Ask your manager two weeks before.\n",
        "office.md": "# Moving the office\n\nThe office moves house in June. Boxes are handed out before.\n",
    },
    "es": {
        "vacaciones.md": "# Vacaciones\n\nTodos tienen 24 días de vacaciones al año. Cambiar de equipo no los"
        " cambia. Avise a su responsable dos semanas antes.\n",
        "oficina.md": "# Traslado de la oficina\n\nLa oficina se traslada en junio. Se reparten cajas.\n",
    },
}
ROOMS = (
    "Amber Birch Cedar Dahlia Elm Fern Garnet Hazel Iris Jasper Kelp Linden Maple Nettle Oak Poplar Quartz"
    " Rowan Sorrel Tulip Umber Violet Willow Xenia Yarrow Zinnia Aspen Basil Clover Daisy Edelweiss Foxglove"
    " Ginger Heather Indigo Juniper Kestrel Lavender Magnolia Narcissus Olive Peony Quince Rosemary Sage"
)
COLUMNS: dict[str, Table] = {
    "en": (("Code", "Room", "Floor", "Seats", "Projector"),),
    "es": (("Código", "Sala", "Planta", "Plazas", "Proyector"),),
}


@dataclass(frozen=True)
class Asked:
    """The same question in both languages, and the label of the row that answers it."""

    english: str
    spanish: str
    row: dict[str, str]


def _asked(english: str, spanish: str, row: str, fila: str | None = None) -> Asked:
    return Asked(english, spanish, {"en": row, "es": fila or row})


QUESTIONS = (
    _asked("How many days for moving house?", "¿Cuántos días por mudanza?", "Moving house", "Mudanza"),
    _asked("How many days off if I move?", "¿Cuántos días si me mudo de casa?", "Moving house", "Mudanza"),
    _asked(
        "How long is the leave for a marriage?",
        "¿Cuánto dura el permiso de matrimonio?",
        "Marriage",
        "Matrimo",
    ),
    _asked("Paid days for exams", "Días pagados por exámenes", "Exams", "Exámenes"),
    _asked("Who approves leave for jury duty?", "¿Quién autoriza el deber de jurado?", "Jury", "jurado"),
    _asked("Do I get time off to give blood?", "¿Hay permiso para donar sangre?", "Blood", "sangre"),
    _asked(
        "My grandmother died, how many days?", "Ha muerto mi abuela, ¿cuántos días?", "Death", "Fallecimiento"
    ),
    _asked("Doctor's appointment, paid time", "Horas pagadas para ir al médico", "Medical", "médica"),
    _asked("Paid days when a child is born", "Días por el nacimiento de un hijo", "Birth", "Nacimiento"),
    _asked("Which floor is the room Willow on?", "¿En qué planta está la sala Willow?", "Willow"),
    _asked("How many seats does Quince have?", "¿Cuántas plazas tiene Quince?", "Quince"),
    _asked("Is there a projector in Lavender?", "¿Hay proyector en Lavender?", "Lavender"),
    _asked("How many people fit in Zinnia?", "¿Cuánta gente cabe en Zinnia?", "Zinnia"),
    _asked("What is the hotel limit in Germany?", "¿Cuánto es el hotel en Alemania?", "Germany", "Alemania"),
    _asked(
        "How much per kilometre in Switzerland?", "¿A cuánto el kilómetro en Suiza?", "Switzerland", "Suiza"
    ),
    _asked("Meals allowance for the UK", "Dietas en el Reino Unido", "United Kingdom", "Reino Unido"),
    _asked(
        "What are the meals a day in France?", "¿Cuál es la dieta diaria en Francia?", "France", "Francia"
    ),
    _asked("Price of a kilometre in Portugal", "Precio del kilómetro en Portugal", "Portugal"),
    _asked(
        "How fast is a critical ticket answered?", "¿Cuándo se contesta una crítica?", "Critical", "Crítica"
    ),
    _asked("When is a low severity issue solved?", "¿Cuándo se resuelve una baja?", "Low", "Baja"),
    _asked("Which channel for normal severity?", "¿Qué canal para la gravedad normal?", "Normal"),
    _asked("First reply for high severity", "Primera respuesta de gravedad alta", "High", "Alta"),
)


def main() -> None:
    """Print how often the right row comes first, and is answered with."""
    rows: list[tuple[Cell, ...]] = []
    for there in ("en", "es"):
        base = make_base(
            STORE.absolute(), f"rows-{there}", _write(STORE.absolute() / f"rows-pages/{there}", there)
        )
        with base:
            for language in ("en", "es"):
                asked = [one.english if language == "en" else one.spanish for one in QUESTIONS]
                found = [inspect(base, text, EVERYONE) for text in asked]
                rows.append(
                    (f"{language}→{there}", len(asked), *_figures(found, [q.row[there] for q in QUESTIONS]))
                )
    head = ("", "questions", "the row first", "in the first three", "answered, the row among five")
    show("Questions about a row, over tables of each language", COMMAND, head, rows)


def _write(folder: Path, language: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    seats = [(f"R{n:03}", name, 1 + n % 7, 4 + n % 19, "no") for n, name in enumerate(ROOMS.split())]
    _write_sheet(folder / "leave.xlsx", LEAVE[language])
    _write_sheet(folder / "rooms.xlsx", (*COLUMNS[language], *seats))
    for name, text in {
        "rates.csv": RATES[language],
        "support.md": SUPPORT[language],
        **PAGES[language],
    }.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def _write_sheet(file: Path, rows: Sequence[Sequence[Any]]) -> None:
    if not file.exists():  # the time of making it would be a change
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        book.save(file)


def _figures(found: Sequence[Inspection], wanted: Sequence[str]) -> tuple[float, float, float]:
    places = [_place(one, row) for one, row in zip(found, wanted, strict=True)]
    answered = [
        place < 5 and one.outcome is not Outcome.NOT_FOUND for place, one in zip(places, found, strict=True)
    ]
    return fmean(place == 0 for place in places), fmean(place < 3 for place in places), fmean(answered)


def _place(inspection: Inspection, row: str) -> int:
    rows = [one.unit.kind is Kind.TABLE and row in one.unit.quote for one in inspection.ranked]
    return rows.index(True) if any(rows) else len(rows)


if __name__ == "__main__":
    main()
