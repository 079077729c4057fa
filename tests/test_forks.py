"""A fork is a process like any other: it runs a `main`, ends with a code, and may be killed or stopped."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.forks import Forked

WAIT = 30


@pytest.fixture
def start(tmp_path):
    """Starts one that does what its words say, and writes into a file."""
    started = []

    def start(*words, **environ):
        with (tmp_path / "said").open("ab") as file:
            files = {"stdout": file.fileno(), "stderr": file.fileno()}
            started.append(Forked(__name__, words, environ={**os.environ, **environ}, **files))
        return started[-1]

    start.said = (tmp_path / "said").read_text
    yield start
    for process in started:
        process.signal(signal.SIGKILL)
        process.wait(WAIT)


def main() -> None:
    """What a fork does."""
    word, *rest = sys.argv[1:]
    if word == "tell":
        sys.stdout.write(f"{os.getpid()} {os.environ['WHO']} {' '.join(rest)}\n")
    elif word == "exit":
        sys.exit(int(rest[0]))
    elif word == "fail":
        raise ZeroDivisionError
    elif word == "wait":
        subprocess.run(["sleep", "600"], check=False)


def test_it_has_its_own_words_environment_and_files(start):
    process = start("tell", "a b", "ñ", WHO="Ana")
    assert process.wait(WAIT) == 0
    assert start.said() == f"{process.pid} Ana a b ñ\n"


@pytest.mark.parametrize(("words", "code"), [(("exit", "7"), 7), (("fail",), 1)])
def test_it_ends_with_the_code_that_the_program_ends_with(start, words, code):
    assert start(*words).wait(WAIT) == code
    assert ("ZeroDivisionError" in start.said()) is (code == 1)


def test_who_kills_it_kills_what_it_has_started_and_is_told_the_signal(start):
    process = start("wait")
    group = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while not (children := group.read_text().split()):
        assert process.poll() is None
    process.signal(signal.SIGKILL)
    assert process.wait(WAIT) == -signal.SIGKILL
    for child in children:
        stat = Path(f"/proc/{child}/stat")
        while stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z":
            pass


def test_it_can_be_stopped_and_goes_on(start):
    process = start("wait")
    with pytest.raises(subprocess.TimeoutExpired):
        process.await_stop(0.05)
    process.signal(signal.SIGSTOP)
    process.await_stop()
    assert process.poll() is None
    process.signal(signal.SIGCONT)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.05)


def test_several_are_told_apart(start):
    processes = {code: start("exit", str(code)) for code in range(8)}
    assert {code: process.wait(WAIT) for code, process in processes.items()} == {n: n for n in range(8)}
