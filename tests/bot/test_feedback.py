"""What people think of answers: votes, reasons, and the queue of those who see to it."""

import json

import pytest

from bot.door import handle
from bot.feedback import LONGEST, Complaint, Reason, close, explain, queue, vote
from bot.messages import Message, Outcome, Person
from config import telemetry
from config.errors import ConfigError
from tests.bot.test_main import sabio  # noqa: F401 - a fixture

ANA, NOBODY = Person("Ana@acme.com"), Person()
QUESTION = "How many days of holiday does everybody have?"


@pytest.fixture
def asked(own_kb):
    """The reference of a question that was answered."""
    return handle(own_kb, Message(QUESTION, ANA, platform="slack")).reference


def test_a_complaint_tells_what_was_asked_how_it_ended_and_what_is_wrong_with_it(own_kb, asked):
    vote(own_kb, asked, ANA, up=False)
    explain(own_kb, asked, ANA, Reason.OUTDATED, "  It is 25 since May.\n")
    [complaint] = queue(own_kb)
    assert isinstance(complaint, Complaint)
    assert (complaint.reference, complaint.question) == (asked, QUESTION)
    assert (complaint.outcome, complaint.who) == (Outcome.ANSWERED, "ana@acme.com")
    assert (complaint.reason, complaint.comment) == (Reason.OUTDATED, "It is 25 since May.")


def test_who_has_no_address_may_vote_as_well(own_kb, asked):
    vote(own_kb, f" {asked} ", NOBODY, up=False)
    assert [one.who for one in queue(own_kb)] == [None]


def test_a_person_has_one_vote_whatever_the_case_of_their_address(own_kb, asked):
    vote(own_kb, asked, ANA, up=False)
    vote(own_kb, asked, Person("ana@ACME.com"), up=True)
    assert queue(own_kb) == []


def test_a_comment_is_kept_up_to_its_limit_and_an_empty_one_is_none(own_kb, asked):
    explain(own_kb, asked, ANA, Reason.OTHER, "x" * (LONGEST + 1))
    assert queue(own_kb)[0].comment == "x" * LONGEST
    explain(own_kb, asked, ANA, None, "  ")
    assert (queue(own_kb)[0].reason, queue(own_kb)[0].comment) == (None, None)


def test_what_was_seen_to_is_out_of_the_queue(own_kb, asked):
    vote(own_kb, asked, ANA, up=False)
    assert close(own_kb, asked, "admin@acme.com") == 1
    assert queue(own_kb) == []
    assert close(own_kb, asked, "admin@acme.com") == 0


@pytest.mark.parametrize("reference", ["0123456789", "", QUESTION, "x" * 5000, "a\x00b"])
def test_a_reference_that_nothing_was_asked_under_is_explained(own_kb, asked, reference):
    for say in (
        lambda: vote(own_kb, reference, ANA, up=True),
        lambda: explain(own_kb, reference, ANA, Reason.WRONG),
        lambda: close(own_kb, reference, None),
    ):
        with pytest.raises(
            ConfigError, match=r"nothing was asked under the reference .* stands below the answer"
        ):
            say()
    assert queue(own_kb) == []


def test_votes_are_counted(own_kb, asked, monkeypatch):
    told = []
    monkeypatch.setattr(telemetry, "listeners", [lambda name, value, labels: told.append((name, labels))])
    vote(own_kb, asked, ANA, up=True)
    vote(own_kb, asked, ANA, up=False)
    assert told == [("feedback", {"vote": "up"}), ("feedback", {"vote": "down"})]


def test_the_queue_is_listed_and_closed_from_the_command_line(own_kb, asked, own_company, sabio):  # noqa: F811
    explain(own_kb, asked, ANA, Reason.WRONG, "It is 30.\x1b[31m")
    code, out, err = sabio("--config", own_company, "feedback")
    assert (code, err) == (0, "")
    assert f"{asked}  wrong  ana@acme.com" in out
    assert f"asked: {QUESTION}" in out
    assert "said: It is 30.\n" in out
    assert f"sabio why {asked}" in out
    code, out, _ = sabio("--config", own_company, "feedback", "--json")
    [complaint] = json.loads(out)["feedback"]
    assert (complaint["reference"], complaint["reason"], complaint["outcome"]) == (asked, "wrong", "answered")
    assert sabio("--config", own_company, "feedback", "--close", asked)[:2] == (
        0,
        f"{asked}: 1 complaint closed.\n",
    )
    assert "there was nothing open" in sabio("--config", own_company, "feedback", "--close", asked)[1]
    closed = sabio("--config", own_company, "feedback", "--close", asked, "--json")[1]
    assert json.loads(closed) == {"reference": asked, "closed": 0}
    assert "Nobody has anything against" in sabio("--config", own_company, "feedback")[1]


def test_an_unknown_reference_on_the_command_line_is_a_mistake_of_the_person(own_company, sabio):  # noqa: F811
    code, _, err = sabio("--config", own_company, "feedback", "--close", "nothing")
    assert code == 2
    assert "nothing was asked under the reference `nothing`" in err
