"""The servers themselves: started, killed, started again, and gone with whoever started them."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from itertools import takewhile
from pathlib import Path

import psycopg
import pytest
import yaml
from pytest_socket import SocketConnectBlockedError
from redis import Redis as RedisClient

from config.settings import load_settings
from tests.services import SERVERS, FailedServer, Redis
from tests.services.program import VERSION
from tests.services.server import PORTS, alive, free_ports

ROOT = Path(__file__).parent.parent.parent


def wait_until(done, seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < until
        time.sleep(0.02)


def rows(url: str, statement: str) -> list:
    with psycopg.connect(url, autocommit=True) as connection:
        done = connection.execute(statement)
        return done.fetchall() if done.description else []


def test_their_addresses_are_what_the_configuration_takes(redis_url, postgres_url, weaviate_url, tmp_path):
    file = tmp_path / "sabio.yaml"
    file.write_text(yaml.safe_dump({"ledger": postgres_url, "index": weaviate_url, "queue": redis_url}))
    settings = load_settings(file)
    assert (settings.ledger, settings.index, settings.queue) == (postgres_url, weaviate_url, redis_url)


def test_weaviate_is_of_the_version_that_is_pinned(weaviate_server):
    assert weaviate_server.version() == VERSION


def test_postgresql_orders_text_by_a_language_and_not_by_code_points(postgres_url):
    assert rows(postgres_url, "SELECT 'a' < 'B', 'ñ' < 'o'") == [(True, True)]


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_finds_its_place_empty(turn, redis_url, postgres_url):
    with RedisClient.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("left", "behind")
    rows(postgres_url, "CREATE TABLE left_behind (number int)")


def test_what_a_prefix_holds_in_weaviate_is_removed_and_nothing_else(weaviate_server, weaviate_url):
    def names(prefix: str) -> list[str]:
        found = (
            weaviate_server.ask("GET", "/schema")["classes"]
            + weaviate_server.ask("GET", "/aliases")["aliases"]
        )
        return [
            name for name in (one.get("alias") or one["class"] for one in found) if name.startswith(prefix)
        ]

    prefix = weaviate_url.partition("prefix=")[2]
    for part in ("One", "Two"):
        weaviate_server.ask("POST", "/schema", {"class": f"{prefix}{part}Passages", "vectorizer": "none"})
        alias = {"alias": f"{prefix}{part}Current", "class": f"{prefix}{part}Passages"}
        weaviate_server.ask("POST", "/aliases", alias)
    weaviate_server.remove(f"{prefix}One")
    assert names(f"{prefix}One") == []
    assert sorted(names(prefix)) == [f"{prefix}TwoCurrent", f"{prefix}TwoPassages"]


def test_redis_comes_back_after_a_kill_with_what_it_was_told(own_redis):
    with RedisClient.from_url(own_redis.url) as client:
        client.set("kept", "yes")
    own_redis.kill()
    assert not own_redis.running()
    own_redis.restart()
    with RedisClient.from_url(own_redis.url) as client:
        assert client.get("kept") == b"yes"


def test_postgresql_comes_back_after_a_kill_with_what_was_committed(own_postgres):
    rows(own_postgres.url, "CREATE TABLE kept (number int)")
    rows(own_postgres.url, "INSERT INTO kept VALUES (7)")
    children = Path(f"/proc/{own_postgres.pid}/task/{own_postgres.pid}/children").read_text().split()
    with psycopg.connect(own_postgres.url):
        own_postgres.kill()
        assert not [child for child in children if alive(int(child))]
        own_postgres.restart()
    assert rows(own_postgres.url, "SELECT number FROM kept") == [(7,)]


def test_weaviate_comes_back_after_a_kill_with_what_was_written(own_weaviate):
    own_weaviate.ask("POST", "/schema", {"class": "Kept", "vectorizer": "none"})
    made = own_weaviate.ask("POST", "/objects", {"class": "Kept", "properties": {"word": "seven"}})
    own_weaviate.kill()
    own_weaviate.restart()
    assert own_weaviate.ask("GET", f"/objects/Kept/{made['id']}")["properties"] == {"word": "seven"}


def test_a_stopped_server_is_there_hangs_and_can_be_ended(own_redis):
    os.kill(own_redis.pid, signal.SIGSTOP)
    assert own_redis.running()
    assert not own_redis.answers()
    own_redis.stop()
    assert not own_redis.running()


def test_a_test_with_a_server_may_speak_to_loopback_only(redis_url):
    with (
        socket.socket() as tried,
        pytest.raises((UserWarning, SocketConnectBlockedError), match=r"192\.0\.2\.1"),
    ):
        tried.connect(("192.0.2.1", 80))


def test_a_server_keeps_its_ports_and_its_data_and_does_not_run_twice(tmp_path, loopback):
    first = Redis.start(tmp_path / "redis", durable=True)
    with RedisClient.from_url(first.url) as client:
        client.set("kept", "yes")
    with pytest.raises(FailedServer, match="already"):
        Redis.start(tmp_path / "redis")
    first.stop()
    second = Redis.start(tmp_path / "redis", durable=True)
    assert second.url == first.url
    with RedisClient.from_url(second.url) as client:
        assert client.get("kept") == b"yes"
    second.drop()


def test_ports_are_neighbours_that_no_client_is_given_by_the_system(loopback):
    ports = free_ports(6)
    assert ports == list(range(ports[0], ports[0] + 6))
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert max(PORTS) < lowest


def test_a_server_that_does_not_start_says_the_end_of_its_log(own_postgres):
    own_postgres.stop()
    (own_postgres.data / "PG_VERSION").write_text("9\n")
    with pytest.raises(FailedServer, match="incompatible with server") as failed:
        own_postgres.restart()
    assert str(own_postgres.log) in str(failed.value)


@pytest.fixture
def folder():
    """A folder that PostgreSQL may pass through, as somebody else than root."""
    folder = Path(tempfile.mkdtemp(prefix="sabio-services-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


STARTER = """
import sys, time
from pathlib import Path
from tests.services import Postgres, Redis
servers = [kind.start(Path(sys.argv[1]) / kind.name) for kind in (Redis, Postgres)]
print(*(server.pid for server in servers), flush=True)
time.sleep(60)
"""


@pytest.fixture
def started(folder, loopback):
    """A process that started a Redis and a PostgreSQL, the servers' pids, and their folder."""
    command = [sys.executable, "-c", STARTER, str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        yield process, [int(pid) for pid in process.stdout.readline().split()], folder
        process.kill()


def test_servers_end_with_the_process_that_started_them_even_if_it_is_killed(started):
    process, pids, folder = started
    assert all(map(alive, pids))
    process.kill()
    wait_until(lambda: not any(map(alive, pids)))
    wait_until(lambda: not any(folder.iterdir()))


def test_servers_end_with_their_guard_too(started):
    _, pids, _ = started
    guards = [int(re.search(r"PPid:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) for pid in pids]
    assert 1 not in guards
    for guard in guards:
        os.kill(guard, signal.SIGKILL)
    wait_until(lambda: not any(map(alive, pids)))


def run_pytest(folder: Path, body: str, *options: str, **environ: str) -> subprocess.CompletedProcess:
    """A run of pytest by itself, with the fixtures of the servers and nothing else of ours."""
    (folder / "test_it.py").write_text(body)
    given = {key: value for key, value in os.environ.items() if key != "CI"} | {"PYTHONPATH": str(ROOT)}
    plugins = ["-p", "tests.services.fixtures", "-p", "no:cacheprovider"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *plugins, "--disable-socket", "--rootdir", folder, *options, folder],
        cwd=folder,
        env=given | environ,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_workers_of_a_run_share_one_server_which_ends_with_the_run(tmp_path):
    body = f"""
import json, os, time, pytest
from pathlib import Path

@pytest.mark.parametrize("number", range(4))
def test_pid(number, redis_server, redis_url):
    note = dict(pid=redis_server.pid, folder=str(redis_server.folder), url=redis_url, by=os.getpid())
    Path({str(tmp_path)!r}, f"{{number}}.json").write_text(json.dumps(note))
    time.sleep(0.3)
"""
    done = run_pytest(tmp_path, body, "-n", "2")
    assert "4 passed" in done.stdout, done.stdout + done.stderr
    notes = [json.loads(file.read_text()) for file in tmp_path.glob("*.json")]
    assert len({note["by"] for note in notes}) == 2
    assert len({note["url"] for note in notes}) == 4
    [pid] = {note["pid"] for note in notes}
    [folder] = {note["folder"] for note in notes}
    assert not alive(pid)
    assert not Path(folder).parent.exists()


NEEDING = "def test_one(redis_url): pass\ndef test_two(own_redis): pass\ndef test_three(): pass\n"


def test_without_a_server_tests_are_left_out_loudly(tmp_path):
    done = run_pytest(tmp_path, NEEDING, PATH=str(tmp_path))
    assert done.returncode == 0
    assert "1 passed, 2 skipped" in done.stdout
    assert "NOT RUN: 2 tests: Redis is not installed" in done.stdout


def test_without_a_server_the_run_fails_in_ci(tmp_path):
    done = run_pytest(tmp_path, NEEDING, PATH=str(tmp_path), CI="true")
    assert done.returncode == 1
    assert "1 passed, 2 errors" in done.stdout
    assert "Redis is not installed" in done.stdout


def test_make_services_prints_settings_and_ends_everything_with_itself(folder, loopback):
    command = [sys.executable, "-m", "tests.services", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            said = "".join(takewhile(lambda line: not line.startswith("Ctrl-C"), process.stdout))
            servers = [kind(folder / kind.name.lower(), {}) for kind in SERVERS]
            assert all(server.running() for server in servers), said
        finally:
            process.terminate()
        assert process.wait(30) == 0
    assert not any(server.running() for server in servers)
    written = yaml.safe_load(said.partition("# or")[0].partition("\n")[2])
    exported = dict(re.findall(r"^export SABIO_(\w+)='(.*)'$", said, re.MULTILINE))
    assert {key.lower(): value for key, value in exported.items()} == written
    assert (
        load_settings(environ={f"SABIO_{key}": value for key, value in exported.items()}).ledger
        == written["ledger"]
    )
