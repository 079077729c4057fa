"""Row 23 of the reliability contract, for Teams: events that come twice, to processes that are killed.

Real `sabio serve` processes, of which Teams posts to one that is alive. They run as `teams: {development:
true}`, for Microsoft's sign-in cannot be stood in for in another process: there are no tokens, and all else
is as in a tenant.
"""

import re
import sys

import pytest

from tests.contract.chats_teams import read, whole_of
from tests.contract.conftest import EMBEDDED
from tests.contract.replicas import PEOPLE, deliver_and_kill, kept, question, replicas
from tests.slack.workspace import await_


def answer_each_once(data, chat, engines, count, kills):
    """Deliver events one to four times each, and kill a replica now and then: each is answered once."""
    chat.teams.signed = False
    people = [chat.person(f"person{number}") for number in range(PEOPLE)]
    room = chat.room("team", *people)
    settings = {"teams": {"development": True}, "server": {"host": "127.0.0.1"}}

    def route(port):
        chat.teams.post_to(f"http://127.0.0.1:{port}/api/messages")

    def write(number):
        person = people[number % PEOPLE]
        return chat.teams.write(person, question(number), room if number % 3 else person)

    with replicas(data, route, **settings, **engines) as running:
        asked = [write(number) for number in range(count)]
        deliver_and_kill(
            running, count, kills, lambda number: chat.teams.deliver(asked[number]), lambda one: one.wait(20)
        )
        for one in asked:
            await_(lambda one=one: whole_of(chat.teams.replies(one)) or None, f"{one['id']} answered", 240)
        rows = kept(data, count)
    assert len(rows) == count
    replies = [chat.teams.replies(one) for one in asked]
    assert [n for n, there in enumerate(replies) if len(whole_of(there)) != 1] == [], "answered twice"
    said = [read(whole_of(there)) for there in replies]
    assert [one for n, one in enumerate(said) if question(n).partition(",")[0] not in one] == []
    left = [one for there in replies for one in there if one not in whole_of(there)]
    # What a process had said and not noted when it was killed: a line that asks for patience, and no answer.
    assert [one for one in left if re.search(r"part 1", one.get("text") or "")] == []
    assert len(left) <= kills * 64
    # Teams takes one stream in a chat, and a process does not know of those of others.
    seconds = chat.streams_left()
    sys.stderr.write(f"\n{len(left)} lines were left behind, and {seconds} streams were a chat's second\n")


def test_each_event_is_answered_once_however_often_it_comes_and_whoever_is_killed(tmp_path, teams_chat):
    answer_each_once(tmp_path, teams_chat, EMBEDDED, 30, kills=2)


@pytest.mark.contract
def test_two_thousand_events_are_answered_once_each(tmp_path, teams_chat, engines):
    answer_each_once(tmp_path, teams_chat, engines, 2_000, kills=20)
