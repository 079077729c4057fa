"""Row 23 of the reliability contract, for Teams: events that come twice, to processes that are killed.

Real `sabio serve` processes, each to be killed by its pid, of which Teams posts to one that is alive. They
run as `teams: {development: true}`, for Microsoft's sign-in cannot be stood in for in another process: there
are no tokens, and all else is as in a tenant.
"""

import random
import re
import sys
import time

import pytest
import yaml

from ingest.ledger.tables import events
from tests.contract.chats_teams import read, whole_of
from tests.contract.conftest import EMBEDDED
from tests.contract.test_kills import write_pages
from tests.sabio_child import Child
from tests.slack.workspace import await_
from tests.sync_child import SOURCE, keep_ledger, open_folder

REPLICAS = 3
PEOPLE = 200


def configure(data, *, ledger, index):
    keep_ledger(data, ledger, index)
    source = {"name": SOURCE, "type": "folder", "path": "./docs", "readers": ["everyone"]}
    config = data / "sabio.yaml"
    settings = {"data": "./var", "ledger": ledger, "index": index, "translation": "none"}
    settings |= {"teams": {"development": True}, "server": {"host": "127.0.0.1"}}
    config.write_text(yaml.safe_dump(settings | {"sources": [source], "log": {"level": "info"}}))
    return config


class Replicas:
    """Processes that answer, of which Teams reaches the oldest that is alive."""

    def __init__(self, config, teams) -> None:
        self._config, self._teams = config, teams
        self._there = [self._start() for _ in range(REPLICAS)]
        self._route()

    def kill_one(self) -> None:
        """Kill the oldest, and start another."""
        self._there.pop(0).kill()
        self._route()
        self._there.append(self._start())

    def end(self) -> None:
        for replica in self._there:
            replica.kill()

    def _start(self):
        return Child(self._config, "serve", "--port", "0")

    def _route(self) -> None:
        self._teams.post_to(f"http://127.0.0.1:{self._there[0].port()}/api/messages")


def answer_each_once(data, chat, engines, count, kills):
    """Deliver events one to four times each, and kill a replica now and then: each is answered once."""
    chat.teams.signed = False
    people = [chat.person(f"person{number}") for number in range(PEOPLE)]
    room = chat.room("team", *people)
    write_pages(data, 5, "first")
    replicas = Replicas(configure(data, **engines), chat.teams)
    chance = random.Random(5)
    try:
        asked = []
        for number in range(count):
            person = people[number % PEOPLE]
            text = f"Page {number % 5} part 1, first?"
            said = chat.teams.write(person, text, room if number % 3 else person)
            asked.append(said)
            deliveries = [chat.teams.deliver(said) for _ in range(chance.randint(1, 4))]
            if number % (count // kills) == count // kills - 1:
                deliveries[0].wait(20)
                replicas.kill_one()
            elif number % 5 == 4:
                time.sleep(0.1)
        for one in asked:
            await_(lambda one=one: whole_of(chat.teams.replies(one)) or None, f"{one['id']} answered", 240)
        with open_folder(data) as kb:
            kept = await_(lambda: all_done(kb, count), "all are done", 120)
    finally:
        replicas.end()
    assert len(kept) == count
    replies = [chat.teams.replies(one) for one in asked]
    assert [n for n, there in enumerate(replies) if len(whole_of(there)) != 1] == [], "answered twice"
    said = [read(whole_of(there)) for there in replies]
    # What comes before the first sync has ended is told so.
    wrong = [
        one for n, one in enumerate(said) if f"Page {n % 5} part 1" not in one and "Reference" not in one
    ]
    assert wrong == []
    left = [one for there in replies for one in there if one not in whole_of(there)]
    # What a process had said and not noted when it was killed: a line that asks for patience, and no answer.
    assert [one for one in left if re.search(r"part 1", one.get("text") or "")] == []
    assert len(left) <= kills * 64
    # Teams takes one stream in a chat, and a process does not know of those of others.
    seconds = chat.streams_left()
    sys.stderr.write(f"\n{len(left)} lines were left behind, and {seconds} streams were a chat's second\n")


def all_done(kb, count):
    with kb.ledger.read() as ledger:
        rows = ledger.execute(events.select()).all()
    return rows if len(rows) >= count and all(row.done_at for row in rows) else None


def test_each_event_is_answered_once_however_often_it_comes_and_whoever_is_killed(tmp_path, teams_chat):
    answer_each_once(tmp_path, teams_chat, EMBEDDED, 30, kills=2)


@pytest.mark.contract
def test_two_thousand_events_are_answered_once_each(tmp_path, teams_chat, engines):
    answer_each_once(tmp_path, teams_chat, engines, 2_000, kills=20)
