"""Running the Slack and the people of a load test, each in a process of its own."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

PROFILE = Path(__file__).with_name("locustfile.py")
Rows = dict[str, dict[str, str]]
"""Locust's table: for what was done, the figures by their names."""


@contextmanager
def slack(people: int, patience: float = 60) -> Iterator[tuple[str, str]]:
    """A Slack with so many people: where it is told who asks, and where Sabio calls it."""
    command = [sys.executable, "-m", "tests.load.slack", "--people", str(people), "--patience", str(patience)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            port, api = running.stdout.readline().split()
            yield f"http://127.0.0.1:{port}", api
        finally:
            running.terminate()


def fetch(url: str, body: bytes | None = None) -> bytes:
    """What is answered there to a GET, or to a POST of `body`."""
    with urllib.request.urlopen(urllib.request.Request(url, body), timeout=90) as reply:
        read: bytes = reply.read()
        return read


def ask(asking: str, person: int, text: str) -> None:
    """Have one person ask directly, and wait for the answer."""
    fetch(f"{asking}/ask", json.dumps({"person": person, "text": text, "where": "direct"}).encode())


def run_locust(
    folder: Path, asking: str, questions: Sequence[str], *, people: int, seconds: int, pause: float = 10
) -> Rows:
    """Let so many people ask for so long; what locust writes stays in the folder. Raises where it fails."""
    file = folder / "questions.jsonl"
    file.write_text("\n".join(json.dumps({"question": one}) for one in questions), encoding="utf-8")
    command = [sys.executable, "-m", "locust", "--headless", "--locustfile", str(PROFILE), "--host", asking]
    command += ["--users", str(people), "--spawn-rate", str(people), "--run-time", f"{seconds}s"]
    command += ["--pause", str(pause), "--questions", str(file)]
    command += ["--csv", str(folder / "locust"), "--only-summary", "--exit-code-on-error", "0"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(done.stderr)
    with (folder / "locust_stats.csv").open(newline="", encoding="utf-8") as table:
        return {row["Name"]: row for row in csv.DictReader(table)}
