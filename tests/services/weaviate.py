"""A Weaviate of the version that the tests, `compose.yaml` and the client agree on."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

from tests.services.program import find_weaviate
from tests.services.server import HOST, Server


@dataclass
class Weaviate(Server):
    """One node without modules. Its data is durable always."""

    key: str = ""
    """What clients have to give; where there is none everybody is let in."""

    name = "Weaviate"
    # Given neighbouring ports, as gossip and data must have: else it never gets ready.
    port_names = ("http", "grpc", "raft", "raft_rpc", "gossip", "data")

    @classmethod
    def find_program(cls) -> Path:
        """See `program.py`."""
        return find_weaviate()

    @property
    def url(self) -> str:
        """For collections without a prefix of their own."""
        return f"weaviate://{HOST}:{self.ports['http']}?grpc={self.ports['grpc']}"

    def command(self) -> Sequence[str | Path]:
        """The rest is in its environment."""
        return [self.find_program(), "--scheme", "http", "--host", HOST, "--port", str(self.ports["http"])]

    def environment(self) -> dict[str, str]:
        """RAFT_BOOTSTRAP_TIMEOUT stays as it is: at 5 s a restart has ended with a fatal error."""
        guarded = {
            "AUTHENTICATION_APIKEY_ENABLED": "true",
            "AUTHENTICATION_APIKEY_ALLOWED_KEYS": self.key,
            "AUTHENTICATION_APIKEY_USERS": "sabio",
        }
        return super().environment() | {
            "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED": "false" if self.key else "true",
            **(guarded if self.key else {}),
            "PERSISTENCE_DATA_PATH": str(self.data),
            "DEFAULT_VECTORIZER_MODULE": "none",
            "DISABLE_TELEMETRY": "true",
            "GO_PROFILING_DISABLE": "true",  # it would listen on a port of its own
            "CLUSTER_HOSTNAME": "node1",
            "CLUSTER_IN_LOCALHOST": "true",
            "CLUSTER_ADVERTISE_ADDR": HOST,
            "CLUSTER_BIND_ADDR": HOST,  # gRPC and the data port listen on every address all the same
            "CLUSTER_GOSSIP_BIND_PORT": str(self.ports["gossip"]),
            "CLUSTER_DATA_BIND_PORT": str(self.ports["data"]),
            "RAFT_PORT": str(self.ports["raft"]),
            "RAFT_INTERNAL_RPC_PORT": str(self.ports["raft_rpc"]),
            "RAFT_BOOTSTRAP_EXPECT": "1",
            "RAFT_TIMEOUTS_MULTIPLIER": "1",  # the one node waits 1 s instead of 5 before it elects itself
            "DISK_USE_READONLY_PERCENTAGE": "0",  # else it refuses writes on a disk that is 90 % full
            "GRPC_PORT": str(self.ports["grpc"]),
        }

    def prepare(self) -> None:
        """It makes its folder itself."""

    def answers(self) -> bool:
        """Its own word for it."""
        try:
            self.ask("GET", "/.well-known/ready")
        except HTTPError:
            return False
        return True

    def version(self) -> str:
        """What it says that it is."""
        return str(self.ask("GET", "/meta")["version"])

    def remove(self, prefix: str) -> None:
        """Every alias and collection whose name begins so."""
        for kind, path, name in (("aliases", "/aliases", "alias"), ("classes", "/schema", "class")):
            for found in self.ask("GET", path)[kind] or []:
                if found[name].startswith(prefix):
                    self.ask("DELETE", f"{path}/{found[name]}")

    def ask(self, method: str, path: str, body: object = None, key: str | None = None) -> dict[str, Any]:
        """One request of its REST interface."""
        address = f"http://{HOST}:{self.ports['http']}/v1{path}"
        content = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
        request = urllib.request.Request(address, content, headers, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=10) as answer:
                told = answer.read()
        except HTTPError as error:
            error.close()  # it holds the connection
            raise
        return dict(json.loads(told)) if told.strip() else {}
