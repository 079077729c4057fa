"""Every alert fires when it should and not when it should not: the chart's rules on series that are made up.

By promtool, which evaluates them once a minute as Prometheus would. In `SERIES`, `0x9 1+2x5` is ten times 0,
then 1, 3, 5, … six times, and `_` is a minute without a sample.
"""

import pytest
import yaml

from tests.helm.chart import NAMESPACE, PRODUCTION, RELEASE, of_kind
from tests.helm.test_alerts import ALERTS
from tests.services.fixtures import here
from tests.services.prometheus import Promtool

WIKI = 'source="wiki"'
WORK, SERVE = 'kind="work"', 'kind="serve"'
FAILED = "sabio_task_failures_total{task='work',kind='%s'}"
LOOKING = "sabio_task_failures_total{task='permissions',kind='%s'}"


def slow(below, all_):
    """A histogram of answers that grows each minute by so many below 5 seconds, of so many."""
    return {
        "sabio_question_seconds_bucket{le='5'}": f"0+{below}x60",
        "sabio_question_seconds_bucket{le='10'}": f"0+{all_}x60",
        "sabio_question_seconds_bucket{le='+Inf'}": f"0+{all_}x60",
    }


# The alert, the minute of the look, the series that fire it, the labels that it then has.
FIRES = [
    ("SabioProcessDown", 6, {"up{pod='bot'}": "0x9"}, {"pod": "bot"}),
    ("SabioSourceOld", 61, {f"sabio_sync_lag_seconds{{{WIKI}}}": "700000x70"}, {"source": "wiki"}),
    ("SabioSourceNeverSynced", 1441, {f"sabio_documents{{{WIKI}}}": "0x1450"}, {"source": "wiki"}),
    ("SabioSyncFails", 61, {f"sabio_last_sync_failed{{{WIKI}}}": "1x70"}, {"source": "wiki"}),
    ("SabioReadersUnknown", 120, {LOOKING % "ConfigError": "0x9 0+0.0625x150"}, {}),
    ("SabioNothingMoves", 31, {f"sabio_run_left{{{WIKI},kind='sync'}}": "5x40"}, {"source": "wiki"}),
    ("SabioRemovalsWait", 61, {f"sabio_held{{{WIKI}}}": "30x70"}, {"source": "wiki"}),
    ("SabioQuarantineGrows", 95, {f"sabio_quarantined{{{WIKI}}}": "0x30 20x70"}, {"source": "wiki"}),
    ("SabioIndexMended", 12, {"sabio_index_mended_total{what='gap'}": "0x9 3x9"}, {"what": "gap"}),
    ("SabioNoWorker", 6, {f"sabio_processes{{{WORK}}}": "0x9", f"sabio_processes{{{SERVE}}}": "0x9"}, {}),
    ("SabioQueueDown", 6, {"sabio_queue_up": "0x9"}, {}),
    ("SabioLedgerDown", 2, {"sabio_ledger_up": "0x9"}, {}),
    ("SabioNoAnswers", 8, {"sabio_questions_total{outcome='unavailable'}": "0 0 1x9"}, {}),
    ("SabioModelDown", 12, {"sabio_model_failures_total{model='m'}": "0+1x20"}, {}),
    ("SabioAnswersSlow", 15, slow(below=5, all_=10), {}),
    ("SabioMistake", 12, {FAILED % "KeyError": "_x10 1x9"}, {"task": "work", "kind": "KeyError"}),
    ("SabioMistake", 90, {FAILED % "KeyError": "1x80 2x20"}, {"task": "work", "kind": "KeyError"}),
]
# The alert, the minute of the look, series that are no reason for it.
SILENT = [
    ("SabioProcessDown", 6, {"up{pod='bot'}": "1x9"}),
    ("SabioProcessDown", 6, {"up{pod='bot'}": "1x3 0x2 1x9"}),
    ("SabioSourceOld", 61, {f"sabio_sync_lag_seconds{{{WIKI}}}": "600000x70"}),
    # Of a source that is configured no more, documents are left, and no lag is told.
    ("SabioSourceNeverSynced", 1441, {f"sabio_documents{{{WIKI}}}": "3x1450"}),
    (
        "SabioSourceNeverSynced",
        1441,
        {f"sabio_documents{{{WIKI}}}": "0x1450", f"sabio_sync_lag_seconds{{{WIKI}}}": "9x1450"},
    ),
    ("SabioSyncFails", 61, {f"sabio_last_sync_failed{{{WIKI}}}": "1x30 0x40"}),
    # Down for an hour, and back.
    ("SabioReadersUnknown", 120, {LOOKING % "UnavailableError": "0x9 0+0.0625x60 4x99"}),
    ("SabioReadersUnknown", 120, {FAILED % "UnavailableError": "0+1x150"}),
    ("SabioNothingMoves", 31, {f"sabio_run_left{{{WIKI},kind='sync'}}": "500-1x40"}),
    ("SabioRemovalsWait", 61, {f"sabio_held{{{WIKI}}}": "0x70"}),
    ("SabioQuarantineGrows", 95, {f"sabio_quarantined{{{WIKI}}}": "0x30 9x70"}),
    ("SabioIndexMended", 12, {"sabio_index_mended_total{what='gap'}": "0x20"}),
    ("SabioNoWorker", 6, {f"sabio_processes{{{WORK}}}": "1x9", f"sabio_processes{{{SERVE}}}": "0x9"}),
    # With `queue: none` the bot does the work.
    ("SabioNoWorker", 6, {f"sabio_processes{{{WORK}}}": "0x9", f"sabio_processes{{{SERVE}}}": "1x9"}),
    ("SabioQueueDown", 6, {"sabio_queue_up{pod='bot'}": "0x9", "sabio_queue_up{pod='worker'}": "1x9"}),
    ("SabioLedgerDown", 2, {"sabio_ledger_up": "1x9"}),
    ("SabioNoAnswers", 8, {"sabio_questions_total{outcome='not_found'}": "0+1x9"}),
    ("SabioModelDown", 12, {"sabio_model_failures_total{model='m'}": "0x4 1x20"}),
    ("SabioAnswersSlow", 15, slow(below=10, all_=10)),
    ("SabioMistake", 12, {FAILED % "UnavailableError": "0+1x20", FAILED % "ConfigError": "0+1x20"}),
    ("SabioMistake", 100, {FAILED % "KeyError": "1x120"}),
]


def name_of(value):
    return value if isinstance(value, str) else ""


@pytest.fixture(scope="module")
def rules(chart, tmp_path_factory):
    """The chart's rules as a file of Prometheus's."""
    here(Promtool.find_program)
    [rule] = of_kind(chart.render(PRODUCTION), "PrometheusRule")
    file = tmp_path_factory.mktemp("rules") / "rules.yml"
    file.write_text(yaml.safe_dump(rule["spec"]))
    return file


def ours(series):
    """The series, of this release."""
    return labelled(series, namespace=NAMESPACE, job=RELEASE)


def labelled(series, **labels):
    name, _, chosen = series.partition("{")
    words = [f'{key}="{value}"' for key, value in labels.items()]
    return f"{name}{{{','.join([*words, *filter(None, [chosen.removesuffix('}')])])}}}".replace("'", '"')


def look(rules, minute, series, expected):
    """Whether what fires in that minute is what is expected."""
    fires = [{"labels": one, "value": 1} for one in expected]
    test = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {"expr": 'ALERTS{alertstate="firing"}', "eval_time": f"{minute}m", "exp_samples": fires}
        ],
    }
    file = rules.with_name("test.yml")
    file.write_text(yaml.safe_dump({"rule_files": [rules.name], "tests": [test]}))
    Promtool.run("test", "rules", file)


def test_prometheus_takes_all_of_them(rules):
    assert f"SUCCESS: {len(ALERTS)} rules found" in Promtool.run("check", "rules", rules)


def test_each_alert_is_tried_both_ways():
    names = {one["alert"] for one in ALERTS}
    assert {name for name, *_ in FIRES} == {name for name, *_ in SILENT} == names


@pytest.mark.parametrize(("alert", "minute", "series", "labels"), FIRES, ids=name_of)
def test_it_fires(rules, alert, minute, series, labels):
    [severity] = {one["severity"] for one in ALERTS if one["alert"] == alert}
    known = {"alertname": alert, "alertstate": "firing", "severity": severity}
    known |= {"namespace": NAMESPACE, "job": RELEASE, **labels}
    words = ",".join(f'{key}="{value}"' for key, value in known.items())
    look(rules, minute, {ours(name): values for name, values in series.items()}, [f"ALERTS{{{words}}}"])


@pytest.mark.parametrize(("alert", "minute", "series"), SILENT, ids=name_of)
def test_it_does_not_fire(rules, alert, minute, series):
    look(rules, minute, {ours(name): values for name, values in series.items()}, [])


@pytest.mark.parametrize(("alert", "minute", "series", "labels"), FIRES, ids=name_of)
def test_another_release_is_another_s_business(rules, alert, minute, series, labels):
    for other in ({"namespace": "other", "job": RELEASE}, {"namespace": NAMESPACE, "job": "other"}):
        look(rules, minute, {labelled(name, **other): values for name, values in series.items()}, [])
