"""Models that fail in every way there is: it ends in text or in an outage, within everybody's patience."""

import time
from contextlib import ExitStack, closing

import pytest

from bot.messages import Tokens
from bot.vendors import count_tokens
from bot.writer import LONGEST, Prompt, open_writer
from config.errors import ConfigError, UnavailableError
from config.settings import Settings
from tests.models import behaviours as b
from tests.models.scripted import Scripted

PROMPT = Prompt("You are brief.", ("Say hello to the whole team.",))
REPLY = "Hello, team of the office!"


@pytest.fixture
def writer_of():
    """The writer of a server, and of the one that steps in; its connections are closed after the test."""
    with ExitStack() as opened:

        def make(server, fallback=None, *, key=None, patience=0.4, **settings):
            if fallback is not None:
                settings |= {"llm_fallback": "openai-like:my-model", "llm_fallback_url": fallback.url}
                settings |= {"llm_fallback_api_key": fallback.key}
            named = Settings(
                llm="openai-like:my-model",
                llm_url=server.url,
                llm_api_key=server.key if key is None else key,
                llm_patience=patience,
                **settings,
            )
            return opened.enter_context(closing(open_writer(named)))

        yield make


@pytest.fixture
def server(model_server):
    """A server that says `REPLY` as often as it is asked, and behaves as it is told."""
    return lambda *behaviours: model_server(Scripted([REPLY], repeat=True), *behaviours)


@pytest.fixture
def waits(monkeypatch):
    """The seconds that were waited between two attempts, none of them for real."""
    seconds = []
    monkeypatch.setattr("bot.writer.time.sleep", seconds.append)
    return seconds


def read(writing):
    return "".join(writing)


def read_until_it_breaks(writing):
    said = ""
    try:
        for piece in writing:
            said += piece
    except UnavailableError as error:
        return said, error
    return said, None


def test_without_a_model_there_is_no_writer():
    assert open_writer(Settings()) is None


def test_a_reply_comes_in_pieces_and_tells_its_model_and_tokens(writer_of, server):
    writing = writer_of(server(), patience=10).write(PROMPT)
    assert writing.model is None
    pieces = list(writing)
    assert "".join(pieces) == REPLY
    assert len(pieces) > 1
    assert writing.model == "openai-like:my-model"
    assert writing.tokens == Tokens(writing.tokens.in_, len(REPLY) // 4 + 1)


def test_tokens_are_estimated_where_the_server_does_not_count_them(writer_of, server):
    writing = writer_of(server(b.no_usage), patience=10).write(PROMPT)
    read(writing)
    size = len(PROMPT.system + PROMPT.turns[0])
    assert writing.tokens == Tokens(-(-size // 4), -(-len(REPLY) // 4))


def test_a_server_that_counts_nonsense_does_not_use_up_the_budget(writer_of, server):
    writing = writer_of(server(b.usage({"prompt_tokens": 10**12, "completion_tokens": -5}))).write(PROMPT)
    read(writing)
    assert 0 < writing.tokens.in_ < 100
    assert 0 < writing.tokens.out < 100


@pytest.mark.parametrize(
    "raw",
    [
        {"usage": {"input_tokens": 7, "output_tokens": 3}},
        {"message": {"usage": {"input_tokens": 7, "output_tokens": 3}}},
        {"metadata": {"usage": {"inputTokens": 7, "outputTokens": 3}}},
        {"prompt_eval_count": 7, "eval_count": 3},
        {"usage_metadata": {"prompt_token_count": 7, "candidates_token_count": 3}},
    ],
)
def test_every_vendors_way_of_counting_is_understood(raw):
    assert count_tokens(raw, 10, 10) == Tokens(7, 3)


@pytest.mark.parametrize("failure", [b.status(503), b.status(500), b.reset, b.empty, b.refuses, b.garbage])
def test_a_model_that_fails_once_is_asked_again(writer_of, server, waits, failure):
    failing = server(failure, b.well)
    assert read(writer_of(failing).write(PROMPT)) == REPLY
    assert len(failing.requests) == 2
    assert waits == [0.1]


def test_a_server_that_cannot_stream_is_asked_for_all_of_it_at_once(writer_of, model_server, waits):
    whole = model_server(Scripted(["", REPLY]))
    writing = writer_of(whole, patience=5).write(PROMPT)
    assert read(writing) == REPLY
    assert [request.body.get("stream", False) for request in whole.requests] == [True, False]
    assert writing.tokens.out == len(REPLY) // 4 + 1


def test_a_throttling_model_is_asked_again_when_it_says_so_and_not_before(writer_of, server, waits):
    throttling = server(b.status(429, retry_after=0.25), b.well)
    assert read(writer_of(throttling, patience=5).write(PROMPT)) == REPLY
    assert waits == [0.25]


def test_a_wait_that_is_longer_than_anybodys_patience_is_an_outage_at_once(writer_of, server, waits):
    throttling = server(b.status(429, retry_after=30))
    writer = writer_of(throttling)
    for _ in range(3):
        with pytest.raises(UnavailableError):
            read(writer.write(PROMPT))
    assert waits == []
    assert len(throttling.requests) == 1  # and it is left in peace


@pytest.mark.parametrize(
    "failure",
    [
        b.hang,
        b.slow_start(5),
        b.reset,
        b.garbage,
        b.broken_json,
        b.half_utf8,
        b.not_an_object,
        b.empty,
        b.status(503),
    ],
)
def test_a_model_that_stays_away_is_an_outage_that_names_it(writer_of, server, waits, failure):
    began = time.monotonic()
    with pytest.raises(UnavailableError, match="openai-like:my-model"):
        read(writer_of(server(failure)).write(PROMPT))
    assert time.monotonic() - began < 4


@pytest.mark.parametrize(
    "failure", [b.cut_after(3), b.stall_after(3), b.end_after(3), b.error_after(3), b.out_of_tokens(3)]
)
def test_a_reply_that_breaks_off_gives_what_there_was_and_then_an_outage(writer_of, server, failure):
    said, error = read_until_it_breaks(writer_of(server(failure), patience=2).write(PROMPT))
    assert isinstance(error, UnavailableError)
    assert said
    assert REPLY.startswith(said)


def test_a_model_that_hangs_is_not_asked_again_for_a_while_and_its_stand_in_is(writer_of, server):
    hanging, standing_in = server(b.hang), server()
    writer = writer_of(hanging, standing_in)
    for _ in range(3):
        writing = writer.write(PROMPT)
        assert read(writing) == REPLY
    assert (len(hanging.requests), len(standing_in.requests)) == (1, 3)


def test_refused_credentials_are_a_matter_for_a_person_and_the_key_is_not_told(writer_of, server):
    refusing = server()
    with pytest.raises(ConfigError, match="refused the credentials") as told:
        read(writer_of(refusing, key="sk-wrong-key").write(PROMPT))
    assert "sk-wrong" not in str(told.value)
    assert len(refusing.requests) == 1


def test_the_key_of_another_service_is_never_sent_to_a_server_of_ones_own(writer_of, server, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-another-service")
    asked = server()
    with pytest.raises(ConfigError):
        read(writer_of(asked, key="").write(PROMPT))
    assert "sk-of-another-service" not in str([request.headers for request in asked.requests])


def test_a_server_that_keeps_a_line_open_for_ever_ends_with_the_reply_that_it_may_take(writer_of, server):
    open_for_ever = server(b.keep_alive(0.05))
    with pytest.raises(UnavailableError):
        read(writer_of(open_for_ever, llm_seconds=0.5).write(PROMPT))
    open_for_ever.settle()
    assert open_for_ever.requests[0].ended == "abandoned"


def test_a_model_that_never_stops_is_cut_off(writer_of, model_server):
    endless = model_server(lambda _: ("and so on " * 100 for _ in range(1000)))
    said, error = read_until_it_breaks(writer_of(endless, patience=5).write(PROMPT))
    assert "cut off" in str(error)
    assert LONGEST <= len(said) < 2 * LONGEST
