"""Markdown as wikis and static sites write it: front matter, template tags and all."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import yaml
from markdown_it import MarkdownIt

from ingest.documents import Content, Document
from ingest.parsing.markup import read_markup
from ingest.parsing.text import clean, decode, flat

_YAML = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_TOML = re.compile(r"\A\+\+\+[ \t]*\n(.*?)\n\+\+\+[ \t]*(?:\n|\Z)", re.DOTALL)
_FENCE = re.compile(r"^ {0,3}(?:[-*+>] +)*(```+|~~~+)")

# Jinja, Liquid, Nunjucks, Hugo: {% tag %}, {{ value }}, {{< shortcode >}}, {# comment #}
_COMMENT_BLOCK = re.compile(
    r"{%-?\s*comment\s*-?%}.*?{%-?\s*endcomment\s*-?%}|{#.*?#}(?!\w)|<!--.*?-->", re.DOTALL
)
_CHANNEL = re.compile(r"""{%-?\s*\w*channel\w*\s+["']#?([^"']+)["'][^%]*%}""")
_RAW = re.compile(r"{%-?\s*(?:end)?(?:raw|verbatim)\s*-?%}")
_TAG = re.compile(r"{%.*?%}|{{.*?}}", re.DOTALL)
_LINK_TAG = re.compile(r"\]\(\s*(?:{%.*?%}|{{.*?}})[^)\n]*\)", re.DOTALL)
_CODE_SPAN = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)

_ATTRIBUTES = re.compile(r"[ \t]*{:[^}\n]*}")
_HEADING_ID = re.compile(r"^(#{1,6} .*?)[ \t]*{#([\w.:-]+)[^}\n]*}[ \t]*$", re.MULTILINE)
_DIRECTIVE = re.compile(r"^[ \t]*:::+.*$", re.MULTILINE)
_CONTENTS = re.compile(r"^[ \t]*\[\[?_?toc_?\]?\][ \t]*$", re.MULTILINE | re.IGNORECASE)
_WIKI_LINK = re.compile(r"(?<!!)\[\[(?:[^\]|\n]*\|)?([^\]|\n]+)\]\](?!\()")
_CHECKBOX = re.compile(r"^([ \t]*(?:[-*+]|\d+[.)]) +)\[[ xX]\] +", re.MULTILINE)


def read_md(content: Content, languages: Sequence[str]) -> Document:  # noqa: ARG001 (a reader's signature)
    """A Markdown page: sections with anchors as GitHub and the wikis make them, and its front matter."""
    front, body = split_front_matter(clean(decode(content.data)))
    page = _renderer().render(_without_templates(body))
    document = read_markup(page, slug)
    author = front.get("author") or front.get("authors")
    return replace(
        document,
        title=_text(front.get("title")) or document.title,
        author=_text(author),
        updated_at=next(
            filter(None, (_time(front.get(key)) for key in ("updated", "last_modified", "lastmod", "date"))),
            None,
        ),
    )


def split_front_matter(text: str) -> tuple[Mapping[str, Any], str]:
    """The metadata block at the top (YAML or TOML) and the rest. A block that is neither stays text."""
    for pattern, load in ((_YAML, yaml.safe_load), (_TOML, tomllib.loads)):
        if found := pattern.match(text):
            try:
                front = load(found[1])
            except (yaml.YAMLError, tomllib.TOMLDecodeError, ValueError):
                # Broken metadata is not worth losing the page: only the block is given up.
                return {}, text[found.end() :]
            if isinstance(front, dict):
                return {str(key).lower(): value for key, value in front.items()}, text[found.end() :]
    return {}, text


def slug(heading: str) -> str:
    """The anchor of a heading: small letters, punctuation out, spaces to hyphens; accents stay."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _renderer() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def _without_templates(text: str) -> str:
    """Template tags and other marks of the site's generator out; fenced code as it stands."""
    return "".join(
        _RAW.sub("", part) if fenced else _clean_prose(_COMMENT_BLOCK.sub("", part))
        for fenced, part in _split(text)
    )


def _split(text: str) -> Iterator[tuple[bool, str]]:
    """The text in order, as stretches that are fenced code (True) or not."""
    fence: str | None = None
    lines: list[str] = []
    for line in text.splitlines(keepends=True):
        mark = _FENCE.match(line)
        closes = fence is not None and line.strip().startswith(fence) and not line.strip().strip(fence[0])
        if fence is None and mark:
            yield False, "".join(lines)
            fence, lines = mark[1], []
        lines.append(line)
        if closes:
            yield True, "".join(lines)
            fence, lines = None, []
    yield fence is not None, "".join(lines)


def _clean_prose(text: str) -> str:
    spans: list[str] = []

    def keep(found: re.Match[str]) -> str:
        spans.append(found[0])
        return f"\x00{len(spans) - 1}\x00"

    text = _LINK_TAG.sub("](#)", _RAW.sub("", text))
    text = _CHANNEL.sub(r"#\1", text)
    text = _CODE_SPAN.sub(keep, text)
    text = _TAG.sub("", text)
    for pattern in (_ATTRIBUTES, _DIRECTIVE, _CONTENTS):
        text = pattern.sub("", text)
    text = _HEADING_ID.sub(r'\1 <a id="\2"></a>', text)
    text = _CHECKBOX.sub(r"\1", _WIKI_LINK.sub(r"\1", text))
    return re.sub("\x00(\\d+)\x00", lambda found: spans[int(found[1])], text)


def _text(value: object) -> str | None:
    if isinstance(value, list):
        value = ", ".join(filter(None, (_text(item) for item in value)))
    if isinstance(value, dict):
        value = value.get("name")
    return flat(str(value)) or None if value is not None else None


def _time(value: object) -> datetime | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    if not isinstance(value, datetime):
        return None
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
