"""The chart in a Kubernetes that has a real control plane (`tests/services/kubernetes.py`).

    plane = Plane.prepare(kubernetes, helm)
    here = plane.open("a-namespace", chart, SMALL, BEFOREHAND["small"])
    here.run("install")
    here.list("apps/v1/deployments")

Every namespace enforces the restricted pod standard, and warns where a description would break it.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.helm.beforehand import There
from tests.helm.chart import RELEASE, Chart, Object, Values, read_objects
from tests.helm.crds import definitions
from tests.services.kubernetes import Kubernetes, Refused
from tests.waiting import await_

WAIT_SECONDS = 60
CHANGING = ("install", "upgrade", "test", "uninstall")
REFERRING = {
    "secretKeyRef": ("secrets", "name"),
    "secretRef": ("secrets", "name"),
    "secret": ("secrets", "secretName"),
    "configMapKeyRef": ("configmaps", "name"),
    "configMapRef": ("configmaps", "name"),
    "configMap": ("configmaps", "name"),
    "persistentVolumeClaim": ("persistentvolumeclaims", "claimName"),
}
"""Words of a pod that name another object: its kind, and the word for its name."""
STANDARD = "pod-security.kubernetes.io"


class Failed(Exception):
    """Helm failed, or warned, or passed on a warning of the API server's; says what it said."""


@dataclass(frozen=True)
class Plane:
    """The cluster, with what its administrator has made ready."""

    kubernetes: Kubernetes
    helm: Path

    @classmethod
    def prepare(cls, kubernetes: Kubernetes, helm: Path) -> Plane:
        """Other kinds, and the priorities and the nodes that values name."""
        plane = cls(kubernetes, helm)
        for one in definitions():
            plane.make("apiextensions.k8s.io/v1/customresourcedefinitions", one)
        for name in ("business", "people-wait"):
            plane.make("scheduling.k8s.io/v1/priorityclasses", {"metadata": {"name": name}, "value": 1000})
        large = {"kubernetes.io/os": "linux", "kubernetes.io/hostname": "large", "pool": "large"}
        plane.make("v1/nodes", {"metadata": {"name": "large", "labels": large}})
        eventually(plane._serves_them)
        return plane

    def ask(self, path: str) -> Any:
        """What the API answers."""
        return self.kubernetes.api.ask("GET", path)

    def make(self, kind: str, one: Object, namespace: str = "") -> Object:
        """Make an object of a kind, as `apps/v1/deployments` or `v1/pods`. Raises `Refused`."""
        made: Object = self.kubernetes.api.ask("POST", address(kind, namespace), one)
        return made

    def kinds(self, namespaced: bool = True) -> set[str]:
        """Every kind that can be listed, as `apps/v1/deployments`: those in namespaces, or the others."""
        groups = self.ask("/apis")["groups"]
        versions = ["v1", *(group["preferredVersion"]["groupVersion"] for group in groups)]
        return {
            f"{version}/{one['name']}"
            for version in versions
            for one in self.ask("/api/v1" if version == "v1" else f"/apis/{version}")["resources"]
            if one["namespaced"] is namespaced and "list" in one["verbs"]
        }

    def everything(self, namespace: str = "") -> dict[str, Object]:
        """Every object in a namespace, or in none, but events: by its kind and name."""
        return {
            f"{kind.rpartition('/')[2]}/{one['metadata']['name']}": one
            for kind in self.kinds(namespaced=bool(namespace))
            if not kind.endswith("/events")
            for one in self.ask(address(kind, namespace))["items"]
        }

    def _serves_them(self) -> bool:
        """It takes them into its list of kinds first, and answers a moment later."""
        try:
            for one in definitions():
                spec = one["spec"]
                self.ask(address(f"{spec['group']}/{spec['versions'][0]['name']}/{spec['names']['plural']}"))
        except Refused:
            return False
        return True

    def open(self, namespace: str, chart: Chart, values: Values, there: There) -> Installation:
        """A namespace with what is there before the chart."""
        labels = {f"{STANDARD}/{mode}": "restricted" for mode in ("enforce", "warn", "audit")}
        self.make("v1/namespaces", {"metadata": {"name": namespace, "labels": labels}})
        for kind, name, content in there:
            self.make(f"v1/{kind}", {"metadata": {"name": name}, **content}, namespace)
        for claim in ("weaviate-data-weaviate-0", "share"):
            self.make("v1/persistentvolumes", _volume(namespace, claim))
        # What controllers do by themselves in each namespace, and with each claim.
        here = Installation(self, chart, namespace, values)
        eventually(lambda: "default" in here.names("v1/serviceaccounts"))
        eventually(lambda: "kube-root-ca.crt" in here.names("v1/configmaps"))
        claims = "v1/persistentvolumeclaims"
        eventually(lambda: all(one["status"]["phase"] == "Bound" for one in here.list(claims)))
        return here


@dataclass(frozen=True)
class Installation:
    """A release of the chart in a namespace of its own."""

    plane: Plane
    chart: Chart
    namespace: str
    values: Values

    def run(self, *words: str, seconds: int = WAIT_SECONDS, **more: Any) -> str:
        """What Helm prints; `more` replaces values. Raises `Failed`."""
        given = words[0] in ("install", "upgrade")
        home = str(self.plane.kubernetes.kubeconfig.parent)
        done = subprocess.run(
            [
                *(str(self.plane.helm), *words[0].split(), RELEASE),
                *((str(self.chart.folder), "--values", "-", "--wait") if given else ()),
                *(("--timeout", f"{seconds}s") if words[0] in CHANGING else ()),
                *words[1:],
                *("--namespace", self.namespace, "--kubeconfig", str(self.plane.kubernetes.kubeconfig)),
            ],
            input=json.dumps({**self.values, **more}) if given else "",
            env={"HOME": home, "PATH": os.defpath},
            capture_output=True,
            text=True,
            check=False,
        )
        # Where a watch of Helm's is cut off, its client begins another one, and says so.
        said = [line for line in done.stderr.splitlines() if " reflector.go:" not in line]
        if done.returncode or said:
            raise Failed("\n".join(said))
        return done.stdout

    def make(self, kind: str, one: Object) -> Object:
        """Make an object here. Raises `Refused`."""
        return self.plane.make(kind, one, self.namespace)

    def everything(self) -> dict[str, Object]:
        """Every object here but events, by its kind and name."""
        return self.plane.everything(self.namespace)

    def list(self, kind: str, selector: Mapping[str, Any] | None = None) -> list[Object]:
        """The objects of a kind, as `apps/v1/deployments`: all, or those that a selector means."""
        query = f"?labelSelector={quote(label_query(selector))}" if selector is not None else ""
        path = f"{address(kind, self.namespace)}{query}"
        found: list[Object] = self.plane.ask(path)["items"]
        return found

    def names(self, kind: str, selector: Mapping[str, Any] | None = None) -> set[str]:
        """Their names."""
        return {one["metadata"]["name"] for one in self.list(kind, selector)}

    def read(self, kind: str, name: str, part: str = "") -> Object:
        """One of them, or a part of it, as `/scale`. Raises `Refused` where it is not there."""
        one: Object = self.plane.ask(f"{address(kind, self.namespace)}/{name}{part}")
        return one

    def version(self, kind: str) -> str:
        """Of the list now, for `history`."""
        told: str = self.plane.ask(address(kind, self.namespace))["metadata"]["resourceVersion"]
        return told

    def history(self, kind: str, since: str) -> list[Object]:
        """Every state that objects of a kind have had since then."""
        return self.plane.kubernetes.api.history(address(kind, self.namespace), since)

    def pods_of(self, selector: Mapping[str, Any]) -> set[str]:
        """Whose pods a selector means: the names of their Deployments and StatefulSets, else their own."""
        return {self.owner(pod) for pod in self.list("v1/pods", selector)}

    def owner(self, pod: Object) -> str:
        """The name of the pod's Deployment or StatefulSet, else its own."""
        name = _owner(pod)
        sets = {one["metadata"]["name"]: one for one in self.list("apps/v1/replicasets")}
        return _owner(sets[name]) if name in sets else name

    def sent(self) -> list[Object]:
        """What Helm has sent to the server as the release that stands, without its hooks."""
        return read_objects(self.run("get manifest"))

    def revisions(self) -> list[tuple[int, str]]:
        """The release's history: numbers and what became of them."""
        told = json.loads(self.run("history", "--output", "json"))
        return [(one["revision"], one["status"]) for one in told]


def address(kind: str, namespace: str = "") -> str:
    """The path of a kind."""
    version, _, name = kind.rpartition("/")
    beginning = "/api/v1" if version == "v1" else f"/apis/{version}"
    return f"{beginning}/namespaces/{namespace}/{name}" if namespace else f"{beginning}/{name}"


def label_query(selector: Mapping[str, Any]) -> str:
    """A label selector in the form in which the API is asked."""
    said = [f"{key}={value}" for key, value in selector.get("matchLabels", {}).items()]
    for one in selector.get("matchExpressions", []):
        assert one["operator"] == "In", "no other is in use"
        said.append(f"{one['key']} in ({','.join(one['values'])})")
    return ",".join(said)


def references(pod: Object) -> Iterator[tuple[str, str, str | None]]:
    """What a node looks for before it starts a pod: the kind, the name, and the key where one is named."""
    spec = pod["spec"]
    yield "serviceaccounts", spec["serviceAccountName"], None
    for one in spec.get("imagePullSecrets", []):
        yield "secrets", one["name"], None
    yield from _references([spec["containers"], spec.get("initContainers"), spec.get("volumes")])


def _references(said: Any) -> Iterator[tuple[str, str, str | None]]:
    if isinstance(said, list):
        for one in said:
            yield from _references(one)
    elif isinstance(said, dict):
        for word, inner in said.items():
            if word in REFERRING:
                kind, name = REFERRING[word]
                yield kind, inner[name], inner.get("key")
            else:
                yield from _references(inner)


def eventually(true: Callable[[], Any], seconds: float = WAIT_SECONDS) -> None:
    """Wait for what controllers bring about."""
    await_(true, "what controllers bring about", seconds, every=0.1)


def _owner(one: Object) -> str:
    owners = one["metadata"].get("ownerReferences", [])
    name: str = (owners or [one["metadata"]])[0]["name"]
    return name


def _volume(namespace: str, claim: str) -> Object:
    """A disk for a claim, as nobody provides one here."""
    return {
        "metadata": {"name": f"{namespace}-{claim}"},
        "spec": {
            "capacity": {"storage": "32Gi"},
            "accessModes": ["ReadWriteOnce", "ReadOnlyMany"],
            "claimRef": {"namespace": namespace, "name": claim},
            "hostPath": {"path": "/nowhere"},
        },
    }
