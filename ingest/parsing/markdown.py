"""Markdown as wikis and static sites write it: front matter, template tags and all.

unstructured's `partition_md` was measured on 346 wiki pages and left: it reads front matter, comments and
template tags aloud (2,798 words of 216,600), loses 891 words (folded `<details>`) and takes seven times as
long.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import yaml
from markdown_it import MarkdownIt

from ingest.documents import Content, Document
from ingest.parsing.dates import read_date
from ingest.parsing.markup import parse_markup, read_tree
from ingest.parsing.text import clean, decode, flat
from ingest.parsing.unseen.markup import remove_unseen

_AUTHOR = ("author", "authors")
_DATE = (
    "updated", "updated_at", "last_updated", "modified", "last_modified", "last-modified", "lastmod", "date",
)  # fmt: skip

_YAML = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_TOML = re.compile(r"\A\+\+\+[ \t]*\n(.*?)\n\+\+\+[ \t]*(?:\n|\Z)", re.DOTALL)
_FENCE = re.compile(r"^ {0,3}(?:[-*+>] +)*(```+|~~~+)")

# Jinja, Liquid, Nunjucks, Hugo: {% tag %}, {{ value }}, {{< shortcode >}}, {# comment #}; of MDX and kramdown
# the comments. Within code they are code.
_COMMENT_BLOCK = re.compile(
    r"(?P<code>(?P<ticks>`+)(?!`)(?:(?!\n[ \t]*\n).)+?(?<!`)(?P=ticks)(?!`))"
    r"|{%-?\s*comment\s*-?%}.*?{%-?\s*endcomment\s*-?%}|{#.*?#}(?!\w)|<!--.*?-->"
    r"|{/\*.*?\*/}|{::comment}.*?{:/(?:comment)?}",
    re.DOTALL,
)
_CHANNEL = re.compile(r"""{%-?\s*\w*channel\w*\s+["']#?([^"']+)["'][^%]*%}""")
_RAW = re.compile(r"{%-?\s*(?:end)?(?:raw|verbatim)\s*-?%}")
_TAG = re.compile(r"{%.{0,2000}?%}|{{.{0,2000}?}}", re.DOTALL)
_LINK_TAG = re.compile(r"\]\(\s*(?:{%.{0,2000}?%}|{{.{0,2000}?}})[^)\n]*\)", re.DOTALL)
_CODE_SPAN = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)

_ATTRIBUTES = re.compile(r"[ \t]*{:[^}\n]*}")
_HIDING = re.compile(r"style\s*=|hidden|\.(?:sr-only|d-none|visually-hidden)")
_HEADING_ID = re.compile(r"^(#{1,6} .*?)[ \t]*{#([\w.:-]+)[^}\n]*}[ \t]*$", re.MULTILINE)
_DIRECTIVE = re.compile(r"^[ \t]*:::+.*$", re.MULTILINE)
_CONTENTS = re.compile(r"^[ \t]*\[\[?_?toc_?\]?\][ \t]*$", re.MULTILINE | re.IGNORECASE)
_WIKI_LINK = re.compile(r"(?<!!)\[\[(?:[^\]|\n]*\|)?([^\]|\n]+)\]\](?!\()")
_MARK_TAG = "attributes-of-text"
"""Holds the place of kramdown's `{: …}`, whose attributes are those of the text before it."""
_CHECKBOX = re.compile(r"^([ \t]*(?:[-*+]|\d+[.)]) +)\[[ xX]\] +", re.MULTILINE)


def read_md(content: Content, languages: Sequence[str]) -> Document:  # noqa: ARG001 (a reader's signature)
    """A Markdown page: sections with anchors as GitHub and the wikis make them, and its front matter."""
    front, body = split_front_matter(clean(decode(content.data)))
    page = parse_markup(_renderer().render(_without_templates(body)))
    for mark in list(page.iter(_MARK_TAG)):
        _attach(mark)
    remove_unseen(page)
    document = read_tree(page, slug)
    return replace(
        document,
        title=_text(front.get("title")) or document.title,
        author=next(filter(None, (_text(front.get(key)) for key in _AUTHOR)), None),
        updated_at=next(filter(None, (read_date(front.get(key)) for key in _DATE)), None),
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
        _RAW.sub("", part) if fenced else _clean_prose(_COMMENT_BLOCK.sub(_without_comment, part))
        for fenced, part in _split(text)
    )


def _without_comment(found: re.Match[str]) -> str:
    return found["code"] or ""


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
    text = _ATTRIBUTES.sub(_mark, text)
    for pattern in (_DIRECTIVE, _CONTENTS):
        text = pattern.sub("", text)
    text = _HEADING_ID.sub(r'\1 <a id="\2"></a>', text)
    text = _CHECKBOX.sub(r"\1", _WIKI_LINK.sub(r"\1", text))
    return re.sub("\x00(\\d+)\x00", lambda found: spans[int(found[1])], text)


def _mark(found: re.Match[str]) -> str:
    """Attributes that hide what they belong to, as a tag; others out."""
    attributes = found[0].strip()[2:-1]
    if not _HIDING.search(attributes):
        return ""
    classes = " ".join(re.findall(r"(?<!\S)\.([\w-]+)", attributes))
    named = " ".join(re.findall(r"""[\w-]+\s*=\s*(?:"[^"<>]*"|'[^'<>]*')""", attributes))
    return f'<{_MARK_TAG} class="{classes}" {named}></{_MARK_TAG}>'


def _attach(mark: Any) -> None:
    """Give a mark's attributes to the element right before it, else to the one that it closes."""
    owner = mark.getparent()
    if not owner.text_content().strip() and owner.getprevious() is not None:  # it stands below a heading
        owner = owner.getprevious()
    elif (before := mark.getprevious()) is not None and not (before.tail or "").strip(" "):
        owner = before
    for name, value in mark.attrib.items():
        owner.set(name, value)
    mark.drop_tree()


def _text(value: object) -> str | None:
    """A name or several, each plain or as `name:` of a block. No deeper: YAML's aliases nest without end."""
    names = value if isinstance(value, list) else [value]
    plain = (name.get("name") if isinstance(name, dict) else name for name in names)
    return ", ".join(flat(str(name)) for name in plain if isinstance(name, str | int | float | date)) or None
