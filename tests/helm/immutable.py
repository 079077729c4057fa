"""What a release of the version before has that an upgrade may not change: written down, and compared.

Kubernetes refuses another selector of a Deployment, and another name is another object: the old one goes,
with what hangs on it. `python -m tests.helm.immutable` writes down what is rendered now, which is right where
something new was added.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.helm.chart import SETS, Chart, Object, ours
from tests.services.helm import Helm

FILE = Path(__file__).with_suffix(".json")
RECORDED: dict[str, dict[str, Any]] = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}
NAMES = ("small", "production", "everything")


def immutable(objects: Iterable[Object]) -> dict[str, Any]:
    """Of each object of ours that stays (hooks are made anew): its name, and the selector of its pods."""
    found = {}
    for one in ours(objects):
        if "helm.sh/hook" in one["metadata"].get("annotations", {}):
            continue
        fixed = one["spec"]["selector"]["matchLabels"] if one["kind"] == "Deployment" else None
        found[f"{one['kind']}/{one['metadata']['name']}"] = fixed
    return found


def main() -> None:
    """Write it down."""
    with tempfile.TemporaryDirectory() as folder:
        chart = Chart.assemble(Helm.find_program(), Path(folder))
        now = {name: immutable(chart.render(SETS[name])) for name in NAMES}
    FILE.write_text(json.dumps(now, indent=2, sort_keys=True) + "\n", "utf-8")


if __name__ == "__main__":
    main()
