"""Microsoft's own client of Teams: the Microsoft 365 Agents Playground, an npm package pinned by its hash.

    playground = Playground.start(folder, me="ana")     # .url is what a browser opens
    playground.bot                                      # the port on which it looks for the bot
    playground.recorded()                               # every request and its response so far

It shows in a page what Teams would show to one person: `me`, a user of `playground/office.yml`. It posts
activities to the bot, and has the API that the bot answers by; it needs no account and no network.
https://learn.microsoft.com/microsoft-365/agents-sdk/test-with-toolkit-project
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from filelock import FileLock

from tests.services.server import HOST, MissingServer, Server, cache_folder

PINNED = Path(__file__).with_name("playground")
"""What npm is to install, and who is there."""
PACKAGE = "@microsoft/m365agentsplayground"
VERSION = str(json.loads((PINNED / "package.json").read_text())["dependencies"][PACKAGE])
OLDEST = 18
"""Of Node, that it is known to run on."""


class Node:
    """The program that runs it."""

    @classmethod
    def find_program(cls) -> Path:
        """`node`, with `npm` beside it. Raises `MissingServer`."""
        node = shutil.which("node")
        if node is None or shutil.which("npm") is None:
            raise MissingServer("Node is not installed (Debian: nodejs npm)")
        said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
        found = re.match(r"v(\d+)\.", said)
        if found is None or int(found[1]) < OLDEST:
            raise MissingServer(f"Node {said.strip() or '?'} is too old: {OLDEST} or later is needed")
        return Path(node)


@dataclass
class Playground(Server):
    """Where `me` uses Teams."""

    me: str = "ana"
    bot: int = 0
    """The port on which it looks for the bot; one that is free, where none is given."""

    name = "The Agents Playground"
    port_names = ("page", "bot")

    @classmethod
    def find_program(cls) -> Path:
        """What npm has installed; raises `MissingServer` where it is not here (`make test` gets it)."""
        Node.find_program()
        kept = _kept() / "node_modules" / PACKAGE / "cli.js"
        if not kept.exists():
            raise MissingServer(f"the Agents Playground {VERSION} is not here (`make test` installs it)")
        return kept

    @property
    def url(self) -> str:
        """Its page."""
        return f"http://{HOST}:{self.ports['page']}"

    def command(self) -> Sequence[str | Path]:
        """It tells nobody what it does, and opens no browser."""
        return [
            *(Node.find_program(), self.find_program(), "--channel-id", "msteams"),
            *("--app-endpoint", f"http://{HOST}:{self.bot}/api/messages"),
            *("--port", str(self.ports["page"]), "--service-url", f"{self.url}/_connector"),
            *("--disable-telemetry", "--enable-events-recording"),
        ]

    def environment(self) -> dict[str, str]:
        """Its files are in the folder of its data."""
        return super().environment() | {
            "M365_AGENTS_PLAYGROUND_CONFIG_PATH": str(self.data / "office.yml"),
            "M365_AGENTS_PLAYGROUND_LOGFILE": str(self.data / "playground.log"),
            "M365_AGENTS_PLAYGROUND_RECORDING_FILE": str(self._recording),
            "TEAMSAPPTESTER_BROWSER": "none",
        }

    def prepare(self) -> None:
        """Write down who is there, and who of them looks."""
        self.bot = self.bot or self.ports["bot"]
        self.data.mkdir(exist_ok=True)
        office = yaml.safe_load((PINNED / "office.yml").read_text(encoding="utf-8"))
        me = next(user for user in office["users"] if user["id"] == self.me)
        office["users"].remove(me)
        office |= {"currentUser": me, "personalChat": {"id": f"{self.me}-and-sabio"}}
        content = yaml.safe_dump(office, allow_unicode=True)
        (self.data / "office.yml").write_text(content, encoding="utf-8")

    def answers(self) -> bool:
        """Its page."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(self.url, timeout=10) as page:
            return bool(page.status == 200)

    def recorded(self) -> list[dict[str, Any]]:
        """What went to the bot and what came from it, in order, each with `request` and `response`."""
        if not self._recording.exists():
            return []
        *whole, _ = self._recording.read_text(encoding="utf-8").split("\n---\n")
        return [json.loads(one) for one in whole]

    @property
    def _recording(self) -> Path:
        return self.data / "recording.log"


def get_playground() -> Path:
    """The program, installed into the cache folder where it is not here. One process does it."""
    kept = _kept()
    Node.find_program()
    with FileLock(f"{kept}.lock"):
        try:
            return Playground.find_program()
        except MissingServer:
            with tempfile.TemporaryDirectory(prefix="playground-", dir=kept.parent) as folder:
                made = _install(Path(folder) / kept.name)
                shutil.rmtree(kept, ignore_errors=True)
                made.rename(kept)
        return Playground.find_program()


def _kept() -> Path:
    return cache_folder() / f"agents-playground-{VERSION}"


def _install(folder: Path) -> Path:
    """What the lock file says and nothing else; no script of a package is run."""
    folder.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(PINNED / name, folder)
    done = subprocess.run(
        [str(shutil.which("npm")), "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=folder,
        env=os.environ | {"npm_config_update_notifier": "false"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise MissingServer(
            f"the Agents Playground {VERSION} could not be had: npm ci failed"
            f" ({' '.join(done.stderr.split())[-400:]})"
        )
    return folder
