"""What tests read of a stand-in of Notion, by the connector."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ingest.connectors import Connector, connect
from ingest.documents import Entry
from tests.ingest.connectors.fake_notion import TOKEN, FakeNotion

HR, ALL = ["group:hr"], ["everyone"]
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"


def connector_of(notion: FakeNotion, **options: Any) -> Connector:
    given = {"name": "notes", "url": notion.url, "token": TOKEN, **options}
    return connect("notion", given, Path(), None)


def scan(notion: FakeNotion, **options: Any) -> dict[str, Entry]:
    listed = [entry for entry in connector_of(notion, **options).scan() if isinstance(entry, Entry)]
    assert len({entry.id for entry in listed}) == len(listed)
    return {entry.id: entry for entry in listed}


def page(notion: FakeNotion, title: str, above: str | None = None, **properties: Any) -> str:
    """A page with a text."""
    made = notion.add_page(title, above, **properties)
    notion.add_text(made, f"Words of {title}.")
    return made


def text_of(notion: FakeNotion, entry: str, **options: Any) -> str:
    connector = connector_of(notion, **options)
    [listed] = [one for one in connector.scan() if one.id == entry]
    assert isinstance(listed, Entry)
    return connector.fetch(listed).data.decode().partition("<body>")[2].removesuffix("</body>")
