"""Prometheus and its promtool, out of Debian's package `prometheus`: unpacked, not installed.

prometheus = Prometheus.start(folder)
prometheus.watch({"bot": 3978, "worker": 3979})   # scrape these ports of loopback, once a second
prometheus.load(rules)                            # the groups of a PrometheusRule
prometheus.ask("max(sabio_ledger_up)")            # what it answers now
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from filelock import FileLock

from tests.services.debian import Archive
from tests.services.server import HOST, FailedServer, MissingServer, Server, cache_folder

PACKAGE = "prometheus"
LABELS = {"namespace": "search", "job": "kb"}
"""What every series bears, as with the chart's monitors."""
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))

Answer = dict[str, Any]


def get_prometheus() -> None:
    """Unpack it into the cache folder where it is not here. One process does it. Raises `MissingServer`."""
    kept = _kept()
    if kept.exists():
        return
    with FileLock(f"{kept}.lock"), tempfile.TemporaryDirectory(dir=kept.parent) as folder:
        if not kept.exists():
            made = Path(folder) / "made"
            # What it needs beside itself is for its pages, which nobody looks at here.
            Archive(Path(folder)).unpack([PACKAGE], made)
            made.rename(kept)


def _kept() -> Path:
    return cache_folder() / "prometheus-debian"


class Promtool:
    """Checks rules, and tries them on series that are made up."""

    @classmethod
    def find_program(cls) -> Path:
        """Where it is. Raises `MissingServer`."""
        return _program("promtool")

    @classmethod
    def run(cls, *words: str | Path) -> str:
        """What it prints. Raises `AssertionError` with that where it is not content."""
        done = subprocess.run(
            [cls.find_program(), *words], capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


class Prometheus(Server):
    """Scrapes what it is told to, once a second."""

    name = "Prometheus"

    @classmethod
    def find_program(cls) -> Path:
        """Where it is. Raises `MissingServer`."""
        return _program("prometheus")

    @property
    def url(self) -> str:
        """Of its API."""
        return f"http://{HOST}:{self.ports['port']}"

    def command(self) -> Sequence[str | Path]:
        """Its data goes with the folder; its configuration may be read anew."""
        return [
            self.find_program(),
            f"--config.file={self.folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self.data}",
            f"--web.listen-address={HOST}:{self.ports['port']}",
            "--web.enable-lifecycle",
            "--log.level=warn",
        ]

    def prepare(self) -> None:
        """With nothing to watch yet."""
        self.data.mkdir(exist_ok=True)
        self._write([], [])

    def answers(self) -> bool:
        """It says that it is ready."""
        try:
            with _OPENER.open(f"{self.url}/-/ready", timeout=5):
                return True
        except urllib.error.HTTPError as error:
            error.close()
            return False

    def watch(self, ports: Mapping[str, int], rules: Sequence[Answer] = ()) -> None:
        """Scrape these ports, by the names of their pods, and evaluate the groups `rules` once a second."""
        targets = [
            {"targets": [f"{HOST}:{port}"], "labels": {**LABELS, "pod": pod}} for pod, port in ports.items()
        ]
        self._write(targets, rules)
        self._ask("/-/reload", method="POST")

    def ask(self, expression: str, **parameters: object) -> list[Answer]:
        """What an expression gives: series with `metric`, and `value`, or `values` where `start`, `end` and
        `step` are given. Raises `AssertionError` with what Prometheus says where it does not understand it.
        """
        kind = "query_range" if "start" in parameters else "query"
        said = self._ask(f"/api/v1/{kind}?" + urllib.parse.urlencode({"query": expression, **parameters}))
        assert said["status"] == "success", f"{expression}: {said['error']}"
        result: list[Answer] = said["data"]["result"]
        return result

    def alerts(self) -> dict[str, str]:
        """The alerts that it evaluates, and what is wrong with each: `ok`, `unknown` or an error."""
        groups = self._ask("/api/v1/rules")["data"]["groups"]
        return {
            one["name"]: one.get("lastError") or one["health"] for group in groups for one in group["rules"]
        }

    def _ask(self, path: str, method: str = "GET") -> Answer:
        request = urllib.request.Request(self.url + path, method=method)
        try:
            with _OPENER.open(request, timeout=30) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                text = error.read()
            if not text.startswith(b"{"):
                raise FailedServer(f"Prometheus: {text.decode(errors='replace')}") from error
        said: Answer = json.loads(text) if text else {}
        return said

    def _write(self, targets: Sequence[Answer], rules: Sequence[Answer]) -> None:
        (self.folder / "rules.yml").write_text(yaml.safe_dump({"groups": [*rules]}))
        settings = {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": ["rules.yml"],
            "scrape_configs": [{"job_name": LABELS["job"], "static_configs": [*targets]}],
        }
        (self.folder / "prometheus.yml").write_text(yaml.safe_dump(settings))


def _program(name: str) -> Path:
    found = _kept() / "usr" / "bin" / name
    if not found.exists():
        raise MissingServer(f"{name} of Debian's package {PACKAGE} is not here (`make test` gets it)")
    return found
