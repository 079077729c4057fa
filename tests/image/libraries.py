"""Which libraries an image holds, by the lock file, and a Python that has these alone."""

from __future__ import annotations

import os
import re
import sysconfig
import tomllib
import venv
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from tests.image.dockerfile import read

ROOT = Path(__file__).parent.parent.parent


@cache
def _lock() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for package in tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]:
        found.setdefault(package["name"], []).append(package)
    return found


def locked() -> set[str]:
    """The names of all packages of the lock file."""
    return set(_lock())


def pruned(stage: str) -> set[str]:
    """The packages that a stage of the Dockerfile leaves out by name."""
    steps = read((ROOT / "Dockerfile").read_text(encoding="utf-8"))[stage].all("RUN")
    return {name for step in steps for name in re.findall(r"--prune (\S+)", step.text)}


def extras(stage: str) -> set[str]:
    """The extras that a stage installs by default."""
    steps = read((ROOT / "Dockerfile").read_text(encoding="utf-8"))[stage].all("ARG")
    return {name for step in steps for name in re.findall(r"--extra=([\w-]+)", step.text)}


def reachable(without: Iterable[str] = (), extras: Iterable[str] = ()) -> set[str]:
    """What Sabio and these extras of it need, all the way down, by the rules of `uv export --prune`."""
    left_out, found = set(without), set[tuple[str, str | None]]()
    waiting: list[tuple[str, str | None]] = [("sabio", None), *(("sabio", extra) for extra in extras)]
    while waiting:
        name, extra = one = waiting.pop()
        if one in found or name in left_out:
            continue
        found.add(one)
        for package in _lock()[name]:
            needed = (
                package.get("dependencies", [])
                if extra is None
                else package.get("optional-dependencies", {}).get(extra, [])
            )
            waiting += [each for dependency in needed for each in _wanted(dependency)]
    return {name for name, _ in found}


def _wanted(dependency: Mapping[str, Any]) -> list[tuple[str, str | None]]:
    if "never" in dependency.get("marker", ""):
        return []
    name = dependency["name"]
    return [(name, None), *((name, extra) for extra in dependency.get("extra", []))]


def held_by(stage: str) -> set[str]:
    """The packages that a stage installs by default."""
    return reachable(pruned(stage), extras(stage))


def python_with(packages: set[str], folder: Path) -> Path:
    """A Python that finds, beside itself, these packages alone: a virtual environment made in `folder`.

    They are linked from where this Python has them.
    """
    venv.create(folder, symlinks=True)
    (inside,) = folder.glob("lib/python*/site-packages")
    for one in distributions(path=[sysconfig.get_path("purelib")]):
        if re.sub(r"[-_.]+", "-", one.name).lower() not in packages:
            continue
        for part in {file.parts[0] for file in one.files or () if file.parts[0] not in ("..", "__pycache__")}:
            place = Path(str(one.locate_file(part)))
            if place.exists() and not (inside / part).exists():
                (inside / part).symlink_to(place)
    return folder / "bin" / "python"


def environment() -> dict[str, str]:
    """What such a Python is started with: this repository is what it runs."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
