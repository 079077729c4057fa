"""Programs built from Go modules, with nothing left behind but the programs.

workshop = Workshop(folder, 6_000_000_000)
workshop.install("example.com/cmd/tool@v1.2.3")
workshop.programs / "tool"
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.services.server import MissingServer


class Workshop:
    """An empty folder in which Go builds: its modules and caches are there, and nowhere else."""

    def __init__(self, folder: Path, space: int) -> None:
        """`space`: the bytes that it needs meanwhile. Raises `MissingServer` without Go or without them."""
        go = shutil.which("go")
        if go is None:
            raise MissingServer("there is no Go to build it with")
        if shutil.disk_usage(folder).free < space:
            raise MissingServer(
                f"building it takes {space // 10**9} GB of disk in {folder.parent} for a while"
            )
        self._go, self._folder = go, folder
        self.programs = folder / "bin"
        places = {"GOBIN": "bin", "GOMODCACHE": "modules", "GOCACHE": "cache", "GOTMPDIR": "tmp"}
        self._environment = {name: str(folder / place) for name, place in places.items()}
        for place in self._environment.values():
            Path(place).mkdir()

    def install(self, *words: str, within: Path | None = None) -> None:
        """`go install`, in the module `within` where one is given. Raises `MissingServer` where it fails."""
        done = subprocess.run(
            [self._go, "install", "-trimpath", *words],
            env=os.environ | self._environment | {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local"},
            cwd=within or self._folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise MissingServer(f"go install failed ({' '.join(done.stderr.split())[-400:]})")


def make_removable(folder: Path) -> None:
    """Go writes its modules without the right to change them."""
    for path in [folder, *folder.rglob("*")]:
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o700)
