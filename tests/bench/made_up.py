"""A knowledge base of 10,000 chunks of made-up text, as a company of some size has: to measure speed alone.

Its documents go through the whole way in. Only their vectors are made up, under the name of the real model:
embedding 10,000 chunks would take minutes and change no time that is measured here. Questions and the units
of answers are embedded by the real model.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from config.errors import UnavailableError
from config.settings import load_settings
from ingest.embedding import Embedder
from ingest.encoding import Encoder
from ingest.index import Vector
from ingest.knowledge import KnowledgeBase
from tests.bench.bases import STORE, or_anew
from workers.local import sync_sources

CHUNKS = 10_000
DOCUMENTS = 500
FOLDER = STORE / "made-up"
CONFIG = FOLDER / "sabio.yaml"
_SOURCE = (
    "{name: wiki, type: folder, path: ./pages, url: 'https://wiki.example.com/{path}', readers: [everyone]}"
)
_STARTS = ("b", "c", "d", "f", "g", "l", "m", "n", "p", "r", "s", "t", "v", "br", "tr", "pl")
_SYLLABLES = [start + end for start in _STARTS for end in ("a", "e", "i", "o", "u", "an", "er", "on")]
_FRAMES = (
    "The {0} of every {1} is checked by the {2} before the {3} can be sent to {4}.",
    "You must give the {0} to the {1} within {n} days, or the {2} will be {3} again.",
    "When there is no {0}, ask the {1} for a {2} and write the {3} into the {4}.",
    "A {0} costs {n} euros for each {1}, which the {2} pays from the {3} of the {4}.",
    "In the {0} there are {n} sorts of {1}: those for the {2} and those that the {3} has with its {4}.",
)


class WithMadeUpVectors:
    """The real model, but for what it would take long to compute."""

    def __init__(self, model: Embedder) -> None:
        self._model = model

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def documents(self, texts: Sequence[str]) -> Vector:
        seeds = [zlib.crc32(text.encode()) for text in texts]
        drawn = np.array([np.random.default_rng(seed).normal(size=self._model.dimension) for seed in seeds])
        vectors: Vector = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
        return vectors


def open_made_up() -> KnowledgeBase:
    """The base, made if it is not there yet. Close it at the end."""
    return or_anew(FOLDER, _synced)


def questions(count: int) -> list[str]:
    """Questions in English and Spanish by turns, made of words of the base."""
    rng = random.Random(1)
    words = _vocabulary()
    frames = (
        "How many days does the {0} have to give a {1} to the {2} when the {3} is not there?",
        "¿Cuántos días tiene el {0} para dar un {1} a la {2} cuando no hay ningún {3}?",
    )
    return [frames[number % 2].format(*rng.choices(words[:2_000], k=4)) for number in range(count)]


def _synced() -> KnowledgeBase:
    _write_pages(FOLDER / "pages")
    CONFIG.write_text(f"data: ./data\nsources:\n  - {_SOURCE}\n", encoding="utf-8")
    with KnowledgeBase(load_settings(CONFIG)) as base:
        real = base.encoder
        vars(base)["encoder"] = Encoder(WithMadeUpVectors(real.embedder), real.translator)
        [report] = sync_sources(base, ["wiki"])
        if report["outcome"] != "done":
            raise UnavailableError(f"the made-up base could not be synced: {report}")
        held = sum(1 for _ in base.collection().index.ids())
        if held != CHUNKS:
            raise UnavailableError(f"the made-up base has {held} chunks, not {CHUNKS}")
    return KnowledgeBase(load_settings(CONFIG))


def _write_pages(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(0)
    words = _vocabulary()
    weights = list(accumulate(1 / (place + 10) for place in range(len(words))))

    def sentence() -> str:
        chosen = rng.choices(words, cum_weights=weights, k=5)
        return rng.choice(_FRAMES).format(*chosen, n=rng.randrange(2, 90))

    def section() -> str:
        heading = " ".join(rng.choices(words, cum_weights=weights, k=3)).capitalize()
        return f"## {heading}\n\n" + " ".join(sentence() for _ in range(6))

    for number in range(DOCUMENTS):
        title = " ".join(rng.choices(words, k=3)).capitalize()
        page = "\n\n".join([f"# {title}", *(section() for _ in range(CHUNKS // DOCUMENTS))]) + "\n"
        path = folder / f"{number:03}.md"
        if not path.exists() or path.read_text(encoding="utf-8") != page:
            path.write_text(page, encoding="utf-8")


def _vocabulary() -> list[str]:
    rng = random.Random(2)
    made = ("".join(rng.choices(_SYLLABLES, k=rng.randint(2, 3))) for _ in range(12_000))
    return list(dict.fromkeys(made))
