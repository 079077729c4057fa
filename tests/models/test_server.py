"""The server, through LlamaIndex's client and bare connections: what it answers, refuses and outlives."""

import json
import threading
import time
from contextlib import closing
from http.client import HTTPConnection
from itertools import repeat
from urllib.parse import urlsplit

import pytest
from llama_index.core.llms import ChatMessage

from tests.models.behaviours import hang, no_usage, stall_after, status, well
from tests.models.scripted import Scripted

PROMPT = [ChatMessage(role="system", content="Be brief."), ChatMessage(role="user", content="How many days?")]
REPLY = "QUOTE 1: Hay 24 días de vacaciones.\nSAY: Son 24 días."
QUESTION = {"model": "my-model", "messages": [{"role": "user", "content": "Hi"}]}
KEY = {"Authorization": "Bearer test-key"}


def ask(server, method, path, body, headers=KEY):
    """Status and JSON of one bare request."""
    with closing(HTTPConnection(urlsplit(server.url).netloc, timeout=10)) as connection:
        connection.request(method, path, body if isinstance(body, bytes) else json.dumps(body), headers)
        with connection.getresponse() as response:
            return response.status, json.load(response)


def test_a_reply_is_streamed_in_pieces_and_its_tokens_are_told_with_the_last(model_server, connect):
    server = model_server(Scripted([REPLY]))
    pieces = list(connect(server).stream_chat(PROMPT))
    assert "".join(piece.delta for piece in pieces) == REPLY
    assert max(len(piece.delta) for piece in pieces) <= 4
    assert [piece.raw.usage for piece in pieces[:-1]] == [None] * (len(pieces) - 1)
    told = pieces[-1].raw.usage
    assert (told.prompt_tokens, told.completion_tokens) == (7, -(-len(REPLY) // 4))


def test_a_piece_is_read_before_the_next_one_is_made(model_server, connect):
    more = threading.Semaphore(1)

    def speak(messages):
        for number in range(3):
            assert more.acquire(timeout=10)
            yield f"{number} "

    heard = []
    for piece in connect(model_server(speak)).stream_chat(PROMPT):
        if piece.delta:
            heard.append(piece.delta)
            more.release()
    assert heard == ["0 ", "1 ", "2 "]


def test_a_reply_comes_whole_where_no_stream_is_asked_for(model_server, connect):
    response = connect(model_server(Scripted([REPLY]))).chat(PROMPT)
    assert response.message.content == REPLY
    assert response.raw.usage.completion_tokens == -(-len(REPLY) // 4)


@pytest.mark.parametrize("streamed", [True, False])
def test_the_limit_of_tokens_ends_a_reply_and_is_told_as_its_end(streamed, model_server, connect):
    llm = connect(model_server(Scripted([REPLY]), no_usage))
    last = list(llm.stream_chat(PROMPT, max_tokens=1))[-1] if streamed else llm.chat(PROMPT, max_tokens=1)
    assert last.message.content == REPLY[:4]
    assert last.raw.choices[0].finish_reason == "length"


def test_what_was_asked_is_kept(model_server, connect):
    script = Scripted([REPLY])
    server = model_server(script)
    connect(server).chat(PROMPT)
    [request] = server.requests
    assert (request.method, request.path) == ("POST", "/v1/chat/completions")
    assert request.headers["authorization"] == "Bearer test-key"
    assert request.body["temperature"] == 0.1
    assert (
        server.prompts
        == script.prompts
        == [[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "How many days?"}]]
    )


def test_it_says_which_model_it_has(model_server):
    found, body = ask(model_server(Scripted([]), model="phi"), "GET", "/v1/models", {})
    assert (found, [model["id"] for model in body["data"]]) == (200, ["phi"])


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("POST", "/v1/completions", QUESTION, 404),
        ("POST", "/chat/completions", QUESTION, 404),
        ("GET", "/v1/chat/completions", QUESTION, 405),
        ("POST", "/v1/chat/completions", b'{"model": "my-mo', 400),
        ("POST", "/v1/chat/completions", [QUESTION], 400),
        ("POST", "/v1/chat/completions", {"messages": QUESTION["messages"]}, 400),
        ("POST", "/v1/chat/completions", {**QUESTION, "model": "another"}, 404),
        ("POST", "/v1/chat/completions", {"model": "my-model"}, 400),
        ("POST", "/v1/chat/completions", {**QUESTION, "messages": [{"role": "boss", "content": ""}]}, 400),
        ("POST", "/v1/chat/completions", {**QUESTION, "messages": [{"role": "user"}]}, 400),
        ("POST", "/v1/chat/completions", {**QUESTION, "stream_options": {"include_usage": True}}, 400),
    ],
)
def test_what_a_real_server_refuses_is_refused_and_the_script_is_not_asked(
    method, path, body, code, model_server
):
    script = Scripted([])
    found, answer = ask(model_server(script), method, path, body)
    assert (found, set(answer["error"])) == (code, {"message", "type", "param", "code"})
    assert script.prompts == []


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer other"}, {"Authorization": "test-key"}])
def test_a_wrong_key_is_refused(headers, model_server):
    assert ask(model_server(Scripted([])), "POST", "/v1/chat/completions", QUESTION, headers)[0] == 401


def test_behaviours_take_turns_and_the_last_one_stays(model_server):
    server = model_server(Scripted(["Yes."], repeat=True), status(503), status(429), well)

    def statuses():
        return [ask(server, "POST", "/v1/chat/completions", QUESTION)[0] for _ in range(4)]

    assert statuses() == [503, 429, 200, 200]
    server.behave(status(500))
    assert statuses() == [500] * 4


def test_a_script_that_fails_answers_500_and_fails_the_test(model_server):
    server = model_server(Scripted([]))
    assert ask(server, "POST", "/v1/chat/completions", QUESTION)[0] == 500
    with pytest.raises(AssertionError, match="0 replies were scripted"):
        server.close()


def test_a_script_that_fails_in_the_middle_cuts_the_stream_and_fails_the_test(model_server, connect):
    def speak(messages):
        yield "SAY: "
        raise KeyError("lost")

    server = model_server(speak)
    with pytest.raises(Exception, match="incomplete chunked read"):
        list(connect(server).stream_chat(PROMPT))
    with pytest.raises(KeyError, match="lost"):
        server.close()


@pytest.mark.parametrize("behaviour", [hang, stall_after(1)], ids=str)
def test_a_client_that_goes_away_is_noticed(behaviour, model_server, connect):
    server = model_server(Scripted([REPLY]), behaviour)
    with pytest.raises(Exception, match="timed out"):
        list(connect(server, timeout=0.5).stream_chat(PROMPT))
    server.settle()
    assert [request.ended for request in server.requests] == ["abandoned"]


@pytest.mark.parametrize(
    ("script", "behaviour"),
    [(lambda _: repeat("word "), well), (lambda _: "Yes.", hang), (lambda _: "Yes.", stall_after(0))],
    ids=["a script without an end", "hang", "stall"],
)
def test_closing_ends_all_threads_whatever_they_are_at(script, behaviour, model_server):
    before = set(threading.enumerate())
    server = model_server(script, behaviour)
    with closing(HTTPConnection(urlsplit(server.url).netloc, timeout=10)) as connection:
        body = json.dumps({**QUESTION, "stream": True})
        connection.request("POST", "/v1/chat/completions", body, headers=KEY)
        while not server.requests:
            time.sleep(0.01)
        server.close()
        assert set(threading.enumerate()) <= before
        assert server.requests[0].ended == "abandoned"


def test_a_closed_server_refuses_connections(model_server):
    server = model_server(Scripted([]))
    server.close()
    with pytest.raises(ConnectionRefusedError):
        ask(server, "GET", "/v1/models", {})
