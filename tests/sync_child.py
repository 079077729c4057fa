"""A process that syncs, to be killed, stopped and raced: `python -m tests.sync_child DATA [KEY=VALUE…]`.

DATA holds `docs/`, the folder that is the source, and everything that the process writes: what it embeds goes
line by line into `embedded.log`. It syncs once for each line that it reads, and answers with the report.

- `kill=STEP:N`, `stop=STEP:N`, `interrupt=STEP:N`: at the Nth time that a step was done, or inside of an
  index write (`INSIDE`) or of the ledger's transaction that publishes (`publishing`), send this process that
  signal; the last one is Ctrl-C's.
- `lease=SECONDS`; `ledger=URL`, if its ledger is not the one that `keep_ledger` was told of.
"""

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from ingest.index._rows import Rows
from ingest.index._words import Words
from ingest.ledger import working
from tests.doubles import HashEmbedder, open_base
from tests.forks import Forked
from workers.local import sync_sources

INSIDE = ("vectors written", "rows written", "words written")
"""Places within one write of the local index, in this order."""
PUBLISHING = "publishing"
SOURCE = "wiki"


def keep_ledger(data: Path, ledger: str = "sqlite", index: str = "local") -> Path:
    """Let everything that is opened in `data` from now on use that ledger, and that index: `data`."""
    (data / "ledger.url").write_text(ledger)
    (data / "index.url").write_text(index)
    return data


def open_folder(data: Path, lease: float = 60.0, ledger: str | None = None, **sync):
    """The knowledge base over `data/docs`."""
    kept = data / "ledger.url"
    ledger = ledger or (kept.read_text() if kept.exists() else "sqlite")
    named = data / "index.url"
    index = named.read_text() if named.exists() else "local"
    sources = {SOURCE: {"type": "folder", "path": str(data / "docs"), "readers": ["everyone"]}}
    embedder = HashEmbedder(log=data / "embedded.log")
    return open_base(
        data / "var", sources, embedder=embedder, lease_seconds=lease, ledger=ledger, index=index, **sync
    )


class SyncChild(Forked):
    """Such a process; it waits until it is told to begin."""

    def __init__(self, data: Path, **options: object) -> None:
        read, write = os.pipe(), os.pipe()
        self._orders, self._reports = os.fdopen(read[1], "w"), os.fdopen(write[0])
        words = [str(data), *(f"{key}={value}" for key, value in options.items())]
        super().__init__(__name__, words, stdin=read[0], stdout=write[1], stderr=sys.stderr.fileno())
        os.close(read[0])
        os.close(write[1])

    def sync(self) -> None:
        """Tell it to sync once more."""
        self._orders.write("go\n")
        self._orders.flush()

    def report(self) -> dict[str, Any]:
        """What it says of the next sync that it ended."""
        return dict(json.loads(self._reports.readline()))

    def end(self, seconds: float = 60) -> int:
        """Let it end when it has done what it was told: its exit code. What it said until then is `left`."""
        with self._reports:
            self._orders.close()
            code = self.wait(seconds)
            self.left = [json.loads(line) for line in self._reports]
        return code


def _signal_at(place: str, nth: int, number: signal.Signals):
    count = 0
    turn = threading.Lock()

    def reached(step: str, title: str = "") -> None:
        nonlocal count
        with turn:
            count += step == place
            now = step == place and count == nth
        if now:
            os.kill(os.getpid(), number)

    return reached


def _tell_inside(reached) -> None:
    write_vectors, put, settle = Rows._write_vectors, Words.put, Rows.settle

    def after_vectors(self, *args):
        write_vectors(self, *args)
        reached("vectors written")

    def before_words(self, *args):
        reached("rows written")
        settle(self, *args)

    def after_words(self, *args):
        put(self, *args)
        reached("words written")

    Rows._write_vectors, Rows.settle, Words.put = after_vectors, before_words, after_words


def _tell_publishing(reached) -> None:
    publish = working.publish

    def publish_and_tell(*args):
        done = publish(*args)
        reached(PUBLISHING)
        return done

    working.publish = publish_and_tell


def main() -> None:
    """Do what the command line says."""
    data, options = Path(sys.argv[1]), dict(option.split("=", 1) for option in sys.argv[2:])
    observe = _signal_at("", 0, signal.SIGKILL)
    for name, number in (("kill", signal.SIGKILL), ("stop", signal.SIGSTOP), ("interrupt", signal.SIGINT)):
        if name in options:
            place, _, nth = options[name].rpartition(":")
            observe = _signal_at(place, int(nth), number)
            if place in INSIDE:
                _tell_inside(observe)
            if place == PUBLISHING:
                _tell_publishing(observe)
    with open_folder(data, float(options.get("lease", 60)), options.get("ledger")) as kb:
        for _ in sys.stdin:
            [report] = sync_sources(kb, [SOURCE], observe=observe)
            sys.stdout.write(json.dumps(report) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
