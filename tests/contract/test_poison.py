"""Row 17 of the reliability contract: a document that crashes or hangs its parser costs only itself."""

import pytest

from ingest.documents import Content
from ingest.ledger import reading
from ingest.parsing import Limits, Parsers, pool
from tests.doubles import MemoryConnector, Page, open_base
from workers.local import sync_sources

POISONS = {
    "crash": "SIGSEGV",
    "eat memory": "more than 300 MB of memory",
    "hang": "longer than 1 seconds",
    "exit": "exit code 3",
}


class Wiki(MemoryConnector):
    """Its bodies are named after what reading them does."""

    def fetch(self, entry):
        content = super().fetch(entry)
        return Content(content.data, entry.id if entry.id in POISONS else "good.txt", content.media_type)


def poison(data, monkeypatch, pages, poisons, engines):
    monkeypatch.setattr(pool, "_PROGRAM", "tests.ingest.misbehaving")
    with open_base(data, **engines) as kb, Parsers(Limits(memory_mb=300, seconds=1, processes=2)) as parsers:
        vars(kb)["parsers"] = parsers
        wiki = kb.connectors["wiki"] = Wiki(name="wiki")
        for number in range(pages):
            wiki.pages[f"page {number}"] = Page(f"Good text {number}.")
        for name in poisons:
            wiki.pages[name] = Page("x")
        [report] = sync_sources(kb, ["wiki"])
        assert report["outcome"] == "done"
        failed = {one["document"]: one for one in report["failed"]}
        assert failed.keys() == set(poisons)
        for name, one in failed.items():
            assert POISONS[name] in one["reason"]
            assert one["attempts"] == 3
        with kb.ledger.read() as ledger:
            published = {row.entry for row in reading.published_documents(ledger)}
        assert published == wiki.pages.keys() - set(poisons)


@pytest.mark.parametrize("engines", ["embedded"], indirect=True)  # `make contract` tries them on servers
@pytest.mark.parametrize("name", POISONS)
def test_a_poisonous_document_is_tried_three_times_and_put_aside_with_its_reason(
    tmp_path, monkeypatch, name, engines
):
    poison(tmp_path, monkeypatch, 10, [name], engines)


@pytest.mark.contract
@pytest.mark.parametrize("name", POISONS)
def test_of_two_hundred_documents_only_the_poisonous_one_is_missing(tmp_path, monkeypatch, name, engines):
    poison(tmp_path, monkeypatch, 199, [name], engines)
