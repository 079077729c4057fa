"""Votes on answers, on both databases: one a person and question, however often it changes."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from ingest.ledger import Ledger, asking, feedback, now
from ingest.ledger.tables import feedback as votes
from ingest.ledger.tables import questions
from tests.ingest.ledger.crowds import at_once, ledgers

ANA, LUIS = "ana@acme.com", "luis@acme.com"


@pytest.fixture
def ledger(ledger_url):
    ledger = Ledger(ledger_url)
    for reference in ("q1", "q2"):
        ask(ledger, reference)
    yield ledger
    ledger.close()


def ask(ledger, reference):
    row = {"id": reference, "asked_at": now(), "person": ANA, "platform": "slack", "text": f"{reference}?"}
    with ledger.write() as connection:
        asking.keep_question(
            connection, {**row, "language": "en", "outcome": "answered", "answer": {}, "seconds": 0.1}
        )


def do(ledger, function, *arguments, **named):
    with ledger.write() as connection:
        return function(connection, *arguments, **named)


def rows(ledger):
    with ledger.read() as connection:
        return connection.execute(select(votes).order_by(votes.c.question, votes.c.person)).all()


def open_ones(ledger, limit=None):
    with ledger.read() as connection:
        found = feedback.complaints(connection, limit)
        assert limit or len(found) == feedback.count_complaints(connection)
        return [(row.question, row.person, row.reason, row.comment) for row in found]


def pass_time(ledger, question, **by):
    with ledger.write() as connection:
        moment = now() - timedelta(**by)
        connection.execute(votes.update().where(votes.c.question == question).values(given_at=moment))


def test_a_vote_against_an_answer_is_a_complaint_with_its_question(ledger):
    do(ledger, feedback.vote, "q1", ANA, up=False)
    do(ledger, feedback.vote, "q1", LUIS, up=True)
    with ledger.read() as connection:
        [row] = feedback.complaints(connection)
    assert (row.question, row.person, row.text, row.outcome) == ("q1", ANA, "q1?", "answered")
    assert (row.reason, row.comment) == (None, None)


def test_the_same_vote_again_is_the_same_vote(ledger):
    do(ledger, feedback.vote, "q1", ANA, up=False)
    do(ledger, feedback.explain, "q1", ANA, "outdated", "since May")
    before = rows(ledger)
    do(ledger, feedback.vote, "q1", ANA, up=False)
    assert rows(ledger) == before


def test_a_vote_that_changes_takes_its_reason_and_comment_with_it(ledger):
    do(ledger, feedback.explain, "q1", ANA, "wrong", "it is 30")
    assert open_ones(ledger) == [("q1", ANA, "wrong", "it is 30")]
    do(ledger, feedback.vote, "q1", ANA, up=True)
    assert open_ones(ledger) == []
    [row] = rows(ledger)
    assert (row.up, row.reason, row.comment) == (True, None, None)
    do(ledger, feedback.vote, "q1", ANA, up=False)
    assert open_ones(ledger) == [("q1", ANA, None, None)]
    assert len(rows(ledger)) == 1


def test_what_is_closed_is_not_in_the_queue_and_who_closed_it_is_known(ledger):
    for person in (ANA, LUIS, ""):
        do(ledger, feedback.vote, "q1", person, up=False)
    do(ledger, feedback.vote, "q2", ANA, up=False)
    assert do(ledger, feedback.close, "q1", "admin@acme.com") == 3
    assert do(ledger, feedback.close, "q1", "other@acme.com") == 0
    assert open_ones(ledger) == [("q2", ANA, None, None)]
    assert {row.closed_by for row in rows(ledger)} == {"admin@acme.com", None}


def test_praise_reopens_nothing_and_a_new_complaint_does(ledger):
    do(ledger, feedback.vote, "q1", ANA, up=False)
    do(ledger, feedback.close, "q1", "admin@acme.com")
    do(ledger, feedback.vote, "q1", ANA, up=False)
    assert open_ones(ledger) == []
    do(ledger, feedback.vote, "q1", ANA, up=True)
    assert open_ones(ledger) == []
    assert rows(ledger)[0].closed_by == "admin@acme.com"
    do(ledger, feedback.vote, "q1", ANA, up=False)
    assert open_ones(ledger) == [("q1", ANA, None, None)]
    do(ledger, feedback.close, "q1", "admin@acme.com")
    do(ledger, feedback.explain, "q1", ANA, "other", "and another thing")
    assert open_ones(ledger) == [("q1", ANA, "other", "and another thing")]


def test_the_newest_come_first_and_no_more_than_asked_for(ledger):
    do(ledger, feedback.vote, "q1", ANA, up=False)
    do(ledger, feedback.vote, "q2", ANA, up=False)
    pass_time(ledger, "q2", minutes=5)
    assert [question for question, *_ in open_ones(ledger)] == ["q1", "q2"]
    do(ledger, feedback.explain, "q2", ANA, "wrong", None)
    assert [question for question, *_ in open_ones(ledger)] == ["q2", "q1"]
    assert [question for question, *_ in open_ones(ledger, 1)] == ["q2"]


def test_votes_go_with_their_question(ledger):
    do(ledger, feedback.vote, "q1", ANA, up=False)
    with ledger.write() as connection:
        connection.execute(delete(questions).where(questions.c.id == "q1"))
    assert rows(ledger) == []


def test_a_question_is_known_by_its_reference_only(ledger):
    with ledger.read() as connection:
        asked = [" q1\n", "q\x001", "q3", "q1?", ""]
        found = [feedback.reference_of(connection, one) for one in asked]
    assert found == ["q1", "q1", None, None, None]


def test_whatever_is_written_can_be_kept(ledger):
    do(ledger, feedback.explain, "q1", "an\x00a", "other", "half a letter \udcff; DROP TABLE feedback;--")
    do(ledger, feedback.vote, "q1", "an\x00a", up=False)
    [(_, _, _, comment)] = open_ones(ledger)
    assert comment.startswith("half a letter ")


def test_of_one_person_who_votes_many_times_at_once_one_vote_is_kept(ledger, ledger_url):
    with ledgers(ledger_url, 6) as many:
        at_once(
            [
                lambda n=n, one=one: do(one, feedback.vote, "q1", ANA, up=bool(n % 2))
                for n, one in enumerate(many)
            ]
        )
    assert len(rows(ledger)) == 1
