"""A web server on a free port of loopback, and who asks it."""

import http.client

import pytest

from workers.event_loop import EventLoop
from workers.web import WebServer


@pytest.fixture
def loop(socket_enabled):
    with EventLoop() as loop:
        yield loop


@pytest.fixture
def serve(loop):
    """Serves routes, and returns what asks them: a status, a body and headers."""
    started = []

    def start(routes=None, host="127.0.0.1", port=0, **given):
        one = WebServer(loop, host, port, routes or {}, **given)
        host, port = one.start()
        started.append(one)

        def ask(path, method="GET", body=None, headers=None):
            connection = http.client.HTTPConnection(host, port, timeout=30)
            try:
                connection.request(method, path, body, headers or {})
                reply = connection.getresponse()
                return reply.status, reply.read(), dict(reply.getheaders())
            finally:
                connection.close()

        ask.port = port
        return ask

    yield start
    for one in started:
        one.stop()
