"""Row 6 of the reliability contract: no answer rests on what was not in force when it was asked.

Answers are not kept for later, on purpose. Pages are edited, deleted, taken away from readers and given back
between questions; each question is held against what its asker may read at that moment.
"""

import random
import re

import pytest

from bot.answering import answer
from bot.messages import Outcome
from ingest.documents import EVERYONE
from tests.doubles import open_base
from workers.local import sync_sources

PEOPLE = {
    "ana": frozenset({EVERYONE, "user:ana@acme.com", "group:hr"}),
    "luis": frozenset({EVERYONE, "user:luis@acme.com"}),
}
READERS = [frozenset({EVERYONE}), frozenset({"group:hr"}), frozenset({"user:luis@acme.com"}), None]
_VALUE = re.compile(r"\b\d{4,}\b")


def ask_while_it_changes(data, questions):
    """The questions with a value in their answer that was not in force; and how many were answered."""
    chance = random.Random(6)
    stale, answered, value = [], 0, 1000
    with open_base(data, memory=["wiki"]) as kb:
        wiki = kb.connectors["wiki"]
        in_force: dict[str, tuple[int, frozenset[str]]] = {}
        for number in range(questions):
            if number % 10 == 0:
                for page in chance.sample([f"badger{each}" for each in range(12)], 4):
                    if chance.random() < 0.2 and page in in_force:
                        del wiki.pages[page], in_force[page]
                        continue
                    value += 1
                    readers = chance.choice(READERS)
                    text = f"The {page} code is {value} today."
                    wiki.edit(page, text=text, title=page, readers=readers)
                    in_force[page] = (value, readers or frozenset())
                [report] = sync_sources(kb, ["wiki"], confirmed=True)
                assert report["outcome"] == "done"
            page = f"badger{chance.randrange(12)}"
            principals = PEOPLE[chance.choice(list(PEOPLE))]
            if not in_force:
                continue
            reply = answer(kb, f"What is the {page} code today?", principals)
            answered += reply.outcome in (Outcome.ANSWERED, Outcome.PARTIAL)
            allowed = {str(value) for value, readers in in_force.values() if readers & principals}
            seen = [reply.text, *(one.quote for one in (*reply.citations, *reply.suggestions))]
            stale += [one for text in seen for one in _VALUE.findall(text) if one not in allowed]
    return stale, answered


def test_no_answer_is_older_than_the_page_or_its_readers(tmp_path):
    stale, answered = ask_while_it_changes(tmp_path, 60)
    assert stale == []
    assert answered > 20


@pytest.mark.contract
def test_two_thousand_questions_between_changes_get_nothing_stale(tmp_path):
    stale, answered = ask_while_it_changes(tmp_path, 2000)
    assert stale == []
    assert answered > 700
