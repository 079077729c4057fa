"""What Confluence is made of, and how its API is asked, in the Cloud and in a Data Center.

Both send lists in pages and say where the next one is, in `_links.next` or in a `Link` header, from the host
on or from the site on.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

from config.errors import ConfigError
from ingest.connectors._http import Home, Http

Json = dict[str, Any]

_LONGEST = 50_000_000
"""Bytes of a reply that is no file."""
PAGE, BLOG, ATTACHMENT = "page", "blogpost", "attachment"
CURRENT = "current"
_HIDDEN = frozenset({403, 404, 410})
"""A system that does not show a thing may say that it is not there."""


@dataclass(frozen=True, slots=True)
class Space:
    """A space, as it is listed."""

    id: str
    key: str
    title: str
    kind: str
    """`global`, `personal`…"""
    archived: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """A page, a blog post, an attachment, or what pages may lie in."""

    id: str
    kind: str
    title: str
    version: str = ""
    current: bool = True
    """Whether people are shown it: it is neither archived, nor in the trash, nor a draft."""
    parent: tuple[str, str] | None = None
    """Kind and id of what it lies in below the space."""
    changed: datetime | None = None
    author: str | None = None
    """Their name."""
    author_account: str | None = None
    """What they are known by, where the name is not told."""
    link: str | None = None
    """Its address for people, as the system writes it."""
    media_type: str = "text/html"
    size: int | None = None
    restrictions: Any = None
    """Who may read it by what is said of it alone, where the listing told that."""
    has_files: bool = True
    """False: the listing told that there are no attachments."""


class Api:
    """Asks one site. Thread-safe."""

    def __init__(self, source: str, home: Home) -> None:
        self._source, self._http = source, Http(home)
        self.root = home.url.rstrip("/")

    def said(self, path: str, **params: Any) -> Json:
        """A reply that is an object. Raises as `Http.ask`."""
        return self._page(path, params)[0]

    def results(self, path: str, **params: Any) -> Iterator[Json]:
        """What all pages of a list name, to the end that it says itself. Raises as `Http.ask`."""
        for said in self._pages(path, params, None):
            yield from said.get("results") or ()

    def may_see(self, path: str, refused: Iterable[int] = (), **params: Any) -> Any:
        """A reply in JSON, or None where this may not be seen or is not there, as the status says (`refused`:
        others that mean the same). Raises as `Http.ask`."""
        reply = self._http.reply(self._at(path), _LONGEST, params=params)
        if reply.status in _HIDDEN or reply.status in refused:
            return None
        if reply.status >= 400 or reply.body is None:
            return self.said(path, **params)  # which tells what is wrong
        try:
            return json.loads(reply.body)
        except ValueError:
            return None

    def may_list(self, path: str, refused: Iterable[int] = (), **params: Any) -> list[Json] | None:
        """All that a list names, or None as in `may_see`."""
        first = self.may_see(path, refused, **params)
        if isinstance(first, list):
            return first
        if not isinstance(first, dict) or "results" not in first:
            return None
        found = list(first["results"] or ())
        if further := _next(first):
            for said in self._pages(path, params, further):
                found += said.get("results") or ()
        return found

    def download(self, address: str, limit: int) -> bytes | None:
        """A file, or None where it is larger than `limit` bytes. Raises as `Http.download`."""
        return self._http.download(self._at(address), limit)

    def address(self, link: str | None) -> str | None:
        """The address for people that a link of a reply stands for."""
        return quote(self._at(link), safe=":/?#[]@!$&'()*+,;=%~") if link else None

    def _pages(self, path: str, params: Mapping[str, Any], start: str | None) -> Iterator[Json]:
        def ask(further: str | None) -> tuple[Json, str | None]:
            further = further or start
            if further is None:
                return self._page(path, params)
            return self._page(f"{path}{further}" if further.startswith("?") else further, None)

        return self._http.pages(ask)

    def _page(self, path: str, params: Mapping[str, Any] | None) -> tuple[Json, str | None]:
        """A reply that is an object, and where the next one is."""
        reply = self._http.ask(self._at(path), params=params or None)
        try:
            said = reply.json()
        except ValueError:
            said = None
        if not isinstance(said, dict):
            raise ConfigError(
                f"source {self._source}: url: what answers at {self.root} is no Confluence; is it the address"
                " of the site, and is `deployment` right?"
            )
        return said, _next(said) or (reply.links.get("next") or {}).get("url")

    def _at(self, link: str) -> str:
        if link.startswith(("https://", "http://")):
            return link
        parts = urlsplit(self.root)
        if parts.path and link.startswith(f"{parts.path}/"):
            return f"{parts.scheme}://{parts.netloc}{link}"
        return f"{self.root}/{link.lstrip('/')}"


def _next(said: Mapping[str, Any]) -> str | None:
    return (said.get("_links") or {}).get("next") or None


def as_html(title: str, body: str) -> bytes:
    """A page of its own, with its title."""
    return (
        f"<!doctype html><meta charset=utf-8><title>{html.escape(title)}</title><body>{body}</body>".encode()
    )


def read_time(said: Any) -> datetime | None:
    """A moment as Confluence writes it; None where it is none."""
    try:
        moment = datetime.fromisoformat(str(said))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
