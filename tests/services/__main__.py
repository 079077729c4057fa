"""`make services`: Redis, PostgreSQL and Weaviate for development, until Ctrl-C.

`python -m tests.services [FOLDER]` keeps their data and their ports in FOLDER (`var/services`) between runs.
"""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from typing import NoReturn

from tests.services import SERVERS, FailedServer, Server
from tests.services.install import get_servers

SETTINGS = {"PostgreSQL": "ledger", "Weaviate": "index", "Redis": "queue"}
POLL_SECONDS = 0.5


def main(folder: Path) -> int:
    """Run all three with their data in `folder`, until a signal or the end of one of them."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    servers: list[Server] = []
    try:
        run(folder, servers)
    except KeyboardInterrupt:
        return 0
    except FailedServer as error:
        sys.stderr.write(f"{error}\n")
        return 1
    finally:
        for server in servers:
            server.stop()


def run(folder: Path, servers: list[Server]) -> NoReturn:
    """Start all three, into `servers`, and watch them."""
    if missing := get_servers():
        raise FailedServer("\n".join(missing))
    servers.extend(kind.launch(folder / kind.name.lower(), durable=True, throwaway=False) for kind in SERVERS)
    for server in servers:
        server.await_ready()
    sys.stdout.write(describe(servers, folder))
    sys.stdout.flush()
    while True:
        time.sleep(POLL_SECONDS)
        for server in servers:
            if not server.running():
                raise FailedServer(f"{server.name} ended.\n{server.last_lines()}")


def describe(servers: list[Server], folder: Path) -> str:
    """The settings that use these servers, ready to be pasted."""
    settings = {SETTINGS[server.name]: server.url for server in servers}
    lines = [
        f"Redis, PostgreSQL and Weaviate run, with their data in {folder}.",
        "",
        "# sabio.yaml",
        *(f"{name}: {url}" for name, url in sorted(settings.items())),
        "",
        "# or",
        *(f"export SABIO_{name.upper()}='{url}'" for name, url in sorted(settings.items())),
        "",
        "Ctrl-C ends them.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "var/services").absolute()))
