"""From sections to chunks: structure first, then size.

A chunk is what gets embedded, found and quoted, so it is one stretch of one topic: it never mixes pages, it
begins under one heading, a table's rows carry their header, and a list keeps the sentence that leads into it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby

from ingest.documents import Chunk, Kind, Section, chunk_ids, embedded_text

Count = Callable[[str], int]

VERSION = 1
"""Raise it when the same sections give other chunks: documents are then chunked again."""

_CELLS = " | "

TARGET = 256
"""Tokens of a chunk as embedded: what small models read at once, and as much as a quote needs around it."""
_LEAST = 64
"""Tokens. Left to the text below even the longest headings, where the limit allows."""
_TINY = 24
"""Tokens. A section below this says too little to be found alone and joins a neighbour."""
_SHORT_LEAD = 48
"""Tokens. A lead-in up to this long is repeated over each part of its list."""
_TELLING = 80
"""Letters. Less text than this does not tell its language; the document's is taken."""

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Block:
    """A section, or a piece of one that fits a chunk."""

    text: str
    section: Section
    tokens: int


@dataclass(frozen=True, slots=True)
class _Group:
    """Neighbouring blocks under one heading, on one page."""

    heading: Path
    page: int | None
    blocks: list[_Block]

    @property
    def tokens(self) -> int:
        return sum(block.tokens for block in self.blocks)


def chunk(
    document_id: str,
    title: str,
    sections: Sequence[Section],
    count: Count,
    limit: int,
    detect: Callable[[str], str],
) -> list[Chunk]:
    """Cut a document into chunks, in reading order.

    `count` tells the tokens of a text as the embedding model counts them, `limit` how many it reads at most:
    no chunk's embedded text (title and headings included) has more, unless the title alone has. `detect`
    tells a text's language (ISO 639-1). The same sections always give the same chunks.
    """
    cutter = _Cutter(title, count, limit)
    pieces = [piece for group in cutter.group(sections) for piece in cutter.cut(group)]
    texts = ["\n".join(block.text for block in piece.blocks) for piece in pieces]
    ids = chunk_ids(
        document_id, [embedded_text(title, p.heading, t) for p, t in zip(pieces, texts, strict=True)]
    )
    main_language = cache(lambda: detect(_prose(sections)))
    return [
        Chunk(
            id=id_,
            text=text,
            heading=piece.heading,
            anchor=piece.blocks[0].section.anchor,
            page=piece.page,
            language=detect(text) if sum(map(str.isalpha, text)) >= _TELLING else main_language(),
            kind=_kind(piece.blocks),
        )
        for id_, piece, text in zip(ids, pieces, texts, strict=True)
    ]


class _Cutter:
    """The sizes that hold for one document under one embedding model."""

    def __init__(self, title: str, count: Count, limit: int) -> None:
        self._title = title
        self._count = count
        self._limit = limit
        self._rooms: dict[Path, int] = {}

    def group(self, sections: Sequence[Section]) -> list[_Group]:
        """Sections by heading and page; tiny groups joined to a neighbour of the same page and parent."""
        groups: list[_Group] = []
        for (heading, page), members in groupby(
            sections, key=lambda section: (section.heading, section.page)
        ):
            path = self._shorten(heading)
            blocks = [block for section in members for block in self._split(section, self._room(path))]
            group = _Group(path, page, blocks)
            joined = self._join(groups[-1], group) if groups else None
            if joined:
                groups[-1] = joined
            elif blocks:
                groups.append(group)
        return groups

    def cut(self, group: _Group) -> Iterator[_Group]:
        """A group as pieces of about equal size, none larger than the room under its heading."""
        room = self._room(group.heading)
        parts = math.ceil(group.tokens / room)
        fair = group.tokens / parts
        lead: _Block | None = None
        piece: list[_Block] = []
        size = 0
        for unit in _units(group.blocks):
            tokens = sum(block.tokens for block in unit)
            if piece and (size + tokens > room or (parts > 1 and size + tokens / 2 > fair)):
                yield from self._fit(_Group(group.heading, group.page, piece))
                piece = [lead] if lead and unit[0].section.kind is Kind.ITEM else []
                size = sum(block.tokens for block in piece)
            piece = piece + unit
            size += tokens
            if len(unit) > 1:
                lead = unit[0] if unit[0].tokens <= _SHORT_LEAD else None
            elif unit[0].section.kind is not Kind.ITEM:
                lead = None
        if piece:
            yield from self._fit(_Group(group.heading, group.page, piece))

    def _fit(self, group: _Group) -> Iterator[_Group]:
        """The group itself, or halves of it: the last word on size, for token counts that do not add up."""
        text = "\n".join(block.text for block in group.blocks)
        blocks = group.blocks
        if self._count(embedded_text(self._title, group.heading, text)) <= self._limit or len(text) < 2:
            yield group
            return
        if len(blocks) > 1:
            middle = len(blocks) // 2
            halves = [blocks[:middle], blocks[middle:]]
        else:
            middle = text.rfind(" ", 1, len(text) // 2 + 1)
            middle = middle if middle > 0 else len(text) // 2
            halves = [
                [_Block(half, blocks[0].section, self._count(half))]
                for half in (text[:middle].strip(), text[middle:].strip())
                if half
            ]
        for half in halves:
            yield from self._fit(_Group(group.heading, group.page, half))

    def _join(self, above: _Group, below: _Group) -> _Group | None:
        """Both groups as one, if they are too small to stand alone and have a heading in common.

        That is: a tiny introduction and its first subsection, or two tiny subsections of one section.
        """
        if above.page != below.page or above.tokens >= _TINY:
            return None
        shared = _shared(above.heading, below.heading)
        introduces = shared == above.heading
        if not introduces and (not shared or below.tokens >= _TINY):
            return None
        blocks = [*self._under(above, shared), *self._under(below, shared)]
        joined = _Group(shared, above.page, blocks)
        return joined if joined.tokens <= self._room(shared) else None

    def _under(self, group: _Group, heading: Path) -> list[_Block]:
        """A group's blocks, led by the headings that a chunk under `heading` would not tell."""
        rest = " > ".join(group.heading[len(heading) :])
        if not rest or not group.blocks:
            return group.blocks
        return [_Block(rest, group.blocks[0].section, self._count(rest)), *group.blocks]

    def _room(self, heading: Path) -> int:
        """Tokens for a chunk's own text below the title and these headings."""
        if heading not in self._rooms:
            above = self._count(embedded_text(self._title, heading, ""))
            self._rooms[heading] = max(min(self._limit, TARGET) - above, min(self._limit - above, _LEAST), 8)
        return self._rooms[heading]

    def _shorten(self, heading: Path) -> Path:
        """The innermost headings that leave at least half of the limit to the text."""
        while heading and self._count(embedded_text(self._title, heading, "")) > self._limit // 2:
            heading = heading[1:]
        return heading

    def _split(self, section: Section, room: int) -> list[_Block]:
        tokens = self._count(section.text)
        if tokens <= room:
            texts = [section.text] if section.text.strip() else []
        elif section.kind is Kind.TABLE:
            texts = self._split_rows(section.text.split("\n"), room)
        elif section.kind is Kind.CODE:
            texts = self._pack(section.text.split("\n"), room)
        else:
            texts = self._split_words(section.text, room)
        return [_Block(text, section, self._count(text)) for text in texts]

    def _split_rows(self, rows: Sequence[str], room: int) -> list[str]:
        """Parts of a table, each with the header row on top."""
        header, body = rows[0], rows[1:]
        above, nameless = self._count(header), _CELLS.join([""] * (header.count(_CELLS) + 1))
        if not body or (above > room // 2 and _CELLS not in header):
            return self._pack(rows, room)
        first = []
        if above > room // 2:
            # Too long to repeat. An empty row instead, or the first row of a part would name the columns.
            first, header, above = self._pack([header], room), nameless, self._count(nameless)
        return [*first, *(f"{header}\n{part}" for part in self._pack(body, room - above))]

    def _pack(self, lines: Sequence[str], room: int) -> list[str]:
        """Lines in as few parts as fit; a line that is too long for one is split between words."""
        parts: list[list[str]] = [[]]
        size = 0
        for line in lines:
            tokens = self._count(line)
            for piece in [line] if tokens <= room else self._split_words(line, room):
                tokens = self._count(piece)
                if parts[-1] and size + tokens > room:
                    parts.append([])
                    size = 0
                parts[-1].append(piece)
                size += tokens
        return [text for part in parts if (text := "\n".join(part)).strip()]

    def _split_words(self, text: str, room: int) -> list[str]:
        """Parts of a text, cut between sentences where possible, else between words."""
        from semantic_text_splitter import TextSplitter

        return TextSplitter.from_callback(self._count, room).chunks(text)


def _units(blocks: Sequence[_Block]) -> Iterator[list[_Block]]:
    """Blocks that may not be parted: a lead-in goes with the first item, rows or lines that it announces."""
    waiting: _Block | None = None
    for block in blocks:
        if waiting is not None:
            if block.section.kind is Kind.TEXT:
                yield [waiting]
            else:
                yield [waiting, block]
                waiting = None
                continue
        waiting = block if block.section.kind is Kind.TEXT else None
        if waiting is None:
            yield [block]
    if waiting is not None:
        yield [waiting]


def _shared(one: Path, other: Path) -> Path:
    length = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        length += 1
    return one[:length]


def _kind(blocks: Sequence[_Block]) -> Kind:
    """The kind that most of a chunk's text is of."""
    sizes: dict[Kind, int] = {}
    for block in blocks:
        sizes[block.section.kind] = sizes.get(block.section.kind, 0) + len(block.text)
    return max(sizes, key=lambda kind: sizes[kind])


def _prose(sections: Sequence[Section]) -> str:
    """The first few thousand characters of running text, which tell a document's language."""
    kept: list[str] = []
    size = 0
    for section in sorted(sections, key=lambda section: section.kind is Kind.CODE):
        if size > 4000:
            break
        kept.append(section.text[:1000])
        size += len(kept[-1])
    return "\n".join(kept)
