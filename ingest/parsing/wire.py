"""What goes over the pipes between the parent and a parsing child: frames of a length and as many bytes."""

from __future__ import annotations

import json
import struct
from dataclasses import asdict, dataclass
from functools import cache
from typing import BinaryIO

from pydantic import TypeAdapter

from ingest.documents import Content, Document

_LENGTH = struct.Struct(">Q")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one child process, and one document in it, may use."""

    memory_mb: int = 800
    """Memory of a child's own data; tesseract and pandoc, which it may start, each get the same."""
    seconds: float = 60
    """Wall clock and processor time for one document, all that it starts included."""
    processes: int = 2
    """Children that parse at the same time."""
    max_mb: int = 100
    """Larger files are refused unread; archives (docx, epub…) may unpack to five times this."""
    documents_per_child: int = 200
    """A child is replaced after this many, so that what libraries leak is given back."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a child is told when it starts, as its only argument."""

    parent: int
    """The process that must stay alive."""
    languages: tuple[str, ...]
    limits: Limits

    def to_json(self) -> str:
        """For `from_json`."""
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> Settings:
        """What `to_json` wrote."""
        return TypeAdapter(Settings).validate_json(text)


@dataclass(frozen=True, slots=True)
class Answer:
    """A document, or the reason for people why there is none. Neither: the child is ready for its first."""

    document: Document | None = None
    reason: str | None = None
    last: bool = False
    """Whether the child is not fit for another document."""


@cache
def _answers() -> TypeAdapter[Answer]:
    return TypeAdapter(Answer)


def send_content(pipe: BinaryIO, content: Content) -> None:
    """Parent to child."""
    _send(pipe, json.dumps([content.name, content.media_type]).encode())
    _send(pipe, content.data)


def receive_content(pipe: BinaryIO) -> Content | None:
    """The child's next task; `None` when the parent has closed the pipe or is dead."""
    head = _receive(pipe)
    data = _receive(pipe)
    if head is None or data is None:
        return None
    name, media_type = json.loads(head)
    return Content(data=data, name=name, media_type=media_type)


def send_answer(pipe: BinaryIO, answer: Answer) -> None:
    """Child to parent: JSON, because a hijacked parser could fill anything cleverer with code."""
    _send(pipe, _answers().dump_json(answer))


def receive_answer(pipe: BinaryIO) -> Answer | None:
    """The child's answer; `None` when it died before it was complete."""
    frame = _receive(pipe)
    return None if frame is None else _answers().validate_json(frame)


def _send(pipe: BinaryIO, frame: bytes) -> None:
    pipe.write(_LENGTH.pack(len(frame)))
    pipe.write(frame)
    pipe.flush()


def _receive(pipe: BinaryIO) -> bytes | None:
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    frame = pipe.read(length)
    return frame if len(frame) == length else None
