"""What MediaWiki's API is asked, and what it says: https://www.mediawiki.org/wiki/API:Main_page."""

from __future__ import annotations

import html
import threading
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urljoin

import httpx
from pydantic import SecretStr

from config.errors import ConfigError, DocumentError, UnavailableError
from ingest.connectors._http import Home, Http, secrets_of

FILES = 6
"""The namespace of uploaded files."""
_PLACES = ("api.php", "w/api.php")
"""Where the API is, below the address of a wiki."""
_LAG = 5
"""Seconds that the wiki's databases may be behind each other; above that it asks us to come later:
https://www.mediawiki.org/wiki/Manual:Maxlag_parameter."""
_PASSING = frozenset({"maxlag", "ratelimited", "readonly"})
_GONE = frozenset({"nosuchpageid", "missingtitle", "pagecannotexist"})
_LOGGED_OUT = frozenset({"assertuserfailed", "assertnameduserfailed"})

Json = dict[str, Any]


class Wiki:
    """One wiki. Thread-safe."""

    def __init__(self, source: str, url: str, user: str | None, password: SecretStr | None) -> None:
        self._source, self._user, self._password = source, user, password
        self._url = url if url.endswith((".php", "/")) else f"{url}/"
        self._http = Http(Home(source, self._url, secrets=secrets_of(password), throttled=_throttled))
        self._turn = threading.Lock()
        self._api = ""
        self._session = 0
        """How often it has signed in."""

    def pages(self, namespace: int) -> Iterator[Json]:
        """All pages of a namespace but redirects, with their newest revision, and of files with the file."""
        wanted: Json = {
            "action": "query",
            "generator": "allpages",
            "gapnamespace": namespace,
            "gapfilterredir": "nonredirects",
            "gaplimit": "max",
            "prop": "info|revisions" + ("|imageinfo" if namespace == FILES else ""),
            "inprop": "url",
            "rvprop": "ids|timestamp|user",
            "iiprop": "url|sha1|mime|size|user|timestamp",
        }

        def ask(further: Json | None) -> tuple[Json, Json | None]:
            said = self._ask(wanted | (further or {}))
            return said, said.get("continue")

        # A batch may come in several parts, of which each tells something else of its pages.
        batch: dict[int, Json] = {}
        for said in self._http.pages(ask):
            for page in (said.get("query") or {}).get("pages", ()):
                batch[page["pageid"]] = batch.get(page["pageid"], {}) | page
            if said.get("batchcomplete"):
                yield from batch.values()
                batch = {}
        if batch:
            raise UnavailableError(f"source {self._source}: the wiki ended its listing within a batch")

    def text(self, page: str) -> bytes:
        """A page as HTML, with the anchors of its headings. Raises `DocumentError` where it is gone."""
        wanted = {"action": "parse", "pageid": page, "prop": "text|displaytitle", "disableeditsection": 1}
        said = self._ask(wanted | {"disabletoc": 1, "disablelimitreport": 1})["parse"]
        title = html.escape(str(said["title"]))
        return (
            f"<!doctype html><meta charset=utf-8><title>{title}</title><body>{said['text']}</body>".encode()
        )

    def file(self, page: str, limit: int) -> bytes | None:
        """An uploaded file, or None where it is larger than `limit` bytes. Raises as `text`."""
        said = self._ask({"action": "query", "pageids": page, "prop": "imageinfo", "iiprop": "url"})
        [found] = said["query"]["pages"]
        if "missing" in found or not found.get("imageinfo"):
            raise DocumentError("the wiki does not have the file any more")
        return self._http.download(found["imageinfo"][0]["url"], limit)

    def _ask(self, wanted: Mapping[str, Any]) -> Json:
        """What the API says, signed in if there is somebody to be. Raises as `Http.ask`."""
        for attempt in range(2):
            session = self._signed_in()
            said = self._said({**wanted, **({"assert": "user"} if self._user else {})})
            code = _error(said)
            if code not in _LOGGED_OUT or attempt:
                return self._judged(said, code)
            with self._turn:
                if self._session == session:  # nobody has signed in anew meanwhile
                    self._sign_in()
        raise AssertionError("unreachable")

    def _signed_in(self) -> int:
        with self._turn:
            if not self._api:
                self._api = self._found()
                if self._user:
                    self._sign_in()
            return self._session

    def _found(self) -> str:
        """Where the API is."""
        if self._url.endswith(".php"):
            return self._url
        for place in _PLACES:
            try:
                self._http.ask(urljoin(self._url, place), params={"action": "query", "format": "json"})
            except DocumentError:
                continue
            return urljoin(self._url, place)
        raise ConfigError(
            f"source {self._source}: url: no MediaWiki is found at {self._url}, for there is no"
            f" {' and no '.join(_PLACES)}; is it the address of its main folder?"
        )

    def _sign_in(self) -> None:
        """https://www.mediawiki.org/wiki/API:Login"""
        tokens = self._said({"action": "query", "meta": "tokens", "type": "login"})
        token = _told(self._judged(tokens, _error(tokens)), "tokens").get("logintoken")
        password = self._password.get_secret_value() if self._password else ""
        given = {"action": "login", "lgname": self._user, "lgpassword": password, "lgtoken": token}
        result = (self._said(given, method="POST").get("login") or {}).get("result", "no result")
        if result != "Success" and not (result == "Aborted" and self._is_signed_in()):
            raise ConfigError(
                f"source {self._source}: the wiki does not let `user` in ({result}); look at `user` (as"
                " `Anna@sabio`) and `password`: see Special:BotPasswords of the wiki"
            )
        self._session += 1

    def _is_signed_in(self) -> bool:
        """Whether the wiki had let us in before, and its answer was lost on the way: it refuses to do so
        again in the same session."""
        about = _told(self._said({"action": "query", "meta": "userinfo"}), "userinfo")
        return bool(about.get("id")) and "anon" not in about

    def _said(self, wanted: Mapping[str, Any], method: str = "GET") -> Json:
        given = {**wanted, "format": "json", "formatversion": 2, "errorformat": "plaintext", "maxlag": _LAG}
        where = {"params": given} if method == "GET" else {"data": given}
        said = self._http.json(self._api, method=method, **where)
        if not isinstance(said, dict):
            raise ConfigError(f"source {self._source}: url: what answers there is no MediaWiki")
        return said

    def _judged(self, said: Json, code: str | None) -> Json:
        if code is None:
            return said
        text = said["errors"][0].get("text") or code
        if code in _GONE:
            raise DocumentError(text)
        if code == "readapidenied":
            raise ConfigError(
                f"source {self._source}: the wiki shows nothing to strangers; look at `user` and `password`"
            )
        option = "; look at `namespaces`" if "namespace" in text else ""
        raise ConfigError(f"source {self._source}: the wiki refuses: {text} ({code}){option}")


def _error(said: Json) -> str | None:
    errors = said.get("errors") or ()
    return str(errors[0].get("code")) if errors else None


def _told(said: Json, what: str) -> Json:
    """A part of what was asked for; empty where it is missing."""
    return (said.get("query") or {}).get(what) or {}


def _throttled(reply: httpx.Response) -> bool:
    return reply.headers.get("mediawiki-api-error") in _PASSING
