"""A release of the chart whose pods run here, as `helm install` and a cluster's controllers would have it.

release = Release(place)
release.ended("migrate")            # a hook, or the pod of `helm test`: its exit code, and what it said
with release.running() as pods:     # one of each Deployment, ready
    ...
    stop(pods.values())
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from tests.helm.chart import component, named, of_kind, ours, selected, templates
from tests.helm.containers import Container, Place


@dataclass(frozen=True)
class Ended:
    """What became of a pod that ends by itself."""

    code: int
    said: str
    asked: set[str]
    """The names that it looked up in vain."""


class Release:
    """The pods that the chart makes, by the names of the objects that make them."""

    def __init__(self, place: Place) -> None:
        self._place, self._objects = place, place.node.objects
        self._pods = dict(templates(ours(self._objects)))

    def ended(self, kind: str) -> Ended:
        """Run the one pod of a component to its end."""
        [name] = self._names(kind)
        with self.begun(name) as pod:
            return Ended(pod.wait(), pod.said(), pod.asked)

    def begun(self, name: str) -> Container:
        """One more pod of that object."""
        return Container(self._place, name, self._pods[name])

    @contextmanager
    def running(self) -> Iterator[dict[str, Container]]:
        """One pod of each Deployment, all of them ready, by their names. They are killed in the end."""
        with ExitStack() as stack:
            names = self._names("bot", "worker", "beat")
            pods = {name: stack.enter_context(self.begun(name)) for name in names}
            for pod in pods.values():
                pod.await_ready()
            yield pods

    def behind(self, path: str) -> tuple[str, str]:
        """Where Ingress and Service lead a path to: the name of the pods' object, and of their port."""
        [ingress] = of_kind(self._objects, "Ingress")
        [rule] = ingress["spec"]["rules"]
        [there] = [one["backend"]["service"] for one in rule["http"]["paths"] if one["path"] == path]
        service = named(self._objects, "Service", there["name"])["spec"]
        [port] = [one["targetPort"] for one in service["ports"] if one["name"] == there["port"]["name"]]
        meant = {"matchLabels": service["selector"]}
        [pods] = [name for name, one in self._pods.items() if selected(meant, one["metadata"]["labels"])]
        return pods, port

    def _names(self, *kinds: str) -> list[str]:
        return [name for name, template in self._pods.items() if component(template) in kinds]


def stop(pods: Iterable[Container]) -> dict[str, int]:
    """End pods together, each as a kubelet does: their exit codes by their names."""
    with ThreadPoolExecutor() as threads:
        return dict(threads.map(lambda pod: (pod.name, pod.stop()), pods))
