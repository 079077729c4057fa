"""Golden questions: a company's own questions with the words that a right answer must quote."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from config.errors import ConfigError


class Golden(BaseModel):
    """One question and what is known of its answer."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    question: str
    lang: str = ""
    document: str | None = None
    """Path, address or id of the document that answers; None where none does."""
    also_ok: tuple[str, ...] = ()
    answer_spans: tuple[str, ...] = ()
    """Alternatives: any of them, quoted, is the answer."""
    answerable: bool = True
    kind: str = ""

    @property
    def documents(self) -> tuple[str, ...]:
        """Every document that a right answer may come from."""
        return ((self.document,) if self.document else ()) + self.also_ok


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of a SQuAD file, which makes a document of its own."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class GoldenFile:
    """Golden questions, and the paragraphs that they are asked about where the file brings them."""

    questions: tuple[Golden, ...]
    paragraphs: tuple[Paragraph, ...] = ()


def read_golden(path: Path) -> GoldenFile:
    """Read lines of JSON, or a file in SQuAD's format (1.1 or 2.0).

    Raises `ConfigError` naming the line that is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read as text: {error}") from error
    whole = _json(text)
    if isinstance(whole, dict) and "data" in whole:
        return _read_squad(path, whole["data"])
    return GoldenFile(tuple(_read_lines(path, text)))


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return None  # lines of JSON are no JSON document


def _read_lines(path: Path, text: str) -> Iterator[Golden]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            yield Golden.model_validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            place = "".join(f" {step}:" for step in first["loc"])
            raise ConfigError(f"{path}, line {number}:{place} {first['msg']}") from error


def _read_squad(path: Path, articles: Any) -> GoldenFile:
    questions: list[Golden] = []
    paragraphs: list[Paragraph] = []
    try:
        for article in articles:
            for each in article["paragraphs"]:
                # A number, not the article's title: a title would give the answer's place away.
                name = f"{len(paragraphs) + 1:05}.txt"
                paragraphs.append(Paragraph(name, each["context"]))
                for asked in each["qas"]:
                    impossible = asked.get("is_impossible", False)
                    questions.append(
                        Golden(
                            id=str(asked["id"]),
                            question=asked["question"],
                            document=None if impossible else name,
                            answer_spans=tuple(answer["text"] for answer in asked["answers"]),
                            answerable=not impossible,
                            kind="near miss" if impossible else "squad",
                        )
                    )
    except KeyError as error:
        raise ConfigError(f"{path} is not in SQuAD's format: {error} is missing") from error
    except (AttributeError, TypeError, ValidationError) as error:
        raise ConfigError(f"{path} is not in SQuAD's format: something else was expected: {error}") from error
    return GoldenFile(tuple(questions), tuple(paragraphs))
