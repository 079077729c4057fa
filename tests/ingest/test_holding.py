"""While golden questions hold a source, its schedule removes and protects at once, and brings no new text."""

import pytest

from bot.retrieval import retrieve
from config.sections import EvaluationSettings
from ingest import sync
from ingest.documents import EVERYONE, Entry
from ingest.holding import without_text
from ingest.ledger import golden, reading, requests
from ingest.ledger.golden import Verdict
from ingest.ledger.owners import new_owner
from ingest.planning import FETCH, Brake, Failure, Known, plan
from tests.doubles import open_base
from workers.local import sync_sources

ALL, HR = frozenset({EVERYONE}), frozenset({"group:hr"})
WORSE = Verdict(
    {"shown": 1.0}, {"shown": 0.5}, ["shown fell from 1.000 to 0.500"], ["Why?", "Where?"], "run-1"
)
GOOD = Verdict({}, {"shown": 1.0}, [])

# ---- the plan ----


def entry(revision="1", readers=ALL, title="A page", id_="a"):
    return Entry(id=id_, revision=revision, title=title, media_type="text/plain", readers=readers)


def known(entry_, *, published="1", due=None, **changes):
    return Known(entry_.id, entry_, published, "r", indexed=entry_.readers, due=due, **changes)


def held(listing, before):
    return without_text(plan(listing, before, recipe="r", brake=Brake()))


def test_new_and_changed_documents_wait_and_are_found_again_by_the_next_plan():
    before = known(entry())
    kept, left = held([entry("2"), entry(id_="b")], [before])
    assert (kept.new, kept.changed, kept.relisted, kept.unchanged, left) == ([], [], [], [before], 2)


def test_one_that_was_removed_and_is_back_waits_as_well():
    kept, left = held([entry()], [known(entry(), published=None, removed=True)])
    assert (kept.new, kept.unchanged, left) == ([], [], 1)


def test_a_changed_document_keeps_its_text_and_gets_its_readers():
    before = known(entry("1", ALL))
    kept, left = held([entry("2", HR, title="Another title")], [before])
    assert (kept.relisted, left) == ([(before, entry("1", HR))], 1)


def test_other_labels_of_the_same_text_and_removals_are_as_in_any_plan():
    before, gone = known(entry()), known(entry(id_="b"))
    kept, left = held([entry(title="Another title")], [before, gone])
    assert (kept.relisted, kept.gone, left) == ([(before, entry(title="Another title"))], [gone], 0)


def test_work_that_is_due_already_goes_on_for_those_who_may_read_it_now():
    due = known(entry("1", ALL), published=None, due=FETCH)
    kept, left = held([entry("1", HR)], [due])
    assert (kept.relisted, left) == ([(due, entry("1", HR))], 0)
    given_up = known(entry(), published=None, failure=Failure("1", "r"))
    kept, left = held([entry("2")], [given_up])
    assert (kept.unchanged, left) == ([given_up], 1)


def test_more_removals_than_usual_are_held_all_the_same():
    many = [known(entry(id_=str(number))) for number in range(30)]
    kept, _ = held([], many)
    assert (len(kept.held), kept.gone) == (30, [])


# ---- a source ----


@pytest.fixture
def kb(tmp_path):
    with open_base(tmp_path, memory=["wiki"]) as kb:
        yield watched(kb)


@pytest.fixture
def each_kb(tmp_path, ledger_url):
    """The same on each database."""
    with open_base(tmp_path, memory=["wiki"], ledger=ledger_url) as kb:
        yield watched(kb)


def watched(kb):
    """With three pages, which were synced, and golden questions."""
    for number in range(3):
        kb.connectors["wiki"].edit(f"page {number}", text=f"Text {number}.", title=f"Page {number}")
    sync_sources(kb, ["wiki"])
    questions = EvaluationSettings(questions="golden.jsonl")
    kb.settings = kb.settings.model_copy(update={"evaluation": questions})
    return kb


def say(kb, verdict):
    """Write down what golden questions said after the latest sync."""
    owner = new_owner()
    with kb.ledger.write() as ledger:
        asked = golden.claim_asking(ledger, owner, ["wiki"], lease=60)
        assert golden.conclude(ledger, owner, asked, verdict)


def run(kb, *, scheduled):
    """A sync, as the schedule or as a person begins it: its report."""
    run = sync.scan(kb, "wiki", scheduled=scheduled)
    while sync.work(kb, ["wiki"], new_owner()):
        pass
    return sync.finish(kb, run)


def texts(kb, principals=ALL):
    return {one.passage.text for one in retrieve(kb, "Text page", principals).passages}


def test_a_held_source_says_so_in_the_report_of_the_run_that_made_answers_worse(kb):
    say(kb, WORSE)
    with kb.ledger.read() as ledger:
        report = reading.run_report(ledger, reading.last_run(ledger, "wiki"))
    assert (report["outcome"], report["golden"]["fell"]) == ("held", WORSE.fell)
    assert "shown fell from 1.000 to 0.500" in report["error"]
    assert "“Why?”, “Where?”" in report["error"]
    assert "sabio sync wiki --accept" in report["error"]


def test_a_scheduled_run_of_a_held_source_removes_and_protects_and_brings_no_new_text(each_kb):
    kb = each_kb
    say(kb, WORSE)
    wiki = kb.connectors["wiki"]
    del wiki.pages["page 0"]
    wiki.edit("page 1", text="Other text.", readers=HR)
    wiki.edit("page 3", text="New text.")
    wiki.fetched.clear()
    report = run(kb, scheduled=True)
    assert (report["outcome"], report["removed"], report["readers_changed"]) == ("held", 1, 1)
    assert (report["new"], report["changed"], wiki.fetched) == (0, 0, [])
    assert "(2 documents)" in report["error"]
    assert texts(kb) == {"Text 2."}
    assert texts(kb, HR) == {"Text 1."}
    assert run(kb, scheduled=True)["outcome"] == "held"


def test_a_person_who_syncs_by_hand_brings_everything_in(kb):
    say(kb, WORSE)
    kb.connectors["wiki"].edit("page 3", text="New text.")
    run(kb, scheduled=True)
    report = run(kb, scheduled=False)
    assert (report["new"], report["outcome"]) == (1, "held")  # until golden questions are asked again
    say(kb, GOOD)
    with kb.ledger.read() as ledger:
        report = reading.run_report(ledger, report["run"])
    assert (report["outcome"], report["error"]) == ("done", None)
    kb.connectors["wiki"].edit("page 4", text="More text.")
    assert run(kb, scheduled=True)["new"] == 1


@pytest.mark.parametrize(
    ("asking", "new"), [(["audit"], 0), ([None], 1), (["audit", None], 1), ([None, "audit"], 1)]
)
def test_a_request_is_by_hand_if_any_person_asked(each_kb, asking, new):
    kb = each_kb
    say(kb, WORSE)
    kb.connectors["wiki"].edit("page 3", text="New text.")
    with kb.ledger.write() as ledger:
        for by in asking:
            requests.request_sync(ledger, "wiki", by=by)
    assert run(kb, scheduled=True)["new"] == new


def test_a_request_by_hand_counts_although_its_scan_was_killed(kb, monkeypatch):
    say(kb, WORSE)
    wiki = kb.connectors["wiki"]
    wiki.edit("page 3", text="New text.")
    with kb.ledger.write() as ledger:
        requests.request_sync(ledger, "wiki")

    def end(_count):
        raise KeyboardInterrupt

    wiki.fail_with(on_scan=end)
    monkeypatch.setattr(sync.runs, "close_run", lambda *_, **__: None)  # as a killed process does not
    with pytest.raises(KeyboardInterrupt):
        sync.scan(kb, "wiki", scheduled=True)
    monkeypatch.undo()
    wiki.fail_with()
    assert run(kb, scheduled=True)["new"] == 1


def test_what_was_accepted_holds_nothing_any_more(each_kb):
    kb = each_kb
    say(kb, WORSE)
    kb.connectors["wiki"].edit("page 3", text="New text.")
    with kb.ledger.write() as ledger:
        assert golden.accept(ledger, "wiki").verdict == WORSE
        assert golden.accept(ledger, "wiki") is None
        assert golden.accept(ledger, "unknown") is None
        assert reading.last_outcome(ledger, "wiki") == "done"
    report = run(kb, scheduled=True)
    assert (report["new"], report["outcome"], report["error"]) == (1, "done", None)


def test_held_removals_are_not_accepted_by_the_way(kb):
    braked = kb.settings.sync.model_copy(update={"brake_share": 0.0, "brake_count": 0})
    kb.settings = kb.settings.model_copy(update={"sync": braked})
    kb.connectors["wiki"].edit("page 0", text="Other text.")
    del kb.connectors["wiki"].pages["page 1"]
    assert run(kb, scheduled=False)["held"] == 1
    say(kb, WORSE)
    with kb.ledger.write() as ledger:
        golden.accept(ledger, "wiki")
        assert reading.last_outcome(ledger, "wiki") == "held"


@pytest.mark.parametrize("off", [{"questions": "golden.jsonl", "gate": False}, {"questions": None}])
def test_without_a_gate_nothing_is_held(kb, off):
    say(kb, WORSE)
    kb.connectors["wiki"].edit("page 3", text="New text.")
    kb.settings = kb.settings.model_copy(update={"evaluation": EvaluationSettings(**off)})
    report = run(kb, scheduled=True)
    assert (report["new"], report["outcome"]) == (1, "done")
