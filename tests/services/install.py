"""Getting what is not here: Debian's packages where they may be installed; Weaviate by `program.py`,
Microsoft's client of Teams by `playground.py`, MediaWiki by `mediawiki_files.py`, Notion's OpenAPI
document by `notion_openapi.py`, Helm by `helm.py`, Prometheus by `prometheus.py`, and Kubernetes by
`kubernetes_programs.py`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from config.system import Program, install_programs
from tests.services import FailedServer, MissingServer, Postgres, Redis
from tests.services.chromium import Chromium
from tests.services.helm import get_helm
from tests.services.kubernetes_programs import get_kubernetes
from tests.services.mediawiki import get_mediawiki
from tests.services.notion_openapi import get_notion
from tests.services.playground import Node, get_playground
from tests.services.program import get_weaviate
from tests.services.prometheus import get_prometheus
from tests.services.rclone import Rclone

IN_CI = os.environ.get("CI", "").lower() not in ("", "0", "false", "no")


class Found(Protocol):
    """What is found on this machine or not."""

    @classmethod
    def find_program(cls) -> Path:
        """Where it is. Raises `MissingServer`."""


Packages = Mapping[type[Found], Program]
SERVERS: Packages = {
    Redis: Program("redis-server", "tests with Redis", ("redis-server",)),
    Postgres: Program("postgres", "tests with PostgreSQL", ("postgresql",)),
}
BROWSER: Packages = {
    Chromium: Program(
        "chromium", "tests in a browser", ("chromium", "fonts-liberation", "fonts-noto-color-emoji")
    )
}
WEBDAV: Packages = {Rclone: Program("rclone", "tests with rclone's WebDAV server", ("rclone",))}
NODE: Packages = {Node: Program("node", "tests with Microsoft's client of Teams", ("nodejs", "npm"))}


def get_browser() -> list[str]:
    """Get Chromium where it is missing. Returns what is missing still, as lines for people."""
    return _get(BROWSER, _install)


def get_webdav() -> list[str]:
    """The same for rclone."""
    return _get(WEBDAV, _install)


def get_teams() -> list[str]:
    """The same for Node and Microsoft's client of Teams."""
    lines = _get(NODE, _install)
    try:
        if not lines:
            get_playground()
    except MissingServer as error:
        lines.append(str(error))
    return lines


def get_files() -> list[str]:
    """The same for what is fetched and not installed."""
    return _told(get_mediawiki, get_notion, get_helm, get_prometheus)


def get_cluster() -> list[str]:
    """The same for Kubernetes, which `make contract` alone needs."""
    return _told(get_kubernetes)


def get_servers() -> list[str]:
    """The same for the servers."""
    lines = _get(SERVERS, _install_servers)
    try:
        get_weaviate()
    except MissingServer as error:
        lines.append(str(error))
    return lines


def _told(*ways: Callable[[], object]) -> list[str]:
    lines = []
    for get in ways:
        try:
            get()
        except (MissingServer, FailedServer) as error:
            lines.append(str(error))
    return lines


def _get(packages: Packages, install: Callable[[list[Program]], str | None]) -> list[str]:
    wanted = [program for kind, program in packages.items() if _missing(kind)]
    reason = install(wanted) if wanted else None
    missing = [said for kind in packages if (said := _missing(kind))]
    return [f"{said}; {reason}" if reason else said for said in missing]


def _install_servers(programs: list[Program]) -> str | None:
    if starts_services() and not IN_CI:
        return "the packages would start services on this machine"
    return _install(programs)


def _install(programs: list[Program]) -> str | None:
    sys.stderr.write(f"Installing {', '.join(program.name for program in programs)} …\n")
    return install_programs(programs)


def starts_services() -> bool:
    """Whether Debian's packages start their servers here, which no test may do to somebody's laptop."""
    return Path("/run/systemd/system").exists()


def _missing(kind: type[Found]) -> str | None:
    try:
        kind.find_program()
    except MissingServer as error:
        return str(error)
    return None


def main(*more: str) -> int:
    """`make test`, and with `contract` `make contract`: what is missing is told; in CI it is an error."""
    missing = [*get_servers(), *get_browser(), *get_webdav(), *get_teams(), *get_files()]
    if "contract" in more:
        missing += get_cluster()
    for line in missing:
        sys.stderr.write(f"{line}\n")
    if missing and not IN_CI:
        sys.stderr.write(f"Tests that need {'it' if len(missing) == 1 else 'them'} will be left out.\n")
    return 1 if missing and IN_CI else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
