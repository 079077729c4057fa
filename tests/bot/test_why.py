"""`sabio why` says where a document stands, and what an answer was decided on."""

import pytest

from bot.door import handle
from bot.messages import Message, Person
from bot.why import explain
from config.settings import load_settings
from ingest.knowledge import KnowledgeBase
from workers.local import sync_sources


def only(explanation):
    assert explanation.kind == "document"
    (standing,) = explanation.documents
    return standing


@pytest.mark.parametrize(
    "subject",
    [
        "holidays.md",
        "handbook/holidays.md",
        "Holidays",
        "https://wiki.acme.com/holidays.md",
        "https://wiki.acme.com/holidays.md#carrying-over",
    ],
)
def test_a_published_document_is_found_by_whatever_people_call_it(kb, subject):
    standing = only(explain(kb, subject))
    assert (standing.source, standing.document, standing.state) == ("handbook", "holidays.md", "published")
    assert standing.published["chunks"] >= 1
    assert standing.published["language"] == "en"
    assert standing.readers == ["everyone"]
    assert standing.permission is None


def test_a_document_is_found_by_its_file(kb, company):
    assert only(explain(kb, str(company.parent / "docs" / "dogs.md"))).state == "published"


def test_a_document_that_a_rule_leaves_out_names_the_rule(kb):
    standing = only(explain(kb, "handbook/draft.tmp"))
    assert standing.state == "ignored"
    assert standing.ignored == "exclude: *.tmp"


def test_a_document_that_no_source_lists_says_so(kb):
    assert only(explain(kb, "handbook/nothing.md")).state == "not_listed"
    assert {one.state for one in explain(kb, "nowhere/nothing.md").documents} == {"not_listed"}


def test_a_document_that_could_not_be_read_says_why(kb):
    standing = only(explain(kb, "broken.pdf"))
    assert standing.state == "quarantined"
    assert "damaged" in standing.quarantined["reason"]
    assert standing.quarantined["attempts"] >= 1
    assert standing.published is None


def test_a_removed_document_says_when(own_kb, own_company):
    (own_company.parent / "docs" / "vpn.md").unlink()
    sync_sources(own_kb, ["handbook"])
    standing = only(explain(own_kb, "vpn.md"))
    assert standing.state == "removed"
    assert standing.removed_at is not None
    assert standing.published is None


def test_a_document_excluded_after_it_was_published_names_the_rule_before_the_next_sync(own_company):
    own_company.write_text(own_company.read_text().replace('"*.tmp"', '"vpn.*"'))
    with KnowledgeBase(load_settings(own_company, environ={})) as kb:
        standing = only(explain(kb, "vpn.md"))
        assert (standing.state, standing.ignored) == ("published", "exclude: vpn.*")
        sync_sources(kb, ["handbook"])
        assert only(explain(kb, "vpn.md")).state == "ignored"


def test_a_held_removal_says_since_when_the_document_is_missing(own_kb, own_company):
    (own_company.parent / "salaries" / "bands.md").unlink()
    sync_sources(own_kb, ["salaries"])
    standing = only(explain(own_kb, "bands.md"))
    assert standing.state == "held"
    assert standing.missing_since is not None
    assert standing.published is not None


def test_a_document_of_a_source_no_longer_configured_says_so(own_company):
    text = own_company.read_text().splitlines()
    own_company.write_text("\n".join(line for line in text if "salaries" not in line))
    with KnowledgeBase(load_settings(own_company, environ={})) as kb:
        assert not only(explain(kb, "bands.md")).configured


def test_a_source_that_is_away_does_not_hide_what_the_ledger_knows(own_kb, own_company):
    (own_company.parent / "salaries").rename(own_company.parent / "away")
    standing = only(explain(own_kb, "bands.md"))
    assert standing.state == "published"
    assert "is not there" in standing.problem


def test_why_says_whether_a_person_may_read_a_document_and_as_what(kb):
    ana = only(explain(kb, "bands.md", "ana@acme.com")).permission
    assert (ana.may, ana.through) == (True, ["group:hr"])
    luis = only(explain(kb, "bands.md", "luis@acme.com")).permission
    assert (luis.may, luis.through) == (False, [])
    assert "domain:acme.com" in luis.principals


def test_a_question_says_which_passages_came_and_what_it_was_decided_on(kb):
    decision = explain(kb, "How many holidays are there, and who asked before?").question
    assert decision.passages[0]["document"] == "holidays.md"
    assert {"score", "words", "dense"} <= decision.passages[0].keys()
    assert decision.units[0]["features"]
    assert 0 <= decision.thresholds["partial"] <= decision.thresholds["answered"] <= 1
    assert 0 <= decision.confidence <= 1
    assert decision.asked is None
    assert "bands.md" not in {row["document"] for row in decision.passages}


def test_a_question_is_looked_at_with_the_permissions_of_the_person_named(kb):
    decision = explain(kb, "Where does band three start?", "ana@acme.com").question
    assert "bands.md" in {row["document"] for row in decision.passages}


def test_an_answers_reference_leads_back_to_its_question_and_person(own_kb):
    answer = handle(own_kb, Message("Where does band three start?", Person("ana@acme.com")))
    decision = explain(own_kb, answer.reference).question
    assert decision.question == "Where does band three start?"
    assert decision.person == "ana@acme.com"
    assert decision.asked["outcome"] == answer.outcome.value
    assert "bands.md" in {row["document"] for row in decision.passages}
