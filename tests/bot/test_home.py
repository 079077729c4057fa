"""What people see of Sabio before they ask: what is theirs to know, and no more."""

from bot.door import handle
from bot.feedback import vote
from bot.home import home_of
from bot.messages import Message, Outcome, Person
from ingest.ledger import processes
from ingest.ledger.owners import new_owner
from workers.local import sync_sources

ANA, LUIS = Person("ana@acme.com"), Person("luis@acme.com")


def test_a_person_sees_the_sources_that_they_can_be_answered_from(kb):
    assert [one.name for one in home_of(kb, ANA, False, "en").sources] == ["handbook", "salaries"]
    assert [one.name for one in home_of(kb, LUIS, False, "en").sources] == ["handbook"]
    assert home_of(kb, Person("eve@other.com", external=True), False, "en").sources == ()


def test_who_does_not_look_after_sources_sees_how_fresh_they_are_and_nothing_else(kb):
    home = home_of(kb, LUIS, False, "en")
    [handbook] = home.sources
    assert handbook.freshness.state == "fresh"
    assert handbook.documents is None
    assert handbook.resync is None
    assert home.health is None


def test_a_person_sees_their_own_questions_the_latest_first(own_kb):
    handle(own_kb, Message("When may dogs come to the office?", LUIS))
    handle(own_kb, Message("How many days of holiday are there a year?", ANA))
    handle(own_kb, Message("Who won in Reykjavik?", ANA))
    first, second = home_of(own_kb, ANA, False, "en").questions
    assert (first.text, first.outcome) == ("Who won in Reykjavik?", Outcome.NOT_FOUND)
    assert second.text == "How many days of holiday are there a year?"
    assert home_of(own_kb, Person(), False, "en").questions == ()


def test_an_admin_sees_every_source_what_it_holds_and_can_sync_it(kb):
    handbook, salaries = home_of(kb, LUIS, True, "es").sources
    assert (handbook.documents, salaries.documents) == (3, 1)
    assert (salaries.resync.label, salaries.resync.command) == ("Resincronizar", "sync salaries")


def test_an_admin_sees_what_could_not_be_read_who_is_at_work_and_what_people_complained_of(own_kb):
    asked = handle(own_kb, Message("When may dogs come to the office?", ANA))
    vote(own_kb, asked.reference, ANA, up=False)
    with own_kb.ledger.write() as ledger:
        processes.beat(ledger, new_owner(), "serve", consumed=False)
    health = home_of(own_kb, LUIS, True, "en").health
    assert health.processes == ("serve",)
    assert health.index == own_kb.ledger.collection()
    assert health.quarantined == 1
    assert "handbook" in health.unread[0]
    assert "damaged" in health.unread[0]
    assert (health.feedback, health.waiting, health.troubles) == (1, (), ())


def test_an_admin_can_decide_about_what_is_held(own_kb, own_company):
    (own_company.parent / "salaries" / "bands.md").unlink()
    sync_sources(own_kb, ["salaries"])
    [held] = home_of(own_kb, LUIS, True, "en").health.waiting
    assert held.said.startswith("salaries: 1 document is not listed any more")
    remove, keep = held.buttons
    assert (remove.command, remove.confirm) == (
        "sync confirm salaries",
        "Remove 1 document of salaries? It cannot be answered from any more.",
    )
    assert (keep.command, keep.confirm) == ("sync discard salaries", None)


def test_an_admin_sees_why_a_sync_failed(own_kb, own_company):
    (own_company.parent / "docs").rename(own_company.parent / "away")
    sync_sources(own_kb, ["handbook"])
    home = home_of(own_kb, LUIS, True, "en")
    assert home.sources[0].freshness.state == "failed"
    [trouble] = home.health.troubles
    assert "is not there" in trouble
