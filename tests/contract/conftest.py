"""What the promises are held on: the parts of a laptop, and the servers of a company.

`engines` is what `open_base` and `keep_ledger` take to open either, and a test that asks for it runs on both:
on SQLite with the local index, and on PostgreSQL with Weaviate. `new_engines()` are others at each call;
`production` is the second of the two alone.
`chat` is Slack, in each of its ways to deliver, and `teams_chat` is Teams.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from tests.contract.chats import SlackChat
from tests.contract.chats_teams import TeamsChat, tenant
from tests.slack import FakeSlack

Engines = dict[str, str]
KINDS = ("embedded", "production")
EMBEDDED = {"ledger": "sqlite", "index": "local"}


@pytest.fixture(params=KINDS)
def engines(request) -> Engines:
    return EMBEDDED if request.param == "embedded" else request.getfixturevalue("production")


@pytest.fixture
def production(postgres_ledger, weaviate_url) -> Engines:
    return {"ledger": postgres_ledger, "index": weaviate_url}


@pytest.fixture(params=KINDS)
def new_engines(request) -> Callable[[], Engines]:
    if request.param == "embedded":
        return lambda: EMBEDDED
    return request.getfixturevalue("new_production")


@pytest.fixture
def new_production(new_postgres_ledger, weaviate_url) -> Iterator[Callable[[], Engines]]:
    # A prefix that begins with that of the test goes with it.
    numbers = count()
    return lambda: {"ledger": new_postgres_ledger(), "index": f"{weaviate_url}n{next(numbers)}"}


@pytest.fixture(params=["slack by socket", "slack by post"])
def chat(request, loopback) -> Iterator[SlackChat]:
    """A chat platform with nobody in it yet, in each of its ways to deliver."""
    with FakeSlack() as slack:
        yield SlackChat(slack, "socket" if request.param.endswith("socket") else "http")
    assert slack.problems == []


@pytest.fixture
def teams_chat(loopback) -> Iterator[TeamsChat]:
    """A tenant of Teams with nobody in it yet."""
    with tenant() as chat:
        yield chat
