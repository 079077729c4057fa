"""What a kubelet makes of the objects before it starts a container: its variables, files and command line.

    node = Node(objects, secrets={"sabio": {"SABIO_LEDGER": "postgresql://…"}})
    node.variables(container, image, "kb-sabio-bot-1")
    node.lay_out(volume, group=10001, folder)    # what stands in a volume, as files

Whatever a container asks for and does not get is `NotStarted`, in the kubelet's words; what no chart of ours
uses is refused, so that nothing is left out in silence. https://kubernetes.io/docs/concepts/configuration/secret/
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.helm.chart import Object, of_kind
from tests.image.clean_root import Image

_OF_THE_CLUSTER = {"KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"}
_REFERENCE = re.compile(r"\$(?:\$|\((\w+)\))")

Texts = Mapping[str, str]


class NotStarted(Exception):
    """A container that stays in CreateContainerConfigError, or in ContainerCreating: with the reason."""


@dataclass(frozen=True)
class Node:
    """Where pods run: it knows the chart's objects, and the Secrets that an operator has made."""

    objects: Sequence[Object]
    secrets: Mapping[str, Texts]

    def variables(self, container: Object, image: Image, hostname: str) -> dict[str, str]:
        """All variables of a container: the image's, then those of `envFrom`, then those of `env`."""
        found = {**image.environment, **_OF_THE_CLUSTER, "HOSTNAME": hostname}
        for source in container.get("envFrom", []):
            found |= self._all_of(source)
        for one in container.get("env", []):
            if "value" in one:
                found[one["name"]] = _expanded(one["value"], found)
            else:
                found.update((one["name"], text) for text in self._from(one["valueFrom"], hostname))
        return found

    def command(self, container: Object, image: Image, variables: Texts) -> list[str]:
        """ENTRYPOINT and CMD, each replaced where the container says otherwise."""
        start = container.get("command") or image.entrypoint
        words = container.get("args") or (() if container.get("command") else image.command)
        return [_expanded(word, variables) for word in (*start, *words)]

    def lay_out(self, volume: Object, group: int, folder: Path) -> None:
        """Write the files of a ConfigMap or Secret as the kubelet does: in a folder that a link points to, so
        that all of them change at once. A pod's `fsGroup` owns them."""
        if "configMap" in volume:
            source = volume["configMap"]
            texts = self._config_map(source["name"])
        else:
            source = {"name": volume["secret"]["secretName"], **volume["secret"]}
            texts = self._secret(source["name"])
        assert not source.keys() - {"name", "secretName", "defaultMode"}, f"not understood: {source}"
        mode = source.get("defaultMode", 0o644)
        real = folder / "..2026_11_28"
        real.mkdir()
        (folder / "..data").symlink_to(real.name)
        for name, text in texts.items():
            (real / name).write_text(text, encoding="utf-8")
            (real / name).chmod(mode | (mode & 0o400) >> 3)
            os.chown(real / name, 0, group)
            (folder / name).symlink_to(f"..data/{name}")

    def _all_of(self, source: Object) -> Texts:
        assert not source.keys() - {"secretRef", "configMapRef"}, f"not understood: {source}"
        if "secretRef" in source:
            return self._secret(source["secretRef"]["name"])
        return self._config_map(source["configMapRef"]["name"])

    def _from(self, source: Object, hostname: str) -> Iterator[str]:
        [(kind, said)] = source.items()
        match kind:
            case "secretKeyRef":
                texts, kind = self._secret(said["name"]), "Secret"
            case "configMapKeyRef":
                texts, kind = self._config_map(said["name"]), "ConfigMap"
            case "fieldRef":
                texts, kind = {"metadata.name": hostname, "status.podIP": POD}, "pod"
                said = {"name": hostname, "key": said["fieldPath"]}
            case _:
                raise AssertionError(f"not understood: {source}")
        if said["key"] in texts:
            yield texts[said["key"]]
        elif not said.get("optional"):
            raise NotStarted(f"couldn't find key {said['key']} in {kind} {said['name']}")

    def _secret(self, name: str) -> Texts:
        made = {one["metadata"]["name"]: one.get("stringData", {}) for one in of_kind(self.objects, "Secret")}
        return _named(name, {**made, **self.secrets}, "secret")

    def _config_map(self, name: str) -> Texts:
        maps = {one["metadata"]["name"]: one.get("data", {}) for one in of_kind(self.objects, "ConfigMap")}
        return _named(name, maps, "configmap")


POD = "127.8.0.1"
"""A pod's own address in its own network: none that who listens on 127.0.0.1 alone can be found at."""


def hosts(objects: Iterable[Object], outside: Iterable[str], namespace: str) -> dict[str, list[str]]:
    """By an address of its own in a pod's network, the names of each Service, and of whoever is outside."""
    services = [one["metadata"]["name"] for one in of_kind(objects, "Service")]
    suffixes = ("", f".{namespace}", f".{namespace}.svc", f".{namespace}.svc.cluster.local")
    names = [[name + suffix for suffix in suffixes] for name in services] + [[name] for name in outside]
    return {f"127.9.0.{number}": each for number, each in enumerate(names, 1)}


def _named(name: str, all_: Mapping[str, Texts], kind: str) -> Texts:
    if name not in all_:
        raise NotStarted(f'{kind} "{name}" not found')
    return all_[name]


def _expanded(text: str, variables: Texts) -> str:
    """`$(NAME)` filled in; `$$` is a dollar, and what is not known stays."""
    return _REFERENCE.sub(lambda found: variables.get(found[1], found[0]) if found[1] else "$", text)
