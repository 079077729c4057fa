"""Metrics: every process tells how the installation stands, counts what it did itself, and is documented."""

import logging
import math
import os
import re
import subprocess
import sys
import threading
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.exposition import choose_encoder, generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from bot import door
from bot.messages import Message, Outcome, Person
from config import telemetry
from config.errors import ConfigError, UnavailableError
from ingest import auditing, sync
from ingest.ledger import ContendedError, chores, now, processes, requests
from ingest.ledger.tables import runs as run_rows
from tests.doubles import open_base
from workers import gauges, metrics
from workers.counted import COUNTED
from workers.local import sync_sources
from workers.metrics import registry, timed

ROOT = Path(__file__).parents[2]
PACKAGES = ("bot", "config", "ingest", "workers")


@pytest.fixture
def kb(tmp_path):
    with open_base(tmp_path, memory=["wiki", "drive"], attempts=1) as kb:
        kb.settings = kb.settings.model_copy(update={"sources": (source("wiki"), source("drive"))})
        kb.connectors["wiki"].edit("one", text="The badger sleeps.", title="Badgers")
        kb.connectors["wiki"].edit("two", text="The otter swims.", title="Otters")
        yield kb


def source(name):
    from config.sections import SourceSettings

    return SourceSettings(name=name, type="folder")


@pytest.fixture(autouse=True)
def _listeners(monkeypatch):
    monkeypatch.setattr(telemetry, "listeners", [])


@pytest.fixture(autouse=True)
def _always_anew(monkeypatch):
    monkeypatch.setattr(gauges, "_KEEP", 0.0)
    monkeypatch.setattr(gauges, "_PATIENCE", 60.0)  # a machine that is busy with other tests is not down


def scraped(told):
    """The samples of a registry as Prometheus reads them, by name and labels."""
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in parse_text(generate_latest(told).decode())
        for sample in family.samples
    }


class Difference:
    """What was counted since this was made."""

    def __init__(self, told):
        self._told, self._before = told, scraped(told)

    def __getitem__(self, key):
        return scraped(self._told).get(key, 0) - self._before.get(key, 0)


# --- how the installation stands ---


def test_how_every_source_stands_is_read_from_the_ledger(kb):
    kb.connectors["wiki"].edit("bad", text="poison")
    sync_sources(kb, ["wiki"])
    found = scraped(registry(kb))
    assert found["sabio_ledger_up",] == 1
    expected = {"documents": 2, "chunks": 2, "pending": 0, "quarantined": 1, "held": 0, "last_sync_failed": 0}
    assert {name: found[f"sabio_{name}", "wiki"] for name in expected} == expected
    assert 0 <= found["sabio_sync_lag_seconds", "wiki"] < 60


def test_a_source_that_was_never_synced_has_counts_and_no_lag(kb):
    found = scraped(registry(kb))
    assert found["sabio_documents", "drive"] == found["sabio_pending", "drive"] == 0
    assert ("sabio_sync_lag_seconds", "drive") not in found
    assert ("sabio_last_sync_failed", "drive") not in found


def test_a_source_that_is_configured_no_more_is_told_without_a_lag_that_only_grows(kb):
    sync_sources(kb, ["wiki"])
    kb.settings = kb.settings.model_copy(update={"sources": ()})
    found = scraped(registry(kb))
    assert found["sabio_documents", "wiki"] == 2
    assert ("sabio_sync_lag_seconds", "wiki") not in found
    assert ("sabio_documents", "drive") not in found


def test_the_lag_counts_from_the_last_good_sync_and_a_failed_one_does_not_reset_it(kb):
    sync_sources(kb, ["wiki"])
    with kb.ledger.write() as ledger:
        ledger.execute(run_rows.update().values(finished_at=now() - timedelta(hours=2)))

    def down(_):
        raise UnavailableError("down")

    kb.connectors["wiki"].fail_with(on_scan=down)
    sync_sources(kb, ["wiki"])
    found = scraped(registry(kb))
    assert 7200 <= found["sabio_sync_lag_seconds", "wiki"] < 7260
    assert found["sabio_last_sync_failed", "wiki"] == 1


def test_held_removals_are_told(kb):
    sync_sources(kb, ["wiki"])
    kb.connectors["wiki"].pages.clear()
    sync_sources(kb, ["wiki"])
    assert scraped(registry(kb))["sabio_held", "wiki"] == 2


def test_a_run_under_way_is_told_with_what_is_left_of_it(kb):
    sync.scan(kb, "wiki")
    found = scraped(registry(kb))
    assert found["sabio_run_state", "sync", "wiki", "working"] == 1
    assert found["sabio_run_planned", "sync", "wiki"] == found["sabio_run_left", "sync", "wiki"] == 2
    assert found["sabio_pending", "wiki"] == 2
    sync_sources(kb, ["wiki"])
    assert not any(name.startswith("sabio_run") for name, *_ in scraped(registry(kb)))


def test_requests_that_wait_and_processes_that_live_are_told(kb):
    with kb.ledger.write() as ledger:
        requests.request_sync(ledger, "wiki")
        requests.request_sync(ledger, "drive")
        for name in ("a", "b"):
            processes.beat(ledger, name, "work", consumed=True)
    found = scraped(registry(kb))
    assert found["sabio_waiting_requests",] == 2
    assert [found["sabio_processes", kind] for kind in ("work", "serve", "beat")] == [2, 0, 0]


def test_what_the_last_audit_found_is_told(kb):
    assert ("sabio_index_orphans",) not in scraped(registry(kb))
    with kb.ledger.write() as ledger:
        chores.claim_chore(ledger, "audit", "", "me", every=60, lease=60)
        chores.finish_chore(ledger, "audit", "", "me", {"orphans": 3, "gaps": 1})
    found = scraped(registry(kb))
    assert (found["sabio_index_orphans",], found["sabio_index_gaps",]) == (3, 1)
    assert 0 <= found["sabio_audit_age_seconds",] < 60


def test_how_many_messages_wait_is_told_where_there_is_a_queue(kb):
    found = scraped(registry(kb, lambda: {"ingest": 7, "default": 0}))
    assert found["sabio_queue_up",] == 1
    assert (found["sabio_queue_length", "ingest"], found["sabio_queue_length", "default"]) == (7, 0)
    assert not any("queue" in name for name, *_ in scraped(registry(kb)))


def test_two_processes_tell_the_same(kb):
    sync_sources(kb, ["wiki"])

    def shown():
        return {
            key: value
            for key, value in scraped(registry(kb)).items()
            if key[0] in gauges.GAUGES and not key[0].endswith("seconds")
        }

    first = shown()
    assert first
    assert shown() == first


# --- what is down ---


@pytest.mark.parametrize("error", [UnavailableError("the disk is full"), ConfigError("damaged")])
def test_a_ledger_that_is_down_leaves_gaps_and_breaks_nothing(kb, monkeypatch, error):
    def down():
        raise error

    monkeypatch.setattr(kb.ledger, "read", down)
    found = scraped(registry(kb, lambda: {"ingest": 7}))
    assert found["sabio_ledger_up",] == 0
    assert found["sabio_queue_length", "ingest"] == 7
    assert "sabio_documents" not in {name for name, *_ in found}
    assert found["process_resident_memory_bytes",] > 0


def test_a_queue_that_is_down_leaves_gaps_and_breaks_nothing(kb):
    def down():
        raise UnavailableError("no route to Redis")

    found = scraped(registry(kb, down))
    assert found["sabio_queue_up",] == 0
    assert found["sabio_ledger_up",] == 1
    assert "sabio_queue_length" not in {name for name, *_ in found}


def test_what_never_answers_is_not_waited_for(kb, monkeypatch):
    """A scrape waits for both at once, and no longer; the next finds the same call still under way."""
    monkeypatch.setattr(gauges, "_PATIENCE", 0.2)
    asked, gate = [], threading.Event()

    def hang():
        asked.append(1)
        gate.wait(600)

    told = registry(kb, hang)
    assert scraped(told)["sabio_queue_up",] == 0
    assert scraped(told)["sabio_queue_up",] == 0
    assert asked == [1]
    gate.set()


def test_the_ledger_is_read_once_for_all_who_ask_at_about_the_same_time(kb, monkeypatch):
    monkeypatch.setattr(gauges, "_KEEP", 60.0)
    told = registry(kb)
    before = scraped(told)
    sync_sources(kb, ["wiki"])
    assert scraped(told)["sabio_documents", "wiki"] == before["sabio_documents", "wiki"] == 0


# --- what this process counts ---


def test_a_task_is_timed_and_its_failure_counted_by_its_class(kb):
    counted = Difference(registry(kb))
    with timed("work"):
        pass
    with pytest.raises(UnavailableError), timed("work"):
        raise UnavailableError("down")
    metrics.count_failure("scan", ConfigError("wrong"))
    assert counted["sabio_task_seconds_count", "work"] == 2
    assert counted["sabio_task_failures_total", "UnavailableError", "work"] == 1
    assert counted["sabio_task_failures_total", "ConfigError", "scan"] == 1


def test_what_passes_by_itself_is_no_mistake_of_ours_whatever_it_is_called_within(kb):
    counted = Difference(registry(kb))
    with pytest.raises(ContendedError), timed("work"):
        raise ContendedError("changed by others at the same moment", retry_after=1)
    assert counted["sabio_task_failures_total", "UnavailableError", "work"] == 1
    assert counted["sabio_task_failures_total", "ContendedError", "work"] == 0


def test_documents_are_counted_by_what_came_of_them(kb):
    counted = Difference(registry(kb))
    kb.connectors["wiki"].edit("bad", text="poison")
    sync_sources(kb, ["wiki"])
    assert counted["sabio_documents_worked_total", "done", "wiki"] == 2
    assert counted["sabio_documents_worked_total", "quarantined", "wiki"] == 1
    assert counted["sabio_documents_worked_total", "retried", "wiki"] == 0


def test_an_attempt_that_will_be_repeated_is_no_quarantine(tmp_path):
    with open_base(tmp_path, memory=["wiki"], attempts=2) as kb:
        counted = Difference(registry(kb))
        kb.connectors["wiki"].edit("bad", text="poison")
        sync_sources(kb, ["wiki"])
        assert counted["sabio_documents_worked_total", "retried", "wiki"] == 1
        assert counted["sabio_documents_worked_total", "quarantined", "wiki"] == 1


def test_chunks_that_an_audit_mended_are_counted(kb):
    counted = Difference(registry(kb))
    sync_sources(kb, ["wiki"])
    collection = kb.collection()
    [lost, *_] = collection.index.ids()
    collection.index.delete([lost])
    for _ in range(2):
        auditing.audit(kb, collection, fills={"wiki"})
    assert (counted["sabio_index_mended_total", "gap"], counted["sabio_index_mended_total", "orphan"]) == (
        1,
        0,
    )


def test_questions_are_counted_by_outcome_and_timed(kb):
    sync_sources(kb, ["wiki"])
    counted = Difference(registry(kb))
    outcome = door.handle(kb, Message("Where does the badger sleep?", Person())).outcome.value
    assert counted["sabio_questions_total", outcome] == 1
    assert counted["sabio_question_seconds_count",] == 1


def test_what_is_known_beforehand_is_told_as_0_so_that_the_first_is_seen_as_growth():
    code = (
        "import sys; from workers import counters; from prometheus_client.exposition import generate_latest\n"
        "counters.begin(); sys.stdout.write(generate_latest(counters.Counts(None)).decode())"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    told = {
        (one.name, *one.labels.values()): one.value
        for family in parse_text(done.stdout)
        for one in family.samples
    }
    for outcome in Outcome:
        assert told["sabio_questions_total", outcome.value] == 0
    for metric, *values in (
        ("sabio_index_mended_total", "orphan", "gap", "readers"),
        ("sabio_feedback_total", "up", "down"),
        ("sabio_claims_total", "shown", "dropped"),
    ):
        assert [told[metric, value] for value in values] == [0] * len(values)


def test_counts_are_one_set_however_often_they_are_asked_for(kb):
    counted = Difference(registry(kb))
    registry(kb)
    with timed("scan"):
        pass
    assert counted["sabio_task_seconds_count", "scan"] == 1


# --- children of a fork ---

CHILDREN = """
import os, sys
from workers import metrics
folder = metrics.prepare_multiprocess()
from prometheus_client.exposition import generate_latest
from tests.doubles import open_base
from pathlib import Path
from workers import gauges
gauges._PATIENCE = 60.0
kb = open_base(Path(sys.argv[1]))
told = metrics.registry(kb)
def child(killed):
    pid = os.fork()
    if pid == 0:
        with metrics.timed("work"): pass
        metrics.count_failure("work", ValueError())
        os.kill(os.getpid(), 9) if killed else os._exit(0)
    os.waitpid(pid, 0)
for n in range(6):
    child(killed=n % 2)
    if n == 2:
        generate_latest(told)
text = generate_latest(told).decode()
print(len(list(folder.glob("*.db"))))
print(text)
kb.close()
"""


def test_what_children_counted_is_added_up_also_when_they_were_killed_and_leaves_no_files(tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CHILDREN, str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=True, env={**os.environ, "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    files, text = done.stdout.split("\n", 1)
    found = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in parse_text(text)
        for sample in family.samples
    }
    assert found["sabio_task_seconds_count", "work"] == 6
    assert found["sabio_task_seconds_bucket", "+Inf", "work"] == 6
    assert found["sabio_task_failures_total", "ValueError", "work"] == 6
    assert found["sabio_ledger_up",] == 1
    # Those of the parent, and one each for counters and histograms of all that ended.
    assert int(files) <= 4
    assert not list(tmp_path.glob("sabio-metrics-*"))


def test_what_a_killed_worker_left_goes_when_the_next_starts_and_what_a_living_one_has_stays(tmp_path):
    code = (
        "import sys; from workers.metrics import prepare_multiprocess\n"
        "print(prepare_multiprocess(), flush=True); sys.stdin.read()"
    )

    def start():
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "TMPDIR": str(tmp_path)},
        )
        return process, Path(process.stdout.readline().strip())

    with start_all(start, 2) as [(killed, left), (_, living)]:
        killed.kill()
        killed.wait()
        assert left.exists()
        with start_all(start, 1):
            assert not left.exists()
            assert living.exists()


@contextmanager
def start_all(start, count):
    """Some processes that live until the block ends."""
    started = [start() for _ in range(count)]
    try:
        yield started
    finally:
        for process, _ in started:
            process.communicate("", timeout=30)


def test_files_are_prepared_before_the_library_is_there_or_not_at_all():
    with pytest.raises(RuntimeError, match="before"):
        metrics.prepare_multiprocess()


# --- what is told, and what is documented ---


def test_what_is_told_is_what_prometheus_understands_in_both_formats(kb):
    sync_sources(kb, ["wiki"])
    told = registry(kb, lambda: {"ingest": 1})
    with timed("work"):
        pass
    assert list(parse_text(generate_latest(told).decode()))
    encode, media_type = choose_encoder("application/openmetrics-text; version=1.0.0")
    assert media_type.startswith("application/openmetrics-text")
    families = list(parse_openmetrics(encode(told).decode()))
    assert {"sabio_documents", "sabio_task_seconds", "sabio_questions"} <= {one.name for one in families}
    assert not any(math.isnan(sample.value) for one in families for sample in one.samples)


def documented():
    """Every metric that the documentation has a row for, with its labels."""
    page = (ROOT / "docs" / "observing.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(sabio_\w+)` \| (.*?) \|", page, re.MULTILINE)
    assert len(dict(rows)) == len(rows)
    return {name: tuple(re.findall(r"`(\w+)`", labels)) for name, labels in rows}


def test_every_metric_is_documented_with_its_labels_and_no_other():
    told = {one.metric: one.labels for one in COUNTED.values()}
    told |= {name: labels for name, (_, labels) in gauges.GAUGES.items()}
    assert documented() == told


def test_every_number_that_the_code_tells_has_a_counter_and_every_counter_a_place():
    text = "".join(path.read_text() for name in PACKAGES for path in (ROOT / name).rglob("*.py"))
    assert set(re.findall(r'observe_metric\(\s*"(\w+)"', text)) == set(COUNTED)


def test_every_metric_named_in_the_alerts_exists():
    page = (ROOT / "docs" / "observing.md").read_text(encoding="utf-8")
    names = set(re.findall(r"\b(sabio_\w+?)(?:_bucket|_count|_sum)?\b(?![-/])", page))
    assert names <= documented().keys()


def test_without_anybody_who_serves_metrics_nothing_listens():
    telemetry.observe_metric("no such thing", anything="goes")


# --- logs ---


def test_logs_of_a_run_carry_its_id_and_those_of_a_document_the_documents(kb, restored_logging):
    import io
    import json

    from config.sections import LogSettings

    stream = io.StringIO()
    telemetry.start_logging(LogSettings(level="debug", format="json"), stream=stream)
    kb.connectors["wiki"].edit("bad", text="poison")
    [report] = sync_sources(kb, ["wiki"])
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    ours = [line for line in lines if line["logger"].startswith("ingest")]
    assert {line["run"] for line in ours} == {report["run"]}
    assert {line["source"] for line in ours} == {"wiki"}
    by = {line["message"]: line for line in ours}
    assert (by["planned"]["level"], by["planned"]["new"], by["planned"]["scanned"]) == ("info", 3, 3)
    published = [line for line in ours if line["message"] == "published"]
    assert sorted((line["level"], line["chunks"], line["embedded"]) for line in published) == [
        ("debug", 1, 1), ("debug", 1, 1),
    ]  # fmt: skip
    bad = by["quarantined: it is poisonous"]
    assert (bad["level"], bad["entry"], bad["attempt"]) == ("warning", "bad", 1)
    assert (by["finished: done"]["level"], by["finished: done"]["failed"]) == ("info", 1)
    with kb.ledger.read() as ledger:
        from ingest.ledger.tables import documents

        ids = {row.id for row in ledger.execute(documents.select())}
    assert {line["document"] for line in ours if "document" in line} == ids
    assert all("badger" not in line for line in stream.getvalue().splitlines())


def test_a_scan_that_fails_says_so_with_its_run(kb, caplog):
    def down(_):
        raise UnavailableError("down for repair")

    kb.connectors["wiki"].fail_with(on_scan=down)
    caplog.set_level(logging.INFO, "ingest")
    sync_sources(kb, ["wiki"])
    assert "the scan failed: down for repair" in caplog.text
