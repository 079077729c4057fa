"""The local embedding model, built once for all tests, and a knowledge base over a wiki in memory."""

import pytest

from ingest.embedding import open_embedder
from tests.doubles import open_base
from workers.local import sync_sources


@pytest.fixture(scope="session")
def embedder(model_cache):
    """The local model, as `embedding: local` opens it."""
    return open_embedder("local", model_cache)


@pytest.fixture
def kb(tmp_path, ledger_url):
    """Of one source, the wiki, on each database."""
    with open_base(tmp_path, memory=["wiki"], ledger=ledger_url) as kb:
        yield kb


@pytest.fixture
def wiki(kb):
    """Of ten pages, synced."""
    source = kb.connectors["wiki"]
    for number in range(10):
        source.edit(
            f"page {number}", title=f"Title {number}", text=f"# One\nFirst of {number}.\n# Two\nSecond."
        )
    sync_sources(kb, ["wiki"])
    return source
