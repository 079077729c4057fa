"""What syncing a real handbook costs, in seconds and memory: for the first time, again, and after an edit.

Each sync is a whole `sabio sync` process.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from config.settings import load_settings
from ingest.knowledge import KnowledgeBase
from tests.bench.processes import run_sabio
from tests.bench.tables import Cell, show
from tests.doubles import Counter
from workers.local import sync_sources

_CONFIG = "data: ./data\nsources: [{name: handbook, type: folder, path: ./pages, readers: [everyone]}]\n"


def report(data: Path) -> None:
    """Sync the handbook three times and print what it took."""
    with tempfile.TemporaryDirectory() as folder:
        pages, config = Path(folder) / "pages", Path(folder) / "sabio.yaml"
        shutil.copytree(data / "handbook-18f/pages", pages)
        config.write_text(_CONFIG, encoding="utf-8")
        rows = [_sync("first, in a new data folder", config), _sync("again, nothing changed", config)]
        page = max(pages.rglob("*.md"), key=lambda path: path.stat().st_size)
        page.write_text(page.read_text(encoding="utf-8") + "\nOne more sentence.\n", encoding="utf-8")
        rows.append(_sync("the longest page edited", config))
        fetched = Counter()
        with KnowledgeBase(load_settings(config)) as kb:
            sync_sources(kb, ["handbook"], observe=fetched)
        rows.append(("bodies fetched with nothing changed", fetched.steps.get("fetched", 0)))
    figures = ("documents", "new or changed", "chunks embedded", "reused", "failed", "PSS GB", "RSS GB")
    show(
        "Syncing the handbook",
        "python -m tests.bench --data FOLDER sync",
        ("", "seconds", "seconds of processor", *figures),
        [(*row, *[""] * (3 + len(figures) - len(row))) for row in rows],
        digits=2,
    )


def _sync(name: str, config: Path) -> tuple[Cell, ...]:
    run = run_sabio("--config", str(config), "sync", "--json", watch=True)
    [told] = json.loads(run.output)["runs"]
    if told["outcome"] != "done":
        raise RuntimeError(f"the sync ended badly: {told}")
    counts = (told["scanned"], told["new"] + told["changed"], told["chunks_embedded"], told["chunks_reused"])
    return (name, run.seconds, run.processor, *counts, len(told["failed"]), run.pss, run.rss)
