"""The system programs that some features need: which are here, which are not, and what is off without them.

Speaks to `sabio check`, and runs by itself on a bare Python (`python3 -m config.system`) for `make system`.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Program:
    """A program, what it is for, and how it is had."""

    name: str
    feature: str
    """What is off without it, as the end of "off: …"."""
    packages: tuple[str, ...]
    """On Debian and Ubuntu."""
    listing: tuple[str, ...] = ()
    """Prints what the program has installed; empty when being there is enough."""
    needs: tuple[str, ...] = ()
    """Words that `listing` must print."""
    parses: bool = False
    """Whether only those who read documents need it."""
    bundled: str | None = None
    """A Python package whose wheel carries the program, on the platforms that it has wheels for."""

    def present(self) -> bool:
        """Whether the program is here with everything that it needs."""
        if shutil.which(self.name) is None:
            return self._comes_with_python()
        if not self.listing:
            return True
        try:
            done = subprocess.run(self.listing, capture_output=True, text=True, timeout=20, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return False
        return set(self.needs) <= set((done.stdout + done.stderr).split())

    def _comes_with_python(self) -> bool:
        package = importlib.util.find_spec(self.bundled) if self.bundled else None
        folders = package.submodule_search_locations if package else None
        return any((Path(folder) / "files" / self.name).exists() for folder in folders or ())


PROGRAMS = (
    Program(
        "tesseract",
        "reading scanned pages (OCR, English and Spanish)",
        ("tesseract-ocr", "tesseract-ocr-spa"),
        ("tesseract", "--list-langs"),
        ("eng", "spa"),
        parses=True,
    ),
    Program("pandoc", "reading EPUB, ODT and RTF", ("pandoc",), parses=True, bundled="pypandoc"),
    Program(
        "apertium",
        "finding Spanish pages by English questions and the other way round (local translation)",
        ("apertium", "apertium-eng-spa"),
        ("apertium", "-l"),
        ("eng-spa", "spa-eng"),
    ),
)


def missing_programs(programs: Sequence[Program] = PROGRAMS) -> list[Program]:
    """The programs that are not here, or not whole."""
    return [program for program in programs if not program.present()]


def explain_missing(program: Program) -> str:
    """What is off, and how to have it."""
    return f"{program.name} is not installed; off: {program.feature} (Debian: {' '.join(program.packages)})"


def install_programs(programs: Sequence[Program]) -> str | None:
    """Install by apt, as root or by a sudo that asks for no password. Returns why not, where it did not."""
    if shutil.which("apt-get") is None:
        return "this system has no apt-get"
    prefix = _root_prefix()
    if prefix is None:
        return "neither root nor sudo without a password"
    packages = [package for program in programs for package in program.packages]
    # The first command may fail on one dead mirror and the second succeed all the same.
    _apt(prefix, "update", "-qq")
    return _apt(prefix, "install", "-y", "-qq", "--no-install-recommends", *packages)


def main(install: bool = True) -> None:
    """`make system`: install what may be installed, name once what is missing. Never fails."""
    missing = missing_programs()
    if not missing:
        return
    if install:
        _print("Installing " + ", ".join(program.name for program in missing) + " …")
        reason = install_programs(missing)
        missing = missing_programs(missing)
        if missing and reason:
            _print(f"Could not install everything: {reason}")
    for program in missing:
        _print(explain_missing(program))


def _root_prefix() -> list[str] | None:
    if os.geteuid() == 0:
        return ["env"]
    if shutil.which("sudo") is None:
        return None
    asked = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False)
    return ["sudo", "-n", "env"] if asked.returncode == 0 else None


def _apt(prefix: Sequence[str], *arguments: str) -> str | None:
    command = [*prefix, "DEBIAN_FRONTEND=noninteractive", "apt-get", *arguments]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=600,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return None
    lines = [line for line in done.stderr.splitlines() if line.startswith("E:")] or done.stderr.splitlines()
    return lines[0] if lines else f"apt-get {arguments[0]} ended with {done.returncode}"


def _print(line: str) -> None:
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    main(install="--no-install" not in sys.argv)
