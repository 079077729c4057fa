"""Events of chat platforms: kept once, answered by one at a time, and never lost with a process."""

from datetime import timedelta

import pytest

from ingest.ledger import Ledger, inbox, now
from ingest.ledger.owners import new_owner
from ingest.ledger.tables import events
from tests.ingest.ledger.crowds import at_once, ledgers

ANA, LUIS = "elsewhere/1/1/ana", "elsewhere/2/2/luis"


@pytest.fixture
def ledger(ledger_url):
    ledger = Ledger(ledger_url)
    yield ledger
    ledger.close()


def say(ledger, function, *arguments):
    with ledger.write() as connection:
        return function(connection, *arguments)


def receive(ledger, id_="slack:1", platform="slack"):
    return say(ledger, inbox.receive, id_, platform, {"text": "¿Cuántos días?"})


def due(ledger, platform="slack"):
    with ledger.read() as connection:
        return inbox.due(connection, platform)


def pass_time(ledger, **by):
    with ledger.write() as connection:
        for row in connection.execute(events.select()).all():
            changed = {name: getattr(row, name) - by_ for name, by_ in by.items() if getattr(row, name)}
            connection.execute(events.update().where(events.c.id == row.id).values(**changed))


def test_an_event_is_new_once_however_often_it_is_delivered(ledger):
    assert [receive(ledger) for _ in range(3)] == [True, False, False]
    assert due(ledger) == ["slack:1"]
    assert due(ledger, "teams") == []
    assert say(ledger, inbox.take, "slack:1", ANA, 60).content == {"text": "¿Cuántos días?"}
    assert say(ledger, inbox.finish, "slack:1", ANA)
    assert not receive(ledger)
    assert due(ledger) == []


def test_it_is_known_in_which_conversations_something_was_asked(ledger):
    receive(ledger, "slack:T/C/1")
    for thread, reply in (("slack:T/C/2", "17.1"), ("slack:T/C/3", None)):  # the last one: to nobody
        receive(ledger, thread)
        say(ledger, inbox.take, thread, ANA, 60)
        say(ledger, inbox.begin_reply, thread, ANA, reply)
        say(ledger, inbox.finish, thread, ANA)
    with ledger.read() as connection:
        parts = [inbox.takes_part(connection, f"slack:T/C/{thread}") for thread in (1, 2, 3, 4)]
    assert parts == [True, True, False, False]


def test_an_edit_that_comes_before_what_it_changes_is_kept_and_counts(ledger):
    edited, again = {"text": "¿Cuántos?"}, {"text": "¿Cuándo?"}
    assert say(ledger, inbox.revise, "slack:1", "slack", edited, "17.2")
    assert not receive(ledger)
    assert not say(ledger, inbox.revise, "slack:1", "slack", {"text": "older"}, "17.1")
    taken = say(ledger, inbox.take, "slack:1", ANA, 60)
    assert taken.content == {**edited, "since": "17.2"}
    assert say(ledger, inbox.finish, "slack:1", ANA)
    with ledger.read() as connection:
        assert inbox.is_done(connection, "slack:1")
    assert say(ledger, inbox.revise, "slack:1", "slack", again, "17.3")
    assert due(ledger) == ["slack:1"]
    with ledger.read() as connection:
        assert not inbox.is_done(connection, "slack:1")


def test_one_at_a_time_answers_an_event(ledger):
    receive(ledger)
    assert say(ledger, inbox.take, "slack:1", ANA, 60).attempts == 1
    assert say(ledger, inbox.take, "slack:1", LUIS, 60) is None
    assert due(ledger) == []
    pass_time(ledger, lease_until=timedelta(minutes=2))
    assert due(ledger) == ["slack:1"]
    assert say(ledger, inbox.take, "slack:1", LUIS, 60).attempts == 2
    # Who comes back after the lease changes nothing.
    assert not say(ledger, inbox.begin_reply, "slack:1", ANA, "17.1")
    assert not say(ledger, inbox.finish, "slack:1", ANA)
    assert say(ledger, inbox.finish, "slack:1", LUIS)


def test_a_lease_is_kept_for_as_long_as_its_owner_says_so(ledger):
    for id_ in ("slack:1", "slack:2"):
        receive(ledger, id_)
        say(ledger, inbox.take, id_, ANA, 60)
    pass_time(ledger, lease_until=timedelta(seconds=50))
    say(ledger, inbox.renew, ANA, ["slack:1"], 60)  # it has lost sight of the other, as after an error
    pass_time(ledger, lease_until=timedelta(seconds=50))
    assert due(ledger) == ["slack:2"]


def test_whoever_takes_over_knows_the_reply_that_was_begun(ledger):
    receive(ledger)
    say(ledger, inbox.take, "slack:1", ANA, 60)
    assert say(ledger, inbox.begin_reply, "slack:1", ANA, "17.1")
    say(ledger, inbox.give_back, "slack:1", ANA)
    assert say(ledger, inbox.take, "slack:1", LUIS, 60).reply == "17.1"


def test_what_is_given_back_for_later_waits(ledger):
    receive(ledger)
    say(ledger, inbox.take, "slack:1", ANA, 60)
    say(ledger, inbox.give_back, "slack:1", ANA, 30.0)
    assert due(ledger) == []
    assert say(ledger, inbox.take, "slack:1", LUIS, 60) is None
    pass_time(ledger, lease_until=timedelta(seconds=31))
    assert say(ledger, inbox.take, "slack:1", LUIS, 60) is not None


def test_what_a_dead_process_of_this_machine_held_is_due_at_once(ledger):
    receive(ledger)
    host, _, rest = new_owner().partition("/")
    dead = f"{host}/{rest.split('/')[0]}/0/x"  # the same number, started at another time
    say(ledger, inbox.take, "slack:1", dead, 3600)
    assert due(ledger) == ["slack:1"]
    assert say(ledger, inbox.take, "slack:1", ANA, 60) is not None


def test_the_oldest_are_due_first_and_not_too_many_at_once(ledger):
    ids = [f"slack:{number:02}" for number in range(9)]
    for id_ in ids:
        receive(ledger, id_)
    with ledger.read() as connection:
        assert inbox.due(connection, "slack", limit=4) == ids[:4]


def test_what_was_answered_is_forgotten_after_a_while_and_what_was_not_never(ledger):
    for id_ in ("slack:1", "slack:2"):
        receive(ledger, id_)
    say(ledger, inbox.take, "slack:1", ANA, 60)
    say(ledger, inbox.finish, "slack:1", ANA)
    assert say(ledger, inbox.forget, now() - timedelta(days=1)) == 0
    pass_time(ledger, done_at=timedelta(days=2), received_at=timedelta(days=2))
    assert say(ledger, inbox.forget, now() - timedelta(days=1)) == 1
    assert due(ledger) == ["slack:2"]


def test_of_many_who_deliver_or_take_the_same_at_once_one_does(ledger_url):
    with ledgers(ledger_url, 6) as many:
        assert sorted(at_once([lambda one=one: receive(one) for one in many])) == [False] * 5 + [True]
        taken = at_once(
            [
                lambda n=n, one=one: say(one, inbox.take, "slack:1", f"{ANA}{n}", 60)
                for n, one in enumerate(many)
            ]
        )
        assert sum(event is not None for event in taken) == 1


def test_what_is_done_at_once_is_known_again_and_is_nobodys_to_answer(ledger):
    assert say(ledger, inbox.note, "slack:1", "slack") is True
    assert say(ledger, inbox.note, "slack:1", "slack") is False
    assert due(ledger) == []


def test_what_a_message_answers_is_found_by_any_message_of_the_reply_in_its_own_place(kb):
    with kb.ledger.write() as connection:
        replies = {"teams:t/chat_1/a": "17 18", "teams:t/chatX1/b": "17", "teams:t/chat_1/c": "170"}
        for id_, reply in replies.items():
            inbox.receive(connection, id_, "teams", {})
            inbox.take(connection, id_, "me", 60)
            inbox.begin_reply(connection, id_, "me", reply)
        inbox.receive(connection, "teams:t/chat_1/d", "teams", {})

    def answered(place, reply):
        with kb.ledger.read() as connection:
            return inbox.answered_by(connection, place, reply)

    assert answered("teams:t/chat_1/", "17") == answered("teams:t/chat_1/", "18") == "teams:t/chat_1/a"
    assert answered("teams:t/chatX1/", "17") == "teams:t/chatX1/b"
    assert answered("teams:t/chat_1/", "1") is answered("teams:t/elsewhere/", "17") is None
    assert answered("teams:t/chat_1/", None) == "teams:t/chat_1/c"
