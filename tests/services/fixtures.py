"""Fixtures of real servers: one of each kind for the whole run, and a place of its own in it for each test.

- `redis_url`, `postgres_url`, `weaviate_url`: what goes into the configuration; an unused database number, a
  new database, an unused prefix. What was in them is removed afterwards.
- `redis_server`, `postgres_server`, `weaviate_server`: the servers themselves, which all tests share.
- `own_redis`, `own_postgres`, `own_weaviate`: a server for this test alone, to be killed and restarted.
- `playground`: Microsoft's client of Teams, for the tests of one module.
- `mediawiki`: a wiki for the tests of one module, who call their pages by names of their own;
  `own_mediawiki`: one without a page, for this test alone.
- `rclone`: a folder that is served by WebDAV, for the tests of one module.
- `kubernetes`: a control plane with nodes that are played, for the whole run.

A test that uses one of them may speak to 127.0.0.1 and to nothing else; `loopback` alone gives the same.
Without a server the test fails in CI (the variable `CI` is set); elsewhere it is skipped, loudly.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import pytest
import pytest_socket
from filelock import FileLock

from tests.services import SERVERS, FailedServer, MissingServer, Postgres, Redis, Server, Weaviate
from tests.services.install import IN_CI
from tests.services.kubernetes import Kubernetes
from tests.services.mediawiki import MediaWiki
from tests.services.playground import Playground
from tests.services.rclone import Rclone

FIXTURES = {"loopback", "playground", "mediawiki", "own_mediawiki", "rclone", "kubernetes"} | {
    name
    for kind in ("redis", "postgres", "weaviate")
    for name in (f"{kind}_url", f"{kind}_server", f"own_{kind}")
}
NOT_RUN = "NOT RUN: "

S = TypeVar("S", bound=Server)
L = TypeVar("L", bound=Server | Kubernetes)
T = TypeVar("T")


class Shared:
    """The servers of this run, started by whichever of its processes asks first. They end with `owner`."""

    def __init__(self, folder: Path, owner: int) -> None:
        self.folder, self.owner = folder, owner

    def server(self, kind: type[S]) -> S:
        """The one server of a kind, ready."""
        note = self.folder / f"{kind.name}.json"
        with FileLock(note.with_suffix(".lock")):
            if note.exists():
                server = self._noted(kind)
            else:
                server = kind.launch(self.folder / kind.name, owner=self.owner)
                note.write_text(json.dumps(asdict(server), default=str))
        server.await_ready()
        return server

    def close(self) -> None:
        """End them all."""
        for kind in SERVERS:
            if (self.folder / f"{kind.name}.json").exists():
                self._noted(kind).drop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _noted(self, kind: type[S]) -> S:
        fields = json.loads((self.folder / f"{kind.name}.json").read_text())
        return kind(**fields | {"folder": Path(fields["folder"])})


_SHARED = pytest.StashKey[Shared]()


def pytest_configure(config: pytest.Config) -> None:
    given = getattr(config, "workerinput", {}).get("servers")
    if given:
        config.stash[_SHARED] = Shared(Path(given["folder"]), given["owner"])
    else:
        config.stash[_SHARED] = Shared(_open_folder(), os.getpid())


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    shared = node.config.stash[_SHARED]
    node.workerinput["servers"] = {"folder": str(shared.folder), "owner": shared.owner}


def pytest_unconfigure(config: pytest.Config) -> None:
    shared = config.stash.get(_SHARED, None)
    if shared and shared.owner == os.getpid():
        shared.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.allow_hosts(["127.0.0.1"]))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    reasons = Counter(
        str(report.longrepr[2]).partition(NOT_RUN)[2]
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple) and NOT_RUN in str(report.longrepr[2])
    )
    if reasons:
        terminalreporter.section("tests that were NOT RUN", yellow=True, bold=True)
    for reason, count in sorted(reasons.items()):
        terminalreporter.write_line(f"{NOT_RUN}{count} tests: {reason}", yellow=True, bold=True)


@pytest.fixture
def loopback() -> None:
    """This test may speak to 127.0.0.1."""
    _allow_loopback()


@pytest.fixture(scope="session")
def redis_server(pytestconfig: pytest.Config) -> Redis:
    """The Redis of this run."""
    return _shared(pytestconfig, Redis)


@pytest.fixture(scope="session")
def postgres_server(pytestconfig: pytest.Config) -> Postgres:
    """The PostgreSQL of this run."""
    return _shared(pytestconfig, Postgres)


@pytest.fixture(scope="session")
def weaviate_server(pytestconfig: pytest.Config) -> Weaviate:
    """The Weaviate of this run."""
    return _shared(pytestconfig, Weaviate)


@pytest.fixture
def redis_url(redis_server: Redis, loopback: None) -> Iterator[str]:
    """A database of Redis that nobody used before, emptied afterwards."""
    from redis import Redis as Client

    with Client.from_url(redis_server.url) as counter:
        url = redis_server.address_of(int(counter.incr("databases given")))
    yield url
    _allow_loopback()
    with Client.from_url(url) as client:
        client.flushdb()


@pytest.fixture
def postgres_url(postgres_server: Postgres, loopback: None) -> Iterator[str]:
    """A new database of PostgreSQL, dropped afterwards with whoever is still connected."""
    name = f"test_{uuid4().hex[:12]}"
    postgres_server.execute(f"CREATE DATABASE {name}")
    yield postgres_server.address_of(name)
    _allow_loopback()
    postgres_server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def weaviate_url(weaviate_server: Weaviate, loopback: None) -> Iterator[str]:
    """Weaviate with a prefix that nobody used before; its aliases and collections are removed afterwards."""
    prefix = f"Test{uuid4().hex[:10]}"
    yield f"{weaviate_server.url}&prefix={prefix}"
    _allow_loopback()
    weaviate_server.remove(prefix)


@pytest.fixture
def own_redis(loopback: None) -> Iterator[Redis]:
    """A Redis for this test alone; it writes down what it is told (`appendonly`)."""
    yield from _own(Redis, durable=True)


@pytest.fixture
def own_postgres(loopback: None) -> Iterator[Postgres]:
    """A PostgreSQL for this test alone; it waits for the disk at each commit."""
    yield from _own(Postgres, durable=True)


@pytest.fixture
def own_weaviate(loopback: None) -> Iterator[Weaviate]:
    """A Weaviate for this test alone."""
    yield from _own(Weaviate)


@pytest.fixture(scope="module")
def playground() -> Iterator[Playground]:
    """Where Ana uses Teams."""
    yield from _own(Playground)


@pytest.fixture(scope="module")
def mediawiki() -> Iterator[MediaWiki]:
    """A wiki that the tests of a module share: they only add to it."""
    yield from _own(MediaWiki)


@pytest.fixture(scope="module")
def rclone() -> Iterator[Rclone]:
    """A WebDAV server whose folder the tests of a module share."""
    yield from _own(Rclone)


@pytest.fixture(scope="session")
def kubernetes() -> Iterator[Kubernetes]:
    """What the tests of a run share, each in a namespace of its own."""
    yield from _lend(Kubernetes.start)


@pytest.fixture(scope="module")
def _lent_mediawiki() -> Iterator[MediaWiki]:
    yield from _own(MediaWiki)


@pytest.fixture
def own_mediawiki(loopback: None, _lent_mediawiki: MediaWiki) -> MediaWiki:
    """A wiki without a page, for this test alone: one that is emptied, which is quicker than another."""
    _lent_mediawiki.empty()
    return _lent_mediawiki


def _own(kind: type[S], **options: Any) -> Iterator[S]:
    yield from _lend(lambda folder: kind.start(folder / kind.name, **options))


def _lend(start: Callable[[Path], L]) -> Iterator[L]:
    folder = _open_folder()
    try:
        lent = here(lambda: start(folder))
        yield lent
        lent.drop()
    finally:
        shutil.rmtree(folder)


def _shared(config: pytest.Config, kind: type[S]) -> S:
    return here(lambda: config.stash[_SHARED].server(kind))


def here(start: Callable[[], T]) -> T:
    """What `start` finds or starts; without it the test fails in CI, and is skipped elsewhere."""
    _allow_loopback()
    try:
        return start()
    except MissingServer as error:
        if IN_CI:
            pytest.fail(f"{error} (CI is set, so no test may be left out)", pytrace=False)
        pytest.skip(f"{NOT_RUN}{error}")
    except FailedServer as error:
        pytest.fail(str(error), pytrace=False)


def _allow_loopback() -> None:
    pytest_socket.enable_socket()
    pytest_socket.socket_allow_hosts(["127.0.0.1"], allow_unix_socket=True)


def _open_folder() -> Path:
    """A new folder that PostgreSQL may pass through, as somebody else than root: pytest's own is closed."""
    folder = Path(tempfile.mkdtemp(prefix="sabio-servers-"))
    folder.chmod(0o711)
    return folder
