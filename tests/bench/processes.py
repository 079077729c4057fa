"""Running `sabio` as a person does, in a process of its own, and seeing what that takes."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.bench.bases import STORE

EVERY = 0.05
"""Seconds between looks at the memory."""


@dataclass(frozen=True)
class Run:
    """What a command printed and what it took, its child processes included."""

    output: bytes
    seconds: float
    processor: float
    """Seconds of processor time, which other work on the machine changes less."""
    pss: float | None
    """Peak of memory in GB, counting once what processes share. None where /proc does not tell."""
    rss: float | None
    """The same, counting what is shared for each process."""


def run_sabio(*arguments: str, watch: bool = False) -> Run:
    """Run the command to its end, looking at its memory where that is wanted.

    Raises `CalledProcessError` for an exit code above 1, which means that some documents failed.
    """
    before, started = _processor(), time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(),
        start_new_session=True,
    )
    peaks: list[tuple[int, int]] = []
    over = threading.Event()
    watcher = threading.Thread(target=_watch, args=(process.pid, peaks, over))
    if watch:
        watcher.start()
    output, _ = process.communicate()
    seconds, processor = time.perf_counter() - started, _processor() - before
    over.set()
    if watch:
        watcher.join()
    if process.returncode not in (0, 1):
        raise subprocess.CalledProcessError(process.returncode, arguments, output)
    pss, rss = (max((peak[which] for peak in peaks), default=0) / 1e6 or None for which in (0, 1))
    return Run(output, seconds, processor, pss, rss)


def _environment() -> dict[str, str]:
    """This one, but with Python's compiled files on the disk, as they are after any first use.

    Where writing them is forbidden (`PYTHONDONTWRITEBYTECODE`), every start compiles all that it imports,
    which doubles what `sabio ask` takes.
    """
    rest = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**rest, "PYTHONPYCACHEPREFIX": str((STORE / "bytecode").absolute())}


def _processor() -> float:
    """Seconds of processor that ended children took, theirs included."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _watch(session: int, peaks: list[tuple[int, int]], over: threading.Event) -> None:
    while not over.wait(EVERY):
        peaks.append(memory_of(session))


def processor_of(session: int) -> float:
    """Seconds of processor that the processes of a session have used, ended children included."""
    used = (sum(map(int, one.fields[11:15])) for one in _processes() if one.session == session)
    return sum(used) / os.sysconf("SC_CLK_TCK")


def memory_of(session: int) -> tuple[int, int]:
    """Kilobytes of all processes of a session together: PSS and RSS."""
    return _memory(one for one in _processes() if one.session == session)


def memory_below(pid: int) -> int:
    """Kilobytes of a process and all that it started, PSS."""
    there = _processes()
    found = {pid}
    while more := {one.pid for one in there if one.parent in found} - found:
        found |= more
    return _memory(one for one in there if one.pid in found)[0]


def _memory(processes: Iterable[_Process]) -> tuple[int, int]:
    pss = rss = 0
    for one in processes:
        try:
            lines = Path(f"/proc/{one.pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue  # it ended while it was looked at
        figures = {line.split(":")[0]: int(line.split()[1]) for line in lines[1:]}
        pss, rss = pss + figures.get("Pss", 0), rss + figures.get("Rss", 0)
    return pss, rss


@dataclass(frozen=True)
class _Process:
    """What /proc tells of a process: `fields` of its `stat`, from the third on (proc_pid_stat(5))."""

    pid: int
    fields: list[str]

    @property
    def parent(self) -> int:
        return int(self.fields[1])

    @property
    def session(self) -> int:
        return int(self.fields[3])


def _processes() -> list[_Process]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()  # in parentheses: a name of any sort
        except OSError:
            continue  # it ended while it was looked at
        found.append(_Process(int(stat.parent.name), fields))
    return found
