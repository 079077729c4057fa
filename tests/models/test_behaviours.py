"""What LlamaIndex's client makes of each misbehaviour: what is read of a reply, and the exception at its end.

This is the list that `config.models.translate` and whoever reads a stream have to be ready for.
"""

import pytest
from llama_index.core.llms import ChatMessage

from tests.models import behaviours as misbehaves
from tests.models.behaviours import End
from tests.models.scripted import Scripted

PROMPT = [ChatMessage(role="user", content="¿Cuánto cuesta?")]
REPLY = "Café con leche: 3 €."
HALF = "Café con"

SILENCES = [
    # how the server behaves, what is read before the end, the exception's class, the client's patience: where
    # something is to be read first, it has to be enough on a busy machine
    (misbehaves.hang, "", "openai.APITimeoutError", 0.2),
    (misbehaves.slow_start(20), "", "openai.APITimeoutError", 0.2),
    (misbehaves.stall_after(2), HALF, "httpx.ReadTimeout", 1),
    (misbehaves.slow_tokens(20), "", "httpx.ReadTimeout", 1),
]
ENDINGS = [
    (misbehaves.reset, "", "openai.APIConnectionError"),
    (misbehaves.cut_after(2), HALF, "httpx.RemoteProtocolError"),
    (misbehaves.cut_after(2, End.RESET), HALF, "httpx.ReadError"),
    (misbehaves.error_after(2), HALF, "openai.APIError"),
    (misbehaves.broken_json, "Café", "json.decoder.JSONDecodeError"),
    (misbehaves.half_utf8, "Café", "builtins.UnicodeDecodeError"),
    (misbehaves.not_an_object, "Café", "builtins.AttributeError"),
]
STATUSES = [
    # status, `Retry-After`, the exception's class
    (400, None, "openai.BadRequestError"),
    (401, None, "openai.AuthenticationError"),
    (403, None, "openai.PermissionDeniedError"),
    (404, None, "openai.NotFoundError"),
    (408, None, "openai.APIStatusError"),
    (422, None, "openai.UnprocessableEntityError"),
    (429, 1, "openai.RateLimitError"),
    (429, "Wed, 21 Oct 2026 07:28:00 GMT", "openai.RateLimitError"),
    (500, None, "openai.InternalServerError"),
    (503, 2.5, "openai.InternalServerError"),
]
QUIET = [
    # what is told as nothing but a shorter reply: behaviour, what is read, why it ended as the server says
    (misbehaves.garbage, "", None),
    (misbehaves.empty, "", "stop"),
    (misbehaves.refuses, "", "content_filter"),
    (misbehaves.end_after(2), HALF, None),
    (misbehaves.out_of_tokens(2), HALF, "length"),
]
HARMLESS = [
    misbehaves.slow_start(0.05),
    misbehaves.slow_tokens(0.01),
    misbehaves.trickle_bytes(),
    misbehaves.keep_alive(0.01, times=3),
    misbehaves.no_done,
    misbehaves.no_usage,
    misbehaves.slow_start(0.05) | misbehaves.trickle_bytes() | misbehaves.no_done,
]


def read(llm):
    """What a stream brings: its text, why the server says it ended, the last token counts, its exception."""
    text, finish, counts, failed = "", None, None, None
    try:
        for piece in llm.stream_chat(PROMPT):
            text += piece.delta
            finish = piece.raw.choices[0].finish_reason if piece.raw.choices else finish
            counts = piece.raw.usage
    except Exception as error:  # noqa: BLE001 - which one it is, is the question
        failed = error
    return text, finish, counts, failed


def class_of(error):
    return f"{type(error).__module__}.{type(error).__qualname__}"


@pytest.mark.parametrize(("behaviour", "text", "error", "patience"), SILENCES, ids=str)
def test_a_stream_that_falls_silent_raises(behaviour, text, error, patience, model_server, connect):
    server = model_server(Scripted([REPLY]), behaviour)
    found, finish, _, failed = read(connect(server, timeout=patience))
    assert (found, finish, class_of(failed)) == (text, None, error)


@pytest.mark.parametrize(("behaviour", "text", "error"), ENDINGS, ids=str)
def test_a_stream_that_breaks_raises_and_tells_no_status(behaviour, text, error, model_server, connect):
    found, finish, _, failed = read(connect(model_server(Scripted([REPLY]), behaviour)))
    assert (found, finish, class_of(failed)) == (text, None, error)
    assert getattr(failed, "status_code", None) is None


@pytest.mark.parametrize(("code", "retry_after", "error"), STATUSES)
def test_an_error_status_raises_with_its_headers(code, retry_after, error, model_server, connect):
    server = model_server(Scripted([REPLY]), misbehaves.status(code, retry_after))
    *_, failed = read(connect(server))
    assert (class_of(failed), failed.status_code) == (error, code)
    assert failed.response.headers.get("retry-after") == (retry_after and str(retry_after))


@pytest.mark.parametrize(("behaviour", "text", "finish"), QUIET, ids=str)
def test_a_reply_that_is_none_or_only_a_part_ends_quietly(behaviour, text, finish, model_server, connect):
    found, said, _, failed = read(connect(model_server(Scripted([REPLY]), behaviour)))
    assert (found, said, failed) == (text, finish, None)


@pytest.mark.parametrize("behaviour", HARMLESS, ids=str)
def test_what_is_slow_or_incomplete_besides_the_words_does_no_harm(behaviour, model_server, connect):
    found, finish, _, failed = read(connect(model_server(Scripted([REPLY]), behaviour)))
    assert (found, finish, failed) == (REPLY, "stop", None)


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ({}, None),
        ({"prompt_tokens": -1, "completion_tokens": 10**9}, (-1, 10**9)),
        ({"prompt_tokens": "many"}, ("many", None)),
    ],
)
def test_token_counts_come_as_the_server_tells_them_even_where_they_are_none(
    told, found, model_server, connect
):
    _, _, counts, _ = read(connect(model_server(Scripted([REPLY]), misbehaves.usage(told))))
    assert (counts and (counts.prompt_tokens, counts.completion_tokens)) == found
