"""The `sabio` command as a process to be killed and raced, with a model that hashes and a parser of lines.

`python -m tests.sabio_child --config FILE work --port 0`, with in the environment:

- `TEST_HOST`: its processes look like those of another machine, whose ends nobody here sees.
- `TEST_SLOW`: reading a document takes so many seconds.
- `TEST_SLOW_EMBEDDING`: so does embedding a chunk.
- `TEST_VISIBILITY`: after so many seconds Redis gives a message to somebody else.
- `TEST_LOOK`: seconds between a worker's looks for work that was left; 1 if not given.
- `TEST_DIMENSION`: floats of a vector, 32 if not given.
- `TEST_EMBEDDED`: a file into which goes, line by line, what is embedded.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from ingest import embedding, parsing
from ingest.ledger import owners
from tests.doubles import HashEmbedder, LineParsers
from tests.forks import Forked


class Child(Forked):
    """Such a process, with all that it starts: they end together."""

    def __init__(self, config: Path, *words: str, module: str = __name__, **environ: object) -> None:
        """`module` is what is run: this one, or `bot.__main__` for the product as it is."""
        self.log = config.parent / f"{words[0]}-{os.urandom(3).hex()}.log"
        given = {key: str(value) for key, value in environ.items()}
        with self.log.open("wb") as log:
            super().__init__(
                module,
                ["--config", str(config), *words],
                stdout=log.fileno(),
                stderr=log.fileno(),
                environ={**os.environ, "PYTHONFAULTHANDLER": "1", **given},
            )

    @property
    def alive(self) -> bool:
        """Whether the process that was started still runs."""
        return self.poll() is None

    def ended(self, seconds: float = 30) -> int:
        """The exit code of one that ends by itself."""
        return self.wait(seconds)

    def kill(self) -> None:
        """End it at once, as a machine that loses power."""
        self.signal(signal.SIGKILL)
        self.wait(30)

    def stop(self, seconds: float = 30) -> int:
        """End it in good order: its exit code. It is killed, and an error that says where its threads are, if
        it takes longer."""
        if self.alive:
            os.kill(self.pid, signal.SIGTERM)
        try:
            return self.wait(seconds)
        except subprocess.TimeoutExpired:
            os.kill(self.pid, signal.SIGABRT)  # faulthandler writes the stacks into its log
            time.sleep(1)
            raise AssertionError(f"it did not end within {seconds} s:\n{self.said()}") from None
        finally:
            self.kill()

    def said(self) -> str:
        """What it has printed and logged."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def port(self, seconds: float = 30) -> int:
        """Where it answers for its health, as it says when it starts."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for line in self.said().splitlines():
                if line.startswith("Health and metrics: "):
                    return int(line.partition("/healthz")[0].rpartition(":")[2])
            time.sleep(0.05)
        raise AssertionError(f"it does not say where it listens:\n{self.said()}")

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


def model_named(word: str) -> str:
    """The name of the hashing model that stands for a word of `embedding`; another one for each."""
    return "hash" if word == "local" else word.replace(":", "-")


class SlowEmbedder(HashEmbedder):
    """Takes its time."""

    seconds = 0.0

    def documents(self, texts):
        time.sleep(self.seconds * len(texts))
        return super().documents(texts)


class SlowParsers(LineParsers):
    """Takes its time."""

    seconds = 0.0

    def parse(self, contents):
        time.sleep(self.seconds * len(contents))
        return super().parse(contents)


def _stand_in(environ: Mapping[str, str]) -> None:
    log = environ.get("TEST_EMBEDDED")
    dimension = int(environ.get("TEST_DIMENSION", "32"))
    SlowEmbedder.seconds = float(environ.get("TEST_SLOW_EMBEDDING", "0"))
    embedding.open_embedder = lambda name, _models, **_: SlowEmbedder(
        model_named(name), dimension, log=Path(log) if log else None
    )
    SlowParsers.seconds = float(environ.get("TEST_SLOW", "0"))
    parsing.Parsers = lambda _limits: SlowParsers()
    if host := environ.get("TEST_HOST"):
        owners._host = lambda: host
    if {"work", "beat"} & set(sys.argv):
        from workers import app, worker

        app._VISIBILITY = int(environ.get("TEST_VISIBILITY", app._VISIBILITY))
        worker.LOOK = float(environ.get("TEST_LOOK", 1))


def main() -> None:
    """Run the command with stand-ins for what is slow."""
    _stand_in(os.environ)
    from bot.__main__ import main as sabio

    sabio()


if __name__ == "__main__":
    main()
