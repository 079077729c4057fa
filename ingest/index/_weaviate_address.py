"""`index: weaviate://…` taken apart: where the server is, and how this installation uses it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, cast
from urllib.parse import parse_qsl, urlsplit

from config.errors import ConfigError
from config.reading import nearest

Consistency = Literal["one", "quorum", "all"]
_PREFIX, _TIMEOUT = "Sabio", 4.0


@dataclass(frozen=True, slots=True)
class Address:
    """Everything that the address of a Weaviate says."""

    host: str
    port: int
    tls: bool
    grpc_host: str
    grpc_port: int
    prefix: str = _PREFIX
    """What the names of this installation's collections begin with, and its alias."""
    replicas: int | None = None
    """Of a new collection; None: the server's default. The same for `consistency`."""
    consistency: Consistency | None = None
    timeout: float = _TIMEOUT
    """Seconds that one call of a search may take. A search makes at most two, one after the other."""

    @property
    def shown(self) -> str:
        """For messages."""
        return f"Weaviate at {self.host}:{self.port} (gRPC at {self.grpc_host}:{self.grpc_port})"


def read_address(text: str) -> Address:
    """Read an address. Raises `ConfigError` with everything that is wrong with it, at once."""
    parts = urlsplit(text)
    tls = parts.scheme == "weaviates"
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    problems = [_unknown(name) for name in options if name not in _OPTIONS]
    values: dict[str, str] = {}
    for name, (pattern, expected) in _OPTIONS.items():
        if (value := options.get(name)) is not None:
            values[name] = value
            if not re.fullmatch(pattern, value):
                problems.append(f"index: `{name}={value}`: expected {expected}")
    if parts.username or parts.password:
        problems.append("index: the address holds a user or a password; set `weaviate_api_key` instead")
    if parts.path not in {"", "/"} or parts.fragment:
        problems.append(f"index: nothing may stand between the port and `?`, saw `{parts.path or '#'}`")
    if problems:
        raise ConfigError(*problems)
    host = parts.hostname or ""
    replicas, consistency = values.get("replicas"), values.get("consistency")
    prefix = values.get("prefix", _PREFIX)
    return Address(
        host=host,
        port=parts.port or (443 if tls else 8080),
        tls=tls,
        grpc_host=values.get("grpc_host", host),
        grpc_port=int(values.get("grpc", 443 if tls and "grpc_host" in values else 50051)),
        # Weaviate itself writes the first letter of every collection large.
        prefix=prefix[0].upper() + prefix[1:],
        replicas=int(replicas) if replicas else None,
        consistency=cast("Consistency", consistency) if consistency else None,
        timeout=float(values.get("timeout", _TIMEOUT)),
    )


_OPTIONS = {
    "grpc": (r"[1-9]\d{0,4}", "a port, as `grpc=50051`"),
    "grpc_host": (r"[^\s/:?]+", "a host, as `grpc_host=grpc.example.com`"),
    "prefix": (r"[A-Za-z][A-Za-z0-9_]{0,63}", "letters, digits and `_`, a letter first, as `prefix=Sabio`"),
    "replicas": (r"[1-9]\d?", "how many copies there are of a collection, as `replicas=3`"),
    "consistency": (r"one|quorum|all", "one, quorum or all"),
    "timeout": (r"(?!0+(\.0*)?$)\d{1,3}(\.\d+)?", "seconds, as `timeout=4`"),
}
"""What may stand behind `?`: its pattern, and how to say what is expected."""


def _unknown(name: str) -> str:
    near = nearest(name, _OPTIONS)
    hint = f"did you mean `{near}`?" if near else f"expected are: {', '.join(_OPTIONS)}"
    return f"index: `{name}` is not known in the address of a Weaviate; {hint}"
