"""What a Kubernetes without containers consists of: etcd, its control plane, and kwok, which plays the nodes.

They are built from Go modules, which `kubernetes/*/go.mod` names and `go.sum` holds to their hashes, and kept
in the cache folder; one process of this machine does it.
"""

from __future__ import annotations

import hashlib
import re
import sys
import tempfile
from pathlib import Path

from filelock import FileLock

from tests.services.golang import Workshop, make_removable
from tests.services.server import MissingServer, cache_folder

PINNED = Path(__file__).with_name("kubernetes")
MODULES = sorted(file.parent for file in PINNED.glob("*/go.mod"))
"""Not one: what kwok needs is newer than what this Kubernetes does."""
[VERSION] = re.findall(r"k8s\.io/kubernetes v([\d.]+)", (PINNED / "plane/go.mod").read_text("utf-8"))
SAYS = f"-X k8s.io/component-base/version.gitVersion=v{VERSION}"
"""Its own build writes it there; else it calls itself 0.0.0, which Chart.yaml's `kubeVersion` refuses."""
BUILD_BYTES = 9_000_000_000
"""Modules and caches took 7.6 GB; they are deleted afterwards."""
ETCD = "server"
"""The name that Go gives it, after its module."""


def find_kubernetes() -> Path:
    """The folder with the programs; raises `MissingServer` where they are not here."""
    kept = _kept()
    if not kept.exists():
        raise MissingServer(f"Kubernetes {VERSION} is not here (`make contract` builds it)")
    return kept


def get_kubernetes() -> Path:
    """The same, built where they are not here."""
    kept = _kept()
    with FileLock(f"{kept}.lock"):
        if not kept.exists():
            with tempfile.TemporaryDirectory(prefix="kubernetes-", dir=kept.parent) as folder:
                try:
                    _build(Path(folder)).rename(kept)
                except MissingServer as error:
                    raise MissingServer(
                        f"Kubernetes {VERSION} could not be had: {error}. Install Go {_oldest_go()} or newer"
                    ) from error
                finally:
                    make_removable(Path(folder))
    return kept


def _kept() -> Path:
    pinned = b"".join(file.read_bytes() for file in sorted(PINNED.rglob("go.*")))
    return cache_folder() / f"kubernetes-{VERSION}-{hashlib.sha256(pinned).hexdigest()[:8]}"


def _build(folder: Path) -> Path:
    workshop = Workshop(folder, BUILD_BYTES)
    sys.stderr.write(f"Building Kubernetes {VERSION} from Go modules, once for this machine (10 minutes) …\n")
    for module in MODULES:
        workshop.install("-ldflags", f"-s -w {SAYS}", "tool", within=module)
    return workshop.programs


def _oldest_go() -> str:
    texts = [(module / "go.mod").read_text("utf-8") for module in MODULES]
    return ".".join(max(re.findall(r"^go (\d+)\.(\d+)", text, re.MULTILINE)[0] for text in texts))
