"""A knowledge base of 10,000 chunks of made-up text, as a company of some size has: to measure speed alone.

Its documents go through the whole way in. Only most of their vectors are made up, under the name of the real
model: embedding 10,000 chunks would take minutes and change no time that is measured here. Those of the
chunks that are asked for are real, so that they are found and answered from; questions and the units of
answers are embedded by the real model as well.
"""

from __future__ import annotations

import random
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import delete

from config.errors import UnavailableError
from config.settings import load_settings
from ingest.embedding import Embedder
from ingest.encoding import Encoder
from ingest.index import Vector
from ingest.knowledge import KnowledgeBase
from ingest.ledger.tables import events
from tests.bench.bases import STORE, or_anew
from workers.local import sync_sources

CHUNKS = 10_000
DOCUMENTS = 500
MOST_ASKED = 250
"""Questions that there are."""
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


_ASKED = (
    (
        r"You must give the (\w+) to the (\w+) within",
        "How many days are there to give the {0} to the {1}?",
        "¿Cuántos días hay para dar el {0} al {1}?",
    ),
    (
        r"A (\w+) costs \d+ euros for each (\w+),",
        "How many euros does a {0} cost for each {1}?",
        "¿Cuántos euros cuesta un {0} por cada {1}?",
    ),
)
"""How sentences of the base begin that are asked for, and the questions in both languages."""


class WithMadeUpVectors:
    """The real model, but for what it would take long to compute."""

    def __init__(self, model: Embedder) -> None:
        self._model = model

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def documents(self, texts: Sequence[str]) -> Vector:
        """Real vectors of what is asked for; the others lie all about, near what the base is about."""
        beginnings = [beginning for beginning, _ in _asked()]
        seeds = [zlib.crc32(text.encode()) for text in texts]
        drawn = np.array([np.random.default_rng(seed).normal(size=self._model.dimension) for seed in seeds])
        drawn = self._middle + drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
        real = [place for place, text in enumerate(texts) if any(one in text for one in beginnings)]
        if real:
            drawn[real] = self._model.documents([texts[place] for place in real])
        vectors: Vector = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
        return vectors

    @cached_property
    def _middle(self) -> Vector:
        middle = self._model.documents([beginning for beginning, _ in _asked()[:20]]).mean(axis=0)
        unit: Vector = middle / np.linalg.norm(middle)
        return unit


def open_made_up() -> KnowledgeBase:
    """The base, made if it is not there yet. Close it at the end."""
    return or_anew(FOLDER, _synced)


def forget_events() -> None:
    """Forget what was asked in a chat, whose events have the same names as those of the next one."""
    with open_made_up() as base, base.ledger.write() as ledger:
        ledger.execute(delete(events))


def questions(count: int) -> list[str]:
    """Questions in English and Spanish by turns, each of which one sentence of the base answers."""
    return [asked[number % 2] for number, (_, asked) in enumerate(_asked()[:count])]


@cache
def _asked() -> list[tuple[str, tuple[str, str]]]:
    """The beginnings of some sentences of the base, and what asks for each."""
    found = [
        (match[0], (english.format(*match.groups()), spanish.format(*match.groups())))
        for page in make_pages()
        for beginning, english, spanish in _ASKED
        for match in re.finditer(beginning, page)
    ]
    return random.Random(1).sample(found, MOST_ASKED)


def _synced() -> KnowledgeBase:
    write_pages(FOLDER / "pages", make_pages())
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


def write_pages(folder: Path, pages: Iterable[str]) -> None:
    """Each as a file, as far as it does not stand there already."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, page in enumerate(pages):
        path = folder / f"{number:03}.md"
        if not path.exists() or path.read_text(encoding="utf-8") != page:
            path.write_text(page, encoding="utf-8")


def make_pages(
    documents: int = DOCUMENTS, sections: int = CHUNKS // DOCUMENTS, sentences: int = 6
) -> Iterator[str]:
    """Pages of so many sections, each of a chunk: 588 characters with six sentences."""
    rng = random.Random(0)
    words = _vocabulary()
    weights = list(accumulate(1 / (place + 10) for place in range(len(words))))

    def sentence() -> str:
        chosen = rng.choices(words, cum_weights=weights, k=5)
        return rng.choice(_FRAMES).format(*chosen, n=rng.randrange(2, 90))

    def section() -> str:
        heading = " ".join(rng.choices(words, cum_weights=weights, k=3)).capitalize()
        return f"## {heading}\n\n" + " ".join(sentence() for _ in range(sentences))

    for _ in range(documents):
        title = " ".join(rng.choices(words, k=3)).capitalize()
        yield "\n\n".join([f"# {title}", *(section() for _ in range(sections))]) + "\n"


def _vocabulary() -> list[str]:
    rng = random.Random(2)
    made = ("".join(rng.choices(_SYLLABLES, k=rng.randint(2, 3))) for _ in range(12_000))
    return list(dict.fromkeys(made))
