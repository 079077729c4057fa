"""An index made anew is asked golden questions before it is used, and held where it answers worse."""

import pytest

from bot.evaluation import answer_from
from bot.retrieval import retrieve
from config.errors import ConfigError, UnavailableError
from ingest import rebuilding
from ingest.documents import EVERYONE
from ingest.ledger.golden import Verdict
from ingest.rebuilding import HeldError, accept, discard, keep_current, rebuild
from tests.doubles import HashEmbedder, differences, open_base
from workers.local import sync_sources

ALL = frozenset({EVERYONE})
FELL = "shown fell from 1.000 to 0.500"
WORSE = Verdict({"shown": 1.0}, {"shown": 0.5}, [FELL], ["Why?"], "run-1", "/kept/run-1.html")
GOOD = Verdict({}, {"shown": 1.0}, [])


@pytest.fixture
def kb(tmp_path):
    with open_base(tmp_path, memory=["wiki"]) as kb:
        for number in range(4):
            kb.connectors["wiki"].edit(f"page {number}", text=f"Text {number}.", title=f"Page {number}")
        sync_sources(kb, ["wiki"])
        yield kb


def folders(kb):
    return {path.name for path in (kb.data / "index").iterdir()}


def hold(kb):
    """A rebuild that is held: the new collection's name."""
    before = folders(kb)
    with pytest.raises(HeldError):
        rebuild(kb, examine=lambda _name: WORSE)
    [name] = folders(kb) - before
    return name


def test_the_new_index_is_whole_and_the_old_one_in_use_while_questions_are_asked(kb):
    used, seen = kb.collection().name, []

    def examine(name):
        kb.connectors["wiki"].edit("page 9", text="Written meanwhile.")
        sync_sources(kb, ["wiki"])
        seen.append((name, kb.collection().name, len(retrieve(kb, "Text", ALL).passages)))
        return GOOD

    name, written = rebuild(kb, examine=examine)
    assert seen == [(name, used, 5)]
    assert (kb.collection().name, written) == (name, 4)
    assert differences(kb, "wiki", kb.connectors["wiki"].pages) == []  # with what was written meanwhile


def test_one_that_answers_worse_is_held_with_the_reason_and_what_can_be_done(kb):
    used = kb.collection().name
    with pytest.raises(HeldError) as raised:
        rebuild(kb, examine=lambda _name: WORSE)
    assert kb.collection().name == used
    said = str(raised.value)
    assert all(words in said for words in (FELL, "“Why?”", "/kept/run-1.html", "--accept", "--discard"))
    there = kb.ledger.collections()
    assert (there.building.held["fell"], there.building.name in folders(kb)) == ([FELL], True)


@pytest.mark.parametrize("error", [UnavailableError("the model is away"), ConfigError("no such file")])
def test_one_of_which_nobody_can_say_how_it_answers_is_held_too(kb, error):
    def examine(_name):
        raise error

    with pytest.raises(HeldError, match=f"they cannot be asked: {error}"):
        rebuild(kb, examine=examine)


def test_a_held_index_is_brought_up_to_date_when_it_is_accepted(kb):
    held, wiki = hold(kb), kb.connectors["wiki"]
    wiki.edit("page 1", text="Other text.")
    wiki.edit("page 2", readers=frozenset({"user:ana@acme.com"}))
    del wiki.pages["page 3"]
    sync_sources(kb, ["wiki"])
    name, lacked, verdict = accept(kb)
    assert (name, kb.collection().name, lacked, verdict) == (held, held, 1, WORSE)
    assert differences(kb, "wiki", wiki.pages) == []
    with pytest.raises(ConfigError, match="no index waits"):
        accept(kb)
    assert rebuilding.rollback(kb)[0] != held  # and back to the one before


def test_a_held_index_that_is_discarded_is_gone(kb):
    used, held = kb.collection().name, hold(kb)
    assert discard(kb) == held
    assert folders(kb) == {used}
    with pytest.raises(ConfigError, match="no index waits"):
        discard(kb)


def test_syncs_and_sweeps_leave_a_held_index_alone(kb):
    used, held = kb.collection().name, hold(kb)
    sync_sources(kb, ["wiki"])
    assert rebuilding.remove_leftovers(kb) == 0
    assert folders(kb) == {used, held}


def test_the_next_rebuild_takes_the_place_of_a_held_one(kb):
    held, used = hold(kb), kb.collection().name
    name, _ = rebuild(kb, examine=lambda _name: GOOD)
    assert folders(kb) == {used, name}
    assert held not in (used, name)
    assert kb.ledger.collections().building is None


def reopened(kb, tmp_path, embedder):
    """The same installation with another model in its settings."""
    other = open_base(tmp_path, memory=["wiki"], embedder=embedder)
    other.connectors["wiki"] = kb.connectors["wiki"]
    return other


def test_another_model_is_asked_before_it_is_used_and_not_brought_in_again_and_again(kb, tmp_path, caplog):
    used, asked = kb.collection().name, []

    def examine(name):
        asked.append(name)
        return WORSE

    with reopened(kb, tmp_path, HashEmbedder("other", dimension=16)) as other:
        keep_current(other, examine=examine)
        keep_current(other, examine=examine)
        assert (len(asked), other.ledger.collection()) == (1, used)
        assert FELL in caplog.text
        accept(other)
        assert other.ledger.collection() == asked[0]
        assert differences(other, "wiki", other.connectors["wiki"].pages) == []


def test_a_held_index_that_nobody_can_accept_any_more_is_removed(kb, tmp_path):
    used = kb.collection().name
    with reopened(kb, tmp_path, HashEmbedder("other", dimension=16)) as other:
        keep_current(other, examine=lambda _name: WORSE)
        assert len(folders(kb)) == 2
    with pytest.raises(ConfigError, match="embedding: local"):
        accept(kb)
    keep_current(kb, examine=lambda _name: GOOD)  # the settings name the first model again
    assert folders(kb) == {used}


# ---- asking before it is in use ----


def test_a_held_index_answers_only_whoever_asks_for_it(kb, tmp_path):
    held = hold(kb)
    used = kb.collection().name
    with reopened(kb, tmp_path, HashEmbedder()) as asking:
        shown = []
        asking.show_collection = shown.append
        noted = asking.ledger.collections().building
        asking.reopen_collection(noted)
        asking.ledger.answer_from(held)
        assert len(retrieve(asking, "Text", ALL).passages) == 4
        assert (asking.collection().name, asking.ledger.collection()) == (held, held)
        assert shown == []  # the engine is not told that it is in use
        assert (kb.collection().name, kb.ledger.collection()) == (used, used)
        discard(kb)
        with pytest.raises(UnavailableError, match="is not there any more"):
            retrieve(asking, "Text", ALL)


def test_an_index_that_there_is_not_cannot_be_asked(kb, tmp_path):
    with pytest.raises(ConfigError, match="there is no index `nobody`; there are: hash"):
        answer_from(kb, "nobody", tmp_path / "golden.jsonl")
