"""Rows 1, 2 and 3 of the reliability contract: nobody is told what they may not read.

Two hundred people, in groups that hold other groups, ask for pages of a wiki whose spaces and pages narrow
who may read, and of a drive whose folders widen it. Every page has a word of its own; whatever comes of a
question (its answer, citations, suggestions, counts, errors, what a model was told) is searched for those of
pages that the asker may not read, by rules that are worked out here for one person at a time.
"""

import json
import random
import re
from dataclasses import asdict

import pytest

from bot.door import handle
from bot.messages import Message, Outcome, Person
from bot.why import explain
from ingest.documents import EVERYONE, Container, Inheritance
from ingest.refreshing import refresh_permissions
from tests.contract.test_injections import in_process, write_with
from tests.doubles import Page, open_base
from tests.ingest.test_reading_rights import age
from tests.models.scripted import Extractive
from workers.local import sync_sources

CANARY = re.compile(r"canary(\d+)x")
SOURCES = ("wiki", "drive")
HOW = {"wiki": Inheritance.NARROWS, "drive": Inheritance.WIDENS}


class Company:
    """People, their groups, and what each of them may read."""

    def __init__(self, people, documents, seed=1):
        self.chance = random.Random(seed)
        self.people = [f"person{n}@{'acme.com' if n % 10 else 'other.org'}" for n in range(people)]
        self.groups = {}
        for source in SOURCES:
            for number in range(max(4, people // 8)):
                inside = frozenset(f"user:{one}" for one in self.chance.sample(self.people, people // 20 + 1))
                # A group holds the one before it, now and then.
                nested = {f"group:{source}/g{number - 1}"} if number % 3 else set()
                self.groups[f"group:{source}/g{number}"] = inside | nested
        self.things = {source: self._tree(source, documents // len(SOURCES)) for source in SOURCES}

    def _tree(self, source, documents):
        """By id: who is named there, and what it lies in."""
        things = {f"c{n}": (self._some(source), f"c{n // 2}" if n > 1 else None) for n in range(8)}
        for number in range(documents):
            open_ = HOW[source] is Inheritance.NARROWS and self.chance.random() < 0.5
            things[f"{source}{number}"] = (
                frozenset({EVERYONE}) if open_ else self._some(source),
                f"c{self.chance.randrange(8)}",
            )
        return things

    def _some(self, source):
        named = [one for one in self.groups if one.startswith(f"group:{source}/")]
        people = [f"user:{one}" for one in self.people]
        chosen = [*self.chance.sample(named, 2), self.chance.choice(people)]
        return frozenset(chosen + ["domain:acme.com"] * (self.chance.random() < 0.1))

    def fill(self, kb):
        """Put all of it into the sources as they are now."""
        for source in SOURCES:
            connector = kb.connectors[source]
            connector.members.clear()
            for principal, members in self.groups.items():
                if principal.startswith(f"group:{source}/"):
                    connector.members[principal.rpartition("/")[2]] = members
            for id_, (readers, above) in self.things[source].items():
                if id_.startswith("c"):
                    connector.containers[id_] = Container(id_, id_, readers, above, HOW[source])
                else:
                    word = f"canary{self.number(source, id_)}x"
                    connector.pages[id_] = Page(
                        f"# {word} code\nThe {word} door code of {source} is {word} today.",
                        f"{word} {id_}",
                        readers,
                        url=f"https://acme.com/{word}",
                        author=word,
                        parent=above,
                        inheritance=HOW[source],
                    )

    @staticmethod
    def number(source, id_):
        return int(id_.removeprefix(source)) * 2 + SOURCES.index(source)

    def is_in(self, person, principal):
        """Whether a person is meant by a principal, by way of groups in groups as well."""
        if principal == EVERYONE or principal == f"user:{person}":
            return True
        if principal.startswith("domain:"):
            return person.endswith("@" + principal.removeprefix("domain:"))
        return any(self.is_in(person, one) for one in self.groups.get(principal, ()))

    def may_read(self, person, source, id_):
        readers, above = self.things[source][id_]
        named = any(self.is_in(person, one) for one in readers)
        if above is None:
            return named
        outer = self.may_read(person, source, above)
        return named and outer if HOW[source] is Inheritance.NARROWS else named or outer

    def readable(self, person):
        """The numbers of the pages that a person may read."""
        return {
            self.number(source, id_)
            for source in SOURCES
            for id_ in self.things[source]
            if not id_.startswith("c") and self.may_read(person, source, id_)
        }

    def allowed(self):
        """The same of everybody."""
        return {person: self.readable(person) for person in self.people}

    def change(self, count):
        """Change who may read some things, and who is in some groups."""
        for _ in range(count):
            source = self.chance.choice(SOURCES)
            if self.chance.random() < 0.3:
                group = self.chance.choice([one for one in self.groups if one.startswith(f"group:{source}/")])
                nested = {one for one in self.groups[group] if one.startswith("group:")}
                people = {f"user:{one}" for one in self.chance.sample(self.people, 3)}
                self.groups[group] = frozenset(people | nested)
            else:
                id_ = self.chance.choice(list(self.things[source]))
                self.things[source][id_] = (self._some(source), self.things[source][id_][1])


class Listening(Extractive):
    """Remembers all that a model is told."""

    def __init__(self):
        super().__init__()
        self.told = []

    def __call__(self, messages):
        self.told.append(str(messages))
        return super().__call__(messages)


def asked(kb, allowed, questions, listening, chance):
    """Ask for pages, of which the asker may read half: what was told that must not be, and how many answers
    there were. `allowed` are the numbers of the pages that each person may read."""
    leaks, answered = [], 0
    everything = sorted(set().union(*allowed.values()))
    for number in range(questions):
        person = chance.choice(list(allowed))
        mine = sorted(allowed[person])
        wanted = chance.choice(mine if number % 2 and mine else everything)
        listening.told.clear()
        reply = handle(kb, Message(f"What is the canary{wanted}x door code today?", Person(person)))
        shown = [*reply.citations, *reply.suggestions]
        told = json.dumps(asdict(reply), default=str) + " ".join(listening.told)
        # What was asked is repeated, to a model and in a note: that word is the asker's own.
        found = {int(one) for one in CANARY.findall(told)} - {wanted}
        found |= {int(one) for one in CANARY.findall(str(shown))}
        leaks += [(person, one) for one in found - allowed[person]]
        if wanted not in allowed[person] and reply.outcome is Outcome.NOT_ALLOWED:
            leaks.append((person, wanted))  # that there is such a page is told to those who may read it
        answered += reply.outcome in (Outcome.ANSWERED, Outcome.PARTIAL) and wanted in allowed[person]
    return leaks, answered


@pytest.fixture
def company_base(tmp_path, request):
    people, documents = getattr(request, "param", (20, 60))
    with open_base(tmp_path, memory=SOURCES) as kb:
        company = Company(people, documents)
        company.fill(kb)
        reports = sync_sources(kb, list(SOURCES))
        assert {report["outcome"] for report in reports} == {"done"}
        yield kb, company


@pytest.mark.parametrize("model", [False, True], ids=["quoted", "written"])
def test_nobody_is_told_what_they_may_not_read(company_base, model):
    kb, company = company_base
    listening = Listening()
    write_with(kb, in_process(listening) if model else None)
    leaks, answered = asked(kb, company.allowed(), 100, listening, company.chance)
    assert leaks == []
    assert answered > 20


@pytest.mark.contract
@pytest.mark.parametrize("company_base", [(200, 2_000)], indirect=True)
def test_two_hundred_people_ask_ten_thousand_questions(company_base):
    kb, company = company_base
    listening = Listening()
    write_with(kb, in_process(listening))
    leaks, answered = asked(kb, company.allowed(), 10_000, listening, company.chance)
    assert leaks == []
    assert answered > 2_000


def test_after_a_look_at_permissions_everybody_reads_what_they_may_and_nothing_else(company_base):
    """Row 2: no content changed, so nothing is synced."""
    kb, company = company_base
    fetched = [len(kb.connectors[source].fetched) for source in SOURCES]
    for _ in range(2):
        company.change(8)
        company.fill(kb)
        for source in SOURCES:
            refresh_permissions(kb, source)
        wrong = [
            (person, source, id_)
            for person in company.chance.sample(company.people, 5)
            for source in SOURCES
            for id_ in company.things[source]
            if not id_.startswith("c")
            and explain(kb, f"{source}/{id_}", person).documents[0].permission.may
            != company.may_read(person, source, id_)
        ]
        assert wrong == []
    assert [len(kb.connectors[source].fetched) for source in SOURCES] == fetched


def test_what_cannot_be_looked_up_for_a_day_is_read_by_nobody(company_base):
    """Row 3."""
    kb, company = company_base
    age(kb, 25)
    listening = Listening()
    write_with(kb, in_process(listening))
    for person in company.people:
        for wanted in sorted(company.readable(person))[:3]:
            reply = handle(kb, Message(f"What is the canary{wanted}x door code today?", Person(person)))
            assert reply.outcome is Outcome.UNAVAILABLE
            assert (*reply.citations, *reply.suggestions) == ()
    assert CANARY.search(" ".join(listening.told)) is None
