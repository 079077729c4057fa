"""The client of all connectors: it waits as it is told, ends, and goes nowhere else."""

import random
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from config.errors import ConfigError, DocumentError, UnavailableError
from ingest.connectors import _connections, _http
from ingest.connectors._http import Home, Http
from tests.ingest.connectors.web import Said, Web

TOKEN = "hunter2-canary"


@pytest.fixture
def web(loopback):
    with Web() as web:
        yield web


@pytest.fixture(autouse=True)
def _no_proxy_of_this_machine(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def hurried(monkeypatch):
    """Without the pauses that chance makes."""
    monkeypatch.setattr(_http, "_LONGEST_PAUSE", 0.01)


def home(web, **more):
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return Http(Home("wiki", web.url, headers=headers, secrets=(TOKEN,), **more))


# Waiting


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("as_date", [False, True])
def test_nobody_asks_before_the_time_that_the_system_has_named(web, hurried, status, as_date):
    def after(seconds):
        # A date has whole seconds: one that is rounded down would be sooner than meant.
        moment = datetime.now(UTC) + timedelta(seconds=seconds + 1)
        return {"Retry-After": format_datetime(moment, usegmt=True) if as_date else str(seconds)}

    web.in_turn(Said(status, headers=after(1)), Said(200, b'{"a": 1}'))
    assert home(web).json("api") == {"a": 1}
    first, second = web.asked
    assert second.moment - first.moment >= 1.0


def test_one_who_was_told_to_wait_waits_for_all_who_ask_for_the_same_source(web, hurried):
    web.in_turn(Said(429, headers={"Retry-After": "1"}), Said())
    http = home(web)
    http_asked = threading.Thread(target=http.ask)
    http_asked.start()
    while not web.asked:
        time.sleep(0.01)
    time.sleep(0.1)
    http.ask()
    http_asked.join()
    assert min(one.moment for one in web.asked[1:]) - web.asked[0].moment >= 1.0


def test_a_pause_that_is_too_long_is_left_to_the_next_sync(web):
    web.answer = lambda _: Said(429, headers={"Retry-After": "3600"})
    with pytest.raises(UnavailableError, match="429") as told:
        home(web).ask()
    assert told.value.retry_after == 3600
    assert len(web.asked) == 1


def test_what_fails_for_a_while_is_asked_again_and_what_fails_for_good_is_an_outage(web, hurried):
    web.in_turn(Said(502), Said(500), Said(200, b'{"a": 2}'))
    assert home(web).json() == {"a": 2}
    web.asked.clear()
    web.in_turn(Said(503))
    with pytest.raises(UnavailableError, match="the next sync tries again"):
        home(web).ask()
    assert len(web.asked) == _http.TRIES


def test_a_refusal_that_only_means_too_much_at_once_is_waited_for(web, hurried):
    web.in_turn(Said(403, b"userRateLimitExceeded"), Said(200, b'{"a": 3}'))
    slowed = home(web, throttled=lambda reply: b"RateLimit" in reply.read())
    assert slowed.json() == {"a": 3}


def test_a_reply_that_trickles_ends(web, hurried, monkeypatch):
    monkeypatch.setattr(_connections, "_WHOLE", 0.3)
    monkeypatch.setattr(_http, "TRIES", 2)
    web.answer = lambda _: Said(200, b"x" * 1000, pause=0.02)
    began = time.monotonic()
    with pytest.raises(UnavailableError):
        home(web).ask()
    assert time.monotonic() - began < 5


def test_a_system_that_is_not_there_is_an_outage(hurried, loopback):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
    with pytest.raises(UnavailableError, match="ConnectError"):
        Http(Home("wiki", url)).ask()


# What is said


@pytest.mark.parametrize(
    ("status", "error", "says"),
    [
        (401, ConfigError, "`user` and `password`"),
        (403, ConfigError, "`user` and `password`"),
        (404, DocumentError, "nothing at /page"),
        (410, DocumentError, "nothing at /page"),
        (400, ConfigError, "`url`"),
    ],
)
def test_a_refusal_names_what_to_look_at_and_no_secret(web, status, error, says):
    web.answer = lambda _: Said(status, TOKEN.encode())
    with pytest.raises(error, match=says) as told:
        home(web).ask(f"page?token={TOKEN}")
    assert TOKEN not in str(told.value)
    assert len(web.asked) == 1


def test_what_is_no_json_is_told_as_the_wrong_address(web):
    web.answer = lambda _: Said(200, b"<html>", {"Content-Type": "text/html"})
    with pytest.raises(ConfigError, match="answers with text/html where JSON is expected"):
        home(web).json()


def test_an_address_that_is_none_is_told():
    for url in ("wiki.example.com", "ftp://wiki.example.com/", "https://", "file:///etc/passwd"):
        with pytest.raises(ConfigError, match="url: an address"):
            Http(Home("wiki", url))


@pytest.mark.parametrize("tells", [True, False])
def test_a_body_above_the_limit_is_not_read_on(web, tells):
    headers = {} if tells else {"Content-Length": "", "Connection": "close"}
    web.answer = lambda _: Said(200, b"x" * 2_000_000, headers)
    assert home(web).download("file", 1_000) is None


def test_a_body_is_downloaded_as_it_is(web):
    web.answer = lambda _: Said(200, b"\0\r\n\xff")
    assert home(web).download("file", 4) == b"\0\r\n\xff"


def test_a_body_that_may_not_be_had_is_that_document_s_error(web):
    web.answer = lambda _: Said(403)
    with pytest.raises(DocumentError, match="403"):
        home(web).download("file", 4)


# Listings


def test_a_listing_is_followed_to_its_end(web):
    pages = {None: (["a"], 1), 1: (["b"], 2), 2: ([], None)}
    assert list(home(web).pages(pages.__getitem__)) == [["a"], ["b"], []]


def test_a_listing_that_never_ends_is_no_listing(web):
    turns = {None: ("a", 1), 1: ("b", 2), 2: ("c", 1)}
    with pytest.raises(UnavailableError, match="does not end"):
        list(home(web).pages(turns.__getitem__))


# Where it goes


def test_a_session_s_cookies_and_its_credentials_go_to_its_own_host_only(web, monkeypatch):
    with Web() as other:
        answer_for(monkeypatch, {"files.example.com": ["127.0.0.1"]})
        monkeypatch.setattr(_http.Addresses, "_is_meant", lambda *_: True)
        web.answer = lambda asked: (
            Said(302, headers={"Location": f"http://files.example.com:{other.port}/x"})
            if asked.path == "/file"
            else Said(headers={"Set-Cookie": "session=s-1; Path=/; HttpOnly"})
        )
        http = home(web, others=(".example.com",))
        http.ask("login")
        http.ask("again")
        http.ask("file")
    assert web.asked[1].headers["Cookie"] == "session=s-1"
    assert web.asked[1].headers["Authorization"] == f"Bearer {TOKEN}"
    [away] = other.asked
    assert {"Cookie", "Authorization"}.isdisjoint(away.headers)
    assert away.headers["Host"] == f"files.example.com:{other.port}"


def answer_for(monkeypatch, names):
    """What DNS says of some names, in turn; the last answer stays."""
    real = socket.getaddrinfo

    def look(host, port, *given, **more):
        if host not in names:
            return real(host, port, *given, **more)
        found = names[host].pop(0) if len(names[host]) > 1 else names[host][0]
        family = socket.AF_INET6 if ":" in found else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (found, port))]

    monkeypatch.setattr(socket, "getaddrinfo", look)


SENT_ON = [
    "http://127.0.0.1:{port}/", "http://localhost:{port}/", "http://[::1]:{port}/", "http://0.0.0.0:{port}/",
    "http://0:{port}/", "http://127.1:{port}/", "http://2130706433:{port}/", "http://0x7f000001:{port}/",
    "http://017700000001:{port}/", "http://[::]:{port}/", "http://[::ffff:127.0.0.1]:{port}/",
    "http://[::ffff:7f00:1]:{port}/", "http://[64:ff9b::7f00:1]:{port}/", "http://[2002:7f00:1::]:{port}/",
    "http://127.0.0.2:{port}/", "http://127.255.255.254:{port}/", "http://169.254.169.254/latest/meta-data/",
    "http://[fd00:ec2::254]/latest/", "http://metadata.google.internal/computeMetadata/v1/",
    "http://100.100.100.200/latest/", "http://10.0.0.1/", "http://172.16.0.1/", "http://192.168.0.1/",
    "http://100.64.0.1/", "http://[fe80::1]/", "http://[fc00::1]/", "http://224.0.0.1/", "http://user@127.0.0.1/",
    "http://files.example.com@127.0.0.1:{port}/", "http://127.0.0.1:{port}#@files.example.com/",
    "http://inside.example.com:{port}/", "http://linked.example.com:{port}/", "http://six.example.com:{port}/",
    "http://mapped.example.com:{port}/", "http://shared.example.com/", "http://elsewhere.org/",
    "file:///etc/passwd", "ftp://files.example.com/", "gopher://127.0.0.1:{port}/", "//127.0.0.1:{port}/",
]  # fmt: skip
"""Where a system on the network sends a connector of which it is no business: 40 addresses."""


@pytest.mark.parametrize("place", SENT_ON)
def test_a_redirect_into_this_machine_or_network_is_not_followed(web, monkeypatch, hurried, place):
    """The configuration names `wiki.example.com`, which is somewhere outside, and so its files' host."""
    names = {
        "wiki.example.com": ["93.184.215.14"],
        "inside.example.com": ["127.0.0.1"],
        "linked.example.com": ["169.254.169.254"],
        "six.example.com": ["::1"],
        "mapped.example.com": ["::ffff:127.0.0.1"],
        "shared.example.com": ["100.64.0.1"],
    }
    answer_for(monkeypatch, names)
    http = Http(Home("wiki", "http://wiki.example.com/", others=(".example.com",)))
    with Web() as trap:
        lead_outside_to(monkeypatch, web)
        web.answer = lambda _: Said(302, headers={"Location": place.format(port=trap.port)})
        with pytest.raises((ConfigError, UnavailableError)) as told:
            http.ask("page")
        assert "nothing was asked there" in str(told.value) or "no web address" in str(told.value)
        assert trap.asked == []
    assert len(web.asked) == 1


def lead_outside_to(monkeypatch, web):
    """Connections to the one address outside end at `web`; all others go where they say."""
    real = socket.create_connection

    def connect(address, *given, **more):
        host, _ = address
        return real(("127.0.0.1", web.port) if host == "93.184.215.14" else address, *given, **more)

    monkeypatch.setattr(socket, "create_connection", connect)


def test_what_a_name_means_is_not_asked_twice_between_looking_and_connecting(web, monkeypatch, hurried):
    """DNS that says something else the second time."""
    answer_for(monkeypatch, {"wiki.example.com": ["93.184.215.14", "127.0.0.1"]})
    lead_outside_to(monkeypatch, web)
    with Web() as trap:
        http = Http(Home("wiki", f"http://wiki.example.com:{trap.port}/"))
        http.ask()
        assert len(web.asked) == 1
        monkeypatch.setattr(_connections, "_KEPT", 0.0)
        with pytest.raises(ConfigError, match="nothing was asked there"):
            http.ask()
        assert trap.asked == []


@pytest.mark.parametrize(
    ("name", "address", "meant"),
    [
        ("wiki.corp.example", "10.1.2.3", True),
        ("wiki.corp.example", "fd12::1", True),
        ("10.1.2.3", "10.1.2.3", True),
        ("127.0.0.1", "127.0.0.1", True),
        ("localhost", "::1", True),
        ("wiki.corp.example", "127.0.0.1", False),
        ("wiki.corp.example", "169.254.169.254", False),
        ("wiki.corp.example", "0.0.0.0", False),
    ],
)
def test_an_address_inside_is_asked_where_the_configuration_names_it(monkeypatch, name, address, meant):
    answer_for(monkeypatch, {name: [address]})
    addresses = _http.Addresses("wiki", {name}, (".example.org",))
    if meant:
        assert addresses.resolve(name, 80) == [address]
    else:
        with pytest.raises(ConfigError, match=address):
            addresses.resolve(name, 80)
    answer_for(monkeypatch, {"files.example.org": [address]})
    with pytest.raises(ConfigError, match="nothing was asked there"):
        addresses.resolve("files.example.org", 80)


def test_redirects_end_and_never_leave_https(web, hurried):
    web.answer = lambda _: Said(302, headers={"Location": "/on"})
    with pytest.raises(UnavailableError, match="on and on"):
        home(web).ask()
    assert len(web.asked) == _http._HOPS + 1


def test_pauses_grow_and_differ():
    random.seed(3)
    pauses = [[Http._pause(attempt, None) for attempt in range(1, 7)] for _ in range(20)]
    assert all(one[-1] > one[0] for one in pauses)
    assert len({one[3] for one in pauses}) == 20
    assert max(map(max, pauses)) <= _http._LONGEST_PAUSE
