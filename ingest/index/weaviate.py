"""`index: weaviate://HOST:PORT?grpc=PORT`: the engine for many processes and many chunks, in a server.

This file and its `_weaviate_*` neighbours are the only ones that know Weaviate. A collection of ours is a
collection there, `Sabio_…`; the alias `Sabio` follows the one in use, for whoever looks at the server.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import RLock

from weaviate import WeaviateClient
from weaviate.classes.init import AdditionalConfig, Auth, Timeout
from weaviate.config import GrpcConfig
from weaviate.connect import ConnectionParams
from weaviate.exceptions import UnexpectedStatusCodeError

from config.errors import ConfigError, UnavailableError
from ingest.index import _weaviate_schema as schema
from ingest.index._weaviate_address import read_address
from ingest.index._weaviate_errors import translated
from ingest.index._weaviate_index import WeaviateIndex

OLDEST = (1, 32)
"""The first server that knows aliases."""
TESTED = (1, 39)
_WRITES = 15
"""Writes may take this many times as long as searches."""
_THREADS = 24
"""Calls at once of one process: eight searches of three legs."""
_GRPC = (
    # A call waits for the server to come back, up to its own end. Otherwise the client sleeps 1, 2, 4, 8, 16
    # and 32 seconds between six attempts of its own, and a person would wait a minute for "unavailable".
    ("grpc.service_config", json.dumps({"methodConfig": [{"name": [{}], "waitForReady": True}]})),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    # A connection that leads nowhere is given up after 10 seconds instead of some 15 minutes. Servers close
    # those on which they are asked much more often: github.com/grpc/grpc/blob/master/doc/keepalive.md.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
)


class WeaviateEngine:
    """The collections of one installation in a Weaviate, over one connection; made when first needed."""

    def __init__(self, address: str, key: str | None = None) -> None:
        """Raises `ConfigError` for an address that is none."""
        self._address = read_address(address)
        self._key = key
        self._turn = RLock()
        self._client: WeaviateClient | None = None
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="weaviate")

    def open(self, name: str, dimension: int) -> WeaviateIndex:
        """The collection of that name, made if it is not there."""
        with self._connected() as client:
            name = schema.class_name(self._address.prefix, name)
            if not client.collections.exists(name):
                schema.make(client, self._address, name, dimension)
            schema.check(client.collections.export_config(name), self._address, dimension)
            index = WeaviateIndex(client, self._address, name, dimension, self._pool)
            index.missing(["none"])  # gRPC has a port of its own, and may be what does not work
            return index

    def drop(self, name: str) -> bool:
        """Remove a collection; those who have it open are told that it is gone."""
        with self._connected() as client:
            client.collections.delete(schema.class_name(self._address.prefix, name))
            return True

    def point_to(self, name: str) -> None:
        """Let the alias follow the collection in use."""
        alias, name = self._address.prefix, schema.class_name(self._address.prefix, name)
        with self._connected() as client:
            there = client.alias.get(alias_name=alias)
            if there is not None and there.collection == name:
                return
            if there is None:
                try:
                    client.alias.create(alias_name=alias, target_collection=name)
                except UnexpectedStatusCodeError as error:
                    if error.status_code != 422 or client.alias.get(alias_name=alias) is None:
                        raise
                else:
                    return
            client.alias.update(alias_name=alias, new_target_collection=name)

    def warnings(self, name: str | None) -> Sequence[str]:
        """A server that Sabio was not tested with, vectors that are found late, an alias that lags behind."""
        with self._connected() as client:
            version = client.get_meta()["version"]
            said = []
            if _parts(version) != TESTED:
                tested = ".".join(map(str, TESTED))
                said.append(f"the server is Weaviate {version}; Sabio was tested with {tested}")
            if name is not None:
                class_ = schema.class_name(self._address.prefix, name)
                said += [*self._about_alias(client, class_), *_about_shards(client, class_)]
            return said

    def _about_alias(self, client: WeaviateClient, name: str) -> Iterator[str]:
        there = client.alias.get(alias_name=self._address.prefix)
        if there is None or there.collection != name:
            other = there.collection if there else "nothing"
            yield (
                f"the alias {self._address.prefix} names {other}, not {name}; does another installation use"
                " the same `prefix=`?"
            )

    def close(self) -> None:
        """End the connection."""
        with self._turn:
            self._pool.shutdown()
            if self._client is not None:
                self._client.close()
                self._client = None

    @contextmanager
    def _connected(self) -> Iterator[WeaviateClient]:
        """The client, connected, with its errors translated."""
        with translated(self._address):
            with self._turn:
                if self._client is None:
                    self._client = self._connect()
            yield self._client

    def _connect(self) -> WeaviateClient:
        # It logs every object that was refused, with all that is in it; the error says enough.
        logging.getLogger("weaviate-client").setLevel(logging.CRITICAL)
        at = self._address
        client = WeaviateClient(
            connection_params=ConnectionParams.from_params(
                at.host, at.port, at.tls, at.grpc_host, at.grpc_port, at.tls
            ),
            auth_client_secret=Auth.api_key(self._key) if self._key else None,
            additional_config=AdditionalConfig(
                timeout=Timeout(init=at.timeout, query=at.timeout, insert=_WRITES * at.timeout),
                grpc_config=GrpcConfig(channel_options=list(_GRPC)),
            ),
            # These would ask PyPI for news.
            skip_init_checks=True,
        )
        try:
            client.connect()
            version = client.get_meta()["version"]
            if _parts(version) < OLDEST:
                oldest = ".".join(map(str, OLDEST))
                raise ConfigError(f"{at.shown} is version {version}; Sabio needs {oldest} or newer")
        except (KeyError, TypeError, ValueError) as error:
            client.close()
            raise UnavailableError(f"what answers at {at.host}:{at.port} is not Weaviate") from error
        except BaseException:
            client.close()
            raise
        return client


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])


def _about_shards(client: WeaviateClient, name: str) -> Iterator[str]:
    for shard in client.collections.use(name).config.get_shards():
        if schema.lags(shard):
            yield f"vectors wait to be indexed in {name} (ASYNC_INDEXING): what is published is found late"
        elif shard.status != "READY":
            yield f"{name} is {shard.status.lower()}: nothing can be written to it"
