"""The alerts of the documentation, each with what to do, and over metrics that there are."""

import re

import pytest
import yaml

from tests.helm.chart import EVERYTHING, PRODUCTION, SOURCE, of_kind
from tests.helm.schemas import check
from workers.counted import COUNTED
from workers.gauges import GAUGES

PAGE = (SOURCE.parent / "docs" / "observing.md").read_text("utf-8")
ALERTS = yaml.safe_load((SOURCE / "alerts.yaml").read_text("utf-8"))
WHICH = 'namespace="search",job="kb"'


def known_metrics():
    counted = set()
    for one in COUNTED.values():
        parts = ("_bucket", "_count", "_sum") if one.kind == "histogram" else ("",)
        counted |= {one.metric + part for part in parts}
    return {*GAUGES, *counted, "up"}


def rules(chart, values):
    [rule] = of_kind(chart.render(values), "PrometheusRule")
    [group] = rule["spec"]["groups"]
    return {one["alert"]: one for one in group["rules"]}


def documented():
    """The rows of the table: name, expression and how long."""
    section = PAGE.partition("### What to alert on\n")[2].partition("\n## ")[0]
    rows = re.findall(r'^\| <a id="(\w+)"></a>(\w+) \| `(.+?)` \| (.*?) \| .+ \|$', section, re.MULTILINE)
    assert len(rows) == section.count("\n| <a ")
    return {name: (anchor, expression.replace("\\|", "|"), long) for anchor, name, expression, long in rows}


def bare(expression):
    """Without what chooses the release's metrics."""
    return re.sub(r"\{SABIO\}", "", expression).replace("{SABIO,", "{")


def test_they_are_those_of_the_documentation_word_for_word():
    said = {name: (expression, long) for name, (_, expression, long) in documented().items()}
    assert said == {one["alert"]: (bare(one["expr"]), one.get("for", "at once")) for one in ALERTS}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda one: one["alert"])
def test_they_are_about_metrics_that_there_are_and_about_this_release_alone(chart, alert):
    expression = rules(chart, PRODUCTION)[alert["alert"]]["expr"]
    metrics = re.findall(r"\b(up|sabio_\w+)\b(\{[^}]*\})?", expression)
    assert metrics
    for metric, chosen in metrics:
        assert metric in known_metrics(), metric
        assert WHICH in chosen, metric
    labels = {label for one in GAUGES.values() for label in one[1]} | {
        label for one in COUNTED.values() for label in one.labels
    }
    by = {
        word.strip()
        for words in re.findall(r"\b(?:by|on) \(([^)]*)\)", expression)
        for word in words.split(",")
    }
    assert by <= labels | {"le"}
    assert expression.count("(") == expression.count(")")
    assert expression.count("{") == expression.count("}")


def test_each_says_what_it_is_what_to_do_and_where_more_is_said(chart):
    anchors = {anchor for anchor, _, _ in documented().values()}
    for name, one in rules(chart, PRODUCTION).items():
        said = one["annotations"]
        assert said.keys() == {"summary", "description", "runbook_url"}, name
        assert one["labels"]["severity"] in ("critical", "warning")
        page, _, anchor = said["runbook_url"].partition("#")
        assert (page, anchor) == ("docs/observing.md", name.lower())
        assert anchor in anchors
        used = set(re.findall(r"\$labels\.(\w+)", said["summary"] + said["description"]))
        if name == "SabioProcessDown":
            assert used == {"pod"}
        else:
            by = {
                word
                for words in re.findall(r"by \(([^)]*)\)", one["expr"])
                for word in words.replace(",", " ").split()
            }
            assert used <= by | ({"source"} if name == "SabioSourceNeverSynced" else set()), name


def test_the_operator_leaves_some_out_labels_all_and_says_where_more_is_said(chart):
    there = rules(chart, EVERYTHING)
    assert {one["alert"] for one in ALERTS} - there.keys() == {"SabioAnswersSlow"}
    for one in there.values():
        assert one["labels"]["team"] == "search"
        assert one["annotations"]["runbook_url"].startswith("https://wiki.acme.com/sabio/alerts#sabio")


def test_what_the_operator_s_prometheus_looks_for_is_on_all_of_them(chart):
    found = of_kind(chart.render(PRODUCTION), "ServiceMonitor", "PodMonitor", "PrometheusRule")
    assert len(found) == 3
    for one in found:
        assert one["metadata"]["labels"]["release"] == "prometheus"
        check(one, "1.37")
