"""A Kubernetes without containers: its real control plane over a real etcd, with nodes that kwok plays.

    kubernetes = Kubernetes.start(folder)
    kubernetes.api.ask("GET", "/api/v1/nodes")    # as an administrator
    kubernetes.kubeconfig                         # for `helm --kubeconfig`

Admission, controllers and scheduler are those of every cluster. No container is ever run, so images need not
exist: what becomes of a pod is written down in `kubernetes/stages.yaml`.
"""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from tests.services.kubernetes_programs import ETCD, PINNED, find_kubernetes
from tests.services.server import HOST, Server

TOKEN = "a-token-of-nobody"
"""Of the administrator."""


class Refused(Exception):
    """The API server said no; carries its status and its reason."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class _Part(Server):
    """One of the programs. It is there as soon as it runs: what it does shows in the API."""

    options: Mapping[str, str | Path] = field(default_factory=dict)

    port_names = ()
    program = ""

    @classmethod
    def find_program(cls) -> Path:
        """See `kubernetes_programs.py`."""
        return find_kubernetes() / cls.program

    @property
    def url(self) -> str:
        """It has none."""
        return ""

    def flags(self) -> Mapping[str, str | Path]:
        """What it is told, by the names of its options."""
        return self.options

    def command(self) -> Sequence[str | Path]:
        """An option and its value are one word: some of these programs insist on it."""
        return [self.find_program(), *(f"--{name}={value}" for name, value in self.flags().items())]

    def prepare(self) -> None:
        """Nothing is needed."""

    def answers(self) -> bool:
        """It serves nobody."""
        return True


class Etcd(_Part):
    """Where the API server keeps everything."""

    name = "etcd"
    program = ETCD
    port_names = ("client", "peer")

    @property
    def url(self) -> str:
        """For the API server."""
        return f"http://{HOST}:{self.ports['client']}"

    def flags(self) -> Mapping[str, str | Path]:
        """It does not wait for the disk: what it holds goes with the tests."""
        peer = f"http://{HOST}:{self.ports['peer']}"
        return {
            "data-dir": self.data,
            "listen-client-urls": self.url,
            "advertise-client-urls": self.url,
            "listen-peer-urls": peer,
            "initial-advertise-peer-urls": peer,
            "initial-cluster": f"default={peer}",
            "unsafe-no-fsync": "true",
        }

    def answers(self) -> bool:
        """Its own word for it."""
        connection = http.client.HTTPConnection(HOST, self.ports["client"], timeout=10)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        finally:
            connection.close()


@dataclass
class ApiServer(_Part):
    """Through it goes everything."""

    etcd: str = ""

    name = "kube-apiserver"
    program = "kube-apiserver"
    port_names = ("https",)

    @property
    def url(self) -> str:
        """For clients, who believe `certificate`."""
        return f"https://{HOST}:{self.ports['https']}"

    @property
    def certificate(self) -> Path:
        """It signs its own."""
        return self.folder / "apiserver.crt"

    @property
    def key(self) -> Path:
        """With which the tokens of service accounts are signed."""
        return self.folder / "accounts.key"

    def prepare(self) -> None:
        """A key, and who is an administrator."""
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import rsa

        made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL)
        self.key.write_bytes(made.private_bytes(*form, serialization.NoEncryption()))
        (self.folder / "tokens.csv").write_text(f"{TOKEN},admin,admin,system:masters\n")

    def flags(self) -> Mapping[str, str | Path]:
        """Its admission is what it is by default, the pod standards among it."""
        return {
            "etcd-servers": self.etcd,
            "bind-address": HOST,
            "secure-port": str(self.ports["https"]),
            "cert-dir": self.folder,
            "authorization-mode": "RBAC",
            "token-auth-file": self.folder / "tokens.csv",
            "service-account-issuer": "https://kubernetes.default.svc",
            "service-account-key-file": self.key,
            "service-account-signing-key-file": self.key,
            "service-cluster-ip-range": "10.96.0.0/16",
            # An address of loopback is none that pods could use.
            "endpoint-reconciler-type": "none",
        }

    def answers(self) -> bool:
        """Its own word for it."""
        if not self.certificate.exists():
            return False
        try:
            self._send("GET", "/readyz")
        except (Refused, http.client.HTTPException):
            return False
        return True

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """The answer to one request of its API. Raises `Refused`."""
        return json.loads(self._send(method, path, body))

    def history(self, path: str, since: str) -> list[Any]:
        """Every state that the things of a list have had after the list's version `since`, oldest first."""
        told = self._send("GET", f"{path}?watch=1&resourceVersion={since}&timeoutSeconds=1")
        return [json.loads(line)["object"] for line in told.splitlines()]

    def _send(self, method: str, path: str, body: object = None) -> str:
        context = ssl.create_default_context(cafile=str(self.certificate))
        connection = http.client.HTTPSConnection(HOST, self.ports["https"], context=context, timeout=60)
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            told = answer.read().decode()
        finally:
            connection.close()
        if answer.status >= 400:
            raise Refused(answer.status, json.loads(told)["message"] if told.startswith("{") else told)
        return told


class Controllers(_Part):
    """They make of Deployments pods, of claims volumes, and so on."""

    name = program = "kube-controller-manager"


class Scheduler(_Part):
    """It chooses nodes."""

    name = program = "kube-scheduler"


class Nodes(_Part):
    """They play that they run pods."""

    name = program = "kwok"


@dataclass
class Kubernetes:
    """All of them."""

    api: ApiServer
    parts: ExitStack

    @classmethod
    def start(cls, folder: Path) -> Self:
        """A new one, with two nodes. Raises `MissingServer` and `FailedServer`."""
        with ExitStack() as parts:
            etcd = Etcd.start(folder / "etcd")
            parts.callback(etcd.drop)
            api = ApiServer.start(folder / "api", etcd=etcd.url)
            parts.callback(api.drop)
            started = cls(api, parts)
            started.kubeconfig.write_text(json.dumps(started._way_in()))
            for kind, options in started._others():
                part = kind.start(folder / kind.name, options=options)
                parts.callback(part.drop)
            for zone in ("a", "b"):
                api.ask("POST", "/api/v1/nodes", _node(zone))
            started.parts = parts.pop_all()
        return started

    @property
    def kubeconfig(self) -> Path:
        """For whoever is an administrator."""
        return self.api.folder / "kubeconfig.json"

    def drop(self) -> None:
        """End them all, those first that hang on others."""
        self.parts.close()

    def _way_in(self) -> dict[str, Any]:
        cluster = {"server": self.api.url, "certificate-authority": str(self.api.certificate)}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "tests", "cluster": cluster}],
            "users": [{"name": "admin", "user": {"token": TOKEN}}],
            "contexts": [{"name": "tests", "context": {"cluster": "tests", "user": "admin"}}],
            "current-context": "tests",
        }

    def _others(self) -> Iterator[tuple[type[_Part], dict[str, str | Path]]]:
        way: dict[str, str | Path] = {"kubeconfig": self.kubeconfig}
        served = {"secure-port": "0", "leader-elect": "false"}
        accounts = {
            "service-account-private-key-file": self.api.key,
            "root-ca-file": self.api.certificate,
            "horizontal-pod-autoscaler-sync-period": "1s",
        }
        yield Controllers, {**way, **served, **accounts}
        yield Scheduler, {**way, **served}
        # Without leases, nodes are taken for dead after a minute.
        played = {"manage-all-nodes": "true", "node-lease-duration-seconds": "40", "cidr": "10.244.0.0/16"}
        yield Nodes, {**way, **played, "config": PINNED / "stages.yaml"}


def _node(zone: str) -> dict[str, Any]:
    labels = {
        "kubernetes.io/os": "linux",
        "kubernetes.io/hostname": zone,
        "topology.kubernetes.io/zone": zone,
    }
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": f"node-{zone}", "labels": labels}}
