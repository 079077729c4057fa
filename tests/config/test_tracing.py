"""Traces: a run is one, wherever it is worked on; nothing private is in it; who wants none pays nothing."""

import os
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from uuid import UUID

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from bot import door
from bot.messages import Message, Person
from config import tracing
from config.errors import ConfigError, UnavailableError
from config.secrets import MASK, spellings
from config.sections import TelemetrySettings
from config.tracing import span, start_tracing, stop_tracing
from ingest import sync
from tests.doubles import open_base
from workers.local import sync_sources

ROOT = Path(__file__).parents[2]
COLLECTOR = "http://127.0.0.1:4318/v1/traces"
CANARY = "hunter2-canary"
RUN = "7c1e0c52-7f0e-4c36-9d0c-2f6c7b1f0e11"


@pytest.fixture
def traced():
    """Traces into memory; gives the spans that have ended, in the order of their beginning."""
    exporter = InMemorySpanExporter()
    start_tracing(TelemetrySettings(traces=COLLECTOR), "sabio-test", spellings([CANARY]), exporter)

    def ended():
        stop_tracing()
        return sorted(exporter.get_finished_spans(), key=lambda one: one.start_time)

    yield ended
    stop_tracing()


@pytest.fixture
def kb(tmp_path):
    with open_base(tmp_path, memory=["wiki"]) as kb:
        kb.connectors["wiki"].edit("one", text="The badger sleeps.", title="Badgers")
        kb.connectors["wiki"].edit("two", text="The otter swims.", title="Otters")
        yield kb


def paths(spans):
    """Each span's names from the root on, as `work/publish/embed`."""
    known = {one.context.span_id: one for one in spans}

    def path(one):
        above = one.parent and known.get(one.parent.span_id)
        return f"{path(above)}/{one.name}" if above else one.name

    return [path(one) for one in spans]


def everything(spans):
    return " ".join(one.to_json() for one in spans)


def test_a_sync_is_one_tree_from_scan_to_publish(kb, traced):
    [report] = sync_sources(kb, ["wiki"])
    spans = traced()
    found = paths(spans)
    assert found[0] == "scan"
    assert found.count("scan/finish") == 1
    assert found.count("scan/work/fetch") == found.count("scan/work/publish") == 2
    assert found.count("scan/work/publish/embed") == found.count("scan/work/publish/write") == 2
    assert found.count("scan/work/sweep") == 2
    assert set(found) == {
        "scan", "scan/work", "scan/work/fetch", "scan/work/parse", "scan/work/publish",
        "scan/work/publish/embed", "scan/work/publish/write", "scan/work/sweep", "scan/finish",
    }  # fmt: skip
    assert {one.context.trace_id for one in spans} == {UUID(report["run"]).int}
    assert spans[0].parent is None


def test_spans_carry_source_run_document_and_counts(kb, traced):
    [report] = sync_sources(kb, ["wiki"])
    spans = traced()
    scan = next(one for one in spans if one.name == "scan")
    assert dict(scan.attributes) == {
        "sabio.run": report["run"], "sabio.source": "wiki", "sabio.scanned": 2, "sabio.new": 2,
        "sabio.changed": 0, "sabio.relisted": 0, "sabio.unchanged": 0, "sabio.removed": 0, "sabio.held": 0,
    }  # fmt: skip
    published = [one for one in spans if one.name == "publish"]
    with kb.ledger.read() as ledger:
        from ingest.ledger import reading

        ids = {row.id for row in reading.published_documents(ledger)}
    assert {one.attributes["sabio.document"] for one in published} == ids
    assert {one.attributes["sabio.chunks"] for one in published} == {1}
    assert spans[0].resource.attributes["service.name"] == "sabio-test"


def test_no_text_and_no_title_is_in_a_trace(kb, traced):
    sync_sources(kb, ["wiki"])
    door.handle(kb, Message("Where does the badger sleep?", Person("ana@acme.com")))
    told = everything(traced())
    assert '"question"' in told
    for private in ("badger", "Badger", "Otter", "swims", "ana@", "acme"):
        assert private not in told


def test_a_question_is_traced_by_its_reference_and_outcome(kb, traced):
    sync_sources(kb, ["wiki"])
    reply = door.handle(kb, Message("Where does the badger sleep?", Person()))
    spans = [one for one in traced() if one.name in ("question", "retrieve", "rank")]
    assert paths(spans) == ["question", "question/retrieve", "question/rank"]
    assert spans[0].attributes["sabio.question"] == reply.reference
    assert spans[0].attributes["sabio.outcome"] == reply.outcome.value


def test_work_in_another_process_joins_the_trace_of_the_run(traced):
    """Another process knows the run's id and nothing of the span that began it."""
    with span("work", run=RUN, source="wiki"), span("publish", run=RUN, document="d"):
        pass
    with span("scan", run=RUN, source="wiki"):
        pass
    work, publish, scan = traced()
    assert {one.context.trace_id for one in (work, publish, scan)} == {UUID(RUN).int}
    assert (scan.parent, work.parent.span_id) == (None, scan.context.span_id)
    assert publish.parent.span_id == work.context.span_id


def test_spans_without_a_run_have_traces_of_their_own(traced):
    for run in (None, "not one"):
        with span("scan", run=run):
            pass
    first, second = traced()
    assert first.context.trace_id != second.context.trace_id
    assert first.parent is None


def test_an_error_is_told_by_its_class_and_its_message_without_secrets(traced):
    with pytest.raises(UnavailableError), span("scan"):
        raise UnavailableError(f"the wiki refuses {CANARY}")
    (one,) = traced()
    assert one.status.status_code is StatusCode.ERROR
    assert one.status.description == f"the wiki refuses {MASK}"
    assert dict(one.events[0].attributes) == {
        "exception.type": "UnavailableError", "exception.message": f"the wiki refuses {MASK}",
    }  # fmt: skip


def test_what_a_mistake_of_ours_says_is_not_told_for_it_may_quote_a_document(traced):
    with pytest.raises(ValueError, match="salary"), span("parse"):
        raise ValueError("no number: 'salary of Ana: 41,000'")
    (one,) = traced()
    assert one.status.description == "ValueError"
    assert "salary" not in one.to_json()


def test_a_secret_in_an_attribute_is_masked(traced):
    with span("scan", source=f"at {CANARY}") as told:
        told.set(note=CANARY, count=1, nothing=None)
    (one,) = traced()
    assert dict(one.attributes) == {"sabio.source": f"at {MASK}", "sabio.note": MASK, "sabio.count": 1}


# --- starting and stopping ---


def test_without_a_collector_nothing_is_traced_and_nothing_imported():
    start_tracing(TelemetrySettings(), "sabio-test")
    assert tracing._tracing is None
    with span("scan", run=RUN) as told:
        told.set(count=1)


def test_an_address_that_is_none_is_refused():
    with pytest.raises(ConfigError, match="expected a collector's") as caught:
        start_tracing(TelemetrySettings(traces=f"collector:4318/{CANARY}"), "x", spellings([CANARY]))
    assert CANARY not in str(caught.value)


def test_without_the_extra_one_is_told_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(ConfigError, match="uv sync --extra traces"):
        start_tracing(TelemetrySettings(traces=COLLECTOR), "sabio-test")


class Collector(BaseHTTPRequestHandler):
    """Takes what is sent to it."""

    def do_POST(self):
        self.server.taken.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def collector(socket_enabled, monkeypatch):
    for proxy in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(proxy, raising=False)
    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        server.taken = []
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_what_is_left_at_the_end_reaches_the_collector(collector):
    start_tracing(
        TelemetrySettings(traces=f"http://127.0.0.1:{collector.server_port}/v1/traces"), "sabio-work"
    )
    with span("scan", run=RUN, source="wiki"):
        pass
    stop_tracing()
    [(path, body)] = collector.taken
    assert path == "/v1/traces"
    assert UUID(RUN).bytes in body
    assert b"sabio-work" in body


def test_a_child_of_a_fork_sends_its_own_spans(collector):
    """As Celery's children are made, while the parent traces."""
    code = (
        "import os, sys\n"
        "from config.sections import TelemetrySettings\n"
        "from config.tracing import span, start_tracing, stop_tracing\n"
        "start_tracing(TelemetrySettings(traces=sys.argv[1]), 'sabio-work')\n"
        "child = os.fork()\n"
        "with span('child' if child == 0 else 'parent'): pass\n"
        "stop_tracing()\n"
        "if child == 0: os._exit(0)\n"
        "os.waitpid(child, 0)\n"
    )
    address = f"http://127.0.0.1:{collector.server_port}/v1/traces"
    subprocess.run([sys.executable, "-c", code, address], cwd=ROOT, check=True, timeout=60, env=_quiet())
    sent = b"".join(body for _, body in collector.taken)
    assert b"child" in sent
    assert b"parent" in sent


def test_a_collector_that_says_nothing_keeps_nobody_from_ending(socket_enabled, restored_logging):
    import logging
    import socket

    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        start_tracing(TelemetrySettings(traces=f"http://127.0.0.1:{silent.getsockname()[1]}/"), "sabio-test")
        with span("scan"):
            pass
        started = time.monotonic()
        stop_tracing()
        assert time.monotonic() - started < 8


def _quiet():
    return {key: value for key, value in os.environ.items() if "proxy" not in key.lower()}


# --- what those pay who want none ---


@pytest.mark.parametrize("line", [["--help"], ["ask", "Where does the badger sleep?"], ["sync"]])
def test_neither_traces_nor_metrics_are_imported_by(line, tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "badgers.md").write_text("# Badgers\n\nThe badger sleeps.\n")
    (tmp_path / "sabio.yaml").write_text(
        "translation: none\nsources: [{name: docs, type: folder, path: docs, readers: [everyone]}]\n"
    )
    code = (
        "import sys; sys.argv = ['sabio', *sys.argv[1:]]\n"
        "from bot.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted({name.split('.')[0] for name in sys.modules}))"
    )
    given = [] if line == ["--help"] else ["--config", str(tmp_path / "sabio.yaml")]
    done = subprocess.run(
        [sys.executable, "-c", code, *given, *line], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = done.stdout.splitlines()[-1]
    for heavy in ("prometheus_client", "opentelemetry", "celery", "redis", "weaviate", "psycopg"):
        assert f"'{heavy}'" not in loaded


def test_sync_is_what_the_trace_begins_with():
    assert sync.scan.__name__ == tracing.FIRST
