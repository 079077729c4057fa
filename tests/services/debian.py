"""Debian's packages unpacked into a folder: nothing is installed or started, and nobody has to be root."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.services.server import MissingServer

STATUS = "/var/lib/dpkg/status"
"""What is installed here."""


class Archive:
    """The packages that this machine's apt knows of, their lists fetched into a folder and checked by apt."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
            raise MissingServer("this system has no apt-get")
        for name in ("state/lists/partial", "cache/archives/partial", "packages"):
            (folder / name).mkdir(parents=True)
        # It may fail for one source of many, and the others have what is wanted.
        self._apt("apt-get", "update", "-qq", check=False)

    def dependencies(self, package: str) -> list[str]:
        """The packages that a package names as needed, without their own."""
        said = self._apt("apt-cache", "depends", package)
        return re.findall(r"^ *\|?Depends: ([^<>\s]+)$", said, re.MULTILINE)

    def missing(self, packages: Sequence[str]) -> list[str]:
        """These packages, whether they are installed or not, and what they need and is not installed."""
        options = ("--simulate", "--reinstall", "--no-install-recommends")
        said = self._apt("apt-get", "install", *options, *packages)
        return re.findall(r"^Inst (\S+)", said, re.MULTILINE)

    def unpack(self, packages: Sequence[str], into: Path) -> None:
        """Download packages and lay their files under `into`. No script of a package is run."""
        packed = self._folder / "packages"
        self._apt("apt-get", "download", "-qq", *packages, cwd=packed)
        for file in sorted(packed.glob("*.deb")):
            self._run(["dpkg-deb", "--extract", str(file), str(into)])
            file.unlink()

    def _apt(self, *words: str, cwd: Path | None = None, check: bool = True) -> str:
        options = {
            "Dir::State": self._folder / "state",
            "Dir::State::status": STATUS,
            "Dir::Cache": self._folder / "cache",
            "APT::Sandbox::User": "",  # its own user may not enter the folder
        }
        program, *rest = words
        given = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        return self._run([program, *given, *rest], cwd, check)

    def _run(self, command: list[str], cwd: Path | None = None, check: bool = True) -> str:
        try:
            done = subprocess.run(
                command,
                cwd=cwd or self._folder,
                env=os.environ | {"LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=600,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise MissingServer(str(error)) from error
        if check and done.returncode:
            lines = done.stderr.splitlines() or [f"{command[0]} ended with {done.returncode}"]
            raise MissingServer(next((line for line in lines if line.startswith("E:")), lines[0]))
        return done.stdout
