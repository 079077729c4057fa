"""Fixtures of language models. A test that uses one may speak to 127.0.0.1 and to nothing else.

- `model_server`: starts a `ModelServer`, of the same arguments; it is closed after the test.
- `small_model`: a real one. Without its packages the test fails in CI; elsewhere it is skipped, loudly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.models.server import ModelServer
from tests.models.small import SmallModel
from tests.services.fixtures import _own


@pytest.fixture
def model_server(loopback: None) -> Iterator[Callable[..., ModelServer]]:
    """`model_server(script, *behaviours, model=…, key=…)`: a running server."""
    with ExitStack() as servers:
        yield lambda *script, **options: servers.enter_context(ModelServer(*script, **options))


@pytest.fixture
def small_model(loopback: None) -> Iterator[SmallModel]:
    """SmolLM2, loaded and serving."""
    yield from _own(SmallModel)
