"""Knowledge bases of public data to measure on. The data is not part of this repository: name its folder.

Expected there: `handbook-18f/{pages,questions.jsonl}`, `consul-docs/{es,en,questions.jsonl}`,
`xquad/xquad.{en,es}.json`, `squad2/dev.json`.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bot.golden import Golden, Paragraph, read_golden
from bot.paragraphs import base_of
from config.errors import SabioError, UnavailableError
from config.settings import Settings
from ingest.knowledge import KnowledgeBase
from tests.bench.tables import tell
from workers.local import sync_sources

Opened = TypeVar("Opened")
STORE = Path("var/bench")
EVERYONE = frozenset({"everyone"})
FEW = 4
"""Of SQuAD 2.0's many questions every fourth is asked."""


@dataclass(frozen=True)
class Task:
    """A knowledge base and the questions asked of it."""

    name: str
    base: KnowledgeBase
    questions: tuple[Golden, ...]


def make_base(store: Path, name: str, folder: Path) -> KnowledgeBase:
    """A synced knowledge base of one folder, kept in `store` between calls."""
    source = {"name": name, "type": "folder", "path": str(folder), "readers": ["everyone"]}
    settings = Settings.model_validate({"data": store / name, "sources": [source]})

    def synced() -> KnowledgeBase:
        base = KnowledgeBase(settings, models=store / "models")
        try:
            [report] = sync_sources(base, [name])
            if report["outcome"] != "done":
                raise UnavailableError(f"{name} could not be synced: {report}")
        except SabioError:
            base.close()
            raise
        return base

    return or_anew(settings.data, synced)


def or_anew(folder: Path, open_: Callable[[], Opened]) -> Opened:
    """What `open_` opens; where what an older version left in the folder is in its way, without that."""
    try:
        return open_()
    except SabioError as error:
        if not folder.exists():
            raise
        tell(f"{folder.name} is made anew: {error}")
        shutil.rmtree(folder)
        return open_()


@contextmanager
def tasks(data: Path, store: Path = STORE) -> Iterator[list[Task]]:
    """Every task that the data folder has."""
    store = store.absolute()
    found = list(_handbooks(data, store)) + list(_squads(data, store))
    try:
        yield found
    finally:
        for task in found:
            task.base.close()


@contextmanager
def halves(data: Path, store: Path = STORE) -> Iterator[list[Task]]:
    """XQuAD without every other article, then without the others, in each language: all questions are asked
    of each, and those about articles that are not there have no answer."""
    store = store.absolute()
    found = [_half(data, store, lang, left_out) for lang in ("en", "es") for left_out in (0, 1)]
    try:
        yield found
    finally:
        for task in found:
            task.base.close()


def _half(data: Path, store: Path, lang: str, left_out: int) -> Task:
    path = data / f"xquad/xquad.{lang}.json"
    file = read_golden(path)
    articles = json.loads(path.read_text(encoding="utf-8"))["data"]
    article_of = [number for number, article in enumerate(articles) for _ in article["paragraphs"]]
    there = [one for one, number in zip(file.paragraphs, article_of, strict=True) if number % 2 != left_out]
    names = {one.name for one in there}
    questions = tuple(
        one if one.document in names else one.model_copy(update={"document": None, "answerable": False})
        for one in file.questions
    )
    return Task(f"xquad-{lang}", _made_of(store, f"xquad-{lang}-{left_out}", there), questions)


def _made_of(store: Path, name: str, paragraphs: Sequence[Paragraph]) -> KnowledgeBase:
    shell = KnowledgeBase(Settings.model_validate({"data": store / name}), models=store / "models")
    return or_anew(shell.data, lambda: base_of(shell, paragraphs))


def _handbooks(data: Path, store: Path) -> Iterator[Task]:
    file = data / "handbook-18f/questions.jsonl"
    pages = make_base(store, "handbook", data / "handbook-18f/pages")
    yield Task("handbook", pages, read_golden(file).questions)
    file = data / "consul-docs/questions.jsonl"
    spanish = make_base(store, "consul-es", data / "consul-docs/es")
    yield Task("consul-es", spanish, read_golden(file).questions)
    english = make_base(store, "consul-en", data / "consul-docs/en")
    yield Task("consul-es-on-en", english, tuple(_asked_of_english(file)))


def _asked_of_english(file: Path) -> Iterator[Golden]:
    for line in file.read_text(encoding="utf-8").splitlines():
        one = json.loads(line)
        if one.get("en_document"):
            yield Golden(
                id=one["id"],
                question=one["question"],
                lang="es",
                document=one["en_document"],
                also_ok=one.get("en_also_ok", ()),
                answer_spans=one["en_answer_spans"],
                kind="es on en",
            )


def _squads(data: Path, store: Path) -> Iterator[Task]:
    files = {lang: read_golden(data / f"xquad/xquad.{lang}.json") for lang in ("en", "es")}
    bases = {lang: _made_of(store, f"xquad-{lang}", file.paragraphs) for lang, file in files.items()}
    for asked, over in (("en", "en"), ("es", "es"), ("es", "en"), ("en", "es")):
        there = {one.id: one for one in files[over].questions}
        questions = tuple(
            there[one.id].model_copy(update={"question": one.question, "lang": asked})
            for one in files[asked].questions
        )
        yield Task(f"xquad-{asked}-{over}", bases[over], questions)
    near = read_golden(data / "squad2/dev.json")
    yield Task("squad2", _made_of(store, "squad2", near.paragraphs), near.questions[::FEW])
