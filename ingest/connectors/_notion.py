"""What Notion's API is asked, and what it says: https://developers.notion.com/reference/intro."""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
from pydantic import SecretStr

from config.errors import ConfigError, DocumentError, UnavailableError
from config.secrets import mask, spellings
from ingest.connectors._http import Home, Http, secrets_of

API = "https://api.notion.com/"
VERSION = "2025-09-03"
"""The first that knows data sources: https://developers.notion.com/reference/changes-by-version."""
PACE = 0.34
"""Seconds between two requests with one token: https://developers.notion.com/reference/request-limits."""
_MOST = 100
"""Items of one page of a listing, which may hold fewer."""
_FILES = (".amazonaws.com",)
"""Where the files are that people upload: https://developers.notion.com/reference/file-object."""
_PASSING = frozenset({409, 529})
"""A collision with somebody's edit, and too many requests of everybody:
https://developers.notion.com/reference/status-codes."""
_ID = re.compile("[0-9a-f]{32}")
_HOSTS = ("notion.so", "notion.com", "notion.site")

Json = dict[str, Any]


class RefusedError(ConfigError):
    """Notion says that one request makes no sense (`validation_error`): this thing is of another kind."""


class Notion:
    """What a connection of one workspace may see. Thread-safe."""

    def __init__(self, source: str, url: str, token: SecretStr) -> None:
        secret = token.get_secret_value()
        self._source, self._url = source, url if url.endswith("/") else f"{url}/"
        headers = {"Authorization": f"Bearer {secret}", "Notion-Version": VERSION}
        self._secrets = spellings(secrets_of(token))
        self._told = threading.local()
        self._pace = _pace_of(secret)
        self._http = Http(
            Home(
                source,
                self._url,
                credentials="`token`",
                headers=headers,
                secrets=secrets_of(token),
                others=_FILES,
                throttled=self._note,
            )
        )
        self._names: dict[str, str] | None = None

    # All of these raise as `Http.ask`: `DocumentError` for what is not there, or not shared.

    def page(self, page: str) -> Json:
        """A page and its properties."""
        return self._ask(f"v1/pages/{page}")

    def database(self, database: str) -> Json:
        """A database and the names of its data sources. `RefusedError` for a linked view of another."""
        return self._ask(f"v1/databases/{database}")

    def data_source(self, source: str) -> Json:
        """A table of a database."""
        return self._ask(f"v1/data_sources/{source}")

    def block(self, block: str) -> Json:
        """A block, without what is in it."""
        return self._ask(f"v1/blocks/{block}")

    def blocks(self, above: str) -> Iterator[Json]:
        """The blocks right in a page or a block."""
        for said in self._listing(f"v1/blocks/{above}/children"):
            yield from said["results"]

    def values(self, page: str, property_: str) -> list[Json]:
        """All values of a property of a page, of which a page itself names 25:
        https://developers.notion.com/reference/retrieve-a-page#limits."""
        # Its id is quoted for an address already.
        found = self._listing(f"v1/pages/{page}/properties/{property_}")
        return [one[one["type"]] for said in found for one in said["results"]]

    def found(self) -> Iterator[Json]:
        """All pages and data sources that Notion's search finds, which it may find late."""
        for said in self._listing("v1/search", method="POST"):
            if _is_cut(said):
                raise ConfigError(f"source {self._source}: Notion's search does not tell all; name `roots`")
            yield from said["results"]

    def rows(self, source: str) -> Iterator[Json]:
        """The pages of a data source, and the data sources right in it where it is a wiki.

        One query gives 10,000 at most, so the next one begins where that ended:
        https://developers.notion.com/guides/data-apis/query-large-data-sources.
        """
        seen: set[str] = set()
        since: str | None = None
        while True:
            cut, last = False, since
            for said in self._listing(f"v1/data_sources/{source}/query", method="POST", **_made(since)):
                cut = cut or _is_cut(said)
                for row in said["results"]:
                    last = row.get("created_time") or last
                    if row["id"] not in seen:
                        seen.add(row["id"])
                        yield row
            if not cut:
                return
            if last == since:
                raise ConfigError(
                    f"source {self._source}: Notion does not list all rows of the data source {source}, of"
                    " which too many were made within one minute; name what is needed of it in `roots`"
                )
            since = last

    def names(self) -> dict[str, str]:
        """The members of the workspace by id; none where the connection may not know them."""
        if self._names is None:
            self._names = {one["id"]: one["name"] for one in self._users() if one.get("name")}
        return self._names

    def file(self, url: str, limit: int) -> bytes | None:
        """A file at the address that Notion gave for the next hour; None where it is larger than `limit`."""
        return self._http.download(url, limit)

    def _users(self) -> Iterator[Json]:
        def ask(cursor: str | None) -> tuple[list[Json], str | None]:
            self._pace.wait()
            # `download` tells what this connection may not (403) from a token that is worth nothing (401).
            read = self._http.download("v1/users", 10_000_000, params=_page(cursor))
            said = json.loads(read or b"{}")
            return said["results"], self._further(said)

        try:
            for users in self._http.pages(ask):
                yield from users
        except DocumentError:
            return
        except (ValueError, KeyError, TypeError) as error:
            raise self._no_notion() from error

    def _listing(self, path: str, method: str = "GET", **body: Any) -> Iterator[Json]:
        def ask(cursor: str | None) -> tuple[Json, str | None]:
            given = {**body, **_page(cursor)}
            said = self._ask(path, method=method, **{"params" if method == "GET" else "json": given})
            if not isinstance(said.get("results"), list):
                raise self._no_notion()
            return said, self._further(said)

        return self._http.pages(ask)

    def _further(self, said: Json) -> str | None:
        if not said.get("has_more"):
            return None
        if not said.get("next_cursor"):
            raise UnavailableError(f"source {self._source}: Notion says that there is more, and not where")
        return str(said["next_cursor"])

    def _ask(self, path: str, **request: Any) -> Json:
        self._pace.wait()
        self._told.error = {}
        try:
            said = self._http.json(path, **request)
        except DocumentError:
            raise
        except ConfigError:
            code, text = self._told.error.get("code"), str(self._told.error.get("message"))
            if code == "validation_error":
                raise RefusedError(self._said(f"Notion refuses: {text}")) from None
            if code == "restricted_resource":
                raise ConfigError(
                    self._said(
                        "the connection may not read what is in pages; look at `token`: in Notion it"
                        " has to be given the capability to read content"
                    )
                ) from None
            raise
        if not isinstance(said, dict) or "object" not in said:
            raise self._no_notion()
        return said

    def _note(self, reply: httpx.Response) -> bool:
        """Keep what a refusal says, of which the client tells only its status."""
        if reply.status_code in {400, 403}:
            try:
                told = json.loads(reply.read())
            except ValueError:
                told = None
            self._told.error = told if isinstance(told, dict) else {}
        return reply.status_code in _PASSING

    def _no_notion(self) -> ConfigError:
        return ConfigError(self._said("url: what answers there is not Notion"))

    def _said(self, text: str) -> str:
        return mask(f"source {self._source}: {text}", self._secrets)


class _Pace:
    """Lets one request pass after the other."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._next = 0.0

    def wait(self) -> None:
        with self._turn:
            moment = max(time.monotonic(), self._next)
            self._next = moment + PACE
        if (left := moment - time.monotonic()) > 0:
            time.sleep(left)


_paces: dict[str, _Pace] = {}
_paces_turn = threading.Lock()


def _pace_of(token: str) -> _Pace:
    """The one pace of all who use a token in this process."""
    with _paces_turn:
        return _paces.setdefault(hashlib.sha256(token.encode()).hexdigest(), _Pace())


def _page(cursor: str | None) -> Json:
    return {"page_size": _MOST, **({"start_cursor": cursor} if cursor else {})}


def _made(since: str | None) -> Json:
    """In the order of their making, from a minute on."""
    order: Json = {"sorts": [{"timestamp": "created_time", "direction": "ascending"}]}
    if since is None:
        return order
    return order | {"filter": {"timestamp": "created_time", "created_time": {"on_or_after": since}}}


def _is_cut(said: Json) -> bool:
    return (said.get("request_status") or {}).get("type") == "incomplete"


def is_away(said: Json) -> bool:
    """Whether something is in the trash, which is `archived` in older words of Notion."""
    return any(said.get(word) for word in ("in_trash", "archived", "is_archived"))


def read_id(text: str) -> str:
    """The id in an address of Notion, or in what is one with or without dashes. Raises `ValueError`."""
    given, address = text.strip(), text.strip()
    if "/" in given:
        parts = urlsplit(given if "://" in given else f"https://{given}")
        host = parts.hostname or ""
        if not any(host == one or host.endswith(f".{one}") for one in _HOSTS):
            raise ValueError(f"expected an address of notion.so, or the id of a page, saw `{given}`")
        # `p` is the page that is open in front of the one that the path names.
        address = [*parse_qs(parts.query).get("p", ()), parts.path.rstrip("/").rpartition("/")[2]][0]
    digits = address.replace("-", "").lower()
    if not _ID.fullmatch(digits[-32:]) or (len(digits) > 32 and "/" not in given):
        raise ValueError(
            f"expected the id of a page or database (32 digits and letters from a to f), or its address, saw"
            f" `{given}`"
        )
    return str(UUID(digits[-32:]))
