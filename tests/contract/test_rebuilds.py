"""Row 36 of the reliability contract: another embedding model comes in, and goes again, while people ask."""

import random
import threading
import time

import pytest
import yaml

from bot.retrieval import retrieve
from config.settings import Settings
from ingest import embedding
from ingest.documents import EVERYONE, embedded_text
from ingest.knowledge import KnowledgeBase
from tests.contract.test_queue import command
from tests.doubles import HashEmbedder, LineParsers, differences
from tests.sabio_child import Child, model_named
from tests.sync_child import SOURCE
from workers.local import sync_sources

ALL = frozenset({EVERYONE})
PAGES = 40
MODELS = ("local", "other:model")


@pytest.fixture(params=["local", "weaviate"])
def index(request):
    """Both engines, by their addresses."""
    return "local" if request.param == "local" else request.getfixturevalue("weaviate_url")


@pytest.fixture
def configure(tmp_path, index, monkeypatch):
    """Writes the configuration with an embedding model, and opens it."""
    monkeypatch.setattr(
        embedding, "open_embedder", lambda name, _models, **_: HashEmbedder(model_named(name))
    )
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(PAGES):
        (docs / f"{number}.md").write_text(f"# Page {number}\nThe canary{number} sings.\n")

    def configure(model):
        settings = {
            "data": str(tmp_path / "var"),
            "index": index,
            "embedding": model,
            "translation": "none",
            "sources": [{"name": SOURCE, "type": "folder", "path": str(docs), "readers": ["everyone"]}],
        }
        config = tmp_path / f"{model_named(model)}.yaml"
        config.write_text(yaml.safe_dump(settings))
        kb = KnowledgeBase(Settings.model_validate(settings))
        vars(kb)["parsers"] = LineParsers()
        return config, kb

    return configure


def nearness(number):
    """How near a question is to its page, by either model: anything else would be a mixture of both."""
    page = embedded_text(f"Page {number}", [f"Page {number}"], f"The canary{number} sings.")
    models = [HashEmbedder(model_named(name)) for name in MODELS]
    return [float(model.question(f"canary{number}") @ model.question(page)) for model in models]


class Asking(threading.Thread):
    """Asks for one canary after another until it is told to stop."""

    def __init__(self, kb):
        super().__init__()
        self._kb, self._ended = kb, threading.Event()
        self.asked, self.wrong = 0, []

    def run(self):
        chance = random.Random(36)
        while not self._ended.is_set():
            wanted = chance.randrange(PAGES)
            try:
                found = retrieve(self._kb, f"canary{wanted}", ALL, limit=50)
            except Exception as error:  # noqa: BLE001 - whatever it is, nobody may meet it
                self.wrong.append(repr(error))
                continue
            self.asked += 1
            first = found.passages[0]
            right = f"canary{wanted} " in first.passage.text and len(found.passages) == PAGES
            if not right or not any(abs(first.dense - near) < 1e-3 for near in nearness(wanted)):
                self.wrong.append((wanted, first.passage.text, len(found.passages), first.dense))

    def stop(self):
        self._ended.set()
        self.join()


def change_models_under_load(configure, kills, questions):
    (old_config, old), (new_config, _) = map(configure, MODELS)
    with old:
        sync_sources(old, [SOURCE])
        before = old.collection().name
        asking = Asking(old)
        asking.start()
        try:
            chance = random.Random(6)
            for _ in range(kills):
                with Child(new_config, "rebuild", TEST_SLOW_EMBEDDING=0.1) as rebuilding:
                    time.sleep(1 + 3 * chance.random())
                    rebuilding.kill()
                assert old.collection().name in {before, old.ledger.collection()}
            while old.ledger.collection() == before:
                command(new_config, "rebuild", expected=None)  # the lease of a killed one may still be on
                time.sleep(0.5)
            assert old.collection().name.startswith("other-model-")
            command(old_config, "rebuild", "--rollback")
            assert old.collection().name == before
            while asking.asked < questions and not asking.wrong:
                time.sleep(0.1)
        finally:
            asking.stop()
        assert asking.wrong == []
        assert asking.asked >= questions
        pages = {one.id: one for one in old.connectors[SOURCE].scan()}
        assert len(pages) == PAGES
        assert [one for one in differences(old, SOURCE, {}) if "extra in the ledger" not in one] == []


def test_another_model_comes_in_and_goes_while_people_ask(configure):
    change_models_under_load(configure, kills=1, questions=100)


@pytest.mark.contract
def test_six_kills_and_five_thousand_questions_mix_nothing_and_fail_nothing(configure):
    change_models_under_load(configure, kills=6, questions=5000)
