"""A reranker orders what was found; one that fails changes nothing and keeps nobody from an answer."""

import sys
import types

import pytest
from llama_index.core.postprocessor.types import BaseNodePostprocessor

from bot.reranking import rerank
from config.settings import Settings
from ingest.knowledge import KnowledgeBase
from tests.bot.passages import find, make_passage

PAGES = [make_passage(f"Text {name}.", document=name) for name in "abcd"]


class Backwards(BaseNodePostprocessor):
    """Puts the last first, and leaves the first out."""

    model: str
    fails: bool = False

    def _postprocess_nodes(self, nodes, query_bundle=None):
        if self.fails:
            raise ConnectionError("refused")
        assert query_bundle.query_str == "Which text?"
        assert "Text" in nodes[0].node.get_content()
        return nodes[:0:-1]


@pytest.fixture
def installed(monkeypatch):
    module = types.ModuleType("llama_index.postprocessor.backwards")
    Backwards.__module__ = module.__name__
    module.Backwards = Backwards
    monkeypatch.setitem(sys.modules, module.__name__, module)


def order(tmp_path, **settings):
    with KnowledgeBase(Settings(data=tmp_path, **settings)) as kb:
        found = rerank(kb, find("Which text?", *PAGES))
    return [one.passage.document for one in found.passages]


def test_without_a_reranker_passages_stay_as_they_were_found(tmp_path):
    assert order(tmp_path) == ["a", "b", "c", "d"]


def test_passages_come_in_the_rerankers_order_and_what_it_leaves_out_comes_last(tmp_path, installed):
    assert order(tmp_path, reranker="backwards:any") == ["d", "c", "b", "a"]


@pytest.mark.parametrize(
    "settings",
    [{"reranker": "backwards:any", "reranker_options": {"fails": True}}, {"reranker": "missing:any"}],
)
def test_a_reranker_that_fails_is_logged_and_changes_nothing(tmp_path, installed, settings, caplog):
    assert order(tmp_path, **settings) == ["a", "b", "c", "d"]
    assert "stay in the order" in caplog.text
