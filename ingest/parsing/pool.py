"""The parent's side of parsing: a few child processes, each with one document, a deadline and no way out.

Children are plain programs that speak over pipes, not `multiprocessing` workers: those import the caller's
`__main__` again, may not be started by the daemonic processes of a task queue, and leave what they started
(tesseract, pandoc) running when they are killed.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, cast

from config.errors import DocumentError, UnavailableError
from ingest.documents import Content, Document
from ingest.parsing.scratch import Scratch
from ingest.parsing.wire import Answer, Limits, Settings, receive_answer, send_content

_ROOT = Path(__file__).resolve().parents[2]
_PROGRAM = "ingest.parsing.child"

_STARTING = 60
"""Seconds that a child may take to be ready: it is a matter of milliseconds, unless the machine is ill."""

# What a child may know of our environment: where programs and their data lie, and the locale. No secrets.
_INHERITED = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "TESSDATA_PREFIX")


class Parsers:
    """A pool of limited child processes. Use it as a context manager, or close it.

    Children start with the first document that needs them. Safe to use from several threads.
    """

    def __init__(self, limits: Limits = Limits(), languages: Sequence[str] = ("en", "es")) -> None:  # noqa: B008 (frozen)
        """`languages` (ISO 639-1) are what scanned pages are read as."""
        self._limits = limits
        self._languages = tuple(languages)
        self._scratch = Scratch()
        self._idle: queue.LifoQueue[_Child | None] = queue.LifoQueue()
        for _ in range(limits.processes):
            self._idle.put(None)
        # Children are started by these threads and live no longer than them: Linux ties the death signal
        # that a child asks for to the thread that started it.
        self._threads = ThreadPoolExecutor(limits.processes, thread_name_prefix="parse")

    def parse(self, contents: Sequence[Content]) -> list[Document | DocumentError | UnavailableError]:
        """Read all of `contents`, in parallel.

        The results are in the order given. What cannot be read, or kills or outlasts its child, becomes a
        `DocumentError` with a reason for people; the others are not affected. Where no child can be started
        (no memory, no room for its files), the document is not at fault: that is an `UnavailableError`.
        """
        return list(self._threads.map(self._parse, contents))

    def close(self) -> None:
        """Kill the children and remove their scratch folder."""
        self._threads.shutdown(cancel_futures=True)
        while not self._idle.empty():
            if child := self._idle.get():
                child.kill()
        self._scratch.remove()

    def __enter__(self) -> Parsers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _parse(self, content: Content) -> Document | DocumentError | UnavailableError:
        size = len(content.data)
        if size == 0:
            return DocumentError("the file is empty")
        if size > self._limits.max_mb * 1_000_000:
            return DocumentError(
                f"the file has {size / 1e6:.0f} MB, more than the {self._limits.max_mb} MB that are read; "
                "raise `parsing.max_mb` to read it"
            )
        child = self._idle.get()
        try:
            if child is not None and child.worn:  # it died in the meantime, not of this document
                child.kill()
                child = None
            if child is None:
                child = _Child(self._limits, self._languages, self._scratch.path)
            answer = child.ask(content)
            if child.worn or answer.last:
                child.kill()
                child = None
        except UnavailableError as error:
            return error
        finally:
            self._idle.put(child)
        return answer.document or DocumentError(answer.reason or "nothing to read in it")


class _Child:
    """One parsing process and the pipes to it."""

    def __init__(self, limits: Limits, languages: tuple[str, ...], scratch: Path) -> None:
        """Start it and wait until it is ready. Raises `UnavailableError` if that fails."""
        self._limits = limits
        self._asked = 0
        self._expired = threading.Event()
        try:
            folder = Path(tempfile.mkdtemp(dir=scratch))
            self._log = folder / "stderr"
            self._process = _start(Settings(os.getpid(), languages, limits), folder, self._log)
        except OSError as error:
            raise UnavailableError(f"no process for reading documents could be started: {error}") from error
        self._stdin = cast("BinaryIO", self._process.stdin)
        self._stdout = cast("BinaryIO", self._process.stdout)
        with self._deadline(_STARTING):
            ready = receive_answer(self._stdout)
        if ready is None:
            self.kill()
            raise UnavailableError(f"no process for reading documents could be started ({self._cause()})")

    @property
    def worn(self) -> bool:
        """Whether it has read enough documents, or is dead."""
        spent = self._asked >= self._limits.documents_per_child
        return spent or self._expired.is_set() or self._process.poll() is not None

    def ask(self, content: Content) -> Answer:
        """Have one document read. Afterwards the child may be worn."""
        self._asked += 1
        with self._deadline(self._limits.seconds), suppress(BrokenPipeError):
            send_content(self._stdin, content)
            if answer := receive_answer(self._stdout):
                return answer
        self._signal()
        return Answer(reason=self._epitaph(), last=True)

    def kill(self) -> None:
        """End the child and all that it started."""
        self._signal()
        self._stdout.close()
        with suppress(BrokenPipeError):  # closing flushes what the dead child had not read yet
            self._stdin.close()

    @contextmanager
    def _deadline(self, seconds: float) -> Iterator[None]:
        timer = threading.Timer(seconds, self._expire)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _expire(self) -> None:
        self._expired.set()
        self._signal()

    def _signal(self) -> None:
        with suppress(ProcessLookupError, PermissionError):  # gone already; macOS says the latter of zombies
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _epitaph(self) -> str:
        if self._expired.is_set() or self._process.returncode == -signal.SIGXCPU:
            return (
                f"reading it took longer than {self._limits.seconds:g} seconds; "
                "raise `parsing.seconds` to allow more"
            )
        return f"the parser crashed on it ({self._cause()})"

    def _cause(self) -> str:
        code = self._process.returncode
        said = self._log.read_text(errors="replace").strip().rpartition("\n")[2][:200]
        cause = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return f"{cause}: {said}" if said else cause


def _start(settings: Settings, folder: Path, log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as stderr:
        return subprocess.Popen(
            [sys.executable, "-m", _PROGRAM, settings.to_json()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            cwd=folder,
            env=_environment(folder),
            start_new_session=True,
        )


def _environment(folder: Path) -> dict[str, str]:
    return {
        **{name: os.environ[name] for name in _INHERITED if name in os.environ},
        "PYTHONPATH": str(_ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        # One document, one core: threads of numpy and tesseract only fight the other children.
        "OMP_NUM_THREADS": "1",
        "OMP_THREAD_LIMIT": "1",
        "OPENBLAS_NUM_THREADS": "1",
        # unstructured reports its use to its makers and prints a notice, unless told not to.
        "DO_NOT_TRACK": "1",
        "SCARF_NO_ANALYTICS": "1",
        "UNSTRUCTURED_DISABLE_NOTICE": "1",
    }
