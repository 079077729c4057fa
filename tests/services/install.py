"""Getting what is not here: Debian's packages where they may be installed; Weaviate by `program.py`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from config.system import Program, install_programs
from tests.services import MissingServer, Postgres, Redis, Server
from tests.services.program import get_weaviate

IN_CI = os.environ.get("CI", "").lower() not in ("", "0", "false", "no")
PACKAGES: dict[type[Server], Program] = {
    Redis: Program("redis-server", "tests with Redis", ("redis-server",)),
    Postgres: Program("postgres", "tests with PostgreSQL", ("postgresql",)),
}


def get_servers() -> list[str]:
    """Get what is missing. Returns what is missing still, as lines for people."""
    wanted = [program for kind, program in PACKAGES.items() if _missing(kind)]
    reason = _install(wanted) if wanted else None
    missing = {kind: said for kind in PACKAGES if (said := _missing(kind))}
    lines = [f"{said}; {reason}" if reason else said for said in missing.values()]
    try:
        get_weaviate()
    except MissingServer as error:
        lines.append(str(error))
    return lines


def _install(programs: list[Program]) -> str | None:
    if starts_services() and not IN_CI:
        return "the packages would start services on this machine"
    sys.stderr.write(f"Installing {', '.join(program.name for program in programs)} …\n")
    return install_programs(programs)


def starts_services() -> bool:
    """Whether Debian's packages start their servers here, which no test may do to somebody's laptop."""
    return Path("/run/systemd/system").exists()


def _missing(kind: type[Server]) -> str | None:
    try:
        kind.find_program()
    except MissingServer as error:
        return str(error)
    return None


def main() -> int:
    """`make test`: what is missing is told; in CI it is an error."""
    missing = get_servers()
    for line in missing:
        sys.stderr.write(f"{line}\n")
    if missing and not IN_CI:
        sys.stderr.write(f"Tests that need {'it' if len(missing) == 1 else 'them'} will be left out.\n")
    return 1 if missing and IN_CI else 0


if __name__ == "__main__":
    sys.exit(main())
