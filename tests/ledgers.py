"""The ledger's two databases for tests, which take `ledger_url` and run on each.

`ledger_url` is a ledger at the current migration, nobody else's; `empty_url` a database without any table.
`postgres_ledger` is the first of these on PostgreSQL only; `new_postgres_ledger()` another one at each call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest

from ingest.ledger import Ledger
from tests.blank import lay_ledger
from tests.services import Postgres

DATABASES = ("sqlite", "postgresql")


@pytest.fixture(params=DATABASES)
def ledger_url(request, tmp_path) -> str:
    if request.param == "sqlite":
        lay_ledger(tmp_path / "ledger.db")
        return f"sqlite:///{tmp_path}/ledger.db"
    return request.getfixturevalue("postgres_ledger")


@pytest.fixture(params=DATABASES)
def empty_url(request, tmp_path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.db"
    return request.getfixturevalue("postgres_url")


@pytest.fixture
def postgres_ledger(new_postgres_ledger) -> str:
    return new_postgres_ledger()


@pytest.fixture
def new_postgres_ledger(loopback, postgres_server: Postgres, _template: str) -> Iterator[Callable[[], str]]:
    made = []

    def make() -> str:
        # Copied whole, which takes a third of the time that the migrations do.
        made.append(f"test_{uuid4().hex[:12]}")
        postgres_server.execute(f"CREATE DATABASE {made[-1]} TEMPLATE {_template}")
        return postgres_server.address_of(made[-1])

    yield make
    for name in made:
        postgres_server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def _template(postgres_server: Postgres) -> Iterator[str]:
    name = f"template_{uuid4().hex[:12]}"
    postgres_server.execute(f"CREATE DATABASE {name}")
    Ledger(postgres_server.address_of(name)).close()
    yield name
    postgres_server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
