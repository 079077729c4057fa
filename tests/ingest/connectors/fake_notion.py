"""Notion's API on loopback, as far as a reader needs it: https://developers.notion.com/reference/intro.

    with FakeNotion() as notion:
        page = notion.add_page("Handbook")              # at the top of the workspace
        notion.add_text(page, "Words.")
        notion.share(page)                              # with the connection, as is what lies below

It refuses what Notion refuses: unknown paths and parameters, wrong versions and tokens, ids that are none,
and what is not shared. Its pages of a listing hold three items. What is not in Notion's documentation, and
was seen in its answers by others, is marked so.
"""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

from tests.ingest.connectors.fake_notion_workspace import Json, Thing, Workspace, rich

TOKEN = "ntn_0123456789secret"
VERSION = "2025-09-03"
PAGE = 3
"""Items of one page of a listing."""
NAMED = 25
"""People and pages that a property names."""
_LISTING = {"page_size", "start_cursor"}
_BODIES = {
    "search": _LISTING | {"query", "sort", "filter"},
    "query": _LISTING | {"filter", "sorts", "archived", "in_trash"},
}


class RefusedError(Exception):
    def __init__(self, status: int, code: str, message: str = "") -> None:
        super().__init__(message)
        self.status, self.code = status, code


class FakeNotion(Workspace):
    """A workspace, and the API to it."""

    def __init__(self) -> None:
        super().__init__()
        self.tells_people = True
        """Whether the connection has the capability to read user information."""
        self.reads_content = True
        self.token = TOKEN
        self.most_rows = 10_000
        """Results of one query."""
        self.exchanged: list[tuple[str, str, Json, Json]] = []
        """Method, address, body and reply of what was answered."""
        self.unfound: set[str] = set()
        """What the search does not know yet."""
        self.shows: dict[str, list[str]] = {}
        """Data sources of other databases that a database shows."""
        self.public = ""
        """Where its files seem to be; its own address where that is not set."""
        self.signed = 0
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self.port = int(self._server.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}/"

    def __enter__(self) -> FakeNotion:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    # What the connection is told

    def answer(self, method: str, address: str, headers: Any, body: bytes) -> tuple[int, Json]:
        try:
            if headers.get("Authorization") != f"Bearer {self.token}":
                raise RefusedError(401, "unauthorized", "API token is invalid.")
            if headers.get("Notion-Version") != VERSION:
                raise RefusedError(400, "missing_version", "Notion-Version header should be defined.")
            given = json.loads(body) if body else {}
            reply = self._route(method, address, given)
        except RefusedError as error:
            said = {"status": error.status, "code": error.code, "message": str(error)}
            return error.status, {"object": "error", **said, "request_id": "1"}
        self.exchanged.append((method, address, given, reply))
        return 200, reply

    def _route(self, method: str, address: str, body: Json) -> Json:
        parts = urlsplit(address)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        for pattern, asked, parameters, answer in self._routes():
            if (found := re.fullmatch(pattern, parts.path)) and asked == method:
                unknown = (query.keys() - parameters) | (
                    body.keys() - _BODIES.get(answer.__name__[1:], set())
                )
                if unknown:
                    raise _invalid(f"{unknown} should be not present")
                given = body if method == "POST" else query
                return answer(*[_uuid(one) for one in found.groups()[:1]], *found.groups()[1:], given)
        raise RefusedError(400, "invalid_request_url", "Invalid request URL.")

    def _routes(self) -> list[tuple[str, str, set[str], Callable[..., Json]]]:
        return [
            ("/v1/users", "GET", _LISTING, self._users),
            ("/v1/search", "POST", set(), self._search),
            ("/v1/pages/([^/]+)", "GET", set(), self._page),
            ("/v1/pages/([^/]+)/properties/([^/]+)", "GET", _LISTING, self._property),
            ("/v1/databases/([^/]+)", "GET", set(), self._database),
            ("/v1/data_sources/([^/]+)", "GET", set(), self._data_source),
            ("/v1/data_sources/([^/]+)/query", "POST", set(), self._query),
            ("/v1/blocks/([^/]+)", "GET", set(), self._block),
            ("/v1/blocks/([^/]+)/children", "GET", _LISTING, self._children),
        ]

    def _users(self, given: Json) -> Json:
        if not self.tells_people:
            raise RefusedError(403, "restricted_resource", "Insufficient permissions for this endpoint.")
        users = [
            {"object": "user", "id": self.person(key), "type": "person", "name": name, "person": {}}
            for key, name in self.people.items()
        ]
        return _page_of(users, given, "user")

    def _search(self, given: Json) -> Json:
        found = [
            self._say(one)
            for one in self.things.values()
            if one.object in {"page", "data_source"}
            and self._is_shown(one)
            and not self._is_below_trash(one)
            and one.id not in self.unfound
        ]
        return _page_of(sorted(found, key=lambda one: one["last_edited_time"]), given, "page_or_data_source")

    def _page(self, page: str, _: Json) -> Json:
        thing = self._shown(page, "page")
        if thing.object == "database":
            # Seen, not documented.
            raise _invalid(f"Provided ID {page} is a database, not a page. Use the retrieve database API.")
        return self._say(self._of(thing, "page"))

    def _property(self, page: str, property_: str, given: Json) -> Json:
        thing = self._of(self._shown(page, "page"), "page")
        found = [one for one in thing.properties.values() if unquote(one["id"]) == unquote(property_)]
        if not found:
            raise RefusedError(404, "object_not_found", "Could not find property.")
        kind = found[0]["type"]
        items = [{"object": "property_item", "type": kind, kind: one} for one in found[0][kind]]
        listed = _page_of(items, given, "property_item")
        return listed | {"property_item": {"id": property_, "type": kind, kind: {}, "next_url": None}}

    def _database(self, database: str, _: Json) -> Json:
        thing = self._shown(database, "database")
        if thing.object == "block" and thing.kind == "child_database":
            # A linked view. Seen, not documented; and a reply without data sources was seen as well.
            if thing.content.get("linked") == "empty":
                return self._say(thing) | {"object": "database", "title": [], "data_sources": []}
            raise _invalid(
                f"Database with ID {database} is a linked database. Database retrievals do not support linked"
                " databases."
                if thing.content.get("linked") == "linked"
                else f"Database with ID {database} does not contain any data sources accessible by this API"
                " bot."
            )
        return self._say(self._of(thing, "database"))

    def _data_source(self, source: str, _: Json) -> Json:
        return self._say(self._of(self._shown(source, "data_source"), "data_source"))

    def _query(self, source: str, given: Json) -> Json:
        thing = self._of(self._shown(source, "data_source"), "data_source")
        if given.get("sorts") not in (None, [{"timestamp": "created_time", "direction": "ascending"}]):
            raise _invalid("body.sorts")
        since = (given.get("filter") or {}).get("created_time", {}).get("on_or_after", "")
        rows = []
        for one in (self.things[below] for below in thing.below):
            if (
                one.object == "database"
            ):  # a wiki: https://developers.notion.com/reference/query-a-data-source
                rows += [self._say(self.things[below]) for below in one.below if not one.trashed]
            elif not one.trashed and not one.hidden:
                rows.append(self._say(one))
        rows = sorted(
            (row for row in rows if row["created_time"] >= since), key=lambda row: row["created_time"]
        )
        listed = _page_of(rows[: self.most_rows], given, "page_or_data_source")
        if len(rows) > self.most_rows:
            listed["request_status"] = {
                "type": "incomplete",
                "incomplete_reason": "query_result_limit_reached",
            }
        return listed

    def _block(self, block: str, _: Json) -> Json:
        return self._say_block(self._shown(block, "block"))

    def _children(self, block: str, given: Json) -> Json:
        thing = self._shown(block, "block")
        if thing.kind == "unsupported":
            raise _invalid("Block type unsupported is not supported via the API.")
        copied = (thing.content.get("synced_from") or {}).get("block_id")
        below = self.things[copied].below if copied else thing.below
        if copied and not self._is_shown(self.things[copied]):
            raise RefusedError(404, "object_not_found", f"Could not find block with ID: {copied}.")
        listed = [self._say_block(self.things[one]) for one in below if not self.things[one].trashed]
        return _page_of(listed, given, "block")

    # How it is said

    def _say(self, one: Thing) -> Json:
        said: Json = {"object": one.object, "id": one.id, "archived": one.trashed, "in_trash": one.trashed}
        said |= {"created_time": _minute(one.made), "last_edited_time": _minute(one.edited)}
        said |= {word: {"object": "user", "id": self.person(one.editor)} for word in _BY}
        said["parent"] = self._parent(one)
        if one.object == "page":
            said |= {"properties": {name: _cut(value) for name, value in one.properties.items()}}
            said |= {"url": f"https://www.notion.so/{UUID(one.id).hex}", "public_url": None}
        elif one.object == "database":
            shown = [*one.below, *self.shows.get(one.id, [])]
            sources = [{"id": below, "name": self.things[below].title} for below in shown]
            said |= {"title": rich(one.title), "data_sources": sources, "is_inline": False}
        elif one.object == "data_source":
            said |= {"title": rich(one.title), "properties": {}}
            said["database_parent"] = self._parent(self.things[str(one.above)])
        return said

    def _say_block(self, one: Thing) -> Json:
        kind = {"page": "child_page", "database": "child_database"}.get(one.object, one.kind)
        content = {"title": one.title} if kind != one.kind else self._content(one)
        opens = bool(one.below) or bool(one.content.get("synced_from"))
        return self._say(one) | {"object": "block", "type": kind, "has_children": opens, kind: content}

    def _content(self, one: Thing) -> Json:
        content = {name: value for name, value in one.content.items() if name not in {"path", "linked"}}
        if path := one.content.get("path"):
            self.signed += 1  # anew at each look
            url = f"{(self.public or self.url).rstrip('/')}{path}?X-Amz-Signature=signature{self.signed}"
            content["file"] = {"url": url, "expiry_time": _minute(self.clock + timedelta(hours=1))}
        return content

    def _parent(self, one: Thing) -> Json:
        if one.above is None:
            return {"type": "workspace", "workspace": True}
        above = self.things[one.above]
        parent: Json = {"type": f"{above.object}_id", f"{above.object}_id": above.id}
        if above.object == "data_source":
            parent["database_id"] = above.above
        return parent

    def _is_shown(self, one: Thing) -> bool:
        up = list(self.up(one.id))
        return bool(self.shared & set(up)) and not any(self.things[each].hidden for each in up)

    def _is_below_trash(self, one: Thing) -> bool:
        return any(self.things[each].trashed for each in self.up(one.id))

    def _shown(self, thing: str, word: str) -> Thing:
        found = self.things.get(thing)
        if found is None or not self._is_shown(found):
            raise RefusedError(
                404,
                "object_not_found",
                f"Could not find {word} with ID: {thing}. Make sure the relevant pages and databases are"
                " shared with your integration.",
            )
        if not self.reads_content:
            raise RefusedError(403, "restricted_resource", "Insufficient permissions for this endpoint.")
        return found

    def _of(self, thing: Thing, object_: str) -> Thing:
        if thing.object != object_:
            raise RefusedError(404, "object_not_found", f"Could not find {object_} with ID: {thing.id}.")
        return thing


_BY = ("created_by", "last_edited_by")


def _cut(property_: Json) -> Json:
    """A property as a page tells it."""
    kind = property_["type"]
    if kind not in {"title", "rich_text", "people", "relation"}:
        return property_
    kept, named = [], 0
    for one in property_[kind]:
        named += kind in {"people", "relation"} or one["type"] == "mention"
        if named > NAMED:
            break
        kept.append(one)
    return property_ | {kind: kept}


def _page_of(items: list[Json], given: Json, type_: str) -> Json:
    size = int(given.get("page_size", 100))
    cursor = str(given.get("start_cursor", _uuid_of(0)))
    if not 1 <= size <= 100:
        raise _invalid("page_size should be ≤ 100")
    start = UUID(cursor).int
    if start > max(len(items), 1):
        raise _invalid("The start_cursor provided is invalid")
    end = start + min(size, PAGE)
    further = _uuid_of(end) if end < len(items) else None
    return {
        "object": "list",
        "results": items[start:end],
        "next_cursor": further,
        "has_more": further is not None,
        "type": type_,
        type_: {},
    }


def _uuid_of(number: int) -> str:
    return str(UUID(int=number))


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise _invalid(f"path failed validation: should be a valid uuid, instead was `{text}`.") from None


def _invalid(message: str) -> RefusedError:
    return RefusedError(400, "validation_error", message)


def _minute(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:00.000Z")


class _Server(ThreadingHTTPServer):
    def handle_error(self, *asked: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):  # who asked has had enough of a file
            super().handle_error(*asked)


def _handler(notion: FakeNotion) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else a body waits 40 ms for the kernel to hear of its headers

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = unquote(urlsplit(self.path).path)
            if path.startswith("/secure/"):
                known = "X-Amz-Signature=signature" in self.path and path in notion.files
                status, data = (200, notion.files[path]) if known else (403, b"<Error/>")
            else:
                status, said = notion.answer(self.command, self.path, self.headers, body)
                data = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_POST = do_PATCH = do_DELETE = do_GET

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
