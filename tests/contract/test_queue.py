"""Rows 13 to 16, 18 and 19 of the reliability contract: workers and Redis that are killed, stopped, flushed,
half open; messages that come twice, beats that come twice or not at all, and requests that never stop.

Real `sabio work` and `sabio beat` processes over a real Redis, each to be killed by its pid.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from redis import Redis as Client

from bot.watching import hand_over
from config.settings import load_settings
from ingest.knowledge import KnowledgeBase
from ingest.ledger import reading, requests, runs
from ingest.ledger.tables import documents, pending, processes
from ingest.ledger.tables import runs as run_rows
from tests.contract.test_kills import pages_of, write_pages
from tests.doubles import differences
from tests.sabio_child import Child
from tests.services.proxy import Proxy
from tests.sync_child import SOURCE, keep_ledger, open_folder

pytestmark = pytest.mark.usefixtures("loopback")


def configure(data: Path, queue: str, *, ledger: str = "sqlite", index: str = "local", **sync) -> Path:
    """A configuration over `data/docs`, for real processes."""
    keep_ledger(data, ledger, index)
    config = data / "sabio.yaml"
    source = {"name": SOURCE, "type": "folder", "path": "./docs", "readers": ["everyone"]}
    config.write_text(
        yaml.safe_dump(
            {
                "data": "./var",
                "queue": queue,
                "ledger": ledger,
                "index": index,
                "translation": "none",
                "sources": [source],
                "sync": {"lease_seconds": 5, **sync},
                "log": {"level": "info"},
            }
        )
    )
    return config


def command(config: Path, *words: str, expected: int | None = 0) -> str:
    """What a `sabio` command prints that ends by itself."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.sabio_child", "--config", str(config), *words],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert expected is None or done.returncode == expected, done.stderr + done.stdout
    return done.stdout


def eventually(done, seconds, what, every=0.2):
    """How many seconds it took until `done` says so; an error after so many."""
    began = time.monotonic()
    while not done():
        assert time.monotonic() - began < seconds, f"{what}: not within {seconds} seconds"
        time.sleep(every)
    return time.monotonic() - began


def runs_of(data):
    with open_folder(data) as kb, kb.ledger.read() as ledger:
        return sorted(ledger.execute(run_rows.select()).all(), key=lambda row: row.started_at)


def is_done(data, count=1):
    """Whether so many runs have ended well, none is open, and nothing waits."""

    def done():
        with open_folder(data) as kb, kb.ledger.read() as ledger:
            states = [row.state for row in ledger.execute(run_rows.select())]
            waits = requests.waiting(ledger) or ledger.execute(pending.select()).first()
            return states.count("done") >= count and not waits and not set(states) & set(runs.OPEN)

    return done


def published(data):
    with open_folder(data) as kb, kb.ledger.read() as ledger:
        return len(reading.published_documents(ledger))


def ask_for_a_sync(data, **wishes):
    with open_folder(data) as kb, kb.ledger.write() as ledger:
        requests.request_sync(ledger, SOURCE, **wishes)


def is_as_the_source(data):
    with open_folder(data) as kb:
        return differences(kb, SOURCE, pages_of(data)) == []


def embedded_more_than_once(data):
    texts = [json.loads(line) for line in (data / "embedded.log").read_text().splitlines()]
    return [text for text, count in Counter(texts).items() if count > 1]


@pytest.fixture
def redis(own_redis):
    """Redis behind a proxy, for this test alone."""
    with Proxy(own_redis.ports["port"]) as proxy:
        own_redis.proxy = proxy
        own_redis.proxied = f"redis://127.0.0.1:{proxy.port}/0"
        yield own_redis


# The journey


def test_workers_and_a_beat_bring_a_source_in_and_answer_for_their_health(tmp_path, redis_url):
    write_pages(tmp_path, 40, "first")
    config = configure(tmp_path, redis_url)
    with Child(config, "work", "--port", "0") as worker, Child(config, "beat", "--port", "0") as beat:
        eventually(is_done(tmp_path), 40, "the first sync")
        assert is_as_the_source(tmp_path)
        for process in (worker, beat):
            for path in ("healthz", "readyz", "metrics"):
                with urllib.request.urlopen(
                    f"http://127.0.0.1:{process.port()}/{path}", timeout=10
                ) as answer:
                    assert answer.status == 200
        write_pages(tmp_path, 40, "second")
        handed = json.loads(command(config, "sync", SOURCE, "--background", "--json"))["handed"]
        assert [(one["source"], one["request"], one["workers"] > 0) for one in handed] == [
            (SOURCE, "new", True)
        ]
        [report] = json.loads(command(config, "sync", SOURCE, "--watch", "--json"))["runs"]
        assert (report["outcome"], report["changed"]) in {("done", 40), ("done", 0)}
        assert is_as_the_source(tmp_path)
        assert (worker.stop(), beat.stop()) == (0, 0)
        assert "Traceback" not in worker.said() + beat.said()


def test_a_worker_of_one_queue_leaves_the_other_alone_and_is_alive_all_the_same(tmp_path, redis_url):
    write_pages(tmp_path, 10, "first")
    config = configure(tmp_path, redis_url)
    with (
        Child(config, "work", "--port", "0", "--queue", "ingest") as worker,
        Client.from_url(redis_url) as client,
    ):
        # Nobody takes messages of `default`; that it consumes at all is due to its own looks.
        eventually(is_done(tmp_path), 40, "the first sync")
        assert client.llen("default") == 0
        client.rpush("default", "a message for somebody else")
        with urllib.request.urlopen(f"http://127.0.0.1:{worker.port()}/healthz", timeout=10) as answer:
            assert answer.status == 200
        assert "from ingest." in worker.said()
        assert worker.stop() == 0
        assert client.llen("default") == 1


def test_celery_finds_the_same_application_by_the_packages_name(tmp_path, redis_url):
    config = configure(tmp_path, redis_url)
    (tmp_path / "docs").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "celery", "-A", "workers", "inspect", "registered", "--timeout", "1"],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "SABIO_CONFIG": str(config)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "No nodes replied" in done.stderr + done.stdout  # it was found, and asked Redis


def test_a_request_outlives_a_redis_that_is_down_when_it_is_made(tmp_path, own_redis):
    write_pages(tmp_path, 5, "first")
    config = configure(tmp_path, own_redis.url)
    own_redis.kill()
    [handed] = json.loads(command(config, "sync", "--background", "--json"))["handed"]
    assert handed["request"] == "new"
    own_redis.restart()
    with Child(config, "work", "--port", "0"):
        eventually(is_done(tmp_path), 30, "the request")
    assert is_as_the_source(tmp_path)


# Row 13


def kill_a_worker(data, redis_url, *, elsewhere):
    write_pages(data, 60, "first")
    config = configure(data, redis_url)
    ask_for_a_sync(data)
    environ = {"TEST_SLOW": 0.05, "TEST_EMBEDDED": data / "embedded.log"}
    with (
        Child(
            config, "work", "--port", "0", **environ, **({"TEST_HOST": "elsewhere"} if elsewhere else {})
        ) as doomed,
        Child(config, "work", "--port", "0", **environ) as other,
    ):
        eventually(lambda: published(data) > 5, 30, "the first documents")
        doomed.kill()
        seconds = eventually(is_done(data), 75, "what the killed worker held")
        assert is_as_the_source(data)
        assert len(embedded_more_than_once(data)) <= 2 * 3  # two processes were killed, with a document each
        other.stop()
    return seconds


@pytest.mark.parametrize("elsewhere", [False, True], ids=["on this machine", "on another machine"])
def test_what_a_killed_worker_held_is_taken_up_by_the_others(tmp_path, redis_url, elsewhere):
    kill_a_worker(tmp_path, redis_url, elsewhere=elsewhere)


@pytest.mark.contract
def test_fifty_killed_workers_leave_nothing_undone(tmp_path_factory, redis_url):
    slowest = max(
        kill_a_worker(tmp_path_factory.mktemp("killed"), redis_url, elsewhere=number % 2 == 0)
        for number in range(50)
    )
    sys.stderr.write(f"the slowest of 50 was done after {slowest:.0f} s\n")


# Row 14


def kill_redis(data, redis, documents, kills):
    write_pages(data, documents, "first")
    config = configure(data, redis.url)
    ask_for_a_sync(data)
    chance = random.Random(14)
    environ = {"TEST_SLOW": 0.02, "TEST_EMBEDDED": data / "embedded.log"}
    idle = 0.0
    with Child(config, "work", "--port", "0", **environ), Child(config, "work", "--port", "0", **environ):
        eventually(lambda: published(data) > 0, 40, "the first document")
        for number in range(kills):
            if is_done(data)():
                write_pages(data, documents, f"again {number}")
                ask_for_a_sync(data)
            if number % 3 == 2:
                with Client.from_url(redis.url) as client:
                    client.flushall()
            else:
                redis.kill()
                redis.restart()
            before = consumed(data)
            idle = max(
                idle,
                # What was left may have been done while Redis came back: then there is nothing to consume.
                eventually(
                    lambda before=before: consumed(data) != before or is_done(data)(), 30, "consuming again"
                ),
            )
            time.sleep(chance.random())
        eventually(is_done(data), 120, "everything that was accepted")
    assert is_as_the_source(data)
    return idle


def consumed(data):
    """Something that differs whenever a worker has consumed a message or has worked."""
    with open_folder(data) as kb, kb.ledger.read() as ledger:
        seen = ledger.execute(processes.select().order_by(processes.c.name)).all()
        fences = sum(row.fence for row in ledger.execute(documents.select()))
        return [row.consumed_at for row in seen], fences


def test_a_redis_that_is_killed_and_flushed_loses_nothing_that_was_accepted(tmp_path, own_redis):
    kill_redis(tmp_path, own_redis, documents=60, kills=3)


@pytest.mark.contract
def test_a_hundred_kills_of_redis_lose_none_of_ten_thousand_jobs(tmp_path, own_redis):
    idle = kill_redis(tmp_path, own_redis, documents=1000, kills=100)
    sys.stderr.write(f"the longest time without consuming: {idle:.0f} s\n")


# Row 15


def half_open(data, redis, times):
    write_pages(data, 5, "first")
    config = configure(data, redis.proxied)
    slowest = 0.0
    with Child(config, "work", "--port", "0", "--concurrency", "1") as worker:
        ask_for_a_sync(data)
        eventually(is_done(data), 40, "the first sync")
        ready = f"http://127.0.0.1:{worker.port()}/readyz"
        for number in range(times):
            redis.proxy.hold()
            eventually(lambda: status(ready) == 503, 30, "red while Redis is half open")
            write_pages(data, 5, f"again {number}")
            ask_for_a_sync(data)
            time.sleep(25)  # until the worker has noticed, and tries to connect anew
            redis.proxy.cut()
            redis.proxy.mend()
            began = time.monotonic()
            eventually(is_done(data, count=number + 2), 60, "working again")
            eventually(lambda: status(ready) == 200, 30, "green again")
            slowest = max(slowest, time.monotonic() - began)
    assert is_as_the_source(data)
    return slowest


def status(url):
    try:
        with urllib.request.urlopen(url, timeout=15) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_a_redis_that_is_half_open_is_told_and_survived(tmp_path, redis):
    half_open(tmp_path, redis, 1)


@pytest.mark.contract
def test_thirty_times_half_open_and_thirty_times_back(tmp_path, redis):
    sys.stderr.write(f"the slowest return took {half_open(tmp_path, redis, 30):.0f} s\n")


# Row 16


def outlive_the_visibility(data, redis_url, documents):
    write_pages(data, documents, "first")
    config = configure(data, redis_url, batch=4)
    ask_for_a_sync(data)
    # Redis gives each message to somebody else while its task still runs, again and again.
    environ = {"TEST_SLOW": 2, "TEST_VISIBILITY": 1, "TEST_EMBEDDED": data / "embedded.log"}
    with Child(config, "work", "--port", "0", **environ), Child(config, "work", "--port", "0", **environ):
        eventually(is_done(data), 30 + 4 * documents, "everything")
    assert is_as_the_source(data)
    assert embedded_more_than_once(data) == []


def test_a_task_that_outlives_redis_patience_has_one_effect(tmp_path, redis_url):
    outlive_the_visibility(tmp_path, redis_url, 8)


@pytest.mark.contract
def test_twenty_tasks_that_outlive_redis_patience_have_one_effect_each(tmp_path, redis_url):
    outlive_the_visibility(tmp_path, redis_url, 80)


# Row 18


def test_three_beats_start_a_source_once_and_a_beat_that_was_away_catches_up(tmp_path, redis_url):
    write_pages(tmp_path, 3, "first")
    config = configure(tmp_path, redis_url, schedule="hourly")
    beats = [Child(config, "beat", "--port", "0") for _ in range(3)]
    try:
        with Child(config, "work", "--port", "0"):
            eventually(is_done(tmp_path), 40, "the first sync")
            time.sleep(12)  # the workers' own looks come round as well
            assert [row.state for row in runs_of(tmp_path)] == ["done"]
            for beat in beats:
                beat.kill()
            with open_folder(tmp_path) as kb, kb.ledger.write() as ledger:
                long_ago = datetime(2026, 1, 1, tzinfo=UTC)
                ledger.execute(run_rows.update().values(started_at=long_ago, finished_at=long_ago))
            beats.append(Child(config, "beat", "--port", "0"))
            eventually(is_done(tmp_path, count=2), 60, "what was missed")
            time.sleep(3)
            assert len(runs_of(tmp_path)) == 2
    finally:
        for beat in beats:
            beat.kill()


# Row 19


def test_a_sync_that_is_asked_for_twenty_times_is_made_once_or_twice_and_each_is_answered(
    tmp_path, redis_url
):
    write_pages(tmp_path, 30, "first")
    config = configure(tmp_path, redis_url)
    with Child(config, "work", "--port", "0", TEST_SLOW=0.02):
        eventually(is_done(tmp_path, 0), 30, "the worker")
        ask_for_a_sync(tmp_path)
        eventually(is_done(tmp_path), 60, "the first sync")
        before = len(runs_of(tmp_path))
        write_pages(tmp_path, 30, "second")
        told = []
        with KnowledgeBase(load_settings(config)) as kb:
            for _ in range(20):
                told += hand_over(kb, [SOURCE], by="admin@example.com")
        assert {one.request for one in told} <= {"new", "joined"}
        assert len(told) == 20
        eventually(lambda: is_done(tmp_path, before + 1)() and is_as_the_source(tmp_path), 60, "the re-sync")
        time.sleep(12)
        assert before + 1 <= len(runs_of(tmp_path)) <= before + 2


# Stopping


def test_a_worker_that_is_told_to_stop_ends_its_document_and_gives_the_others_back(tmp_path, redis_url):
    write_pages(tmp_path, 40, "first")
    config = configure(tmp_path, redis_url, lease_seconds=600)
    ask_for_a_sync(tmp_path)
    with Child(config, "work", "--port", "0", TEST_SLOW=0.3) as worker:
        eventually(lambda: published(tmp_path) > 1, 40, "the first documents")
        assert worker.stop(seconds=20) == 0
        with open_folder(tmp_path) as kb, kb.ledger.read() as ledger:
            rows = ledger.execute(pending.select()).all()
        assert rows
        assert {row.owner for row in rows} == {None}


def test_a_stopped_worker_that_comes_back_after_its_lease_changes_nothing(
    tmp_path, redis_url, postgres_url, weaviate_url
):
    """On servers: a stopped process may hold the lock of an embedded ledger or index for ever."""
    write_pages(tmp_path, 20, "first")
    config = configure(tmp_path, redis_url, ledger=postgres_url, index=weaviate_url)
    ask_for_a_sync(tmp_path)
    with Child(config, "work", "--port", "0", TEST_SLOW=0.2, TEST_HOST="elsewhere") as zombie:
        eventually(lambda: published(tmp_path) > 1, 40, "the first documents")
        zombie.signal(signal.SIGSTOP)
        with Child(config, "work", "--port", "0"):
            eventually(is_done(tmp_path), 75, "what the stopped worker held")
            assert is_as_the_source(tmp_path)
            zombie.signal(signal.SIGCONT)
            time.sleep(5)
            assert is_as_the_source(tmp_path)
