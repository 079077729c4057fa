"""The one HTTP client of all connectors: it waits when it is told to, ends, and goes nowhere else.

- Asked to wait (`Retry-After`, 429, 503, or what a system says by other means), no request of this source is
  sent before that time; without such a word it waits longer from attempt to attempt, by chance.
- Every request has an end, also where a byte comes now and then; every listing has one, also where its system
  gives the same page again and again.
- Credentials go to hosts that the configuration names. Redirects lead to known hosts only, at addresses that
  are meant (`_addresses`), and never from `https` to `http`.
- Errors say what was asked and which option to look at, and no secret.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookies import CookieError, SimpleCookie
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

import httpx

from config.errors import ConfigError, DocumentError, UnavailableError
from config.secrets import mask, spellings
from ingest.connectors._addresses import Addresses
from ingest.connectors._connections import Connections

TRIES = 6
"""Attempts at one request."""
PATIENCE = 120.0
"""Seconds that one request may be waited with, in all. What takes longer is for the next sync."""
_LONGEST_PAUSE = 30.0
_HOPS = 5
"""Redirects of one request."""
MOST_PAGES = 100_000
"""Pages of one listing."""
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})

T = TypeVar("T")
Cursor = TypeVar("Cursor")


@dataclass(frozen=True)
class Home:
    """Where a source's system is, and what is needed there."""

    source: str
    """The name of the source, for errors."""
    url: str
    option: str = "url"
    """The option that says where it is."""
    credentials: str = "`user` and `password`"
    """The options that say who asks there."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Sent there and nowhere else."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    others: tuple[str, ...] = ()
    """Hosts besides that its system is known to send on to; `.example.com` stands for all below it."""
    throttled: Callable[[httpx.Response], bool] = lambda _: False
    """Whether a reply, of whatever status, only means that it was too much at once."""


@dataclass(frozen=True)
class Reply:
    """An answer that nobody has judged."""

    status: int
    reason: str
    headers: httpx.Headers
    body: bytes | None
    """None where it is larger than was wanted."""


class Http:
    """Asks one system. Thread-safe."""

    def __init__(self, home: Home) -> None:
        """Raises `ConfigError` for an address that is none."""
        parts = urlsplit(home.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ConfigError(
                f"source {home.source}: {home.option}: an address as https://wiki.example.com/ is expected"
            )
        self._home, self._host = home, parts.hostname
        self._addresses = Addresses(home.source, {parts.hostname}, home.others)
        self._connections = Connections(self._addresses)
        self._secrets = spellings(home.secrets)
        self._cookies: dict[str, str] = {}
        self._turn = threading.Lock()
        self._not_before = 0.0

    def ask(self, path: str = "", *, method: str = "GET", **sent: Any) -> httpx.Response:
        """The reply to a request below the home's address, read as a whole.

        `sent` is what `httpx` makes of a request: `params`, `headers` (for the home's own host alone),
        `data`, `json`, `content`. Raises `DocumentError` where there is nothing (404, 410), `ConfigError`
        where a person must act, and `UnavailableError` for all that may pass, with the seconds after which
        that may be.
        """

        def read(reply: httpx.Response) -> httpx.Response:
            reply.read()
            return reply

        return self._done(read, method, path, **sent)

    def json(self, path: str = "", **request: Any) -> Any:
        """What a reply says in JSON. Raises as `ask`."""
        reply = self.ask(path, **request)
        try:
            return reply.json()
        except ValueError:
            kind = reply.headers.get("content-type", "something").partition(";")[0]
            raise ConfigError(
                self._said(
                    f"{self._host} answers with {kind} where JSON is expected; look at `{self._home.option}`"
                )
            ) from None

    def download(self, path: str, limit: int, **sent: Any) -> bytes | None:
        """A body, or None where it is larger than `limit` bytes. Raises as `ask`, but `DocumentError` where
        this one may not be had (403)."""

        return self._done(lambda reply: _body(reply, limit), "GET", path, forbidden=DocumentError, **sent)

    def reply(self, path: str, limit: int, *, method: str = "GET", **sent: Any) -> Reply:
        """The reply to a request whatever its status says, for systems that say in its body what is wrong;
        of the body not more than `limit` bytes are wanted. What may pass is waited for as in `ask`, and
        raises `UnavailableError` in the end; a redirect to somewhere else raises `ConfigError`."""

        def read(reply: httpx.Response) -> Reply:
            return Reply(reply.status_code, reply.reason_phrase, reply.headers, _body(reply, limit))

        return self._done(read, method, path, forbidden=None, **sent)

    def pages(self, ask: Callable[[Cursor | None], tuple[T, Cursor | None]]) -> Iterator[T]:
        """All pages of a listing: `ask` gives one, and where the next one begins (None: it was the last).

        Raises `UnavailableError` for a listing that does not end: half of it would look like removals.
        """
        cursor: Cursor | None = None
        seen: set[str] = set()
        for _ in range(MOST_PAGES):
            page, cursor = ask(cursor)
            yield page
            if cursor is None:
                return
            if repr(cursor) in seen:
                break
            seen.add(repr(cursor))
        raise UnavailableError(self._said(f"the listing of {self._host} does not end: a page comes again"))

    # One request

    def _done(
        self,
        take: Callable[[httpx.Response], T],
        method: str,
        path: str,
        forbidden: type[DocumentError | ConfigError] | None = ConfigError,
        **sent: Any,
    ) -> T:
        """What `take` makes of the reply to a request, which is asked again where that may help. `forbidden`
        is what a 403 raises; None: every reply is `take`'s to judge."""
        url = urljoin(self._home.url, path) if path else self._home.url
        until = time.monotonic() + PATIENCE
        for attempt in range(1, TRIES + 1):
            self._wait_for_turn(until)
            try:
                with closing(self._follow(method, url, **sent)) as reply:
                    if not self._is_passing(reply):
                        return take(self._judged(method, reply, forbidden) if forbidden else reply)
                    wait, why = _retry_after(reply), f"{reply.status_code} {reply.reason_phrase}"
            except httpx.TransportError as error:
                wait, why = None, type(error).__name__
            pause = self._pause(attempt, wait)
            if attempt == TRIES or time.monotonic() + pause > until:
                raise UnavailableError(
                    self._said(f"{self._host} cannot be asked now ({why}); the next sync tries again"), wait
                )
            with self._turn:
                self._not_before = max(self._not_before, time.monotonic() + pause)
        raise AssertionError("unreachable")

    def _wait_for_turn(self, until: float) -> None:
        """Wait as long as the system has asked anybody of this source to."""
        while (left := self._not_before - time.monotonic()) > 0:
            if time.monotonic() + left > until:
                raise UnavailableError(self._said(f"{self._host} has asked for a pause"), left)
            time.sleep(left)

    @staticmethod
    def _pause(attempt: int, asked: float | None) -> float:
        chance = random.uniform(0.5, 1.0) * min(_LONGEST_PAUSE, 2.0 ** (attempt - 1))  # noqa: S311 - no secret
        return chance if asked is None else asked + random.uniform(0.05, 0.5)  # noqa: S311

    def _is_passing(self, reply: httpx.Response) -> bool:
        return reply.status_code in _AGAIN or self._home.throttled(reply)

    def _follow(self, method: str, url: str, **sent: Any) -> httpx.Response:
        for _ in range(_HOPS + 1):
            reply = self._send(method, url, **sent)
            if not reply.has_redirect_location:
                return reply
            reply.close()
            further = urljoin(url, reply.headers["location"])
            if urlsplit(url).scheme == "https" and urlsplit(further).scheme != "https":
                raise ConfigError(self._said(f"{self._host} sends on from https to something else"))
            url = further
            sent = {name: value for name, value in sent.items() if name != "params"}  # they are in it
            if reply.status_code == 303 or (reply.status_code in {301, 302} and method == "POST"):
                method, sent = "GET", {}
        raise UnavailableError(self._said(f"{self._host} sends on and on"))

    def _send(self, method: str, url: str, **sent: Any) -> httpx.Response:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme not in {"http", "https"}:
            raise ConfigError(self._said(f"{self._host} sends on to something that is no web address"))
        self._addresses.check(host)
        at_home = host == self._host
        asked = sent.pop("headers", None) or {}
        headers = {**self._home.headers, **asked} if at_home else {}
        if at_home and self._cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        reply = self._connections.send(method, url, headers, **sent)
        if at_home:
            self._remember(reply)
        return reply

    def _remember(self, reply: httpx.Response) -> None:
        """Keep the cookies of a session; ours goes to one host, so what else they say does not matter."""
        for told in reply.headers.get_list("set-cookie"):
            with suppress(CookieError):
                self._cookies |= {name: one.value for name, one in SimpleCookie(told).items()}

    def _judged(
        self, method: str, reply: httpx.Response, forbidden: type[DocumentError | ConfigError]
    ) -> httpx.Response:
        status = reply.status_code
        if status < 400:
            return reply
        told = f"{self._host} answers {status} {reply.reason_phrase}"
        if status in {404, 410}:
            raise DocumentError(self._said(f"there is nothing at {urlsplit(str(reply.url)).path} (any more)"))
        if status in {401, 403}:
            refused = forbidden if status == 403 else ConfigError
            raise refused(self._said(f"{told}; look at {self._home.credentials}: what may they do?"))
        raise ConfigError(self._said(f"{told} to {method}; look at `{self._home.option}`"))

    def _said(self, text: str) -> str:
        return mask(f"source {self._home.source}: {text}", self._secrets)


def _body(reply: httpx.Response, limit: int) -> bytes | None:
    """A reply's body, or None where it is larger than `limit` bytes; then the rest is not read."""
    body = bytearray()
    for part in reply.iter_bytes():
        body += part
        if len(body) > limit:
            return None
    return bytes(body)


def _retry_after(reply: httpx.Response) -> float | None:
    """How long the system asks to wait, in seconds; it may say that as a date."""
    said = reply.headers.get("retry-after", "").strip()
    if not said:
        return None
    try:
        return max(0.0, float(said))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(said)
    except ValueError:
        return None
    return max(0.0, (moment.astimezone(UTC) - datetime.now(UTC)).total_seconds())


def secrets_of(*values: Any) -> tuple[str, ...]:
    """The values of those `SecretStr` that are set."""
    return tuple(one.get_secret_value() for one in values if one is not None)
