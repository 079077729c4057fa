"""The containers of rendered pods, as processes of this machine that see what they would see in a cluster.

A container has its variables and no other, and a network of its own: Services have the names and ports there
that the chart gave them, and nothing else can be reached. Linux and root are needed. What is not proven:
network policies, and what confinement.py leaves out.
"""

from __future__ import annotations

import http.client
import os
import shlex
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.helm.chart import NAMESPACE, Object, of_kind
from tests.helm.confinement import APART, Mount, becoming, making
from tests.helm.kubelet import POD, Node, hosts
from tests.helm.own_network import OwnNetwork
from tests.helm.resolver import PORT, Resolver
from tests.image.clean_root import Image
from tests.services.proxy import Proxy

_POLL_SECONDS = 0.05

Peers = Mapping[str, Mapping[int, int]]
"""By a Service's name or another host's, its ports, each with the port of loopback where the server is."""


@dataclass(frozen=True)
class Place:
    """What containers find around them."""

    node: Node
    images: Mapping[str, Image]
    """By the last word of their repository."""
    peers: Peers
    claims: Mapping[str, Path]
    """By a claim's name, the folder that a volume holds."""
    work: Path
    lent: Sequence[Mount] = field(default_factory=list)
    """Parts of every image that are this machine's."""


class Container:
    """The one container of a pod: runs from the beginning of the block, and is killed with it."""

    def __init__(self, place: Place, name: str, template: Object) -> None:
        """`name` is that of the object that makes the pod. Raises `NotStarted`."""
        self.name, self.spec = f"{name}-{os.urandom(3).hex()}", template["spec"]
        [self.container] = self.spec["containers"]
        assert "initContainers" not in self.spec
        self._place, self._folder = place, place.work / self.name
        self._folder.mkdir(mode=0o755)
        repository, *_ = self.container["image"].replace("@", ":").split(":")
        self.image = place.images[repository.rpartition("/")[2]]
        self.variables = place.node.variables(self.container, self.image, self.name)
        self.log = self._folder / "log"
        self._mounts = [*place.lent, *self._volumes()]
        self._known: set[str] = set()
        self._network, self._proxies = OwnNetwork(), list[Proxy]()
        # Where a system library looks that was told of no name server.
        self._resolver = Resolver(self._network.bind("127.0.0.1", PORT))

    def __enter__(self) -> Container:
        self._mounts += self._make_peers()
        command = [*APART, "sh", "-c", self._script()]
        with self.log.open("wb") as out:
            self._process = self._network.do(
                lambda: subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
            )
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        for proxy in self._proxies:
            proxy.close()
        self._resolver.close()
        self._network.close()

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """Its first process, as this machine counts; 0 where there is none yet."""
        first = _child(self._process.pid)
        return _child(first) if self._shares_processes else first

    @property
    def ports(self) -> dict[str, int]:
        """Those that it listens on, by their names."""
        return {one["name"]: one["containerPort"] for one in self.container.get("ports", [])}

    @property
    def asked(self) -> set[str]:
        """The names that it looked up and that lead nowhere: those of whom it would speak to outside."""
        return self._resolver.asked - self._known

    def said(self) -> str:
        """What it has printed."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def confinement(self) -> dict[str, str]:
        """What the kernel says of its process: who it is, what it may and may become; and of its root."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        told = {key: " ".join(value.split()) for key, _, value in (line.partition(":") for line in lines)}
        mounts = [line.split() for line in Path(f"/proc/{self.pid}/mountinfo").read_text().splitlines()]
        [root] = [one[5].partition(",")[0] for one in mounts if one[4] == "/"]
        kept = {key: told[key] for key in ("Uid", "Gid", "Groups", "CapPrm", "CapBnd", "NoNewPrivs")}
        return {**kept, "Root": root}

    def wait(self, seconds: float = 120) -> int:
        """Its exit code, when it has ended by itself."""
        return self._process.wait(seconds)

    def stop(self) -> int:
        """End it as a kubelet does, which waits `terminationGracePeriodSeconds`: its exit code, 137 where it
        had to be killed. The seconds of a `preStop` are not waited for, but taken from those."""
        hook = self.container.get("lifecycle", {}).get("preStop", {"sleep": {"seconds": 0}})
        if process := self.pid:
            os.kill(process, signal.SIGTERM)
        try:
            return self.wait(self.spec["terminationGracePeriodSeconds"] - hook["sleep"]["seconds"])
        except subprocess.TimeoutExpired:
            self.kill()
            return 137

    def kill(self) -> None:
        """End it and all that it has started, at once."""
        self._process.kill()
        self._process.wait()

    def connect(self, port: int, seconds: float = 5) -> socket.socket:
        """A connection to one of its ports, from outside of it."""
        return self._network.connect(POD, port, seconds)

    def get(self, path: str) -> str:
        """What it answers at its port called `http`."""
        status, said = self._get(path, "http", 10)
        assert status == 200, said
        return said

    def await_ready(self) -> None:
        """Wait until it has started, is ready and alive, each as long as its probe would."""
        for kind in ("startup", "readiness", "liveness"):
            probe = self.container[f"{kind}Probe"]
            until = time.monotonic() + probe["periodSeconds"] * probe["failureThreshold"]
            while not 200 <= (answer := self._probed(probe))[0] < 400:
                assert self.alive, self.said()
                assert time.monotonic() < until, f"{kind}: {answer}\n{self.said()}"
                time.sleep(_POLL_SECONDS)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """What `kubectl exec` of a command gives."""
        enter = ["nsenter", f"--target={self.pid}", "--mount", "--pid", "--net", "--uts", "--ipc", "--root"]
        return subprocess.run(
            [*enter, "sh", "-c", self._becoming(words)],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    @property
    def _shares_processes(self) -> bool:
        """Whether another process is the first of the pod, and sees to what is left behind."""
        return bool(self.spec.get("shareProcessNamespace"))

    def _probed(self, probe: Object) -> tuple[int, str]:
        asked = probe["httpGet"]
        try:
            return self._get(asked["path"], asked["port"], probe["timeoutSeconds"])
        except OSError as error:
            return 0, str(error)

    def _get(self, path: str, port: str | int, seconds: float) -> tuple[int, str]:
        connection = http.client.HTTPConnection(POD, timeout=seconds)
        connection.sock = self.connect(self.ports.get(str(port)) or int(port), seconds)
        with closing(connection):
            connection.request("GET", path, headers={"User-Agent": "kube-probe/1.34"})
            reply = connection.getresponse()
            return reply.status, reply.read().decode()

    def _make_peers(self) -> Iterator[Mount]:
        """Let names lead to addresses, and addresses to servers. An address of loopback stands for itself."""
        lines = ["127.0.0.1 localhost", f"{POD} {self.name}"]
        objects, peers = self._place.node.objects, self._place.peers
        services = {one["metadata"]["name"] for one in of_kind(objects, "Service")}
        for address, names in hosts(objects, sorted(peers.keys() - services), NAMESPACE).items():
            lines.append(f"{address} {' '.join(names)}")
            self._known.update(names)
            at = names[0] if names[0].startswith("127.") else address
            for port, real in peers.get(names[0], {}).items():
                self._proxies.append(Proxy(real, self._network.listen(at, port)))
        for name, text in {"hosts": "\n".join(lines) + "\n", "resolv.conf": ""}.items():
            (self._folder / name).write_text(text)
            yield Mount(f"/etc/{name}", self._folder / name)

    def _volumes(self) -> Iterator[Mount]:
        volumes = {one["name"]: one for one in self.spec.get("volumes", [])}
        for mount in sorted(self.container.get("volumeMounts", []), key=lambda one: one["mountPath"]):
            assert not mount.keys() - {"name", "mountPath", "readOnly"}, f"not understood: {mount}"
            yield self._volume(volumes[mount["name"]], mount["mountPath"], mount.get("readOnly", False))

    def _volume(self, volume: Object, path: str, read_only: bool) -> Mount:
        group = self.spec.get("securityContext", {}).get("fsGroup", 0)
        if "emptyDir" in volume:
            size = volume["emptyDir"].get("sizeLimit", "1Gi").removesuffix("i").lower()
            return Mount(path, size=size, group=group)
        if "persistentVolumeClaim" in volume:
            claim = volume["persistentVolumeClaim"]
            folder = self._place.claims[claim["claimName"]]
            return Mount(path, folder, read_only=read_only or claim.get("readOnly", False))
        folder = self._folder / volume["name"]
        folder.mkdir()
        self._place.node.lay_out(volume, group, folder)
        return Mount(path, folder)

    def _script(self) -> str:
        """Makes the root, and becomes the container's first process in it."""
        root = self.image.files
        read_only = self.container.get("securityContext", {}).get("readOnlyRootFilesystem", False)
        made = making(root, self._mounts, read_only=read_only, name=self.name)
        words = self._place.node.command(self.container, self.image, self.variables)
        start = shlex.join(["chroot", str(root), "/bin/sh", "-c", self._becoming(words)])
        return f"{made}\nset +e\n{start} &\nwait $!" if self._shares_processes else f"{made}\nexec {start}"

    def _becoming(self, words: Sequence[str]) -> str:
        return becoming(words, self.image, self.spec, self.container, self.variables)


def _child(pid: int) -> int:
    with suppress(OSError):
        for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            return int(one)
    return 0
