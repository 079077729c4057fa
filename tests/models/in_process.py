"""A script as a language model of LlamaIndex in this process, for tests that ask thousands of times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseGen,
    CompletionResponse,
    CompletionResponseGen,
    LLMMetadata,
    MessageRole,
)
from llama_index.core.llms import CustomLLM

from tests.models.protocol import count_tokens, tokens_of
from tests.models.reading import Message, text_of


class ScriptedLLM(CustomLLM):
    """Speaks as its `script` does; the last piece of a stream has the token counts in its `raw`."""

    script: Any
    """A `tests.models.scripted.Script`."""
    model: str = "scripted"

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name=self.model, is_chat_model=True)

    def stream_chat(self, messages: Sequence[ChatMessage], **_: Any) -> ChatResponseGen:
        prompt: list[Message] = [{"role": one.role.value, "content": one.content} for one in messages]
        words = self.script(prompt)
        pieces = tokens_of(words) if isinstance(words, str) else words
        asked = sum(count_tokens(text_of(message)) for message in prompt)
        return self._stream(pieces, asked)

    def chat(self, messages: Sequence[ChatMessage], **options: Any) -> ChatResponse:
        *_, last = self.stream_chat(messages, **options)
        return last

    def complete(self, prompt: str, formatted: bool = False, **options: Any) -> CompletionResponse:
        *_, last = self.stream_complete(prompt, formatted, **options)
        return last

    def stream_complete(self, prompt: str, formatted: bool = False, **options: Any) -> CompletionResponseGen:
        for piece in self.stream_chat([ChatMessage(role=MessageRole.USER, content=prompt)], **options):
            yield CompletionResponse(text=piece.message.content or "", delta=piece.delta, raw=piece.raw)

    def _stream(self, pieces: Iterator[str], asked: int) -> ChatResponseGen:
        text, count = "", 0
        for piece in pieces:
            text, count = text + piece, count + 1
            yield _response(text, piece, None)
        yield _response(text, "", {"prompt_tokens": asked, "completion_tokens": count})


def _response(text: str, delta: str, usage: dict[str, int] | None) -> ChatResponse:
    message = ChatMessage(role=MessageRole.ASSISTANT, content=text)
    return ChatResponse(message=message, delta=delta, raw={"usage": usage})
