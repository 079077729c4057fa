"""The index made anew from the ledger, and what becomes of the one before, of half-made and of lost ones."""

import signal
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from bot.retrieval import retrieve
from config.errors import ConfigError, UnavailableError
from ingest.documents import EVERYONE
from ingest.encoding import Encoder
from ingest.ledger import now, runs
from ingest.ledger.owners import new_owner
from ingest.ledger.tables import chunks, state
from ingest.rebuilding import rebuild, rollback
from tests.doubles import HashEmbedder, MemoryConnector, differences, open_base
from workers.local import sync_sources

ALL = frozenset({EVERYONE})
ANA = frozenset({"user:ana@acme.com"})


def folders(kb):
    return {path.name for path in (kb.data / "index").iterdir()}


def reopened(data, wiki, ledger_url, **options):
    """The same installation, opened by another process as it were."""
    kb = open_base(data, memory=["wiki"], ledger=ledger_url, **options)
    kb.connectors["wiki"] = wiki
    return kb


def test_a_rebuild_makes_the_same_index_without_fetching(kb, wiki):
    before = kb.collection().name
    wiki.fetched.clear()
    name, written = rebuild(kb)
    assert (name != before, written, wiki.fetched) == (True, 20, [])
    assert differences(kb, "wiki", wiki.pages) == []


def test_the_index_before_is_removed_by_a_sync_when_nobody_goes_back_to_it_any_more(kb, wiki):
    before = kb.collection()
    name, _ = rebuild(kb)
    assert len(list(before.index.ids())) == 20  # questions under way still read it
    sync_sources(kb, ["wiki"])
    assert folders(kb) == {name, before.name}
    replaced_long_ago(kb, days=8)
    sync_sources(kb, ["wiki"])
    assert folders(kb) == {name}


def replaced_long_ago(kb, days):
    moment = (now() - timedelta(days=days)).isoformat()
    with kb.ledger.write() as ledger:
        ledger.execute(state.update().where(state.c.key == "retired_since").values(value=moment))


def test_a_rebuild_keeps_only_the_one_before(kb, wiki):
    rebuild(kb)
    second, _ = rebuild(kb)
    third, _ = rebuild(kb)
    assert folders(kb) == {second, third}


def test_going_back_takes_the_index_before_as_the_source_is_now(kb, wiki):
    before = kb.collection().name
    after, _ = rebuild(kb)
    wiki.edit("page 1", text="Edited.")
    wiki.edit("page 2", readers=ANA)
    del wiki.pages["page 3"]
    wiki.edit("page 55", text="A new one.")
    sync_sources(kb, ["wiki"])
    name, written = rollback(kb)
    assert (name, kb.collection().name, written) == (before, before, 2)
    assert differences(kb, "wiki", wiki.pages) == []
    assert rollback(kb)[0] == after  # and forward again
    assert differences(kb, "wiki", wiki.pages) == []


def test_there_is_no_going_back_where_nothing_was_replaced(kb, wiki):
    with pytest.raises(ConfigError, match="no index to go back to"):
        rollback(kb)


def test_there_is_no_going_back_to_another_model_than_the_settings_name(tmp_path, kb, wiki, ledger_url):
    kb.close()
    with reopened(tmp_path, wiki, ledger_url, embedder=HashEmbedder("other", dimension=16)) as other:
        sync_sources(other, ["wiki"])
        with pytest.raises(ConfigError, match="embedding: local"):
            rollback(other)
    with reopened(tmp_path, wiki, ledger_url) as again:
        rollback(again)
        assert differences(again, "wiki", wiki.pages) == []


def test_questions_go_on_during_rebuilds(kb, wiki):
    ended, asked, failed = threading.Event(), [], []

    def ask():
        while not ended.is_set():
            try:
                asked.append(len(retrieve(kb, "First", ALL, limit=50).passages))
            except UnavailableError as error:
                failed.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    rebuilds = 0
    while rebuilds < 3 or (len(asked) <= 3 and not failed):  # the first question loads what it needs
        rebuild(kb)
        rebuilds += 1
    ended.set()
    asking.join()
    assert failed == []
    assert set(asked) == {11}  # ten different texts, and one that all share
    assert len(asked) > 3


def test_what_is_published_removed_and_reassigned_during_a_rebuild_is_right_afterwards(kb, wiki):
    changes = {
        1: lambda: wiki.edit("page 1", text="Edited."),
        2: lambda: wiki.edit("page 2", readers=ANA),
        3: lambda: wiki.pages.pop("page 3"),
        4: lambda: wiki.edit("page 4", title="Retitled"),
        5: lambda: wiki.edit("page 55", text="A new one."),
    }

    def change(title, turn=iter(range(1, 11))):  # noqa: B008 - one count for all calls
        if edit := changes.get(next(turn)):
            edit()
            assert sync_sources(kb, ["wiki"])[0]["outcome"] == "done"

    rebuild(kb, change)
    assert differences(kb, "wiki", wiki.pages) == []


def test_work_that_was_under_way_when_the_index_was_swapped_is_done_again_in_the_new_one(kb, wiki):
    wiki.edit("page 1", text="Edited.")
    wiki.edit("page 2", readers=ANA)
    del wiki.pages["page 3"]
    swapped = []

    def swap(step, title=""):
        if step == "indexed" and not swapped:
            swapped.append(rebuild(kb))

    assert sync_sources(kb, ["wiki"], observe=swap)[0]["outcome"] == "done"
    assert swapped
    assert differences(kb, "wiki", wiki.pages) == []


def test_a_worker_whose_collection_was_removed_under_its_feet_goes_on_in_the_new_one(kb, wiki):
    wiki.edit("page 1", text="Edited.")
    old = kb.collection().name
    done = []

    def remove(step, title=""):
        if step == "noted" and not done:
            done.append(rebuild(kb))
            kb.drop_collection(old)

    assert sync_sources(kb, ["wiki"], observe=remove)[0]["outcome"] == "done"
    assert differences(kb, "wiki", wiki.pages) == []


def test_only_one_rebuild_runs_at_a_time(kb, wiki):
    with kb.ledger.write() as ledger:
        lease = runs.claim_scan(ledger, runs.INDEX, new_owner(), 60)
    with pytest.raises(UnavailableError, match="already"):
        rebuild(kb)
    with kb.ledger.write() as ledger:
        runs.release_scan(ledger, lease)
    rebuild(kb)


def test_a_rebuild_that_was_killed_leaves_the_old_index_in_use_and_nothing_behind(tmp_path, ledger_url):
    with open_base(tmp_path, memory=["wiki"], ledger=ledger_url) as kb:
        wiki = kb.connectors["wiki"]
        for number in range(10):
            wiki.edit(f"page {number}", title=f"Title {number}", text=f"Text {number}.")
        sync_sources(kb, ["wiki"])
        before = kb.collection().name
    code = (
        "import os, sys; from pathlib import Path\n"
        "from ingest import rebuilding; from tests.doubles import open_base\n"
        "kb = open_base(Path(sys.argv[1]), memory=['wiki'], ledger=sys.argv[2])\n"
        "rebuilding.rebuild(kb, lambda title: os.kill(os.getpid(), 9) if title == 'Title 5' else None)"
    )
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", code, str(tmp_path), ledger_url]
    killed = subprocess.run(command, cwd=root, check=False)
    assert killed.returncode == -signal.SIGKILL
    with reopened(tmp_path, wiki, ledger_url) as kb:
        assert len(folders(kb)) == 2
        assert kb.collection().name == before
        assert len(retrieve(kb, "Text", ALL, limit=50).passages) == 10
        sync_sources(kb, ["wiki"])
        assert folders(kb) == {before}
        rebuild(kb)
        assert differences(kb, "wiki", wiki.pages) == []


def test_a_rebuild_that_was_overtaken_does_not_put_its_own_in_use(kb, wiki):
    taken = []

    def overtake(title):
        if not taken:
            with kb.ledger.write() as ledger:  # as if it had been stopped for longer than its lease
                ledger.exec_driver_sql("UPDATE sources SET lease_until = NULL WHERE name = '(index)'")
            taken.append(rebuild(kb)[0])

    with pytest.raises((UnavailableError, ConfigError)):
        rebuild(kb, overtake)
    assert kb.collection().name == taken[0]
    sync_sources(kb, ["wiki"])
    assert differences(kb, "wiki", wiki.pages) == []


def test_another_embedding_model_is_told_to_whoever_asks_and_brought_in_by_the_next_sync(
    tmp_path, kb, wiki, ledger_url
):
    before = kb.collection().name
    kb.close()
    with reopened(tmp_path, wiki, ledger_url, embedder=HashEmbedder("other", dimension=16)) as other:
        with pytest.raises(UnavailableError, match="another embedding model"):
            retrieve(other, "First", ALL)
        wiki.fetched.clear()
        assert sync_sources(other, ["wiki"])[0]["outcome"] == "done"
        assert len(other.encoder.embedder.embedded) == 20
        assert wiki.fetched == []
        assert differences(other, "wiki", wiki.pages) == []
        assert len(retrieve(other, "First", ALL).passages) > 0
        assert folders(other) == {other.collection().name, before}
        replaced_long_ago(other, days=8)
        sync_sources(other, ["wiki"])
        assert folders(other) == {other.collection().name} != {before}


class Shouting:
    """Translates Spanish by shouting."""

    name = "shout"

    def __init__(self):
        self.asked = []

    def can(self, source, target):
        return (source, target) == ("es", "en")

    def translate(self, texts, source, target):
        self.asked.extend(texts)
        return [f"{self.name} {text.upper()}" for text in texts]

    def close(self):
        """Nothing runs."""


class EnglishOnly(HashEmbedder):
    languages = frozenset({"en"})


SPANISH = (
    "Las vacaciones se piden con quince días de antelación en el portal de personas de la empresa,"
    " salvo urgencias."
)


def translating(data, wiki, translator):
    kb = reopened(data, wiki, "sqlite")
    vars(kb)["encoder"] = Encoder(EnglishOnly(), translator)
    return kb


def pivots(kb):
    with kb.ledger.read() as ledger:
        return [row.pivot for row in ledger.execute(chunks.select())]


@pytest.fixture
def spanish():
    wiki = MemoryConnector(name="wiki")
    wiki.edit("page 1", title="Vacaciones", text=SPANISH)
    return wiki


def test_a_translator_that_was_installed_since_brings_its_translations_in(tmp_path, spanish):
    with translating(tmp_path, spanish, type("Silent", (Shouting,), {"can": lambda *_: False})()) as kb:
        sync_sources(kb, ["wiki"])
        assert pivots(kb) == [None]
    with translating(tmp_path, spanish, Shouting()) as kb:
        sync_sources(kb, ["wiki"])
        assert pivots(kb) == ["shout VACACIONES\n" + SPANISH.upper()]


def test_another_translator_translates_anew_and_the_same_one_is_not_asked_again(tmp_path, spanish):
    with translating(tmp_path, spanish, Shouting()) as kb:
        sync_sources(kb, ["wiki"])
        rebuild(kb)
        assert len(kb.encoder.translator.asked) == 1
    other = Shouting()
    other.name = "yell"
    with translating(tmp_path, spanish, other) as kb:
        sync_sources(kb, ["wiki"])
        assert pivots(kb) == ["yell VACACIONES\n" + SPANISH.upper()]


def test_a_retitled_page_is_found_by_the_translation_of_its_new_title(tmp_path, spanish):
    with translating(tmp_path, spanish, Shouting()) as kb:
        sync_sources(kb, ["wiki"])
        spanish.edit("page 1", title="Permisos")
        sync_sources(kb, ["wiki"])
        assert pivots(kb) == ["shout PERMISOS\n" + SPANISH.upper()]
