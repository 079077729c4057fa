"""Apertium: translation by rules, as programs that run beside this process.

Its programs are started once for a pair of languages and kept; a text takes them about a millisecond. They
are separate programs (GPL), never linked and never shipped.
"""

from __future__ import annotations

import logging
import os
import re
import resource
import selectors
import shlex
import shutil
import subprocess
import threading
import time
import weakref
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

_log = logging.getLogger(__name__)


def find_modes() -> Path | None:
    """The folder of the installed pairs, if there are any."""
    program = shutil.which("apertium")
    if program is None:
        return None
    data = os.environ.get("APERTIUM_DATADIR") or Path(program).resolve().parent.parent / "share" / "apertium"
    modes = Path(data) / "modes"
    return modes if any(modes.glob("*.mode")) else None


class Apertium:
    """Apertium's pairs, one resident pipeline for each that is used.

    `patience` is how many seconds a piece of text may take and `rest` how long a pair that keeps failing is
    left alone.
    """

    name = "apertium"

    def __init__(self, modes: Path, patience: float = 5.0, rest: float = 60.0) -> None:
        self._modes = modes
        self._patience = patience
        self._rest = rest
        self._lines: dict[Path, _Line] = {}
        self._opening = threading.Lock()

    def can(self, source: str, target: str) -> bool:
        """Whether the pair is installed."""
        return self._mode(source, target) is not None

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[str | None]:
        """Each text, line by line; a text of which a line failed is left out whole."""
        mode = self._mode(source, target)
        if mode is None:
            return [None] * len(texts)
        with self._opening:
            line = self._lines.setdefault(mode, _Line(mode, self._patience, self._rest))
        pieces = [list(_cut(text)) for text in texts]
        done = iter(line.translate([piece for text in pieces for piece, _ in text]))
        results: list[str | None] = []
        for text in pieces:
            parts = [(next(done), end) for _, end in text]
            whole = [part + end for part, end in parts if part is not None]
            results.append("".join(whole) if len(whole) == len(parts) else None)
        return results

    def close(self) -> None:
        """Stop every pipeline."""
        with self._opening:
            for line in self._lines.values():
                line.stop()

    def _mode(self, source: str, target: str) -> Path | None:
        """The file that tells a pair's programs; pairs are named by either kind of language code."""
        if source == target:
            return None
        names = (
            f"{one}-{other}.mode"
            for one in (_LONG_CODES.get(source, source), source)
            for other in (_LONG_CODES.get(target, target), target)
        )
        return next((self._modes / name for name in names if (self._modes / name).is_file()), None)


class _Line:
    """One pair: its pipeline, restarted when it dies or hangs, and left alone after repeated failure."""

    # Pieces between two looks at the lock, so that a question does not wait for a whole batch.
    _SLICE = 32
    _MEMORY = 4096  # pieces remembered: titles and headings stand above many chunks
    _FAILURES = 3  # pieces in a row that fail twice each, until the pair rests

    def __init__(self, mode: Path, patience: float, rest: float) -> None:
        self._mode = mode
        self._patience = patience
        self._rest = rest
        self._turn, self._next = threading.Lock(), threading.Lock()
        self._pipeline: _Pipeline | None = None
        self._known: dict[str, str] = {}
        self._failures = 0
        self._resting_until = 0.0

    def translate(self, pieces: Sequence[str]) -> list[str | None]:
        new = [piece for piece in dict.fromkeys(pieces) if piece.strip() and piece not in self._known]
        found: dict[str, str] = {piece: self._known[piece] for piece in pieces if piece in self._known}
        for start in range(0, len(new), self._SLICE):
            # Who lets a lock go and asks again is served first: holding `_next` while waiting makes a queue.
            with self._next:
                self._turn.acquire()
            try:
                found.update(self._work_off(new[start : start + self._SLICE]))
            finally:
                self._turn.release()
        if len(self._known) > self._MEMORY:
            self._known = {}
        self._known.update(found)
        return [found.get(piece) if piece.strip() else piece for piece in pieces]

    def stop(self) -> None:
        with self._turn:
            if self._pipeline is not None:
                self._pipeline.stop()
                self._pipeline = None

    def _work_off(self, pieces: Sequence[str]) -> dict[str, str]:
        """Translate in order; a piece that breaks the pipeline is tried once more, then skipped."""
        found: dict[str, str] = {}
        place, tried = 0, False
        while place < len(pieces) and time.monotonic() >= self._resting_until:
            try:
                for translation in self._started().translate(pieces[place:], self._patience):
                    found[pieces[place]] = translation
                    place, tried, self._failures = place + 1, False, 0
            except (OSError, TimeoutError) as error:
                self._give_up(error)
                place, tried = (place + 1, False) if tried else (place, True)
                self._failures += not tried
                if self._failures >= self._FAILURES:
                    self._failures, self._resting_until = 0, time.monotonic() + self._rest
        return found

    def _started(self) -> _Pipeline:
        # After a fork the pipes belong to the parent, whose answers would be mixed with ours.
        if self._pipeline is None or self._pipeline.owner != os.getpid():
            self._pipeline = _Pipeline(_read_stages(self._mode))
        return self._pipeline

    def _give_up(self, error: Exception) -> None:
        _log.warning("The translator %s failed and is restarted: %s", self._mode.stem, error)
        if self._pipeline is not None:
            self._pipeline.stop()
            self._pipeline = None


class _Pipeline:
    """The running programs of a pair, each reading the one before. Pieces go in and come out ended by NUL.

    The programs end when their input does, so also when this process is killed; one that loops for ever then
    meets its limit of CPU time.
    """

    _CPU_SECONDS = 3600

    def __init__(self, stages: Sequence[Sequence[str]]) -> None:
        self.owner = os.getpid()
        self._programs: list[subprocess.Popen[bytes]] = []
        # At the end of this object or of the process, whichever is first.
        self._finish = weakref.finalize(self, _end, self.owner, self._programs)
        for stage in stages:
            before: Any = self._programs[-1].stdout if self._programs else subprocess.PIPE
            program = subprocess.Popen(
                stage,
                stdin=before,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                process_group=0,  # a Ctrl-C is for us
            )
            if self._programs:
                before.close()  # the next program alone holds it, so that it sees the end
            self._programs.append(program)
            if hasattr(resource, "prlimit"):
                resource.prlimit(program.pid, resource.RLIMIT_CPU, (self._CPU_SECONDS, self._CPU_SECONDS))
        first, last = self._programs[0].stdin, self._programs[-1].stdout
        if first is None or last is None:
            raise AssertionError("both were asked for as pipes")
        self._input, self._output = first, last
        os.set_blocking(self._input.fileno(), False)

    def translate(self, pieces: Sequence[str], patience: float) -> Iterator[str]:
        """A translation for each piece, as it comes. Raises `OSError` on death, `TimeoutError` on silence."""
        waiting = memoryview(b"".join(_enclose(piece) for piece in pieces))
        pending, expected = b"", len(pieces)
        with selectors.DefaultSelector() as ready:
            ready.register(self._input, selectors.EVENT_WRITE)
            ready.register(self._output, selectors.EVENT_READ)
            deadline = time.monotonic() + patience
            while expected:
                events = ready.select(max(0.0, deadline - time.monotonic()))
                if not events:
                    raise TimeoutError(f"no answer within {patience:g} s")
                for key, _ in events:
                    if key.fileobj is self._input:
                        waiting = waiting[os.write(key.fd, waiting[: 1 << 14]) :]
                        if not waiting:
                            ready.unregister(self._input)
                        continue
                    arrived = os.read(key.fd, 1 << 16)
                    if not arrived:
                        raise ConnectionResetError("it ended")
                    *answers, pending = (pending + arrived).split(b"\0")
                    for answer in answers:
                        expected, deadline = expected - 1, time.monotonic() + patience
                        yield _unwrap(answer)

    def stop(self) -> None:
        """Kill every program and take its leave, so that none stays as a zombie."""
        self._finish()


def _end(owner: int, programs: Iterable[subprocess.Popen[bytes]]) -> None:
    if owner == os.getpid():  # a fork lets go of the pipes, but the programs are not its own
        for program in programs:
            program.kill()
        for program in programs:
            program.wait()
    for program in programs:
        for pipe in (program.stdin, program.stdout):
            if pipe is not None:
                pipe.close()


def _read_stages(mode: Path) -> list[list[str]]:
    """The programs of a mode file (`lt-proc 'a.bin' | apertium-tagger -g $2 'b.prob' | …`), made resident.

    `-z` has each program hand on what it has at every NUL. `$1` is the generator's option: `-n` leaves out
    the marks on unknown words. `$2`, more marks, is dropped.
    """
    words = shlex.split(mode.read_text(encoding="utf-8").strip(), comments=True)
    stages: list[list[str]] = [[]]
    for word in words:
        if word == "|":
            stages.append([])
        elif word != "$2":
            stages[-1].append("-n" if word == "$1" else word)
    return [[program, "-z", *options] for program, *options in stages]


# ISO 639-1 to 639-3, as pairs are named today, for the languages that Apertium has pairs of.
_LONG_CODES: dict[str, str] = dict(
    re.findall(
        r"(\w\w):(\w{3})",
        "an:arg ar:ara bg:bul ca:cat cs:ces cy:cym da:dan de:deu en:eng eo:epo es:spa eu:eus fr:fra gl:glg"
        " hi:hin hr:hrv id:ind is:isl it:ita kk:kaz mk:mkd mt:mlt nl:nld no:nob oc:oci pl:pol pt:por ro:ron"
        " ru:rus sk:slk sl:slv sr:srp sv:swe tr:tur uk:ukr ur:urd",
    )
)
_MARKED = re.compile(r"[\\\[\]{}^$/@<>]")  # what Apertium's stream format gives a meaning, unless escaped
_UNREADABLE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ufeff\ufffe\uffff]")
_LONGEST_PIECE = 1000  # characters
_SENTENCE_END = re.compile(r"(?<=[.!?…;:])\s+")


def _cut(text: str) -> Iterator[tuple[str, str]]:
    """Lines, long ones cut at sentences (or anywhere, if need be), each with what ended it."""
    for line in (
        _UNREADABLE.sub(" ", text).encode("utf-8", "replace").decode("utf-8").splitlines(keepends=True)
    ):
        content = line.rstrip("\n")
        piece = ""
        for sentence in _SENTENCE_END.split(content) if len(content) > _LONGEST_PIECE else [content]:
            if piece and len(piece) + len(sentence) >= _LONGEST_PIECE:
                yield piece, " "
                piece = ""
            piece = f"{piece} {sentence}".strip() if piece else sentence
            while len(piece) > _LONGEST_PIECE:
                space = piece.rfind(" ", 1, _LONGEST_PIECE)
                end = space if space > 0 else _LONGEST_PIECE
                yield piece[:end], " " if space > 0 else ""
                piece = piece[end:].lstrip()
        yield piece, line[len(content) :]


def _enclose(piece: str) -> bytes:
    # Without the empty blank and the line's end the last words stay in the pipeline.
    return _MARKED.sub(r"\\\g<0>", piece).encode() + b"[][\n]\0"


def _unwrap(answer: bytes) -> str:
    text = answer.decode("utf-8", "replace").replace("[][\n]", "")
    return re.sub(r"\\(.)", r"\1", text)
