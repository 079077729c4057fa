"""How fast an installation answers and embeds on this machine, as `sabio bench` measures it.

Everything is asked and embedded by this process, on the configured ledger, index and model. Nothing is
written, no question is kept, and no language model is asked: how long one of those takes is its vendor's
affair, and every question of a measurement would be paid for.
"""

from __future__ import annotations

import itertools
import resource
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bot.answering import answer
from bot.golden import read_golden
from bot.messages import Outcome
from bot.retrieval import retrieve
from config.errors import ConfigError, UnavailableError
from ingest.documents import Readers
from ingest.embedding import processors
from ingest.knowledge import KnowledgeBase
from ingest.ledger import reading
from ingest.sync import Observer, unobserved
from workers.examining import questions_of

ONCE = 100
"""Questions that are asked one by one, to see what the parts of an answer take."""
EMBEDDED = 128
"""Chunks that are embedded to see how fast that is."""


@dataclass(frozen=True, slots=True)
class Times:
    """How long something took, in milliseconds."""

    p50_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True)
class Load:
    """What came of so many people who each ask one question after another, without a pause."""

    people: int
    asked: int
    per_second: float
    p50_ms: float
    p95_ms: float
    outcomes: dict[str, int]


@dataclass(frozen=True, slots=True)
class Stored:
    """What there is, and what it takes."""

    documents: int
    chunks: int
    dimension: int
    """Floats of a vector."""
    ledger_bytes: int
    index_bytes: int | None
    """None where the index is on a server, which alone knows."""


@dataclass(frozen=True, slots=True)
class Measured:
    """All that was measured."""

    processors: int
    """Those that this process may use."""
    stored: Stored
    parts: dict[str, Times]
    """`encode` the question, `retrieve` passages (search and confirmation), and the whole `answer`."""
    questions: list[Load]
    embedding_per_second: float
    """Chunks that one process embeds in a second, translation included."""
    memory_bytes: int
    """The most that this process took."""


def measure(
    kb: KnowledgeBase,
    file: Path | None = None,
    *,
    email: str | None = None,
    people: Sequence[int] = (1, 4, 16),
    seconds: float = 5.0,
    observe: Observer = unobserved,
) -> Measured:
    """Ask the questions of a file (else those of `evaluation.questions`, else the titles of what is
    published) and embed what is published, with the permissions of `email`.

    Raises `ConfigError` for a file without questions, and `UnavailableError` where nothing is published or
    something is down.
    """
    principals = kb.principals(email)
    asked = _questions(kb, file)
    parts = _time_parts(kb, asked[:ONCE], principals)
    loads = []
    for number in people:
        observe("asked", f"{number} at once")
        loads.append(_ask_at_once(kb, asked, principals, number, seconds))
    observe("embedded", "chunks")
    speed = _embedding_speed(kb)
    return Measured(
        processors(),
        _stored(kb),
        parts,
        loads,
        speed,
        _peak_memory(),
    )


def _questions(kb: KnowledgeBase, file: Path | None) -> list[str]:
    file = file or questions_of(kb.settings)
    if file is not None:
        asked = [one.question for one in read_golden(file).questions]
        if not asked:
            raise ConfigError(f'{file} holds no questions; one is a line like {{"id": "1", "question": "…"}}')
        return asked
    with kb.ledger.read() as ledger:
        titles = [row.title for row in reading.published_documents(ledger) if row.title]
    if not titles:
        raise UnavailableError("nothing is published yet; run `sabio sync` first")
    return list(dict.fromkeys(titles))


def _time_parts(kb: KnowledgeBase, asked: Sequence[str], principals: Readers) -> dict[str, Times]:
    answer(kb, asked[0], principals)  # what is opened and loaded at the first question is not timed
    encoder = kb.collection().encoder
    parts: dict[str, Callable[[str], object]] = {
        "encode": encoder.question,
        "retrieve": lambda text: retrieve(kb, text, principals),
        "answer": lambda text: answer(kb, text, principals),
    }
    return {name: _times([_took(part, text) for text in asked]) for name, part in parts.items()}


def _took(part: Callable[[str], object], text: str) -> float:
    began = time.perf_counter()
    part(text)
    return time.perf_counter() - began


def _times(seconds: Iterable[float]) -> Times:
    low, high = np.percentile(1_000 * np.fromiter(seconds, float), (50, 95))
    return Times(round(float(low), 1), round(float(high), 1))


def _ask_at_once(
    kb: KnowledgeBase, asked: Sequence[str], principals: Readers, people: int, seconds: float
) -> Load:
    began = time.perf_counter()
    took: list[float] = []
    outcomes: Counter[str] = Counter()
    turn, lock = itertools.cycle(asked), threading.Lock()

    def ask_on() -> None:
        while time.perf_counter() - began < seconds:
            with lock:
                text = next(turn)
            started = time.perf_counter()
            try:
                outcome = answer(kb, text, principals).outcome
            except UnavailableError:
                outcome = Outcome.UNAVAILABLE
                time.sleep(0.1)  # whatever is down: no need to ask it a thousand times
            with lock:
                took.append(time.perf_counter() - started)
                outcomes[outcome.value] += 1

    with ThreadPoolExecutor(people) as pool:
        for one in [pool.submit(ask_on) for _ in range(people)]:
            one.result()
    rate = len(took) / (time.perf_counter() - began)
    times = _times(took)
    return Load(people, len(took), round(rate, 2), times.p50_ms, times.p95_ms, dict(outcomes))


def _embedding_speed(kb: KnowledgeBase) -> float:
    with kb.ledger.read() as ledger:
        texts, languages = zip(*reading.some_texts(ledger, EMBEDDED), strict=True)
    encoder = kb.collection().encoder
    encoder.passages(texts[:8], languages[:8])
    began = time.perf_counter()
    encoder.passages(texts, languages)
    return round(len(texts) / (time.perf_counter() - began), 1)


def _stored(kb: KnowledgeBase) -> Stored:
    with kb.ledger.read() as ledger:
        counts = reading.counts(ledger).values()
        size = reading.size(ledger)
    folder = kb.data / "index"
    local = kb.settings.index == "local"
    return Stored(
        sum(one.get("documents", 0) for one in counts),
        sum(one.get("chunks", 0) for one in counts),
        kb.collection().encoder.embedder.dimension,
        size,
        sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) if local else None,
    )


def _peak_memory() -> int:
    # getrusage(2): kilobytes on Linux; bytes on macOS.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
