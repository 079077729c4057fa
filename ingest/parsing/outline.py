"""Sections gathered under headings that are told apart by guessing: large print, a style, a slide's title."""

from __future__ import annotations

from ingest.documents import Kind, Section


class Outline:
    """Collects a document's sections in reading order.

    A heading that nothing follows is kept as text: it may be a cover, or no heading at all.
    """

    def __init__(self) -> None:
        self.title: str | None = None
        """The first heading."""
        self._sections: list[Section] = []
        self._path: list[tuple[int, str]] = []
        self._lonely: Section | None = None

    def open(self, level: int, text: str, page: int | None = None) -> None:
        """A heading; it ends those of the same level (1 is the outermost) and below."""
        if self._lonely is not None and (
            not self._path or self._path[-1][0] >= level or self._lonely.page != page
        ):
            self._sections.append(self._lonely)
        self._path = [part for part in self._path if part[0] < level]
        self._lonely = Section(text, heading=self._heading(), page=page)
        self._path.append((level, text))
        self.title = self.title or text

    def add(self, text: str, kind: Kind = Kind.TEXT, page: int | None = None) -> None:
        """A section under the open headings. Nothing is added for empty text."""
        if text.strip():
            self._lonely = None
            self._sections.append(Section(text, kind, self._heading(), page=page))

    def close(self) -> tuple[Section, ...]:
        """Everything gathered."""
        if self._lonely is not None:
            self._sections.append(self._lonely)
            self._lonely = None
        return tuple(self._sections)

    def _heading(self) -> tuple[str, ...]:
        return tuple(text for _, text in self._path)
