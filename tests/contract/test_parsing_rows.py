"""Rows 17, 32 and 33 of the reliability contract, as far as reading documents goes."""

import json
import os
import socket
import subprocess
import sys

import pytest

from config.errors import DocumentError
from ingest.documents import Content, Document
from ingest.parsing import Limits, Parsers, pool

GIGABYTE = 1_000_000_000
COUNTS = pytest.mark.parametrize("files", [12, pytest.param(200, marks=pytest.mark.contract)])


@COUNTS
@pytest.mark.parametrize(
    ("poison", "reason"),
    [
        ("crash", "the parser crashed on it (SIGSEGV)"),
        ("eat memory", "raise `parsing.memory_mb`"),
        ("hang", "raise `parsing.seconds`"),
    ],
)
def test_one_poisonous_file_costs_only_itself(monkeypatch, files, poison, reason):
    """Row 17: 1 of 200 → 199 read, 1 refused with its reason."""
    monkeypatch.setattr(pool, "_PROGRAM", "tests.ingest.misbehaving")
    names = ["good.txt"] * files
    names[files // 3] = poison
    with Parsers(Limits(memory_mb=300, seconds=4)) as parsers:
        results = parsers.parse([Content(b"x", name, "text/plain") for name in names])
    refused = [str(result) for result in results if isinstance(result, DocumentError)]
    assert sum(isinstance(result, Document) for result in results) == files - 1
    assert len(refused) == 1
    assert reason in refused[0]


@pytest.mark.enable_socket
@pytest.mark.parametrize("seconds", [5, pytest.param(60, marks=pytest.mark.contract)])
def test_hostile_files_are_refused_in_little_memory_and_reach_nothing(tmp_path, seconds):
    """Rows 32 and 33: bombs, climbing archives, entities → all refused, below 1 GB, nothing touched."""
    secret = tmp_path / "secret"
    secret.write_text("top secret")
    with socket.create_server(("127.0.0.1", 0)) as trap:
        address = "{}:{}".format(*trap.getsockname())
        done = subprocess.run(
            [sys.executable, "-m", "tests.ingest.hostile", str(secret), address, "--seconds", str(seconds)],
            capture_output=True,
            check=True,
            text=True,
            env={**os.environ, "TMPDIR": str(tmp_path)},
        )
        trap.setblocking(False)
        with pytest.raises(BlockingIOError):
            trap.accept()
    report = json.loads(done.stdout)
    assert len(report["outcomes"]) >= 20
    assert [name for name, reason in report["outcomes"].items() if not reason] == []
    assert report["peak"] < GIGABYTE
    assert "top secret" not in done.stdout + done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]
    assert secret.read_text() == "top secret"
