"""The embedded engines beside the servers: whether they find the same, and what a question costs on either.

Weaviate and PostgreSQL are started for it. A question is held against the bare client: one hybrid call of
weaviate-client with the same filter, for as many hits, over the same collection, in the same run.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest import mock

import numpy as np

from bot.golden import Golden, read_golden
from bot.paragraphs import base_of
from bot.retrieval import POOL, retrieve
from config.settings import Settings, load_settings
from ingest.documents import EVERYONE
from ingest.encoding import Encoder
from ingest.index._weaviate_schema import class_name
from ingest.knowledge import KnowledgeBase
from tests.bench.bases import STORE
from tests.bench.made_up import CHUNKS, CONFIG, WithMadeUpVectors, open_made_up, questions
from tests.bench.tables import show, tell
from tests.services import Postgres, Weaviate
from workers.local import sync_sources

ALL = frozenset({EVERYONE})
ASKED = 200
ROUNDS = 9
LINES = {"en": 0.949, "es": 0.936}
"""R@1 to beat, see RESULTS.md."""


@contextmanager
def open_servers() -> Iterator[tuple[str, str]]:
    """The addresses of a new ledger and of a new index."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as ended:
        Path(folder).chmod(0o711)
        postgres = Postgres.start(Path(folder) / "postgres")
        ended.callback(postgres.drop)
        weaviate = Weaviate.start(Path(folder) / "weaviate")
        ended.callback(weaviate.drop)
        yield postgres.url, weaviate.url


def report(data: Path | None) -> None:
    """Print what questions cost, and with data whether both find the same."""
    _report_speed()
    if data is None:
        tell("whether the engines find the same is left out: it needs --data FOLDER")
    else:
        _report_agreement(data)


def _report_speed() -> None:
    rows = []
    with open_made_up() as base:
        rows += [("embedded: SQLite and tantivy", *_percentiles(_cost(base)), None)]
    with open_servers() as (ledger, index), _on_servers(ledger, index) as base, ExitStack() as ended:
        ask = _bare(base, ended)
        measured = {
            "servers: PostgreSQL and Weaviate": lambda: _cost(base),
            "bare weaviate-client, one hybrid call that brings ids": lambda: ask(["chunk"]),
            "bare weaviate-client, one hybrid call as it comes": lambda: ask(None),
        }
        ours, *bares = measured
        times = {name: list[float]() for name in measured}
        ratios = {name: list[float]() for name in bares}
        for _ in range(ROUNDS + 1):
            # In turn, so that what else the machine does slows all of them.
            told = {name: measure() for name, measure in measured.items()}
            for name in measured:
                times[name] += told[name]
            for name in bares:
                ratios[name].append(float(np.median(told[ours]) / np.median(told[name])))
        rows.append((ours, *_percentiles(times[ours]), None))
        rows += [(name, *_percentiles(times[name]), float(np.median(ratios[name][1:]))) for name in bares]
    show(
        f"A question's retrieval at {CHUNKS:,} chunks, readers and confirmation included, encoding not",
        "python -m tests.bench engines",
        ("", "p50 ms", "p95 ms", "ours takes so many times as long"),
        rows,
        digits=2,
    )


@contextmanager
def _on_servers(ledger: str, index: str) -> Iterator[KnowledgeBase]:
    """The made-up base of `made_up`, on servers."""
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(CONFIG).model_copy(
            update={"data": Path(folder), "ledger": ledger, "index": index}
        )
        with KnowledgeBase(settings, models=CONFIG.parent / "data" / "models") as base:
            real = base.encoder
            vars(base)["encoder"] = Encoder(WithMadeUpVectors(real.embedder), real.translator)
            began = time.perf_counter()
            [told] = sync_sources(base, ["wiki"])
            tell(f"{told['chunks_embedded']:,} chunks on servers in {time.perf_counter() - began:.0f} s")
            vars(base)["encoder"] = real
            yield base


def _cost(base: KnowledgeBase) -> list[float]:
    """Milliseconds of retrievals, with questions that were encoded before."""
    texts = questions(ASKED)
    known = {text: base.encoder.question(text) for text in texts}
    times = []
    with mock.patch.object(Encoder, "question", lambda _self, text: known[text]):
        for text in texts:
            began = time.perf_counter()
            retrieve(base, text, ALL)
            times.append(1_000 * (time.perf_counter() - began))
    return times[10:]


def _bare(base: KnowledgeBase, ended: ExitStack) -> Callable[[list[str] | None], list[float]]:
    """One hybrid call a question, as anybody would make it; it brings those properties, or all."""
    import weaviate
    from weaviate.classes.query import Filter

    from ingest.index._weaviate_address import read_address

    at = read_address(base.settings.index)
    client = ended.enter_context(
        weaviate.connect_to_local(at.host, at.port, at.grpc_port, skip_init_checks=True)
    )
    objects = client.collections.use(class_name(at.prefix, base.collection().name))
    known = [base.encoder.question(text) for text in questions(ASKED)]

    def measure(properties: list[str] | None) -> list[float]:
        times = []
        for one in known:
            began = time.perf_counter()
            found = objects.query.hybrid(
                " ".join(one.terms),
                vector=one.vector.tolist(),
                alpha=0.5,
                limit=POOL,
                filters=Filter.by_property("readers").contains_any([EVERYONE]),
                return_properties=properties,
            )
            times.append(1_000 * (time.perf_counter() - began))
            if len(found.objects) != POOL:
                raise RuntimeError(f"{len(found.objects)} hits, not {POOL}")
        return times[10:]

    return measure


def _percentiles(times: Sequence[float]) -> tuple[float, float]:
    low, high = np.percentile(times, (50, 95))
    return float(low), float(high)


def _report_agreement(data: Path) -> None:
    rows = []
    with open_servers() as (ledger, index):
        for lang in ("en", "es"):
            file = read_golden(data / f"xquad/xquad.{lang}.json")
            shell = KnowledgeBase(
                Settings.model_validate({"data": (STORE / f"xquad-{lang}").absolute()}),
                models=(STORE / "models").absolute(),
            )
            with shell, base_of(shell, file.paragraphs) as embedded:
                own = {"ledger": f"{ledger}", "index": f"{index}&prefix=Bench{lang}"}
                settings = embedded.settings.model_copy(
                    update={**own, "data": embedded.data / "servers", "sources": embedded.settings.sources}
                )
                source = settings.sources[0].model_copy(update={"name": f"paragraphs-{lang}"})
                settings = settings.model_copy(update={"sources": (source,)})
                with KnowledgeBase(settings, models=shell.models) as servers:
                    sync_sources(servers, [source.name])
                    rows.append(_agreement(lang, embedded, servers, file.questions))
    show(
        "The first passage of XQuAD's questions, embedded and on servers",
        "python -m tests.bench --data FOLDER engines",
        ("", "questions", "the same first passage", "R@1 embedded", "R@1 on servers", "to beat"),
        rows,
    )


def _agreement(
    lang: str, embedded: KnowledgeBase, servers: KnowledgeBase, asked: Sequence[Golden]
) -> tuple[str, int, float, float, float, float]:
    same, right = 0, [0, 0]
    for one in asked:
        firsts = [retrieve(base, one.question, ALL).passages[0].passage for base in (embedded, servers)]
        same += firsts[0].entry == firsts[1].entry and firsts[0].text == firsts[1].text
        for which, first in enumerate(firsts):
            right[which] += first.entry == one.document
    count = len(asked)
    return f"{lang}→{lang}", count, same / count, right[0] / count, right[1] / count, LINES[lang]
