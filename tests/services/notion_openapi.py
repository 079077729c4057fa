"""Notion's own OpenAPI document of its API, which is in an npm package that is pinned by its hash.

    document = json.loads(NotionDocument.find_program().read_text())

Nothing of the package is run, and nothing but the document is kept.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from filelock import FileLock

from tests.services.playground import Node
from tests.services.server import MissingServer, cache_folder

PACKAGE = "@notionhq/notion-mcp-server"
VERSION = "2.5.2"
INTEGRITY = "5nPSwHMnugSGAhSJS5vVIlMao+iTJO9HoWGpCnT8lJNrPy3rZMqs1V/CPiN4MuxF+5EBgRE/f/Tirl6Wfi75Mg=="
"""SHA-512 of the package, as the registry of npm tells it."""
_INSIDE = "package/scripts/notion-openapi.json"


class NotionDocument:
    """The document, as a file."""

    @classmethod
    def find_program(cls) -> Path:
        """Where it is. Raises `MissingServer` where it is not here."""
        kept = _kept()
        if not kept.exists():
            raise MissingServer(f"Notion's OpenAPI document {VERSION} is not here (`make test` gets it)")
        return kept


def get_notion() -> Path:
    """The document, got into the cache folder where it is not here. One process does it."""
    kept = _kept()
    if not kept.exists():
        Node.find_program()
        with FileLock(f"{kept}.lock"), tempfile.TemporaryDirectory(dir=kept.parent) as folder:
            if not kept.exists():
                made = Path(folder) / kept.name
                made.write_bytes(_document(_package(Path(folder))))
                made.rename(kept)
    return kept


def _kept() -> Path:
    return cache_folder() / f"notion-openapi-{VERSION}.json"


def _package(folder: Path) -> bytes:
    done = subprocess.run(
        [str(shutil.which("npm")), "pack", "--ignore-scripts", f"{PACKAGE}@{VERSION}"],
        cwd=folder,
        env=os.environ | {"npm_config_update_notifier": "false"},
        capture_output=True,
        text=True,
        check=False,
    )
    found = sorted(folder.glob("*.tgz"))
    if done.returncode or not found:
        raise MissingServer(
            f"Notion's OpenAPI document {VERSION} could not be had: npm pack failed"
            f" ({' '.join(done.stderr.split())[-400:]})"
        )
    return found[0].read_bytes()


def _document(package: bytes) -> bytes:
    """Raises `MissingServer` for a package that is not the one that is pinned."""
    if base64.b64encode(hashlib.sha512(package).digest()).decode() != INTEGRITY:
        raise MissingServer(f"what npm gives as {PACKAGE} {VERSION} is not what is pinned")
    with tarfile.open(fileobj=io.BytesIO(package)) as packed:
        file = packed.extractfile(_INSIDE)
        assert file is not None
        return file.read()
