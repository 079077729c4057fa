"""The whole product on the sample company: sync, ask, edit a page, sync, ask again. `make demo` runs it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import yaml

from bot.door import handle
from bot.messages import Message, Person
from bot.platforms import terminal
from config.settings import EXAMPLE, load_settings
from config.system import explain_missing, missing_programs
from ingest.knowledge import KnowledgeBase
from workers.local import sync_sources


@dataclass(frozen=True, slots=True)
class Question:
    """Something to ask, and what there is to see in the answer."""

    text: str
    note: str
    needs: tuple[str, ...] = ()
    """Programs without which the answer may not be found."""


QUESTIONS = (
    Question("How many days a week can I work from home?", "two pages disagree: both are shown, with dates"),
    Question(
        "¿Cuánto se cobra por una semana completa de guardia?",
        "Spanish, about a page in English",
        ("apertium",),
    ),
    Question("How much may a Lead spend on a hotel per night?", "the answer is a row of a table"),
    Question(
        "¿Qué se hace si arde una batería de litio en el laboratorio?",
        "from a scanned PDF, read by OCR",
        ("tesseract",),
    ),
    Question(
        "How many stock options does a new employee receive?", "nothing answers this, and Sabio says so"
    ),
)
EDITED = Path("wiki/people/expenses.md")
BEFORE = "| Lead (5) | 140 € | 48 € | 30 € |"
AFTER = "| Lead (5) | 150 € | 48 € | 30 € |"
AGAIN = QUESTIONS[2]


def run_demo(data: Path | None = None) -> None:
    """Run the demo in `data`, else in `./var/demo`. What it indexed stays there, so a second run is quick."""
    started = time.monotonic()
    folder = (data or Path("var/demo")).absolute()
    config = _lay_out(folder)
    missing = {program.name: explain_missing(program) for program in missing_programs()}
    if missing:
        terminal.say_step("Without", f"{', '.join(missing)}: the demo goes on, with less")
        for explanation in missing.values():
            terminal.say(f"- {explanation}")
    with KnowledgeBase(load_settings(config)) as kb:
        terminal.say_step(
            "Sync",
            f"{_count(folder)} documents of Olivar, an invented company: a wiki and a drive, two languages",
        )
        _sync(kb)
        terminal.say_step("Ask", "every sentence shown is a quote that was found in a published page")
        for question in QUESTIONS:
            _ask(kb, question, missing)
        page = folder / "company" / EDITED
        page.write_text(page.read_text(encoding="utf-8").replace(BEFORE, AFTER), encoding="utf-8")
        terminal.say_step("Edit a page", f"{EDITED}: a Lead's hotel limit goes from 140 € to 150 €")
        _sync(kb)
        terminal.say_step("Ask again", "the answer has changed with the page")
        _ask(kb, AGAIN, missing)
    terminal.say_step("Done", f"in {time.monotonic() - started:.1f} seconds; now ask your own questions:")
    terminal.say(f'sabio --config {_shown(config)} ask "Who approves a trip?"')


def _lay_out(folder: Path) -> Path:
    """The sample company and its configuration in a folder, as they were before any edit."""
    sample = EXAMPLE.parent / "sample"
    for original in sorted(path for path in sample.rglob("*") if path.is_file()):
        copy = folder / "company" / original.relative_to(sample)
        # A file that is as it should be is left alone: writing it again would make it look changed.
        if not copy.exists() or copy.read_bytes() != original.read_bytes():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(original, copy)
    settings = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    settings["data"] = "./data"
    for source in settings["sources"]:
        source["path"] = source["path"].replace("./sample/", "./company/")
    config = folder / "sabio.yaml"
    config.write_text(yaml.safe_dump(settings, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return config


def _count(folder: Path) -> int:
    return sum(1 for path in (folder / "company").rglob("*") if path.is_file())


def _sync(kb: KnowledgeBase) -> None:
    with terminal.progress() as observe:
        reports = sync_sources(kb, list(kb.connectors), observe=observe)
    terminal.print_runs(reports)


def _ask(kb: KnowledgeBase, question: Question, missing: Collection[str]) -> None:
    off = [name for name in question.needs if name in missing]
    note = f"needs {' and '.join(off)}, not installed here" if off else question.note
    terminal.say_question(question.text, note)
    terminal.print_answer(handle(kb, Message(question.text, Person())))


def _shown(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
