"""Whatever a file does to the program that reads it, only that file is lost (contract rows 17, 32, 33)."""

import fcntl
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from config.errors import DocumentError, UnavailableError
from ingest.documents import Content, Document
from ingest.parsing import Limits, Parsers, pool

LIMITS = Limits(memory_mb=300, seconds=20, processes=2)


def content(name, data="x"):
    return Content(data.encode(), name, "text/plain")


@pytest.fixture
def parse(monkeypatch):
    """Parses names of behaviours; see `misbehaving`."""
    monkeypatch.setattr(pool, "_PROGRAM", "tests.ingest.misbehaving")
    opened = []

    def parse(*files, limits=LIMITS):
        opened.append(Parsers(limits))
        return [
            result.sections[0].text if isinstance(result, Document) else result
            for result in opened[-1].parse(
                [content(*file) if isinstance(file, tuple) else content(file) for file in files]
            )
        ]

    yield parse
    for parsers in opened:
        parsers.close()


def test_results_come_in_the_order_of_the_files_and_a_poisonous_one_costs_only_itself(parse):
    names = ["good.txt", "crash", "good.txt", "exit", "eat memory", "good.txt"]
    results = parse(*[(name, f"{number}") for number, name in enumerate(names)])
    assert [result for result in results if isinstance(result, str)] == ["0", "2", "5"]
    reasons = [str(result) for result in results if isinstance(result, DocumentError)]
    assert "SIGSEGV" in reasons[0]
    assert "exit code 3" in reasons[1]
    assert "more than 300 MB of memory" in reasons[2]


@pytest.mark.parametrize("name", ["hang", "spin"])
def test_a_file_that_takes_too_long_is_given_up_with_the_setting_to_change(parse, name):
    results = parse(name, "good.txt", limits=Limits(seconds=0.5, processes=1))
    assert "parsing.seconds" in str(results[0])
    assert results[1] == "x"


def test_what_libraries_print_does_not_garble_the_answer(parse):
    assert parse("print", "good.txt") == ["still understood", "x"]


def test_python_code_reaches_no_network(parse):
    results = parse(
        ("connect", "127.0.0.1:9"), ("fetch", "http://192.0.2.1/"), ("fetch", "http://example.com/")
    )
    assert all("refused while parsing: socket." in str(result) for result in results)


@pytest.mark.skipif(sys.platform != "linux", reason="network namespaces are Linux's")
def test_code_beneath_python_finds_no_network_either(parse):
    network, error = parse("network", "connect beneath", limits=Limits(processes=1))
    if network == str(Path("/proc/self/ns/net").readlink()):
        pytest.skip("this kernel lets nobody make network namespaces")
    assert error == "ENETUNREACH"


def test_files_outside_the_scratch_folder_are_neither_written_nor_removed(parse, tmp_path):
    kept = tmp_path / "kept"
    kept.write_text("original")
    results = parse(
        ("write", str(tmp_path / "new")), ("write", "../../../../../../../../../../tmp/escaped-from-parsing"),
        ("write", str(kept)), ("remove", str(kept)),
    )  # fmt: skip
    assert all("refused while parsing" in str(result) for result in results)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert kept.read_text() == "original"
    assert not Path("/tmp/escaped-from-parsing").exists()


def test_a_file_of_its_own_may_be_written_and_is_gone_afterwards(parse):
    written, folder = parse("own file", "folder", limits=Limits(processes=1))
    assert written == "1"
    assert not Path(folder).exists()


def test_only_the_programs_that_readers_need_are_started(parse):
    (result,) = parse(("start", "/bin/true"))
    assert "refused while parsing: subprocess.Popen" in str(result)


def test_a_child_knows_no_secret_of_ours(parse, monkeypatch):
    monkeypatch.setenv("SABIO_TOKEN", "secret")
    assert parse(("environment", "SABIO_TOKEN")) == ["None"]


def test_a_child_is_replaced_after_its_share_of_documents(parse):
    pids = parse(*["pid"] * 4, limits=Limits(processes=1, documents_per_child=2))
    assert pids[0] == pids[1] != pids[2] == pids[3]


def test_a_refused_file_does_not_cost_the_child(parse):
    before, refused, after = parse("pid", "refuse", "pid", limits=Limits(processes=1))
    assert before == after
    assert str(refused) == "I cannot read this"


def test_a_child_that_died_between_two_files_is_replaced_and_the_next_file_not_blamed(parse):
    with Parsers(Limits(processes=1)) as parsers:
        (first,) = parsers.parse([content("pid")])
        pid = int(first.sections[0].text)
        os.kill(pid, signal.SIGKILL)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        (second,) = parsers.parse([content("good.txt")])
    assert second.sections[0].text == "x"


@pytest.mark.parametrize("obstacle", ["no program", "no room"])
def test_where_no_child_can_start_no_file_is_to_blame(monkeypatch, obstacle):
    with Parsers(LIMITS) as parsers:
        if obstacle == "no program":
            monkeypatch.setattr(pool, "_PROGRAM", "ingest.parsing.no_such_program")
        else:
            shutil.rmtree(parsers._scratch.path)
        results = parsers.parse([content("good.txt")] * 3)
    assert [type(result) for result in results] == [UnavailableError] * 3
    assert "no process for reading documents could be started" in str(results[0])


def test_an_expired_child_takes_what_it_started_with_it(parse, tmp_path):
    program = tmp_path / "pandoc"
    program.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 3600\n")
    program.chmod(0o700)
    (result,) = parse(("start", str(program)), limits=Limits(seconds=3, processes=1))
    assert "took longer than 3 seconds" in str(result)
    assert _ends(int((tmp_path / "pid").read_text()))


def test_children_do_not_outlive_a_killed_parent(tmp_path):
    script = (
        "from ingest.documents import Content\n"
        "from ingest.parsing import Limits, Parsers, pool\n"
        "pool._PROGRAM = 'tests.ingest.misbehaving'\n"
        "parsers = Parsers(Limits(processes=1))\n"
        "def ask(name): return parsers.parse([Content(b'x', name, 'text/plain')])\n"
        "print(ask('pid')[0].sections[0].text, flush=True)\n"
        "ask('hang')\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    with parent:
        child = int(parent.stdout.readline())
        parent.kill()
    assert _ends(child)


def test_closing_removes_children_and_scratch_files(parse):
    parsers = Parsers(LIMITS)
    (result,) = parsers.parse([content("pid")])
    scratch = parsers._scratch.path
    assert any(scratch.iterdir())
    parsers.close()
    assert not scratch.exists()
    assert _ends(int(result.sections[0].text))


def test_what_a_killed_process_left_is_removed_by_the_next_and_nothing_else(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name in ("sabio-parsing-dead", "sabio-parsing-lives", "sabio-parsing-starts", "other"):
        (tmp_path / name / "child").mkdir(parents=True)
    (tmp_path / "sabio-parsing-link").symlink_to(tmp_path / "other")
    for name in ("sabio-parsing-dead", "sabio-parsing-lives", "other"):
        os.utime(tmp_path / name, (0, 0))
    alive = os.open(tmp_path / "sabio-parsing-lives", os.O_RDONLY)
    try:
        fcntl.flock(alive, fcntl.LOCK_EX)
        with Parsers():
            (own,) = {path.name for path in tmp_path.iterdir()} - {
                "sabio-parsing-lives", "sabio-parsing-starts", "sabio-parsing-link", "other",
            }  # fmt: skip
    finally:
        os.close(alive)
    assert own.startswith("sabio-parsing-")
    assert (tmp_path / "other" / "child").exists()


def test_files_over_the_limit_and_empty_files_start_no_child():
    with Parsers(Limits(max_mb=1)) as parsers:
        large, empty = parsers.parse([content("large.txt", "x" * 1_000_001), content("empty.txt", "")])
        assert not any(parsers._scratch.path.iterdir())
    assert "raise `parsing.max_mb`" in str(large)
    assert str(empty) == "the file is empty"


def test_several_threads_share_the_children(parse):
    with Parsers(Limits(processes=2)) as parsers, ThreadPoolExecutor(4) as threads:
        jobs = [threads.submit(parsers.parse, [content("good.txt", str(number))]) for number in range(12)]
        assert [job.result()[0].sections[0].text for job in jobs] == [str(number) for number in range(12)]


def _ends(pid):
    """Waits for a process that is not ours to wait for; False if it lives on."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], 10)[0])
    finally:
        os.close(handle)
