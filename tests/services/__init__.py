"""Real servers for tests and development: Redis, PostgreSQL and Weaviate on loopback, their data in a folder.

    server = Postgres.start(folder)     # .url is what goes into the configuration
    server.kill()                       # as when its container is killed
    server.restart()                    # the same ports, the same data
    server.stop()

They end with the process that started them, however that one ends. Tests use the fixtures of `fixtures.py`;
`python -m tests.services` (`make services`) runs all three.
"""

from tests.services.postgres import Postgres
from tests.services.redis import Redis
from tests.services.server import FailedServer, MissingServer, Server
from tests.services.weaviate import Weaviate

SERVERS: tuple[type[Server], ...] = (Redis, Postgres, Weaviate)

__all__ = ["SERVERS", "FailedServer", "MissingServer", "Postgres", "Redis", "Server", "Weaviate"]
