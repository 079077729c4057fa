"""The web server of a process: what it answers, what it refuses, and how it lets go of its port."""

import asyncio
import os
import socket
import threading

import pytest

from config.errors import UnavailableError
from workers.web import WebServer, as_json


async def echo(body, headers, query):
    return as_json(200, {"body": body.decode(), "agent": headers.get("x-agent"), "query": query})


def fail(error):
    async def fail(body, headers, query):
        raise error("hunter2-canary")

    return fail


ROUTES = {"GET /echo": echo, "POST /echo": echo, "GET /fail": fail(ValueError)}


def test_a_request_is_answered_by_who_is_named_for_its_method_and_path(serve):
    ask = serve(ROUTES)
    status, body, headers = ask("/echo?a=1", "POST", b"said", {"X-Agent": "Slackbot"})
    assert (status, headers["Content-Type"]) == (200, "application/json")
    assert body == b'{"body": "said", "agent": "Slackbot", "query": "a=1"}\n'


def test_a_header_that_comes_twice_is_what_both_say(serve):
    said = exchanged(
        serve(ROUTES).port,
        b"GET /echo HTTP/1.1\r\nHost: localhost\r\nX-Agent: one\r\nX-AGENT: two\r\n\r\n",
    )
    assert b'"agent": "one, two"' in said


def test_everything_else_is_not_found_and_only_reading_is_allowed(serve):
    ask = serve(ROUTES)
    for path in ("/", "/ech", "/echo/", "/metrics/../echo", "/%2e%2e/etc/passwd"):
        assert ask(path)[0] == 404, path
    for method in ("PUT", "DELETE", "OPTIONS", "TRACE"):
        status, _, headers = ask("/echo", method)
        assert (status, headers["Allow"]) == (405, "GET, HEAD")
    assert ask("/fail", "POST")[0] == 405


def test_head_is_answered_like_get_without_the_body(serve):
    ask = serve(ROUTES)
    (status, body, headers), (_, whole, same) = ask("/echo", "HEAD"), ask("/echo")
    assert (status, body) == (200, b"")
    assert {**headers, "Date": ""} == {**same, "Date": ""}
    assert int(headers["Content-Length"]) == len(whole)


@pytest.mark.parametrize("error", [ValueError, TimeoutError, ConnectionRefusedError, OSError])
def test_what_fails_is_an_error_without_its_text(serve, caplog, error):
    status, body, _ = serve({"GET /fail": fail(error)})("/fail")
    assert (status, body) == (500, b'{"error": "this failed; the log says why"}\n')
    assert "hunter2-canary" in caplog.text


def test_nothing_says_which_software_this_is(serve):
    ask = serve(ROUTES)
    for path, method in (("/echo", "GET"), ("/nowhere", "GET"), ("/echo", "PUT"), ("/echo", "BREW")):
        _, body, headers = ask(path, method)
        assert headers.pop("Server") == "sabio"
        assert set(headers) <= {
            "Content-Type", "Content-Length", "Cache-Control", "Connection", "Allow", "Date"
        }  # fmt: skip
        assert b"python" not in body.lower()


def test_what_is_no_request_is_refused_without_saying_it_back(serve):
    ask = serve(ROUTES)
    for sent in (
        b"<script>alert(1)</script>\r\n\r\n",
        b"BREW /script HTTP/1.1\r\n\r\n",
        b"GET /" + b"a" * 70_000 + b"\r\n\r\n",
        b"\x16\x03\x01\r\n",
    ):
        back = exchanged(ask.port, sent)
        assert back == b"" or back.startswith((b"HTTP/1.0 400 ", b"HTTP/1.1 400 "))
        assert b"script" not in back
        assert b"aaaa" not in back
    assert ask("/echo")[0] == 200


def exchanged(port, sent):
    """All that comes back before the connection is closed."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(sent)
        with connection.makefile("rb") as reader:
            try:
                return reader.read()
            except ConnectionResetError:  # what was sent was longer than what was read of it
                return b""


def test_more_than_a_megabyte_is_too_much(serve):
    ask = serve(ROUTES)
    assert ask("/echo", "POST", b"a" * 1_000_000)[0] == 200
    assert ask("/echo", "POST", b"a" * 1_200_000)[0] == 413
    in_pieces = (b"a" * 100_000 for _ in range(12))
    assert ask("/echo", "POST", in_pieces)[0] == 413


def test_who_connects_and_says_nothing_holds_up_nobody_and_is_let_go(serve, monkeypatch):
    monkeypatch.setattr("workers.web.PATIENCE", 0.2)
    ask = serve(ROUTES)
    with socket.create_connection(("127.0.0.1", ask.port), timeout=10) as connection:
        assert ask("/echo")[0] == 200
        assert connection.recv(1) == b""


def test_who_sends_only_half_of_a_request_is_told_so(serve, monkeypatch):
    monkeypatch.setattr("workers.web.PATIENCE", 0.2)
    ask = serve(ROUTES)
    head = b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf"
    assert exchanged(ask.port, head).startswith(b"HTTP/1.1 408 ")


def test_hundreds_who_come_at_once_are_all_answered_although_each_waits(serve):
    here = threading.Barrier(200)
    answered = []

    async def wait(body, headers, query):
        await asyncio.sleep(0.5)
        return as_json(200, {})

    ask = serve({"GET /wait": wait})

    def come():
        here.wait()
        answered.append(ask("/wait")[0])

    askers = [threading.Thread(target=come) for _ in range(200)]
    for each in askers:
        each.start()
    for each in askers:
        each.join()
    assert answered == [200] * 200


def test_a_taken_port_is_an_error_that_names_the_setting_or_gives_way(serve, caplog):
    ask = serve()
    with pytest.raises(UnavailableError, match=rf"port {ask.port}.*`server\.port`"):
        serve(port=ask.port)
    other = serve(ROUTES, port=ask.port, fallback=True)
    assert other.port != ask.port
    assert other("/echo")[0] == 200
    assert f"port {ask.port} of 127.0.0.1 is taken" in caplog.text


def test_an_address_that_this_machine_does_not_have_names_the_setting(serve):
    with pytest.raises(UnavailableError, match=r"`server\.host`"):
        serve(host="192.0.2.1")
    with pytest.raises(UnavailableError, match=r"`server\.host`"):
        serve(host="no-such-host.invalid")


def test_after_stopping_the_port_is_free_again(loop):
    one = WebServer(loop, "127.0.0.1", 0, {})
    _, port = one.start()
    one.stop()
    one.stop()
    again = WebServer(loop, "127.0.0.1", port, {})
    assert again.start() == ("127.0.0.1", port)
    again.stop()


def test_what_is_under_way_at_a_stop_is_answered_before_the_end(loop):
    asked = threading.Event()

    async def slow(body, headers, query):
        asked.set()
        await asyncio.sleep(0.3)
        return as_json(200, {"said": "the end"})

    one = WebServer(loop, "127.0.0.1", 0, {"GET /slow": slow})
    _, port = one.start()
    back = []
    head = b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n"
    asker = threading.Thread(target=lambda: back.append(exchanged(port, head)))
    asker.start()
    asked.wait(10)
    one.stop()
    asker.join()
    assert b"the end" in back[0]


def test_a_child_that_outlives_its_parent_does_not_keep_the_port(loop):
    one = WebServer(loop, "127.0.0.1", 0, {})
    _, port = one.start()
    reader, writer = os.pipe()
    has_begun, begins = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(begins, b".")
        os.close(writer)
        os.read(reader, 1)
        os._exit(0)
    try:
        os.read(has_begun, 1)
        one.stop()
        # (Connecting would prove nothing: a client may get this very port as its own, and reach itself.)
        socket.create_server(("127.0.0.1", port)).close()
    finally:
        for end in (writer, reader, has_begun, begins):
            os.close(end)
        os.waitpid(child, 0)
