"""The local embedding model, built once for all tests."""

import os

import pytest

from ingest.embedding import open_embedder


@pytest.fixture(scope="session")
def model_cache(tmp_path_factory):
    """A folder for models, new in every run and the same for all its workers; whoever comes first builds."""
    own = tmp_path_factory.getbasetemp()
    return (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "sabio-models"


@pytest.fixture(scope="session")
def embedder(model_cache):
    """The local model, as `embedding: local` opens it."""
    return open_embedder("local", model_cache)
