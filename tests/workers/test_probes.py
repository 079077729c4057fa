"""Health, readiness and metrics over real HTTP: red soon when something is wrong, and no secret told."""

import json
import logging
import os
import socket
import threading
import time
from functools import partial

import pytest

from config.errors import UnavailableError
from config.secrets import MASK, spellings
from ingest import sync
from tests.doubles import open_base
from workers import probes as probing
from workers.local import sync_sources
from workers.patience import Inquiry
from workers.probes import Probes, Pulse, readiness

CANARY = "hunter2-canary"


@pytest.fixture
def probes(serve):
    """Starts probes on a free port of loopback, and asks them."""
    return lambda **given: serve(Probes(**given).routes)


def told(answer):
    return answer[0], json.loads(answer[1])


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


# --- alive ---


def test_a_worker_that_consumed_lately_is_alive_and_one_that_did_not_says_since_when():
    clock = Clock()
    pulse = Pulse(clock)
    clock.now += 90
    assert pulse.reason(90) is None
    clock.now += 5
    assert pulse.reason(90) == "nothing consumed for 95 s"
    pulse.consumed()
    assert pulse.reason(90) is None


def test_health_is_what_the_pulse_says_and_not_that_somebody_answers(probes):
    clock = Clock()
    pulse = Pulse(clock)
    ask = probes(live=lambda: pulse.reason(90))
    assert told(ask("/healthz")) == (200, {"status": "ok"})
    clock.now += 120
    reason = {"status": "failing", "reason": "nothing consumed for 120 s"}
    assert told(ask("/healthz")) == (503, reason)
    pulse.consumed()
    assert told(ask("/healthz")) == (200, {"status": "ok"})


def test_a_process_that_cannot_tell_whether_it_is_alive_is_not(probes, caplog):
    def broken():
        raise KeyError(CANARY)

    assert told(probes(live=broken)("/healthz")) == (503, {"status": "failing", "reason": "KeyError"})


# --- ready ---


@pytest.fixture
def kb(tmp_path):
    with open_base(tmp_path, memory=["wiki"]) as kb:
        kb.connectors["wiki"].edit("one", text="The badger sleeps.")
        yield kb


def test_what_was_never_synced_is_ready(probes, kb):
    ask = probes(ready=readiness(kb, lambda: None))
    everything = {"ledger": "ok", "index": "ok", "queue": "ok"}
    assert told(ask("/readyz")) == (200, {"ready": True, "checks": everything})
    assert kb.ledger.collection() is None


def test_what_is_published_is_ready_and_the_index_is_asked(probes, kb, monkeypatch):
    sync_sources(kb, ["wiki"])
    assert told(probes(ready=readiness(kb))("/readyz"))[0] == 200

    def down(*_):
        raise UnavailableError("the index is down")

    monkeypatch.setattr(kb.collection().index, "missing", down)
    status, body = told(probes(ready=readiness(kb))("/readyz"))
    assert (status, body["checks"]) == (503, {"ledger": "ok", "index": "the index is down"})


def test_what_is_not_needed_is_told_and_makes_nobody_unready(monkeypatch):
    monkeypatch.setattr(probing, "_KEEP", 0)
    down = {"index", "queue"}

    def check(name):
        if name in down:
            raise UnavailableError(f"the {name} is down")

    checks = {name: partial(check, name) for name in ("ledger", "index", "queue")}
    bot = Probes(ready=checks, needed={"ledger"}, to_begin={"index"})
    assert bot.readiness()[0] == 503, "the index has never answered"
    down.remove("index")
    assert bot.readiness()[0] == 200
    down.add("index")
    status, body = bot.readiness()
    assert (status, body["checks"]["index"]) == (200, "the index is down")
    down.add("ledger")
    assert bot.readiness()[0] == 503


def test_who_only_hands_work_on_does_not_open_the_index(kb, monkeypatch):
    sync_sources(kb, ["wiki"])
    monkeypatch.setattr(kb, "collection", lambda: pytest.fail("it was opened"))
    checks = readiness(kb, opens_index=False)
    assert set(checks) == {"ledger", "index"}
    for check in checks.values():
        check()


def test_it_asks_whether_the_server_of_the_index_is_ready(probes, tmp_path, own_weaviate):
    with open_base(tmp_path, index=own_weaviate.url) as kb:
        ask = probes(ready=readiness(kb, opens_index=False))
        assert told(ask("/readyz"))[0] == 200
        own_weaviate.kill()
        ask = probes(ready=readiness(kb, opens_index=False))
        status, body = told(ask("/readyz"))
    assert (status, body["checks"]["ledger"]) == (503, "ok")
    assert "cannot be used" in body["checks"]["index"]


def test_a_folder_that_cannot_be_written_to_is_not_ready(probes, kb, monkeypatch):
    sync_sources(kb, ["wiki"])
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may do everything
    status, body = told(probes(ready=readiness(kb, opens_index=False))("/readyz"))
    assert status == 503
    assert body["checks"]["index"].endswith("cannot be read and written")


def test_a_ledger_that_is_down_makes_it_unready_with_the_reason(probes, kb, monkeypatch):
    def down():
        raise UnavailableError("the ledger cannot be used: disk full")

    monkeypatch.setattr(kb.ledger, "collection", down)
    status, body = told(probes(ready=readiness(kb, opens_index=False))("/readyz"))
    assert (status, body["ready"]) == (503, False)
    assert body["checks"] == {"ledger": "the ledger cannot be used: disk full", "index": "ok"}


def test_a_server_that_takes_the_connection_and_says_nothing_makes_it_red_in_bounded_time(probes, kb):
    """A half-open Redis or database: connecting works, reading waits for ever."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        opened = []

        def ping():
            with socket.create_connection(silent.getsockname()) as connection:
                opened.append(1)
                connection.sendall(b"PING\r\n")
                connection.recv(10)

        ask = probes(ready=readiness(kb, ping))
        started = time.monotonic()
        replies = []
        askers = [threading.Thread(target=lambda: replies.append(told(ask("/readyz")))) for _ in range(5)]
        for each in askers:
            each.start()
        for each in askers:
            each.join()
        assert time.monotonic() - started < 10
        assert told(ask("/healthz"))[0] == 200
        for status, body in replies:
            assert (status, body["checks"]["ledger"]) == (503, "ok")
            assert body["checks"]["queue"] == "no answer within 3 s"
        assert told(ask("/readyz"))[0] == 503
        assert len(opened) == 1  # and not one more thread for each that asks
        connection, _ = silent.accept()
        with connection:
            connection.sendall(b"+PONG\r\n")
        deadline = time.monotonic() + 10
        while told(ask("/readyz"))[0] != 200 and time.monotonic() < deadline:
            silent.settimeout(0.2)
            try:
                with silent.accept()[0] as connection:
                    connection.sendall(b"+PONG\r\n")
            except TimeoutError:
                continue
        assert len(opened) <= 3


def test_becoming_unready_is_logged_once(probes, kb, caplog, monkeypatch):
    monkeypatch.setattr("workers.probes._KEEP", 0.0)
    reason = ["queue gone"]

    def ping():
        if reason:
            raise UnavailableError(reason[0])

    caplog.set_level(logging.INFO, "workers")
    ask = probes(ready=readiness(kb, ping))
    for _ in range(3):
        assert ask("/readyz")[0] == 503
    reason.clear()
    assert ask("/readyz")[0] == 200
    assert [record.getMessage() for record in caplog.records] == ["not ready: queue: queue gone", "ready"]


# --- asking what may not answer ---


def test_what_was_asked_lately_is_not_asked_again_and_what_is_old_is():
    asked = []
    inquiry = Inquiry(lambda: asked.append(1) or len(asked), keep=60)
    assert [inquiry.answer() for _ in range(3)] == [1, 1, 1]
    inquiry = Inquiry(lambda: asked.append(1) or len(asked), keep=0)
    assert [inquiry.answer(), inquiry.answer()] == [2, 3]


def test_an_answer_that_comes_late_counts_for_the_next_who_asks():
    gate = threading.Event()
    inquiry = Inquiry(lambda: gate.wait(30), seconds=0.05)
    with pytest.raises(UnavailableError, match=r"no answer within 0\.05 s"):
        inquiry.answer()
    gate.set()
    inquiry._reply.result(10)
    assert inquiry.answer() is True


def test_a_timeout_of_what_was_asked_is_told_as_such():
    def ask():
        raise TimeoutError("the other side said so")

    with pytest.raises(TimeoutError, match="said so"):
        Inquiry(ask).answer()


# --- secrets ---


def test_no_endpoint_tells_a_secret_or_a_stack_trace(probes, kb, monkeypatch):
    from workers import metrics

    kb.settings._secrets = spellings([CANARY])

    def down(*_):
        raise UnavailableError(f"postgresql://sabio:{CANARY}@db refuses {CANARY}")

    def mistaken():
        raise RuntimeError(f"Authorization: Bearer {CANARY}")

    ready = {**readiness(kb, down), "other": mistaken}
    ask = probes(ready=ready, live=mistaken, registry=metrics.registry(kb, down))
    monkeypatch.setattr(kb.ledger, "read", down)
    for path in ("/healthz", "/readyz", "/metrics", f"/{CANARY}", f"/healthz?token={CANARY}"):
        _, body, headers = ask(path)
        assert CANARY not in body.decode() + json.dumps(headers), path
        assert b"Traceback" not in body
    checks = told(ask("/readyz"))[1]["checks"]
    assert checks["queue"] == f"postgresql://sabio:{MASK}@db refuses {MASK}"
    assert checks["other"] == "RuntimeError"


def test_metrics_that_fail_are_an_error_without_its_text(probes, caplog):
    class Broken:
        def collect(self):
            raise RuntimeError(CANARY)

    status, body = told(probes(registry=Broken())("/metrics"))
    assert (status, body) == (500, {"error": "this failed; the log says why"})


def test_a_run_under_way_does_not_hold_up_the_probes(probes, kb):
    """The ledger is read beside its writers."""
    from workers import metrics

    ask = probes(ready=readiness(kb), registry=metrics.registry(kb))
    with kb.ledger.write() as ledger:
        ledger.exec_driver_sql("DELETE FROM pending")
        started = time.monotonic()
        assert ask("/readyz")[0] == ask("/metrics")[0] == 200
        assert time.monotonic() - started < 2
    sync.scan(kb, "wiki")
