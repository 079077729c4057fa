"""Where Notion's description of its API comes from."""

import json

import pytest

from tests.services import MissingServer, notion_openapi
from tests.services.fixtures import here
from tests.services.notion_openapi import NotionDocument


def test_the_document_describes_the_version_that_is_asked():
    document = json.loads(here(NotionDocument.find_program).read_text(encoding="utf-8"))
    assert "2025-09-03" in document["info"]["description"]


def test_a_package_that_is_not_the_pinned_one_is_not_used():
    with pytest.raises(MissingServer, match="not what is pinned"):
        notion_openapi._document(b"another")


def test_where_it_is_not_here_it_is_named_with_what_gets_it(tmp_path, monkeypatch):
    monkeypatch.setattr(notion_openapi, "cache_folder", lambda: tmp_path)
    with pytest.raises(MissingServer, match="`make test` gets it"):
        NotionDocument.find_program()
