"""Two workers, Redis, Weaviate and PostgreSQL: what a sync of thousands of documents takes, what further ones
take, and what is left of it when everything is killed at random all the while.

Every document is a page of its own text, of one chunk. Unless `real`, vectors are made by hashing words, 384
floats as those of the local model: the figures are then those of engines and of the sync, and the shares of
a first sync larger than with a model, which takes most of its time.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from config.settings import Settings
from ingest.encoding import Encoder
from ingest.knowledge import KnowledgeBase
from ingest.ledger import now, processes, reading, requests
from ingest.ledger.tables import chunks, documents, pending, runs, strays
from ingest.translation import NoTranslator
from tests.bench.tables import show, tell
from tests.doubles import HashEmbedder
from tests.sabio_child import Child
from tests.services import Postgres, Redis, Server, Weaviate
from workers.app import hint

SOURCE = "wiki"
WORDS = (
    *("garden", "river", "window", "copper", "ladder", "orange", "silver", "engine", "harvest", "planet"),
    *("meadow", "signal", "bridge", "candle", "winter", "thunder", "pocket", "lantern", "marble", "velvet"),
)
PATIENCE = 3600


@dataclass
class Site:
    """An installation: its folder, its servers, its configuration."""

    folder: Path
    servers: dict[str, Server]
    real: bool

    @property
    def config(self) -> Path:
        return self.folder / "sabio.yaml"

    @property
    def module(self) -> str:
        return "bot.__main__" if self.real else "tests.sabio_child"

    def worker(self) -> Child:
        """One more worker, of two processes."""
        environ = {} if self.real else {"TEST_EMBEDDED": self.folder / "embedded.log", "TEST_DIMENSION": 384}
        return Child(self.config, "work", "--port", "0", module=self.module, **environ)

    @contextmanager
    def base(self) -> Iterator[KnowledgeBase]:
        """The knowledge base as this process sees it."""
        settings = Settings.model_validate(
            yaml.safe_load(self.config.read_text()) | {"data": self.folder / "var"}
        )
        with KnowledgeBase(settings) as kb:
            if not self.real:
                vars(kb)["encoder"] = Encoder(HashEmbedder(dimension=384), NoTranslator())
            yield kb

    def run(self, command: str, *words: str) -> dict[str, Any]:
        """A command of Sabio by a process of its own: what it prints as JSON."""
        environ = {} if self.real else {"TEST_DIMENSION": "384"}
        done = subprocess.run(
            [sys.executable, "-m", self.module, "--config", str(self.config), command, "--json", *words],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **environ},
        )
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)
        told: dict[str, Any] = json.loads(done.stdout)
        return told

    def sync(self) -> dict[str, Any]:
        """`sabio sync`: its report, and as `wall` the seconds of the process."""
        began = time.perf_counter()
        [report] = self.run("sync")["runs"]
        return {**report, "wall": time.perf_counter() - began}

    def ask_for_a_sync(self) -> None:
        with self.base() as kb:
            with kb.ledger.write() as ledger:
                requests.request_sync(ledger, SOURCE)
            hint(kb.settings, [SOURCE])

    def last_report(self) -> dict[str, Any]:
        """The report of the last run; as `wall` its seconds, from the listing to the end."""
        with self.base() as kb, kb.ledger.read() as ledger:
            told = reading.run_report(ledger, str(reading.last_run(ledger, SOURCE)))
            return {**told, "wall": told["seconds"]}

    def standing(self) -> tuple[int, int]:
        """How many runs have ended well, and how many documents wait."""
        with self.base() as kb, kb.ledger.read() as ledger:
            states = [row.state for row in ledger.execute(runs.select())]
            return states.count("done"), len(ledger.execute(pending.select()).all())

    def snapshot(self) -> dict[str, Any]:
        """All that a clean run makes, by what it is: documents, chunks and the rows of the index."""
        with self.base() as kb:
            with kb.ledger.read() as ledger:
                kept = ledger.execute(documents.select().where(documents.c.revision.is_not(None))).all()
                parts = ledger.execute(chunks.select()).all()
                left = len(ledger.execute(strays.select()).all()) + len(
                    ledger.execute(pending.select()).all()
                )
            index = kb.collection().index
            held = list(index.ids())
            forgotten = index.missing(held)
        return {
            "documents": {(row.entry, row.title, tuple(row.readers or ())) for row in kept},
            "chunks": {(row.id, row.document, row.position, row.text) for row in parts},
            "index": sorted(chunk for chunk in held if chunk not in forgotten),
            "left": left,
        }


def write_pages(folder: Path, count: int, version: str, *, every: int = 1) -> None:
    """`count` pages in folders of a hundred; only each `every`th is of this version."""
    for number in range(0, count, every):
        rng = random.Random(f"{number} {version}")
        lines = [f"# Page {number}", f"This is version {version} of page {number}."]
        lines += [" ".join(rng.choices(WORDS, k=12)) + "." for _ in range(6)]
        page = folder / f"{number // 100}" / f"{number}.md"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text("\n\n".join(lines) + "\n", encoding="utf-8")


@contextmanager
def open_site(folder: Path, *, real: bool) -> Iterator[Site]:
    """An installation in an empty folder, with servers of its own."""
    folder.chmod(0o711)
    with ExitStack() as ended:
        servers: dict[str, Server] = {}
        for kind in (Redis, Postgres, Weaviate):
            servers[kind.name] = kind.start(folder / kind.name, durable=True)
            ended.callback(servers[kind.name].drop)
        site = Site(folder, servers, real)
        addresses = {
            "queue": servers[Redis.name].url,
            "ledger": servers[Postgres.name].url,
            "index": servers[Weaviate.name].url,
        }
        source = {"name": SOURCE, "type": "folder", "path": str(folder / "docs"), "readers": ["everyone"]}
        site.config.write_text(
            yaml.safe_dump(
                {"data": str(folder / "var"), "translation": "none", "sources": [source], **addresses}
                | {"sync": {"lease_seconds": 15, "schedule": "0 0 1 1 *"}}
            )
        )
        yield site


@contextmanager
def two_workers(site: Site) -> Iterator[list[Child]]:
    """Two workers, which may be replaced in the list; those that are in it at the end are ended."""
    workers = [site.worker(), site.worker()]
    try:
        yield workers
    finally:
        for worker in workers:
            worker.kill()


def work_until_done(site: Site, workers: list[Child], kills: random.Random | None = None) -> dict[str, int]:
    """Ask for a sync, and wait until its run has ended: who was killed how often meanwhile."""
    done_before, _ = site.standing()
    site.ask_for_a_sync()
    killed, began = dict[str, int](), time.perf_counter()
    following = began + 8
    while True:
        time.sleep(0.5)
        if kills and time.perf_counter() > following:
            victim = kills.choice(["worker", *site.servers])
            killed[victim] = killed.get(victim, 0) + 1
            if victim == "worker":
                which = kills.randrange(2)
                workers[which].kill()
                workers[which] = site.worker()
            else:
                site.servers[victim].kill()
                time.sleep(kills.random() * 3)
                site.servers[victim].restart()
            following = time.perf_counter() + 4 + 8 * kills.random()
        done, waiting = site.standing()
        if done > done_before and not waiting:
            return killed
        if time.perf_counter() - began > PATIENCE:
            raise RuntimeError(f"not done after {PATIENCE} s: {waiting} wait")


def _starts(site: Site, times: int = 5) -> list[float]:
    """Seconds from `sabio work`, the product as it is, until its first message was consumed."""
    took = []
    with site.base() as kb:
        for _ in range(times):
            moment, began = now(), time.perf_counter()
            with Child(site.config, "work", "--port", "0", module="bot.__main__") as worker:
                while not _has_consumed(kb, moment):
                    if not worker.alive or time.perf_counter() > began + 60:
                        raise RuntimeError(f"it does not start:\n{worker.said()}")
                    time.sleep(0.02)
                took.append(time.perf_counter() - began)
                worker.stop()
    return took


def _has_consumed(kb: KnowledgeBase, since: datetime) -> bool:
    with kb.ledger.read() as ledger:
        return any(row.consumed_at and row.consumed_at > since for row in processes.alive(ledger, 60))


def report(count: int, *, real: bool = False) -> None:
    """Print what a worker takes to start, what syncs take, and what a sync under kills leaves."""
    command = f"python -m tests.bench --documents {count} {'--real ' if real else ''}production"
    with tempfile.TemporaryDirectory() as folder, open_site(Path(folder), real=real) as site:
        docs = site.folder / "docs"
        tell("starting workers …")
        starts = _starts(site)
        write_pages(docs, count, "1")
        told: dict[str, dict[str, Any]] = {}
        with two_workers(site) as workers:
            for name, version in (("first", "1"), ("nothing changed", "1"), ("1 % changed", "2")):
                tell(f"{count:,} documents, two workers: {name} …")
                if name != "nothing changed":
                    write_pages(docs, count, version, every=1 if name == "first" else 100)
                work_until_done(site, workers)
                told[f"two workers: {name}"] = site.last_report()
                if name == "first":
                    clean = site.snapshot()
        for name, version in (("nothing changed", "2"), ("1 % changed", "1")):
            tell(f"`sabio sync` alone: {name} …")
            if name != "nothing changed":
                write_pages(docs, count, version, every=100)
            told[f"`sabio sync` alone, its start included: {name}"] = site.sync()
    first = told["two workers: first"]["wall"]
    rows = [
        (name, one["wall"], one["wall"] / first, one["new"] + one["changed"], one["chunks_embedded"])
        for name, one in told.items()
    ]
    show(
        "From `sabio work` to its first message consumed",
        command,
        ("workers started", "median s", "slowest s"),
        [(len(starts), statistics.median(starts), max(starts))],
        digits=1,
    )
    vectors = "the local model" if real else "hashed vectors"
    show(
        f"Syncing {count:,} documents with PostgreSQL, Weaviate, Redis and {vectors}",
        command,
        ("", "seconds", "share of the first", "documents fetched", "chunks embedded"),
        rows,
    )
    if real:
        return
    with tempfile.TemporaryDirectory() as folder, open_site(Path(folder), real=False) as site:
        write_pages(site.folder / "docs", count, "1")
        tell("the same under kills …")
        with two_workers(site) as workers:
            killed = work_until_done(site, workers, kills=random.Random(4))
        seconds, under_kills = site.last_report()["seconds"], site.snapshot()
    index = under_kills["index"]
    show(
        f"The same {count:,} documents with everything killed at random, against the clean run",
        command,
        (
            "seconds",
            "killed",
            "lost documents",
            "lost chunks",
            "extra chunks",
            "doubled",
            "left over",
            "equal",
        ),
        [
            (
                seconds,
                ", ".join(f"{name} {times}" for name, times in sorted(killed.items())),
                len(clean["documents"] - under_kills["documents"]),
                len(clean["chunks"] - under_kills["chunks"]),
                len(under_kills["chunks"] - clean["chunks"]) + len(set(index) - set(clean["index"])),
                len(index) - len(set(index)),
                under_kills["left"],
                "yes" if under_kills == clean else "no",
            )
        ],
    )
