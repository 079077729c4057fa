"""A real client of model servers."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest
from llama_index.llms.openai_like import OpenAILike

from tests.models.server import ModelServer
from tests.models.small import SmallModel


@pytest.fixture
def connect() -> Iterator[Callable[..., OpenAILike]]:
    """LlamaIndex's client of a server; its connections are closed after the test."""
    with ExitStack() as clients:

        def make(server: ModelServer | SmallModel, *, timeout: float = 10, **options: object) -> OpenAILike:
            settings = {"model": server.model, "api_base": server.url, "api_key": server.key, **options}
            counted = {"stream_options": {"include_usage": True}}
            llm = OpenAILike(
                **settings, is_chat_model=True, max_retries=0, timeout=timeout, additional_kwargs=counted
            )
            clients.enter_context(closing(llm._get_client()))
            return llm

        yield make
