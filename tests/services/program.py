"""The Weaviate server: the one named, kept or installed here, else a release, else built from its module."""

from __future__ import annotations

import hashlib
import mmap
import os
import platform
import shutil
import sys
import tarfile
import tempfile
import urllib.request
from pathlib import Path

from filelock import FileLock

from tests.services.golang import Workshop, make_removable
from tests.services.server import MissingServer, cache_folder

VERSION = "1.39.0"
"""Goes with the weaviate-client of pyproject.toml; `compose.yaml` names the same."""
RELEASES = "https://github.com/weaviate/weaviate/releases/download"
MODULE = "github.com/weaviate/weaviate/cmd/weaviate-server"
BUILD_BYTES = 6_000_000_000
"""Module and build caches took 3.7 GB; they are deleted afterwards."""
NAMED = os.environ.get("SABIO_WEAVIATE_BIN")
"""Read before the tests hide all settings of this machine from themselves."""


def find_weaviate() -> Path:
    """The program; raises `MissingServer` where it is not here (`make test` and `make services` get it)."""
    if NAMED:
        if not os.access(NAMED, os.X_OK):
            raise MissingServer(f"SABIO_WEAVIATE_BIN names {NAMED}, which is no program")
        return Path(NAMED).absolute()
    kept = _kept()
    if kept.exists():
        return kept
    for name in ("weaviate", "weaviate-server"):
        found = shutil.which(name)
        if found and _is_of_this_version(Path(found)):
            return Path(found)
    raise MissingServer(f"Weaviate {VERSION} is not here (`make test` downloads or builds it)")


def get_weaviate() -> Path:
    """The program, downloaded or built into the cache folder where it is not here. One process does it."""
    kept = _kept()
    with FileLock(f"{kept}.lock"):
        try:
            return find_weaviate()
        except MissingServer:
            if NAMED:
                raise
        reasons = []
        for way in (_download, _build):
            with tempfile.TemporaryDirectory(prefix="weaviate-", dir=kept.parent) as folder:
                try:
                    made = way(Path(folder))
                    made.chmod(0o755)
                    made.rename(kept)
                except (OSError, MissingServer, tarfile.TarError) as error:
                    reasons.append(str(error))
                else:
                    return kept
                finally:
                    make_removable(Path(folder))
    raise MissingServer(
        f"Weaviate {VERSION} could not be had: {'; '.join(reasons)}."
        " Name a program by SABIO_WEAVIATE_BIN, or install Go"
    )


def _kept() -> Path:
    return cache_folder() / f"weaviate-server-{VERSION}"


def _is_of_this_version(program: Path) -> bool:
    """It has no option that prints it, but carries the description of its interface, with the version."""
    with program.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(f'"version": "{VERSION}"'.encode()) >= 0


def _download(folder: Path) -> Path:
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine())
    if sys.platform != "linux" or not machine:
        raise MissingServer("no release for this system is known")
    address = f"{RELEASES}/v{VERSION}/weaviate-v{VERSION}-linux-{machine}.tar.gz"
    archive = folder / "release.tar.gz"
    try:
        with urllib.request.urlopen(address, timeout=10) as answer, archive.open("wb") as file:
            shutil.copyfileobj(answer, file)
        wanted = _checksum(address)
    except OSError as error:
        raise MissingServer(f"the release is out of reach ({error})") from error
    with archive.open("rb") as file:
        if wanted and hashlib.file_digest(file, "sha256").hexdigest() != wanted:
            raise MissingServer("the release is not what its checksum says")
    with tarfile.open(archive) as packed:
        packed.extract("weaviate", folder, filter="data")
    return folder / "weaviate"


def _checksum(address: str) -> str | None:
    try:
        with urllib.request.urlopen(f"{address}.sha256", timeout=10) as answer:
            return str(answer.read().decode().split()[0])
    except urllib.error.HTTPError as error:
        if error.code == 404:  # not every release has one
            return None
        raise


def _build(folder: Path) -> Path:
    workshop = Workshop(folder, BUILD_BYTES)
    sys.stderr.write(f"Building Weaviate {VERSION} from its Go module, once for this machine (minutes) …\n")
    workshop.install("-tags", "netgo", "-ldflags", "-s -w", f"{MODULE}@v{VERSION}")
    return workshop.programs / "weaviate-server"
