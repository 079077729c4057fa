"""Knowledge bases of public data to measure on. The data is not part of this repository: name its folder.

Expected there: `handbook-18f/{pages,questions.jsonl}`, `consul-docs/{es,en,questions.jsonl}`,
`xquad/xquad.{en,es}.json`, `squad2/dev.json`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.evaluation import base_of
from bot.golden import Golden, read_golden
from config.settings import Settings
from ingest.knowledge import KnowledgeBase
from workers.local import sync_sources

STORE = Path("var/bench")


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
    base = KnowledgeBase(settings, models=store / "models")
    [report] = sync_sources(base, [name])
    assert report["outcome"] == "done", report
    return base


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


def _handbooks(data: Path, store: Path) -> Iterator[Task]:
    file = data / "handbook-18f/questions.jsonl"
    yield Task("handbook", make_base(store, "handbook", data / "handbook-18f/pages"), read_golden(file).questions)
    file = data / "consul-docs/questions.jsonl"
    yield Task("consul-es", make_base(store, "consul-es", data / "consul-docs/es"), read_golden(file).questions)
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
    shell = KnowledgeBase(Settings.model_validate({"data": store}), models=store / "models")
    files = {lang: read_golden(data / f"xquad/xquad.{lang}.json") for lang in ("en", "es")}
    bases = {lang: base_of(shell, file.paragraphs) for lang, file in files.items()}
    for asked, over in (("en", "en"), ("es", "es"), ("es", "en"), ("en", "es")):
        there = {one.id: one for one in files[over].questions}
        questions = tuple(
            there[one.id].model_copy(update={"question": one.question, "lang": asked})
            for one in files[asked].questions
        )
        yield Task(f"xquad-{asked}-{over}", bases[over], questions)
    near = read_golden(data / "squad2/dev.json")
    yield Task("squad2", base_of(shell, near.paragraphs), near.questions)
