"""The chart, rendered by the real Helm without a cluster.

    chart.render(PRODUCTION)                    # the objects
    chart.render(EXTERNAL, bot={"replicas": 3})
    chart.refusal(EXTERNAL, bot={"replicas": "many"})    # what Helm says of values that are wrong

**Its two subcharts are stand-ins** (`subcharts/`): no test downloads anything. They have the names and
versions that Chart.yaml asks for, take the values that upstream documents and refuse others, and make
Services and pods with the names, labels and ports that upstream's templates give them (valkey-io/valkey-helm,
valkey 0.11.0; weaviate/weaviate-helm, 17.8.3; read in November 2026). What upstream's own templates make of
our values is not tested.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

SOURCE = Path(__file__).parents[2] / "helm"
SUBCHARTS = Path(__file__).with_name("subcharts")
RELEASE, NAMESPACE = "kb", "search"

Values = Mapping[str, Any]
Object = dict[str, Any]


def read_values(name: str) -> dict[str, Any]:
    """One of helm/ci."""
    values: dict[str, Any] = yaml.safe_load((SOURCE / "ci" / f"{name}-values.yaml").read_text("utf-8"))
    return values


SMALL, PRODUCTION, EVERYTHING = map(read_values, ("small", "production", "everything"))
EXTERNAL: Values = {
    "ledger": {"existingSecret": "ledger"},
    "queue": {"existingSecret": "queue"},
    "index": {"url": "weaviate://weaviate.search.svc:8080?grpc=50051"},
}
"""The least that can be said, with servers elsewhere."""
SCALED = {"enabled": True, "minReplicas": 1, "maxReplicas": 3, "listLength": 2}

SETS: Mapping[str, Values] = {
    "small": SMALL,
    "production": PRODUCTION,
    "everything": EVERYTHING,
    "the least": EXTERNAL,
    "an open queue": {**SMALL, "valkey": {"enabled": True, "auth": {"enabled": False}}},
    "the queue here, the index elsewhere": {
        **SMALL,
        "weaviate": {"enabled": False},
        "index": {"url": "weaviates://search.acme.com", "existingSecret": "index", "key": "key"},
    },
    "one worker for all": {
        **EXTERNAL,
        "workers": {"ingest": {"queues": ["ingest", "default"], "replicas": 5}, "default": None},
    },
    "KEDA with a queue elsewhere": {
        **EXTERNAL,
        "queue": {
            "existingSecret": "queue",
            "keda": {
                "address": "redis.acme.com:6380",
                "tls": True,
                "database": 2,
                "username": "sabio",
                "passwordKey": "password",
            },
        },
        "workers": {"ingest": {"autoscaling": SCALED}},
    },
    "KEDA without a password": {
        **EXTERNAL,
        "queue": {"existingSecret": "queue", "keda": {"address": "redis.acme.com:6379"}},
        "workers": {"default": {"autoscaling": SCALED}},
    },
    "nothing optional": {
        **EXTERNAL,
        "networkPolicy": {"enabled": False},
        "podDisruptionBudget": {"enabled": False},
        "migration": {"enabled": False},
        "serviceAccount": {"create": False},
        "pods": {"topologySpreadConstraints": []},
    },
    "no internet": {**EXTERNAL, "networkPolicy": {"internet": {"enabled": False}}},
    "an ingress without TLS": {
        **EXTERNAL,
        "config": {"teams": {"app_id": "a", "tenant_id": "b"}},
        "ingress": {"enabled": True, "host": "sabio.acme.com", "tls": {"enabled": False}},
    },
    "an ingress to install Slack by": {
        **EXTERNAL,
        "config": {"slack": {"oauth": {"client_id": "1", "teams": ["T1"]}}},
        "ingress": {"enabled": True, "host": "sabio.acme.com"},
    },
}
"""What is rendered, and held against everything that is asserted."""


class Refused(Exception):
    """Helm did not render these values."""


@dataclass(frozen=True)
class Chart:
    """The chart with its subcharts, in a folder of its own."""

    helm: Path
    folder: Path

    @classmethod
    def assemble(cls, helm: Path, folder: Path) -> Chart:
        """A copy of the chart in `folder`, with the stand-ins."""
        shutil.copytree(SOURCE, folder / "sabio", dirs_exist_ok=True)
        shutil.copytree(SUBCHARTS, folder / "sabio" / "charts", dirs_exist_ok=True)
        return cls(helm, folder / "sabio")

    def render(self, values: Values, *options: str, release: str = RELEASE, **more: Any) -> list[Object]:
        """The objects. Raises `Refused`."""
        return read_objects(self._rendered(values, more, release, options))

    def notes(self, values: Values, **more: Any) -> str:
        """What is printed after an installation, which Helm renders together with all else."""
        done = self._run(
            *("install", RELEASE, str(self.folder), "--namespace", NAMESPACE, "--values", "-"),
            *("--dry-run=client",),
            values={**values, **more},
        )
        return done.partition("NOTES:\n")[2]

    def refusal(self, values: Values, **more: Any) -> str:
        """What Helm says of values that it does not render."""
        try:
            self._rendered(values, more, RELEASE, ())
        except Refused as refused:
            return str(refused)
        raise AssertionError("it was rendered")

    def lint(self, values: Values) -> str:
        """What `helm lint --strict` says. Raises `Refused`."""
        return self._run("lint", "--strict", str(self.folder), "--values", "-", values=values)

    def _rendered(self, values: Values, more: Values, release: str, options: Iterable[str]) -> str:
        return self._run(
            *("template", release, str(self.folder), "--namespace", NAMESPACE, "--values", "-", *options),
            values={**values, **more},
        )

    def _run(self, *words: str, values: Values) -> str:
        return _run((str(self.helm), *words), json.dumps(values))


@cache
def _run(words: tuple[str, ...], given: str) -> str:
    """Most tests look at the same few renderings."""
    home = str(Path(words[0]).parent)
    done = subprocess.run(
        words,
        input=given,
        env={"HOME": home, "HELM_CACHE_HOME": home, "HELM_CONFIG_HOME": home, "HELM_DATA_HOME": home},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Refused(done.stderr)
    return done.stdout


def read_objects(text: str) -> list[Object]:
    """The objects in Helm's text."""
    # Ten times as fast as `safe_load_all`, where PyYAML has it.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return [one for one in yaml.load_all(text, loader) if one]


def of_kind(objects: Iterable[Object], *kinds: str) -> list[Object]:
    """Those of these kinds."""
    return [one for one in objects if one["kind"] in kinds]


def named(objects: Iterable[Object], kind: str, name: str) -> Object:
    """The one of that kind and name."""
    [found] = [one for one in of_kind(objects, kind) if one["metadata"]["name"] == name]
    return found


def ours(objects: Iterable[Object]) -> list[Object]:
    """Those that are not the subcharts', nor somebody's own manifests."""
    return [
        one
        for one in objects
        if one["metadata"].get("labels", {}).get("app.kubernetes.io/part-of") == "sabio"
    ]


def templates(objects: Iterable[Object]) -> Iterator[tuple[str, Object]]:
    """The pods that these objects make, each by the name of the object: its metadata and its spec."""
    for one in objects:
        if one["kind"] == "Pod":
            yield one["metadata"]["name"], one
        elif one["kind"] in ("Deployment", "StatefulSet", "Job"):
            yield one["metadata"]["name"], one["spec"]["template"]


def component(template: Object) -> str:
    """What a pod is: `bot`, `worker`, `beat`, `migrate` or `test`."""
    return str(template["metadata"]["labels"]["app.kubernetes.io/component"])


def selected(selector: Values, labels: Mapping[str, str]) -> bool:
    """Whether a label selector means a thing of these labels."""
    for key, value in selector.get("matchLabels", {}).items():
        if labels.get(key) != value:
            return False
    for one in selector.get("matchExpressions", []):
        assert one["operator"] == "In", "no other is in use"
        if labels.get(one["key"]) not in one["values"]:
            return False
    return True
