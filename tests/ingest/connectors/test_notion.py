"""The connector of Notion, against a stand-in that is checked against Notion's own OpenAPI document."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from lxml import html

from config.errors import ConfigError, UnavailableError
from ingest.connectors import _notion, connect
from ingest.connectors._notion import read_id
from ingest.documents import Entry
from ingest.ledger import reading
from tests.contracts.remote import RemoteContract, RemoteWorld
from tests.doubles import open_base
from tests.ingest.connectors.fake_notion import TOKEN, FakeNotion
from tests.ingest.connectors.fake_notion_workspace import rich
from tests.ingest.connectors.reading_notion import ALL, HR, PDF, connector_of, page, scan
from tests.ingest.connectors.web import Said, Web
from tests.services.fixtures import here
from tests.services.notion_openapi import NotionDocument
from workers.local import sync_sources

NAMES = (
    "Plain", "With space", "Año nuevo", "Discount of 100% (a)", "A & B?", "Deep/er/page", "日本語", "#1: <b>",
)  # fmt: skip
BY_TIME = [{"timestamp": "created_time", "direction": "ascending"}]


@pytest.fixture(autouse=True)
def _at_once(monkeypatch, loopback):
    monkeypatch.setattr(_notion, "PACE", 0)


class NotionWorld(RemoteWorld):
    """Pages in a page, in a toggle in a column of it, and in a database: one after the other."""

    type = "notion"
    renames_keep_ids = True
    names = NAMES
    media_type = "text/html"
    secret = TOKEN
    credentials = "token"

    def __init__(self, place: Path) -> None:
        self.notion = FakeNotion().__enter__()
        super().__init__(place, self.notion.port)
        self.notion.public = self.relay.url
        self.root = self.notion.add_page("Root")
        self.notion.share(self.root)
        columns = self.notion.add_block(self.root, "column_list")
        column = self.notion.add_block(columns, "column")
        toggle = self.notion.add_text(column, "", "toggle")
        _, rows = self.notion.add_database("Base", self.root)
        self._places = {self.root: "Root", toggle: "Root", rows: "Root/Base"}
        self._made = 0

    def close(self) -> None:
        super().close()
        self.notion.__exit__()

    def options(self) -> Mapping[str, object]:
        return {"url": self.relay.url, "token": TOKEN, "roots": {self.root: ALL}}

    def body(self, words: str) -> bytes:
        return f"{words}\nñ & <b> 'of' \"{words}\"".encode()

    def read(self, fetched: bytes) -> bytes:
        body = html.document_fromstring(fetched.replace(b"<br>", b"\n")).find("body")
        return body.text_content().encode()

    def pattern(self, entry_id: str) -> str:
        thing = self.notion.things[entry_id]
        return f"{self._places[str(thing.above)]}/{thing.title}"

    def create(self, path: str, data: bytes) -> str:
        above = list(self._places)[self._made % len(self._places)]
        self._made += 1
        made = self.notion.add_page(path, above)
        self.edit(made, data)
        return made

    def edit(self, entry_id: str, data: bytes) -> None:
        self.notion.write(entry_id, ("paragraph", {"rich_text": rich(data.decode())}))

    def rename(self, entry_id: str, path: str) -> str:
        self.notion.rename(entry_id, path)
        return entry_id

    def delete(self, entry_id: str) -> None:
        self.notion.erase(entry_id)

    def revoke(self) -> None:
        self.notion.token = "ntn_another"

    def trash(self, entry_id: str) -> None:
        self.notion.things[entry_id].trashed = True

    def restore(self, entry_id: str) -> None:
        self.notion.things[entry_id].trashed = False


class TestNotion(RemoteContract):
    def make_world(self, place: Path) -> RemoteWorld:
        return NotionWorld(place)


@pytest.fixture
def notion() -> Iterator[FakeNotion]:
    with FakeNotion() as running:
        yield running


# Readers


def test_everything_below_a_root_has_the_readers_of_the_nearest_root_above_it(notion):
    top = page(notion, "Handbook")
    notion.share(top)
    child = page(notion, "Leave", top)
    closed = page(notion, "Salaries", child)
    below = page(notion, "Bonus", closed)
    database, rows = notion.add_database("Menus", closed)
    row = page(notion, "Monday", rows)
    open_again = page(notion, "Recipe", row)
    roots = {top: ALL, closed: HR, database: ["user:ana@acme.com"], open_again: ALL}
    readers = {entry.id: set(entry.readers or ()) for entry in scan(notion, roots=roots).values()}
    assert readers == {
        top: {"everyone"}, child: {"everyone"}, closed: {"group:hr"}, below: {"group:hr"},
        row: {"user:ana@acme.com"}, open_again: {"everyone"},
    }  # fmt: skip


def test_a_page_that_is_moved_has_the_readers_of_its_new_place_and_is_not_fetched_again(notion):
    one, two = page(notion, "Open"), page(notion, "Closed")
    for root in (one, two):
        notion.share(root)
    moved = page(notion, "Plan", one)
    before = scan(notion, roots={one: ALL, two: HR})[moved]
    notion.move(moved, two)
    after = scan(notion, roots={one: ALL, two: HR})[moved]
    assert (before.readers, after.readers) == (frozenset(ALL), frozenset(HR))
    assert after.revision == before.revision


STEPS = st.tuples(
    st.sampled_from(["page", "page", "row", "block", "move", "move", "root", "unroot", "trash", "restore"]),
    st.integers(0, 10_000),
    st.integers(0, 10_000),
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(STEPS, max_size=20))
def test_after_any_history_readers_are_those_of_the_nearest_root(steps):
    with FakeNotion() as notion:
        check_places(notion, steps)


@pytest.mark.contract
@settings(max_examples=1_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(STEPS, max_size=25))
def test_after_a_thousand_histories_readers_are_those_of_the_nearest_root(steps):
    with FakeNotion() as notion:
        check_places(notion, steps)


def check_places(notion, steps):
    """Do these steps, and hold what is listed against what lies below the roots."""
    top = page(notion, "Top")
    notion.share(top)
    roots = {top: {"group:0"}}
    for number, (step, which, where) in enumerate(steps):
        things = list(notion.things.values())
        places = [one.id for one in things if one.object in {"page", "block"} and one.kind != "paragraph"]
        pages = [one.id for one in things if one.object in {"page", "database"} and one.id != top]
        place = places[where % len(places)]
        if step == "page":
            page(notion, f"Page {number}", place)
        elif step == "row":
            page(notion, f"Row {number}", notion.add_database(f"Base {number}", place)[1])
        elif step == "block":
            notion.add_text(place, "More", "toggle")
        elif pages:
            chosen = pages[which % len(pages)]
            if step == "move" and chosen not in notion.up(place):
                notion.move(chosen, place)
            elif step == "root":
                roots[chosen] = {f"group:{number}"}
            elif step == "unroot":
                roots.pop(chosen, None)
            elif step in {"trash", "restore"}:
                notion.things[chosen].trashed = step == "trash"
    given = {root: sorted(readers) for root, readers in roots.items()}
    assert {entry.id: entry.readers for entry in scan(notion, roots=given).values()} == truth(notion, roots)


def truth(notion, roots):
    """The pages below the roots and outside of the trash, with whom their nearest root names."""
    found = {}
    for one in notion.things.values():
        up = list(notion.up(one.id))
        nearest = [roots[above] for above in up if above in roots]
        if one.object == "page" and nearest and not any(notion.things[above].trashed for above in up):
            found[one.id] = frozenset(nearest[0])
    return found


def test_without_roots_all_that_is_shared_is_listed_with_the_source_s_own_readers(notion):
    one, other, private = page(notion, "One"), page(notion, "Other"), page(notion, "Private")
    toggle = notion.add_text(one, "More", "toggle")
    child = page(notion, "Child", toggle)
    database, rows = notion.add_database("Base", private)
    row = page(notion, "Row", rows)
    for shared in (one, other, database):
        notion.share(shared)
    notion.unfound |= {child, other}
    listed = scan(notion, readers=HR)
    assert set(listed) == {one, child, row}
    assert {entry.readers for entry in listed.values()} == {frozenset(HR)}
    assert {entry.readers for entry in scan(notion).values()} == {None}
    notion.unfound.clear()
    assert set(scan(notion, readers=HR)) == {one, other, child, row}


def test_what_is_shared_below_something_that_is_not_is_found_without_roots(notion):
    private = page(notion, "Private")
    block = notion.add_text(private, "More", "toggle")
    shared = page(notion, "Shared", block)
    below = page(notion, "Below", notion.add_text(shared, "Yet more", "toggle"))
    notion.share(shared)
    connector = connector_of(notion, readers=ALL)
    listed = list(connector.scan())
    assert {entry.id for entry in listed} == {shared, below}
    assert {connector.part_of(entry) for entry in listed if isinstance(entry, Entry)} == {"Shared"}
    assert "name pages in `roots`" in " ".join(connector.preflight())


@pytest.mark.parametrize(
    ("roots", "said"),
    [
        ({}, "roots: has to name one"),
        ({"handbook": ["everyone"]}, "expected the id of a page or database"),
        ({"https://example.com/0123456789abcdef0123456789abcdef": ALL}, "an address of notion.so"),
        ({"0123456789abcdef0123456789abcdef": ["hr"]}, "did you mean `group:hr`"),
        ({"0" * 32: ALL, "00000000-0000-0000-0000-000000000000": HR}, "names .* twice"),
    ],
)
def test_roots_that_cannot_be_meant_are_refused(roots, said):
    with pytest.raises(ConfigError, match=said):
        connect("notion", {"name": "notes", "token": TOKEN, "roots": roots}, Path(), None)


@pytest.mark.parametrize(
    "spelling",
    [
        "1f2e3d4c5b6a79880123456789abcdef",
        "1F2E3D4C-5B6A-7988-0123-456789ABCDEF",
        "https://www.notion.so/acme/Our-Handbook-1f2e3d4c5b6a79880123456789abcdef?pvs=4",
        "https://acme.notion.site/1f2e3d4c5b6a79880123456789abcdef?v=00000000000000000000000000000000",
        "notion.so/1f2e3d4c-5b6a-7988-0123-456789abcdef/",
        "https://www.notion.so/Base-00000000000000000000000000000000?p=1f2e3d4c5b6a79880123456789abcdef",
    ],
)
def test_a_root_may_be_an_id_or_an_address(spelling):
    assert read_id(spelling) == "1f2e3d4c-5b6a-7988-0123-456789abcdef"


# What is there


def test_a_root_that_is_not_shared_is_named_with_what_to_do_about_it(notion):
    shared, private = page(notion, "Shared"), page(notion, "Private")
    notion.share(shared)
    with pytest.raises(ConfigError, match=f"roots: {private} .*add the connection"):
        scan(notion, roots={shared: ALL, private: ALL})


def test_a_root_may_be_a_database_or_one_of_its_data_sources(notion):
    database, one, two = notion.add_database("Base", sources=2)
    first, second = page(notion, "First", one), page(notion, "Second", two)
    notion.share(database)
    assert set(scan(notion, roots={database: ALL})) == {first, second}
    listed = scan(notion, roots={database: ALL, two: HR})
    assert {id_: entry.readers for id_, entry in listed.items()} == {
        first: frozenset(ALL),
        second: frozenset(HR),
    }


def test_linked_views_and_links_are_no_children_and_are_told(notion):
    top = page(notion, "Top")
    notion.share(top)
    for linked in ("linked", "source", "empty"):
        notion.add_block(top, "child_database", title="Untitled", linked=linked)
    notion.add_block(top, "link_to_page", type="page_id", page_id=top)
    hidden = page(notion, "Hidden", top)
    notion.things[hidden].hidden = True
    connector = connector_of(notion, roots={top: ALL})
    assert [entry.id for entry in connector.scan()] == [top]
    assert "4 pages or databases in `Top` are not shown" in " ".join(connector.preflight())


def test_a_linked_view_as_a_root_is_named_as_such(notion):
    top = page(notion, "Top")
    notion.share(top)
    view = notion.add_block(top, "child_database", title="Untitled", linked="linked")
    with pytest.raises(ConfigError, match=r"roots: .* linked view"):
        scan(notion, roots={view: ALL})


def test_rows_that_a_database_shows_of_another_have_the_readers_of_their_own_place(notion):
    open_, closed = page(notion, "Open"), page(notion, "Closed")
    for root in (open_, closed):
        notion.share(root)
    shows, _ = notion.add_database("Shows", open_)
    _, rows = notion.add_database("Salaries", closed)
    row = page(notion, "Ana", rows)
    notion.shows[shows] = [rows]
    assert scan(notion, roots={open_: ALL, closed: HR})[row].readers == frozenset(HR)
    assert row not in scan(notion, roots={open_: ALL})


def test_a_wiki_holds_pages_and_databases(notion):
    wiki, rows = notion.add_database("Wiki")
    notion.share(wiki)
    home = page(notion, "Home", rows)
    _, inner = notion.add_database("Projects", rows)
    project = page(notion, "Apollo", inner)
    connector = connector_of(notion, roots={wiki: ALL}, exclude=["Wiki/Home"])
    assert [entry.id for entry in connector.scan()] == [project]
    assert set(scan(notion, roots={wiki: ALL})) == {home, project}


def test_a_data_source_of_more_rows_than_a_query_gives_is_listed_whole(notion):
    database, rows = notion.add_database("Large")
    notion.share(database)
    notion.most_rows = 7
    made = set()
    for number in range(30):
        if number % 4 == 0:
            notion.pass_time(minutes=1)
        made.add(page(notion, f"Row {number}", rows))
    assert set(scan(notion, roots={database: ALL})) == made
    for number in range(8):
        page(notion, f"At once {number}", rows)
    with pytest.raises(ConfigError, match="does not list all rows"):
        scan(notion, roots={database: ALL})


def test_a_root_in_the_trash_lists_nothing_and_is_told(notion):
    above, other = page(notion, "Above"), page(notion, "Other")
    notion.share(above)
    notion.share(other)
    root = page(notion, "Root", notion.add_text(above, "More", "toggle"))
    page(notion, "Below", root)
    notion.things[above].trashed = True
    connector = connector_of(notion, roots={root: ALL, other: ALL})
    assert [entry.id for entry in connector.scan()] == [other]
    assert f"{root} is in Notion's trash" in " ".join(connector.preflight())


def test_a_page_without_a_text_of_its_own_is_not_listed_and_those_below_it_are(notion):
    top = notion.add_page("Top")
    notion.share(top)
    below = page(notion, "Below", notion.add_page("Shelf", top))
    [entry] = scan(notion, roots={top: ALL}).values()
    assert entry.id == below


def test_titles_and_parts_are_those_of_notion(notion):
    top = page(notion, "Handbook")
    notion.share(top)
    untitled = page(notion, "", top)
    connector = connector_of(notion, roots={top: ALL})
    listed = {entry.id: entry for entry in connector.scan() if isinstance(entry, Entry)}
    assert listed[untitled].title == "Untitled"
    assert connector.part_of(listed[untitled]) == "Handbook"
    assert listed[top].url == f"https://www.notion.so/{top.replace('-', '')}"


def test_what_is_below_an_excluded_page_is_excluded_and_not_even_looked_at(notion):
    top = page(notion, "Top")
    notion.share(top)
    archive = page(notion, "Archive", top)
    old = page(notion, "Old", archive)
    kept = page(notion, "Kept", top)
    connector = connector_of(notion, roots={top: ALL}, exclude=["Archive"])
    assert {entry.id for entry in connector.scan()} == {top, kept}
    assert not any(archive in address or old in address for _, address, _, _ in notion.exchanged)
    assert "Archive" in (connector.ignored("Top/Archive/Old") or "")


# Errors


def test_a_connection_that_may_not_read_content_is_told_which_capability_it_needs(notion):
    top = page(notion, "Top")
    notion.share(top)
    notion.reads_content = False
    with pytest.raises(ConfigError, match=r"look at `token`.*read content"):
        scan(notion, roots={top: ALL})


def test_a_block_that_leaves_a_page_while_it_is_read_costs_a_second_look(notion):
    top = page(notion, "Top")
    notion.share(top)
    toggle = notion.add_text(top, "More", "toggle")
    below = page(notion, "Below", toggle)
    answer, moved = notion.answer, []

    def move_first(method, address, headers, body):
        if toggle in address and not moved:
            moved.append(notion.move(below, top))
            notion.erase(toggle)
        return answer(method, address, headers, body)

    notion.answer = move_first
    assert set(scan(notion, roots={top: ALL})) == {top, below}


def test_a_page_that_never_stands_still_is_an_error_and_not_a_shorter_listing(notion):
    top = page(notion, "Top")
    notion.share(top)
    toggle = notion.add_text(top, "More", "toggle")
    notion.add_text(toggle, "Inside")
    notion.things[toggle].hidden = True
    with pytest.raises(UnavailableError, match="keeps changing"):
        scan(notion, roots={top: ALL})


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"object": "list", "results": [], "has_more": True, "next_cursor": None}, UnavailableError),
        ({"object": "list", "has_more": False}, ConfigError),
        ({"results": []}, ConfigError),
        ([], ConfigError),
    ],
)
def test_a_listing_that_is_not_whole_is_an_error(loopback, said, error):
    with Web() as web:
        replies = {
            "/v1/users": {"object": "list", "results": [], "has_more": False},
            "/v1/pages": {"object": "page", "id": "0", "properties": {}, "parent": {}},
            "/v1/block": said,
        }
        web.answer = lambda asked: Said(body=json.dumps(replies[asked.path[:9]]).encode())
        options = {"name": "notes", "token": TOKEN, "url": web.url, "roots": {"0" * 32: ALL}}
        with pytest.raises(error):
            list(connect("notion", options, Path(), None).scan())


def test_all_who_use_a_token_keep_one_pace(notion, monkeypatch):
    """Three requests a second, of whichever thread."""
    top = page(notion, "Top")
    notion.share(top)
    [entry] = scan(notion, roots={top: ALL}).values()
    monkeypatch.setattr(_notion, "PACE", 0.03)
    began, asked = time.monotonic(), len(notion.exchanged)
    readers = [connector_of(notion, roots={top: ALL}) for _ in range(2)]
    threads = [threading.Thread(target=reader.fetch, args=(entry,)) for reader in readers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(notion.exchanged) - asked == 6
    assert time.monotonic() - began >= 0.03 * 5


# Syncs


def test_a_sync_fetches_what_changed_and_tells_who_may_read_what(notion, tmp_path):
    top, closed = page(notion, "Handbook"), page(notion, "Salaries")
    for root in (top, closed):
        notion.share(root)
    leave, bonus = page(notion, "Leave", top), page(notion, "Bonus", top)
    given = {"type": "notion", "url": notion.url, "token": TOKEN, "roots": {top: ALL, closed: HR}}
    with open_base(tmp_path / "var", {"notes": given}, real_parsers=True) as kb:
        [first] = sync_sources(kb, ["notes"])
        assert (first["outcome"], first["new"]) == ("done", 4)
        notion.add_text(leave, "Thirty days.")
        notion.move(bonus, closed)
        notion.rename(closed, "Pay")
        [second] = sync_sources(kb, ["notes"])
        assert (second["changed"], second["new"], second["removed"]) == (1, 0, 0)
        with kb.ledger.read() as ledger:
            found = {row.entry: row for row in reading.published_documents(ledger)}
    assert {row.title for row in found.values()} == {"Handbook", "Pay", "Leave", "Bonus"}
    assert found[bonus].url == f"https://www.notion.so/{bonus.replace('-', '')}"


# Against Notion's own description of its API


@pytest.fixture(scope="module")
def document() -> Mapping[str, Any]:
    found = here(NotionDocument.find_program)
    return json.loads(found.read_text(encoding="utf-8"))


def test_all_that_is_asked_and_answered_is_in_notion_s_own_document(notion, document):
    """Requests are checked in full: path, method, parameters, body. Of replies the document only says that
    they are objects; what is in them was checked by hand against https://developers.notion.com/reference."""
    top = page(notion, "Top")
    notion.share(top)
    database, rows = notion.add_database("Rooms", top)
    crowd = [{"object": "user", "id": str(number), "name": f"P{number}"} for number in range(30)]
    for number in range(8):
        notion.pass_time(minutes=1)
        page(notion, f"Row {number}", rows, Who={"id": "a%3Ab", "type": "people", "people": crowd})
    notion.add_file(top, "Plan.pdf", PDF)
    notion.most_rows = 5
    below = page(notion, "Below", notion.add_text(top, "More", "toggle"))
    for options in ({"roots": {top: ALL, below: HR, database: HR, rows: HR}}, {"readers": ALL}):
        connector = connector_of(notion, **options)
        for entry in connector.scan():
            assert isinstance(entry, Entry)
            connector.fetch(entry)
    checked = {check_exchange(document, *exchange) for exchange in notion.exchanged}
    assert checked == {
        "/v1/users", "/v1/search", "/v1/pages/{page_id}", "/v1/pages/{page_id}/properties/{property_id}",
        "/v1/databases/{database_id}", "/v1/data_sources/{data_source_id}",
        "/v1/data_sources/{data_source_id}/query", "/v1/blocks/{block_id}", "/v1/blocks/{block_id}/children",
    }  # fmt: skip


def check_exchange(document, method, address, body, reply) -> str:
    """Raises where the document does not know what was asked, or what was said; returns its path."""
    parts = urlsplit(address)
    [path] = [
        path
        for path in document["paths"]
        if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", path), parts.path) and "/me" not in path
    ]
    about = document["paths"][path][method.lower()]
    parameters = [resolved(document, one) for one in about["parameters"]]
    known = {one["name"]: one["schema"] for one in parameters if one["in"] != "path"}
    assert known.pop("Notion-Version")["default"] == _notion.VERSION
    for name, [value] in parse_qs(parts.query).items():
        check(document, known[name], int(value) if known[name]["type"] == "integer" else value)
    if method == "POST":
        schema = about["requestBody"]["content"]["application/json"]["schema"]
        assert body.keys() <= schema["properties"].keys()
        # It knows no order by time, which https://developers.notion.com/reference/sort-data-source-entries
        # does: `timestamp` and `direction`.
        body = {name: value for name, value in body.items() if name != "sorts" or value != BY_TIME}
        check(document, schema, body)
    for content in about["responses"]["200"].get("content", {}).values():
        check(document, content.get("schema", {}), reply)
    return str(path)


def resolved(document, one):
    """A part of the document, or the one that it refers to."""
    for step in one.get("$ref", "").split("/")[1:]:
        one = document[step] if step == "components" else one[step]
    return one


def check(document, schema, value) -> None:
    whole = {"components": document["components"], **schema}
    Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(value)
