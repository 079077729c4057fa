"""Pages of Notion as HTML: the properties of a database's row as a list, and blocks below it.

Left out is whatever belongs to another page, for that one may have other readers: the titles of pages that
are mentioned, linked to or lie below, the values of relations and rollups, and copies of synced blocks.
Addresses of uploaded files are left out as well: whoever has one may read the file, for an hour.
The kinds of blocks and values: https://developers.notion.com/reference/block and
https://developers.notion.com/reference/property-value-object.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import Any
from uuid import UUID

Json = dict[str, Any]

SITE = "https://www.notion.so/"
"""Where people read; it sends on to wherever the page is."""
_ELSEWHERE = "↗"
"""Stands for a page that is mentioned."""
_LISTS = {"bulleted_list_item": "ul", "to_do": "ul", "numbered_list_item": "ol"}
_HEADINGS = {f"heading_{level}": f"h{level}" for level in range(1, 5)}
_LINKS = frozenset({"bookmark", "embed", "link_preview"})
_MEDIA = frozenset({"file", "pdf", "image", "video", "audio"})
_OTHER_PAGES = frozenset({"page", "database", "data_source"})
_CLOSED = frozenset({"child_page", "child_database", "link_to_page", "unsupported"})
"""Blocks into which is not looked: other pages, and what Notion's API does not give."""


@dataclass(frozen=True)
class Block:
    """A block, and what is in it."""

    said: Json
    below: tuple[Block, ...] = ()

    @property
    def kind(self) -> str:
        """As `paragraph`."""
        return str(self.said.get("type"))

    @property
    def content(self) -> Json:
        """What a block of its kind holds."""
        return self.said.get(self.kind) or {}


def is_closed(said: Json) -> bool:
    """Whether what is in a block is no part of its page: it is a page, or the copy of a synced block."""
    return said.get("type") in _CLOSED or bool((said.get("synced_block") or {}).get("synced_from"))


def walk(blocks: Iterable[Block]) -> Iterator[Block]:
    """All blocks of a page, as they stand in it."""
    for block in blocks:
        yield block
        yield from walk(block.below)


def address_of(page: str, block: str | None = None) -> str:
    """Where people read a page, or a block of it."""
    return f"{SITE}{UUID(page).hex}" + (f"#{UUID(block).hex}" if block else "")


def render(properties: Mapping[str, Json], blocks: Sequence[Block], names: Mapping[str, str]) -> str:
    """The text of a page as HTML, without its title; empty where it has none. `names` are those of people."""
    told = ((name, _value(value, names)) for name, value in sorted(properties.items()))
    items = "".join(f"<li>{escape(name)}: {value}</li>" for name, value in told if value)
    return (f"<ul>{items}</ul>" if items else "") + _all(blocks)


def whole(text: str) -> bytes:
    """A document of what `render` gave."""
    return f'<!doctype html><meta charset="utf-8"><body>{text}</body>'.encode()


def plain(text: Iterable[Json]) -> str:
    """Rich text as one line."""
    return " ".join("".join(_ELSEWHERE if _is_other(one) else _plain(one) for one in text).split())


# Blocks


def _all(blocks: Iterable[Block]) -> str:
    made = []
    for tag, group in groupby(blocks, lambda block: _LISTS.get(block.kind)):
        inner = "".join(_item(block) if tag else _block(block) for block in group)
        made.append(f"<{tag}>{inner}</{tag}>" if tag else inner)
    return "".join(made)


def _item(block: Block) -> str:
    box = {True: "☑ ", False: "☐ "}[bool(block.content.get("checked"))] if block.kind == "to_do" else ""
    return f"<li>{box}{_rich(block.content.get('rich_text'))}{_all(block.below)}</li>"


def _block(block: Block) -> str:
    content, kind = block.content, block.kind
    text = _rich(content.get("rich_text"))
    if is_closed(block.said):
        return ""
    if tag := _HEADINGS.get(kind):
        # Notion's own address of a heading is that of its block.
        head = f'<{tag} id="{UUID(block.said["id"]).hex}">{text}</{tag}>' if text else ""
        return head + _all(block.below)
    if kind == "code":
        return f"<pre><code>{text.replace('<br>', chr(10))}</code></pre>{_caption(content)}"
    if kind == "quote":
        return f"<blockquote>{_paragraph(text)}{_all(block.below)}</blockquote>"
    if kind == "table":
        return _table(block)
    if kind == "equation":
        return _paragraph(escape(str(content.get("expression") or "")))
    if kind in _LINKS:
        return _paragraph(_link(content.get("url"), plain(content.get("caption") or ())))
    if kind in _MEDIA:
        return _paragraph(_medium(kind, content)) + _caption(content)
    if not text and isinstance(content.get("title"), list):
        text = _rich(content["title"])
    return _paragraph(text) + _all(block.below)


def _paragraph(text: str) -> str:
    return f"<p>{text}</p>" if text else ""


def _caption(content: Json) -> str:
    return _paragraph(_rich(content.get("caption")))


def _table(block: Block) -> str:
    rows = []
    for number, row in enumerate(block.below):
        tag = "th" if number == 0 and block.content.get("has_column_header") else "td"
        cells = "".join(f"<{tag}>{_rich(cell)}</{tag}>" for cell in row.content.get("cells") or ())
        rows.append(f"<tr>{cells}</tr>")
    return f"<table>{''.join(rows)}</table>" if rows else ""


def _medium(kind: str, content: Json) -> str:
    """The name of a file, or where it is on the web."""
    if kind == "image":
        return ""
    if content.get("type") == "external":
        return _link((content.get("external") or {}).get("url"), str(content.get("name") or ""))
    return escape(str(content.get("name") or "")) if kind in {"file", "pdf"} else ""


def _link(url: object, text: str) -> str:
    address = str(url or "")
    if address.startswith("/"):
        address = SITE + address.lstrip("/")  # another page of Notion
    if not address.startswith(("https://", "http://", "mailto:")):
        return escape(text)
    return f'<a href="{escape(address)}">{escape(text or address)}</a>'


# Rich text


def _rich(text: Iterable[Json] | None) -> str:
    """https://developers.notion.com/reference/rich-text"""
    return "".join(_run(one) for one in text or ())


def _run(one: Json) -> str:
    if _is_other(one):
        mentioned = one["mention"]
        return _link(address_of(mentioned[mentioned["type"]]["id"]), _ELSEWHERE)
    lines = _plain(one).split("\n")
    if one.get("href"):
        return "<br>".join(_link(one["href"], line) for line in lines)
    return "<br>".join(escape(line) for line in lines)


def _is_other(one: Json) -> bool:
    return (one.get("mention") or {}).get("type") in _OTHER_PAGES


def _plain(one: Json) -> str:
    return str(one.get("plain_text") or "")


# Properties


def _value(property_: Json, names: Mapping[str, str]) -> str:  # noqa: C901 - one line for each kind
    """The value of a property as HTML; empty where there is none, or none that is told."""
    kind = str(property_.get("type"))
    value = property_.get(kind)
    if value in (None, "", []):
        return ""
    if kind == "rich_text":
        return _rich(value)
    if kind in {"select", "status"}:
        return escape(str(value.get("name") or ""))
    if kind in {"multi_select", "files"}:
        return escape(", ".join(str(one.get("name") or "") for one in value))
    if kind == "people":
        people = [str(one.get("name") or names.get(str(one.get("id")), "")) for one in value]
        return escape(", ".join(name for name in people if name))
    if kind == "date":
        return escape(" → ".join(str(value[end]) for end in ("start", "end") if value.get(end)))
    if kind in {"checkbox", "boolean"}:
        return "☑" if value else "☐"
    if kind == "unique_id":
        return escape("-".join(str(value[part]) for part in ("prefix", "number") if value.get(part)))
    if kind == "formula":
        return _value(value, names)
    if kind in {"number", "string", "url", "email", "phone_number"}:
        return escape(str(value))
    return ""
