from __future__ import annotations

from functools import partial

import pytest

from ingest.index import Index
from ingest.index.weaviate import WeaviateEngine
from tests.contracts.index import DIMENSION, IndexContract, Opener


def open_index(url: str, name: str = "contract", dimension: int = DIMENSION) -> Index:
    """A handle with a connection of its own, which ends with it."""
    engine = WeaviateEngine(url)
    index = engine.open(name, dimension)
    index.close = engine.close  # type: ignore[method-assign]
    return index


@pytest.fixture
def opener(weaviate_url: str) -> Opener:
    return partial(open_index, weaviate_url)


class TestWeaviateIndex(IndexContract):
    @pytest.fixture
    def opener(self, weaviate_url: str) -> Opener:
        return partial(open_index, weaviate_url)
