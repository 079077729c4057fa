"""What the connector of Notion makes of pages, rows and files."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO

import pytest

from config.errors import DocumentError
from config.sections import LogSettings
from config.telemetry import start_logging
from ingest.connectors import _notion
from ingest.documents import Entry
from ingest.parsing.reading import read
from tests.ingest.connectors.fake_notion import FakeNotion
from tests.ingest.connectors.fake_notion_workspace import mention, rich
from tests.ingest.connectors.reading_notion import ALL, HR, PDF, connector_of, page, scan, text_of


@pytest.fixture(autouse=True)
def _at_once(monkeypatch, loopback):
    monkeypatch.setattr(_notion, "PACE", 0)


@pytest.fixture
def notion() -> Iterator[FakeNotion]:
    with FakeNotion() as running:
        yield running


def test_every_kind_of_block_says_what_it_says_in_notion(notion):
    top = notion.add_page("Top")
    notion.share(top)
    heading = notion.add_text(top, "Opening hours", "heading_2")
    notion.add_text(notion.add_text(top, "More", "toggle"), "Inside", "quote")
    for text in ("One", "Two"):
        item = notion.add_text(top, text, "bulleted_list_item")
    notion.add_text(item, "Deeper", "numbered_list_item")
    notion.add_block(top, "to_do", rich_text=rich("Done"), checked=True)
    table = notion.add_block(top, "table", has_column_header=True, table_width=2)
    for cells in (("Name", "Age"), ("Ana", "3")):
        notion.add_block(table, "table_row", cells=[rich(cell) for cell in cells])
    notion.add_block(top, "code", rich_text=rich("a < b\nb"), language="python", caption=rich("How"))
    notion.add_block(top, "bookmark", url="https://example.com/?a&b", caption=[])
    notion.add_block(top, "equation", expression="a^2")
    notion.add_block(
        top, "image", type="external", external={"url": "https://x.org/i.png"}, caption=rich("Sea")
    )
    notion.add_block(top, "transcription", title=rich("Meeting"))
    notion.add_block(top, "divider")
    notion.add_block(top, "unsupported")
    linked = rich("site", href="https://example.com/")
    notion.add_block(top, "callout", rich_text=[*rich("See the "), *linked, *rich("\nnow")], icon=None)
    assert text_of(notion, top, roots={top: ALL}) == (
        f'<h2 id="{heading.replace("-", "")}">Opening hours</h2>'
        "<p>More</p><blockquote><p>Inside</p></blockquote>"
        "<ul><li>One</li><li>Two<ol><li>Deeper</li></ol></li><li>☑ Done</li></ul>"
        "<table><tr><th>Name</th><th>Age</th></tr><tr><td>Ana</td><td>3</td></tr></table>"
        "<pre><code>a &lt; b\nb</code></pre><p>How</p>"
        '<p><a href="https://example.com/?a&amp;b">https://example.com/?a&amp;b</a></p>'
        "<p>a^2</p><p>Sea</p><p>Meeting</p>"
        '<p>See the <a href="https://example.com/">site</a><br>now</p>'
    )


def test_a_heading_is_cited_at_notion_s_own_address_of_it(notion):
    top = notion.add_page("Top")
    notion.share(top)
    heading = notion.add_text(top, "Opening hours", "heading_1")
    notion.add_text(top, "It opens at four.")
    connector = connector_of(notion, roots={top: ALL})
    [entry] = connector.scan()
    assert isinstance(entry, Entry)
    [section] = read(connector.fetch(entry)).sections
    assert (section.heading, section.anchor) == (("Opening hours",), heading.replace("-", ""))


def properties_of(notion):
    """Values of every kind of property."""
    ana = {"object": "user", "id": notion.person("ana")}
    return {
        "Status": {"id": "a", "type": "status", "status": {"name": "In use"}},
        "Kind": {"id": "b", "type": "select", "select": {"name": "Room & hall"}},
        "Tags": {"id": "c", "type": "multi_select", "multi_select": [{"name": "new"}, {"name": "big"}]},
        "When": {"id": "d", "type": "date", "date": {"start": "2026-03-01", "end": "2026-03-04"}},
        "Who": {"id": "e", "type": "people", "people": [ana, ana | {"id": "x", "name": "Zoe"}]},
        "Size": {"id": "f", "type": "number", "number": 0},
        "Note": {"id": "g", "type": "rich_text", "rich_text": rich("Keep <dry>")},
        "Safe": {"id": "h", "type": "checkbox", "checkbox": True},
        "Mail": {"id": "i", "type": "email", "email": "hall@acme.com"},
        "Sum": {"id": "j", "type": "formula", "formula": {"type": "number", "number": 4.5}},
        "No": {"id": "k", "type": "unique_id", "unique_id": {"prefix": "R", "number": 7}},
        "Files": {"id": "l", "type": "files", "files": [{"name": "plan.pdf", "type": "file", "file": {}}]},
        "Owner": {"id": "m", "type": "relation", "relation": [{"id": notion.person("x")}]},
        "Costs": {"id": "n", "type": "rollup", "rollup": {"type": "number", "number": 9}},
        "Empty": {"id": "o", "type": "select", "select": None},
        "Edited": {"id": "p", "type": "last_edited_time", "last_edited_time": "2026-03-01T09:00:00.000Z"},
    }


def test_the_properties_of_a_row_are_a_list_above_its_text(notion):
    database, rows = notion.add_database("Rooms")
    notion.share(database)
    row = notion.add_page("Hall", rows, **properties_of(notion))
    assert text_of(notion, row, roots={database: ALL}) == (
        "<ul><li>Files: plan.pdf</li><li>Kind: Room &amp; hall</li><li>Mail: hall@acme.com</li>"
        "<li>No: R-7</li><li>Note: Keep &lt;dry&gt;</li><li>Safe: ☑</li><li>Size: 0</li>"
        "<li>Status: In use</li><li>Sum: 4.5</li><li>Tags: new, big</li>"
        "<li>When: 2026-03-01 → 2026-03-04</li><li>Who: Ana García, Zoe</li></ul>"
    )


def test_a_property_that_names_many_people_is_read_whole(notion):
    database, rows = notion.add_database("Rooms")
    notion.share(database)
    many = [{"object": "user", "id": str(number), "name": f"Person {number}"} for number in range(60)]
    crowd = {"id": "a%3Ab", "type": "people", "people": many}
    row = notion.add_page("Hall", rows, Crowd=crowd)
    text = text_of(notion, row, roots={database: ALL})
    assert all(person["name"] in text for person in many)
    before = scan(notion, roots={database: ALL})[row]
    crowd["people"] = [*many[:-1], many[-1] | {"name": "Somebody else"}]
    assert scan(notion, roots={database: ALL})[row].revision != before.revision


def test_nothing_of_another_page_is_in_a_text(notion):
    """For that one may have other readers."""
    top, closed = page(notion, "Top"), page(notion, "Layoffs")
    for root in (top, closed):
        notion.share(root)
    page(notion, "Secret child", top)
    notion.add_block(top, "paragraph", rich_text=[*rich("See "), *mention("page", closed, "Layoffs")])
    original = notion.add_block(closed, "synced_block", synced_from=None)
    notion.add_text(original, "Hidden words.")
    notion.add_block(top, "synced_block", synced_from={"type": "block_id", "block_id": original})
    roots = {top: ALL, closed: HR}
    text = text_of(notion, top, roots=roots)
    assert f'See <a href="https://www.notion.so/{closed.replace("-", "")}">↗</a>' in text
    for word in ("Layoffs", "Secret child", "Hidden"):
        assert word not in text
    assert "Hidden words." in text_of(notion, closed, roots=roots)
    before = scan(notion, roots=roots)[top].revision
    notion.rename(closed, "Other title")
    assert scan(notion, roots=roots)[top].revision == before


def test_two_edits_within_one_minute_are_two_revisions(notion):
    top = page(notion, "Top")
    notion.share(top)
    revisions = set()
    for text in ("Six.", "Ten."):
        notion.write(top, ("paragraph", {"rich_text": rich(text)}))
        [entry] = scan(notion, roots={top: ALL}).values()
        revisions.add(entry.revision)
        assert entry.updated_at is not None
        assert entry.updated_at.second == 0
    assert len(revisions) == 2


def test_who_edited_is_told_where_the_connection_may_know_it(notion):
    top = page(notion, "Top")
    notion.share(top)
    notion.touch(top, by="luis")
    [entry] = scan(notion, roots={top: ALL}).values()
    assert entry.author == "Luis Soto"
    notion.tells_people = False
    [entry] = scan(notion, roots={top: ALL}).values()
    assert entry.author is None


# Files


def test_uploaded_files_are_documents_with_the_readers_of_their_page(notion):
    top = page(notion, "Top")
    notion.share(top)
    made = notion.add_file(top, "Plan.pdf", PDF)
    notion.add_file(top, "movie.mp4", b"film")
    notion.add_block(top, "pdf", type="external", external={"url": "https://example.com/x.pdf"}, caption=[])
    connector = connector_of(notion, roots={top: HR})
    listed = {entry.id: entry for entry in connector.scan() if isinstance(entry, Entry)}
    assert set(listed) == {top, f"file/{made}"}
    entry = listed[f"file/{made}"]
    assert (entry.title, entry.media_type, entry.readers) == ("Plan.pdf", "application/pdf", frozenset(HR))
    assert connector.ignored(entry.id) is None
    content = connector.fetch(entry)
    assert (content.data, content.name) == (PDF, "Plan.pdf")
    with pytest.raises(DocumentError, match="max_mb"):
        connector_of(notion, roots={top: HR}, max_mb=0.00001).fetch(entry)
    assert scan(notion, roots={top: HR}) == listed, "an address that is signed anew is no change"
    notion.put_file(made, "Plan.pdf", PDF + b"%")
    again = scan(notion, roots={top: HR})[entry.id]
    assert again.revision != entry.revision
    assert connector.fetch(again).data == PDF + b"%"
    notion.erase(made)
    with pytest.raises(DocumentError, match="gone"):
        connector.fetch(again)


def test_addresses_of_files_are_kept_nowhere(notion, restored_logging):
    logged = StringIO()
    start_logging(LogSettings(level="debug"), stream=logged)
    top = page(notion, "Top")
    notion.share(top)
    notion.add_file(top, "Plan.pdf", PDF)
    connector = connector_of(notion, roots={top: ALL})
    for entry in connector.scan():
        assert isinstance(entry, Entry)
        assert "signature" not in f"{entry!r} {connector.fetch(entry).data.decode()}"
    assert notion.signed
    assert "signature" not in logged.getvalue()
